"""Forward rules: how a value moves when the arguments move along their tangents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.errors import ArgumentError
from gpugrad.namespace import SCALAR_TYPES, LevelValue, kind_of, plain, shape_of
from gpugrad.primitive import Primitive, first_answer
from gpugrad.registry import (
    RegisteredRule,
    Rule,
    callee,
    placed,
    registered,
)
from gpugrad.tangent import accumulate, number_like


class FRule:
    """`frule(f, args, tangents, **kwargs)` → `(y, dy)`: a function's value, and how it moves.

    `dy` is the Jacobian times the tangents: of the value's structure, shape and data type; None
    where it does not move. Every function that has a reverse rule has this, too.

    Args:
        f: a function that takes rules.
        args: its arguments.
        tangents: one for each argument, of its shape and data type; None where it does not move.
        kwargs: passed on.

    Raises:
        NoRuleError: `f` has no rule for these arguments.
        ArgumentError: there are not as many tangents as arguments.
        SensitivityError: a tangent does not fit its argument.

    Example:
        >>> import gpugrad as gg, math
        >>> gg.frule(math.sin, (0.0,), (2.0,))
        (0.0, 2.0)
    """

    def __call__(self, f: Any, args: Any, tangents: Any, /, **kwargs: Any) -> tuple[Any, Any]:
        """Return the value of `f`, and how it moves."""
        name = f"frule({getattr(f, '__name__', None) or type(f).__name__})"
        check_counts(name, args, tangents)
        moved = [self.fitted(name, x, dx) for x, dx in zip(args, tangents, strict=True)]
        primitive, args, is_method = callee(f, tuple(args))
        tangents = (None, *moved) if is_method else tuple(moved)
        if primitive.keywords:
            args, kwargs = primitive.positional(args, kwargs)
            tangents += (None,) * (len(args) - len(tangents))
        return push(primitive, args, tangents, kwargs)

    def register(self, f: Any, *types: type) -> Callable[[Rule], Rule]:
        """Return a decorator that registers a forward rule for `f` at these argument types.

        The rule is called as `rule(f, args, tangents, **kwargs)` and returns `(y, dy)`; it may
        return NotImplemented to decline. For `f` and `types` see `rrule.register`; of a class, the
        instance is the first of the arguments.
        """
        primitive = registered("frule", f)

        def decorator(rule: Rule) -> Rule:
            kinds = (f, *types) if isinstance(f, type) else types
            add_frule(primitive, RegisteredRule(rule, kinds))
            return rule

        return decorator

    @staticmethod
    def fitted(name: str, x: Any, dx: Any) -> Any:
        """Return the tangent of an argument in its space: `pushforward` says how, too."""
        raise NotImplementedError

    @staticmethod
    def derived(f: Any, args: Any, tangents: Any, kwargs: Any) -> Any:
        """Answer for a function without a forward rule of its own: `pushforward` says how."""
        raise NotImplementedError


def add_frule(f: Primitive, new: Any) -> None:
    """Put a forward rule in its place among those of `f`."""
    f.frules = placed(f.frules, new)
    f.bound_frules.clear()


frule = FRule()


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


def push(f: Primitive, args: tuple[Any, ...], tangents: tuple[Any, ...], kwargs: Any) -> Any:
    """Return `(y, dy)`: the value of a primitive, and how it moves; None where it does not."""
    moving = tuple([_moves(t) for t in tangents])
    if not f.differentiable or True not in moving:
        return f(*args, **kwargs), None
    answer = own_answer(f, args, tangents, kwargs, moving)
    if answer is NotImplemented:
        answer = frule.derived(f, args, tangents, kwargs)
    y, dy = answer
    return y, fitted(dy, y)


def own_answer(
    f: Primitive,
    args: tuple[Any, ...],
    tangents: tuple[Any, ...],
    kwargs: dict[str, Any],
    moving: tuple[bool, ...],
) -> Any:
    """Return the answer of a function's own forward rules; NotImplemented where it has none."""
    key = (moving, *map(type, args))
    try:
        rule = f.bound_frules[key]
    except KeyError:
        rule = f.bound_frules[key] = _bind(f, args, moving)
    return NotImplemented if rule is None else rule(args, tangents, **kwargs)


def _moves(tangent: Any) -> bool:
    if type(tangent) in (list, tuple):
        return any(map(_moves, tangent))
    return tangent is not None


def _bind(f: Primitive, args: tuple[Any, ...], moving: tuple[bool, ...]) -> Rule | None:
    """Return the forward rule of `f` for arguments like these, None where it has none."""
    count = len(args)
    keyword = None
    for rule in f.rrules:
        if isinstance(rule, RegisteredRule) and rule.keyword_by_position(args):
            keyword, count = rule.keyword, count - 1
            break
    types = tuple(map(type, args[:count]))
    found = [rule for rule in f.frules if rule.matches(types)]
    if not found:
        return None
    choices = [rule.bind_forward(f, args[:count], moving[:count]) for rule in found]
    bound = choices[0] if len(choices) == 1 else first_answer(choices)
    if keyword is None:
        return bound

    def by_position(args: Any, tangents: Any, **kwargs: Any) -> Any:
        return bound(args[:count], tangents[:count], **{keyword: args[count]}, **kwargs)

    return by_position


def fitted(dy: Any, y: Any) -> Any:
    """Return a tangent in the shape and data type of the value it belongs to."""
    if dy is None:
        return None
    if type(y) is tuple:
        return tuple(map(fitted, dy, y))
    dtype = getattr(y, "dtype", None)
    if dtype is None:  # of Python's numbers
        return dy if isinstance(dy, LevelValue) else type(y)(dy)
    if getattr(dy, "dtype", None) is dtype and dy.shape == y.shape:
        return dy
    if type(plain(y)) in SCALAR_TYPES:
        return dy
    if kind_of(y) not in "fc":
        return None
    if shape_of(dy) == () != y.shape or not hasattr(dy, "dtype"):
        dy = number_like(0, y) + dy
    elif dy.shape != y.shape:
        dy = F.broadcast_to(dy, y.shape)
    return dy if dy.dtype == y.dtype else F.astype(dy, y.dtype)


def linear(*functions: Primitive) -> None:
    """Register functions that are linear in their first argument: the tangent goes the same way."""
    for f in functions:
        frule.register(f)(_linear_frule)


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
        frule.register(f)(_bilinear_frule)


def _bilinear_frule(f: Any, args: Any, tangents: Any, **kwargs: Any) -> Any:
    """d(a · b) = da · b + a · db."""
    a, b, *options = args
    da, db, *_ = tangents
    left = None if da is None else f(da, b, *options, **kwargs)
    right = None if db is None else f(a, db, *options, **kwargs)
    return f(*args, **kwargs), accumulate(left, right)
