"""pushforward: run a function forward with dual values, and return how its value moves.

y, dy = pushforward(f, (x,), (dx,))

A dual value is a recorded value of another kind of level: what a tape keeps for it is the number
of a line, what forward mode keeps is its tangent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpugrad.dispatch.kinds import kind_of
from gpugrad.dispatch.levels import LevelValue, youngest
from gpugrad.dispatch.primitive import Composite, Primitive
from gpugrad.errors import ArgumentError, SensitivityError
from gpugrad.modes.tape import Tape
from gpugrad.rulebook.book import no_rule
from gpugrad.rulebook.forward import moving, own_answer
from gpugrad.rulebook.opaque import Opaque
from gpugrad.rulebook.reverse import bind
from gpugrad.structure.nodes import NOTHING
from gpugrad.structure.spaces import as_tangent, fit, number_like, zero_of
from gpugrad.structure.walk import Frame, Walk
from gpugrad.tracing.calls import (
    Outputs,
    check_not_left,
    name_of,
    record,
    recordable,
)
from gpugrad.tracing.constants import constant, released, with_views
from gpugrad.tracing.recording import Recording, check_keywords
from gpugrad.tracing.value import Tracked


class Forward(Recording):
    """Computes values and their tangents together; it keeps nothing."""

    def dual(self, value: Any, tangent: Any) -> Tracked:
        """Return a value that moves along a tangent; None stands for one that does not move."""
        return Tracked(value, self, tangent)

    def call(self, f: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `f` on the values of this level's arguments, and push their tangents."""
        kwargs = released(kwargs)
        check_keywords(f.name, kwargs)
        pairs = [
            self._sequence(x) if f.sequence and place == 0 else self._parts(x)
            for place, x in enumerate(args)
        ]
        primals, tangents = zip(*pairs, strict=True)
        if not f.differentiable:
            return constant(f(*primals, **kwargs))
        return with_views(f, args, self._moved(*push(f, primals, tangents, kwargs)))

    def unary(self, f: Primitive, x: Any) -> Any:
        """Call a differentiable function of one dual value: what `call` does, but faster."""
        value, dx = x.value, x.slot
        rule = f.bound_frules.get((1, type(value))) if dx is not None else None
        answer = NotImplemented if rule is None else rule((value,), (dx,))
        return self.call(f, (x,), {}) if answer is NotImplemented else self._dual(*answer)

    def binary(self, f: Primitive, a: Any, b: Any) -> Any:
        """Call a differentiable function of two values: what `call` does, but faster."""
        if type(a) is not Tracked:
            x, dx, y, dy = a, None, b.value, b.slot
        elif type(b) is not Tracked:
            x, dx, y, dy = a.value, a.slot, b, None
        elif a.level is b.level:
            x, dx, y, dy = a.value, a.slot, b.value, b.slot
        else:
            return youngest((a, b)).call(f, (a, b), {})
        mask = (dx is not None) | (dy is not None) << 1
        rule = f.bound_frules.get((mask, type(x), type(y)))
        answer = NotImplemented if rule is None else rule((x, y), (dx, dy))
        return self.call(f, (a, b), {}) if answer is NotImplemented else self._dual(*answer)

    def has_rule(self, f: Primitive, args: tuple[Any, ...]) -> bool:
        """Say whether there is a rule by which to call `f`: one of either kind, if not a kernel's.

        What reverse rules by kernels are for, the definition does here.
        """
        rules = [*f.frules, *(f.rrules if f.arrays is None else ())]
        return bool(rules) and self.matches(rules, args)

    def _dual(self, y: Any, dy: Any) -> Any:
        """Return what a forward rule answered as a dual value."""
        if type(y) is float is type(dy):  # by far the most frequent of Python's numbers
            return Tracked(y, self, dy)
        return self._moved(y, as_tangent(dy, y))

    def _moved(self, y: Any, dy: Any) -> Any:
        """Return a value with its tangent; one that moves on no level is a constant."""
        if type(y) is tuple:
            return tuple(map(self._moved, y, (None,) * len(y) if dy is None else dy))
        moves = dy is not None or (isinstance(y, LevelValue) and not y.level.constant)
        return Tracked(y, self, dy) if moves else constant(y)

    def _parts(self, x: Any) -> tuple[Any, Any]:
        """Return a value and its tangent."""
        mine = type(x) is Tracked and x.level is self
        return (x.value, x.slot) if mine else (released(x), None)

    def _sequence(self, xs: Any) -> tuple[list[Any], list[Any]]:
        values, tangents = zip(*map(self._parts, xs), strict=True)
        return list(values), list(tangents)


def pushforward(
    f: Callable[..., Any], args: Sequence[Any], tangents: Sequence[Any], /, **kwargs: Any
) -> tuple[Any, Any]:
    """Run `f(*args, **kwargs)` and return its value and how it moves along the tangents.

    Args:
        f: any Python function or callable object; what it captured does not move.
        args: numbers, arrays, or structures of them.
        tangents: one for each argument, of its structure (a Tangent for an object), shapes and data
            types; a number broadcasts, None stands for zero.
        kwargs: passed on as they are; they do not move.

    Returns:
        `y, dy`, where `dy` is the Jacobian times the tangents: it has the structure, shapes, data
        types and devices of `y`; None where that is no floating number.

    Raises:
        ArgumentError: there are not as many tangents as arguments.
        SensitivityError: a tangent does not fit its argument.
        OutputError: the function returned nothing.

    Example:
        >>> import gpugrad as gg
        >>> gg.pushforward(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
        (12.0, 4.0)
    """
    name = name_of(f)
    check_counts(f"pushforward({name})", args, tangents)
    level, frame = Forward(), Frame(args)
    leaves = released(frame.leaves)
    moved = _tangents(f"pushforward({name})", frame, leaves, tangents)
    duals = frame.rebuilt(args, map(level.dual, leaves, moved))
    y = record(frame, recordable(f), duals, kwargs, name)
    check_not_left("pushforward", name, level, y)
    outputs = Outputs(level, y)
    pairs = zip(outputs.leaves, outputs.slots, strict=True)
    moved = iter([_still(x) if dx is None else dx for x, dx in pairs])
    return outputs.value, outputs.node.gradient(moved)


