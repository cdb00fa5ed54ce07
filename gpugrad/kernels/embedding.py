"""Rows of a table by their numbers, and back: `cuda_kernels/embedding.cu`.

A negative number counts from the end. A number out of range takes a row of NaN and adds to none, so
that it is seen without waiting for the device; CuPy's own functions wrap it around, silently.

The sums of `scatter_add` are made by atomic additions, in an order that is not the same in each
run, and so not to the last bit either. Where very many rows go to few places, they wait for each
other.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array, Index
from gpugrad.kernels import launch
from gpugrad.kernels.columns import computed
from gpugrad.kernels.launch import C_TYPES, Kernel, contiguous, new

_THREADS = 256
_BLOCKS = 16  # for a multiprocessor, which holds 8
_BATCH = 4  # as in embedding.cu

_INDICES = {"int32": "int", "int64": "long long"}
_VARIANTS = tuple((number, index) for number in C_TYPES.values() for index in _INDICES.values())

_gather_rows = Kernel("gather_rows", "embedding.cu", variants=_VARIANTS)
_scatter_add_rows = Kernel("scatter_add_rows", "embedding.cu", variants=_VARIANTS)


def getitem(x: Array, index: Index) -> Any:
    """Return x[index] where that takes rows of a CuPy array by an array of numbers."""
    return gather_rows(x, index) if _numbers_rows(x, index) else NotImplemented


def take(x: Array, indices: Any, /, *, axis: int | None = None, **options: Any) -> Any:
    """Return rows of a CuPy array by their numbers; decline other axes than the first."""
    if options or (axis is None and x.ndim != 1) or (axis or 0) not in (0, -x.ndim):
        return NotImplemented
    return gather_rows(x, indices) if _numbers_rows(x, indices) else NotImplemented


def scatter_add(values: Any, index: Index, shape: tuple[int, ...]) -> Any:
    """Return zeros of a shape to which rows were added, by an array of their numbers."""
    if type(index) is tuple and len(index) == 1:
        (index,) = index
    if not _numbers_rows(values, index):
        return NotImplemented
    return scatter_add_rows(values, index, shape)


def gather_rows(table: Any, indices: Any) -> Any:
    """Return the rows of a table that have the given numbers.

    Args:
        table: CuPy array of shape (rows, *rest) and a data type of `C_TYPES`, whose rows are each
            contiguous; else NotImplemented is returned.
        indices: CuPy array of int32 or int64, of any shape.

    Returns:
        Array of shape (*indices.shape, *rest).
    """
    stride = _row_stride(table)
    if stride is None or table.dtype.name not in C_TYPES or not table.shape[0]:
        return NotImplemented
    indices = contiguous(indices)
    rest = table.shape[1:]
    y = new(table, (*indices.shape, *rest))
    count, width = indices.size, math.prod(rest)
    _gather_rows[(table.dtype, _INDICES[indices.dtype.name])](
        _blocks(count, width),
        _THREADS,
        (table, indices, y, table.shape[0], stride, count, width),
    )
    return y


def scatter_add_rows(values: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of a shape to which rows were added at the places of their numbers.

    Args:
        values: CuPy array of shape (*indices.shape, *rest) and a data type of `C_TYPES`; else
            NotImplemented is returned. Sums of 16 bits are computed in 32.
        indices: CuPy array of int32 or int64.
        shape: (rows, *rest).
    """
    if values.dtype.name not in C_TYPES or values.shape != (*indices.shape, *shape[1:]):
        return NotImplemented
    dtype = computed(values.dtype)
    table = cupy_library().modules[1].zeros(shape, dtype)
    count, width = indices.size, math.prod(shape[1:])
    _scatter_add_rows[(values.dtype, _INDICES[indices.dtype.name])](
        _blocks(count, width),
        _THREADS,
        (contiguous(values), contiguous(indices), table, shape[0], count, width),
    )
    return table if dtype == values.dtype else table.astype(values.dtype)


def _numbers_rows(x: Array, index: Index) -> bool:
    return type(index) is type(x) and index.dtype.name in _INDICES


def _row_stride(x: Array) -> int | None:
    """Return how many elements lie between the beginnings of rows, None where rows have gaps."""
    if not x.ndim:
        return None
    if x.flags.c_contiguous:
        return math.prod(x.shape[1:])
    length = x.dtype.itemsize
    for n, stride in zip(x.shape[:0:-1], x.strides[:0:-1], strict=True):
        if n != 1 and stride != length:
            return None
        length *= n
    elements, rest = divmod(x.strides[0], x.dtype.itemsize)
    return None if rest else elements


def _blocks(count: int, width: int) -> int:
    """Return how many blocks there are for rows that are as wide as that; 0 where nothing is."""
    lanes = min(1 << (width - 1).bit_length(), 32) if width else 0
    return min(-(-count * lanes // (_THREADS * _BATCH)), launch.driver.processors() * _BLOCKS)
