"""numpy.pad: more elements before and after, along each axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.levels import LevelValue, plain
from gpugrad.errors import ArgumentError
from gpugrad.functions.ordering import median
from gpugrad.functions.shaping import take_places

_STATISTICS: dict[str, Any] = {"maximum": F.max, "mean": F.mean, "median": median, "minimum": F.min}


@_composite()
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """Return an array with more elements before and after, along each axis.

    Args:
        array: array of any shape.
        pad_width: how many: one number for all ends, (before, after), or such a pair for each axis;
            or a dict of them by axis.
        mode: "constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect",
            "symmetric", "wrap" or "empty".
        kwargs: NumPy's options: constant_values, end_values, stat_length, reflect_type. Values for
            the padding may be recorded.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> gg.grad(lambda x: np.sum(np.pad(x, (0, 2), "edge")))(np.array([1.0, 2.0]))
        array([1., 3.])
    """
    ndim = len(array.shape)
    for axis, width in enumerate(_pairs(_by_axis(pad_width, ndim), ndim)):
        if any(width):
            array = _padded(array, axis, (int(width[0]), int(width[1])), mode, kwargs)
    return array


def _by_axis(pad_width: Any, ndim: int) -> Any:
    if not isinstance(pad_width, dict):
        return pad_width
    widths: list[Any] = [(0, 0)] * ndim
    for axis, width in pad_width.items():
        widths[axis] = width if isinstance(width, tuple) else (width, width)
    return widths


def _pairs(x: Array, ndim: int) -> list[tuple[Any, Any]]:
    """Return (before, after) for each axis, of what NumPy takes for it: recorded numbers, too."""
    if hasattr(x, "tolist") and not isinstance(x, LevelValue):
        x = x.tolist()
    if not isinstance(x, (tuple, list)):
        return [(x, x)] * ndim
    rows = [(row if isinstance(row, (tuple, list)) else (row,)) for row in x]
    if all(len(row) == 1 for row in rows) and not isinstance(x[0], (tuple, list)):
        rows = [tuple(row[0] for row in rows)]
    pairs = [(row[0], row[-1]) for row in rows]
    return pairs * ndim if len(pairs) == 1 else pairs


def _padded(x: Array, axis: int, width: tuple[int, int], mode: Any, options: Any) -> Any:
    """Return an array padded along one axis."""
    ndim, n = len(x.shape), x.shape[axis]
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and _is_even(options)):
        return take_places(x, np.pad(np.arange(n), width, mode=mode), axis)
    if mode in ("reflect", "symmetric"):
        return _reflected_at_points(x, axis, width, mode)
    if mode in ("constant", "empty"):
        values = _pairs(options.get("constant_values", 0), ndim)[axis]
        ends = [_filled(x, axis, *pair) for pair in zip(values, width, strict=True)]
    elif mode == "linear_ramp":
        values = _pairs(options.get("end_values", 0), ndim)[axis]
        ends = [_ramp(x, axis, *pair, i) for i, pair in enumerate(zip(values, width, strict=True))]
    elif mode in _STATISTICS:
        lengths = _pairs(options.get("stat_length"), ndim)[axis]
        ends = [
            _statistic(x, axis, *pair, i, _STATISTICS[mode])
            for i, pair in enumerate(zip(lengths, width, strict=True))
        ]
    else:
        raise ArgumentError(
            f"pad: mode {mode!r} is not recorded. Write one of constant, edge, linear_ramp, "
            f"{', '.join(_STATISTICS)}, reflect, symmetric, wrap"
        )
    return F.concat([ends[0], x, ends[1]], axis=axis)


def _is_even(options: Any) -> bool:
    return options.get("reflect_type", "even") == "even"


def _filled(x: Array, axis: int, value: Any, count: int) -> Any:
    """Return `count` slices along an axis, filled with a number."""
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    if isinstance(value, LevelValue):
        return F.astype(F.broadcast_to(value, shape), x.dtype)
    return libraries.create("full", shape, value, like=x, dtype=plain(x).dtype)


def _ramp(x: Array, axis: int, value: Any, count: int, end: int) -> Any:
    """Return `count` slices that go evenly from a number to the edge of an array."""
    edge = F.slice_along(x, axis, *((None, 1) if end == 0 else (-1, None)))
    steps = np.arange(count)[:: 1 if end == 0 else -1] / max(count, 1)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    t = libraries.create("asarray", steps.reshape(shape), like=x, dtype=plain(x).dtype)
    return value + (edge - value) * t


def _statistic(x: Array, axis: int, length: Any, count: int, end: int, f: Any) -> Any:
    """Return `count` slices of the mean, say, of the `length` elements at one end."""
    n = x.shape[axis]
    length = n if length is None else min(length, n)
    part = F.slice_along(x, axis, *((None, length) if end == 0 else (n - length, None)))
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    return F.broadcast_to(f(part, axis=axis, keepdims=True), shape)


def _reflected_at_points(x: Array, axis: int, width: tuple[int, int], mode: str) -> Any:
    """Return an array continued by the reflections f(−t) = 2 f(0) − f(t) at its two edges.

    Two reflections are a translation, by p places and by 2 (last − first): so an element at place
    j + p k is ± that of place j, and a multiple of the first, and one of the last.
    """
    n = x.shape[axis]
    if n == 1:
        return take_places(x, np.zeros(1 + sum(width), np.int64), axis)
    gap = int(mode == "symmetric")
    k, j = np.divmod(np.arange(-width[0], n + width[1]), 2 * (n - 1 + gap))
    turned = j > n - 1
    places = np.where(turned, 2 * (n - 1) + gap - j, j)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    signs, firsts, lasts = (
        libraries.create("asarray", c.reshape(shape), like=x, dtype=plain(x).dtype)
        for c in (np.where(turned, -1.0, 1.0), -2.0 * k, 2.0 * k + 2.0 * turned)
    )
    first, last = F.slice_along(x, axis, None, 1), F.slice_along(x, axis, -1, None)
    return take_places(x, places, axis) * signs + first * firsts + last * lasts
