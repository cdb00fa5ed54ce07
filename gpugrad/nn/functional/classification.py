"""Losses of predictions of classes, over an axis of probabilities or logits."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray, kind_of
from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.primitive import Composite, implement
from gpugrad.errors import ArgumentError
from gpugrad.kernels import cross_entropy as kernels
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.arguments import axis_length, narrowed, widened
from gpugrad.nn.functional.losses import aggregated, aggregation_scale, along, matched
from gpugrad.nn.functional.softmax import logsoftmax
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.reverse import falling_back_on, takes_number


@named(kind=Composite, home="gpugrad")
def label_smoothing(y: Array, alpha: Any, /, *, axis: int | None = -1) -> Array:
    """Return (1 − α) y + α/n: targets that leave a share of α for the other classes.

    Args:
        y: target probabilities, such as one-hot ones, real floating.
        alpha: the share, from 0 to 1.
        axis: the axis of the n classes; None where there are two and `y` says how probable one is.
    """
    classes = 2 if axis is None else axis_length("label_smoothing", y, axis)
    return y * (1 - alpha) + alpha / classes


# --- Of probabilities ------------------------------------------------------------------------


@named(home="gpugrad")
def cross_entropy(
    yhat: Array, y: Array, /, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Array:
    """Return −Σ y log(ŷ + ε) over the classes, its mean over the batch.

    Args:
        yhat: predicted probabilities, array with the classes along `axis`.
        y: target probabilities, array of the same shape.
        axis: the axis of the classes; all other axes are the batch.
        epsilon: keeps the logarithm finite at ŷ = 0.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat` without `axis`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("cross_entropy", yhat, y)
    axis_length("cross_entropy", yhat, axis)
    return aggregated("cross_entropy", -F.sum(y * F.log(yhat + epsilon), axis=axis), agg)


@rrule.register(cross_entropy)
def cross_entropy_rrule(
    _: Any,
    yhat: Array,
    y: Array,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
    needs: tuple[bool, bool],
) -> Answer:
    yhat, y = matched("cross_entropy", yhat, y)
    share = aggregation_scale("cross_entropy", agg, batch_size("cross_entropy", yhat, axis))

    def cross_entropy_back(dloss: Array) -> Cotangents:
        scale = _beside(dloss * -share, agg, axis)
        dyhat = scale * y / (yhat + epsilon) if needs[0] else None
        dy = scale * F.log(yhat + epsilon) if needs[1] else None
        return None, dyhat, dy

    return cross_entropy(yhat, y, axis=axis, epsilon=epsilon, agg=agg), cross_entropy_back


@frule.register(cross_entropy)
def cross_entropy_frule(
    _: Any,
    args: Any,
    tangents: Any,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
) -> Answer:
    yhat, y = matched("cross_entropy", *args)
    shifted = yhat + epsilon
    moved = along(tangents, lambda: -y / shifted, lambda: -F.log(shifted))
    loss = cross_entropy(yhat, y, axis=axis, epsilon=epsilon, agg=agg)
    return loss, aggregated("cross_entropy", F.sum(moved, axis=axis), agg)


implement(cross_entropy, CudaArray)(kernels.cross_entropy)


@rrule.register(cross_entropy, CudaArray, CudaArray)
@falling_back_on(cross_entropy_rrule)
def cross_entropy_rrule_on_cuda(
    f: Any,
    yhat: Array,
    y: Array,
    *,
    axis: int = -1,
    epsilon: float = 1e-6,
    agg: str = "mean",
    needs: tuple[bool, bool],
) -> Answer:
    """The gradient of the prediction is computed along with the loss."""
    losses = kernels.probability_losses(yhat, y, axis=axis, epsilon=epsilon, agg=agg)
    if losses is None:
        return NotImplemented

    @takes_number
    def cross_entropy_back(dloss: Array) -> Cotangents:
        dyhat = losses.pull_back(dloss) if needs[0] else None
        if dyhat is NotImplemented:
            return NotImplemented
        if not needs[1]:
            return None, dyhat, None
        return None, dyhat, _beside(dloss * -losses.share, agg, axis) * F.log(yhat + epsilon)

    return losses.compute(with_gradient=needs[0]), cross_entropy_back


@named(kind=Composite, home="gpugrad")
def focal_loss(
    yhat: Array,
    y: Array,
    /,
    *,
    axis: int = -1,
    gamma: float = 2.0,
    epsilon: float = 1e-6,
    agg: str = "mean",
) -> Array:
    """Return −Σ y (1 − ŷ)ᵞ log(ŷ + ε) over the classes, its mean over the batch, by Lin et al.

    Args:
        yhat: predicted probabilities, array with the classes along `axis`.
        y: target probabilities, array of the same shape.
        axis: the axis of the classes; all other axes are the batch.
        gamma: how little is made of what is nearly right; 0 is cross entropy.
        epsilon: keeps the logarithm finite.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat` without `axis`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("focal_loss", yhat, y)
    return aggregated(
        "focal_loss", -F.sum(y * (1 - yhat) ** gamma * F.log(yhat + epsilon), axis=axis), agg
    )


