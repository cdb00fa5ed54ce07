"""What is true, element by element, and logic and bits: no gradient flows through these."""

from __future__ import annotations

import cmath
import math
import operator

from gpugrad.dispatch.declare import constant, operator_function
from gpugrad.dispatch.kinds import Array

# --- Comparisons -----------------------------------------------------------------------------


@operator_function(operator.eq, differentiable=False)
def equal(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether they are equal; NaN is equal to nothing.

    Args:
        x1: array of any shape, of numbers.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@operator_function(operator.ne, differentiable=False)
def not_equal(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether they differ; NaN differs from all.

    Args:
        x1: array of any shape, of numbers.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@operator_function(operator.gt, differentiable=False)
def greater(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether the first one is larger.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@operator_function(operator.ge, differentiable=False)
def greater_equal(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether the first one is as large as the second, or larger.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@operator_function(operator.lt, differentiable=False)
def less(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether the first one is smaller.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@operator_function(operator.le, differentiable=False)
def less_equal(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether the first one is as small as the second, or smaller.

    Args:
        x1: array of any shape, real.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


# --- What kind of number it is ---------------------------------------------------------------


@constant(math.isfinite, cmath.isfinite)
def isfinite(x: Array, /) -> Array:
    """Say of each element whether it is neither infinite nor NaN.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, of booleans.
    """


@constant(math.isinf, cmath.isinf)
def isinf(x: Array, /) -> Array:
    """Say of each element whether it is infinite.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, of booleans.
    """


@constant(math.isnan, cmath.isnan)
def isnan(x: Array, /) -> Array:
    """Say of each element whether it is NaN.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, of booleans.
    """


@constant()
def signbit(x: Array, /) -> Array:
    """Say of each element whether it has the sign −; −0.0 has.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape, of booleans.
    """


# --- Logic -----------------------------------------------------------------------------------


@constant()
def logical_and(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether both are true.

    Args:
        x1: array of any shape, of booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@constant()
def logical_or(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether one or both are true.

    Args:
        x1: array of any shape, of booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@constant()
def logical_xor(x1: Array, x2: Array, /) -> Array:
    """Say of each two elements whether just one is true.

    Args:
        x1: array of any shape, of booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@constant()
def logical_not(x: Array, /) -> Array:
    """Say of each element whether it is false.

    Args:
        x: array of any shape, of booleans.

    Returns:
        Array of its shape, of booleans.
    """


# --- Bits ------------------------------------------------------------------------------------


@constant(operator.and_)
def bitwise_and(x1: Array, x2: Array, /) -> Array:
    """Return the bits that each two elements both have.

    Args:
        x1: array of any shape, of integers or booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@constant(operator.or_)
def bitwise_or(x1: Array, x2: Array, /) -> Array:
    """Return the bits that one or both of each two elements have.

    Args:
        x1: array of any shape, of integers or booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@constant(operator.xor)
def bitwise_xor(x1: Array, x2: Array, /) -> Array:
    """Return the bits that just one of each two elements has.

    Args:
        x1: array of any shape, of integers or booleans.
        x2: array that broadcasts with it.

    Returns:
        Array of the shape that the two broadcast to.
    """


@constant(operator.invert)
def bitwise_invert(x: Array, /) -> Array:
    """Return the bits that each element does not have.

    Args:
        x: array of any shape, of integers or booleans.

    Returns:
        Array of its shape and data type.
    """


@constant(operator.lshift)
def bitwise_left_shift(x1: Array, x2: Array, /) -> Array:
    """Return each element with its bits moved up, zeros coming in from below.

    Args:
        x1: array of any shape, of integers.
        x2: array that broadcasts with it, of integers, none negative: by how many places.

    Returns:
        Array of the shape that the two broadcast to.
    """


@constant(operator.rshift)
def bitwise_right_shift(x1: Array, x2: Array, /) -> Array:
    """Return each element with its bits moved down, the sign staying.

    Args:
        x1: array of any shape, of integers.
        x2: array that broadcasts with it, of integers, none negative: by how many places.

    Returns:
        Array of the shape that the two broadcast to.
    """
