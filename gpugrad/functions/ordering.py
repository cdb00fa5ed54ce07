"""Arrays in order, and what is at a place in that order: sort, partition, median, quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array, Axis, axes_of, shape_of
from gpugrad.dispatch.levels import LevelValue, plain
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError
from gpugrad.functions.elementwise import check_no_out
from gpugrad.functions.without_gradient import WithoutGradient, argpartition


@_function(arrays=(0,))
def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return an array in the order of its values; each one's gradient goes back to its place.

    Args:
        x: array with at least one axis, real.
        axis: the axis to sort along.
        descending: whether the largest is first.
        stable: whether equal elements stay in order.

    Returns:
        Array of its shape and data type.
    """


@_composite()
def partition(
    a: Array, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None
) -> Array:
    """Return an array with the element of place `kth` where sorting would put it.

    Smaller elements are before it, larger ones after it, in no order. The gradient of each goes
    back to where it came from.

    Args:
        a: array with at least one axis.
        kth: the place, or several.
        axis: the axis; None flattens the array first.
        kind: NumPy has one algorithm.
        order: None; arrays of records have no gradient.
    """
    a, axis = (F.reshape(a, (-1,)), -1) if axis is None else (a, axis)
    return F.take_along_axis(a, argpartition(a, kth, axis=axis), axis=axis)


_found = WithoutGradient("unique", differentiable=False)


@_composite()
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Array:
    """Return the values in an array, each once, in order; each one's gradient goes to its first.

    Args:
        ar: array; it is flattened where `axis` is None.
        return_index: whether to return where each value is first, too.
        return_inverse: whether to return which value is where.
        return_counts: whether to return how often each value occurs.
        axis: the axis along which slices are compared, instead of elements.
        equal_nan: whether NaN is one value.
        sorted: as in NumPy; values are in order either way.
    """
    given = {} if equal_nan else {"equal_nan": False}
    found = _found(ar, True, return_inverse, return_counts, axis, **given)
    flat = ar if axis is not None else F.reshape(ar, (-1,))
    values = F.take(flat, found[1], axis=axis or 0)
    rest = found[1:] if return_index else found[2:]
    return (values, *rest) if rest else values


# --- Quantiles -------------------------------------------------------------------------------


def merged(a: Array, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """Return an array with the axes that are reduced as one, the last; and the shape if kept."""
    shape = shape_of(a)
    axes = tuple(i % len(shape) for i in axes_of(axis, len(shape)))
    rest = [i for i in range(len(shape)) if i not in axes]
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    if axes != (len(shape) - 1,):
        a = F.permute_dims(a, (*rest, *axes)) if len(shape) > 1 else a
        a = F.reshape(a, (*(shape[i] for i in rest), math.prod(shape[i] for i in axes)))
    return a, kept


def _unmerged(
    y: Array, kept: tuple[int, ...], keepdims: bool, leading: tuple[int, ...] = ()
) -> Any:
    """Return a reduction's result with the reduced axes back where they are wanted."""
    return F.reshape(y, (*leading, *kept)) if keepdims else y


def _between(alpha: float, beta: float) -> Callable[[Any, Any], Any]:
    """Return the place of a quantile by Hyndman and Fan's α and β, counted from 0."""
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _nearest_even(n: Any, q: Array) -> Any:
    """Return the nearest place, of two that are as near the even one, counted from 1."""
    place = n * q - 1.5
    below = F.floor(place)
    return below + F.indicator((place > below) | (below % 2 == 0), place)


_PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "averaged_inverted_cdf": lambda n, q: _average_at_steps(n * q - 1),
    "closest_observation": _nearest_even,
    "hazen": _between(0.5, 0.5),
    "higher": lambda n, q: F.ceil((n - 1) * q),
    "interpolated_inverted_cdf": _between(0, 1),
    "inverted_cdf": lambda n, q: F.ceil(n * q - 1),
    "linear": lambda n, q: (n - 1) * q,
    "lower": lambda n, q: F.floor((n - 1) * q),
    "median_unbiased": _between(1 / 3, 1 / 3),
    "midpoint": lambda n, q: (F.floor((n - 1) * q) + F.ceil((n - 1) * q)) * 0.5,
    "nearest": lambda n, q: F.round((n - 1) * q),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "weibull": _between(0, 0),
}


