"""NumPy's functions of shape beyond the standard: joining, splitting, turning, padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Axis, axes_of, shape_of
from gpugrad.dispatch.levels import LevelValue, has_levels, plain
from gpugrad.errors import ArgumentError
from gpugrad.functions.ordering import median

# --- Axes ------------------------------------------------------------------------------------


@_composite()
def ravel(a: Any, order: str = "C") -> Any:
    """Return an array with one axis.

    Args:
        a: array of any shape.
        order: "C": the last index runs fastest; "F": the first one.
    """
    if order not in ("C", "F"):
        raise ArgumentError(f"ravel: order={order!r} is not recorded. Write 'C' or 'F'")
    return F.reshape(a if order == "C" else _reversed_axes(a), (-1,))


def _reversed_axes(a: Any) -> Any:
    return F.permute_dims(a, tuple(range(len(a.shape)))[::-1])


@_composite()
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Return an array with two axes exchanged.

    Args:
        a: array.
        axis1: one of the axes.
        axis2: the other one.
    """
    axes = list(range(len(a.shape)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return F.permute_dims(a, tuple(axes))


@_composite()
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """Return an array with an axis moved before another.

    Args:
        a: array.
        axis: the axis to move.
        start: the axis it is moved before; as many as there are axes puts it last.
    """
    ndim = len(a.shape)
    axis, start = axis % ndim, start + ndim if start < 0 else start
    return F.moveaxis(a, axis, start - 1 if axis < start else start)


@_composite()
def flipud(m: Any) -> Any:
    """Return an array with its first axis reversed."""
    return F.flip(m, axis=0)


@_composite()
def fliplr(m: Any) -> Any:
    """Return an array with its second axis reversed."""
    return F.flip(m, axis=1)


@_composite()
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Return an array turned by k · 90° in the plane of two axes.

    Args:
        m: array with two axes or more.
        k: how often it is turned.
        axes: the two axes; it is turned from the first to the second.
    """
    a, b = axes
    k = k % 4
    if k == 0:
        return m
    if k == 2:
        return F.flip(m, axis=(a, b))
    if k == 1:
        return swapaxes(F.flip(m, axis=b), a, b)
    return F.flip(swapaxes(m, a, b), axis=b)


def _each(f: Any, arrays: tuple[Any, ...]) -> Any:
    found = tuple(f(_as_array(x)) for x in arrays)
    return found[0] if len(found) == 1 else found


def _as_array(x: Any) -> Any:
    """Return lists of numbers as an array; arrays and numbers as they are."""
    if isinstance(x, (list, tuple)):
        return F.stack([_as_array(item) for item in x]) if has_levels(x) else np.asarray(x)
    return x


@_composite()
def atleast_1d(*arys: Any) -> Any:
    """Return arrays with one axis at least; a tuple of them where there are several."""
    return _each(lambda x: x if shape_of(x) else F.reshape(x, (1,)), arys)


@_composite()
def atleast_2d(*arys: Any) -> Any:
    """Return arrays with two axes at least, the new ones first."""
    return _each(_two_axes, arys)


def _two_axes(x: Any) -> Any:
    return x if len(shape_of(x)) > 1 else F.reshape(x, (1, -1))


@_composite()
def atleast_3d(*arys: Any) -> Any:
    """Return arrays with three axes at least: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1)."""
    return _each(_three_axes, arys)


def _three_axes(x: Any) -> Any:
    shape = shape_of(x)
    return x if len(shape) > 2 else F.reshape(x, ((1, 1, 1), (1, -1, 1), (*shape, 1))[len(shape)])


# --- Joining ---------------------------------------------------------------------------------


def _of_dtype(x: Any, dtype: Any) -> Any:
    return x if dtype is None else F.astype(x, dtype)


@_composite()
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Return arrays side by side: joined along the second axis, vectors along the first.

    Args:
        tup: the arrays.
        dtype: the data type of the result.
        casting: as in NumPy.
    """
    arrays = [atleast_1d(x) for x in tup]
    axis = 0 if len(shape_of(arrays[0])) == 1 else 1
    return _of_dtype(F.concat(arrays, axis=axis), dtype)


@_composite()
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Return arrays one above the other: joined along the first axis, vectors as rows.

    Args:
        tup: the arrays.
        dtype: the data type of the result.
        casting: as in NumPy.
    """
    return _of_dtype(F.concat([atleast_2d(x) for x in tup], axis=0), dtype)


@_composite()
def dstack(tup: Sequence[Any]) -> Any:
    """Return arrays joined along the third axis."""
    return F.concat([atleast_3d(x) for x in tup], axis=2)


@_composite()
def column_stack(tup: Sequence[Any]) -> Any:
    """Return vectors, and matrices, as the columns of one matrix."""
    columns = [x if len(shape_of(x)) > 1 else F.reshape(x, (-1, 1)) for x in map(_as_array, tup)]
    return F.concat(columns, axis=1)


@_composite()
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Return an array with values joined to it along an axis.

    Args:
        arr: array.
        values: array, of the shape of `arr` but for the axis.
        axis: the axis; None flattens both first.
    """
    arr, values = (atleast_1d(x) for x in (arr, values))
    if axis is None:
        arr, values, axis = F.reshape(arr, (-1,)), F.reshape(values, (-1,)), 0
    return F.concat([arr, values], axis=axis)


@_composite()
def block(arrays: Any) -> Any:
    """Return an array put together of blocks, in nested lists of depth d.

    The innermost lists are joined along the last axis, the outermost along the d-th from the end.
    """
    depth = _depth(arrays)
    ndim = max(depth, _most_axes(arrays))
    return _joined(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays)) if isinstance(arrays, list) else len(shape_of(arrays))


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth == 0:
        shape = shape_of(arrays)
        return F.reshape(arrays, ((1,) * (ndim - len(shape)) + shape))
    return F.concat([_joined(x, depth - 1, ndim) for x in arrays], axis=-depth)


