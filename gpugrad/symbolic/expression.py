"""Symbolic scalars: what a derivative is, written down once.

A function called on symbols returns an expression, since symbols belong to a level of their own
that writes calls down instead of computing them. Printers write expressions as source: Python's for
the rules, CUDA's for device code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.levels import Level
from gpugrad.dispatch.primitive import Primitive
from gpugrad.functions.operators import Operators


class Symbolic(Level):
    """The level of symbols: a call becomes a node of an expression."""

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Symbol:
        """Write the call down."""
        return Symbol(f, args)

    def has_rule(self, f: Any, args: tuple[Any, ...]) -> bool:
        """Say whether the call of a function that has a definition is written down as it is."""
        return bool(f.rrules)


_SYMBOLIC = Symbolic()


class Symbol(Operators):
    """A variable (a name, no arguments) or the call of a function on expressions."""

    __slots__ = ("args", "function")

    def __init__(self, function: Primitive | str, args: tuple[Any, ...] = ()) -> None:
        self.level = _SYMBOLIC
        self.function = function
        self.args = args

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: write where(condition, a, b)")


def counted(expressions: Iterable[Any]) -> Counter[Any]:
    """Count in how many places each call stands; what stands inside a repeated one counts once."""
    counts: Counter[Any] = Counter()

    def count(expression: Any) -> None:
        if isinstance(expression, Symbol) and isinstance(expression.function, Primitive):
            key = key_of(expression)
            counts[key] += 1
            if counts[key] == 1:
                for argument in expression.args:
                    count(argument)

    for expression in expressions:
        count(expression)
    return counts


def variables_in(expressions: Iterable[Any]) -> list[str]:
    """Return the names of the variables whose values expressions on the device depend on."""
    found: dict[str, None] = {}
    pending = list(expressions)
    while pending:
        expression = pending.pop()
        if isinstance(expression, Symbol):
            if isinstance(expression.function, str):
                found[expression.function] = None
            elif expression.function is F.indicator:
                pending.append(expression.args[0])
            else:
                pending.extend(expression.args)
    return list(found)


def key_of(expression: Any) -> Any:
    """Return what two expressions have in common if they are the same."""
    if isinstance(expression, Symbol):
        return (expression.function, *map(key_of, expression.args))
    return expression