@named(kind=Composite, home="gpugrad")
def kl_divergence(
    yhat: Array, y: Array, /, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Array:
    """Return Σ y (log y − log(ŷ + ε)) over the classes, its mean over the batch.

    Args:
        yhat: predicted probabilities, array with the classes along `axis`.
        y: target probabilities, array of the same shape; where one is 0, y log y is 0, and so is
            its gradient.
        axis: the axis of the classes; all other axes are the batch.
        epsilon: keeps the logarithm of ŷ finite.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat` without `axis`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("kl_divergence", yhat, y)
    log_y = F.log(F.where(y == 0, 1.0, y))
    return aggregated("kl_divergence", F.sum(y * (log_y - F.log(yhat + epsilon)), axis=axis), agg)


# --- Of logits -------------------------------------------------------------------------------


@named(home="gpugrad")
def logit_cross_entropy(logits: Array, y: Array, /, *, axis: int = -1, agg: str = "mean") -> Array:
    """Return −Σ y logsoftmax(logits) over the classes, its mean over the batch.

    Args:
        logits: unnormalised scores, array with the classes along `axis`; safe at any size.
        y: target probabilities of the same shape (one-hot or soft), or integer labels of that
            shape without `axis`.
        axis: the axis of the classes; all other axes are the batch.
        agg: "mean", "sum", or "none" for an array of the shape of `logits` without `axis`.

    Returns:
        A number; NaN where a label is out of range.

    Raises:
        ArgumentError: the shapes do not belong together.
    """
    return Softmax(logits, soft_targets(y, logits, axis), axis).loss(agg)


def soft_targets(y: Array, logits: Array, axis: int) -> Any:
    """Return targets of the shape of `logits`: integer labels become one-hot."""
    count = axis_length("logit_cross_entropy", logits, axis)
    if kind_of(y) != "i":
        return matched("logit_cross_entropy", logits, y)[1]
    place = axis % len(logits.shape)
    expected = logits.shape[:place] + logits.shape[place + 1 :]
    library = library_of(y)
    if library is None or y.shape != expected:
        raise ArgumentError(
            f"logit_cross_entropy: logits of shape {logits.shape} with classes along axis {axis} "
            f"take an array of integer labels, of shape {expected}, got {getattr(y, 'shape', y)}"
        )
    classes = library.arange(count, y)
    beside = (1,) * place + (-1,) + (1,) * (len(expected) - place)
    hit = F.expand_dims(y, axis=place) == F.reshape(classes, beside)
    one_hot = F.indicator(hit, logits)
    return F.where(F.any(hit, axis=place, keepdims=True), one_hot, float("nan"))


class Softmax:
    """What logit cross entropy and its gradient have in common.

    The loss is Σ w log t − Σ y z, with z = logits − max, e = eᶻ, t = Σ e and w = Σ y over the
    classes: there is no array of the logarithms of all probabilities.
    """

    def __init__(self, logits: Array, targets: Any, axis: int) -> None:
        # The loss does not depend on the shift: it is no part of any derivative.
        self.z = logits - F.stop_gradient(F.max(logits, axis=axis, keepdims=True))
        self.e = F.exp(self.z)
        self.total = F.sum(self.e, axis=axis, keepdims=True)
        self.log_total = F.log(self.total)
        self.targets = targets
        self.weight = F.sum(targets, axis=axis, keepdims=True)
        self.axis = axis

    def loss(self, agg: str) -> Any:
        """Return the losses of observations, aggregated."""
        z = F.where(self.targets == 0, 0.0, self.z)  # a logit of −∞ has no part where y = 0
        normaliser, product = self.weight * self.log_total, self.targets * z
        if agg == "none":
            return F.squeeze(normaliser, axis=self.axis) - F.sum(product, axis=self.axis)
        # sums of everything, without an array of the losses
        name = "logit_cross_entropy"
        share = aggregation_scale(name, agg, batch_size(name, self.z, self.axis))
        total = F.sum(widened(normaliser)) - F.sum(widened(product))
        return narrowed(total * share, self.z)


@rrule.register(logit_cross_entropy)
def logit_cross_entropy_rrule(
    _: Any, logits: Array, y: Array, *, axis: int = -1, agg: str = "mean", needs: tuple[bool, bool]
) -> Answer:
    """∂/∂logits = (softmax(logits) Σ y − y) / batch, ∂/∂y = −logsoftmax(logits) / batch."""
    name = "logit_cross_entropy"
    targets = soft_targets(y, logits, axis)
    softmax = Softmax(logits, targets, axis)
    share = aggregation_scale(name, agg, batch_size(name, logits, axis))
    e, weight, total = softmax.e, softmax.weight, softmax.total
    minus_log_p = softmax.log_total - softmax.z if needs[1] else None

    def logit_cross_entropy_back(dloss: Array) -> Cotangents:
        scale = _beside(dloss * share, agg, axis)
        dlogits = scale * (e * (weight / total) - targets) if needs[0] else None
        return None, dlogits, scale * minus_log_p if needs[1] else None

    return softmax.loss(agg), logit_cross_entropy_back


@frule.register(logit_cross_entropy)
def logit_cross_entropy_frule(
    _: Any, args: Any, tangents: Any, *, axis: int = -1, agg: str = "mean"
) -> Answer:
    logits, y = args
    targets = soft_targets(y, logits, axis)
    softmax = Softmax(logits, targets, axis)
    moved = along(
        tangents,
        lambda: softmax.e * (softmax.weight / softmax.total) - targets,
        lambda: softmax.log_total - softmax.z,
    )
    return softmax.loss(agg), aggregated("logit_cross_entropy", F.sum(moved, axis=axis), agg)


implement(logit_cross_entropy, CudaArray)(kernels.logit_cross_entropy)


@rrule.register(logit_cross_entropy, CudaArray, CudaArray)
@falling_back_on(logit_cross_entropy_rrule)
def logit_cross_entropy_rrule_on_cuda(
    f: Any, logits: Array, y: Array, *, axis: int = -1, agg: str = "mean", needs: tuple[bool, bool]
) -> Answer:
    """The gradient of the logits is computed along with the loss."""
    losses = kernels.logit_losses(logits, y, axis=axis, agg=agg)
    if losses is None:
        return NotImplemented

    @takes_number
    def logit_cross_entropy_back(dloss: Array) -> Cotangents:
        dlogits = losses.pull_back(dloss) if needs[0] else None
        if dlogits is NotImplemented:
            return NotImplemented
        if not needs[1]:
            return None, dlogits, None
        scale = _beside(dloss * -losses.share, agg, axis)
        return None, dlogits, scale * logsoftmax(logits, axis=axis)

    return losses.compute(with_gradient=needs[0]), logit_cross_entropy_back


# --- The axis of the classes -----------------------------------------------------------------


def batch_size(name: str, x: Array, axis: int) -> int:
    """Return how many elements all axes but `axis` have."""
    classes = axis_length(name, x, axis)
    return x.size // max(classes, 1)


def _beside(scale: Any, agg: str, axis: int) -> Any:
    """Return the losses' sensitivities with the axis of the classes back, of length 1.

    A number is the sensitivity of each.
    """
    several = agg == "none" and type(scale) is not float
    return F.expand_dims(scale, axis=axis) if several else scale
