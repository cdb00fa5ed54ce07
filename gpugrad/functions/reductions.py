"""One value of many: sums, products, extrema and moments over axes."""

from __future__ import annotations

import math

from gpugrad.dispatch.declare import constant, function
from gpugrad.dispatch.kinds import Array, Axis, DType

# --- Sums and moments ------------------------------------------------------------------------


@function()
def sum(x: Array, /, *, axis: Axis = None, dtype: DType = None, keepdims: bool = False) -> Array:
    """Return the sum of the elements over axes.

    Args:
        x: array of any shape, of numbers.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; by default that of `x`, of small integers a larger one.
        keepdims: whether the axes stay, with length 1.
    """


@function("", math.prod)
def prod(x: Array, /, *, axis: Axis = None, dtype: DType = None, keepdims: bool = False) -> Array:
    """Return the product of the elements over axes.

    The derivative is exact where factors are 0: it is the product of the others.

    Args:
        x: array of any shape, of numbers.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; by default that of `x`, of small integers a larger one.
        keepdims: whether the axes stay, with length 1.
    """


@function()
def mean(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the mean of the elements over axes.

    Args:
        x: array of any shape, real or complex floating.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.
    """


@function()
def var(
    x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Return the variance of the elements over axes.

    Args:
        x: array of any shape, real floating.
        axis: the axis or axes to go over; None is all.
        correction: what is taken from the count of elements before dividing by it; 1 for that of a
            sample.
        keepdims: whether the axes stay, with length 1.
    """


@function()
def std(
    x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Return the standard deviation of the elements over axes.

    The gradient is 0 where all elements are equal.

    Args:
        x: array of any shape, real floating.
        axis: the axis or axes to go over; None is all.
        correction: what is taken from the count of elements before dividing by it; 1 for that of a
            sample.
        keepdims: whether the axes stay, with length 1.
    """


# --- Extrema ---------------------------------------------------------------------------------


@function()
def max(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the largest element over axes, NaN where one is NaN.

    Values that are equally large share the gradient evenly.

    Args:
        x: array of any shape, real.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.
    """


@function()
def min(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the smallest element over axes, NaN where one is NaN.

    Values that are equally small share the gradient evenly.

    Args:
        x: array of any shape, real.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.
    """


# --- No gradient flows through these ---------------------------------------------------------


@constant()
def all(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Say whether all elements over axes are true, or not 0.

    Args:
        x: array of any shape, of booleans or numbers.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.

    Returns:
        Array of booleans.
    """


@constant()
def any(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Say whether there is an element over axes that is true, or not 0.

    Args:
        x: array of any shape, of booleans or numbers.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.

    Returns:
        Array of booleans.
    """


@constant()
def count_nonzero(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return how many elements over axes are not 0.

    Args:
        x: array of any shape, of numbers.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.

    Returns:
        Array of integers.
    """


@constant()
def argmax(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the place of the largest element along an axis; of several, the first.

    Args:
        x: array with at least one element, real.
        axis: the axis to go along; None is the flattened array.
        keepdims: whether the axis stays, with length 1.

    Returns:
        Array of integers.
    """


@constant()
def argmin(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the place of the smallest element along an axis; of several, the first.

    Args:
        x: array with at least one element, real.
        axis: the axis to go along; None is the flattened array.
        keepdims: whether the axis stays, with length 1.

    Returns:
        Array of integers.
    """
