"""The rule book: which rule answers for a function at given argument types.

A reverse rule is called with the function and its arguments, computes the function's value and
returns it with a pullback: `rule(f, *args, **kwargs)` → `(y, back)`, `back(dy)` → `(df, *dargs)`.
It may return NotImplemented to decline, and `(y, None)` to say that no gradient flows at all.
Of Python's numbers, an elementwise rule gives a tuple of the partial derivatives for `back`.
A rule that has a keyword-only parameter `needs` is told for which arguments a gradient is wanted.

A forward rule takes the arguments' tangents along, None where one is zero, and returns the value's:
`rule(f, args, tangents, **kwargs)` → `(y, dy)`. It too may decline, and say None for zero.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad.errors import ArgumentError, NoRuleError, SensitivityError
from gpugrad.namespace import SCALAR_TYPES, LevelValue, is_array, kind_of, shape_of
from gpugrad.primitive import ALIASES, Primitive, first_answer, primitive_of
from gpugrad.structure import NOTHING, Walk
from gpugrad.tangent import Tangent, project

Rule = Callable[..., Any]


def takes_number(back: Rule) -> Rule:
    """Mark a pullback that takes a Python float for a sensitivity that is that number everywhere.

    Of arrays on a device it is not made an array first, of whose values the host knows nothing.
    """
    back.takes_number = True  # type: ignore[attr-defined]
    return back


class RegisteredRule:
    """A rule, the argument types it is for, and where it was written."""

    def __init__(self, rule: Rule, types: tuple[type, ...]) -> None:
        self.rule = rule
        self.types = types
        parameters = inspect.signature(rule).parameters
        self.wants_needs = "needs" in parameters
        kinds = [parameter.kind for parameter in parameters.values()]
        open_ended = inspect.Parameter.VAR_POSITIONAL in kinds
        keywords = [n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY and n != "needs"]
        self.keyword = None if open_ended or not keywords else keywords[0]
        self.positional = sum(kind in _BY_POSITION for kind in kinds) - 1
        code = inspect.unwrap(rule).__code__
        self.source = f"{code.co_filename}:{code.co_firstlineno}"

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether the rule is for arguments of these types."""
        return len(self.types) <= len(types) and all(map(issubclass, types, self.types))

    def precedes(self, other: RegisteredRule) -> bool:
        """Say whether this rule is for narrower types than `other`."""
        count = max(len(self.types), len(other.types))
        mine, theirs = (t + (object,) * (count - len(t)) for t in (self.types, other.types))
        return mine != theirs and all(map(issubclass, mine, theirs))

    def keyword_by_position(self, args: tuple[Any, ...]) -> bool:
        """Say whether the last of the arguments is the rule's first keyword, as in np.sum(x, 0)."""
        return self.keyword is not None and len(args) == self.positional + 1

    def bind_forward(
        self, f: Any, args: tuple[Any, ...], moving: tuple[bool, ...]
    ) -> Callable[..., Any]:
        """Return the forward rule for arguments like these, as a function of them."""
        rule = functools.partial(self.rule, f)
        return rule if self.is_ours else _checked_forward(f.name, rule)

    @property
    def is_ours(self) -> bool:
        """Whether the rule is gpugrad's own."""
        return (self.rule.__module__ or "").startswith("gpugrad.")

    def bind(self, f: Any, args: tuple[Any, ...], needs: tuple[bool, ...]) -> Callable[..., Any]:
        """Return the rule for arguments like these, as a function of them."""
        by_position = self.keyword_by_position(args)
        if by_position:
            needs = needs[:-1]
        options = {"needs": needs} if self.wants_needs else {}
        rule = functools.partial(self.rule, f, **options)
        if not self.is_ours:
            rule = _checked(f.name, rule)
        return _by_position(rule, self.keyword) if by_position else rule


def _checked_forward(name: str, rule: Rule) -> Rule:
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


