"""How columns are shared out among blocks: the host's side of `cuda_kernels/middle.cuh`.

An array is seen as (outer, length, inner), with the axis in the middle, and a column lies along it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from gpugrad.kernels import launch
from gpugrad.kernels.launch import FLOATS, VECTOR_BYTES

_THREADS = 256  # of a block; this and the next one as in middle.cuh
_RESIDENT = 3
_PIECES = 8  # of a column that a thread has at most, until a block has no more threads for it
_LINE_BYTES = 128  # of a cache: a block reads so many beside each other, where there are so many
_OTHER_BYTES = 10240  # that a block takes of shared memory besides, at most
_BLOCKS = 32  # for each multiprocessor: enough to go on with while one waits

_VECTORS = (8, 8, 4, 2)  # numbers in one, of each of `FLOATS`
VARIANTS = tuple(
    (c_type, size) for c_type, vector in zip(FLOATS, _VECTORS, strict=True) for size in (vector, 1)
)
CHOICES = tuple((c_type, is_so, size) for c_type, size in VARIANTS for is_so in (False, True))


class Stacks(NamedTuple):
    """Who works on the columns of an array, and what they keep of them.

    Attributes:
        size: how many neighbouring columns a thread reads at once: a vector of them, or one.
        blocks: how many there are.
        threads: how many a block has.
        width: how many units of such columns a block has.
        capacity: how many units of a row of each array a thread keeps in shared memory.
        shared: how many bytes of it a block needs for that.
    """

    size: int
    blocks: int
    threads: int
    width: int
    capacity: int
    shared: int


def around(shape: tuple[int, ...], place: int) -> tuple[int, int, int]:
    """Return how many elements the axes before a place have, the axis there, and those behind."""
    return math.prod(shape[:place]), shape[place], math.prod(shape[place + 1 :])


def stacks(sizes: tuple[int, int, int], arrays: Iterable[Any], kept: int) -> Stacks:
    """Return who works on columns, of which those of some arrays are kept.

    Args:
        sizes: see `around`.
        arrays: those that are read or written, of one data type; numbers among them are none.
        kept: of how many arrays columns are read twice.
    """
    outer, length, inner = sizes
    given = [x for x in arrays if type(x) is not int]
    itemsize = given[0].itemsize
    size = VECTOR_BYTES // itemsize
    if inner % size or any(x.data.ptr % VECTOR_BYTES for x in given):
        size = 1
    units, unit_bytes = outer * inner // size, size * itemsize
    processors = launch.driver.processors()

    # Few units are spread over the multiprocessors, and then what a block has may be narrower.
    widest = min(_LINE_BYTES // unit_bytes, _power_below(max(units // processors, 1)))
    narrow = min(_power_above(inner // size), widest)
    members = min(_power_above(-(-length // _PIECES)), _THREADS // narrow)  # who have a unit
    width = _THREADS // members

    capacity, piece_bytes = 0, kept * _THREADS * unit_bytes
    if kept:
        room = max(launch.driver.shared_limit() // _RESIDENT - _OTHER_BYTES, 0)
        capacity = min(-(-length // members), room // piece_bytes)
    blocks = min(-(-units // width), _BLOCKS * processors)
    return Stacks(size, blocks, _THREADS, width, capacity, capacity * piece_bytes)


def _power_above(count: int) -> int:
    """Return the least power of 2 that is not less."""
    return 1 << (count - 1).bit_length()


def _power_below(count: int) -> int:
    """Return the greatest power of 2 that is not more."""
    return 1 << (count.bit_length() - 1)
