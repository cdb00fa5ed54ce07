"""A bias and an activation in one kernel, and back through both in another.

`cuda_kernels/epilogue.cuh` goes through the matrix; the activation in it is the device function
that its `scalar_rule` is printed as.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.primitive import Primitive
from gpugrad.kernels.columns import THREADS, column_sums, cut, summed
from gpugrad.kernels.device_functions import DeviceFunction, device_functions
from gpugrad.kernels.launch import C_TYPES, FLOATS, Kernel, contiguous, is_like, new
from gpugrad.structure.spaces import Projection
from gpugrad.symbolic.expression import Symbol, variables_in


class Epilogue:
    """y = activation(z + bias), and its pullback.

    Args:
        function: the activation's device functions.
        options: the numbers that it takes after the first argument.
    """

    def __init__(self, function: DeviceFunction, options: tuple[Any, ...]) -> None:
        rule = function.rule
        self.activation = rule.f
        self.options = options
        self.from_value = rule.names[0] not in variables_in(rule.partials[:1])
        self.derivative = rule.products((True, *(False for _ in options)), ("y", *rule.names))
        self.name = f"gpugrad::{function.name}_activation"
        self.struct = self._struct(function)
        text = f'#include "epilogue.cuh"\n#include "elementwise.cuh"\n\n{self.struct}'
        variants = [(self.name, kind) for kind in FLOATS]
        self.kernel = Kernel("bias_activation", text=text, variants=variants)
        self.back_kernel = Kernel("bias_activation_back", text=text, variants=variants)

    def _struct(self, function: DeviceFunction) -> str:
        """Return the activation as the struct that kernels are made with."""
        value, derivative = self._texts(function)
        return (
            f"namespace gpugrad {{\nstruct {function.name}_activation {{\n"
            f"  static constexpr bool FROM_VALUE = {str(self.from_value).lower()};\n"
            f"  template <class T>\n  __device__ static T value(T x) {{\n"
            f"    return {value};\n  }}\n"
            f"  template <class T>\n  __device__ static T derivative(T y, T x) {{\n"
            f"    return {derivative};\n  }}\n}};\n}}  // namespace gpugrad\n"
        )

    def _texts(self, function: DeviceFunction) -> tuple[str, str]:
        """Return the value and the derivative in device code, of x and y."""
        options = "".join(f", T({float(option)!r})" for option in self.options)
        slope = f"{function.name}_d{function.rule.names[0]}(y, x{options})"
        return f"{function.name}_value(x{options})", slope

    def __call__(self, z: Array, bias: Array) -> Any:
        """Return activation(z + bias).

        Args:
            z: CuPy array of shape (..., features), contiguous, of a data type of `C_TYPES`.
            bias: another of shape (features,).
        """
        return self.into(new(z, z.shape), z, bias)

    def into(self, y: Array, z: Array, bias: Array) -> Any:
        """Return the same in the memory of `y`, which may be `z`."""
        if z.size:
            rows, columns = _matrix(z)
            # There is nothing to add up, and so no reason for fewer chunks.
            tiles, chunks = cut(rows, columns, z.dtype.itemsize, one=4, each=4)
            arguments = (z, bias, y, rows, columns, chunks)
            self.kernel[(self.name, z.dtype)](tiles * chunks, THREADS, arguments)
        return y

    def kept(self, z: Array, y: Array) -> Any:
        """Return what the pullback needs: the value, if that says the derivative, else z."""
        return y if self.from_value else z

    def back(self, dy: Array, kept: Any, bias: Array) -> tuple[Any, Any]:
        """Return the gradients of z and of the bias."""
        if not is_like(dy, kept, kept.shape):
            return self.generic_back(dy, kept, bias)
        return self._back(dy, kept, bias)

    def _back(self, dy: Array, kept: Any, bias: Array) -> tuple[Any, Any]:
        dz = new(kept, kept.shape)
        kernel = self.back_kernel[(self.name, kept.dtype)]
        arguments = (contiguous(dy), kept, bias, dz)
        return dz, summed(kernel, bias, arguments, *_matrix(kept))

    def generic_back(self, dy: Array, kept: Any, bias: Array) -> tuple[Any, Any]:
        """Return the same by functions of arrays: of a recorded `dy`, or one of another kind."""
        x = kept if self.from_value else kept + bias  # by itself, the value says the derivative
        y = kept if self.from_value else self.activation(x)
        (dz,) = self.derivative(dy, y, x, *self.options)
        dz = Projection(kept)(dz)
        axes = tuple(range(len(kept.shape) - 1))
        return dz, F.sum(dz, axis=axes) if axes else dz


class BiasAlone(Epilogue):
    """y = z + bias, of layers without an activation: in its place is `F.positive`."""

    def _texts(self, function: DeviceFunction) -> tuple[str, str]:
        return "x", "T(1)"

    def _back(self, dy: Array, kept: Any, bias: Array) -> tuple[Any, Any]:
        return dy, column_sums(contiguous(dy).reshape(_matrix(dy)))


def epilogue(activation: Any) -> Epilogue | None:
    """Return the kernels of an activation, None of a function that has none."""
    return _epilogue(activation) if isinstance(activation, Primitive) else None


@functools.cache
def _epilogue(activation: Primitive) -> Epilogue | None:
    function = device_functions().get(activation.path)
    if function is None or function.rule.f is not activation:
        return None
    if activation is F.positive:
        return BiasAlone(function, ())
    if function.value is None:
        return None
    options = activation.defaults[1:]
    known = len(function.rule.names) == 1 + len(options) and all(
        isinstance(option, (int, float)) for option in options
    )
    partial = isinstance(function.rule.partials[0], Symbol) and function.partials[0]
    return Epilogue(function, options) if known and partial else None


def fits(z: Array, bias: Array) -> bool:
    """Say whether there are kernels for such arrays."""
    return (
        type(z) is type(bias)
        and z.dtype == bias.dtype
        and z.dtype.name in C_TYPES
        and z.shape[-1:] == bias.shape
        and z.flags.c_contiguous
        and bias.flags.c_contiguous
    )


def bias_activation(z: Array, bias: Array, activation: Any) -> Any:
    """Return activation(z + bias) of CuPy arrays, or decline."""
    found = epilogue(activation)
    return found(z, bias) if found is not None and fits(z, bias) else NotImplemented


def add_bias(z: Array, bias: Array) -> Any:
    """Return z + bias of CuPy arrays, if it can be in the memory of `z`, which is nobody else's."""
    found: Any = epilogue(F.positive)
    return found.into(z, z, bias) if fits(z, bias) else F.add(z, bias)


def bias_activation_rrule(_: Any, z: Array, bias: Array, activation: Any) -> Any:
    """Both gradients come from one pass over dy."""
    found = epilogue(activation)
    if found is None or not fits(z, bias):
        return NotImplemented
    y = found(z, bias)
    kept = found.kept(z, y)

    def bias_activation_back(dy: Array) -> Any:
        return None, *found.back(dy, kept, bias), None

    return y, bias_activation_back


def _matrix(z: Array) -> tuple[int, int]:
    """Return how many rows and columns an array has as a matrix of its last axis."""
    return math.prod(z.shape[:-1]), z.shape[-1]