def _average_at_steps(place: Any) -> Any:
    """Return where the inverted distribution function is; half way up where it steps."""
    return F.where(F.floor(place) == place, F.floor(place) + 0.5, F.ceil(place))


def _place(method: str, n: Any, q: Array) -> Any:
    """Return where in the order a quantile is: a number between 0 and n − 1."""
    if method not in _PLACES:
        raise ArgumentError(
            f"quantile: there is no method {method!r}. Write one of {', '.join(_PLACES)}"
        )
    place = _PLACES[method](n, q)
    before, after = place < 0, place > n - 1
    if isinstance(before, bool):
        return 0.0 if before else n - 1.0 if after else place
    return F.where(before, 0.0, F.where(after, n - 1.0, place))


def _lerp(a: Array, b: Array, t: Any) -> Any:
    """Return a + (b − a) t, without a NaN where both are infinite."""
    return a + F.where(a == b, 0.0, F.where(a == b, 0.0, b) - F.where(a == b, 0.0, a)) * t


def _wanted(q: Array, a: Array) -> Any:
    """Return the wanted fractions: a Python number, or an array on the device of `a`."""
    if isinstance(q, LevelValue) or not np.shape(q):
        return q
    return libraries.create("asarray", q, like=a)


def _check(name: str, out: Any, weights: Array) -> None:
    check_no_out(name, out)
    if weights is not None:
        raise ArgumentError(
            f"{name}: weights cannot be recorded. Write x = xp.sort(x), and take the element where "
            f"the running sum of the sorted weights passes the quantile"
        )


