"""Numbers in place of others nearby, element by element: no gradient flows through these."""

from __future__ import annotations

import builtins
import math
import operator

from gpugrad.dispatch.declare import constant, operator_function
from gpugrad.dispatch.kinds import Array


@constant()
def ceil(x: Array, /) -> Array:
    """Return the smallest whole number that is not below each element.

    Args:
        x: array of any shape, real.

    Returns:
        Array of its shape and data type.
    """


@constant()
def floor(x: Array, /) -> Array:
    """Return the largest whole number that is not above each element.

    Args:
        x: array of any shape, real.

    Returns:
        Array of its shape and data type.
    """


@constant()
def trunc(x: Array, /) -> Array:
    """Return the whole number nearest to each element on the way to 0.

    Args:
        x: array of any shape, real.

    Returns:
        Array of its shape and data type.
    """


@constant(builtins.round)
def round(x: Array, /) -> Array:
    """Return the whole number nearest to each element, of two that are as near the even one.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape and data type.
    """


@operator_function(operator.floordiv, differentiable=False)
def floor_divide(x1: Array, x2: Array, /) -> Array:
    """Return the quotient of each two elements, rounded down.

    Args:
        x1: array of any shape, real: the dividend.
        x2: array that broadcasts with it: the divisor.

    Returns:
        Array of the shape that the two broadcast to.
    """


@constant(math.nextafter)
def nextafter(x1: Array, x2: Array, /) -> Array:
    """Return the next floating-point number after each element, on the way to the other's.

    Args:
        x1: array of any shape, real floating.
        x2: array that broadcasts with it: where to go.

    Returns:
        Array of the shape that the two broadcast to.
    """
