"""Standardised rows, scaled and shifted, and their gradients: `cuda_kernels/normalisation.cu`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import Array, DType
from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, FLOATS, VECTOR_BYTES, Kernel, axes_of, contiguous, new

WARP = 32
MAX_THREADS = 1024  # this and the next one as in the kernels
WARP_TEAMS = 4
PAIR_THREADS = 512  # of a block, of which a multiprocessor has room for two
LONGEST = 2**30  # elements of a row: the kernels count them by 32 bits
_OTHER_SHARED = 1024  # bytes that the kernels may have besides
_RESIDENT = 1024  # threads that a multiprocessor holds, of the registers that these kernels take


def _vector(dtype: DType) -> int:
    """Return how many numbers are read at once, where arrays are aligned."""
    return VECTOR_BYTES // dtype.itemsize


def _pieces(dtype: DType) -> int:
    """Return how many vectors of a row a thread keeps: up to 16 numbers, which are 32 registers."""
    return 2 if dtype.itemsize == 2 else 4


# How many pieces of a row a thread keeps, and by how many threads at most it is shared.
Division = tuple[int, int]


def _divisions(dtype: DType) -> list[Division]:
    """Return how a row may be divided, the best first.

    That is into pieces for two blocks on a multiprocessor, of which one goes on where the threads
    of the other wait for each other.
    """
    pieces = _pieces(dtype)
    return [(pieces, PAIR_THREADS), (pieces * 3 // 2, PAIR_THREADS), (pieces, MAX_THREADS)]


def _backward_divisions(dtype: DType, pairs: bool) -> list[Division]:
    """Return how two rows may be divided: there are registers for more pieces of 16 bits alone.

    Args:
        dtype: theirs.
        pairs: whether there is shared memory for two blocks.
    """
    more = pairs and dtype.itemsize == 2
    return _divisions(dtype) if more else [(_pieces(dtype), MAX_THREADS)]


def _variants(name: str, dtype: DType, divisions: list[Division]) -> list[Any]:
    """Return a type, how many numbers are read at once, how many times, and if by blocks."""
    size = _vector(dtype)
    kept = [(name, size, pieces, True) for pieces in sorted({pieces for pieces, _ in divisions})]
    return [(name, size, _pieces(dtype), False), *kept, (name, 1, 0, False), *_not_kept(name, size)]


def _not_kept(name: str, size: int) -> list[Any]:
    return [(name, size, 0, True), (name, 1, 0, True)]


def _backward_variants(name: str, dtype: DType) -> list[Any]:
    """Return such variants, and whether sums are in shared memory; else rows are not kept."""
    in_shared = _variants(name, dtype, _backward_divisions(dtype, pairs=True))
    elsewhere = _not_kept(name, _vector(dtype))
    return [*[(*v, True) for v in in_shared], *[(*v, False) for v in elsewhere]]


_DTYPES = (np.dtype(np.float16), np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))
_TYPES = tuple(zip(FLOATS, _DTYPES, strict=True))
_forward = Kernel(
    "standardise_rows",
    "normalisation.cu",
    variants=[v for name, dtype in _TYPES for v in _variants(name, dtype, _divisions(dtype))],
)
_backward = Kernel(
    "standardise_rows_back",
    "normalisation.cu",
    variants=[v for name, dtype in _TYPES for v in _backward_variants(name, dtype)],
    large_shared=True,
)
_totals = Kernel("standardise_totals", "normalisation.cu")


class Rows:
    """An array of CuPy's as rows to be standardised, and what these are scaled and shifted by.

    Attributes:
        x: the array, contiguous.
        weight: an array of the length of a row, contiguous, or None.
        bias: another one, or None.
        shape: that of a row: the last axes.
        count: how many rows there are.
        length: how many elements a row has.
        dtype: the data type to compute with.
    """

    def __init__(self, x: Array, weight: Array, bias: Array, axes: int) -> None:
        self.x = contiguous(x)
        self.weight = None if weight is None else contiguous(weight)
        self.bias = None if bias is None else contiguous(bias)
        self.shape = x.shape[x.ndim - axes :]
        self.length = math.prod(self.shape)
        self.count = x.size // self.length
        self.dtype = np.dtype(np.float32) if x.dtype.itemsize == 2 else x.dtype


class Plan:
    """How a kernel goes about rows.

    Args:
        rows: what it is given.
        arrays: all that it reads or writes as rows.
        divisions: how rows that are kept may be divided.
        widest: how many threads share a row that is not.

    Attributes:
        size: how many numbers it reads at once.
        pieces: how many times, if what is read is kept.
        width: how many threads share a row.
        teams: how many rows a block has at once.
        threads: how many a block has.
        variant: the kernel's template arguments.
    """

    def __init__(
        self, rows: Rows, *arrays: Any, divisions: list[Division], widest: int = PAIR_THREADS
    ) -> None:
        dtype, length = rows.x.dtype, rows.length
        addresses = [x.data.ptr for x in arrays if x is not None]
        self.size = _vector(dtype)
        if length % self.size or any(p % VECTOR_BYTES for p in addresses):
            self.size = 1
        vectors = -(-length // _vector(dtype))
        enough = (division for division in divisions if vectors <= math.prod(division))
        pieces, most = next(enough, (0, widest))
        self.pieces = pieces if self.size > 1 else 0
        self.width = min(_rounded_up(-(-vectors // max(pieces, 1)), WARP), most)
        if not self.pieces:
            self.width = min(self.width, widest)
        self.teams = WARP_TEAMS if self.width == WARP else 1
        self.threads = self.teams * self.width
        self.variant = (dtype, self.size, self.pieces, self.teams == 1)
        self.rows = rows

    def blocks(self, shared: int = 0) -> int:
        """Return how many blocks there are, which have so many bytes of shared memory each."""
        resident = _RESIDENT // self.threads
        if shared:
            resident = max(min(resident, launch.driver.shared_limit() // shared), 1)
        return min(-(-self.rows.count // self.teams), launch.driver.processors() * resident)

    @property
    def slots(self) -> int:
        """How many places a team's sums take, of which each thread has its own."""
        return _rounded_up(self.rows.length, self.width * self.size)

    @property
    def sum_bytes(self) -> int:
        """How many bytes a block's sums are, for two gradients."""
        return 2 * self.slots * self.rows.dtype.itemsize * self.teams


