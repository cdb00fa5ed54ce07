"""The book of forward rules: how a value moves when the arguments move along their tangents.

A forward rule takes the arguments' tangents along, None where one is zero, and returns the value's:
`rule(f, args, tangents, **kwargs)` → `(y, dy)`. It may return NotImplemented to decline, and None
for a tangent that is zero.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

from gpugrad.dispatch.kinds import SCALAR_TYPES, kind_of, shape_of
from gpugrad.dispatch.levels import LevelValue
from gpugrad.dispatch.libraries import is_array
from gpugrad.dispatch.primitive import Function, Primitive
from gpugrad.errors import ArgumentError, SensitivityError
from gpugrad.rulebook.book import RuleBook, WrittenRule
from gpugrad.rulebook.reverse import option_by_position
from gpugrad.structure.spaces import number_like
from gpugrad.structure.tangent import accumulate
from gpugrad.structure.walk import Walk


class ForwardRule(WrittenRule):
    """A forward rule that is a Python function."""

    def bind(self, f: Any, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these, as a function of them and their tangents."""
        rule = functools.partial(self.rule, f)
        if not self.is_ours:
            rule = _checked(f.name, rule)
        option = option_by_position(f, args)
        if option is None:
            return rule

        def by_position(args: Any, tangents: Any, **kwargs: Any) -> Any:
            return rule(args[:-1], tangents[:-1], **{option: args[-1]}, **kwargs)

        return by_position


FORWARD = RuleBook(
    "frule", ForwardRule, operator.attrgetter("frules"), operator.attrgetter("bound_frules")
)


def own_answer(
    f: Primitive,
    args: tuple[Any, ...],
    tangents: tuple[Any, ...],
    kwargs: dict[str, Any],
    mask: int,
) -> Any:
    """Return the answer of a function's own forward rules; NotImplemented where it has none.

    Args:
        f: the function.
        args: its arguments.
        tangents: theirs.
        kwargs: its options.
        mask: which of them move: see `moving`.
    """
    key = (mask, *map(type, args))
    try:
        rule = f.bound_frules[key]
    except KeyError:
        rule = f.bound_frules[key] = FORWARD.bind(f, mask, args)
    return NotImplemented if rule is None else rule(args, tangents, **kwargs)


def moving(tangents: tuple[Any, ...]) -> int:
    """Return a mask whose bit i says that the tangent i is not zero."""
    return sum([1 << place for place, dx in enumerate(tangents) if _moves(dx)])


def _moves(tangent: Any) -> bool:
    if type(tangent) in (list, tuple):
        return any(map(_moves, tangent))
    return tangent is not None


def _checked(name: str, rule: Function) -> Function:
    """Check what a user's forward rule returns."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        answer = rule(*args, **kwargs)
        if answer is not NotImplemented and not (isinstance(answer, tuple) and len(answer) == 2):
            raise ArgumentError(
                f"{name}: its forward rule returned a {type(answer).__name__}, not (y, dy). Write "
                f"return y, dy, with None for dy where the value does not move"
            )
        if answer is not NotImplemented:
            _check_tangents(name, *answer)
        return answer

    return checked


def _check_tangents(name: str, y: Any, dy: Any) -> None:
    """Raise ArgumentError where a user's forward rule returned what is no tangent of its value."""
    walk = Walk()
    try:
        tangents = walk.node(y).scatter(dy)
    except SensitivityError as error:
        raise ArgumentError(f"{name}: its forward rule returned (y, dy) where {error}") from None
    for x, dx in zip(walk.leaves, tangents, strict=True):
        is_number = isinstance(dx, (LevelValue, *SCALAR_TYPES)) or is_array(dx)
        fits = (
            is_number
            and shape_of(dx) in ((), shape_of(x))
            and kind_of(dx) in ("i", "f", kind_of(x))
        )
        if dx is not None and not fits:
            raise ArgumentError(
                f"{name}: its forward rule returned (y, dy) with {_described(dx)} in dy for "
                f"{_described(x)} in y. A tangent has the structure, shape and data type of "
                f"its value"
            )


def _described(x: Any) -> str:
    kind = type(x).__name__
    return f"a {kind} of shape {x.shape} and data type {x.dtype}" if is_array(x) else f"a {kind}"


def linear(*functions: Primitive) -> None:
    """Register functions that are linear in their first argument: the tangent goes the same way."""
    for f in functions:
        FORWARD.register(f)(_linear_frule)


def _linear_frule(f: Any, args: Any, tangents: Any, **kwargs: Any) -> Any:
    x, *options = args
    dx = tangents[0]
    y = f(*args, **kwargs)
    if type(y) is not tuple and kind_of(y) not in "fc":  # of an integer dtype that was asked for
        return y, None
    if f.sequence:
        dx = [number_like(0, a) if da is None else da for a, da in zip(x, dx, strict=True)]
    return y, f(dx, *options, **kwargs)


def bilinear(*functions: Primitive) -> None:
    """Register functions that are linear in each of their first two arguments."""
    for f in functions:
        FORWARD.register(f)(_bilinear_frule)


def _bilinear_frule(f: Any, args: Any, tangents: Any, **kwargs: Any) -> Any:
    """d(a · b) = da · b + a · db."""
    a, b, *options = args
    da, db, *_ = tangents
    left = None if da is None else f(da, b, *options, **kwargs)
    right = None if db is None else f(a, db, *options, **kwargs)
    return f(*args, **kwargs), accumulate(left, right)
