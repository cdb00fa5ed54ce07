"""NumPy's functions of shape beyond the standard: axes, turning, grids, more elements or fewer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, Axis, axes_of, shape_of
from gpugrad.dispatch.levels import LevelValue, has_levels, plain
from gpugrad.errors import ArgumentError

# --- Axes ------------------------------------------------------------------------------------


@_composite()
def ravel(a: Array, order: str = "C") -> Array:
    """Return an array with one axis.

    Args:
        a: array of any shape.
        order: "C": the last index runs fastest; "F": the first one.
    """
    if order not in ("C", "F"):
        raise ArgumentError(f"ravel: order={order!r} is not recorded. Write 'C' or 'F'")
    return F.reshape(a if order == "C" else _reversed_axes(a), (-1,))


def _reversed_axes(a: Array) -> Any:
    return F.permute_dims(a, tuple(range(len(a.shape)))[::-1])


@_composite()
def swapaxes(a: Array, axis1: int, axis2: int) -> Array:
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
def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
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
def flipud(m: Array) -> Array:
    """Return an array with its first axis reversed."""
    return F.flip(m, axis=0)


@_composite()
def fliplr(m: Array) -> Array:
    """Return an array with its second axis reversed."""
    return F.flip(m, axis=1)


@_composite()
def rot90(m: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
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
    found = tuple(f(as_array(x)) for x in arrays)
    return found[0] if len(found) == 1 else found


def as_array(x: Array) -> Any:
    """Return lists of numbers as an array; arrays and numbers as they are."""
    if isinstance(x, (list, tuple)):
        return F.stack([as_array(item) for item in x]) if has_levels(x) else np.asarray(x)
    return x


@_composite()
def atleast_1d(*arys: Any) -> Any:
    """Return arrays with one axis at least; a tuple of them where there are several."""
    return _each(lambda x: x if shape_of(x) else F.reshape(x, (1,)), arys)


@_composite()
def atleast_2d(*arys: Any) -> Array:
    """Return arrays with two axes at least, the new ones first."""
    return _each(_two_axes, arys)


def _two_axes(x: Array) -> Any:
    return x if len(shape_of(x)) > 1 else F.reshape(x, (1, -1))


@_composite()
def atleast_3d(*arys: Any) -> Array:
    """Return arrays with three axes at least: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1)."""
    return _each(_three_axes, arys)


def _three_axes(x: Array) -> Any:
    shape = shape_of(x)
    return x if len(shape) > 2 else F.reshape(x, ((1, 1, 1), (1, -1, 1), (*shape, 1))[len(shape)])


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


def take_places(x: Array, places: Any, axis: int) -> Any:
    """Return elements along an axis at places known on the host."""
    return F.take(x, libraries.create("asarray", places, like=x), axis=axis)


def _host(x: Array) -> Any:
    """Return places, which have no gradient, as NumPy or Python knows them."""
    x = plain(x)
    return x.get() if hasattr(x, "get") else x


@_composite()
def delete(arr: Array, obj: Any, axis: int | None = None) -> Array:
    """Return an array without some of its elements, which get no gradient.

    Args:
        arr: array; it is flattened where `axis` is None.
        obj: their places: an integer, a slice, integers, or a mask.
        axis: the axis.
    """
    arr, axis = (F.reshape(arr, (-1,)), 0) if axis is None else (arr, axis)
    return take_places(arr, np.delete(np.arange(arr.shape[axis]), _host(obj)), axis)


@_composite()
def insert(arr: Array, obj: Any, values: Any, axis: int | None = None) -> Array:
    """Return an array with values put in before given places.

    Args:
        arr: array; it is flattened where `axis` is None.
        obj: the places: an integer, a slice, integers, or a mask.
        values: what is put in: a number, or an array that broadcasts to the slices put in.
        axis: the axis.
    """
    arr, axis = (F.reshape(arr, (-1,)), 0) if axis is None else (arr, axis % len(arr.shape))
    values, n, ndim = as_array(values), arr.shape[axis], len(arr.shape)
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
    return take_places(F.concat([arr, values], axis=axis), order, axis)


@_composite()
def resize(a: Array, new_shape: Any) -> Any:
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
    return F.reshape(take_places(flat, np.arange(math.prod(shape)) % n, 0), shape)


@_composite()
def trim_zeros(filt: Any, trim: str = "fb", axis: Axis = None) -> Array:
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
