"""Activations: names and definitions are NNlib's."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.frule import frule
from gpugrad.network.activations import logsoftmax, relu, sigmoid, softmax
from gpugrad.registry import rrule
from gpugrad.scalar import scalar_rule

scalar_rule(sigmoid, lambda y, x: y * (1 - y), real=True)
scalar_rule(relu, lambda y, x: F.sign(y), real=True)


@rrule.register(softmax)
def softmax_rrule(_: Any, x: Any, *, axis: int = -1) -> Any:
    """dx = y (dy − Σ y dy)."""
    y = softmax(x, axis=axis)

    def softmax_back(dy: Any) -> Any:
        return None, y * (dy - F.sum(y * dy, axis=axis, keepdims=True))

    return y, softmax_back


@rrule.register(logsoftmax)
def logsoftmax_rrule(_: Any, x: Any, *, axis: int = -1) -> Any:
    """dx = dy − eʸ Σ dy."""
    y = logsoftmax(x, axis=axis)

    def logsoftmax_back(dy: Any) -> Any:
        return None, dy - F.exp(y) * F.sum(dy, axis=axis, keepdims=True)

    return y, logsoftmax_back


@frule.register(softmax)
def softmax_frule(_: Any, args: Any, tangents: Any, *, axis: int = -1) -> Any:
    (x,), (dx,) = args, tangents
    y = softmax(x, axis=axis)
    return y, y * (dx - F.sum(y * dx, axis=axis, keepdims=True))


@frule.register(logsoftmax)
def logsoftmax_frule(_: Any, args: Any, tangents: Any, *, axis: int = -1) -> Any:
    (x,), (dx,) = args, tangents
    y = logsoftmax(x, axis=axis)
    return y, dx - F.sum(F.exp(y) * dx, axis=axis, keepdims=True)
