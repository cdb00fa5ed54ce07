"""What arguments must be, and the data types that are computed with: shared by several subjects."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.kinds import Array, DType, kind_of, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError


def axis_length(name: str, x: Array, axis: int) -> int:
    """Return how long an axis is; raise ArgumentError where there is none."""
    shape = shape_of(x)
    if not -len(shape) <= axis < len(shape):
        raise ArgumentError(f"{name}: an array of shape {shape} has no axis {axis}")
    return shape[axis]


def check_floating(name: str, x: Array) -> None:
    """Raise ArgumentError for an array of integers, in which fractions would be lost."""
    if kind_of(x) not in "fc":
        raise ArgumentError(
            f"{name}: expected an array of floating values, got {x.dtype}. Write "
            f"xp.astype(x, float)"
        )


def as_dtype(x: Array, dtype: DType) -> Any:
    """Return an array as one of NumPy's or Python's data type."""
    library = libraries.library_of(plain(x)) or NUMPY
    return F.astype(x, library.dtype(dtype))


def widened(x: Array) -> Any:
    """Return what has 16 bits as float32: the square of 300 is no number of float16."""
    bytes_each = getattr(getattr(x, "dtype", None), "itemsize", None)
    return as_dtype(x, np.float32) if bytes_each == 2 else x


def narrowed(y: Array, x: Array) -> Any:
    """Return what was computed of `widened(x)` in the data type of `x`, if that is floating."""
    return F.astype(y, x.dtype) if widened(x) is not x and kind_of(x) == "f" else y
