"""Losses: the frequent ones, with a gradient for the prediction and for the target.

The others are written in terms of functions that have rules.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.frule import frule
from gpugrad.namespace import shape_of
from gpugrad.network.activations import relu, sigmoid
from gpugrad.network.losses import (
    Softmax,
    aggregated,
    aggregation_scale,
    batch_size,
    cross_entropy,
    hinge_loss,
    huber,
    logistic_loss,
    logit_cross_entropy,
    matched,
    mse,
    soft_targets,
)
from gpugrad.registry import rrule
from gpugrad.scalar import scalar_rule
from gpugrad.tangent import Projection, accumulate

scalar_rule(
    huber,
    lambda y, error, delta: F.clip(error, -delta, delta),
    lambda y, error, delta: relu(F.abs(error) - delta),
    real=True,
)
scalar_rule(
    logistic_loss,
    lambda y, logits, target: sigmoid(logits) - target,
    lambda y, logits, target: -logits,
    real=True,
)


@rrule.register(mse)
def mse_rrule(_: Any, yhat: Any, y: Any, *, agg: str = "mean", needs: tuple[bool, bool]) -> Any:
    yhat, y = matched("mse", yhat, y)
    error = yhat - y
    scale = 2 * aggregation_scale("mse", agg, math.prod(shape_of(error)))
    project_yhat, project_y = Projection(yhat), Projection(y)

    def mse_back(dloss: Any) -> Any:
        d = (dloss * scale) * error
        return None, project_yhat(d) if needs[0] else None, project_y(-d) if needs[1] else None

    return aggregated("mse", error * error, agg), mse_back


@rrule.register(cross_entropy)
def cross_entropy_rrule(
    _: Any,
    yhat: Any,
    y: Any,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
    needs: tuple[bool, bool],
) -> Any:
    yhat, y = matched("cross_entropy", yhat, y)
    share = aggregation_scale("cross_entropy", agg, batch_size("cross_entropy", yhat, axis))

    def cross_entropy_back(dloss: Any) -> Any:
        scale = _beside(dloss * -share, agg, axis)
        dyhat = scale * y / (yhat + epsilon) if needs[0] else None
        dy = scale * F.log(yhat + epsilon) if needs[1] else None
        return None, dyhat, dy

    return cross_entropy(yhat, y, axis=axis, epsilon=epsilon, agg=agg), cross_entropy_back


@rrule.register(logit_cross_entropy)
def logit_cross_entropy_rrule(
    _: Any, logits: Any, y: Any, *, axis: int = -1, agg: str = "mean", needs: tuple[bool, bool]
) -> Any:
    """∂/∂logits = (softmax(logits) Σ y − y) / batch, ∂/∂y = −logsoftmax(logits) / batch."""
    name = "logit_cross_entropy"
    targets = soft_targets(y, logits, axis)
    softmax = Softmax(logits, targets, axis)
    share = aggregation_scale(name, agg, batch_size(name, logits, axis))
    e, weight, total = softmax.e, softmax.weight, softmax.total
    minus_log_p = softmax.log_total - softmax.z if needs[1] else None

    def logit_cross_entropy_back(dloss: Any) -> Any:
        scale = _beside(dloss * share, agg, axis)
        dlogits = scale * (e * (weight / total) - targets) if needs[0] else None
        return None, dlogits, scale * minus_log_p if needs[1] else None

    return softmax.loss(agg), logit_cross_entropy_back


@rrule.register(hinge_loss)
def hinge_loss_rrule(
    _: Any, yhat: Any, y: Any, *, agg: str = "mean", needs: tuple[bool, bool]
) -> Any:
    """At the kink, ŷ y = 1, the gradient is 0."""
    yhat, y = matched("hinge_loss", yhat, y)
    margin = yhat * y
    wrong = F.indicator(margin < 1, yhat)
    scale = -aggregation_scale("hinge_loss", agg, math.prod(shape_of(wrong)))

    def hinge_loss_back(dloss: Any) -> Any:
        factor = (dloss * scale) * wrong
        return None, factor * y if needs[0] else None, factor * yhat if needs[1] else None

    return aggregated("hinge_loss", relu(1 - margin), agg), hinge_loss_back


def _beside(scale: Any, agg: str, axis: int) -> Any:
    """Return the losses' sensitivities with the axis of the classes back, of length 1."""
    return F.expand_dims(scale, axis=axis) if agg == "none" else scale


# --- Forward: the losses' tangents, aggregated as the losses are ------------------------------
@frule.register(mse)
def mse_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Any:
    yhat, y = matched("mse", *args)
    error = yhat - y
    moved = _along(tangents, lambda: 2 * error, lambda: -2 * error)
    return aggregated("mse", error * error, agg), aggregated("mse", moved, agg)


@frule.register(cross_entropy)
def cross_entropy_frule(
    _: Any,
    args: Any,
    tangents: Any,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
) -> Any:
    yhat, y = matched("cross_entropy", *args)
    shifted = yhat + epsilon
    moved = _along(tangents, lambda: -y / shifted, lambda: -F.log(shifted))
    loss = cross_entropy(yhat, y, axis=axis, epsilon=epsilon, agg=agg)
    return loss, aggregated("cross_entropy", F.sum(moved, axis=axis), agg)


@frule.register(logit_cross_entropy)
def logit_cross_entropy_frule(
    _: Any, args: Any, tangents: Any, *, axis: int = -1, agg: str = "mean"
) -> Any:
    logits, y = args
    targets = soft_targets(y, logits, axis)
    softmax = Softmax(logits, targets, axis)
    moved = _along(
        tangents,
        lambda: softmax.e * (softmax.weight / softmax.total) - targets,
        lambda: softmax.log_total - softmax.z,
    )
    return softmax.loss(agg), aggregated("logit_cross_entropy", F.sum(moved, axis=axis), agg)


@frule.register(hinge_loss)
def hinge_loss_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Any:
    yhat, y = matched("hinge_loss", *args)
    margin = yhat * y
    wrong = F.indicator(margin < 1, yhat)
    moved = _along(tangents, lambda: -wrong * y, lambda: -wrong * yhat)
    return aggregated("hinge_loss", relu(1 - margin), agg), aggregated("hinge_loss", moved, agg)


def _along(tangents: Any, *partials: Callable[[], Any]) -> Any:
    """Return the sum of the tangents, each times its partial derivative."""
    products = [dx * p() for dx, p in zip(tangents, partials, strict=True) if dx is not None]
    return functools.reduce(accumulate, products)