# --- Splitting -------------------------------------------------------------------------------


@_composite()
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return an array in parts along an axis.

    Args:
        ary: array with at least one axis.
        indices_or_sections: how many parts, the first ones longer where they cannot be equal; or
            where the second and later ones begin.
        axis: the axis.
    """
    n = ary.shape[axis]
    if hasattr(indices_or_sections, "__len__"):
        starts = [0, *map(int, indices_or_sections)]
    else:
        count = int(indices_or_sections)
        starts = [i * (n // count) + min(i, n % count) for i in range(count)]
    return [
        F.slice_along(ary, axis, start, end)
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]


@_composite()
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return an array in equal parts along an axis, or in parts that begin at given places.

    Args:
        ary: array with at least one axis.
        indices_or_sections: how many parts, or where the second and later ones begin.
        axis: the axis.

    Raises:
        ArgumentError: there cannot be so many equal parts.
    """
    n = ary.shape[axis]
    if not hasattr(indices_or_sections, "__len__") and n % indices_or_sections:
        raise ArgumentError(
            f"split: axis {axis} of shape {ary.shape} is not {indices_or_sections} equal parts. "
            f"Write array_split"
        )
    return array_split(ary, indices_or_sections, axis)


@_composite()
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the second axis; a vector along the first.

    Args:
        ary: array.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: there cannot be so many equal parts.
    """
    return split(ary, indices_or_sections, 1 if len(ary.shape) > 1 else 0)


@_composite()
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the first axis.

    Args:
        ary: array.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: there cannot be so many equal parts.
    """
    return split(ary, indices_or_sections, 0)


@_composite()
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the third axis.

    Args:
        ary: array with three axes or more.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: there cannot be so many equal parts.
    """
    return split(ary, indices_or_sections, 2)


# --- Common shapes ---------------------------------------------------------------------------


@_composite()
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Return the arrays, each broadcast to their common shape.

    Args:
        args: arrays or numbers that broadcast together.
        subok: as in NumPy.
    """
    shape = np.broadcast_shapes(*map(shape_of, args))
    return tuple(F.broadcast_to(x, shape) for x in args)


@_composite()
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Return coordinate arrays of a grid.

    Args:
        xi: vectors: the coordinates along each axis.
        copy: as in NumPy; recorded arrays are never written to.
        sparse: whether to leave the other axes at length 1.
        indexing: "xy" for the first vector along the second axis, "ij" along the first.
    """
    n = len(xi)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = [1, 0]
    grids = [
        F.reshape(x, (1,) * place + (-1,) + (1,) * (n - place - 1))
        for x, place in zip(xi, places, strict=True)
    ]
    return tuple(grids) if sparse or n < 2 else broadcast_arrays(*grids)


# --- More elements, or fewer -----------------------------------------------------------------


def _take(x: Any, places: Any, axis: int) -> Any:
    """Return elements along an axis at places known on the host."""
    return F.take(x, libraries.create("asarray", places, like=x), axis=axis)


def _host(x: Any) -> Any:
    """Return places, which have no gradient, as NumPy or Python knows them."""
    x = plain(x)
    return x.get() if hasattr(x, "get") else x


@_composite()
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Return an array without some of its elements, which get no gradient.

    Args:
        arr: array; it is flattened where `axis` is None.
        obj: their places: an integer, a slice, integers, or a mask.
        axis: the axis.
    """
    arr, axis = (F.reshape(arr, (-1,)), 0) if axis is None else (arr, axis)
    return _take(arr, np.delete(np.arange(arr.shape[axis]), _host(obj)), axis)


