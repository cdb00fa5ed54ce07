"""Sums, products, extrema and moments over axes, and running sums and products."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array, Axis, CudaArray, DType, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import columns
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.rulebook.reverse import takes_number
from gpugrad.rules.elementwise import conj, nonzero
from gpugrad.structure.spaces import Projection


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes that `axis` means, none negative, in order."""
    if axis is None or ndim == 0:  # NumPy lets a number have an axis 0
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % ndim for a in axes))


class Reduction:
    """The shapes of a reduction: how its result is put beside what was reduced."""

    def __init__(self, x: Array, axis: Axis) -> None:
        self.shape = shape_of(x)
        self.axes = reduced_axes(axis, len(self.shape))
        self.kept = tuple(1 if i in self.axes else n for i, n in enumerate(self.shape))
        self.count = math.prod(self.shape[a] for a in self.axes)

    def beside(self, y: Array) -> Any:
        """Return the result with the reduced axes back, of length 1."""
        return y if shape_of(y) == self.kept else F.reshape(y, self.kept)

    def spread(self, y: Array) -> Any:
        """Return the result repeated along the reduced axes."""
        return F.broadcast_to(self.beside(y), self.shape)


def _options(keepdims: bool, dtype: DType) -> dict[str, Any]:
    """Return what a rule passes on. NumPy's `where`, `initial`, `mean` and `out` are no part of it.

    They would change the value, or write it elsewhere, and the pullback would not know.
    """
    return {"keepdims": keepdims} if dtype is None else {"keepdims": keepdims, "dtype": dtype}


@rrule.register(F.sum)
def sum_rrule(
    _: Any, x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: DType = None
) -> Answer:
    reduction, project = Reduction(x, axis), Projection(x)

    def sum_back(dy: Array) -> Cotangents:
        return None, project(reduction.spread(dy))

    return F.sum(x, axis=axis, **_options(keepdims, dtype)), sum_back


@rrule.register(F.mean)
def mean_rrule(
    _: Any, x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: DType = None
) -> Answer:
    reduction = Reduction(x, axis)

    def mean_back(dy: Array) -> Cotangents:
        return None, reduction.spread(dy / reduction.count)

    return F.mean(x, axis=axis, **_options(keepdims, dtype)), mean_back


def _freedom(reduction: Reduction, correction: float) -> float:
    """Return the degrees of freedom; NaN, as the variance itself, where there are none."""
    return reduction.count - correction or math.nan


@rrule.register(F.var)
def var_rrule(
    _: Any,
    x: Array,
    *,
    axis: Axis = None,
    correction: float = 0.0,
    keepdims: bool = False,
    dtype: DType = None,
) -> Answer:
    y = F.var(x, axis=axis, correction=correction, **_options(keepdims, dtype))
    reduction = Reduction(x, axis)

    def var_back(dy: Array) -> Cotangents:
        deviation = x - F.mean(x, axis=axis, keepdims=True)
        return None, reduction.beside(dy * (2 / _freedom(reduction, correction))) * deviation

    return y, var_back


@rrule.register(F.std)
def std_rrule(
    _: Any,
    x: Array,
    *,
    axis: Axis = None,
    correction: float = 0.0,
    keepdims: bool = False,
    dtype: DType = None,
) -> Answer:
    """The gradient is that of a norm: 0 where all values are equal."""
    y = F.std(x, axis=axis, correction=correction, **_options(keepdims, dtype))
    reduction = Reduction(x, axis)

    def std_back(dy: Array) -> Cotangents:
        deviation = x - F.mean(x, axis=axis, keepdims=True)
        scale = dy / nonzero(y) / _freedom(reduction, correction)
        return None, reduction.beside(scale) * deviation

    return y, std_back


