"""Activations that are x times a gate, something between 0 and 1, with their derivatives.

The derivative of x g(x) is g + x g'.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, kind_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.functions import special as S
from gpugrad.nn.functional.activations import hardsigmoid, sigmoid, softplus
from gpugrad.nn.functional.arguments import axis_length
from gpugrad.rulebook.scalar_rule import scalar_rule


def above(x: Array) -> Any:
    """Return x, or −1000 where it is less: there each gate is 0, and 0 times −∞ is NaN."""
    return F.maximum(x, -1000.0)


def _within(x: Array) -> Any:
    """Return x within ±1000: beyond, the slopes of gates are 0, and 0 times ∞ is NaN."""
    return F.clip(x, -1000.0, 1000.0)


@named(home="gpugrad")
def swish(x: Array) -> Array:
    """Return x σ(x), elementwise; also called silu.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(x)


silu = swish
"""x σ(x), by PyTorch's name."""


def _swish_slope(z: Array) -> Any:
    """Return d/dz of z σ(z)."""
    return sigmoid(z) + _within(z) * sigmoid(z) * sigmoid(-z)


scalar_rule(swish, lambda y, x: _swish_slope(x), real=True)


@named(home="gpugrad")
def mish(x: Array) -> Array:
    """Return x tanh(softplus(x)), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * F.tanh(softplus(x))


scalar_rule(
    mish,
    lambda y, x: (
        F.tanh(softplus(x)) + _within(x) * (1 - F.square(F.tanh(softplus(x)))) * sigmoid(x)
    ),
    real=True,
)


def gelu_tanh_logit(x: Array) -> Any:
    """Return 2 √(2/π) (x + 0.044715 x³), whose sigmoid is the gate of `gelu_tanh`.

    Beyond ±25 the gate is 0 or 1 in every data type, and x³ might overflow.
    """
    c = F.clip(x, -25.0, 25.0)
    return (math.sqrt(8 / math.pi) * c) * (1 + 0.044715 * c * c)


@named(home="gpugrad")
def gelu_tanh(x: Array) -> Array:
    """Return x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), elementwise: Hendrycks and Gimpel's GELU.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(gelu_tanh_logit(x))


def _gelu_tanh_slope(x: Array) -> Any:
    """Return σ(z) + x σ(z) σ(−z) dz/dx, where z is the logit of the gate."""
    c, z = F.clip(x, -25.0, 25.0), gelu_tanh_logit(x)
    slope = math.sqrt(8 / math.pi) * (1 + 0.134145 * c * c)
    return sigmoid(z) + c * sigmoid(z) * sigmoid(-z) * slope


scalar_rule(gelu_tanh, lambda y, x: _gelu_tanh_slope(x), real=True)


gelu = gelu_tanh
"""The GELU; as NNlib does, by its approximation with tanh. The exact one is `gelu_erf`."""


def gelu_sigmoid_logit(x: Array) -> Any:
    """Return 1.702 x; beyond ±500 its sigmoid is 0 or 1, and the product might overflow."""
    return 1.702 * F.clip(x, -500.0, 500.0)


@named(home="gpugrad")
def gelu_sigmoid(x: Array) -> Array:
    """Return x σ(1.702 x), elementwise: the GELU's approximation with a sigmoid.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(gelu_sigmoid_logit(x))


scalar_rule(gelu_sigmoid, lambda y, x: _swish_slope(gelu_sigmoid_logit(x)), real=True)


@named()
def normal_cdf(x: Array) -> Array:
    """Return Φ(x), the normal distribution's cumulative function; beyond ±40 it is 0 or 1."""
    y = 0.5 * S.erfc(-math.sqrt(0.5) * F.clip(x, -40.0, 40.0))
    dtype = getattr(x, "dtype", None)
    return y if dtype is None or kind_of(x) != "f" else F.astype(y, dtype)  # SciPy widens float16


def _normal_density(c: Any) -> Any:
    return F.exp(-0.5 * c * c) / math.sqrt(2 * math.pi)


scalar_rule(normal_cdf, lambda y, x: _normal_density(F.clip(x, -40.0, 40.0)), real=True)


@named(home="gpugrad")
def gelu_erf(x: Array) -> Array:
    """Return x Φ(x) = x/2 erfc(−x/√2), elementwise: the GELU without approximation.

    Args:
        x: array of any shape, real floating. For NumPy's, SciPy is needed.
    """
    return above(x) * normal_cdf(x)


def _gelu_erf_slope(x: Array) -> Any:
    """Return Φ(x) + x Φ'(x); beyond ±40 the density is 0 in every data type."""
    c = F.clip(x, -40.0, 40.0)
    return normal_cdf(x) + c * _normal_density(c)


scalar_rule(gelu_erf, lambda y, x: _gelu_erf_slope(x), real=True)


@named(home="gpugrad")
def hardswish(x: Array) -> Any:
    """Return x min(max((x + 3)/6, 0), 1), elementwise; x/3 + 1/2 is the derivative at −3 and 3.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * hardsigmoid(x)


scalar_rule(
    hardswish,
    lambda y, x: F.where(x < -3, 0.0, F.where(x > 3, 1.0, x / 3 + 0.5)),
    real=True,
)


@named(home="gpugrad")
def lisht(x: Array) -> Array:
    """Return x tanh(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x * F.tanh(x)


scalar_rule(lisht, lambda y, x: F.tanh(x) + _within(x) * (1 - F.square(F.tanh(x))), real=True)


@named(kind=Composite, home="gpugrad")
def glu(x: Array, /, *, axis: int = -1) -> Any:
    """Return a σ(b), where a and b are the halves of `x` along an axis.

    Args:
        x: array whose length along `axis` is even, real floating.
        axis: the axis that is halved.

    Raises:
        ArgumentError: the axis cannot be halved.
    """
    half, rest = divmod(axis_length("glu", x, axis), 2)
    if rest:
        raise ArgumentError(
            f"glu: an axis of even length is halved; axis {axis} of shape {x.shape} is not. "
            f"Give the layer before it twice the features"
        )
    return F.slice_along(x, axis, None, half) * sigmoid(F.slice_along(x, axis, half, None))
