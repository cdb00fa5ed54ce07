"""Losses: the mean over a batch, with a gradient for the prediction and for the target."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.namespace import shape_of
from gpugrad.network.losses import (
    Softmax,
    batch_size,
    check_shapes,
    cross_entropy,
    hinge_loss,
    logit_cross_entropy,
    mse,
    soft_targets,
)
from gpugrad.registry import rrule
from gpugrad.tangent import Projection


@rrule.register(mse)
def mse_rrule(_: Any, yhat: Any, y: Any, *, needs: tuple[bool, bool]) -> Any:
    check_shapes("mse", yhat, y)
    error = yhat - y
    scale = 2 / max(math.prod(shape_of(error)), 1)
    project_yhat, project_y = Projection(yhat), Projection(y)

    def mse_back(dloss: Any) -> Any:
        d = error * (dloss * scale)
        return None, project_yhat(d) if needs[0] else None, project_y(-d) if needs[1] else None

    return F.mean(error * error), mse_back


@rrule.register(cross_entropy)
def cross_entropy_rrule(
    _: Any,
    yhat: Any,
    y: Any,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    needs: tuple[bool, bool],
) -> Any:
    batch = batch_size(yhat, axis)

    def cross_entropy_back(dloss: Any) -> Any:
        scale = -dloss / batch
        dyhat = y * scale / (yhat + epsilon) if needs[0] else None
        dy = F.log(yhat + epsilon) * scale if needs[1] else None
        return None, dyhat, dy

    return cross_entropy(yhat, y, axis=axis, epsilon=epsilon), cross_entropy_back


@rrule.register(logit_cross_entropy)
def logit_cross_entropy_rrule(
    _: Any, logits: Any, y: Any, *, axis: int = -1, needs: tuple[bool, bool]
) -> Any:
    """∂/∂logits = (softmax(logits) Σ y − y) / batch, ∂/∂y = −logsoftmax(logits) / batch."""
    targets = soft_targets(y, logits, axis)
    softmax = Softmax(logits, targets, axis)
    batch = batch_size(logits, axis)
    e, weight, total = softmax.e, softmax.weight, softmax.total
    minus_log_p = softmax.log_total - softmax.z if needs[1] else None

    def logit_cross_entropy_back(dloss: Any) -> Any:
        scale = dloss / batch
        dlogits = (e * (weight / total) - targets) * scale if needs[0] else None
        return None, dlogits, minus_log_p * scale if needs[1] else None

    return softmax.loss, logit_cross_entropy_back


@rrule.register(hinge_loss)
def hinge_loss_rrule(_: Any, yhat: Any, y: Any, *, needs: tuple[bool, bool]) -> Any:
    """At the kink, ŷ y = 1, the gradient is 0."""
    check_shapes("hinge_loss", yhat, y)
    margin = yhat * y
    wrong = F.indicator(margin < 1, yhat)
    scale = -1 / max(math.prod(shape_of(wrong)), 1)

    def hinge_loss_back(dloss: Any) -> Any:
        factor = wrong * (dloss * scale)
        return None, factor * y if needs[0] else None, factor * yhat if needs[1] else None

    return F.mean(F.maximum(1 - margin, 0)), hinge_loss_back
