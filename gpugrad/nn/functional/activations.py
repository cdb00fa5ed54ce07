"""Activations, by NNlib's names. Their derivatives are in `gpugrad/rules/activations.py`.

All but softmax and its kin are elementwise, and none overflows where its value does not.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import kind_of, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.functions import special as S
from gpugrad.nn.functional.randomness import uniform


def _sigmoid_of_float(x: float) -> float:
    t = F.exp(-abs(x))
    return 1 / (1 + t) if x >= 0 else t / (1 + t)


@named(scalar=_sigmoid_of_float)
def sigmoid(x: Any) -> Any:
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


tanh_act = F.tanh
"""The hyperbolic tangent, by MicroGrad.jl's name for it as an activation."""


# --- Rectifiers ------------------------------------------------------------------------------


@named(scalar=lambda x: 0.0 if x <= 0 else x)
def relu(x: Any) -> Any:
    """Return max(x, 0), elementwise. The derivative at 0 is 0.

    Args:
        x: array of any shape, real floating.

    Example:
        >>> relu(-2.0), relu(3.0)
        (0.0, 3.0)
    """
    return F.maximum(x, 0)


@named()
def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6), elementwise. The derivative is 0 at 0 and at 6.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x, 0.0, 6.0)


@named()
def leakyrelu(x: Any, a: Any = 0.01) -> Any:
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


def rrelu(x: Any, rng: Any = None, *, low: float = 1 / 8, high: float = 1 / 3) -> Any:
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


@named()
def trelu(x: Any, theta: Any = 1.0) -> Any:
    """Return x where x > θ and 0 elsewhere, elementwise. The derivative at θ is 0.

    Args:
        x: array of any shape, real floating.
        theta: the threshold.
    """
    return F.where(x <= theta, 0.0, x)


@named()
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x where x ≥ 0 and α (eˣ − 1) elsewhere, elementwise. The derivative at 0 is 1.

    Args:
        x: array of any shape, real floating.
        alpha: the negative of the limit on the negative side.
    """
    return F.where(x >= 0, x, alpha * F.expm1(F.minimum(x, 0)))


@named()
def celu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x where x ≥ 0 and α (e^(x/α) − 1) elsewhere, elementwise: smooth at 0 for every α.

    Args:
        x: array of any shape, real floating.
        alpha: the negative of the limit on the negative side, positive.
    """
    return F.where(x >= 0, x, alpha * F.expm1(F.minimum(x, 0) / alpha))


SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


@named()
def selu(x: Any) -> Any:
    """Return λ x where x > 0 and λ α (eˣ − 1) elsewhere, elementwise, by Klambauer et al.

    α = 1.673… and λ = 1.050… keep mean 0 and variance 1. The derivative at 0 is λ α.

    Args:
        x: array of any shape, real floating.
    """
    return SELU_SCALE * F.where(x > 0, x, SELU_ALPHA * F.expm1(F.minimum(x, 0)))


# --- Gates: x times something between 0 and 1 ------------------------------------------------


def above(x: Any) -> Any:
    """Return x, or −1000 where it is less: there each gate is 0, and 0 times −∞ is NaN."""
    return F.maximum(x, -1000.0)


@named()
def swish(x: Any) -> Any:
    """Return x σ(x), elementwise; also called silu.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(x)


silu = swish
"""x σ(x), by PyTorch's name."""


@named()
def mish(x: Any) -> Any:
    """Return x tanh(softplus(x)), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * F.tanh(softplus(x))


def gelu_tanh_logit(x: Any) -> Any:
    """Return 2 √(2/π) (x + 0.044715 x³), whose sigmoid is the gate of `gelu_tanh`.

    Beyond ±25 the gate is 0 or 1 in every data type, and x³ might overflow.
    """
    c = F.clip(x, -25.0, 25.0)
    return (math.sqrt(8 / math.pi) * c) * (1 + 0.044715 * c * c)


@named()
def gelu_tanh(x: Any) -> Any:
    """Return x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), elementwise: Hendrycks and Gimpel's GELU.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(gelu_tanh_logit(x))


gelu = gelu_tanh
"""The GELU; as NNlib does, by its approximation with tanh. The exact one is `gelu_erf`."""


def gelu_sigmoid_logit(x: Any) -> Any:
    """Return 1.702 x; beyond ±500 its sigmoid is 0 or 1, and the product might overflow."""
    return 1.702 * F.clip(x, -500.0, 500.0)


@named()
def gelu_sigmoid(x: Any) -> Any:
    """Return x σ(1.702 x), elementwise: the GELU's approximation with a sigmoid.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * sigmoid(gelu_sigmoid_logit(x))


@named()
def gelu_erf(x: Any) -> Any:
    """Return x Φ(x) = x/2 erfc(−x/√2), elementwise: the GELU without approximation.

    Args:
        x: array of any shape, real floating. For NumPy's, SciPy is needed.
    """
    return above(x) * normal_cdf(x)


@named()
def normal_cdf(x: Any) -> Any:
    """Return Φ(x), the normal distribution's cumulative function; beyond ±40 it is 0 or 1."""
    y = 0.5 * S.erfc(-math.sqrt(0.5) * F.clip(x, -40.0, 40.0))
    dtype = getattr(x, "dtype", None)
    return y if dtype is None or kind_of(x) != "f" else F.astype(y, dtype)  # SciPy widens float16


