"""Arithmetic, element by element: of two values, of one, of complex ones, and the choice of one.

Python's numbers count as arrays of shape (); of numbers alone the result is a number. The data type
of two arrays' result is the one that they promote to.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

from gpugrad.dispatch.declare import function, math_function, named, operator_function
from gpugrad.dispatch.kinds import Array
from gpugrad.functions.manipulation import astype

# --- Of two values ---------------------------------------------------------------------------


@operator_function(operator.add, operator.iadd)
def add(x1: Array, x2: Array, /) -> Any:
    """Return the sum of each element of one array and the other's.

    Args:
        x1: array of any shape, of numbers.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@operator_function(operator.sub, operator.isub)
def subtract(x1: Array, x2: Array, /) -> Any:
    """Return the difference of each element of one array and the other's.

    Args:
        x1: array of any shape, of numbers.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@operator_function(operator.mul, operator.imul)
def multiply(x1: Array, x2: Array, /) -> Any:
    """Return the product of each element of one array and the other's.

    Args:
        x1: array of any shape, of numbers.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@operator_function(operator.truediv, operator.itruediv)
def divide(x1: Array, x2: Array, /) -> Any:
    """Return the quotient of each element of one array and the other's.

    Args:
        x1: array of any shape, of numbers: the dividend.
        x2: array that broadcasts with it: the divisor.

    Returns:
        Array of the shape that the two broadcast to.
    """


@operator_function(operator.mod)
def remainder(x1: Array, x2: Array, /) -> Array:
    """Return what is left of a division rounded down: it has the sign of the divisor.

    The derivative takes the rounded quotient as a constant.

    Args:
        x1: array of any shape, real: the dividend.
        x2: array that broadcasts with it: the divisor.

    Returns:
        Array of the shape that the two broadcast to.
    """


@operator_function(operator.pow, builtins.pow, math.pow, operator.ipow)
def pow(x1: Array, x2: Array, /) -> Array:
    """Return each element to the power of the other array's.

    The derivative at a base of 0 is finite where there is one: of x**1 it is 1, of x**0 it is 0.
    The derivative by the exponent is 0 there.

    Args:
        x1: array of any shape, of numbers: the base.
        x2: array that broadcasts with it: the exponent.

    Returns:
        Array of the shape that the two broadcast to.
    """


@math_function
def hypot(x1: Array, x2: Array, /) -> Any:
    """Return √(x1² + x2²) of each two elements, without overflow.

    The derivative where both are 0 is 0.

    Args:
        x1: array of any shape, real floating.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@math_function
def copysign(x1: Array, x2: Array, /) -> Any:
    """Return the absolute value of each element, with the sign of the other array's.

    Args:
        x1: array of any shape, real floating: the sizes; the derivative at 0 is 0.
        x2: array that broadcasts with it: the signs, which have no gradient.

    Returns:
        Array of the shape that the two broadcast to.
    """


@function()
def maximum(x1: Array, x2: Array, /) -> Array:
    """Return the larger of each two elements, NaN where one is NaN.

    At a tie each has half the gradient.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@function()
def minimum(x1: Array, x2: Array, /) -> Array:
    """Return the smaller of each two elements, NaN where one is NaN.

    At a tie each has half the gradient.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@named(body="", default=operator.add)
def add_into(a: Array, b: Array, /) -> Array:
    """Return the sum, which may be written into the memory of `a`: gradients are added up so.

    It is of arrays alone, has no derivative, and is no name of `F`.

    Args:
        a: array, which nothing else refers to.
        b: array of its shape, or of a shape that broadcasts to it.
    """


# --- Of one value ----------------------------------------------------------------------------


@operator_function(operator.abs, builtins.abs, math.fabs)
def abs(x: Array, /) -> Array:
    """Return the absolute value of each element.

    The derivative at 0 is 0. Of complex numbers z the gradient is z / |z|.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, real.
    """


@operator_function(operator.neg)
def negative(x: Array, /) -> Array:
    """Return each element with its sign changed.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


@operator_function(operator.pos)
def positive(x: Array, /) -> Array:
    """Return a copy of the array.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


@function(scalar=lambda x: 1 / x, default=lambda x: 1 / x)
def reciprocal(x: Array, /) -> Array:
    """Return 1 / x of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


@function(scalar=lambda x: x * x)
def square(x: Array, /) -> Array:
    """Return the square of each element.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


@math_function
def sqrt(x: Array, /) -> Any:
    """Return the square root of each element, NaN of real ones below 0.

    The derivative at 0 is infinite.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else x


@function(scalar=_sign)
def sign(x: Array, /) -> Any:
    """Return −1, 0 or 1 by the sign of each element; of complex numbers z / |z|, and 0 at 0.

    The derivative of real ones is 0.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


def _clip(x: Array, low: Any = None, high: Any = None) -> Any:
    x = low if low is not None and x < low else x  # NaN stays
    return high if high is not None and x > high else x


@function(keywords=("x", "min", "max"), scalar=_clip)
def clip(x: Array, /, min: Any = None, max: Any = None) -> Array:
    """Return the array with what is outside of an interval moved to its edges.

    The derivative is 1 inside and at the edges, 0 outside, where the edge has the gradient.

    Args:
        x: array of any shape, real.
        min: number, or array that broadcasts to the shape of `x`: the lower edge; None for none.
        max: number, or array that broadcasts to it: the upper edge; None for none.

    Returns:
        Array of its shape and data type.
    """


# --- Of complex numbers ----------------------------------------------------------------------


@function(scalar=lambda x: x.conjugate())
def conj(x: Array, /) -> Array:
    """Return the complex conjugate of each element.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


@function(view=True, scalar=lambda x: x.real)
def real(x: Array, /) -> Array:
    """Return the real part of each element; it may share the array's memory.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, real.
    """


@function(view=True, scalar=lambda x: x.imag)
def imag(x: Array, /) -> Array:
    """Return the imaginary part of each element, 0 of real ones; it may share the array's memory.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, real.
    """


# --- Choice ----------------------------------------------------------------------------------


def _where(condition: Array, x: Array, y: Array) -> Any:
    return x if condition else y


@function(scalar=_where)
def where(condition: Array, x1: Array, x2: Array, /) -> Array:
    """Return the elements of one array where a condition holds, else those of another.

    What is not chosen gets the gradient 0; NaN there stays where it is.

    Args:
        condition: array of booleans.
        x1: array or number that broadcasts with it.
        x2: array or number that broadcasts with both.

    Returns:
        Array of the shape that the three broadcast to.
    """


def _indicator(condition: Array, like: Any) -> Any:
    if type(condition) is bool:
        return float(condition)
    convert = getattr(condition, "astype", None)
    return astype(condition, like.dtype) if convert is None else convert(like.dtype)


@named(body="", default=_indicator, scalar=_indicator, differentiable=False)
def indicator(condition: Array, like: Any, /) -> Any:
    """Return 1 where a condition holds and 0 elsewhere, in the data type of another array.

    Args:
        condition: array of booleans of any shape.
        like: array, whose data type the result has.

    Returns:
        Array of the shape of `condition`.
    """
