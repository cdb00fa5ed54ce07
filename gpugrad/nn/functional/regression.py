"""Losses of predictions of numbers, with their derivatives: distances, and likelihoods."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.functions.statistics import root
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.activations import relu
from gpugrad.nn.functional.arguments import narrowed, widened
from gpugrad.nn.functional.losses import (
    aggregated,
    aggregation_scale,
    along,
    by_kernels,
    check_shapes,
    loss_rule,
    matched,
)
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.scalar_rule import scalar_rule
from gpugrad.structure.spaces import Projection


@named(home="gpugrad")
def mse(yhat: Array, y: Array, /, *, agg: str = "mean") -> Array:
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


@rrule.register(mse)
def mse_rrule(
    _: Any, yhat: Array, y: Array, *, agg: str = "mean", needs: tuple[bool, bool]
) -> Answer:
    yhat, y = matched("mse", yhat, y)
    error = yhat - y
    scale = 2 * aggregation_scale("mse", agg, math.prod(shape_of(error)))
    project_yhat, project_y = Projection(yhat), Projection(y)

    def mse_back(dloss: Array) -> Cotangents:
        d = (dloss * scale) * error
        return None, project_yhat(d) if needs[0] else None, project_y(-d) if needs[1] else None

    return aggregated("mse", error * error, agg), mse_back


@frule.register(mse)
def mse_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Answer:
    yhat, y = matched("mse", *args)
    error = yhat - y
    moved = along(tangents, lambda: 2 * error, lambda: -2 * error)
    return aggregated("mse", error * error, agg), aggregated("mse", moved, agg)


by_kernels(mse, mse_rrule)


@named(kind=Composite, home="gpugrad")
def rmse(yhat: Array, y: Array, /) -> Array:
    """Return the root of the mean of (ŷ − y)² over all elements. At 0 its gradient is 0.

    Args:
        yhat: the prediction, array of any shape.
        y: the target, array of the same shape.

    Raises:
        ArgumentError: the shapes differ.
    """
    return narrowed(root(mse(*map(widened, matched("rmse", yhat, y)))), yhat)


@named(home="gpugrad")
def mae(yhat: Array, y: Array, /, *, agg: str = "mean") -> Array:
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


loss_rule(
    mae,
    lambda yhat, y: F.sign(yhat - y),
    lambda yhat, y: -F.sign(yhat - y),
)


@named(kind=Composite, home="gpugrad")
def msle(yhat: Array, y: Array, /, *, epsilon: float = 1e-6, agg: str = "mean") -> Array:
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


scalar_rule(
    huber,
    lambda y, error, delta: F.clip(error, -delta, delta),
    lambda y, error, delta: relu(F.abs(error) - delta),
    real=True,
)


@named(home="gpugrad")
def huber_loss(yhat: Array, y: Array, /, delta: float = 1.0, *, agg: str = "mean") -> Any:
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


loss_rule(
    huber_loss,
    lambda yhat, y, delta: F.clip(yhat - y, -delta, delta),
    lambda yhat, y, delta: -F.clip(yhat - y, -delta, delta),
    lambda yhat, y, delta: relu(F.abs(yhat - y) - delta),
)


@named(kind=Composite, home="gpugrad")
def smooth_l1_loss(yhat: Array, y: Array, /, *, beta: float = 1.0, agg: str = "mean") -> Any:
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


# --- Likelihoods -----------------------------------------------------------------------------


@named(home="gpugrad")
def poisson_loss(yhat: Array, y: Array, /, *, agg: str = "mean") -> Array:
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


def _or_one(yhat: Array, y: Array) -> Any:
    """Return ŷ, and 1 where both are 0."""
    return F.where(F.logical_and(yhat == 0, y == 0), 1.0, yhat)


loss_rule(
    poisson_loss,
    lambda yhat, y: 1 - y / _or_one(yhat, y),
    lambda yhat, y: -F.log(_or_one(yhat, y)),
)


@named(kind=Composite, home="gpugrad")
def gaussian_nll(mean: Any, ln_var: Any, y: Array, /, *, agg: str = "mean") -> Array:
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


@named(kind=Composite, home="gpugrad")
def gaussian_kl_divergence(mean: Any, ln_var: Any, /, *, agg: str = "mean") -> Array:
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
