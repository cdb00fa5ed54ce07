"""The elementwise functions of the rule book as device functions, in CUDA C++.

Every `scalar_rule` is printed: the value of the function, where it is defined in terms of others or
CUDA has it, and its partial derivatives. `make kernels` writes them to
`cuda_kernels/elementwise.cuh`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from gpugrad.kernels.source import source_folder
from gpugrad.rulebook.scalar_rule import SCALAR_RULES, ScalarRule
from gpugrad.symbolic.cuda import CudaPrinter, NoDeviceFunction
from gpugrad.symbolic.expression import Symbol
from gpugrad.symbolic.printer import functions_in

# What CUDA, and the headers of `cuda_kernels/`, call a function that has no definition in others.
DEVICE_FUNCTIONS = {
    **{
        path: path
        for path in (
            *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clip"),
            *("copysign", "cos", "cosh", "exp", "exp2", "expm1", "floor", "floor_divide", "fmod"),
            *("hypot", "isinf", "isnan", "log", "log10", "log1p", "log2", "logaddexp", "maximum"),
            *(
                "imag",
                "minimum",
                "pow",
                "real",
                "reciprocal",
                "remainder",
                "sign",
                "sin",
                "sinh",
                "sqrt",
            ),
            *("square", "tan", "tanh", "trunc"),
        )
    },
    **{
        f"special.{name}": name
        for name in (
            *(
                "beta",
                "betaln",
                "boxcox",
                "boxcox1p",
                "inv_boxcox",
                "inv_boxcox1p",
                "dawsn",
                "digamma",
                "erf",
                "erfc",
                "erfcinv",
                "erfcx",
                "erfinv",
            ),
            *("exp1", "expi", "gamma", "gammaln", "i0", "i0e", "i1", "i1e", "j0", "j1", "k0"),
            *("k0e", "k1", "k1e", "log_ndtr", "loggamma", "ndtr", "ndtri", "polygamma", "rgamma"),
            *("spence", "y0", "y1", "yn", "zeta"),
        )
    },
    "abs": "fabs",
    "round": "rint",
}


OPERATORS = frozenset({"add", "subtract", "multiply", "divide", "negative"})


class DeviceFunction:
    """A scalar rule as device functions: `sigmoid_value(x)`, and `sigmoid_dx(y, x)`.

    Attributes:
        name: what their names begin with.
        value: the text of the first, None where the device has no such function.
        partials: the texts of the others by argument, None where the partial derivative is a
            number or the device lacks a function in it.
    """

    def __init__(self, rule: ScalarRule) -> None:
        self.rule = rule
        self.name = rule.f.path.replace(".", "_")
        self.value: str | None = None
        self.partials: list[str | None] = []

    def text(
        self, suffix: str, parameters: Sequence[str], expression: Any, printer: CudaPrinter
    ) -> str | None:
        """Return the definition of a device function, or None."""
        if not isinstance(expression, Symbol):
            return None
        try:
            assignments, (result,) = printer.print([expression])
        except NoDeviceFunction:
            return None
        # A vector of 8 numbers would repeat long code 8 times.
        kind = "__noinline__" if self.rule.f.path.startswith("special.") else "inline"
        head = f"{kind} T {self.name}_{suffix}({', '.join(f'T {p}' for p in parameters)})"
        body = "\n".join(f"  {line}" for line in (*assignments, f"return {result};"))
        return f"template <class T>\n__device__ {head} {{\n{body}\n}}\n"


def value_of(rule: ScalarRule) -> Any:
    """Return a function's value as an expression: by its definition, else as a call."""
    arguments = [Symbol(name) for name in rule.names]
    if rule.f.path in OPERATORS or rule.f.path in DEVICE_FUNCTIONS or not rule.f.definition:
        return Symbol(rule.f, tuple(arguments))
    return rule.f.definition(*arguments)


@functools.cache
def device_functions() -> dict[str, DeviceFunction]:
    """Return the device functions of all scalar rules by path, in an order that C++ takes."""
    rules = {rule.f.path: rule for rule in SCALAR_RULES}
    names = dict(DEVICE_FUNCTIONS)
    printer = CudaPrinter(names)
    found: dict[str, DeviceFunction] = {}

    def add(rule: ScalarRule) -> None:
        value, path = value_of(rule), rule.f.path
        for other in functions_in([value]):
            if other.path in rules and other.path not in (path, *names, *found):
                add(rules[other.path])
        found[path] = function = DeviceFunction(rule)
        function.value = function.text("value", rule.names, value, printer)
        if function.value is not None:
            names.setdefault(path, f"{function.name}_value")

    for path, rule in rules.items():
        if path not in found:
            add(rule)
    for function in found.values():  # which may call every value
        pairs = zip(function.rule.names, function.rule.partials, strict=True)
        function.partials = [
            function.text(f"d{name}", ("y", *function.rule.names), partial, printer)
            for name, partial in pairs
        ]
    return found


def header() -> str:
    """Return the text of `cuda_kernels/elementwise.cuh`."""
    functions = device_functions().values()
    values = [function.value for function in functions if function.value]
    partials = [text for function in functions for text in function.partials if text]
    return "\n".join([_HEAD, *values, *partials, "}  // namespace gpugrad\n"])


_HEAD = """\
// The elementwise functions and their partial derivatives, as each `scalar_rule` in gpugrad/ has
// them. Written by `make kernels`: change the rule there, not this file.
// clang-format off
#pragma once

#include "common.cuh"
#include "numbers.cuh"
#include "special.cuh"

namespace gpugrad {
"""


def write() -> None:
    """Write `cuda_kernels/elementwise.cuh`."""
    (source_folder() / "elementwise.cuh").write_text(header(), encoding="utf-8")
