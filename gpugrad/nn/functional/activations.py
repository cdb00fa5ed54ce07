"""Activations, by NNlib's names: elementwise functions, each with its derivative below it.

A derivative is written once, as an expression; at kinks it is NNlib's. None of the functions
overflows where its value does not. Those that are x times a gate are in `gates.py`, those over an
axis in `softmax.py`.
"""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.functions import special as S
from gpugrad.nn.functional.randomness import uniform
from gpugrad.rulebook.scalar_rule import scalar_rule


def _sigmoid_of_float(x: float) -> float:
    t = F.exp(-abs(x))
    return 1 / (1 + t) if x >= 0 else t / (1 + t)


@named(scalar=_sigmoid_of_float, home="gpugrad")
def sigmoid(x: Array) -> Any:
    """Return 1 / (1 + e⁻ˣ), elementwise, without overflow and with full relative accuracy.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of the shape and data type of `x`.

    Example:
        >>> sigmoid(0.5)
        0.6224593312018546
    """
    return S.logistic(x)


scalar_rule(sigmoid, lambda y, x: y * (1 - y), real=True)


tanh_act = F.tanh
"""The hyperbolic tangent, by MicroGrad.jl's name for it as an activation."""


# --- Rectifiers ------------------------------------------------------------------------------


@named(scalar=lambda x: 0.0 if x <= 0 else x, home="gpugrad")
def relu(x: Array) -> Array:
    """Return max(x, 0), elementwise. The derivative at 0 is 0.

    Args:
        x: array of any shape, real floating.

    Example:
        >>> relu(-2.0), relu(3.0)
        (0.0, 3.0)
    """
    return F.maximum(x, 0)


scalar_rule(relu, lambda y, x: F.sign(y), real=True)


@named(home="gpugrad")
def relu6(x: Array) -> Array:
    """Return min(max(x, 0), 6), elementwise. The derivative is 0 at 0 and at 6.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x, 0.0, 6.0)


scalar_rule(relu6, lambda y, x: F.indicator(y > 0, y) * F.indicator(y < 6, y), real=True)


@named(home="gpugrad")
def leakyrelu(x: Array, a: Array = 0.01) -> Any:
    """Return x where x > 0 and a x elsewhere, elementwise. The derivative at 0 is `a`.

    Args:
        x: array of any shape, real floating.
        a: the slope of the negative side, a number or an array to broadcast with `x`; it has a
            gradient, so that it may be learned (as PReLU has it).

    Example:
        >>> leakyrelu(-2.0), leakyrelu(-2.0, 0.5), leakyrelu(3.0)
        (-0.02, -1.0, 3.0)
    """
    return F.where(x > 0, x, a * x)


def _one_or(condition: Array, other: Any, x: Array) -> Any:
    """Return 1 where the condition holds and a number elsewhere, in the data type of `x`."""
    inside = F.indicator(condition, x)
    return inside + other * (1 - inside)


scalar_rule(
    leakyrelu,
    lambda y, x, a: _one_or(x > 0, a, x),
    lambda y, x, a: F.where(x > 0, 0.0, x),
    real=True,
)


def rrelu(x: Array, rng: Any = None, *, low: float = 1 / 8, high: float = 1 / 3) -> Any:
    """Return x where x > 0 and a x elsewhere, with a slope drawn for each element.

    Args:
        x: array of any shape, real floating.
        rng: the generator the slopes are drawn from, `numpy.random.Generator`, or CuPy's for an
            array of CuPy's. None, as when a trained network is used: all slopes are the mean one.
        low: the least slope.
        high: the greatest slope.

    Raises:
        ArgumentError: `rng` is not a generator of the library of `x`.
    """
    if rng is None:
        return leakyrelu(x, (low + high) / 2)
    share = F.indicator(uniform("rrelu", rng, shape_of(x), x), x)  # in the data type of x
    return leakyrelu(x, low + (high - low) * share)


@named(home="gpugrad")
def trelu(x: Array, theta: Any = 1.0) -> Any:
    """Return x where x > θ and 0 elsewhere, elementwise. The derivative at θ is 0.

    Args:
        x: array of any shape, real floating.
        theta: the threshold.
    """
    return F.where(x <= theta, 0.0, x)


scalar_rule(trelu, lambda y, x, theta: F.indicator(x > theta, x), None, real=True)


@named(home="gpugrad")
def elu(x: Array, alpha: Any = 1.0) -> Any:
    """Return x where x ≥ 0 and α (eˣ − 1) elsewhere, elementwise. The derivative at 0 is 1.

    Args:
        x: array of any shape, real floating.
        alpha: the negative of the limit on the negative side.
    """
    return F.where(x >= 0, x, alpha * F.expm1(F.minimum(x, 0)))


scalar_rule(
    elu,
    lambda y, x, alpha: F.where(x >= 0, 1.0, alpha * F.exp(F.minimum(x, 0))),
    lambda y, x, alpha: F.expm1(F.minimum(x, 0)),
    real=True,
)


@named(home="gpugrad")
def celu(x: Array, alpha: Any = 1.0) -> Any:
    """Return x where x ≥ 0 and α (e^(x/α) − 1) elsewhere, elementwise: smooth at 0 for every α.

    Args:
        x: array of any shape, real floating.
        alpha: the negative of the limit on the negative side, positive.
    """
    return F.where(x >= 0, x, alpha * F.expm1(F.minimum(x, 0) / alpha))


def _celu_by_alpha(z: Array) -> Any:
    """Return d/dα of α (eᶻ − 1) with z = x/α."""
    return F.expm1(z) - z * F.exp(z)


scalar_rule(
    celu,
    lambda y, x, alpha: F.exp(F.minimum(x, 0) / alpha),
    lambda y, x, alpha: _celu_by_alpha(F.minimum(x, 0) / alpha),
    real=True,
)


SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


@named(home="gpugrad")
def selu(x: Array) -> Any:
    """Return λ x where x > 0 and λ α (eˣ − 1) elsewhere, elementwise, by Klambauer et al.

    α = 1.673… and λ = 1.050… keep mean 0 and variance 1. The derivative at 0 is λ α.

    Args:
        x: array of any shape, real floating.
    """
    return SELU_SCALE * F.where(x > 0, x, SELU_ALPHA * F.expm1(F.minimum(x, 0)))


scalar_rule(
    selu,
    lambda y, x: SELU_SCALE * F.where(x > 0, 1.0, SELU_ALPHA * F.exp(F.minimum(x, 0))),
    real=True,
)


# --- Hard and soft steps ---------------------------------------------------------------------


@named(home="gpugrad")
def hardsigmoid(x: Array) -> Array:
    """Return min(max((x + 3)/6, 0), 1), elementwise. The derivative at −3 and 3 is 0.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x / 6 + 0.5, 0.0, 1.0)


