"""rrule and frule: the rule of one function, called and registered.

y, back = rrule(f, x)
y, dy = frule(f, (x,), (dx,))
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gpugrad.dispatch.primitive import Composite, Primitive
from gpugrad.modes.pullback import pullback
from gpugrad.modes.pushforward import check_counts, push, tangent_of
from gpugrad.rulebook.book import callee, no_rule
from gpugrad.rulebook.forward import FORWARD
from gpugrad.rulebook.reverse import REVERSE, bind
from gpugrad.structure.nodes import NOTHING
from gpugrad.structure.spaces import project
from gpugrad.structure.tangent import Tangent
from gpugrad.structure.walk import Frame, Walk
from gpugrad.tracing.calls import name_of


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
        if primitive.definition is not None and not _has_rule(primitive, args):
            return pullback(primitive.definition, *args, **kwargs)
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

    def register(self, f: Any, *types: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that registers a reverse rule for `f` at these argument types.

        Args:
            f: a primitive, a function of an array library or of Python that is one, a function
                with gpugrad.primitive around it, or a class whose `__call__` has that.
            types: the types of the first arguments; the rule with the narrowest types is asked
                first. None given: the rule is for all.

        The rule is called as `rule(f, *args, **kwargs)`; for a class, with the instance as `f`.
        """
        return REVERSE.register(f, *types)


def _has_rule(f: Primitive, args: tuple[Any, ...]) -> bool:
    """Say whether a function that has a definition goes by a rule."""
    if not isinstance(f, Composite):
        return bool(f.rrules)
    types = tuple(map(type, args))
    return any(rule.matches(types) for rule in f.rrules)


def _no_gradient(count: int, dy: Any) -> tuple[None, ...]:
    return (None,) * (count + 1)


def _project(dx: Any, x: Any) -> Any:
    """Project a gradient, in the structure's form, leaf by leaf to the space of `x`."""
    if dx is None or isinstance(dx, Tangent):
        return dx
    frame = Frame([x])
    pairs = zip(frame.scattered([dx]), frame.leaves, strict=True)
    projected = iter([None if g is None else project(g, leaf) for g, leaf in pairs])
    return frame.gathered(projected)[0]


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
        name = f"frule({name_of(f)})"
        check_counts(name, args, tangents)
        moved = [tangent_of(name, x, dx) for x, dx in zip(args, tangents, strict=True)]
        primitive, args, is_method = callee(f, tuple(args))
        tangents = (None, *moved) if is_method else tuple(moved)
        if primitive.keywords:
            args, kwargs = primitive.positional(args, kwargs)
            tangents += (None,) * (len(args) - len(tangents))
        return push(primitive, args, tangents, kwargs)

    def register(self, f: Any, *types: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that registers a forward rule for `f` at these argument types.

        The rule is called as `rule(f, args, tangents, **kwargs)` and returns `(y, dy)`; it may
        return NotImplemented to decline. For `f` and `types` see `rrule.register`; of a class, the
        instance is the first of the arguments.
        """
        return FORWARD.register(f, *types)


rrule = RRule()
frule = FRule()
