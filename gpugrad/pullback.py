"""pullback: run a function on a tape, and return its value and the way back.

y, back = pullback(f, x)
df, dx = back(dy)
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from typing import Any

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad import xp
from gpugrad.constants import released
from gpugrad.cupy_patch import REFUSALS, explain
from gpugrad.errors import OutputError, SensitivityError
from gpugrad.namespace import Level, LevelValue, is_array, kind_of, library_of, shape_of
from gpugrad.primitive import Primitive, primitive_of
from gpugrad.registry import rrule
from gpugrad.structure import LEAF, Walk, opaque
from gpugrad.tangent import number_like, project, rebuild_sequence, zero_of
from gpugrad.tape import Tape, show_space, space_of
from gpugrad.tracked import Tracked


@opaque
class Pullback:
    """The way back through one recorded call; its `repr` is ∂(f).

    Called with a sensitivity of the structure, shape and data type of the value (a number
    broadcasts), it returns `(df, *dargs)`. It may be called again. `tape` is the Wengert list.
    """

    def __init__(self, name: str, tape: Tape, inputs: Inputs, outputs: Outputs) -> None:
        self.name = name
        self.tape = tape
        self._inputs = inputs
        self._outputs = outputs

    def __call__(self, dy: Any) -> tuple[Any, ...]:
        """Return `(df, *dargs)` for a sensitivity; raise SensitivityError where it does not fit."""
        seeds = self._outputs.seeds(self.name, self.tape, dy)
        return self._inputs.gradients(self.tape.sweep(seeds))

    def __repr__(self) -> str:
        return f"∂({self.name})"


class Inputs:
    """The function and arguments of a recorded call, and the differentiable numbers in them."""

    def __init__(self, tape: Tape, arguments: tuple[Any, ...]) -> None:
        walk = Walk()
        self.nodes = [walk.node(argument) for argument in arguments]
        self.leaves = released(walk.leaves)
        self.owes_release = walk.owes_release
        recorded = iter(tape.record_inputs(self.leaves))
        pairs = zip(self.nodes, arguments, strict=True)
        self.recorded = [node.rebuild(argument, recorded) for node, argument in pairs]

    def gradients(self, gradients: list[Any], *, zeros: bool = False) -> tuple[Any, ...]:
        """Return the gradients, each projected, in the form of the function and its arguments.

        Where none flows there is None, or with `zeros` a zero.
        """
        absent = zero_of if zeros else _nothing
        pairs = zip(gradients, self.leaves, strict=True)
        projected = iter([absent(x) if g is None else project(g, x) for g, x in pairs])
        return tuple([node.gradient(projected) for node in self.nodes])

    def take(self) -> list[Any]:
        """Return the recorded function and arguments, and let go of them."""
        recorded, self.recorded = self.recorded, []
        return recorded

    def release(self) -> None:
        """Let go of what rebuilt closures captured, once the function has run."""
        if self.owes_release:
            for node in self.nodes:
                node.release()


def _nothing(x: Any) -> None:
    return None


class Outputs:
    """What a function returned, and the recorded numbers in it.

    `slots` has what the level keeps for each of `leaves`, None where it is not of that level.
    """

    def __init__(self, tape: Level, y: Any) -> None:
        if type(y) is Tracked and y.level is tape:  # by far the most frequent
            self.node, self.leaves, self.slots, self.value = LEAF, [y.value], [y.slot], y.value
            return
        walk = Walk(constants=True)
        self.node = walk.node(y)
        for x in walk.leaves:
            if type(x) is Tracked:
                x.check_current("return")
                if x.level.birth > tape.birth:
                    raise OutputError(
                        "a value that an inner pullback or grad recorded was returned from outside "
                        "of it, where its gradient is lost. Return it from the inner function, for "
                        "instance with grad(f, has_aux=True)"
                    )
        recorded = [type(x) is Tracked and x.level is tape for x in walk.leaves]
        pairs = list(zip(walk.leaves, recorded, strict=True))
        self.leaves = [x.value if mine else released(x) for x, mine in pairs]
        self.slots = [x.slot if mine else None for x, mine in pairs]
        self.value = self.node.rebuild(y, iter(self.leaves))

    def seeds(self, name: str, tape: Tape, dy: Any) -> list[tuple[int, Any]]:
        """Return slots and sensitivities; raise SensitivityError where `dy` does not fit."""
        try:
            parts = self.node.scatter(dy)
            return [
                (slot, seed(tape, slot, part, leaf))
                for slot, part, leaf in zip(self.slots, parts, self.leaves, strict=True)
                if slot is not None and part is not None
            ]
        except SensitivityError as error:
            raise SensitivityError(f"∂({name}): {error}") from None


def seed(tape: Tape, slot: int, dy: Any, y: Any) -> Any:
    """Return the sensitivity `dy` of the value `y` as the pullback of its line takes it."""
    if type(dy) is float and getattr(tape.backs[slot], "takes_number", False):
        return dy
    return fit(dy, y)


def fit(dy: Any, y: Any) -> Any:
    """Return the sensitivity `dy` as one of the value `y`; a number broadcasts.

    Raises SensitivityError where its kind, shape, data type or device is not that of `y`.
    """
    if type(dy) is float:
        return dy if type(y) is float else number_like(dy, y)
    if isinstance(dy, (bool, int, float, complex, np.number)):
        if isinstance(dy, (complex, np.complexfloating)) and kind_of(y) != "c":
            raise _misfit(y, "the sensitivity is complex")
        return number_like(dy, y)
    if not (isinstance(dy, LevelValue) or is_array(dy)):
        raise _misfit(y, f"the sensitivity is a {type(dy).__name__}")
    if isinstance(y, LevelValue) or isinstance(dy, LevelValue) or library_of(y) is None:
        fits = kind_of(dy) in ("f", kind_of(y))
    else:
        fits = library_of(dy) is library_of(y) and dy.dtype == y.dtype
        if fits and type(y) is not np.ndarray and not isinstance(y, np.generic):
            ours, theirs = array_api_compat.device(y), array_api_compat.device(dy)
            if ours != theirs:
                raise SensitivityError(
                    f"the value is on {ours}, the sensitivity on {theirs}. Move it first, "
                    f"with array_api_compat.to_device(dy, y.device)"
                )
    if not fits or shape_of(dy) not in ((), shape_of(y)):
        raise _misfit(y, f"the sensitivity is {show_space(space_of(dy))}")
    return project(dy, y)


def _misfit(y: Any, what: str) -> SensitivityError:
    space = show_space(space_of(y))
    return SensitivityError(
        f"the value is {space}, {what}. Give one of {space}, or a number to broadcast"
    )


def name_of(f: Any) -> str:
    """Return the name by which messages and listings call a function."""
    return getattr(f, "__name__", None) or type(f).__name__


def pullback(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Pullback]:
    """Run `f(*args, **kwargs)` and return its value and its pullback.

    Args:
        f: any Python function or callable object. Branches, loops, recursion, closures and
            containers need no special form.
        args: numbers, arrays, or structures of them (tuples, lists, dicts, dataclasses, objects).
        kwargs: passed on as they are; no gradient is returned for them.

    Returns:
        `y, back`, where `back(dy)` returns `(df, *dargs)`: the gradient of what the function
        captured (a Tangent named by the captured variables) or of a callable object's fields, then
        of each argument, of the argument's structure, type, shape, data type and device. None
        stands for no gradient. Gradients may share memory: do not write into them in place.

    Raises:
        OutputError: the function returned nothing.
        NoRuleError: a function without a rule was called on a recorded value.

    Example:
        >>> import gpugrad as gg
        >>> y, back = gg.pullback(lambda x, n: x**n, 3.0, 2)
        >>> y, back(1.0)
        (9.0, (None, 6.0, None))
    """
    name = name_of(f)
    tape = Tape()
    inputs = Inputs(tape, (recordable(f), *args))
    recorded_f, *recorded_args = inputs.take()
    y = record(inputs, recorded_f, recorded_args, kwargs, name)
    outputs = Outputs(tape, y)
    return outputs.value, Pullback(name, tape, inputs, outputs)


def record(inputs: Inputs, f: Any, args: list[Any], kwargs: dict[str, Any], name: str) -> Any:
    """Call the recorded function and return what it returns, which may not be None."""
    try:
        y = f(*args, **kwargs)
    except REFUSALS as error:
        explain(error)
        raise
    finally:
        inputs.release()
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


rrule.record = pullback  # type: ignore[method-assign]


# --- map, the one function of Python's own that calls others -----------------------------------
def _map(f: Callable[..., Any], *sequences: Any) -> Any:
    """Apply `f` to the items, and return the results in a sequence of the first one's kind."""
    results = [f(*items) for items in zip(*sequences, strict=True)]
    first = sequences[0]
    if isinstance(first, (list, tuple)):
        return rebuild_sequence(type(first), results)
    return F.stack([xp.asarray(y) for y in results])


_MAP = Primitive("map", map, default=_map)


@rrule.register(_MAP)
def map_rrule(_: Any, f: Callable[..., Any], *sequences: Any) -> Any:
    """The rule of map is the recording of its loop."""
    return pullback(_map, f, *sequences)


def recordable(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a recording calls for `f`: the primitive that it is, else `f` itself."""
    if f is getattr or f is operator.getitem:  # of structures, not of arrays alone
        return f
    return _map if f is map else primitive_of(f) or f