@named()
def hardswish(x: Any) -> Any:
    """Return x min(max((x + 3)/6, 0), 1), elementwise; x/3 + 1/2 is the derivative at −3 and 3.

    Args:
        x: array of any shape, real floating.
    """
    return above(x) * hardsigmoid(x)


@named()
def lisht(x: Any) -> Any:
    """Return x tanh(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x * F.tanh(x)


@named(kind=Composite)
def glu(x: Any, /, *, axis: int = -1) -> Any:
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


# --- Hard and soft steps ---------------------------------------------------------------------


@named()
def hardsigmoid(x: Any) -> Any:
    """Return min(max((x + 3)/6, 0), 1), elementwise. The derivative at −3 and 3 is 0.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x / 6 + 0.5, 0.0, 1.0)


@named()
def hardtanh(x: Any) -> Any:
    """Return min(max(x, −1), 1), elementwise. The derivative at −1 and 1 is 0.

    Args:
        x: array of any shape, real floating.
    """
    return F.clip(x, -1.0, 1.0)


@named()
def softsign(x: Any) -> Any:
    """Return x / (1 + |x|), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x / (1 + F.abs(x))


@named()
def softshrink(x: Any, threshold: Any = 0.5) -> Any:
    """Return x − λ where x > λ, x + λ where x < −λ, and 0 between, elementwise.

    The derivative at −λ and λ is 0.

    Args:
        x: array of any shape, real floating.
        threshold: λ, not negative.
    """
    return x - F.clip(x, -threshold, threshold)


@named()
def hardshrink(x: Any, threshold: Any = 0.5) -> Any:
    """Return x where |x| > λ and 0 between, elementwise. The derivative at −λ and λ is 0.

    Args:
        x: array of any shape, real floating.
        threshold: λ, not negative.
    """
    return F.where(F.abs(x) <= threshold, 0.0, x)


@named()
def tanhshrink(x: Any) -> Any:
    """Return x − tanh(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return x - F.tanh(x)


# --- Logarithms ------------------------------------------------------------------------------


@named()
def softplus(x: Any) -> Any:
    """Return log(1 + eˣ), elementwise.

    Args:
        x: array of any shape, real floating.

    Example:
        >>> softplus(0.0), softplus(1000.0)
        (0.6931471805599453, 1000.0)
    """
    return F.maximum(x, 0.0) + F.log1p(F.exp(-F.abs(x)))


@named()
def logsigmoid(x: Any) -> Any:
    """Return log σ(x), elementwise.

    Args:
        x: array of any shape, real floating.
    """
    return F.minimum(x, 0.0) - F.log1p(F.exp(-F.abs(x)))


@named()
def logcosh(x: Any) -> Any:
    """Return log cosh x, elementwise.

    Args:
        x: array of any shape, real floating.
    """
    # cosh x = eᵃ (1 + e⁻²ᵃ) / 2 with a = |x|, and e⁻²ᵃ − 1 = (e⁻ᵃ − 1) (e⁻ᵃ + 1): 0 at 0, exactly
    a = F.abs(x)
    m = F.expm1(-a)
    return a + F.log1p(0.5 * m * (m + 2))


# --- Over an axis ----------------------------------------------------------------------------


@named()
def softmax(x: Any, /, *, axis: Any = -1) -> Any:
    """Return eˣ / Σ eˣ over one axis; subtracting the maximum first avoids overflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.

    Returns:
        Array of the shape of `x`; along `axis` it sums to 1.
    """
    e = F.exp(x - F.max(x, axis=axis, keepdims=True))
    return e / F.sum(e, axis=axis, keepdims=True)


@named()
def masked_softmax(x: Any, /, *, axis: Any = -1) -> Any:
    """Return `softmax`, but 0 where all along the axis is −∞: where there is nothing to choose."""
    top = F.max(x, axis=axis, keepdims=True)
    e = F.exp(x - F.where(top == -math.inf, 0.0, top))
    total = F.sum(e, axis=axis, keepdims=True)
    return e / F.where(total == 0, 1.0, total)


@named()
def logsoftmax(x: Any, /, *, axis: Any = -1) -> Any:
    """Return x − log Σ eˣ over one axis: log(softmax(x)) without overflow or underflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.
    """
    z = x - F.max(x, axis=axis, keepdims=True)
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))


@named(kind=Composite)
def softmax_dx(y: Any, dy: Any, axis: Any) -> Any:
    """Return y (dy − Σ y dy), the gradient of the argument of the softmax `y`."""
    return y * (dy - F.sum(y * dy, axis=axis, keepdims=True))


@named(kind=Composite)
def logsoftmax_dx(y: Any, dy: Any, axis: Any) -> Any:
    """Return dy − eʸ Σ dy, the gradient of the argument of the logarithm of a softmax, `y`."""
    return dy - F.exp(y) * F.sum(dy, axis=axis, keepdims=True)


@named(kind=Composite)
def softmin(x: Any, /, *, axis: Any = -1) -> Any:
    """Return e⁻ˣ / Σ e⁻ˣ over one axis.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.
    """
    return softmax(F.negative(x), axis=axis)


def axis_length(name: str, x: Any, axis: int) -> int:
    """Return how long an axis is; raise ArgumentError where there is none."""
    shape = shape_of(x)
    if not -len(shape) <= axis < len(shape):
        raise ArgumentError(f"{name}: an array of shape {shape} has no axis {axis}")
    return shape[axis]
