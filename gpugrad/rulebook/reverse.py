"""The book of reverse rules.

A reverse rule is called with the function and its arguments, computes the function's value and
returns it with a pullback: `rule(f, *args, **kwargs)` → `(y, back)`, `back(dy)` → `(df, *dargs)`.
It may return NotImplemented to decline, and `(y, None)` to say that no gradient flows at all.
Of Python's numbers, an elementwise rule gives a tuple of the partial derivatives for `back`.
A rule that has a keyword-only parameter `needs` is told for which arguments a gradient is wanted.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

from gpugrad.dispatch.primitive import Function, Primitive
from gpugrad.errors import ArgumentError
from gpugrad.rulebook.book import RuleBook, WrittenRule, no_rule


class ReverseRule(WrittenRule):
    """A reverse rule that is a Python function."""

    def __init__(self, rule: Function, types: tuple[type, ...]) -> None:
        super().__init__(rule, types)
        parameters = inspect.signature(rule).parameters
        self.wants_needs = "needs" in parameters
        kinds = [parameter.kind for parameter in parameters.values()]
        open_ended = inspect.Parameter.VAR_POSITIONAL in kinds
        keywords = [n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY and n != "needs"]
        self.keyword = None if open_ended or not keywords else keywords[0]
        self.positional = sum(kind in _BY_POSITION for kind in kinds) - 1

    @classmethod
    def of_class(cls, rule: Function, types: tuple[type, ...]) -> ReverseRule:
        """Return the rule of a class's calls: what it takes for `f` is the first argument."""

        @functools.wraps(rule)
        def method_rule(_: Any, *args: Any, **kwargs: Any) -> Any:
            return _with_back(rule(*args, **kwargs), lambda gradients: (None, *gradients))

        return cls(method_rule, types)

    def keyword_by_position(self, args: tuple[Any, ...]) -> bool:
        """Say whether the last of the arguments is the rule's first keyword, as in np.sum(x, 0)."""
        return self.keyword is not None and len(args) == self.positional + 1

    def bind(self, f: Any, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these, as a function of them."""
        by_position = self.keyword_by_position(args)
        if by_position:
            chosen = chosen[:-1]
        options = {"needs": chosen} if self.wants_needs else {}
        rule = functools.partial(self.rule, f, **options)
        if not self.is_ours:
            rule = _checked(f.name, rule)
        return _by_position(rule, self.keyword) if by_position else rule


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


REVERSE = RuleBook(
    "rrule", ReverseRule, operator.attrgetter("rrules"), operator.attrgetter("bound_rules")
)


def bind(f: Primitive, mask: int, args: tuple[Any, ...]) -> Function:
    """Return the reverse rule of `f` for arguments like these: see `RuleBook.bind`.

    Raises NoRuleError where there is none.
    """
    found = REVERSE.bind(f, mask, args)
    if found is None:
        raise no_rule(f, tuple(map(type, args)))
    return found


def option_by_position(f: Primitive, args: tuple[Any, ...]) -> str | None:
    """Return which option the last of the arguments is, as in np.sum(x, 0); None if it is none.

    What is an argument of `f` and what an option, its reverse rules' signatures say.
    """
    for rule in f.rrules:
        if isinstance(rule, ReverseRule) and rule.keyword_by_position(args):
            return rule.keyword
    return None


def takes_number(back: Function) -> Function:
    """Mark a pullback that takes a Python float for a sensitivity that is that number everywhere.

    Of arrays on a device it is not made an array first, of whose values the host knows nothing.
    """
    back.takes_number = True  # type: ignore[attr-defined]
    return back


def falling_back_on(general: Function) -> Callable[[Function], Function]:
    """Return a decorator for a rule by kernels whose pullback may decline: return NotImplemented.

    Then the pullback of the general rule answers. It is asked for that no earlier: what it keeps is
    kept for the rare sensitivity alone, one that is recorded or of another kind.

    Args:
        general: a rule of the same arguments.
    """

    def decorator(rule: Function) -> Function:
        @functools.wraps(rule)
        def falling_back(*args: Any, **kwargs: Any) -> Any:
            answer = rule(*args, **kwargs)
            if answer is NotImplemented:
                return NotImplemented
            y, by_kernels = answer

            def back(dy: Any) -> Any:
                gradients = by_kernels(dy)
                declined = gradients is NotImplemented
                return general(*args, **kwargs)[1](dy) if declined else gradients

            back.__name__ = by_kernels.__name__  # functools.wraps takes as long as a launch
            vars(back).update(vars(by_kernels))
            return y, back

        return falling_back

    return decorator


def _checked(name: str, rule: Function) -> Function:
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


def _by_position(rule: Function, keyword: Any) -> Function:
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
