"""Softmax, its logarithm and log Σ eˣ: `cuda_kernels/softmax.cu`.

A row is read once, and kept in shared memory while it is waited for the sum over it. So softmax
moves each element twice, and its way back three times, which is the least; of rows too long to be
kept whole, the rest is read a second time. So it is with columns, along another axis than the last,
and none is copied.
"""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.kinds import Array
from gpugrad.kernels import middle, rows
from gpugrad.kernels.launch import Kernel, contiguous, is_like, new
from gpugrad.kernels.middle import around, stacks
from gpugrad.kernels.rows import place_of, teams

_softmax = Kernel("softmax", "softmax.cu", variants=rows.CHOICES, large_shared=True)
_softmax_back = Kernel("softmax_back", "softmax.cu", variants=rows.CHOICES, large_shared=True)
_logsumexp = Kernel("logsumexp", "softmax.cu", variants=rows.VARIANTS)

_softmax_middle = Kernel("softmax_middle", "softmax.cu", variants=middle.CHOICES, large_shared=True)
_softmax_back_middle = Kernel(
    "softmax_back_middle", "softmax.cu", variants=middle.CHOICES, large_shared=True
)
_logsumexp_middle = Kernel("logsumexp_middle", "softmax.cu", variants=middle.VARIANTS)


def softmax(x: Array, /, *, axis: Any = -1) -> Any:
    """Return the softmax of a CuPy array over one axis.

    Args:
        x: array of a data type of `C_TYPES`.
        axis: the axis; several are declined.
    """
    return _over(x, axis, False)


def masked_softmax(x: Array, /, *, axis: Any = -1) -> Any:
    """Return the same, but 0 where all along the axis is −∞."""
    place = place_of(axis, x)
    return NotImplemented if place is None else _softmax_along(x, place, False, masked=True)


def logsoftmax(x: Array, /, *, axis: Any = -1) -> Any:
    """Return the logarithm of the softmax of a CuPy array over one axis: see `softmax`."""
    return _over(x, axis, True)


def softmax_back(y: Array, dy: Array, axis: Any) -> Any:
    """Return y (dy − Σ y dy), the gradient of the argument of softmax.

    Args:
        y: CuPy array, what softmax returned.
        dy: its sensitivity, a CuPy array of the same shape and data type; all else is declined.
        axis: the axis.
    """
    return _back(y, dy, axis, False)


def logsoftmax_back(y: Array, dy: Array, axis: Any) -> Any:
    """Return dy − eʸ Σ dy, the gradient of the argument of logsoftmax: see `softmax_back`."""
    return _back(y, dy, axis, True)


def logsumexp(
    a: Array, axis: Any = None, b: Array = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log Σ eᵃ over one axis of a CuPy array; decline factors `b` and several axes."""
    place = place_of(axis, a)
    if place is None or b is not None or return_sign:
        return NotImplemented
    x = contiguous(a)
    y = new(x, _without(x.shape, place, keepdims=keepdims))
    _launch((_logsumexp, _logsumexp_middle), (), (x, y), around(x.shape, place), kept=0)
    return y


def logsumexp_back(a: Array, dy: Array, axis: Any, keepdims: bool) -> Any:
    """Return dy eᵃ / Σ eᵃ, the gradient of the argument of logsumexp.

    Infinite terms, if they are the greatest, alone count.

    Args:
        a: CuPy array, the argument.
        dy: the sensitivity of the result, a CuPy array of its shape and the data type of `a`; all
            else is declined.
        axis: the axis.
        keepdims: whether `dy` has that axis, of length 1.
    """
    place = place_of(axis, a)
    if place is None or not is_like(dy, a, _without(a.shape, place, keepdims=keepdims)):
        return NotImplemented
    return _softmax_along(a, place, False, contiguous(dy))


def _over(x: Array, axis: Any, logarithm: bool) -> Any:
    place = place_of(axis, x)
    return NotImplemented if place is None else _softmax_along(x, place, logarithm)


def _softmax_along(
    x: Array, place: int, logarithm: bool, factor: Any = 0, masked: bool = False
) -> Any:
    x = contiguous(x)
    y = new(x, x.shape)
    kernels = _softmax, _softmax_middle
    arguments = (x, factor, y, int(masked))
    _launch(kernels, (logarithm,), arguments, around(x.shape, place), kept=1)
    return y


def _back(y: Array, dy: Array, axis: Any, logarithm: bool) -> Any:
    place = place_of(axis, y)
    if place is None or not is_like(dy, y, y.shape):
        return NotImplemented
    y, dy = contiguous(y), contiguous(dy)
    dx = new(y, y.shape)
    kernels = _softmax_back, _softmax_back_middle
    _launch(kernels, (logarithm,), (y, dy, dx), around(y.shape, place), kept=2)
    return dx


def _launch(
    kernels: tuple[Kernel, Kernel],
    choice: tuple[bool, ...],
    arrays: tuple[Any, ...],
    sizes: tuple[int, int, int],
    kept: int,
) -> None:
    """Launch the kernel for rows, or the one for columns: see `around` and `stacks`."""
    dtype, (outer, length, inner) = arrays[0].dtype, sizes
    if inner == 1:
        found = teams(outer, length * dtype.itemsize, kept)
        kernel = kernels[0][(dtype, *choice, found.team)]
        numbers: tuple[int, ...] = outer, length
    else:
        found = stacks(sizes, arrays, kept)
        kernel = kernels[1][(dtype, *choice, found.size)]
        numbers = *sizes, found.width
    capacity = (found.capacity,) if kept else ()
    kernel(found.blocks, found.threads, (*arrays, *numbers, *capacity), found.shared)


def _without(shape: tuple[int, ...], place: int, *, keepdims: bool) -> tuple[int, ...]:
    return (*shape[:place], *((1,) if keepdims else ()), *shape[place + 1 :])
