"""Symbolic scalars: what a derivative is, written down once.

A function called on symbols returns an expression, since symbols belong to a level of their own
that writes calls down instead of computing them. `to_python` prints expressions as Python source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.namespace import Level, LevelValue
from gpugrad.operators import Operators
from gpugrad.primitive import Primitive


class Symbolic(Level):
    """The level of symbols: a call becomes a node of an expression."""

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Symbol:
        """Write the call down."""
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


_COMPARISON, _SUM, _PRODUCT, _MINUS, _POWER, _ATOM = range(6)

# Python's text for a function, and how tightly its operator binds.
_BINARY = {
    F.add: ("+", _SUM),
    F.subtract: ("-", _SUM),
    F.multiply: ("*", _PRODUCT),
    F.divide: ("/", _PRODUCT),
    F.pow: ("**", _POWER),
    F.equal: ("==", _COMPARISON),
    F.not_equal: ("!=", _COMPARISON),
    F.less: ("<", _COMPARISON),
    F.less_equal: ("<=", _COMPARISON),
    F.greater: (">", _COMPARISON),
    F.greater_equal: (">=", _COMPARISON),
}


def counted(expressions: Iterable[Any]) -> Counter[Any]:
    """Count in how many places each call stands; what stands inside a repeated one counts once."""
    counts: Counter[Any] = Counter()

    def count(expression: Any) -> None:
        if isinstance(expression, Symbol) and isinstance(expression.function, Primitive):
            key = _key(expression)
            counts[key] += 1
            if counts[key] == 1:
                for argument in expression.args:
                    count(argument)

    for expression in expressions:
        count(expression)
    return counts


def functions_in(expressions: Iterable[Any]) -> dict[Primitive, int]:
    """Return the functions that the printed expressions call by name, with their arity."""
    with_operator = {*_BINARY, F.negative}
    return {f: len(args) for f, *args in counted(expressions) if f not in with_operator}


def to_python(expressions: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Print expressions as Python: assignments for what occurs more than once, then each one.

    Example:
        >>> y, x = Symbol("y"), Symbol("x")
        >>> to_python([1 - y * y, (1 - y) * y])
        ([], ['1 - y * y', '(1 - y) * y'])
    """
    counts = counted(expressions)
    assignments: list[str] = []
    names: dict[Any, str] = {}

    def printed(expression: Any) -> tuple[str, int]:
        """Return the text, and how tightly its outermost operator binds."""
        if not isinstance(expression, Symbol):
            return repr(expression), _ATOM if expression >= 0 else _MINUS
        if isinstance(expression.function, str):
            return expression.function, _ATOM
        key = _key(expression)
        if key in names:
            return names[key], _ATOM
        text, binding = _call_text(expression.function, [printed(a) for a in expression.args])
        if counts[key] == 1:
            return text, binding
        names[key] = name = f"t{len(names)}"
        assignments.append(f"{name} = {text}")
        return name, _ATOM

    return assignments, [printed(expression)[0] for expression in expressions]


def _key(expression: Any) -> Any:
    """Return what two expressions have in common if they are the same."""
    if isinstance(expression, Symbol):
        return (expression.function, *map(_key, expression.args))
    return expression


def operator_text(function: Any, operands: Sequence[str]) -> str | None:
    """Return the text of a call that Python has an operator for, else None."""
    if function in _BINARY:
        left, right = operands
        return f"{left} {_BINARY[function][0]} {right}"
    return f"-{operands[0]}" if function is F.negative else None


def _call_text(function: Primitive, operands: list[tuple[str, int]]) -> tuple[str, int]:
    _, binding = _BINARY.get(function, ("-", _MINUS))
    if function in _BINARY:
        # Operators of one strength bracket the right side: a - (b - c); powers both.
        least = (binding + (function is F.pow), binding + 1)
    elif function is F.negative:
        least = (binding,)
    else:
        return f"{function.name}({', '.join(text for text, _ in operands)})", _ATOM
    texts = [
        text if inner >= outer else f"({text})"
        for (text, inner), outer in zip(operands, least, strict=True)
    ]
    return operator_text(function, texts) or "", binding