scalar_rule(hardsigmoid, lambda y, x: F.indicator(F.abs(x) < 3, x) / 6, real=True)


@named(home="gpugrad")
def hardtanh(x: Array) -> Array:
    """Return min(max(x, −1), 1), elementwise. The derivative at −1 and 1 is 0.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x, -1.0, 1.0)


scalar_rule(hardtanh, lambda y, x: F.indicator(F.abs(x) < 1, x), real=True)


@named(home="gpugrad")
def softsign(x: Array) -> Array:
    """Return x / (1 + |x|), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x / (1 + F.abs(x))


scalar_rule(softsign, lambda y, x: F.square(1 / (1 + F.abs(x))), real=True)


@named(home="gpugrad")
def softshrink(x: Array, threshold: Any = 0.5) -> Any:
    """Return x − λ where x > λ, x + λ where x < −λ, and 0 between, elementwise.

    The derivative at −λ and λ is 0.

    Args:
        x: array of any shape, real floating.
        threshold: λ, not negative.
    """
    return x - F.clip(x, -threshold, threshold)


scalar_rule(
    softshrink,
    lambda y, x, threshold: F.indicator(F.abs(x) > threshold, x),
    lambda y, x, threshold: -F.sign(y),
    real=True,
)


@named(home="gpugrad")
def hardshrink(x: Array, threshold: Any = 0.5) -> Any:
    """Return x where |x| > λ and 0 between, elementwise. The derivative at −λ and λ is 0.

    Args:
        x: array of any shape, real floating.
        threshold: λ, not negative.
    """
    return F.where(F.abs(x) <= threshold, 0.0, x)


scalar_rule(
    hardshrink,
    lambda y, x, threshold: F.indicator(F.abs(x) > threshold, x),
    None,
    real=True,
)


@named(home="gpugrad")
def tanhshrink(x: Array) -> Array:
    """Return x − tanh(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x - F.tanh(x)


scalar_rule(tanhshrink, lambda y, x: F.square(F.tanh(x)), real=True)


# --- Logarithms ------------------------------------------------------------------------------


@named(home="gpugrad")
def softplus(x: Array) -> Array:
    """Return log(1 + eˣ), elementwise.

    Args:
        x: array of any shape, real floating.

    Example:
        >>> softplus(0.0), softplus(1000.0)
        (0.6931471805599453, 1000.0)
    """
    return F.maximum(x, 0.0) + F.log1p(F.exp(-F.abs(x)))


scalar_rule(softplus, lambda y, x: sigmoid(x), real=True)


@named(home="gpugrad")
def logsigmoid(x: Array) -> Array:
    """Return log σ(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return F.minimum(x, 0.0) - F.log1p(F.exp(-F.abs(x)))


scalar_rule(logsigmoid, lambda y, x: sigmoid(-x), real=True)


@named(home="gpugrad")
def logcosh(x: Array) -> Array:
    """Return log cosh x, elementwise.

    Args:
        x: array of any shape, real floating.
    """
    # cosh x = eᵃ (1 + e⁻²ᵃ) / 2 with a = |x|, and e⁻²ᵃ − 1 = (e⁻ᵃ − 1) (e⁻ᵃ + 1): 0 at 0, exactly
    a = F.abs(x)
    m = F.expm1(-a)
    return a + F.log1p(0.5 * m * (m + 2))


scalar_rule(logcosh, lambda y, x: F.tanh(x), real=True)
