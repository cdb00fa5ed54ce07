"""Running sums and products along an axis, and the differences that undo the sums."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import composite, function
from gpugrad.dispatch.kinds import Array, DType, shape_of
from gpugrad.functions.indexing import slice_along
from gpugrad.functions.manipulation import broadcast_to, concat, reshape


@function()
def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: DType = None, include_initial: bool = False
) -> Any:
    """Return the running sums along an axis: of the first element, of the first two, and so on.

    Args:
        x: array with at least one axis, of numbers.
        axis: the axis to go along; it may be left out where there is one.
        dtype: the data type to compute in; by default that of `x`, of small integers a larger one.
        include_initial: whether to begin with the value of no elements, which makes the axis longer
            by one.
    """


@function()
def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: DType = None, include_initial: bool = False
) -> Any:
    """Return the running products along an axis: of the first element, of the first two, and so on.

    The derivative is exact where factors are 0.

    Args:
        x: array with at least one axis, of numbers.
        axis: the axis to go along; it may be left out where there is one.
        dtype: the data type to compute in; by default that of `x`, of small integers a larger one.
        include_initial: whether to begin with the value of no elements, which makes the axis longer
            by one.
    """


@composite()
def diff(x: Array, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Return the differences of neighbours along an axis, taken `n` times.

    Args:
        x: array with at least one axis.
        n: how often to take them; the axis is shorter by as many, by what is joined longer.
        axis: the axis.
        prepend: array to join before `x` along the axis; a number stands for a slice of it.
        append: array to join after `x`.
    """
    ends = [None if end is None else _edge(end, x, axis) for end in (prepend, append)]
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    y = x if len(parts) == 1 else concat(parts, axis=axis)
    for _ in range(min(n, y.shape[axis])):
        y = slice_along(y, axis, 1, None) - slice_along(y, axis, None, -1)
    return y


def _edge(end: Any, x: Array, axis: int) -> Any:
    """Return what is joined to `x` for its differences as an array."""
    if shape_of(end):
        return end
    shape = list(x.shape)
    shape[axis] = 1
    return broadcast_to(reshape(end, (1,) * len(shape)), tuple(shape))
