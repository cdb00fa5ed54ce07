"""Where elements are: order, places, and values without their repetitions."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import composite, constant
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.levels import plain
from gpugrad.functions.indexing import take
from gpugrad.functions.manipulation import reshape

# --- No gradient flows through these ---------------------------------------------------------


@constant()
def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return the places of the elements in the order of their values.

    Args:
        x: array with at least one axis, real.
        axis: the axis to sort along.
        descending: whether the largest is first.
        stable: whether equal elements stay in order.

    Returns:
        Array of integers of the shape of `x`.
    """


@constant()
def nonzero(x: Array, /) -> Any:
    """Return the places of the elements that are not 0.

    Args:
        x: array with at least one axis, of numbers or booleans.

    Returns:
        Tuple of arrays of integers, one for each axis.
    """


@constant()
def searchsorted(x1: Array, x2: Array, /, *, side: str = "left", sorter: Any = None) -> Array:
    """Return where in sorted numbers others would have to be put in.

    Args:
        x1: array of shape (n,), real, sorted.
        x2: array of any shape, real: what would be put in.
        side: "left" for the first such place, "right" for the last.
        sorter: array of shape (n,) of integers that sorts `x1`, where it is not sorted.

    Returns:
        Array of integers of the shape of `x2`.
    """


# --- Values without their repetitions: the gradient of each goes to where it is first --------


@composite()
def unique_all(x: Array, /) -> Any:
    """Return the values of `x`, where each is first, which one is where, and how often each is.

    Args:
        x: array of any shape, real.

    Returns:
        Namedtuple of `values`, `indices`, `inverse_indices` and `counts`.
    """
    found = unique_all(plain(x))
    return found._replace(values=take(reshape(x, (-1,)), found.indices))


@composite()
def unique_counts(x: Array, /) -> Any:
    """Return the values of `x`, and how often each occurs.

    Args:
        x: array of any shape, real.

    Returns:
        Namedtuple of `values` and `counts`.
    """
    found = unique_all(x)
    return unique_counts(plain(x))._replace(values=found.values, counts=found.counts)


@composite()
def unique_inverse(x: Array, /) -> Any:
    """Return the values of `x`, and which one is where.

    Args:
        x: array of any shape, real.

    Returns:
        Namedtuple of `values` and `inverse_indices`.
    """
    found = unique_all(x)
    return unique_inverse(plain(x))._replace(
        values=found.values, inverse_indices=found.inverse_indices
    )


@composite()
def unique_values(x: Array, /) -> Array:
    """Return the values of `x`, each once.

    Args:
        x: array of any shape, real.

    Returns:
        Array with one axis.
    """
    return unique_all(x).values