@_composite()
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Return an array with values put in before given places.

    Args:
        arr: array; it is flattened where `axis` is None.
        obj: the places: an integer, a slice, integers, or a mask.
        values: what is put in: a number, or an array that broadcasts to the slices put in.
        axis: the axis.
    """
    arr, axis = (F.reshape(arr, (-1,)), 0) if axis is None else (arr, axis % len(arr.shape))
    values, n, ndim = _as_array(values), arr.shape[axis], len(arr.shape)
    obj = _host(obj)
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    places = np.flatnonzero(places) if places.dtype == bool else places
    count = places.size
    if count == 1:  # as many slices as there are values, all at the one place
        values = F.reshape(values, (1,) * (ndim - len(shape_of(values))) + shape_of(values))
        values = values if places.ndim else F.moveaxis(values, 0, axis)
        count = shape_of(values)[axis]
        places = np.repeat(places, count)
    wanted = (*arr.shape[:axis], count, *arr.shape[axis + 1 :])
    if not isinstance(values, LevelValue) and not hasattr(values, "dtype"):
        values = libraries.create("asarray", values, like=arr)
    values = F.astype(F.broadcast_to(values, wanted), arr.dtype)
    order = np.insert(np.arange(n), places, np.arange(n, n + count))
    return _take(F.concat([arr, values], axis=axis), order, axis)


@_composite()
def resize(a: Any, new_shape: Any) -> Any:
    """Return an array of another shape, filled with the elements in order, again and again.

    Args:
        a: array of any shape.
        new_shape: the shape: an integer, or a tuple of them.
    """
    shape = (new_shape,) if isinstance(new_shape, int) else tuple(new_shape)
    flat = F.reshape(a, (-1,))
    n = flat.shape[0]
    if n == 0:
        return libraries.create("zeros", shape, like=a, dtype=plain(a).dtype)
    return F.reshape(_take(flat, np.arange(math.prod(shape)) % n, 0), shape)


@_composite()
def trim_zeros(filt: Any, trim: str = "fb", axis: Axis = None) -> Any:
    """Return an array without the zeros at its ends.

    Args:
        filt: array.
        trim: "f" for those in front, "b" for those at the back, "fb" for both.
        axis: the axis or axes along which slices of zeros are cut; None is all.
    """
    ndim = len(filt.shape)
    trim = trim.lower()
    index = [slice(None)] * ndim
    for along in (i % ndim for i in axes_of(axis, ndim)):
        others = tuple(i for i in range(ndim) if i != along)
        some = F.any(F.stop_gradient(filt) != 0, axis=others) if others else filt != 0
        places = F.nonzero(some)[0]
        if not places.shape[0]:
            index[along] = slice(0, 0)
            continue
        start = int(places[0]) if "f" in trim else None
        index[along] = slice(start, int(places[-1]) + 1 if "b" in trim else None)
    return filt[tuple(index)]


# --- Padding ---------------------------------------------------------------------------------

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


def _pairs(x: Any, ndim: int) -> list[tuple[Any, Any]]:
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


def _padded(x: Any, axis: int, width: tuple[int, int], mode: Any, options: Any) -> Any:
    """Return an array padded along one axis."""
    ndim, n = len(x.shape), x.shape[axis]
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and _is_even(options)):
        return _take(x, np.pad(np.arange(n), width, mode=mode), axis)
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


def _filled(x: Any, axis: int, value: Any, count: int) -> Any:
    """Return `count` slices along an axis, filled with a number."""
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    if isinstance(value, LevelValue):
        return F.astype(F.broadcast_to(value, shape), x.dtype)
    return libraries.create("full", shape, value, like=x, dtype=plain(x).dtype)


def _ramp(x: Any, axis: int, value: Any, count: int, end: int) -> Any:
    """Return `count` slices that go evenly from a number to the edge of an array."""
    edge = F.slice_along(x, axis, *((None, 1) if end == 0 else (-1, None)))
    steps = np.arange(count)[:: 1 if end == 0 else -1] / max(count, 1)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    t = libraries.create("asarray", steps.reshape(shape), like=x, dtype=plain(x).dtype)
    return value + (edge - value) * t


def _statistic(x: Any, axis: int, length: Any, count: int, end: int, f: Any) -> Any:
    """Return `count` slices of the mean, say, of the `length` elements at one end."""
    n = x.shape[axis]
    length = n if length is None else min(length, n)
    part = F.slice_along(x, axis, *((None, length) if end == 0 else (n - length, None)))
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    return F.broadcast_to(f(part, axis=axis, keepdims=True), shape)


def _reflected_at_points(x: Any, axis: int, width: tuple[int, int], mode: str) -> Any:
    """Return an array continued by the reflections f(−t) = 2 f(0) − f(t) at its two edges.

    Two reflections are a translation, by p places and by 2 (last − first): so an element at place
    j + p k is ± that of place j, and a multiple of the first, and one of the last.
    """
    n = x.shape[axis]
    if n == 1:
        return _take(x, np.zeros(1 + sum(width), np.int64), axis)
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
    return _take(x, places, axis) * signs + first * firsts + last * lasts
