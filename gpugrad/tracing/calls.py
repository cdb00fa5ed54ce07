"""A recorded call: what goes into a function, what comes out of it, and what may not."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterable
from typing import Any

from gpugrad.dispatch.levels import Level, LevelValue
from gpugrad.dispatch.libraries import is_array
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import OutputError, SensitivityError
from gpugrad.functions.map import map as plain_map
from gpugrad.structure.nodes import LEAF
from gpugrad.structure.spaces import project, zero_of
from gpugrad.structure.walk import Frame, Walk
from gpugrad.tracing.constants import released
from gpugrad.tracing.cupy_patch import REFUSALS, explain
from gpugrad.tracing.value import Tracked


class Inputs(Frame):
    """The function and arguments of a recorded call, and the differentiable numbers in them.

    Args:
        recorder: returns recorded values for the list of the numbers.
        arguments: the function and its arguments.
    """

    def __init__(
        self, recorder: Callable[[list[Any]], Iterable[Any]], arguments: tuple[Any, ...]
    ) -> None:
        super().__init__(arguments)
        self.leaves = released(self.leaves)
        self.recorded = self.rebuilt(arguments, iter(recorder(self.leaves)))

    def gradients(self, gradients: list[Any], *, zeros: bool = False) -> tuple[Any, ...]:
        """Return the gradients, each projected, in the form of the function and its arguments.

        Where none flows there is None, or with `zeros` a zero.
        """
        absent = zero_of if zeros else _nothing
        pairs = zip(gradients, self.leaves, strict=True)
        projected = iter([absent(x) if g is None else project(g, x) for g, x in pairs])
        return tuple(self.gathered(projected))

    def take(self) -> list[Any]:
        """Return the recorded function and arguments, and let go of them."""
        recorded, self.recorded = self.recorded, []
        return recorded


def _nothing(x: Any) -> None:
    return None


class Outputs:
    """What a function returned, and the recorded numbers in it.

    `slots` has what the level keeps for each of `leaves`, None where it is not of that level.
    """

    def __init__(self, level: Level, y: Any) -> None:
        if type(y) is Tracked and y.level is level:  # by far the most frequent
            self.node, self.leaves, self.slots, self.value = LEAF, [y.value], [y.slot], y.value
            return
        walk = Walk(constants=True)
        self.node = walk.node(y)
        for x in walk.leaves:
            if type(x) is Tracked:
                x.check_current("return")
                if x.level.birth > level.birth:
                    raise OutputError(
                        "a value that an inner pullback or grad recorded was returned from outside "
                        "of it, where its gradient is lost. Return it from the inner function, for "
                        "instance with grad(f, has_aux=True)"
                    )
        recorded = [type(x) is Tracked and x.level is level for x in walk.leaves]
        pairs = list(zip(walk.leaves, recorded, strict=True))
        self.leaves = [x.value if mine else released(x) for x, mine in pairs]
        self.slots = [x.slot if mine else None for x, mine in pairs]
        self.value = self.node.rebuild(y, iter(self.leaves))

    def seeds(
        self, name: str, seed: Callable[[int, Any, Any], Any], dy: Any
    ) -> list[tuple[int, Any]]:
        """Return slots and sensitivities; raise SensitivityError where `dy` does not fit.

        Args:
            name: of the function, for the error.
            seed: returns the sensitivity that a slot takes, of one that was given and its value.
            dy: what was given, in the structure of the value.
        """
        try:
            parts = self.node.scatter(dy)
            return [
                (slot, seed(slot, part, leaf))
                for slot, part, leaf in zip(self.slots, parts, self.leaves, strict=True)
                if slot is not None and part is not None
            ]
        except SensitivityError as error:
            raise SensitivityError(f"∂({name}): {error}") from None


def name_of(f: Any) -> str:
    """Return the name by which messages and listings call a function."""
    return getattr(f, "__name__", None) or type(f).__name__


def record(frame: Frame, f: Any, args: list[Any], kwargs: dict[str, Any], name: str) -> Any:
    """Call the recorded function and return what it returns, which may not be None."""
    try:
        y = f(*args, **kwargs)
    except REFUSALS as error:
        explain(error)
        raise
    finally:
        frame.release()
    return check_returned(y, name)


def check_not_left(what: str, name: str, level: Level, y: Any) -> None:
    """Raise OutputError where a function took a number from its level, and returned a plain one.

    Otherwise the derivative would be zero, and nothing would say so.
    """
    is_plain = not isinstance(y, LevelValue) and (isinstance(y, (float, complex)) or is_array(y))
    if level.left and is_plain:
        raise OutputError(
            f"{what}({name}): {name} returned a plain number, and took one by float(x) or x.item() "
            f"from a recorded x, which drops its gradient. Return x itself. If a library ends in "
            f"float(...), as scikit-learn's metrics do, write what it does with functions of xp"
        )


def check_returned(y: Any, name: str) -> Any:
    """Return what a function returned; raise OutputError where it has no gradient."""
    if type(y) in _LAZY:
        raise OutputError(
            f"{name} returned a {type(y).__name__}, whose items are not computed yet. "
            f"Write return list(...) at the end of {name}"
        )
    if y is None:
        raise OutputError(
            f"{name} returned None, and there is nothing to differentiate. "
            f"Is a `return` missing at the end of {name}?"
        )
    return y


_LAZY = frozenset({types.GeneratorType, map, filter, zip})


def recordable(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a recording calls for `f`: the primitive that it is, else `f` itself."""
    if f is getattr or f is operator.getitem:  # of structures, not of arrays alone
        return f
    return plain_map if f is map else primitive_of(f) or f
