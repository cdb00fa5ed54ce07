"""Losses that ask for a margin: of scores, and of how near vectors are to each other."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.activations import relu
from gpugrad.nn.functional.losses import (
    aggregated,
    aggregation_scale,
    along,
    by_kernels,
    check_shapes,
    loss_rule,
    matched,
)
from gpugrad.nn.functional.standardise import l2_normalise
from gpugrad.rulebook.book import Answer, Cotangents


@named(home="gpugrad")
def hinge_loss(yhat: Array, y: Array, /, *, agg: str = "mean") -> Array:
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


@rrule.register(hinge_loss)
def hinge_loss_rrule(
    _: Any, yhat: Array, y: Array, *, agg: str = "mean", needs: tuple[bool, bool]
) -> Answer:
    """At the kink, ŷ y = 1, the gradient is 0."""
    yhat, y = matched("hinge_loss", yhat, y)
    margin = yhat * y
    wrong = F.indicator(margin < 1, yhat)
    scale = -aggregation_scale("hinge_loss", agg, math.prod(shape_of(wrong)))

    def hinge_loss_back(dloss: Array) -> Cotangents:
        factor = (dloss * scale) * wrong
        return None, factor * y if needs[0] else None, factor * yhat if needs[1] else None

    return aggregated("hinge_loss", relu(1 - margin), agg), hinge_loss_back


@frule.register(hinge_loss)
def hinge_loss_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Answer:
    yhat, y = matched("hinge_loss", *args)
    margin = yhat * y
    wrong = F.indicator(margin < 1, yhat)
    moved = along(tangents, lambda: -wrong * y, lambda: -wrong * yhat)
    return aggregated("hinge_loss", relu(1 - margin), agg), aggregated("hinge_loss", moved, agg)


by_kernels(hinge_loss, hinge_loss_rrule)


@named(home="gpugrad")
def squared_hinge_loss(yhat: Array, y: Array, /, *, agg: str = "mean") -> Array:
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


loss_rule(
    squared_hinge_loss,
    lambda yhat, y: -2 * relu(1 - yhat * y) * y,
    lambda yhat, y: -2 * relu(1 - yhat * y) * yhat,
)


# --- Of pairs and triplets -------------------------------------------------------------------


@named(kind=Composite, home="gpugrad")
def siamese_contrastive_loss(
    yhat: Array, y: Array, /, *, margin: float = 1.0, agg: str = "mean"
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


@named(kind=Composite, home="gpugrad")
def triplet_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    /,
    *,
    margin: float = 0.2,
    axis: int = -1,
    agg: str = "mean",
) -> Array:
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


@named(kind=Composite, home="gpugrad")
def cosine_similarity(a: Array, b: Array, /, *, axis: int = -1) -> Array:
    """Return the cosine of the angle between vectors; 0, with gradient 0, where one is 0.

    Args:
        a: vectors along `axis`, real floating.
        b: vectors of a shape that broadcasts with that of `a`.
        axis: the axis of the vectors.

    Returns:
        Array of the shape they have in common, without `axis`.
    """
    return F.sum(l2_normalise(a, axis=axis) * l2_normalise(b, axis=axis), axis=axis)


@named(kind=Composite, home="gpugrad")
def cosine_embedding_loss(
    a: Array, b: Array, y: Array, /, *, margin: float = 0.0, axis: int = -1, agg: str = "mean"
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


def _check_margin(name: str, margin: float) -> None:
    if margin < 0:
        raise ArgumentError(f"{name}: the margin is {margin}. Give one that is not negative")
