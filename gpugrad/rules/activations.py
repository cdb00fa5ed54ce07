"""Activations: each derivative is written once, as an expression. At kinks it is NNlib's."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import CudaArray
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import softmax as kernels
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.activations import (
    SELU_ALPHA,
    SELU_SCALE,
    celu,
    elu,
    gelu_erf,
    gelu_sigmoid,
    gelu_sigmoid_logit,
    gelu_tanh,
    gelu_tanh_logit,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leakyrelu,
    lisht,
    logcosh,
    logsigmoid,
    logsoftmax,
    logsoftmax_dx,
    masked_softmax,
    mish,
    normal_cdf,
    relu,
    relu6,
    selu,
    sigmoid,
    softmax,
    softmax_dx,
    softplus,
    softshrink,
    softsign,
    swish,
    tanhshrink,
    trelu,
)
from gpugrad.rulebook.scalar_rule import scalar_rule


def _one_or(condition: Any, other: Any, x: Any) -> Any:
    """Return 1 where the condition holds and a number elsewhere, in the data type of `x`."""
    inside = F.indicator(condition, x)
    return inside + other * (1 - inside)


def _celu_by_alpha(z: Any) -> Any:
    """Return d/dα of α (eᶻ − 1) with z = x/α."""
    return F.expm1(z) - z * F.exp(z)


def _within(x: Any) -> Any:
    """Return x within ±1000: beyond, the slopes of gates are 0, and 0 times ∞ is NaN."""
    return F.clip(x, -1000.0, 1000.0)


def _swish_slope(z: Any) -> Any:
    """Return d/dz of z σ(z)."""
    return sigmoid(z) + _within(z) * sigmoid(z) * sigmoid(-z)


def _gelu_tanh_slope(x: Any) -> Any:
    """Return σ(z) + x σ(z) σ(−z) dz/dx, where z is the logit of the gate."""
    c, z = F.clip(x, -25.0, 25.0), gelu_tanh_logit(x)
    slope = math.sqrt(8 / math.pi) * (1 + 0.134145 * c * c)
    return sigmoid(z) + c * sigmoid(z) * sigmoid(-z) * slope


def _gelu_erf_slope(x: Any) -> Any:
    """Return Φ(x) + x Φ'(x); beyond ±40 the density is 0 in every data type."""
    c = F.clip(x, -40.0, 40.0)
    return normal_cdf(x) + c * _normal_density(c)


def _normal_density(c: Any) -> Any:
    return F.exp(-0.5 * c * c) / math.sqrt(2 * math.pi)


scalar_rule(sigmoid, lambda y, x: y * (1 - y), real=True)

# --- Rectifiers ------------------------------------------------------------------------------
scalar_rule(relu, lambda y, x: F.sign(y), real=True)
scalar_rule(relu6, lambda y, x: F.indicator(y > 0, y) * F.indicator(y < 6, y), real=True)
scalar_rule(
    leakyrelu,
    lambda y, x, a: _one_or(x > 0, a, x),
    lambda y, x, a: F.where(x > 0, 0.0, x),
    real=True,
)
scalar_rule(trelu, lambda y, x, theta: F.indicator(x > theta, x), None, real=True)
scalar_rule(
    elu,
    lambda y, x, alpha: F.where(x >= 0, 1.0, alpha * F.exp(F.minimum(x, 0))),
    lambda y, x, alpha: F.expm1(F.minimum(x, 0)),
    real=True,
)
scalar_rule(
    celu,
    lambda y, x, alpha: F.exp(F.minimum(x, 0) / alpha),
    lambda y, x, alpha: _celu_by_alpha(F.minimum(x, 0) / alpha),
    real=True,
)
scalar_rule(
    selu,
    lambda y, x: SELU_SCALE * F.where(x > 0, 1.0, SELU_ALPHA * F.exp(F.minimum(x, 0))),
    real=True,
)

