"""Polynomials."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import shape_of
from gpugrad.errors import ArgumentError


@named()
def evalpoly(x: Any, weights: Any, /) -> Any:
    """Return Σ weights[i] xⁱ by Horner's scheme, elementwise in `x`. The name is Julia's.

    Args:
        x: a number or an array of any shape.
        weights: array of shape (degree + 1,), the constant term first.

    Raises:
        ArgumentError: `weights` is not an array with one axis and at least one element.

    Example:
        >>> import numpy as np
        >>> float(evalpoly(2.5, np.array([3.0, 2.0, -3.0, 1.0])))
        4.875
    """
    if len(shape_of(weights)) != 1 or not weights.shape[0]:
        raise ArgumentError(
            f"evalpoly: weights are an array of shape (degree + 1,), got {shape_of(weights)}"
        )
    y = weights[-1] + 0 * x
    for i in range(weights.shape[0] - 2, -1, -1):
        y = y * x + weights[i]
    return y