def rows_of(x: Array, weight: Array, bias: Array, axis: Any) -> Rows | None:
    """Return `x` as rows, or None where the kernels do not take such arguments.

    They take last axes alone, and one data type for all.
    """
    places = axes_of(axis, x.ndim)
    parameters = [p for p in (weight, bias) if p is not None]
    if not (
        x.dtype.name in C_TYPES
        and x.size
        and places
        and places == [*range(x.ndim - len(places), x.ndim)]
        and all(type(p) is type(x) and p.dtype == x.dtype for p in parameters)
    ):
        return None
    rows = Rows(x, weight, bias, len(places))
    fits = rows.length <= LONGEST and all(p.size == rows.length for p in parameters)
    return rows if fits else None


def standardised(
    rows: Rows, *, epsilon: float, centre: bool, keep: bool = False
) -> tuple[Any, Any, Any]:
    """Return the standardised rows and, to `keep` for the gradient, their means and scales.

    The means are None without `centre`.
    """
    x, count = rows.x, rows.count
    y = new(x, x.shape)
    means = new(x, (count,), rows.dtype) if keep and centre else None
    scales = new(x, (count,), rows.dtype) if keep else None
    plan = Plan(rows, x, rows.weight, rows.bias, y, divisions=_divisions(x.dtype))
    arrays = map(_address, (x, rows.weight, rows.bias, y, means, scales))
    numbers = count, rows.length, float(epsilon), int(centre)
    _forward[plan.variant](plan.blocks(), plan.threads, (*arrays, *numbers))
    return y, means, scales


def standardised_back(
    rows: Rows, dy: Array, means: Any, scales: Any, needs: tuple[bool, bool, bool]
) -> tuple[Any, Any, Any]:
    """Return the gradients of the array, the weight and the bias, None where `needs` says so.

    Args:
        rows: what was standardised.
        dy: the sensitivity, an array like `rows.x`.
        means: of the rows, or None where they were left as they are.
        scales: of the rows.
        needs: which gradients are wanted.
    """
    x, weight, count, length = rows.x, rows.weight, rows.count, rows.length
    dy = contiguous(dy)
    dx = new(x, x.shape) if needs[0] else None
    dweight, dbias = (new(x, rows.shape) if need else None for need in needs[1:])
    summed = needs[1] or needs[2]
    plan, in_shared = _backward_plan(rows, x, weight, dy, dx, summed=summed)
    shared = plan.sum_bytes if summed and in_shared else 0
    blocks = plan.blocks(shared)
    sums = new(x, (blocks, 2, plan.slots), rows.dtype) if summed else None
    arrays = map(_address, (x, weight, dy, means, scales, dx, sums))
    kernel = _backward[(*plan.variant, in_shared)]
    kernel(blocks, plan.threads, (*arrays, count, length, plan.slots), shared)
    if sums is not None:
        lanes = VECTOR_BYTES // rows.dtype.itemsize if in_shared and plan.size > 1 else 1
        arrays = map(_address, (sums, dweight, dbias))
        numbers = blocks, plan.slots, length, plan.width, plan.size, lanes
        _totals[x.dtype](-(-2 * plan.slots // WARP), WARP * WARP, (*arrays, *numbers))
    return dx, dweight, dbias


def _backward_plan(rows: Rows, *arrays: Any, summed: bool) -> tuple[Plan, bool]:
    """Return how the gradients are computed, and whether their sums are made in shared memory."""
    limit = launch.driver.shared_limit()
    of_row = 2 * rows.length * rows.dtype.itemsize  # bytes of sums
    pairs = not summed or 2 * (of_row + _OTHER_SHARED) <= limit
    divisions = _backward_divisions(rows.x.dtype, pairs)
    widest = PAIR_THREADS if pairs else MAX_THREADS
    plan = Plan(rows, *arrays, divisions=divisions, widest=widest)
    if not summed or plan.sum_bytes + _OTHER_SHARED <= limit:
        return plan, True
    return Plan(rows, *arrays, divisions=[]), False


def _address(x: Array) -> Any:
    return 0 if x is None else x


def _rounded_up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def standardise(x: Array, /, *, axis: Any = -1, epsilon: float = 1e-5, centre: bool = True) -> Any:
    """Return (x − μ) / √(σ² + ε) over the last axes of a CuPy array; decline all else."""
    return standardise_affine(x, None, None, axis=axis, epsilon=epsilon, centre=centre)


def standardise_affine(
    x: Array, weight: Array, bias: Array, /, *, axis: Any, epsilon: float, centre: bool
) -> Any:
    """Return the same, times the weight plus the bias."""
    rows = rows_of(x, weight, bias, axis)
    return standardised(rows, epsilon=epsilon, centre=centre)[0] if rows else NotImplemented
