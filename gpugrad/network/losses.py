"""Losses: the mean over a batch. Their derivatives are in `gpugrad/rules/losses.py`."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.errors import ArgumentError
from gpugrad.namespace import kind_of, library_of, shape_of
from gpugrad.primitive import named


@named()
def mse(yhat: Any, y: Any, /) -> Any:
    """Return the mean of (ŷ − y)² over all elements.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.

    Raises:
        ArgumentError: the shapes differ; they are not broadcast.
    """
    check_shapes("mse", yhat, y)
    error = yhat - y
    return F.mean(error * error)


@named()
def cross_entropy(yhat: Any, y: Any, /, *, axis: int = -1, epsilon: float = 1e-6) -> Any:
    """Return −Σ y log(ŷ + ε) over the classes, its mean over the batch.

    Args:
        yhat: predicted probabilities, array with the classes along `axis`.
        y: target probabilities, array of the same shape.
        axis: the axis of the classes; all other axes are the batch.
        epsilon: keeps the logarithm finite at ŷ = 0.

    Raises:
        ArgumentError: the shapes differ.
    """
    check_shapes("cross_entropy", yhat, y)
    return -F.sum(y * F.log(yhat + epsilon)) / batch_size(yhat, axis)


@named()
def logit_cross_entropy(logits: Any, y: Any, /, *, axis: int = -1) -> Any:
    """Return −Σ y logsoftmax(logits) over the classes, its mean over the batch.

    Args:
        logits: unnormalised scores, array with the classes along `axis`; safe at any size.
        y: target probabilities of the same shape (one-hot or soft), or integer labels of that
            shape without `axis`.
        axis: the axis of the classes; all other axes are the batch.

    Returns:
        A number; NaN where a label is out of range.

    Raises:
        ArgumentError: the shapes do not belong together.
    """
    return Softmax(logits, soft_targets(y, logits, axis), axis).loss


@named()
def hinge_loss(yhat: Any, y: Any, /) -> Any:
    """Return the mean of max(0, 1 − ŷ y) over all elements, as Flux does.

    Args:
        yhat: the score, array of any shape.
        y: the target, −1 or 1, array of the same shape.

    Raises:
        ArgumentError: the shapes differ.
    """
    check_shapes("hinge_loss", yhat, y)
    return F.mean(F.maximum(1 - yhat * y, 0))


class Softmax:
    """What logit cross entropy and its gradient have in common.

    The loss is Σ w log t − Σ y z, with z = logits − max, e = eᶻ, t = Σ e and w = Σ y over the
    classes: there is no array of the logarithms of all probabilities.
    """

    def __init__(self, logits: Any, targets: Any, axis: int) -> None:
        # The loss does not depend on the shift: it is no part of any derivative.
        self.z = logits - F.stop_gradient(F.max(logits, axis=axis, keepdims=True))
        self.e = F.exp(self.z)
        self.total = F.sum(self.e, axis=axis, keepdims=True)
        self.log_total = F.log(self.total)
        self.weight = F.sum(targets, axis=axis, keepdims=True)
        z = F.where(targets == 0, 0.0, self.z)  # a logit of −∞ has no part where y = 0
        terms = F.sum(self.weight * self.log_total) - F.sum(targets * z)
        self.loss = terms / batch_size(logits, axis)


def batch_size(x: Any, axis: int) -> int:
    """Return how many elements all axes but `axis` have."""
    return x.size // max(x.shape[axis], 1)


def check_shapes(name: str, yhat: Any, y: Any) -> None:
    """Raise ArgumentError unless prediction and target have one shape."""
    if shape_of(yhat) != shape_of(y):
        raise ArgumentError(
            f"{name}: the prediction has shape {shape_of(yhat)}, the target {shape_of(y)}. Give "
            f"both one shape, for instance with xp.reshape(yhat, {shape_of(y)})"
        )


def soft_targets(y: Any, logits: Any, axis: int) -> Any:
    """Return targets of the shape of `logits`: integer labels become one-hot."""
    kind = kind_of(y)
    if kind != "i":
        check_shapes("logit_cross_entropy", logits, y)
        return F.indicator(y, logits) if kind == "b" else y
    place = axis % len(logits.shape)
    expected = logits.shape[:place] + logits.shape[place + 1 :]
    if y.shape != expected:
        raise ArgumentError(
            f"logit_cross_entropy: logits of shape {logits.shape} with classes along axis {axis} "
            f"take integer labels of shape {expected}, got {y.shape}"
        )
    library = library_of(y)
    assert library is not None  # it has a shape
    classes = library.arange(logits.shape[place], y)
    beside = (1,) * place + (-1,) + (1,) * (len(expected) - place)
    hit = F.expand_dims(y, axis=place) == F.reshape(classes, beside)
    one_hot = F.indicator(hit, logits)
    return F.where(F.any(hit, axis=place, keepdims=True), one_hot, float("nan"))
