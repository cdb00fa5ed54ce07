"""A layer, and what follows its product, in one step where the arrays' library does that better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named


@named(arrays=(0, 1))
def bias_activation(z: Any, bias: Any, activation: Callable[[Any], Any]) -> Any:
    """Return activation(z + bias).

    Args:
        z: array of shape (..., features).
        bias: array of shape (features,).
        activation: an elementwise function of gpugrad's.
    """
    return activation(z + bias)


@named(arrays=(0, 1, 2))
def dense(x: Any, weight: Any, bias: Any, activation: Callable[[Any], Any]) -> Any:
    """Return activation(x W + b).

    Args:
        x: array of shape (..., inputs).
        weight: array of shape (inputs, outputs).
        bias: array of shape (outputs,).
        activation: an elementwise function of gpugrad's.
    """
    return activation(F.linear(x, weight, bias))
