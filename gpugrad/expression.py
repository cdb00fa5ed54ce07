"""Symbolic scalars: what a derivative is, written down once.

A function called on symbols returns an expression, since symbols belong to a level of their own
that writes calls down instead of computing them. Printers write expressions as source: Python's for
the rules, CUDA's for device code.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

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


_CHOICE, _OR, _AND, _COMPARISON, _SUM, _PRODUCT, _MINUS, _POWER, _ATOM = range(9)

# The operators that Python and C++ share, and how tightly they bind.
_OPERATORS = {
    F.add: ("+", _SUM),
    F.subtract: ("-", _SUM),
    F.multiply: ("*", _PRODUCT),
    F.divide: ("/", _PRODUCT),
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
    """Return the functions that expressions printed as Python call by name, with their arity."""
    with_operator = {*_PYTHON.operators, F.negative}
    return {f: len(args) for f, *args in counted(expressions) if f not in with_operator}


class Printer:
    """Prints expressions in a programming language; this one is Python.

    `printed` texts come with how tightly their outermost operator binds.
    """

    operators: ClassVar[dict[Primitive, tuple[str, int]]] = _OPERATORS | {F.pow: ("**", _POWER)}
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
                return expression.function, _ATOM
            key = _key(expression)
            if key in names:
                return names[key], _ATOM
            operands = [printed(argument) for argument in self.operands(expression)]
            text, binding = self.call(expression.function, operands)
            if counts[key] == 1 or not self.is_assigned(expression.function):
                return text, binding
            names[key] = name = f"t{len(names)}"
            assignments.append(self.assignment.format(name, text))
            return name, _ATOM

        return assignments, [printed(expression)[0] for expression in expressions]

    def literal(self, value: Any) -> tuple[str, int]:
        """Print a number."""
        return repr(value), _ATOM if value >= 0 else _MINUS

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
            left = _bracketed(operands[0], binding + (function is F.pow))
            return f"{left} {sign} {_bracketed(operands[1], binding + 1)}", binding
        if function is F.negative:
            return f"-{_bracketed(operands[0], _MINUS + 1)}", _MINUS
        return f"{self.name(function)}({', '.join(text for text, _ in operands)})", _ATOM

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


class CudaPrinter(Printer):
    """Prints expressions as CUDA C++, for a type `T` to compute in.

    Args:
        functions: the device functions, by the paths of what they compute.
    """

    operators: ClassVar[dict[Primitive, tuple[str, int]]] = _OPERATORS | {
        F.logical_and: ("&&", _AND),
        F.logical_or: ("||", _OR),
    }
    assignment = "const T {} = {};"

    def __init__(self, functions: Mapping[str, str]) -> None:
        self.functions = functions

    def literal(self, value: Any) -> tuple[str, int]:
        """Print a number, infinities and NaN by their device functions."""
        if value != value or value in (math.inf, -math.inf):
            text = "not_a_number()" if value != value else "infinity()"
            return f"T({'-' if value < 0 else ''}{text})", _ATOM
        return f"T({value!r})", _ATOM

    def operands(self, expression: Symbol) -> tuple[Any, ...]:
        """Return the arguments of a call that are printed; the types of others are known."""
        return expression.args[:1] if expression.function is F.indicator else expression.args

    def is_assigned(self, function: Primitive) -> bool:
        """Say whether it is a number of type T: conditions are printed where they stand."""
        return function not in _CONDITIONS

    def call(self, function: Primitive, operands: list[tuple[str, int]]) -> tuple[str, int]:
        """Print a call; raise NoDeviceFunction where the device has no such function."""
        if function is F.where:
            condition, *values = [_bracketed(operand, _CHOICE + 1) for operand in operands]
            return f"{condition} ? {values[0]} : {values[1]}", _CHOICE
        if function is F.logical_not:
            return f"!{_bracketed(operands[0], _MINUS)}", _MINUS
        if function is F.indicator:
            return f"T({operands[0][0]})", _ATOM
        return super().call(function, operands)

    def name(self, function: Primitive) -> str:
        """Return the name of the device function."""
        try:
            return self.functions[function.path]
        except KeyError:
            raise NoDeviceFunction(function.path) from None


class NoDeviceFunction(Exception):
    """An expression calls a function that has no device function."""


# Their values are true or false.
_CONDITIONS = frozenset(
    {
        *(F.equal, F.not_equal, F.less, F.less_equal, F.greater, F.greater_equal),
        *(F.logical_and, F.logical_or, F.logical_not, F.isnan, F.isinf),
    }
)


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


def _key(expression: Any) -> Any:
    """Return what two expressions have in common if they are the same."""
    if isinstance(expression, Symbol):
        return (expression.function, *map(_key, expression.args))
    return expression


def operator_text(function: Any, operands: Sequence[str]) -> str | None:
    """Return the text of a call that Python has an operator for, else None."""
    if function in _PYTHON.operators:
        left, right = operands
        return f"{left} {_PYTHON.operators[function][0]} {right}"
    return f"-{operands[0]}" if function is F.negative else None


def _bracketed(operand: tuple[str, int], least: int) -> str:
    """Return an operand's text, in brackets where its operator binds less tightly than `least`."""
    text, binding = operand
    return text if binding >= least else f"({text})"
