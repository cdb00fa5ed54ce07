"""Sums of products: of matrices, of vectors, and over any axes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad.dispatch.declare import function, named, operator_function
from gpugrad.dispatch.kinds import Array


@operator_function(operator.matmul)
def matmul(x1: Array, x2: Array, /) -> Array:
    """Return the products of matrices.

    Args:
        x1: array of shape (..., m, k), or (k,).
        x2: array of shape (..., k, n), or (k,); the axes before the last two broadcast.

    Returns:
        Array of shape (..., m, n), without m where `x1` is a vector, without n where `x2` is one.
    """


def matmul_of(a: Array, b: Array) -> Any:
    """Return what multiplies such matrices: of NumPy's, the operator, which asks for no kernels."""
    return operator.matmul if type(a) is type(b) is np.ndarray else matmul


def _linear(x: Array, weight: Array, bias: Array) -> Any:
    product = matmul_of(x, weight)(x, weight)
    if product.dtype != bias.dtype or product.shape[-1:] != bias.shape:
        return product + bias
    product += bias  # into the product's own memory
    return product


@named(body="", default=_linear)
def linear(x: Array, weight: Array, bias: Array, /) -> Array:
    """Return the product of two matrices plus a vector, x W + b.

    Args:
        x: array of shape (..., k).
        weight: array of shape (k, n).
        bias: array that broadcasts to the shape of the product, such as (n,).

    Returns:
        Array of shape (..., n).
    """


@function(view=True)
def matrix_transpose(x: Array, /) -> Any:
    """Return matrices with rows and columns exchanged; they may share the array's memory.

    Args:
        x: array of shape (..., m, n).

    Returns:
        Array of shape (..., n, m).
    """


@function()
def tensordot(
    x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Any:
    """Return the sums of products over some axes of one array and as many of the other.

    Args:
        x1: array.
        x2: array.
        axes: how many axes: the last ones of `x1` and the first ones of `x2`; or which ones of
            each.

    Returns:
        Array with the other axes of `x1`, then those of `x2`.
    """


@function()
def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """Return the inner products Σ x̄1 x2 of vectors, the first ones conjugated.

    Args:
        x1: array with at least one axis, of numbers.
        x2: array that broadcasts with it, of the same length along the axis.
        axis: the vectors' axis, which the result does not have.
    """
