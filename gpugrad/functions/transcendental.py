"""Exponentials, logarithms, and the functions of angles, element by element.

All take Python's numbers, too: of complex ones they are those of `cmath`.
"""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import function, math_function
from gpugrad.dispatch.kinds import Array

# --- Exponentials and logarithms -------------------------------------------------------------


@math_function
def exp(x: Array, /) -> Any:
    """Return the exponential of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def expm1(x: Array, /) -> Any:
    """Return exp(x) − 1 of each element, with full accuracy near 0.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def log(x: Array, /) -> Any:
    """Return the natural logarithm of each element, NaN of real ones below 0.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def log1p(x: Array, /) -> Any:
    """Return log(1 + x) of each element, with full accuracy near 0.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def log2(x: Array, /) -> Any:
    """Return the logarithm to the base 2 of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def log10(x: Array, /) -> Any:
    """Return the logarithm to the base 10 of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@function()
def logaddexp(x1: Array, x2: Array, /) -> Array:
    """Return log(exp(x1) + exp(x2)) of each two elements, without overflow.

    Args:
        x1: array of any shape, real floating.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


# --- Trigonometry ----------------------------------------------------------------------------


@math_function
def sin(x: Array, /) -> Any:
    """Return the sine of each element.

    Args:
        x: array of any shape, real or complex floating, in radians.

    Returns:
        Array of its shape and data type.
    """


@math_function
def cos(x: Array, /) -> Any:
    """Return the cosine of each element.

    Args:
        x: array of any shape, real or complex floating, in radians.

    Returns:
        Array of its shape and data type.
    """


@math_function
def tan(x: Array, /) -> Any:
    """Return the tangent of each element.

    Args:
        x: array of any shape, real or complex floating, in radians.

    Returns:
        Array of its shape and data type.
    """


@math_function
def asin(x: Array, /) -> Any:
    """Return the inverse sine of each element, in [−π/2, π/2]; NaN of real ones beyond ±1.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def acos(x: Array, /) -> Any:
    """Return the inverse cosine of each element, in [0, π]; NaN of real ones beyond ±1.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def atan(x: Array, /) -> Any:
    """Return the inverse tangent of each element, in [−π/2, π/2].

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def atan2(x1: Array, x2: Array, /) -> Any:
    """Return the angle, in [−π, π], of each point (x2, x1) of the plane.

    Args:
        x1: array of any shape, real floating: how far up the points are.
        x2: array that broadcasts with it: how far to the right.

    Returns:
        Array of the shape that the two broadcast to.
    """


# --- Hyperbolic functions --------------------------------------------------------------------


@math_function
def sinh(x: Array, /) -> Any:
    """Return the hyperbolic sine of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def cosh(x: Array, /) -> Any:
    """Return the hyperbolic cosine of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def tanh(x: Array, /) -> Any:
    """Return the hyperbolic tangent of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def asinh(x: Array, /) -> Any:
    """Return the inverse hyperbolic sine of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def acosh(x: Array, /) -> Any:
    """Return the inverse hyperbolic cosine of each element; NaN of real ones below 1.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@math_function
def atanh(x: Array, /) -> Any:
    """Return the inverse hyperbolic tangent of each element; NaN of real ones beyond ±1.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """
