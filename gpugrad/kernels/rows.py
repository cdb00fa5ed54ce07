"""How rows are shared out among warps and blocks: the host's side of `cuda_kernels/rows.cuh`."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, FLOATS, VECTOR_BYTES

WARP = 32
# A warp takes a row of so many bytes: eight warps keep theirs in less shared memory than needs
# asking for, and a multiprocessor has room for many such blocks.
_WARPS, _WARP_BYTES = 8, 4096
_MAX_THREADS = 1024
_VECTORS = 4  # that a thread has at least, until its block is of the greatest size
_STATIC_BYTES = 2048  # at most, for the reductions over a block
_BLOCKS = 32  # for each multiprocessor: enough to go on with while one waits

VARIANTS = tuple((c_type, is_block) for c_type in FLOATS for is_block in (False, True))
CHOICES = tuple((t, choice, is_block) for t, is_block in VARIANTS for choice in (False, True))


class Teams(NamedTuple):
    """Who works on the rows of a matrix, and what they keep of them.

    Attributes:
        is_block: whether a block has a row to itself; else each of its warps has.
        blocks: how many there are.
        threads: how many a block has.
        capacity: how many vectors of each matrix are kept in shared memory.
        shared: how many bytes of it a block needs for that.
    """

    is_block: bool
    blocks: int
    threads: int
    capacity: int
    shared: int


def teams(rows: int, row_bytes: int, kept: int) -> Teams:
    """Return who works on rows of so many bytes, of which some matrices' are kept."""
    vectors = row_bytes // VECTOR_BYTES
    is_block = row_bytes * max(kept, 1) > _WARP_BYTES
    if is_block:
        threads = -(-vectors // (_VECTORS * WARP)) * WARP
        threads = min(max(threads, 4 * WARP), _MAX_THREADS)
        members = 1
        if kept:
            room = launch.driver.shared_limit() - _STATIC_BYTES
            vectors = min(vectors, room // (kept * VECTOR_BYTES))
    else:
        threads, members = _WARPS * WARP, _WARPS
    capacity = vectors if kept else 0
    blocks = min(-(-rows // members), _BLOCKS * launch.driver.processors())
    return Teams(is_block, blocks, threads, capacity, members * kept * capacity * VECTOR_BYTES)


def place_of(axis: Any, x: Any) -> int | None:
    """Return which axis of `x` its rows lie along, None where no kernel takes them.

    That is so of an axis that is none, of several axes, of other data types, and of no elements.
    """
    try:
        place = operator.index(axis)
    except TypeError:
        return None
    ndim = x.ndim
    if x.dtype.name not in C_TYPES or x.size == 0 or not -ndim <= place < ndim:
        return None
    return place % ndim


def rows_of(x: Any, place: int) -> Any:
    """Return an array whose rows lie behind each other in memory: a copy, unless `x` is such."""
    if place != x.ndim - 1:
        x = x.transpose(*_others(x, place), place)
    return x if x.flags.c_contiguous else x.copy()


def rows_back(y: Any, place: int) -> Any:
    """Return an array of rows with their axis back where it belongs."""
    if place == y.ndim - 1:
        return y
    order = list(range(y.ndim - 1))
    order.insert(place, y.ndim - 1)
    return y.transpose(*order).copy()


def _others(x: Any, place: int) -> list[int]:
    return [axis for axis in range(x.ndim) if axis != place]