def _extremum_rrule(f: Any, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Answer:
    """The gradient is split evenly among the values that are the extremum."""
    y = f(x, axis=axis, keepdims=keepdims)
    reduction = Reduction(x, axis)

    def extremum_back(dy: Array) -> Cotangents:
        hit = F.indicator(x == reduction.beside(y), x)
        share = reduction.beside(dy) / F.sum(hit, axis=reduction.axes, keepdims=True)
        return None, hit * share

    return y, extremum_back


rrule.register(F.max)(_extremum_rrule)
rrule.register(F.min)(_extremum_rrule)


def _shifted(x: Array, by: int) -> Any:
    """Return x[by], x[by + 1], … along the last axis, with zeros at the end."""
    return F.concat([x[..., by:], F.zeros_like(x[..., :by])], axis=-1)


def _products_before(x: Array) -> Any:
    """Return, along the last axis, the product of all earlier elements."""
    if x.shape[-1] == 0:
        return x
    ones = F.ones_like(x[..., :1])
    return F.cumulative_prod(F.concat([ones, x[..., :-1]], axis=-1), axis=-1)


@rrule.register(F.prod)
def prod_rrule(
    _: Any, x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: DType = None
) -> Answer:
    """∂/∂xᵢ is the product of all others, without a division: exact where factors are 0."""
    reduction, project = Reduction(x, axis), Projection(x)
    rest = tuple(i for i in range(len(reduction.shape)) if i not in reduction.axes)
    order = (*rest, *reduction.axes)
    back_order = tuple(order.index(i) for i in range(len(order)))

    def prod_back(dy: Array) -> Cotangents:
        moved = F.permute_dims(x, order)
        factors = F.reshape(moved, (*(reduction.shape[i] for i in rest), reduction.count))
        before = _products_before(factors)
        after = F.flip(_products_before(F.flip(factors, axis=-1)), axis=-1)
        others = F.permute_dims(F.reshape(before * after, shape_of(moved)), back_order)
        return None, project(reduction.beside(dy) * conj(others))

    return F.prod(x, axis=axis, **_options(keepdims, dtype)), prod_back


@rrule.register(F.cumulative_sum)
def cumulative_sum_rrule(
    _: Any, x: Array, *, axis: int | None = None, include_initial: bool = False, dtype: DType = None
) -> Answer:
    y = F.cumulative_sum(x, axis=axis, include_initial=include_initial, dtype=dtype)
    along = 0 if axis is None else axis
    project = Projection(x)

    def cumulative_sum_back(dy: Array) -> Cotangents:
        if include_initial:
            dy = F.slice_along(dy, along, 1, None)
        reverse = F.cumulative_sum(F.flip(dy, axis=along), axis=along)
        return None, project(F.flip(reverse, axis=along))

    return y, cumulative_sum_back


@rrule.register(F.cumulative_prod)
def cumulative_prod_rrule(
    _: Any, x: Array, *, axis: int | None = None, include_initial: bool = False, dtype: DType = None
) -> Answer:
    """∂/∂xⱼ = (∏ₖ﹤ⱼ xₖ) sⱼ with sⱼ = dyⱼ + xⱼ₊₁ sⱼ₊₁, solved in log₂ n steps without a division.

    The steps are those of Hillis and Steele's parallel scan, on the affine maps of the recurrence.
    """
    y = F.cumulative_prod(x, axis=axis, include_initial=include_initial, dtype=dtype)
    along = 0 if axis is None else axis
    project = Projection(x)

    def cumulative_prod_back(dy: Array) -> Cotangents:
        if include_initial:
            dy = F.slice_along(dy, along, 1, None)
        factors, sums = F.moveaxis(x, along, -1), F.moveaxis(dy, along, -1)
        before = _products_before(factors)
        step = 1
        slopes = conj(_shifted(factors, 1)) if factors.shape[-1] > 1 else factors
        while step < factors.shape[-1]:
            sums = sums + slopes * _shifted(sums, step)
            slopes = slopes * _shifted(slopes, step)
            step *= 2
        return None, project(F.moveaxis(conj(before) * sums, -1, along))

    return y, cumulative_prod_back


# --- Forward ---------------------------------------------------------------------------------
linear(F.cumulative_sum, F.mean, F.sum)


def _extremum_frule(f: Any, args: Any, tangents: Any, **kwargs: Any) -> Answer:
    """The mean of the tangents of all values that are the extremum."""
    (x,), (dx,) = args, tangents
    y = f(x, **kwargs)
    axis, keepdims = kwargs.get("axis"), kwargs.get("keepdims", False)
    reduction = Reduction(x, axis)
    hit = F.indicator(x == reduction.beside(y), x)
    total = F.sum(hit * dx, axis=reduction.axes, keepdims=keepdims)
    return y, total / F.sum(hit, axis=reduction.axes, keepdims=keepdims)


frule.register(F.max)(_extremum_frule)
frule.register(F.min)(_extremum_frule)


# --- On CuPy's arrays -----------------------------------------------------------------------
implement(F.sum, CudaArray)(columns.sum)


@rrule.register(F.sum, CudaArray)
@rrule.register(F.mean, CudaArray)
def sum_or_mean_rrule_on_cuda(
    f: Any, x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: DType = None
) -> Answer:
    """A sensitivity that is a number is divided on the host, and filled in once for all."""
    rule = sum_rrule if f is F.sum else mean_rrule
    y, back = rule(f, x, axis=axis, keepdims=keepdims, dtype=dtype)
    shape, options = shape_of(x), {"dtype": x.dtype, "device": plain(x).device}
    share = 1 / max(Reduction(x, axis).count, 1) if f is F.mean else 1.0

    @takes_number
    def sum_or_mean_back(dy: Array) -> Cotangents:
        if type(dy) is not float:
            return back(dy)
        filled = cupy_library().functions.create("full", (), dy * share, **options)
        return None, F.broadcast_to(filled, shape)

    return y, sum_or_mean_back