def _still(y: Any) -> Any:
    """Return the tangent of what does not move: zero, and None of what is no floating number."""
    return zero_of(y) if kind_of(y) in "fc" else None


def _tangents(name: str, frame: Frame, leaves: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """Return the tangents of a frame's leaves, each in its space; raise where one does not fit."""
    try:
        found = frame.scattered(tangents)
        pairs = zip(found, leaves, strict=True)
        return [None if t is None else fit(t, leaf) for t, leaf in pairs]
    except SensitivityError as error:
        raise SensitivityError(f"{name}, a tangent: {error}") from None


def tangent_of(name: str, x: Any, dx: Any) -> Any:
    """Return the tangent of an argument in its space; raise SensitivityError if it does not fit."""
    if dx is None:
        return None
    frame = Frame([x])
    if frame.nodes[0] is NOTHING:
        return dx
    moved = _tangents(name, frame, released(frame.leaves), (dx,))
    return frame.gathered(iter(moved))[0]


def D(f: Callable[..., Any], x: Any) -> Any:
    """Return the derivative of `f` at the number `x`, by one run with a dual number.

    Raises:
        ArgumentError: `x` is no floating number.

    Example:
        >>> D(lambda x: x**3, 2.0)
        12.0
    """
    if Walk().node(x) is NOTHING:
        raise ArgumentError(
            f"D({name_of(f)}): {x!r}, of type {type(x).__name__}, is no floating number to "
            f"differentiate by. Pass a float (2.0, not 2)"
        )
    return pushforward(f, (x,), (1.0,))[1]


def check_counts(name: str, args: Any, tangents: Any) -> None:
    """Raise ArgumentError where there are not as many tangents as arguments, both in tuples."""
    for what, given in (("arguments", args), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise ArgumentError(
                f"{name}: the {what} are a {type(given).__name__}, not a tuple. "
                f"Write (x,), (dx,) for a function of one argument"
            )
    if len(args) != len(tangents):
        raise ArgumentError(
            f"{name}: {len(args)} arguments and {len(tangents)} tangents. "
            f"Give one for each argument, None where it does not move"
        )


# --- One function -----------------------------------------------------------------------------


def push(f: Primitive, args: tuple[Any, ...], tangents: tuple[Any, ...], kwargs: Any) -> Any:
    """Return `(y, dy)`: the value of a primitive, and how it moves; None where it does not."""
    mask = moving(tangents) if f.differentiable else 0
    if not mask:
        return f(*args, **kwargs), None
    answer = own_answer(f, args, tangents, kwargs, mask)
    if answer is NotImplemented:
        answer = _derived(f, args, tangents, kwargs)
    y, dy = answer
    return y, as_tangent(dy, y)


# --- Functions without a forward rule of their own -------------------------------------------
def _derived(f: Primitive, args: Any, tangents: Any, kwargs: Any) -> Any:
    """Push through a function's definition if it goes by that, else through its reverse rule."""
    if isinstance(f, (Opaque, Composite)):  # whose arguments may be structures
        return pushforward(f, args, tangents, **kwargs)
    return _transposed(f, args, tangents, kwargs)


def _transposed(f: Primitive, args: Any, tangents: Any, kwargs: Any) -> Any:
    """Return J dx as the gradient of ⟨dx, Jᵀ dy⟩ by dy: a pullback is linear."""
    mask = sum(1 << place for place, dx in enumerate(tangents) if dx is not None)
    answer = bind(f, mask, args)(*args, **kwargs)
    if answer is NotImplemented:
        raise no_rule(f, tuple(map(type, args)))
    y, back = answer
    if back is None:
        return y, None
    whole = type(y) is tuple
    tape = Tape()
    # Any dy will do, but one that no rule takes for the absence of one.
    dys = tape.record_inputs([number_like(1, item) for item in (y if whole else (y,))])
    if type(back) is tuple:  # partial derivatives, of Python's numbers
        dargs = [None if p is None else dys[0] * p for p in back[1:]]
    else:
        _, *dargs = back(tuple(dys) if whole else dys[0])
    if tape.left:
        raise ArgumentError(
            f"{f.name}: its pullback took a number by float(dy) or dy.item(), and forward mode, "
            f"which transposes it, cannot follow. Write it with functions of gpugrad.xp, or give "
            f"{f.name} a forward rule with gpugrad.frule.register({f.name})"
        )
    seeds = [
        (item.slot, moved)
        for darg, dx in zip(dargs, tangents, strict=True)
        for item, moved in (zip(darg, dx, strict=True) if f.sequence and darg else [(darg, dx)])
        if type(item) is Tracked and item.level is tape and moved is not None
    ]
    moved = tape.sweep(seeds)[: len(dys)]
    return y, tuple(moved) if whole else moved[0]