def _checked(name: str, rule: Rule) -> Rule:
    """Check what a user's rule returns, and what its pullback does."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        answer = rule(*args, **kwargs)
        if answer is NotImplemented:
            return answer
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ArgumentError(
                f"{name}: its rule returned a {type(answer).__name__}, not (y, back). Write "
                f"return y, back, where back(dy) returns a gradient for the function itself, None "
                f"as a rule, and one for each argument"
            )
        y, rule_back = answer
        if rule_back is None:
            return answer

        @functools.wraps(rule_back)
        def back(dy: Any) -> Any:
            gradients = rule_back(dy)
            if not isinstance(gradients, (tuple, list)) or len(gradients) != len(args) + 1:
                raise wrong_gradients(name, gradients, len(args))
            return gradients

        return y, back

    return checked


def wrong_gradients(name: str, gradients: Any, count: int) -> ArgumentError:
    """Return the error for what a rule's pullback returned in place of `count` gradients."""
    sequence = isinstance(gradients, (tuple, list))
    given = f"{len(gradients)} gradients" if sequence else f"a {type(gradients).__name__}"
    return ArgumentError(
        f"{name}_back returned {given}: it returns one for the function itself and one for each "
        f"of {count} arguments. Write return None, "
        f"{', '.join(f'd{i + 1}' for i in range(count))}, with None where no gradient flows"
    )


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _by_position(rule: Rule, keyword: Any) -> Rule:
    """Adapt a rule to a call with its first keyword argument by position, as in np.sum(x, 0)."""

    def adapted(*args: Any, **kwargs: Any) -> Any:
        answer = rule(*args[:-1], **{keyword: args[-1]}, **kwargs)
        return _with_back(answer, lambda gradients: (*gradients, None))

    return adapted


def _with_back(answer: Any, adapt: Callable[[Any], tuple[Any, ...]]) -> Any:
    """Return a rule's answer with the gradients of its pullback, if there is one, adapted."""
    if answer is NotImplemented or answer[1] is None:
        return answer
    y, rule_back = answer
    return y, lambda dy: adapt(rule_back(dy))


def bind(f: Primitive, mask: int, args: tuple[Any, ...]) -> Callable[..., Any]:
    """Return the reverse rule of `f` for arguments like these, as a function of them.

    Bit i of `mask` says that the gradient of argument i is wanted. The answer is remembered by
    the arguments' types. Raises NoRuleError where there is no rule.
    """
    types = tuple(map(type, args))
    needs = tuple(bool(mask >> i & 1) for i in range(len(types)))
    found = [rule for rule in f.rrules if rule.matches(types)]
    if not found:
        raise no_rule(f, types)
    bound = first_answer([rule.bind(f, args, needs) for rule in found])
    f.bound_rules[(mask, *types)] = bound
    return bound


def no_rule(f: Any, types: tuple[type, ...]) -> NoRuleError:
    """Return the error for a function that has no rule for arguments of `types`."""
    name = getattr(f, "__name__", repr(f))
    listed = ", ".join(kind.__name__ for kind in types)
    return NoRuleError(
        f"{name}: no rule for ({listed}). To differentiate through a Python function use "
        f"pullback({name}, ...); to give {name} a rule of its own, decorate it with "
        f"@gpugrad.primitive and register one with @gpugrad.rrule.register({name})"
    )


