"""Dense layers: a product, a bias and an activation, in as few steps as there are kernels for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.primitive import Composite, implement
from gpugrad.kernels import dense as kernels
from gpugrad.kernels import epilogue as epilogues
from gpugrad.modes.rules import rrule


def fully_connected(x: Array, weight: Array, bias: Array, activation: Callable[[Any], Any]) -> Any:
    """Return activation(x W + b).

    Args:
        x: array of shape (..., inputs).
        weight: array of shape (inputs, outputs).
        bias: array of shape (outputs,).
        activation: a function of the array of all outputs.
    """
    kind = type(plain(weight))
    # NumPy's is excluded first: for the small layers it has, the other questions take long.
    if kind is np.ndarray or not issubclass(kind, CudaArray) or not epilogues.epilogue(activation):
        return activation(F.linear(x, weight, bias))
    if kernels.is_small(x, weight):
        return dense(x, weight, bias, activation)
    return bias_activation(F.matmul(x, weight), bias, activation)


# --- The steps that kernels take at once; elsewhere, and in forward mode, the definitions run ----


@named(Composite, arrays=(0, 1, 2))
def dense(x: Array, weight: Array, bias: Array, activation: Callable[[Any], Any]) -> Array:
    """Return activation(x W + b), in one step where there are few features.

    Args:
        x: array of shape (..., inputs).
        weight: array of shape (inputs, outputs).
        bias: array of shape (outputs,).
        activation: an elementwise function of gpugrad's.
    """
    return activation(F.linear(x, weight, bias))


implement(dense, CudaArray)(kernels.dense)
rrule.register(dense, CudaArray, CudaArray, CudaArray)(kernels.dense_rrule)


@named(Composite, arrays=(0, 1))
def bias_activation(z: Array, bias: Array, activation: Callable[[Any], Any]) -> Array:
    """Return activation(z + bias).

    Args:
        z: array of shape (..., features).
        bias: array of shape (features,).
        activation: an elementwise function of gpugrad's.
    """
    return activation(z + bias)


implement(bias_activation, CudaArray)(epilogues.bias_activation)
rrule.register(bias_activation, CudaArray, CudaArray)(epilogues.bias_activation_rrule)
