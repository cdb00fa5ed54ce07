"""Losses where each element is the probability, or the logit, of one of two outcomes."""

from __future__ import annotations

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.primitive import Composite
from gpugrad.nn.functional.activations import sigmoid
from gpugrad.nn.functional.arguments import narrowed, widened
from gpugrad.nn.functional.losses import aggregated, loss_rule, matched
from gpugrad.rulebook.scalar_rule import scalar_rule


@named(home="gpugrad")
def binary_cross_entropy(
    yhat: Array, y: Array, /, epsilon: float = 1e-6, *, agg: str = "mean"
) -> Array:
    """Return the mean of −y log(ŷ + ε) − (1 − y) log(1 − ŷ + ε) over all elements.

    Args:
        yhat: predicted probabilities, array of any shape.
        y: target probabilities, such as 0 and 1, array of the same shape.
        epsilon: keeps the logarithms finite.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("binary_cross_entropy", yhat, y)
    return aggregated(
        "binary_cross_entropy",
        -y * F.log(yhat + epsilon) - (1 - y) * F.log(1 - yhat + epsilon),
        agg,
    )


loss_rule(
    binary_cross_entropy,
    lambda yhat, y, epsilon: (1 - y) / (1 - yhat + epsilon) - y / (yhat + epsilon),
    lambda yhat, y, epsilon: F.log(1 - yhat + epsilon) - F.log(yhat + epsilon),
    lambda yhat, y, epsilon: -(1 - y) / (1 - yhat + epsilon) - y / (yhat + epsilon),
)


@named()
def logistic_loss(logits: Array, y: Array) -> Array:
    """Return −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z, elementwise."""
    return F.maximum(logits, 0.0) - y * logits + F.log1p(F.exp(-F.abs(logits)))


scalar_rule(
    logistic_loss,
    lambda y, logits, target: sigmoid(logits) - target,
    lambda y, logits, target: -logits,
    real=True,
)


@named(home="gpugrad")
def logit_binary_cross_entropy(logits: Array, y: Array, /, *, agg: str = "mean") -> Array:
    """Return the mean of −y log σ(z) − (1 − y) log(1 − σ(z)) over all elements.

    Args:
        logits: unnormalised scores z, array of any shape; safe at any size.
        y: target probabilities, such as 0 and 1, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `logits`.

    Raises:
        ArgumentError: the shapes differ.
    """
    logits, y = matched("logit_binary_cross_entropy", logits, y)
    return aggregated("logit_binary_cross_entropy", logistic_loss(logits, y), agg)


loss_rule(
    logit_binary_cross_entropy,
    lambda logits, y: sigmoid(logits) - y,
    lambda logits, y: -logits,
)


@named(kind=Composite, home="gpugrad")
def binary_focal_loss(
    yhat: Array, y: Array, /, *, gamma: float = 2.0, epsilon: float = 1e-6, agg: str = "mean"
) -> Array:
    """Return the mean of −(1 − p)ᵞ log(p + ε), with p the probability of what is, by Lin et al.

    Args:
        yhat: predicted probabilities, array of any shape.
        y: target, 0 or 1, array of the same shape.
        gamma: how little is made of what is nearly right; 0 is binary cross entropy.
        epsilon: keeps the logarithm finite.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("binary_focal_loss", yhat, y)
    p = y * yhat + (1 - y) * (1 - yhat)
    return aggregated("binary_focal_loss", -((1 - p) ** gamma) * F.log(p + epsilon), agg)


# --- Overlaps --------------------------------------------------------------------------------


@named(kind=Composite, home="gpugrad")
def dice_coeff_loss(yhat: Array, y: Array, /, *, smooth: float = 1.0) -> Array:
    """Return 1 − (2 Σ ŷ y + s) / (Σ ŷ² + Σ y² + s) over all elements, by Milletari et al.

    Args:
        yhat: predicted probabilities, array of any shape.
        y: the target, array of the same shape.
        smooth: s, which keeps the quotient finite.

    Raises:
        ArgumentError: the shapes differ.
    """
    p, y = map(widened, matched("dice_coeff_loss", yhat, y))
    overlap = 2 * F.sum(p * y) + smooth
    loss = 1 - overlap / (F.sum(F.square(p)) + F.sum(F.square(y)) + smooth)
    return narrowed(loss, yhat)


@named(kind=Composite, home="gpugrad")
def tversky_loss(yhat: Array, y: Array, /, *, beta: float = 0.7) -> Array:
    """Return 1 − (Σ ŷ y + 1) / (Σ (ŷ y + β (1 − y) ŷ + (1 − β) y (1 − ŷ)) + 1), as Flux does.

    Args:
        yhat: predicted probabilities, array of any shape.
        y: the target, array of the same shape.
        beta: how much false positives weigh; false negatives have the rest of 1.

    Raises:
        ArgumentError: the shapes differ.
    """
    p, y = map(widened, matched("tversky_loss", yhat, y))
    overlap = p * y
    mistakes = beta * (1 - y) * p + (1 - beta) * y * (1 - p)
    return narrowed(1 - (F.sum(overlap) + 1) / (F.sum(overlap + mistakes) + 1), yhat)
