"""NumPy's functions that join arrays, or split one, beyond the standard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, DType, shape_of
from gpugrad.errors import ArgumentError
from gpugrad.functions.shaping import as_array, atleast_1d, atleast_2d, atleast_3d

# --- Joining ---------------------------------------------------------------------------------


def _of_dtype(x: Array, dtype: DType) -> Any:
    return x if dtype is None else F.astype(x, dtype)


@_composite()
def hstack(tup: Sequence[Any], *, dtype: DType = None, casting: str = "same_kind") -> Array:
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
def vstack(tup: Sequence[Any], *, dtype: DType = None, casting: str = "same_kind") -> Array:
    """Return arrays one above the other: joined along the first axis, vectors as rows.

    Args:
        tup: the arrays.
        dtype: the data type of the result.
        casting: as in NumPy.
    """
    return _of_dtype(F.concat([atleast_2d(x) for x in tup], axis=0), dtype)


@_composite()
def dstack(tup: Sequence[Any]) -> Array:
    """Return arrays joined along the third axis."""
    return F.concat([atleast_3d(x) for x in tup], axis=2)


@_composite()
def column_stack(tup: Sequence[Any]) -> Any:
    """Return vectors, and matrices, as the columns of one matrix."""
    columns = [x if len(shape_of(x)) > 1 else F.reshape(x, (-1, 1)) for x in map(as_array, tup)]
    return F.concat(columns, axis=1)


@_composite()
def append(arr: Array, values: Any, axis: int | None = None) -> Array:
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
def block(arrays: Any) -> Array:
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
def array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
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
def split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return an array in equal parts along an axis, or in parts that begin at given places.

    Args:
        ary: array with at least one axis.
        indices_or_sections: how many parts, or where the second and later ones begin.
        axis: the axis.

    Raises:
        ArgumentError: a recorded array cannot be split into so many equal parts.
    """
    n = ary.shape[axis]
    if not hasattr(indices_or_sections, "__len__") and n % indices_or_sections:
        raise ArgumentError(
            f"split: axis {axis} of shape {ary.shape} is not {indices_or_sections} equal parts. "
            f"Write array_split"
        )
    return array_split(ary, indices_or_sections, axis)


@_composite()
def hsplit(ary: Array, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the second axis; a vector along the first.

    Args:
        ary: array.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: a recorded array cannot be split into so many equal parts.
    """
    return split(ary, indices_or_sections, 1 if len(ary.shape) > 1 else 0)


@_composite()
def vsplit(ary: Array, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the first axis.

    Args:
        ary: array.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: a recorded array cannot be split into so many equal parts.
    """
    return split(ary, indices_or_sections, 0)


@_composite()
def dsplit(ary: Array, indices_or_sections: Any) -> list[Any]:
    """Return an array in parts along the third axis.

    Args:
        ary: array with three axes or more.
        indices_or_sections: how many parts, or where the second and later ones begin; see
            `array_split`.

    Raises:
        ArgumentError: a recorded array cannot be split into so many equal parts.
    """
    return split(ary, indices_or_sections, 2)
