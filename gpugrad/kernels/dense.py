"""Dense layers of few features, each way in one kernel: `cuda_kernels/dense.cuh`."""

from __future__ import annotations

import functools
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.kernels import launch
from gpugrad.kernels.columns import computed, total
from gpugrad.kernels.epilogue import Epilogue, add_bias, epilogue
from gpugrad.kernels.launch import C_TYPES, FLOATS, Kernel, contiguous, is_like, new
from gpugrad.kernels.products import matmul

MOST_FEATURES = 32  # these as in dense.cuh
THREADS = 256
_TILE_ROWS = 32
MOST_EXAMPLES = 1 << 16  # beyond, the products of cuBLAS are expected to be faster
_BLOCKS = 8  # for each multiprocessor
_ONE_BLOCK = 256  # examples that one block sums, with nothing to add up
_EXAMPLES = 64  # that a block sums at least where there are several,
_SUMMING_BLOCKS = 2  # and so many blocks there are for each multiprocessor at most


class SmallDense:
    """y = activation(x W + b) of few features, and its pullback.

    Args:
        activation: with its device functions.
    """

    def __init__(self, activation: Epilogue) -> None:
        self.activation = activation
        text = f'#include "dense.cuh"\n#include "elementwise.cuh"\n\n{activation.struct}'
        name = activation.name
        self.kernel = Kernel("dense", text=text, variants=[(name, kind) for kind in FLOATS])
        results = [(kind, "double" if kind == "double" else "float") for kind in FLOATS]
        variants = [(name, *kinds) for kinds in results]
        self.back_kernel = Kernel("dense_back", text=text, variants=variants)

    def __call__(self, x: Array, weight: Array, bias: Array) -> Any:
        """Return activation(x W + b).

        Args:
            x: CuPy array of shape (..., inputs), contiguous, of a data type of `C_TYPES`.
            weight: another of shape (inputs, outputs).
            bias: another of shape (outputs,).
        """
        inputs, outputs = weight.shape
        y = new(x, (*x.shape[:-1], outputs))
        rows = y.size // outputs
        blocks = min(-(-rows // _TILE_ROWS), _BLOCKS * launch.driver.processors())
        arguments = (x, weight, bias, y, rows, inputs, outputs)
        self.kernel[(self.activation.name, x.dtype)](blocks, THREADS, arguments)
        return y

    def back(
        self, dy: Array, y: Array, x: Array, weight: Array, bias: Array, *, need_x: bool
    ) -> tuple[Any, Any, Any]:
        """Return the gradients of the array, None unless it is needed, the weight and the bias."""
        inputs, outputs = weight.shape
        rows = math.prod(x.shape[:-1])
        dx = new(x, x.shape) if need_x else None
        blocks = 1
        if rows > _ONE_BLOCK:
            blocks = min(-(-rows // _EXAMPLES), _SUMMING_BLOCKS * launch.driver.processors())
        sums = new(x, (blocks, (inputs + 1) * outputs), computed(x.dtype))
        arrays = (contiguous(dy), y, x, weight, bias, 0 if dx is None else dx, sums)
        kernel = self.back_kernel[(self.activation.name, x.dtype, computed(x.dtype))]
        kernel(blocks, THREADS, (*arrays, rows, inputs, outputs))
        of_all = total(sums, x.dtype)
        return dx, of_all[:-outputs].reshape(inputs, outputs), of_all[-outputs:]

    def generic_back(
        self, dy: Array, y: Array, x: Array, weight: Array, bias: Array, *, need_x: bool
    ) -> tuple[Any, Any, Any]:
        """Return the same by functions of arrays: of a recorded `dy`, or one of another kind."""
        activation = self.activation
        kept = y if activation.from_value else F.matmul(x, weight)
        dz, dbias = activation.generic_back(dy, kept, bias)
        rows = [F.reshape(a, (-1, a.shape[-1])) for a in (x, dz)]
        dweight = F.matmul(F.matrix_transpose(rows[0]), rows[1])
        dx = F.matmul(dz, F.matrix_transpose(weight)) if need_x else None
        return dx, dweight, dbias


def is_small(x: Array, weight: Array) -> bool:
    """Say whether there are few enough features, and examples."""
    few = len(weight.shape) == 2 and max(weight.shape) <= MOST_FEATURES
    return few and math.prod(x.shape[:-1]) <= MOST_EXAMPLES


def small_dense(x: Array, weight: Array, bias: Array, activation: Any) -> SmallDense | None:
    """Return the kernels for a layer of CuPy's arrays, None where they do not take it."""
    kinds = {type(x), type(weight), type(bias)}
    dtypes = {x.dtype, weight.dtype, bias.dtype}
    fits = (
        len(kinds) == len(dtypes) == 1
        and x.dtype.name in C_TYPES
        and is_small(x, weight)
        and x.size
        and x.shape[-1:] == weight.shape[:1]
        and bias.shape == weight.shape[1:] != (0,)
    )
    return kernels_of(activation) if fits else None


@functools.cache
def kernels_of(activation: Any) -> SmallDense | None:
    """Return the kernels of layers with an activation, None of one that has none."""
    found = epilogue(activation)
    return None if found is None else SmallDense(found)


def dense(x: Array, weight: Array, bias: Array, activation: Any) -> Any:
    """Return activation(x W + b) of CuPy arrays, or decline."""
    found = small_dense(x, weight, bias, activation)
    return NotImplemented if found is None else found(*map(contiguous, (x, weight, bias)))


def dense_rrule(
    _: Any, x: Array, weight: Array, bias: Array, activation: Any, *, needs: tuple[bool, ...]
) -> Any:
    """All gradients come from one pass over dy; x alone is left out where nobody asks for it."""
    found = small_dense(x, weight, bias, activation)
    if found is None:
        return NotImplemented
    x, weight, bias = map(contiguous, (x, weight, bias))
    y = found(x, weight, bias)
    shape = y.shape
    kept = y if found.activation.from_value else 0

    def dense_back(dy: Array) -> Any:
        pull_back = found.back if is_like(dy, x, shape) else found.generic_back
        return None, *pull_back(dy, kept, x, weight, bias, need_x=needs[0]), None

    return y, dense_back


def linear(x: Array, weight: Array, bias: Array) -> Any:
    """Return x W + b of CuPy arrays, or decline."""
    y = dense(x, weight, bias, F.positive)
    if y is not NotImplemented:
        return y
    product = matmul(x, weight)
    return product if product is NotImplemented else add_bias(product, bias)


def linear_rrule(_: Any, x: Array, weight: Array, bias: Array, *, needs: tuple[bool, ...]) -> Any:
    """A layer without an activation; of many features it is left to the products."""
    answer = dense_rrule(_, x, weight, bias, F.positive, needs=(*needs, False))
    if answer is NotImplemented:
        return answer
    y, dense_back = answer

    def linear_back(dy: Array) -> Any:
        return dense_back(dy)[:-1]

    return y, linear_back
