"""Normalisations: values of mean 0 and variance 1, and vectors of length 1."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.frule import frule
from gpugrad.network.normalisation import (
    Axis,
    Standardised,
    inverse_norm,
    l2_normalise,
    narrowed,
    standardise,
    standardise_with_moments,
    widened,
)
from gpugrad.registry import rrule
from gpugrad.tangent import Projection


@rrule.register(standardise)
def standardise_rrule(
    _: Any, x: Any, *, axis: Axis = -1, epsilon: float = 1e-5, centre: bool = True
) -> Any:
    found, project = Standardised(x, axis, epsilon, centre=centre), Projection(x)

    def standardise_back(dy: Any) -> Any:
        return None, project(found.moved(dy))

    return narrowed(found.y, x), standardise_back


@frule.register(standardise)
def standardise_frule(
    _: Any,
    args: Any,
    tangents: Any,
    *,
    axis: Axis = -1,
    epsilon: float = 1e-5,
    centre: bool = True,
) -> Any:
    (x,), (dx,) = args, tangents
    found = Standardised(x, axis, epsilon, centre=centre)
    return narrowed(found.y, x), narrowed(found.moved(dx), x)


@rrule.register(standardise_with_moments)
def standardise_with_moments_rrule(
    _: Any, x: Any, *, axis: Axis = -1, epsilon: float = 1e-5
) -> Any:
    """∂μ/∂x = 1/n and ∂σ²/∂x = 2 (x − μ)/n."""
    found, project, shape = Standardised(x, axis, epsilon), Projection(x), x.shape
    count = x.size / max(found.variance.size, 1)

    def standardise_with_moments_back(dy: Any) -> Any:
        dy, dmean, dvariance = dy
        dx = 0.0 if dy is None else found.moved(dy)
        if dmean is not None:
            dx = dx + dmean / count
        if dvariance is not None:
            dx = dx + (dvariance * (2 / count)) * found.deviation
        return None, project(F.broadcast_to(dx, shape))

    return (narrowed(found.y, x), found.mean, found.variance), standardise_with_moments_back


@frule.register(standardise_with_moments)
def standardise_with_moments_frule(
    _: Any, args: Any, tangents: Any, *, axis: Axis = -1, epsilon: float = 1e-5
) -> Any:
    (x,), (dx,) = args, tangents
    found, dx = Standardised(x, axis, epsilon), widened(dx)
    dmean = F.mean(dx, axis=axis, keepdims=True)
    dvariance = 2 * F.mean(dx * found.deviation, axis=axis, keepdims=True)
    moments = (found.mean, found.variance)
    return (narrowed(found.y, x), *moments), (narrowed(found.moved(dx), x), dmean, dvariance)


class _Direction:
    """What a vector of length 1 and its derivatives have in common."""

    def __init__(self, x: Any, axis: Axis) -> None:
        x = widened(x)
        self.axis = axis
        self.scale = inverse_norm(x, axis)
        self.y = x * self.scale

    def moved(self, dx: Any) -> Any:
        """Return J dx = (dx − y Σ y dx) / ‖x‖; J is symmetric."""
        dx = widened(dx)
        along = F.sum(dx * self.y, axis=self.axis, keepdims=True)
        return (dx - along * self.y) * self.scale


@rrule.register(l2_normalise)
def l2_normalise_rrule(_: Any, x: Any, *, axis: Axis = -1) -> Any:
    found, project = _Direction(x, axis), Projection(x)

    def l2_normalise_back(dy: Any) -> Any:
        return None, project(found.moved(dy))

    return narrowed(found.y, x), l2_normalise_back


@frule.register(l2_normalise)
def l2_normalise_frule(_: Any, args: Any, tangents: Any, *, axis: Axis = -1) -> Any:
    (x,), (dx,) = args, tangents
    found = _Direction(x, axis)
    return narrowed(found.y, x), narrowed(found.moved(dx), x)
