"""Activations, by NNlib's names. Their derivatives are in `gpugrad/rules/activations.py`."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.primitive import named


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
    t = F.exp(-F.abs(x))
    return F.where(x >= 0, 1, t) / (1 + t)


tanh_act = F.tanh
"""The hyperbolic tangent, by MicroGrad.jl's name for it as an activation."""


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
def softmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return eˣ / Σ eˣ over one axis; subtracting the maximum first avoids overflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes.

    Returns:
        Array of the shape of `x`; along `axis` it sums to 1.
    """
    e = F.exp(x - F.max(x, axis=axis, keepdims=True))
    return e / F.sum(e, axis=axis, keepdims=True)


@named()
def logsoftmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return x − log Σ eˣ over one axis: log(softmax(x)) without overflow or underflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes.
    """
    z = x - F.max(x, axis=axis, keepdims=True)
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))
