"""NumPy's sum and max, by faster ways for the small matrices of small networks.

NumPy 2.4 reduces a matrix of 200 × 16 over its rows in 4.2 µs; a product with ones takes 1.1 µs.
One of 200 × 2 over its columns takes 4.6 µs (the maximum 7.9 µs); combining the columns, 1.0 µs.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

_SHORT = 8  # columns; a longer row is reduced faster, and more exactly, by NumPy's pairwise sum
_MOST_ROWS = 65536


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return what np.sum does."""
    if type(x) is np.ndarray and x.ndim == 2 and dtype is None and x.dtype.char in "fd":
        over = _only_axis(axis)
        rows, columns = x.shape
        if over == 0 and 1 < rows <= _MOST_ROWS:
            y = _ones(rows, x.dtype.char) @ x
            return y[None] if keepdims else y
        if over == 1 and 1 < columns <= _SHORT:
            return _across(np.add, x, keepdims)
    return np.add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Return what np.max does."""
    if type(x) is np.ndarray and x.ndim == 2 and _only_axis(axis) == 1 and 1 < x.shape[1] <= _SHORT:
        return _across(np.maximum, x, keepdims)
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


def _only_axis(axis: Any) -> int | None:
    """Return the one axis of a matrix that is reduced, None where it is not one."""
    if type(axis) is tuple:
        axis = axis[0] if len(axis) == 1 else None
    return _AXES.get(axis)


_AXES = {0: 0, 1: 1, -1: 1, -2: 0}


def _across(f: np.ufunc, x: Any, keepdims: bool) -> Any:
    y = f(x[:, 0], x[:, 1])
    for i in range(2, x.shape[1]):
        y = f(y, x[:, i])
    return y[:, None] if keepdims else y


@functools.lru_cache(maxsize=64)
def _ones(n: int, char: str) -> Any:
    return np.ones(n, char)
