"""Counts of values and of points, through whose weights gradients flow."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.levels import has_levels
from gpugrad.errors import ArgumentError
from gpugrad.functions.elementwise import array_like, double
from gpugrad.functions.without_gradient import WithoutGradient, stopped

_bincount = WithoutGradient("bincount", differentiable=False)
_histogram = WithoutGradient("histogram", differentiable=False)
_histogram2d = WithoutGradient("histogram2d", differentiable=False)
_histogramdd = WithoutGradient("histogramdd", differentiable=False)


@_composite()
def bincount(x: Array, /, weights: Array = None, minlength: int = 0) -> Array:
    """Return how often each whole number occurs, or the sum of the weights of where it does.

    Args:
        x: array of shape (n,) of integers, none negative.
        weights: array of shape (n,), real floating; each has the gradient of the sum it is in.
        minlength: the least length of the result.

    Returns:
        Array of the length max(x) + 1 at least.
    """
    if weights is None:
        return _bincount(x, minlength=minlength)
    x, weights = array_like(x, weights), array_like(weights, x)
    largest = int(F.max(x)) if shape_of(x)[0] else -1
    return F.scatter_add(double(weights), x, (max(largest + 1, minlength),))


@_composite()
def histogram(
    a: Array, bins: Any = 10, range: Any = None, density: Any = None, weights: Array = None
) -> Any:
    """Return how many values are in each interval, and the intervals' ends.

    Args:
        a: array of any shape: counts have no gradient by it.
        bins: how many intervals, or their ends.
        range: the first and the last end.
        density: whether to return a probability density, of integral 1, instead of counts.
        weights: array of the shape of `a`; each has the gradient of the sum it is in.
    """
    if weights is None or not has_levels((weights,)):
        return _histogram(a, bins, range, density, weights)
    _, edges = _histogram(a, bins, range)
    a = F.reshape(F.stop_gradient(a), (-1,))
    count = edges.shape[0] - 1
    place = F.searchsorted(edges, a, side="right") - 1
    place = F.where(a == edges[-1], count - 1, place)
    inside = (place >= 0) & (place < count)
    values = F.where(inside, F.reshape(weights, (-1,)), 0.0)
    y = F.scatter_add(values, F.where(inside, place, 0), (count,))
    return (y / F.diff(edges) / F.sum(y) if density else y), edges


def _counted(f: WithoutGradient, args: tuple[Any, ...], weights: Array, options: Any) -> Any:
    if weights is not None and stopped(weights) is not weights:
        raise ArgumentError(
            f"{f.name}: its weights are recorded, and it has no rule. Number the intervals by "
            f"xp.digitize, and add up by xp.bincount(numbers, weights)"
        )
    return f(*args, weights=weights, **options)


@_composite()
def histogram2d(
    x: Array,
    y: Array,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Array = None,
) -> Any:
    """Return how many points are in each rectangle, and the intervals' ends along both axes.

    Args:
        x: array of shape (n,): the points' places along the first axis.
        y: array of shape (n,): along the second.
        bins: how many intervals, or their ends: for all axes or for each.
        range: the first and the last end, for each axis.
        density: whether to return a probability density, of integral 1, instead of counts.
        weights: array of shape (n,), how much each point counts; it may not be recorded.

    Raises:
        ArgumentError: `weights` is recorded.
    """
    options = {"bins": bins, "range": range, "density": density}
    return _counted(_histogram2d, (x, y), weights, options)


@_composite()
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Array = None
) -> Any:
    """Return how many points are in each box, and the intervals' ends along all axes.

    Args:
        sample: array of shape (n, axes): the points; or a list of arrays of shape (n,), one for
            each axis.
        bins: how many intervals, or their ends: for all axes or for each.
        range: the first and the last end, for each axis.
        density: whether to return a probability density, of integral 1, instead of counts.
        weights: array of shape (n,), how much each point counts; it may not be recorded.

    Raises:
        ArgumentError: `weights` is recorded.
    """
    options = {"bins": bins, "range": range, "density": density}
    return _counted(_histogramdd, (sample,), weights, options)
