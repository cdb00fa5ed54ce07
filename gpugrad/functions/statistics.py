"""NumPy's statistics beyond the standard: averages, moments without NaN, covariance."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, Axis, DType, axes_of, kind_of, shape_of
from gpugrad.errors import ArgumentError
from gpugrad.functions.elementwise import array_like, check_no_out, double


@_composite()
def average(
    a: Array,
    axis: Axis = None,
    weights: Array = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Array:
    """Return Σ w a / Σ w over axes.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        weights: array of the shape of `a`, or of its shape along `axis`; None for the plain mean.
        returned: whether to return the sum of the weights, too.
        keepdims: whether the axes stay, with length 1.
    """
    if weights is None:
        y = F.mean(a, axis=axis, keepdims=keepdims)
        count = F.zeros_like(y) + math.prod(shape_of(a)) / max(math.prod(shape_of(y)), 1)
        return (y, count) if returned else y
    a, weights = array_like(a, weights), array_like(weights, a)
    if shape_of(weights) != shape_of(a):
        weights = _beside(weights, a, axis)
    total = F.sum(weights + F.zeros_like(a), axis=axis, keepdims=keepdims)
    y = F.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (y, total) if returned else y


def _beside(weights: Array, a: Array, axis: Axis) -> Any:
    """Return weights for some axes with the others, of length 1, beside them."""
    axes = axes_of(axis, len(shape_of(a)))
    if axis is None or shape_of(weights) != tuple(a.shape[i] for i in axes):
        raise ArgumentError(
            f"average: weights of shape {shape_of(weights)} for an array of shape {shape_of(a)}, "
            f"axis {axis}. Give weights of the array's shape, or of its shape along axis"
        )
    axes = tuple(i % len(a.shape) for i in axes)
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [n if i in axes else 1 for i, n in enumerate(a.shape)]
    return F.reshape(F.permute_dims(weights, tuple(order)), tuple(shape))


@_composite()
def ptp(a: Array, axis: Axis = None, out: None = None, keepdims: bool = False) -> Array:
    """Return the largest value less the smallest; ties share the gradient.

    Args:
        a: array, real floating.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
    """
    check_no_out("ptp", out)
    options = {"axis": axis, "keepdims": keepdims}
    return F.max(a, **options) - F.min(a, **options)


# --- Without NaN -----------------------------------------------------------------------------


def masked(x: Array, where: Any, fill: float) -> Any:
    """Return an array with a number where a mask does not say to look; True says to look at all."""
    return x if where is None or where is True else F.where(where, x, fill)


def _without_nan(a: Array, where: Any, fill: float) -> tuple[Any, Any]:
    """Return an array with a number in place of NaN, and 1 where none was, 0 where one was."""
    seen = ~F.isnan(F.stop_gradient(a))
    seen = seen if where is None or where is True else seen & where
    return F.where(seen, a, fill), F.indicator(seen, F.abs(F.stop_gradient(a)))


def _of_dtype(x: Array, dtype: DType) -> Any:
    return x if dtype is None else F.astype(x, dtype)


@_composite()
def nansum(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Return the sum of the values that are not NaN; those that are get no gradient.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to add up in; that of `a` by default.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
        initial: a number to begin with.
        where: a mask: the values to take; all by default.
    """
    check_no_out("nansum", out)
    values, _ = _without_nan(_of_dtype(a, dtype), where, 0.0)
    y = F.sum(values, axis=axis, keepdims=keepdims)
    return y if initial is None else y + initial


