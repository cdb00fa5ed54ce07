"""Losses, by Flux's and Chainer's names. Their derivatives are in `gpugrad/rules/losses.py`.

Each takes the prediction, then the target, which may have a gradient, too. `agg` says what becomes
of the losses of single elements or, where there are classes, of single observations: their "mean",
their "sum", or "none" to have them as an array.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import kind_of, shape_of
from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.functions.statistics import root
from gpugrad.nn.functional.activations import axis_length, relu
from gpugrad.nn.functional.normalisation import l2_normalise, narrowed, widened

# --- Distances -------------------------------------------------------------------------------


@named()
def mse(yhat: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of (ŷ − y)² over all elements.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ; they are not broadcast.
    """
    yhat, y = matched("mse", yhat, y)
    error = yhat - y
    return aggregated("mse", error * error, agg)


@named(kind=Composite)
def rmse(yhat: Any, y: Any, /) -> Any:
    """Return the root of the mean of (ŷ − y)² over all elements. At 0 its gradient is 0.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.

    Raises:
        ArgumentError: the shapes differ.
    """
    return narrowed(root(mse(*map(widened, matched("rmse", yhat, y)))), yhat)


@named()
def mae(yhat: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of |ŷ − y| over all elements. The gradient where they are equal is 0.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("mae", yhat, y)
    return aggregated("mae", F.abs(yhat - y), agg)


@named(kind=Composite)
def msle(yhat: Any, y: Any, /, *, epsilon: float = 1e-6, agg: str = "mean") -> Any:
    """Return the mean of (log(ŷ + ε) − log(y + ε))² over all elements.

    Args:
        yhat: the prediction, array of any shape, not negative.
        y: the target, array of the same shape, not negative.
        epsilon: keeps the logarithms finite at 0.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("msle", yhat, y)
    return aggregated("msle", F.square(F.log(yhat + epsilon) - F.log(y + epsilon)), agg)


@named()
def huber(error: Any, delta: Any) -> Any:
    """Return e²/2 where |e| ≤ δ and δ (|e| − δ/2) elsewhere, elementwise."""
    a = F.abs(error)
    inner = F.minimum(a, delta)
    return inner * (a - 0.5 * inner)


@named()
def huber_loss(yhat: Any, y: Any, /, delta: float = 1.0, *, agg: str = "mean") -> Any:
    """Return the mean of e²/2 where |e| ≤ δ and δ (|e| − δ/2) elsewhere, with e = ŷ − y.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.
        delta: where the square becomes a line, positive.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("huber_loss", yhat, y)
    return aggregated("huber_loss", huber(yhat - y, delta), agg)


@named(kind=Composite)
def smooth_l1_loss(yhat: Any, y: Any, /, *, beta: float = 1.0, agg: str = "mean") -> Any:
    """Return the mean of e²/(2β) where |e| ≤ β and |e| − β/2 elsewhere, with e = ŷ − y.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.
        beta: where the square becomes a line of slope 1, positive.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("smooth_l1_loss", yhat, y)
    return aggregated("smooth_l1_loss", huber(yhat - y, beta) / beta, agg)


# --- Probabilities ---------------------------------------------------------------------------


@named(kind=Composite)
def label_smoothing(y: Any, alpha: Any, /, *, axis: int | None = -1) -> Any:
    """Return (1 − α) y + α/n: targets that leave a share of α for the other classes.

    Args:
        y: target probabilities, such as one-hot ones, real floating.
        alpha: the share, from 0 to 1.
        axis: the axis of the n classes; None where there are two and `y` says how probable one is.
    """
    classes = 2 if axis is None else axis_length("label_smoothing", y, axis)
    return y * (1 - alpha) + alpha / classes


@named()
def cross_entropy(
    yhat: Any, y: Any, /, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Any:
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


@named()
def logit_cross_entropy(logits: Any, y: Any, /, *, axis: int = -1, agg: str = "mean") -> Any:
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


@named()
def binary_cross_entropy(yhat: Any, y: Any, /, epsilon: float = 1e-6, *, agg: str = "mean") -> Any:
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


@named()
def logistic_loss(logits: Any, y: Any) -> Any:
    """Return −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z, elementwise."""
    return F.maximum(logits, 0.0) - y * logits + F.log1p(F.exp(-F.abs(logits)))


@named()
def logit_binary_cross_entropy(logits: Any, y: Any, /, *, agg: str = "mean") -> Any:
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


@named(kind=Composite)
def binary_focal_loss(
    yhat: Any, y: Any, /, *, gamma: float = 2.0, epsilon: float = 1e-6, agg: str = "mean"
) -> Any:
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


@named(kind=Composite)
def focal_loss(
    yhat: Any,
    y: Any,
    /,
    *,
    axis: int = -1,
    gamma: float = 2.0,
    epsilon: float = 1e-6,
    agg: str = "mean",
) -> Any:
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


@named(kind=Composite)
def kl_divergence(
    yhat: Any, y: Any, /, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Any:
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


@named()
def poisson_loss(yhat: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of ŷ − y log ŷ over all elements.

    Args:
        yhat: predicted rates, array of any shape, positive; 0 where `y` is 0 is no mistake.
        y: target counts, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("poisson_loss", yhat, y)
    nothing = F.logical_and(yhat == 0, y == 0)
    return aggregated("poisson_loss", yhat - y * F.log(F.where(nothing, 1.0, yhat)), agg)


@named(kind=Composite)
def gaussian_nll(mean: Any, ln_var: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of (log 2π + ln σ² + (y − μ)²/σ²) / 2 over all elements.

    Args:
        mean: predicted μ, array of any shape.
        ln_var: predicted ln σ², array of the same shape.
        y: the target, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `mean`.

    Raises:
        ArgumentError: the shapes differ.
    """
    mean, y = matched("gaussian_nll", mean, y)
    check_shapes("gaussian_nll", mean, ln_var)
    square = F.square(y - mean) * F.exp(-ln_var)
    return aggregated("gaussian_nll", 0.5 * (ln_var + square + math.log(2 * math.pi)), agg)


@named(kind=Composite)
def gaussian_kl_divergence(mean: Any, ln_var: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of (μ² + σ² − ln σ² − 1) / 2: how far N(μ, σ²) is from N(0, 1).

    Args:
        mean: μ, array of any shape.
        ln_var: ln σ², array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `mean`.

    Raises:
        ArgumentError: the shapes differ.
    """
    check_shapes("gaussian_kl_divergence", mean, ln_var)
    return aggregated(
        "gaussian_kl_divergence", 0.5 * (F.square(mean) + F.expm1(ln_var) - ln_var), agg
    )


# --- Margins ---------------------------------------------------------------------------------


@named()
def hinge_loss(yhat: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of max(0, 1 − ŷ y) over all elements, as Flux does.

    Args:
        yhat: the score, array of any shape.
        y: the target, −1 or 1, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("hinge_loss", yhat, y)
    return aggregated("hinge_loss", relu(1 - yhat * y), agg)


@named()
def squared_hinge_loss(yhat: Any, y: Any, /, *, agg: str = "mean") -> Any:
    """Return the mean of max(0, 1 − ŷ y)² over all elements.

    Args:
        yhat: the score, array of any shape.
        y: the target, −1 or 1, array of the same shape.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ.
    """
    yhat, y = matched("squared_hinge_loss", yhat, y)
    return aggregated("squared_hinge_loss", F.square(relu(1 - yhat * y)), agg)


@named(kind=Composite)
def siamese_contrastive_loss(
    yhat: Any, y: Any, /, *, margin: float = 1.0, agg: str = "mean"
) -> Any:
    """Return the mean of (1 − y) ŷ² + y max(0, m − ŷ)², by Hadsell, Chopra and LeCun.

    Args:
        yhat: the distances of pairs, array of any shape.
        y: 0 where the pair belongs together, else 1, array of the same shape.
        margin: m, how far apart suffices.
        agg: "mean", "sum", or "none" for an array of the shape of `yhat`.

    Raises:
        ArgumentError: the shapes differ, or the margin is negative.
    """
    yhat, y = matched("siamese_contrastive_loss", yhat, y)
    _check_margin("siamese_contrastive_loss", margin)
    together = (1 - y) * F.square(yhat)
    return aggregated("siamese_contrastive_loss", together + y * F.square(relu(margin - yhat)), agg)


@named(kind=Composite)
def triplet_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    /,
    *,
    margin: float = 0.2,
    axis: int = -1,
    agg: str = "mean",
) -> Any:
    """Return the mean of max(0, ‖a − p‖² − ‖a − n‖² + m), as Chainer does.

    Args:
        anchor: vectors a along `axis`.
        positive: vectors p of the same shape, which belong with a.
        negative: vectors n of the same shape, which do not.
        margin: m, by how much n is to be farther away than p.
        axis: the axis of the vectors; all other axes are the batch.
        agg: "mean", "sum", or "none" for an array of the shape of `anchor` without `axis`.

    Raises:
        ArgumentError: the shapes differ, or the margin is negative.
    """
    check_shapes("triplet_loss", anchor, positive)
    check_shapes("triplet_loss", anchor, negative)
    _check_margin("triplet_loss", margin)
    nearer = F.square(anchor - positive) - F.square(anchor - negative)
    return aggregated("triplet_loss", relu(F.sum(nearer, axis=axis) + margin), agg)


@named(kind=Composite)
def cosine_similarity(a: Any, b: Any, /, *, axis: int = -1) -> Any:
    """Return the cosine of the angle between vectors; 0, with gradient 0, where one is 0.

    Args:
        a: vectors along `axis`, real floating.
        b: vectors of a shape that broadcasts with that of `a`.
        axis: the axis of the vectors.

    Returns:
        Array of the shape they have in common, without `axis`.
    """
    return F.sum(l2_normalise(a, axis=axis) * l2_normalise(b, axis=axis), axis=axis)


@named(kind=Composite)
def cosine_embedding_loss(
    a: Any, b: Any, y: Any, /, *, margin: float = 0.0, axis: int = -1, agg: str = "mean"
) -> Any:
    """Return the mean of 1 − cos(a, b) where y is 1 and of max(0, cos(a, b) − m) where it is −1.

    Args:
        a: vectors along `axis`, real floating.
        b: vectors of the same shape.
        y: 1 where the pair belongs together, else −1; array of the shape of `a` without `axis`.
        margin: m, which cosine is small enough.
        axis: the axis of the vectors.
        agg: "mean", "sum", or "none" for an array of the shape of `y`.

    Raises:
        ArgumentError: the shapes do not belong together.
    """
    check_shapes("cosine_embedding_loss", a, b)
    cosine = cosine_similarity(a, b, axis=axis)
    check_shapes("cosine_embedding_loss", cosine, y)
    return aggregated(
        "cosine_embedding_loss", F.where(y > 0, 1 - cosine, relu(cosine - margin)), agg
    )


# --- Overlaps --------------------------------------------------------------------------------


@named(kind=Composite)
def dice_coeff_loss(yhat: Any, y: Any, /, *, smooth: float = 1.0) -> Any:
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


@named(kind=Composite)
def tversky_loss(yhat: Any, y: Any, /, *, beta: float = 0.7) -> Any:
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


# --- What losses have in common --------------------------------------------------------------


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


def batch_size(name: str, x: Any, axis: int) -> int:
    """Return how many elements all axes but `axis` have."""
    classes = axis_length(name, x, axis)
    return x.size // max(classes, 1)


def aggregated(name: str, losses: Any, agg: str) -> Any:
    """Return the mean of the losses, their sum, or all of them."""
    if agg == "mean":
        return F.mean(losses)
    if agg == "sum":
        return F.sum(losses)
    if agg == "none":
        return losses
    raise _no_aggregation(name, agg)


def aggregation_scale(name: str, agg: str, count: int) -> float:
    """Return the derivative of the aggregate of `count` losses by each of them."""
    if agg not in ("mean", "sum", "none"):
        raise _no_aggregation(name, agg)
    return 1 / max(count, 1) if agg == "mean" else 1.0


def _no_aggregation(name: str, agg: Any) -> ArgumentError:
    return ArgumentError(f'{name}: agg is {agg!r}. Write agg="mean", "sum" or "none"')


def _check_margin(name: str, margin: float) -> None:
    if margin < 0:
        raise ArgumentError(f"{name}: the margin is {margin}. Give one that is not negative")


def check_shapes(name: str, yhat: Any, y: Any) -> None:
    """Raise ArgumentError unless prediction and target have one shape."""
    if shape_of(yhat) != shape_of(y):
        raise ArgumentError(
            f"{name}: the prediction has shape {shape_of(yhat)}, the target {shape_of(y)}. Give "
            f"both one shape, for instance with xp.reshape(yhat, {shape_of(y)})"
        )


def matched(name: str, yhat: Any, y: Any) -> tuple[Any, Any]:
    """Return prediction and target, whose integers and booleans become numbers like `yhat`.

    Raises ArgumentError where their shapes differ.
    """
    check_shapes(name, yhat, y)
    discrete = hasattr(yhat, "dtype") and hasattr(y, "dtype") and kind_of(y) in "ib"
    return yhat, F.indicator(y, yhat) if discrete else y


def soft_targets(y: Any, logits: Any, axis: int) -> Any:
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
