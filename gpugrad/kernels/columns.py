"""Sums over the rows of matrices: `cuda_kernels/columns.cu`.

A block sums a tile of columns over a chunk of the rows, and a second launch sums the chunks. What
is added in which order depends on nothing but the shape, the data type, the alignment and the
device: each run gives the same sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import Array, DType
from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, VECTOR_BYTES, Instance, Kernel, axes_of, new

THREADS = 256  # COLUMN_THREADS and WIDEST of columns.cuh
WIDEST = 32
_BLOCKS = 8  # for each multiprocessor
_ROWS = 8  # a thread has at least where there are several chunks
_ROWS_OF_ONE = 32  # it has at most where there is one, and no second launch to add them up

_sums = Kernel(
    "column_sums",
    "columns.cu",
    variants=(
        *(("float", "float"), ("double", "double")),
        *(("__half", "float"), ("float", "__half")),
        *(("__nv_bfloat16", "float"), ("float", "__nv_bfloat16")),
    ),
)
_dots = Kernel("column_dots", "columns.cu")


def sum(x: Array, /, *, axis: Any = None, dtype: DType = None, keepdims: bool = False) -> Any:
    """Return the sum of a CuPy array over its first axis, or its first axes; decline all others.

    CuPy's own has a block for 32 columns, however many rows there are: for a bias of ten numbers
    under a million examples, one.
    """
    axes = axes_of(axis, x.ndim)
    if not axes or keepdims or dtype is not None:
        return NotImplemented
    count = len(axes)
    if axes != list(range(count)) or count == x.ndim or not _is_summable(x):
        return NotImplemented
    shape = x.shape[count:]
    y = _column_sums(x, math.prod(x.shape[:count]), math.prod(shape))
    return y if len(shape) == 1 else y.reshape(shape)


def column_sums(x: Array) -> Any:
    """Return the sum of a matrix over its rows.

    Args:
        x: CuPy array of shape (rows, columns), contiguous, of a data type of `C_TYPES`.

    Returns:
        Array of shape (columns,) and the data type of `x`; sums of 16 bits are computed in 32.
    """
    return _column_sums(x, *x.shape)


def column_dots(x: Array, y: Array) -> Any:
    """Return the sum of the product of two matrices over their rows: see `column_sums`.

    Args:
        x: CuPy array of shape (rows, columns), contiguous, of a data type of `C_TYPES`.
        y: another of the same shape and data type.
    """
    return summed(_dots[x.dtype], x, (x, y), *x.shape)


def _column_sums(x: Array, rows: int, columns: int) -> Any:
    return summed(_sums[(x.dtype, computed(x.dtype))], x, (x,), rows, columns)


def _is_summable(x: Array) -> bool:
    return x.flags.c_contiguous and x.dtype.name in C_TYPES


def summed(kernel: Instance, x: Array, arguments: Sequence[Any], rows: int, columns: int) -> Any:
    """Return the sums over rows that a kernel computes of chunks of them.

    Args:
        kernel: its last arguments are the sums of the chunks, in the type that is computed with,
            the rows, the columns, and how many chunks there are.
        x: an array of the kind, data type and device that the sums get.
        arguments: what the kernel takes before.
        rows: how many.
        columns: how many.
    """
    if not columns:
        return new(x, (0,))
    tiles, chunks = cut(rows, columns, x.dtype.itemsize)
    dtype = computed(x.dtype)
    parts = new(x, (chunks, columns), dtype)
    kernel(tiles * chunks, THREADS, (*arguments, parts, rows, columns, chunks))
    return total(parts, x.dtype)


def total(parts: Any, dtype: DType) -> Any:
    """Return the sum of the rows of a contiguous matrix, in a data type that it was computed for.

    A single row of that type is the sum, and is not copied.
    """
    chunks, columns = parts.shape
    if chunks == 1 and dtype == parts.dtype:
        return parts[0]
    tiles, _ = cut(chunks, columns, parts.dtype.itemsize)
    sums = new(parts, (columns,), dtype)
    _sums[(parts.dtype, dtype)](tiles, THREADS, (parts, sums, chunks, columns, 1))
    return sums


def cut(
    rows: int, columns: int, itemsize: int, *, one: int = _ROWS_OF_ONE, each: int = _ROWS
) -> tuple[int, int]:
    """Return into how many tiles of columns and chunks of rows a matrix is cut.

    Args:
        rows: of the matrix.
        columns: of it.
        itemsize: bytes of a number.
        one: how many rows a thread has at most where there is one chunk.
        each: how many it has at least where there are several.
    """
    in_vector = VECTOR_BYTES // itemsize
    units = columns if columns % in_vector else columns // in_vector
    tiles = -(-units // WIDEST)
    abreast = THREADS // -(-units // tiles)
    if rows <= abreast * one:
        return tiles, 1
    chunks = min(launch.driver.processors() * _BLOCKS // tiles, rows // (abreast * each))
    return tiles, max(chunks, 1)


def computed(dtype: DType) -> Any:
    """Return the data type that numbers of one are computed with."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype
