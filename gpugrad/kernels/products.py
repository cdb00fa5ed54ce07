"""Products of matrices and of stacks of them, by cuBLAS and CuPy's binding of it.

CuPy's own matmul has a stack of float16 computed as one of float32, sends bfloat16 to a kernel for
integers, which fails, and copies transposed stacks, as those of the gradients are. Here a factor is
read where it lies: its rows or its columns are contiguous, and its matrices at equal distances.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array
from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, check_device, new

_LARGEST = 2**31 - 1  # what cuBLAS counts by


class Factor(NamedTuple):
    """A matrix, or a stack of such, as cuBLAS takes it.

    Attributes:
        array: what has the memory.
        transposed: whether its columns are contiguous, and not its rows.
        distance: of its rows, or of its columns, in elements.
        stride: of its matrices; 0 where there is one for all.
    """

    array: Any
    transposed: bool
    distance: int
    stride: int


def matmul(a: Array, b: Array, /) -> Any:
    """Return the product of two CuPy arrays, as the standard's `matmul`.

    Declined are other data types than those of `C_TYPES`, two of them, arrays without elements or
    axes, a product that is one number, and factors that do not fit together.

    Args:
        a: array of shape (..., m, k), or (k,).
        b: array of shape (..., k, n), or (k,).

    Returns:
        Array of shape (..., m, n), less the axes that a vector has not.
    """
    if not _is_taken(a, b):
        return NotImplemented
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    lead = _lead(left, right)
    m, n = left.shape[-2], right.shape[-1]
    if lead is None or (lead, m, n) == ((), 1, 1):
        return NotImplemented
    rows, columns = () if a.ndim == 1 else (m,), () if b.ndim == 1 else (n,)
    while left.ndim > 2 and (right.ndim == 2 or right.shape[-3] == 1):
        # One factor for several matrices: their rows are those of one.
        left = left.reshape(*left.shape[:-3], -1, left.shape[-1])
        right = right if right.ndim == 2 else right[..., 0, :, :]
    return _product(left, right).reshape(*lead, *rows, *columns)


def _is_taken(a: Array, b: Array) -> bool:
    fits = type(a) is type(b) and a.dtype == b.dtype and a.dtype.name in C_TYPES
    if not fits or not a.size or not b.size or not a.ndim or not b.ndim:
        return False
    k = b.shape[-2] if b.ndim > 1 else b.shape[0]
    return a.shape[-1] == k and max(a.size, b.size) <= _LARGEST


def _lead(a: Array, b: Array) -> tuple[int, ...] | None:
    """Return the shape of the stack, None where those of the factors do not broadcast."""
    if a.ndim == b.ndim == 2:
        return ()
    try:
        return np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        return None


def _product(a: Array, b: Array) -> Any:
    """Return the product of stacks that broadcast together."""
    check_device("matmul", (a, b))
    lead: Any = _lead(a, b)
    y = new(a, (*lead, a.shape[-2], b.shape[-1]))
    left, right = _factor(a, lead), _factor(b, lead)
    (m, k), n = a.shape[-2:], b.shape[-1]
    # cuBLAS has columns where we have rows: it computes the transposed product, yᵀ = bᵀ aᵀ.
    launch.driver.multiply(
        y.dtype,
        (n, m, k),
        (right.transposed, right.array.data.ptr, right.distance, right.stride),
        (left.transposed, left.array.data.ptr, left.distance, left.stride),
        (y.data.ptr, n, m * n),
        math.prod(lead),
    )
    return y


def _factor(x: Array, lead: tuple[int, ...]) -> Factor:
    """Return an array as a factor of a stack of products: itself, or a contiguous copy of it."""
    layout, stride = _layout(x), _stride(x, lead)
    if layout is not None and stride is not None:
        return Factor(x, *layout, stride)
    if stride is None:
        x = cupy_library().modules[1].broadcast_to(x, (*lead, *x.shape[-2:]))
    m, n = x.shape[-2:]
    return Factor(x.copy(), False, n, 0 if stride == 0 else m * n)


def _layout(x: Array) -> tuple[bool, int] | None:
    """Return whether the columns of matrices are contiguous, and the distance of these or of rows.

    None where neither they nor the rows are, or where they overlap.
    """
    m, n = x.shape[-2:]
    down, across = (stride // x.itemsize for stride in x.strides[-2:])
    if n == 1 or across == 1:
        distance = n if m == 1 else down
        if n <= distance <= _LARGEST:
            return False, distance
    if m == 1 or down == 1:
        distance = m if n == 1 else across
        if m <= distance <= _LARGEST:
            return True, distance
    return None


def _stride(x: Array, lead: tuple[int, ...]) -> int | None:
    """Return the distance of the matrices of a stack, None where it is not one."""
    if math.prod(x.shape[:-2]) == 1:
        return 0
    if x.shape[:-2] != lead:
        return None
    axes = [(n, stride) for n, stride in zip(lead, x.strides, strict=False) if n > 1]
    for (_, outer), (n, inner) in itertools.pairwise(axes):
        if outer != n * inner:
            return None
    stride = axes[-1][1] // x.itemsize
    return stride if stride >= 0 else None
