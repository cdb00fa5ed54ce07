"""Expressions as CUDA C++, for device code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from gpugrad import functions as F
from gpugrad.dispatch.primitive import Primitive
from gpugrad.symbolic.expression import Symbol
from gpugrad.symbolic.printer import (
    AND,
    ATOM,
    CHOICE,
    MINUS,
    OPERATORS,
    OR,
    Printer,
    bracketed,
)


class CudaPrinter(Printer):
    """Prints expressions as CUDA C++, for a type `T` to compute in.

    Args:
        functions: the device functions, by the paths of what they compute.
    """

    operators: ClassVar[dict[Primitive, tuple[str, int]]] = OPERATORS | {
        F.logical_and: ("&&", AND),
        F.logical_or: ("||", OR),
    }
    assignment = "const T {} = {};"

    def __init__(self, functions: Mapping[str, str]) -> None:
        self.functions = functions

    def literal(self, value: Any) -> tuple[str, int]:
        """Print a number, infinities and NaN by their device functions."""
        if value != value or value in (math.inf, -math.inf):
            text = "not_a_number()" if value != value else "infinity()"
            return f"T({'-' if value < 0 else ''}{text})", ATOM
        return f"T({value!r})", ATOM

    def operands(self, expression: Symbol) -> tuple[Any, ...]:
        """Return the arguments of a call that are printed; the types of others are known."""
        return expression.args[:1] if expression.function is F.indicator else expression.args

    def is_assigned(self, function: Primitive) -> bool:
        """Say whether it is a number of type T: conditions are printed where they stand."""
        return function not in _CONDITIONS

    def call(self, function: Primitive, operands: list[tuple[str, int]]) -> tuple[str, int]:
        """Print a call; raise NoDeviceFunction where the device has no such function."""
        if function is F.where:
            condition, *values = [bracketed(operand, CHOICE + 1) for operand in operands]
            return f"{condition} ? {values[0]} : {values[1]}", CHOICE
        if function is F.logical_not:
            return f"!{bracketed(operands[0], MINUS)}", MINUS
        if function is F.indicator:
            return f"T({operands[0][0]})", ATOM
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
