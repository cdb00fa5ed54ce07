"""Losses: the frequent ones, with a gradient for the prediction and for the target.

Those that are the sum of losses of single elements are given by their partial derivatives. The
others are written in terms of functions that have rules.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import CudaArray, shape_of
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import cross_entropy as kernels
from gpugrad.kernels.losses import LOSSES, loss_of, value
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.activations import logsoftmax, relu, sigmoid
from gpugrad.nn.functional.losses import (
    Softmax,
    aggregated,
    aggregation_scale,
    batch_size,
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber,
    huber_loss,
    logistic_loss,
    logit_binary_cross_entropy,
    logit_cross_entropy,
    mae,
    matched,
    mse,
    poisson_loss,
    soft_targets,
    squared_hinge_loss,
)
from gpugrad.rulebook.reverse import takes_number
from gpugrad.rulebook.scalar_rule import scalar_rule
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate

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


# --- Losses of single elements -----------------------------------------------------------------


def loss_rule(f: Any, *partials: Callable[..., Any]) -> None:
    """Register the derivatives of a loss that is the mean or the sum of losses of single elements.

    Args:
        f: a function of the prediction, the target and perhaps a number, and of `agg`.
        partials: for each of these the derivative of an element's loss, a function of them all.
    """

    @rrule.register(f)
    def loss_rrule(
        _: Any, yhat: Any, y: Any, *options: Any, agg: str = "mean", needs: tuple[bool, ...]
    ) -> Any:
        args = (*matched(f.name, yhat, y), *options)
        scale = aggregation_scale(f.name, agg, math.prod(shape_of(yhat)))
        projections = [Projection(x) for x in args]

        def loss_back(dloss: Any) -> Any:
            d = dloss * scale
            parts = zip(needs, projections, partials, strict=True)
            return None, *[project(d * by(*args)) if need else None for need, project, by in parts]

        return f(*args, agg=agg), loss_back

    @frule.register(f)
    def loss_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Any:
        yhat, y, *options = args
        args = (*matched(f.name, yhat, y), *options)
        moved = _along(tangents, *[functools.partial(by, *args) for by in partials])
        return f(*args, agg=agg), aggregated(f.name, moved, agg)

    by_kernels(f, loss_rrule)


def by_kernels(f: Any, rule: Callable[..., Any]) -> None:
    """Register kernels for a loss of CuPy's arrays, beside the rule of all arrays.

    They give way to it where the sensitivity is recorded, and for the gradient of the number.
    """
    assert f.name in LOSSES
    implement(f, CudaArray)(functools.partial(value, f.name))

    @rrule.register(f, CudaArray, CudaArray)
    def loss_rrule_on_cuda(
        f: Any, yhat: Any, y: Any, *options: Any, agg: str = "mean", needs: tuple[bool, ...]
    ) -> Any:
        loss = loss_of(f.name, yhat, y, *options, agg=agg)
        if loss is None:
            return NotImplemented

        def by_rule(dloss: Any, needs: tuple[bool, ...]) -> Any:
            return rule(f, yhat, y, *options, agg=agg, needs=needs)[1](dloss)

        @takes_number
        def loss_back(dloss: Any) -> Any:
            found = loss.pull_back(dloss, needs[:2])
            if found is NotImplemented:
                return by_rule(dloss, needs)
            if any(needs[2:]):
                return None, *found, *by_rule(dloss, (False, False, *needs[2:]))[3:]
            return None, *found, *[None for _ in options]

        return loss.compute(), loss_back


loss_rule(
    mae,
    lambda yhat, y: F.sign(yhat - y),
    lambda yhat, y: -F.sign(yhat - y),
)
loss_rule(
    huber_loss,
    lambda yhat, y, delta: F.clip(yhat - y, -delta, delta),
    lambda yhat, y, delta: -F.clip(yhat - y, -delta, delta),
    lambda yhat, y, delta: relu(F.abs(yhat - y) - delta),
)
loss_rule(
    squared_hinge_loss,
    lambda yhat, y: -2 * relu(1 - yhat * y) * y,
    lambda yhat, y: -2 * relu(1 - yhat * y) * yhat,
)
loss_rule(
    binary_cross_entropy,
    lambda yhat, y, epsilon: (1 - y) / (1 - yhat + epsilon) - y / (yhat + epsilon),
    lambda yhat, y, epsilon: F.log(1 - yhat + epsilon) - F.log(yhat + epsilon),
    lambda yhat, y, epsilon: -(1 - y) / (1 - yhat + epsilon) - y / (yhat + epsilon),
)
loss_rule(
    logit_binary_cross_entropy,
    lambda logits, y: sigmoid(logits) - y,
    lambda logits, y: -logits,
)
loss_rule(
    poisson_loss,
    lambda yhat, y: 1 - y / _or_one(yhat, y),
    lambda yhat, y: -F.log(_or_one(yhat, y)),
)


def _or_one(yhat: Any, y: Any) -> Any:
    """Return ŷ, and 1 where both are 0."""
    return F.where(F.logical_and(yhat == 0, y == 0), 1.0, yhat)


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


implement(cross_entropy, CudaArray)(kernels.cross_entropy)
implement(logit_cross_entropy, CudaArray)(kernels.logit_cross_entropy)


@rrule.register(cross_entropy, CudaArray, CudaArray)
def cross_entropy_rrule_on_cuda(
    f: Any,
    yhat: Any,
    y: Any,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
    needs: tuple[bool, bool],
) -> Any:
    """The gradient of the prediction is computed along with the loss."""
    losses = kernels.probability_losses(yhat, y, axis=axis, epsilon=epsilon, agg=agg)
    if losses is None:
        return NotImplemented

    @takes_number
    def cross_entropy_back(dloss: Any) -> Any:
        dyhat = losses.pull_back(dloss) if needs[0] else None
        if dyhat is NotImplemented:
            options = {"axis": axis, "epsilon": epsilon, "agg": agg, "needs": needs}
            return cross_entropy_rrule(f, yhat, y, **options)[1](dloss)
        if not needs[1]:
            return None, dyhat, None
        return None, dyhat, _beside(dloss * -losses.share, agg, axis) * F.log(yhat + epsilon)

    return losses.compute(with_gradient=needs[0]), cross_entropy_back


@rrule.register(logit_cross_entropy, CudaArray, CudaArray)
def logit_cross_entropy_rrule_on_cuda(
    f: Any, logits: Any, y: Any, *, axis: int = -1, agg: str = "mean", needs: tuple[bool, bool]
) -> Any:
    """The gradient of the logits is computed along with the loss."""
    losses = kernels.logit_losses(logits, y, axis=axis, agg=agg)
    if losses is None:
        return NotImplemented

    @takes_number
    def logit_cross_entropy_back(dloss: Any) -> Any:
        dlogits = losses.pull_back(dloss) if needs[0] else None
        if dlogits is NotImplemented:
            options = {"axis": axis, "agg": agg, "needs": needs}
            return logit_cross_entropy_rrule(f, logits, y, **options)[1](dloss)
        if not needs[1]:
            return None, dlogits, None
        scale = _beside(dloss * -losses.share, agg, axis)
        return None, dlogits, scale * logsoftmax(logits, axis=axis)

    return losses.compute(with_gradient=needs[0]), logit_cross_entropy_back


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


by_kernels(mse, mse_rrule)
by_kernels(hinge_loss, hinge_loss_rrule)


def _beside(scale: Any, agg: str, axis: int) -> Any:
    """Return the losses' sensitivities with the axis of the classes back, of length 1.

    A number is the sensitivity of each.
    """
    several = agg == "none" and type(scale) is not float
    return F.expand_dims(scale, axis=axis) if several else scale


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