@_composite()
def median(
    a: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Array:
    """Return medians: half the gradient to each of the two in the middle where there are two.

    Args:
        a: array, real floating.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        keepdims: whether the axes stay, with length 1.
    """
    check_no_out("median", out)
    a, kept = merged(a, axis)
    n = a.shape[-1]
    if n == 0:
        return _unmerged(F.mean(a, axis=-1), kept, keepdims)
    ordered = sort(a, axis=-1)
    y = F.mean(F.slice_along(ordered, -1, (n - 1) // 2, n // 2 + 1), axis=-1)
    y = F.where(F.isnan(F.stop_gradient(ordered[..., -1])), math.nan, y)
    return _unmerged(y, kept, keepdims)


@_composite()
def quantile(
    a: Array,
    q: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
) -> Any:
    """Return quantiles, interpolated in the sorted values; both `a` and `q` have gradients.

    Args:
        a: array, real floating, with at least one axis.
        q: the fractions, between 0 and 1: a number, or an array, whose axes the result has first.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        method: any of NumPy's.
        keepdims: whether the axes stay, with length 1.
        weights: None, of a recorded array.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> gg.grad(np.quantile)(np.array([3.0, 1.0, 2.0]), 0.75)
        array([0.5, 0. , 0.5])

    Source: R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996).
    """
    _check("quantile", out, weights)
    return _quantiles(_of_all, a, q, axis, method, keepdims)


def _quantiles(
    find: Callable[..., Any], a: Array, q: Array, axis: Any, method: str, keepdims: bool
) -> Any:
    """Return what `find` takes for quantiles from the sorted values, of which NaNs are last."""
    a, kept = merged(a, axis)
    q = _wanted(q, a)
    y = find(sort(a, axis=-1), q, method)
    return _unmerged(y, kept, keepdims, shape_of(q))


def _of_all(ordered: Any, q: Array, method: str) -> Any:
    """Return quantiles, NaN where one is among the values."""
    n = ordered.shape[-1]
    y = _taken(ordered, _place(method, n, q), n)
    return F.where(F.isnan(F.stop_gradient(ordered[..., -1])), math.nan, y)


def _taken(ordered: Any, place: Any, n: int) -> Any:
    """Return what is at `place` along the last axis; the axes of `place` come first."""
    low = F.stop_gradient(F.floor(place))
    part = place - low
    if not shape_of(place):
        i = int(low)
        return _lerp(ordered[..., i], ordered[..., min(i + 1, n - 1)], part)
    index = F.reshape(_integers(low), (-1,))
    above = F.where(index + 1 > n - 1, n - 1, index + 1)
    before, after = (
        F.moveaxis(F.take(ordered, i, axis=-1), -1, 0) for i in (index, _integers(above))
    )
    rest = shape_of(ordered)[:-1]
    y = _lerp(before, after, F.reshape(part, (-1, *(1 for _ in rest))))
    return F.reshape(y, (*shape_of(place), *rest))


def _integers(x: Array) -> Any:
    library = libraries.library_of(plain(x)) or NUMPY
    return F.astype(x, library.dtype(np.int64))


@_composite()
def percentile(
    a: Array,
    q: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
) -> Any:
    """Return percentiles: quantiles at q / 100; both `a` and `q` have gradients.

    Args:
        a: array, real floating, with at least one axis.
        q: the percentages, between 0 and 100: a number, or an array, whose axes the result has
            first.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        method: any of NumPy's; see `quantile`.
        keepdims: whether the axes stay, with length 1.
        weights: None, of a recorded array.
    """
    q = _wanted(q, a) / 100
    return quantile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


# --- Quantiles of what is not NaN ------------------------------------------------------------


@_composite()
def nanquantile(
    a: Array,
    q: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
) -> Array:
    """Return quantiles of the values that are not NaN; NaN where there is none.

    Args:
        a: array, real floating, with at least one axis.
        q: the fractions, between 0 and 1: a number, or an array, whose axes the result has first.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        method: any of NumPy's; see `quantile`.
        keepdims: whether the axes stay, with length 1.
        weights: None, of a recorded array.
    """
    _check("nanquantile", out, weights)
    return _quantiles(_of_valid, a, q, axis, method, keepdims)


def _of_valid(ordered: Any, q: Array, method: str) -> Any:
    """Return quantiles of what is not NaN."""
    valid = F.indicator(~F.isnan(F.stop_gradient(ordered)), ordered)
    count = F.sum(valid, axis=-1, keepdims=True)
    some = F.where(count == 0, 1.0, count)
    wanted = F.reshape(q, (-1,)) if shape_of(q) else q
    place = _place(method, some, wanted)
    low = F.stop_gradient(F.floor(place))
    before, after = (
        F.take_along_axis(ordered, _integers(F.minimum(i, some - 1)), axis=-1)
        for i in (low, low + 1)
    )
    y = _lerp(before, after, place - low)
    y = F.where(count == 0, math.nan, y)
    return F.reshape(F.moveaxis(y, -1, 0), (*shape_of(q), *shape_of(y)[:-1]))


@_composite()
def nanpercentile(
    a: Array,
    q: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
) -> Array:
    """Return percentiles of the values that are not NaN; NaN where there is none.

    Args:
        a: array, real floating, with at least one axis.
        q: the percentages, between 0 and 100: a number, or an array, whose axes the result has
            first.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        method: any of NumPy's; see `quantile`.
        keepdims: whether the axes stay, with length 1.
        weights: None, of a recorded array.
    """
    q = _wanted(q, a) / 100
    return nanquantile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


@_composite()
def nanmedian(
    a: Array,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Array:
    """Return medians of the values that are not NaN; NaN where there is none.

    Args:
        a: array, real floating, with at least one axis.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        overwrite_input: whether `a` is no more needed.
        keepdims: whether the axes stay, with length 1.
    """
    return nanquantile(a, 0.5, axis, out, keepdims=bool(keepdims))