class RRule:
    """`rrule(f, *args, **kwargs)` → `(y, back)`: the value of one function, and its pullback.

    `back(dy)` returns `(df, *dargs)`: the gradient of what the function captured or holds, then one
    for every argument, of the argument's type, shape and data type; None where no gradient flows.

    Raises:
        NoRuleError: `f` has no rule for these arguments.

    Example:
        >>> import gpugrad as gg, math
        >>> y, back = gg.rrule(math.cos, 0.6)
        >>> back(1.0)
        (None, -0.5646424733950354)
    """

    def __call__(self, f: Any, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], Any]]:
        """Return the value of `f`, and its pullback."""
        primitive, args, is_method = callee(f, args)
        if not primitive.differentiable:
            return primitive(*args, **kwargs), functools.partial(_no_gradient, len(args))
        if primitive.definition is not None and not primitive.rrules:
            return self.record(primitive.definition, *args, **kwargs)
        mask = sum(1 << place for place, x in enumerate(args) if Walk().node(x) is not NOTHING)
        count = len(args)
        if primitive.keywords:
            args, kwargs = primitive.positional(args, kwargs)
        answer = bind(primitive, mask, args)(*args, **kwargs)
        if answer is NotImplemented:
            raise no_rule(f, tuple(map(type, args)))
        y, rule_back = answer
        if rule_back is None:
            return y, functools.partial(_no_gradient, count)

        def back(dy: Any) -> tuple[Any, ...]:
            if type(rule_back) is tuple:  # partial derivatives, of Python's numbers
                df, *dargs = [p if p is None else dy * p for p in rule_back]
            else:
                df, *dargs = rule_back(dy)
            projected = [_project(dx, x) for dx, x in zip(dargs, args, strict=True)][:count]
            return tuple(projected) if is_method else (df, *projected)

        back.__name__ = back.__qualname__ = f"{primitive.name}_back"
        return y, back

    @staticmethod
    def record(f: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the value and the pullback of a definition: `pullback` puts itself here."""
        raise NotImplementedError

    def register(self, f: Any, *types: type) -> Callable[[Rule], Rule]:
        """Return a decorator that registers a reverse rule for `f` at these argument types.

        Args:
            f: a primitive, a function of an array library or of Python that is one, a function
                with gpugrad.primitive around it, or a class whose `__call__` has that.
            types: the types of the first arguments; the rule with the narrowest types is asked
                first. None given: the rule is for all.

        The rule is called as `rule(f, *args, **kwargs)`; for a class, with the instance as `f`.
        """
        primitive = registered("rrule", f)

        def decorator(rule: Rule) -> Rule:
            if isinstance(f, type):
                add_rrule(primitive, RegisteredRule(_as_method_rule(rule), (f, *types)))
            else:
                add_rrule(primitive, RegisteredRule(rule, types))
            return rule

        return decorator


def add_rrule(f: Primitive, new: Any) -> None:
    """Put a reverse rule in its place among those of `f`."""
    f.rrules = placed(f.rrules, new)
    f.bound_rules.clear()


def placed(rules: list[Any], new: Any) -> list[Any]:
    """Return `rules` with `new` after those that are for narrower types."""
    kept = [old for old in rules if old.types != new.types]
    place = max((i + 1 for i, old in enumerate(kept) if old.precedes(new)), default=0)
    return [*kept[:place], new, *kept[place:]]


def _as_method_rule(rule: Rule) -> Rule:
    """Adapt a rule of a callable object: what it takes for the function is the first argument."""

    @functools.wraps(rule)
    def method_rule(_: Any, *args: Any, **kwargs: Any) -> Any:
        return _with_back(rule(*args, **kwargs), lambda gradients: (None, *gradients))

    return method_rule


def callee(f: Any, args: tuple[Any, ...]) -> tuple[Primitive, tuple[Any, ...], bool]:
    """Return the primitive that a call of `f` comes to, and its arguments."""
    primitive = primitive_of(f)
    if primitive is not None:
        return primitive, args, False
    method = getattr(type(f), "__call__", None)  # noqa: B004 (the class's own attribute)
    if isinstance(method, Primitive):
        return method, (f, *args), True
    raise no_rule(f, tuple(map(type, args)))


def registered(book: str, f: Any) -> Primitive:
    """Return the primitive that a rule for `f` in the book "rrule" or "frule" belongs to."""
    if isinstance(f, type):
        method = f.__dict__.get("__call__") or getattr(f, "__call__", None)  # noqa: B004
        if isinstance(method, Primitive):
            return method
        raise ArgumentError(
            f"{book}.register: calls of {f.__name__} objects run straight through. "
            f"Write @gpugrad.primitive above {f.__name__}.__call__ first"
        )
    primitive = primitive_of(f)
    if primitive is not None:
        if not primitive.differentiable:
            raise ArgumentError(
                f"{book}.register: no gradient flows through {primitive.name}, whatever its rules. "
                f"Write @gpugrad.primitive above a function that calls it, and register it for that"
            )
        return primitive
    if _dispatches(f):
        own = "default" if _is_numpys(f) else "operator"  # of CuPy's: whatever the name, it is `f`
        primitive = ALIASES[f] = Primitive(f.__name__, **{own: f})
        return primitive
    name = getattr(f, "__name__", repr(f))
    raise ArgumentError(
        f"{book}.register: calls of {name} run straight through. "
        f"Write @gpugrad.primitive above {name} first"
    )


def _dispatches(f: Any) -> bool:
    """Say whether a protocol of NumPy or CuPy, or a patch, lets a recorded argument see calls."""
    is_kernel = type(f).__name__ in ("ElementwiseKernel", "ufunc") and hasattr(f, "nin")
    return is_kernel or hasattr(f, "_implementation")


def _is_numpys(f: Any) -> bool:
    return isinstance(f, np.ufunc) or getattr(f, "__module__", "").startswith("numpy")


def _no_gradient(count: int, dy: Any) -> tuple[None, ...]:
    return (None,) * (count + 1)


def _project(dx: Any, x: Any) -> Any:
    """Project a gradient, in the structure's form, leaf by leaf to the space of `x`."""
    if dx is None or isinstance(dx, Tangent):
        return dx
    walk = Walk()
    node = walk.node(x)
    gradients = [
        None if g is None else project(g, leaf)
        for g, leaf in zip(node.scatter(dx), walk.leaves, strict=True)
    ]
    return node.gradient(iter(gradients))


rrule = RRule()