# --- Gates: the derivative of x g(x) is g + x g', and x g is y -------------------------------
scalar_rule(swish, lambda y, x: _swish_slope(x), real=True)
scalar_rule(
    mish,
    lambda y, x: (
        F.tanh(softplus(x)) + _within(x) * (1 - F.square(F.tanh(softplus(x)))) * sigmoid(x)
    ),
    real=True,
)
scalar_rule(gelu_tanh, lambda y, x: _gelu_tanh_slope(x), real=True)
scalar_rule(gelu_sigmoid, lambda y, x: _swish_slope(gelu_sigmoid_logit(x)), real=True)
scalar_rule(gelu_erf, lambda y, x: _gelu_erf_slope(x), real=True)
scalar_rule(normal_cdf, lambda y, x: _normal_density(F.clip(x, -40.0, 40.0)), real=True)
scalar_rule(
    hardswish,
    lambda y, x: F.where(x < -3, 0.0, F.where(x > 3, 1.0, x / 3 + 0.5)),
    real=True,
)
scalar_rule(lisht, lambda y, x: F.tanh(x) + _within(x) * (1 - F.square(F.tanh(x))), real=True)

# --- Hard and soft steps ---------------------------------------------------------------------
scalar_rule(hardsigmoid, lambda y, x: F.indicator(F.abs(x) < 3, x) / 6, real=True)
scalar_rule(hardtanh, lambda y, x: F.indicator(F.abs(x) < 1, x), real=True)
scalar_rule(softsign, lambda y, x: F.square(1 / (1 + F.abs(x))), real=True)
scalar_rule(
    softshrink,
    lambda y, x, threshold: F.indicator(F.abs(x) > threshold, x),
    lambda y, x, threshold: -F.sign(y),
    real=True,
)
scalar_rule(
    hardshrink,
    lambda y, x, threshold: F.indicator(F.abs(x) > threshold, x),
    None,
    real=True,
)
scalar_rule(tanhshrink, lambda y, x: F.square(F.tanh(x)), real=True)

# --- Logarithms ------------------------------------------------------------------------------
scalar_rule(softplus, lambda y, x: sigmoid(x), real=True)
scalar_rule(logsigmoid, lambda y, x: sigmoid(-x), real=True)
scalar_rule(logcosh, lambda y, x: F.tanh(x), real=True)


# --- Over an axis ----------------------------------------------------------------------------
@rrule.register(softmax)
@rrule.register(masked_softmax)
def softmax_rrule(f: Any, x: Any, *, axis: Any = -1) -> Any:
    """dx = y (dy − Σ y dy)."""
    y = f(x, axis=axis)

    def softmax_back(dy: Any) -> Any:
        return None, softmax_dx(y, dy, axis)

    return y, softmax_back


@rrule.register(logsoftmax)
def logsoftmax_rrule(_: Any, x: Any, *, axis: Any = -1) -> Any:
    """dx = dy − eʸ Σ dy."""
    y = logsoftmax(x, axis=axis)

    def logsoftmax_back(dy: Any) -> Any:
        return None, logsoftmax_dx(y, dy, axis)

    return y, logsoftmax_back


implement(softmax, CudaArray)(kernels.softmax)
implement(masked_softmax, CudaArray)(kernels.masked_softmax)
implement(softmax_dx, CudaArray)(kernels.softmax_back)
implement(logsoftmax, CudaArray)(kernels.logsoftmax)
implement(logsoftmax_dx, CudaArray)(kernels.logsoftmax_back)


@frule.register(softmax)
@frule.register(masked_softmax)
def softmax_frule(f: Any, args: Any, tangents: Any, *, axis: Any = -1) -> Any:
    (x,), (dx,) = args, tangents
    y = f(x, axis=axis)
    return y, y * (dx - F.sum(y * dx, axis=axis, keepdims=True))


@frule.register(logsoftmax)
def logsoftmax_frule(_: Any, args: Any, tangents: Any, *, axis: Any = -1) -> Any:
    (x,), (dx,) = args, tangents
    y = logsoftmax(x, axis=axis)
    return y, dx - F.sum(F.exp(y) * dx, axis=axis, keepdims=True)
