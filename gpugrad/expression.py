"""Symbolic scalars: what a derivative is, written down once.

A function called on symbols returns an expression, since symbols belong to a level of their own
that writes calls down instead of computing them. `to_python` prints expressions as Python source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.namespace import Level, LevelValue
from gpugrad.operators import Operators
from gpugrad.primitive import Primitive


class Symbolic(Level):
    """The level of symbols: a call becomes a node of an expression."""

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Symbol:
        return Symbol(f, args)


_SYMBOLIC = Symbolic()


class Symbol(Operators, LevelValue):
    """A variable (a name, no arguments) or the call of a function on expressions."""

    __slots__ = ("args", "function")

    def __init__(self, function: Primitive | str, args: tuple[Any, ...] = ()) -> None:
        self.level = _SYMBOLIC
        self.function = function
        self.args = args

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: write where(condition, a, b)")


_BINARY = {
    F.add: "+",
    F.subtract: "-",
    F.multiply: "*",
    F.divide: "/",
    F.pow: "**",
    F.equal: "==",
    F.not_equal: "!=",
    F.less: "<",
    F.less_equal: "<=",
    F.greater: ">",
    F.greater_equal: ">=",
}


def nodes(expressions: Iterable[Any]) -> Iterator[Symbol]:
    """Yield every call in the expressions, once for each place it stands in, inner ones first."""
    for expression in expressions:
        if isinstance(expression, Symbol) and isinstance(expression.function, Primitive):
            yield from nodes(expression.args)
            yield expression


def functions_in(expressions: Iterable[Any]) -> set[Primitive]:
    """Return the functions that the printed expressions call by name."""
    called = {node.function for node in nodes(expressions)}
    return {f for f in called if isinstance(f, Primitive) and f not in _BINARY | {F.negative: "-"}}


def to_python(expressions: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Print expressions as Python: assignments for what occurs more than once, then each one.

    Example:
        >>> y, x = Symbol("y"), Symbol("x")
        >>> to_python([1 - y * y])
        ([], ['1 - y * y'])
    """
    counts = Counter(id(node) for node in nodes(expressions))
    assignments: list[str] = []
    names: dict[int, str] = {}

    def text(expression: Any) -> str:
        if not isinstance(expression, Symbol):
            return repr(expression)
        if id(expression) in names:
            return names[id(expression)]
        if isinstance(expression.function, str):
            return expression.function
        printed = _call_text(expression.function, [_operand(text, a) for a in expression.args])
        if counts[id(expression)] > 1:
            names[id(expression)] = name = f"t{len(names)}"
            assignments.append(f"{name} = {printed}")
            return name
        return printed

    return assignments, [text(expression) for expression in expressions]


def _operand(text: Any, argument: Any) -> tuple[str, bool]:
    """Return an argument's text, and whether it needs brackets inside an operator."""
    printed = text(argument)
    is_name_or_call = printed.isidentifier() or printed.replace(".", "", 1).isdigit()
    return printed, not is_name_or_call


def operator_text(function: Primitive, operands: Sequence[str]) -> str | None:
    """Return the operator's text for functions that Python has one for, else None."""
    if function in _BINARY:
        left, right = operands
        return f"{left} {_BINARY[function]} {right}"
    return f"-{operands[0]}" if function is F.negative else None


def _call_text(function: Primitive, operands: list[tuple[str, bool]]) -> str:
    bracketed = [f"({printed})" if inner else printed for printed, inner in operands]
    arguments = ", ".join(printed for printed, _ in operands)
    return operator_text(function, bracketed) or f"{function.name}({arguments})"
