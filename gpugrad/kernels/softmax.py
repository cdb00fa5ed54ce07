"""Softmax, its logarithm and log Σ eˣ: `cuda_kernels/softmax.cu`.

A row is read once, and kept in shared memory while it is waited for the sum over it. So softmax
moves each element twice, and its way back three times, which is the least; of rows too long to be
kept whole, the rest is read a second time.
"""

from __future__ import annotations

from typing import Any

from gpugrad.kernels.launch import Kernel, contiguous, is_like, new
from gpugrad.kernels.rows import CHOICES, VARIANTS, place_of, rows_back, rows_of, teams

_softmax = Kernel("softmax", "softmax.cu", variants=CHOICES, large_shared=True)
_softmax_back = Kernel("softmax_back", "softmax.cu", variants=CHOICES, large_shared=True)
_logsumexp = Kernel("logsumexp", "softmax.cu", variants=VARIANTS)


def softmax(x: Any, /, *, axis: Any = -1) -> Any:
    """Return the softmax of a CuPy array over one axis.

    Args:
        x: array of a data type of `C_TYPES`.
        axis: the axis; several are declined.
    """
    return _over_rows(x, axis, False)


def logsoftmax(x: Any, /, *, axis: Any = -1) -> Any:
    """Return the logarithm of the softmax of a CuPy array over one axis: see `softmax`."""
    return _over_rows(x, axis, True)


def softmax_back(y: Any, dy: Any, axis: Any) -> Any:
    """Return y (dy − Σ y dy), the gradient of the argument of softmax.

    Args:
        y: CuPy array, what softmax returned.
        dy: its sensitivity, a CuPy array of the same shape and data type; all else is declined.
        axis: the axis.
    """
    return _back(y, dy, axis, False)


def logsoftmax_back(y: Any, dy: Any, axis: Any) -> Any:
    """Return dy − eʸ Σ dy, the gradient of the argument of logsoftmax: see `softmax_back`."""
    return _back(y, dy, axis, True)


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log Σ eᵃ over one axis of a CuPy array; decline factors `b` and several axes."""
    place = place_of(axis, a)
    if place is None or b is not None or return_sign:
        return NotImplemented
    shape = _without(a.shape, place, keepdims=keepdims)
    x = rows_of(a, place)
    y = new(a, shape)
    columns = x.shape[-1]
    found = teams(y.size, columns * x.itemsize, 0)
    _logsumexp[x.dtype, found.team](
        found.blocks, found.threads, (x, y, y.size, columns), found.shared
    )
    return y


def logsumexp_back(a: Any, dy: Any, axis: Any, keepdims: bool) -> Any:
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
    return _softmax_of_rows(a, place, False, contiguous(dy))


def _over_rows(x: Any, axis: Any, logarithm: bool) -> Any:
    place = place_of(axis, x)
    if place is None:
        return NotImplemented
    return _softmax_of_rows(x, place, logarithm)


def _softmax_of_rows(x: Any, place: int, logarithm: bool, factor: Any = 0) -> Any:
    x = rows_of(x, place)
    y = new(x, x.shape)
    columns = x.shape[-1]
    rows = x.size // columns
    found = teams(rows, columns * x.itemsize, 1)
    _softmax[x.dtype, logarithm, found.team](
        found.blocks, found.threads, (x, factor, y, rows, columns, found.capacity), found.shared
    )
    return rows_back(y, place)


def _back(y: Any, dy: Any, axis: Any, logarithm: bool) -> Any:
    place = place_of(axis, y)
    if place is None or not is_like(dy, y, y.shape):
        return NotImplemented
    y, dy = rows_of(y, place), rows_of(dy, place)
    dx = new(y, y.shape)
    columns = y.shape[-1]
    rows = y.size // columns
    found = teams(rows, columns * y.itemsize, 2)
    _softmax_back[y.dtype, logarithm, found.team](
        found.blocks, found.threads, (y, dy, dx, rows, columns, found.capacity), found.shared
    )
    return rows_back(dx, place)


def _without(shape: tuple[int, ...], place: int, *, keepdims: bool) -> tuple[int, ...]:
    return (*shape[:place], *((1,) if keepdims else ()), *shape[place + 1 :])
