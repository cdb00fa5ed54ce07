"""How rows are shared out among warps and blocks: the host's side of `cuda_kernels/rows.cuh`."""

from __future__ import annotations

from typing import Any, NamedTuple

from gpugrad.dispatch.kinds import Array
from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, FLOATS, VECTOR_BYTES, axes_of, contiguous

WARP = 32
ALL_THREADS = 1024  # as in rows.cuh; it is the most, too
TEAMS = (1, WARP, ALL_THREADS)
_THREADS = 256  # of a block that has several teams
# Who takes a row of up to so many bytes: of warps, eight keep theirs in less shared memory than
# needs asking for, and a multiprocessor has room for many such blocks.
_THREAD_BYTES, _WARP_BYTES = 128, 4096
_VECTORS = 4  # that a thread has at least, until its block is of the greatest size
_STATIC_BYTES = 2048  # at most, for the reductions over a block
_BLOCKS = 32  # for each multiprocessor: enough to go on with while one waits
_LONGEST = 2**30  # elements of a row: the kernels count them by 32 bits
_LONG_COLUMN = 8192  # that one block takes longer for than several launches on the whole device

VARIANTS = tuple((c_type, team) for c_type in FLOATS for team in TEAMS)
CHOICES = tuple((c_type, is_so, team) for c_type, team in VARIANTS for is_so in (False, True))


class Teams(NamedTuple):
    """Who works on the rows of a matrix, and what they keep of them.

    Attributes:
        team: whether a thread, a warp or a block has a row to itself: one of `TEAMS`.
        blocks: how many there are.
        threads: how many a block has.
        capacity: how many vectors of each matrix a thread keeps in shared memory.
        shared: how many bytes of it a block needs for that.
    """

    team: int
    blocks: int
    threads: int
    capacity: int
    shared: int


def teams(rows: int, row_bytes: int, kept: int) -> Teams:
    """Return who works on rows of so many bytes, of which those of some matrices are kept."""
    vectors = row_bytes // VECTOR_BYTES
    capacity = 0
    if row_bytes <= _THREAD_BYTES:  # read again, a row is still in the L1 cache
        team, threads = 1, _THREADS
    elif row_bytes * max(kept, 1) <= _WARP_BYTES:
        team, threads = WARP, _THREADS
        capacity = -(-vectors // WARP) if kept else 0
    else:
        team = ALL_THREADS
        threads = min(max(-(-vectors // (_VECTORS * WARP)), 4) * WARP, ALL_THREADS)
        if kept:
            room = launch.driver.shared_limit() - _STATIC_BYTES
            capacity = min(-(-vectors // threads), room // (kept * threads * VECTOR_BYTES))
    members = max(threads // team, 1)
    blocks = min(-(-rows // members), _BLOCKS * launch.driver.processors())
    return Teams(team, blocks, threads, capacity, threads * kept * capacity * VECTOR_BYTES)


def place_of(axis: Any, x: Array) -> int | None:
    """Return which axis of `x` its rows lie along, None where no kernel takes them.

    That is so of an axis that is none, of several axes, of other data types, where there are no
    elements, or rows of very many, and where a few long columns would leave the device idle: of a
    column there is one block.
    """
    places = axes_of(axis, x.ndim)
    if x.dtype.name not in C_TYPES or x.size == 0 or places is None or len(places) != 1:
        return None
    (place,) = places
    length = x.shape[place]
    is_column = place < x.ndim - 1
    if is_column and length > _LONG_COLUMN and x.size // length < launch.driver.processors():
        return None
    return place if length <= _LONGEST else None


def rows_of(x: Array, place: int) -> Any:
    """Return an array whose rows lie behind each other in memory: a copy, unless `x` is such."""
    if place != x.ndim - 1:
        x = x.transpose(*_others(x, place), place)
    return contiguous(x)


def rows_back(y: Array, place: int) -> Any:
    """Return an array of rows with their axis back where it belongs."""
    if place == y.ndim - 1:
        return y
    order = list(range(y.ndim - 1))
    order.insert(place, y.ndim - 1)
    return y.transpose(*order).copy()


def _others(x: Array, place: int) -> list[int]:
    return [axis for axis in range(x.ndim) if axis != place]
