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
    standardise,
    standardise_with_moments,
)
from gpugrad.registry import rrule


@rrule.register(standardise)
def standardise_rrule(
    _: Any, x: Any, *, axis: Axis = -1, epsilon: float = 1e-5, centre: bool = True
) -> Any:
    found = Standardised(x, axis, epsilon, centre=centre)

    def standardise_back(dy: Any) -> Any:
        return None, found.moved(dy)

    return found.y, standardise_back


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
    found = Standardised(args[0], axis, epsilon, centre=centre)
    return found.y, found.moved(tangents[0])


@rrule.register(standardise_with_moments)
def standardise_with_moments_rrule(
    _: Any, x: Any, *, axis: Axis = -1, epsilon: float = 1e-5
) -> Any:
    """∂μ/∂x = 1/n and ∂σ²/∂x = 2 (x − μ)/n."""
    found = Standardised(x, axis, epsilon)
    count = x.size / max(found.variance.size, 1)

    def standardise_with_moments_back(dy: Any) -> Any:
        dy, dmean, dvariance = dy
        dx = 0.0 if dy is None else found.moved(dy)
        if dmean is not None:
            dx = dx + dmean / count
        if dvariance is not None:
            dx = dx + (dvariance * (2 / count)) * found.deviation
        return None, F.broadcast_to(dx, x.shape)

    return (found.y, found.mean, found.variance), standardise_with_moments_back


@frule.register(standardise_with_moments)
def standardise_with_moments_frule(
    _: Any, args: Any, tangents: Any, *, axis: Axis = -1, epsilon: float = 1e-5
) -> Any:
    (x,), (dx,) = args, tangents
    found = Standardised(x, axis, epsilon)
    dmean = F.mean(dx, axis=axis, keepdims=True)
    dvariance = 2 * F.mean(dx * found.deviation, axis=axis, keepdims=True)
    return (found.y, found.mean, found.variance), (found.moved(dx), dmean, dvariance)


class _Direction:
    """What a vector of length 1 and its derivatives have in common."""

    def __init__(self, x: Any, axis: Axis) -> None:
        self.axis = axis
        self.scale = inverse_norm(x, axis)
        self.y = x * self.scale

    def moved(self, dx: Any) -> Any:
        """Return J dx = (dx − y Σ y dx) / ‖x‖; J is symmetric."""
        along = F.sum(dx * self.y, axis=self.axis, keepdims=True)
        return (dx - along * self.y) * self.scale


@rrule.register(l2_normalise)
def l2_normalise_rrule(_: Any, x: Any, *, axis: Axis = -1) -> Any:
    found = _Direction(x, axis)

    def l2_normalise_back(dy: Any) -> Any:
        return None, found.moved(dy)

    return found.y, l2_normalise_back


@frule.register(l2_normalise)
def l2_normalise_frule(_: Any, args: Any, tangents: Any, *, axis: Axis = -1) -> Any:
    found = _Direction(args[0], axis)
    return found.y, found.moved(tangents[0])
