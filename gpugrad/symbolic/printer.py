"""Expressions as Python source, for the rules that are generated from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from gpugrad import functions as F
from gpugrad.dispatch.primitive import Primitive
from gpugrad.symbolic.expression import Symbol, counted, key_of

CHOICE, OR, AND, COMPARISON, SUM, PRODUCT, MINUS, POWER, ATOM = range(9)

# The operators that Python and C++ share, and how tightly they bind.
OPERATORS = {
    F.add: ("+", SUM),
    F.subtract: ("-", SUM),
    F.multiply: ("*", PRODUCT),
    F.divide: ("/", PRODUCT),
    F.equal: ("==", COMPARISON),
    F.not_equal: ("!=", COMPARISON),
    F.less: ("<", COMPARISON),
    F.less_equal: ("<=", COMPARISON),
    F.greater: (">", COMPARISON),
    F.greater_equal: (">=", COMPARISON),
}


def functions_in(expressions: Iterable[Any]) -> dict[Primitive, int]:
    """Return the functions that expressions printed as Python call by name, with their arity."""
    with_operator = {*_PYTHON.operators, F.negative}
    return {f: len(args) for f, *args in counted(expressions) if f not in with_operator}


class Printer:
    """Prints expressions in a programming language; this one is Python.

    `printed` texts come with how tightly their outermost operator binds.
    """

    operators: ClassVar[dict[Primitive, tuple[str, int]]] = OPERATORS | {F.pow: ("**", POWER)}
    assignment = "{} = {}"

    def print(self, expressions: Sequence[Any]) -> tuple[list[str], list[str]]:
        """Return assignments for what occurs more than once, then a text for each expression."""
        counts = counted(expressions)
        assignments: list[str] = []
        names: dict[Any, str] = {}

        def printed(expression: Any) -> tuple[str, int]:
            if not isinstance(expression, Symbol):
                return self.literal(expression)
            if isinstance(expression.function, str):
                return expression.function, ATOM
            key = key_of(expression)
            if key in names:
                return names[key], ATOM
            operands = [printed(argument) for argument in self.operands(expression)]
            text, binding = self.call(expression.function, operands)
            if counts[key] == 1 or not self.is_assigned(expression.function):
                return text, binding
            names[key] = name = f"t{len(names)}"
            assignments.append(self.assignment.format(name, text))
            return name, ATOM

        return assignments, [printed(expression)[0] for expression in expressions]

    def literal(self, value: Any) -> tuple[str, int]:
        """Print a number."""
        return repr(value), ATOM if value >= 0 else MINUS

    def operands(self, expression: Symbol) -> tuple[Any, ...]:
        """Return the arguments of a call that are printed."""
        return expression.args

    def is_assigned(self, function: Primitive) -> bool:
        """Say whether a call that occurs more than once gets a variable."""
        return True

    def call(self, function: Primitive, operands: list[tuple[str, int]]) -> tuple[str, int]:
        """Print a call: by an operator where the language has one."""
        if function in self.operators:
            sign, binding = self.operators[function]
            # Operators of one strength bracket the right side: a - (b - c); powers both.
            left = bracketed(operands[0], binding + (function is F.pow))
            return f"{left} {sign} {bracketed(operands[1], binding + 1)}", binding
        if function is F.negative:
            return f"-{bracketed(operands[0], MINUS + 1)}", MINUS
        return f"{self.name(function)}({', '.join(text for text, _ in operands)})", ATOM

    def name(self, function: Primitive) -> str:
        """Return what the language calls a function."""
        return function.name


_PYTHON = Printer()


def to_python(expressions: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Print expressions as Python: assignments for what occurs more than once, then each one.

    Example:
        >>> y, x = Symbol("y"), Symbol("x")
        >>> to_python([1 - y * y, (1 - y) * y])
        ([], ['1 - y * y', '(1 - y) * y'])
    """
    return _PYTHON.print(expressions)


def operator_text(function: Any, operands: Sequence[str]) -> str | None:
    """Return the text of a call that Python has an operator for, else None."""
    if function in _PYTHON.operators:
        left, right = operands
        return f"{left} {_PYTHON.operators[function][0]} {right}"
    return f"-{operands[0]}" if function is F.negative else None


def bracketed(operand: tuple[str, int], least: int) -> str:
    """Return an operand's text, in brackets where its operator binds less tightly than `least`."""
    text, binding = operand
    return text if binding >= least else f"({text})"
