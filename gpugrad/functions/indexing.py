"""Parts of arrays, and of objects: taken out by an index, put in, and added up where they go."""

from __future__ import annotations

import builtins
import operator
from typing import Any

import array_api_compat

from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import function, named
from gpugrad.dispatch.kinds import Array, Index
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive


def is_basic(index: Index) -> bool:
    """Say whether an index picks every position at most once by integers and slices alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(
        isinstance(p, (list, tuple, range)) or (hasattr(p, "shape") and p.shape) for p in parts
    )


@function("", operator.getitem, default=operator.getitem, arrays=(0,), view=True)
def getitem(x: Array, index: Index, /) -> Array:
    """Return x[index].

    It may share the array's memory. The gradients of an element that is taken several times add up.

    Args:
        x: array of any shape.
        index: as in NumPy: integers, slices, None, ..., arrays of integers or booleans.
    """


def _index_set(x: Array, index: Index, values: Any) -> Any:
    y = array_api_compat.array_namespace(x).asarray(x, copy=True)
    y[index] = values
    return y


@named(body="", default=_index_set, arrays=(0, 2))
def index_set(x: Array, index: Index, values: Any, /) -> Array:
    """Return a copy of an array with values put in at an index.

    Args:
        x: array of any shape.
        index: as of `getitem`; at a place that is there twice, the last value stays.
        values: array that broadcasts to the shape of x[index].

    Returns:
        Array of its shape and data type.
    """


def _scatter_add(values: Any, index: Index, shape: tuple[int, ...]) -> Any:
    library = libraries.common_library([values], "scatter_add") or NUMPY
    dtype = values.dtype if hasattr(values, "dtype") else type(values)
    out = library.create("zeros", shape, like=values, dtype=dtype)
    if is_basic(index):
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple([part for part in parts if part is not None])
        out[parts] = library.modules[0].reshape(values, out[parts].shape)
        return out
    return library.scatter("add", out, index, values)


@named(body="", default=_scatter_add, arrays=(0,))
def scatter_add(values: Any, index: Index, shape: tuple[int, ...], /) -> Array:
    """Return zeros with values added at an index; at a place that is there twice, both.

    Args:
        values: array of the shape of y[index], y being the result.
        index: as of `getitem`.
        shape: the shape of the result.

    Returns:
        Array of that shape, in the data type of `values`.
    """


@function(arrays=(0,))
def take(x: Array, indices: Any, /, *, axis: int | None = None) -> Array:
    """Return the slices at given places along an axis.

    The gradients of a slice that is taken several times add up.

    Args:
        x: array of any shape.
        indices: array of integers: the places; negative ones count from the end.
        axis: the axis; None flattens the array first.

    Returns:
        Array with the axes of `indices` in place of the axis.
    """


@function(arrays=(0,))
def take_along_axis(x: Array, indices: Any, /, *, axis: int = -1) -> Array:
    """Return the elements at given places along an axis, other places for each of its lines.

    The gradients of an element that is taken several times add up.

    Args:
        x: array with at least one axis.
        indices: array of integers, of as many axes, which broadcasts with `x` but for the axis.
        axis: the axis.
    """


def slice_along(x: Array, axis: int, start: int | None, end: int | None) -> Any:
    """Return x[..., start:end, ...] along an axis."""
    return x[(*(slice(None),) * (axis % len(x.shape)), slice(start, end), ...)]


@named(Primitive, builtins.getattr, body="", default=builtins.getattr)
def getattr(object: Any, name: str, /) -> Any:
    """Return a field of an object; the gradient is a Tangent with that field.

    Args:
        object: any object.
        name: the field's name.
    """