@_composite()
def nanprod(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Return the product of the values that are not NaN; those that are get no gradient.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; that of `a` by default.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
        initial: a number to begin with.
        where: a mask: the values to take; all by default.
    """
    check_no_out("nanprod", out)
    values, _ = _without_nan(_of_dtype(a, dtype), where, 1.0)
    y = F.prod(values, axis=axis, keepdims=keepdims)
    return y if initial is None else y * initial


@_composite()
def nancumsum(a: Array, axis: int | None = None, dtype: DType = None, out: None = None) -> Array:
    """Return running sums with 0 in place of NaN.

    Args:
        a: array; it is flattened where `axis` is None.
        axis: the axis.
        dtype: the data type to add up in.
        out: None, of a recorded array.
    """
    check_no_out("nancumsum", out)
    a, axis = F.ravelled(a, axis)
    return F.cumulative_sum(_without_nan(_of_dtype(a, dtype), None, 0.0)[0], axis=axis)


@_composite()
def nancumprod(a: Array, axis: int | None = None, dtype: DType = None, out: None = None) -> Array:
    """Return running products with 1 in place of NaN.

    Args:
        a: array; it is flattened where `axis` is None.
        axis: the axis.
        dtype: the data type to multiply in.
        out: None, of a recorded array.
    """
    check_no_out("nancumprod", out)
    a, axis = F.ravelled(a, axis)
    return F.cumulative_prod(_without_nan(_of_dtype(a, dtype), None, 1.0)[0], axis=axis)


@_composite()
def nanmean(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = None,
) -> Array:
    """Return the mean of the values that are not NaN; NaN where there is none.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; that of `a` by default.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
        where: a mask: the values to take; all by default.
    """
    check_no_out("nanmean", out)
    values, seen = _without_nan(_of_dtype(a, dtype), where, 0.0)
    options = {"axis": axis, "keepdims": keepdims}
    return F.sum(values, **options) / _or_nan(F.sum(seen, **options))


def _or_nan(count: Any) -> Any:
    return F.where(count > 0, count, math.nan)


@_composite()
def nanvar(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the variance of the values that are not NaN.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; that of `a` by default.
        out: None, of a recorded array.
        ddof: what is taken from the count of values before dividing by it.
        keepdims: whether the axes stay, with length 1.
        where: a mask: the values to take; all by default.
        mean: the mean, with the axes kept, if it is known.
        correction: another name of `ddof`.
    """
    check_no_out("nanvar", out)
    values, seen = _without_nan(_of_dtype(a, dtype), where, 0.0)
    count = F.sum(seen, axis=axis, keepdims=True)
    if mean is None:
        mean = F.sum(values, axis=axis, keepdims=True) / F.where(count > 0, count, 1.0)
    away = F.where(seen > 0, values - mean, 0.0)
    squares = squared_size(away)
    count = F.sum(seen, axis=axis, keepdims=keepdims) - (ddof if correction is None else correction)
    return F.sum(squares, axis=axis, keepdims=keepdims) / _or_nan(count)


@_composite()
def nanstd(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the standard deviation of the values that are not NaN; its gradient at 0 is 0.

    Args:
        a: array.
        axis: the axis or axes to go over; None is all.
        dtype: the data type to compute in; that of `a` by default.
        out: None, of a recorded array.
        ddof: what is taken from the count of values before dividing by it.
        keepdims: whether the axes stay, with length 1.
        where: a mask: the values to take; all by default.
        mean: the mean, with the axes kept, if it is known.
        correction: another name of `ddof`.
    """
    squared = nanvar(
        a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    return root(squared)


def root(squared: Any) -> Any:
    """Return the square root, with the gradient 0 at 0."""
    nothing = squared == 0
    return F.where(nothing, 0.0, F.sqrt(F.where(nothing, 1.0, squared)))


def squared_size(x: Array) -> Any:
    """Return |x|², elementwise."""
    return F.real(x * F.conj(x)) if kind_of(x) == "c" else x * x


def _nan_extremum(f: Any, worst: float, a: Array, axis: Axis, keepdims: bool, where: Any) -> Any:
    values, seen = _without_nan(a, where, worst)
    options = {"axis": axis, "keepdims": keepdims}
    return F.where(F.max(seen, **options) > 0, f(values, **options), math.nan)


@_composite()
def nanmax(
    a: Array,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Return the largest of the values that are not NaN; ties share the gradient.

    Args:
        a: array, real floating.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
        initial: a number to begin with: the result if it is larger.
        where: a mask: the values to take; all by default.
    """
    check_no_out("nanmax", out)
    y = _nan_extremum(F.max, -math.inf, a, axis, keepdims, where)
    return y if initial is None else F.maximum(F.where(F.isnan(y), -math.inf, y), initial)


@_composite()
def nanmin(
    a: Array,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Array:
    """Return the smallest of the values that are not NaN; ties share the gradient.

    Args:
        a: array, real floating.
        axis: the axis or axes to go over; None is all.
        out: None, of a recorded array.
        keepdims: whether the axes stay, with length 1.
        initial: a number to begin with: the result if it is smaller.
        where: a mask: the values to take; all by default.
    """
    check_no_out("nanmin", out)
    y = _nan_extremum(F.min, math.inf, a, axis, keepdims, where)
    return y if initial is None else F.minimum(F.where(F.isnan(y), math.inf, y), initial)


# --- Covariance ------------------------------------------------------------------------------


@_composite()
def cov(
    m: Array,
    y: Array = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: DType = None,
) -> Array:
    """Return the covariance matrix of variables, of which there are observations.

    Args:
        m: array of shape (variables, observations), or (observations,).
        y: more variables, in the same form.
        rowvar: False where `m` is (observations, variables).
        bias: whether to divide by the number of observations n, and not by n − 1.
        ddof: what to take from n instead.
        fweights: integers, how often each observation occurs.
        aweights: array, how much each observation weighs.
        dtype: the data type of the result; double precision by default.

    Returns:
        Array of shape (variables, variables), without axes where there is one.
    """
    x = _rows(m, rowvar, dtype)
    if y is not None:
        x = F.concat([x, _rows(y, rowvar, dtype)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    real = F.abs(F.stop_gradient(x)).dtype
    given = [array_like(w, x) for w in (fweights, aweights) if w is not None]
    weights = [F.astype(w, real) for w in given]
    if not weights:
        away = x - F.mean(x, axis=1, keepdims=True)
        freedom: Any = max(x.shape[1] - ddof, 0) or math.nan
        product = F.matmul(away, _adjoint(away))
    else:
        w = weights[0] if len(weights) == 1 else weights[0] * weights[1]
        total = F.sum(w)
        away = x - F.sum(x * w, axis=1, keepdims=True) / total
        freedom = total
        if ddof:
            freedom = total - ddof * (F.sum(w * weights[-1]) / total if aweights is not None else 1)
        product = F.matmul(away, _adjoint(away * w))
    found = product / freedom
    return F.reshape(found, ()) if found.shape == (1, 1) else found


def _rows(m: Array, rowvar: bool, dtype: DType) -> Any:
    """Return variables as the rows of a matrix."""
    m = double(m) if dtype is None else F.astype(m, dtype)
    if len(m.shape) > 2:
        raise ArgumentError(
            f"cov: shape {m.shape} has more than two axes. Write cov(x.reshape(n, -1))"
        )
    if len(m.shape) < 2:
        return F.reshape(m, (1, -1))
    return m if rowvar else F.matrix_transpose(m)


def _adjoint(x: Array) -> Any:
    x = F.matrix_transpose(x)
    return F.conj(x) if kind_of(x) == "c" else x


@_composite()
def corrcoef(x: Array, y: Array = None, rowvar: bool = True, *, dtype: DType = None) -> Array:
    """Return the correlation matrix of variables: their covariance in units of their deviations.

    Args:
        x: array of shape (variables, observations), or (observations,).
        y: more variables, in the same form.
        rowvar: False where `x` is (observations, variables).
        dtype: the data type of the result; double precision by default.

    Returns:
        Array of shape (variables, variables), without axes where there is one.
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if not shape_of(c):
        return c / c
    n = c.shape[0]
    places = libraries.create("arange", n, like=c)
    diagonal = F.take(F.reshape(c, (-1,)), places * (n + 1), axis=0)
    deviation = F.sqrt(F.real(diagonal) if kind_of(c) == "c" else diagonal)
    c = c / F.reshape(deviation, (n, 1)) / F.reshape(deviation, (1, n))
    if kind_of(c) == "c":
        return F.clip(F.real(c), -1.0, 1.0) + F.clip(F.imag(c), -1.0, 1.0) * 1j
    return F.clip(c, -1.0, 1.0)
