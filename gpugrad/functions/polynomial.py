"""Polynomials: Julia's evalpoly, and NumPy's functions of coefficients."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import named as _named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.errors import ArgumentError
from gpugrad.functions.calculus import convolve, vector_of
from gpugrad.functions.elementwise import array_like, beside_integers, double, finfo

# --- The constant term first -----------------------------------------------------------------


@_named()
def evalpoly(x: Array, weights: Array, /) -> Array:
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


# --- The highest power first -----------------------------------------------------------------


@_composite()
def polyval(p: Any, x: Array) -> Array:
    """Return the values of a polynomial, by Horner's rule.

    Args:
        p: array of shape (n,): the coefficients, the highest power first.
        x: array of any shape.
    """
    alone = libraries.library_of(plain(x)) is None
    p = double(p) if alone and hasattr(p, "dtype") else p
    y = 0.0 if alone else F.zeros_like(x)
    for coefficient in F.unstack(p) if hasattr(p, "dtype") else p:
        y = y * x + coefficient
    return y


@_composite()
def polyadd(a1: Array, a2: Array) -> Array:
    """Return the sum of two polynomials.

    Args:
        a1: array of shape (n,): the coefficients, the highest power first.
        a2: array of shape (m,), likewise.

    Returns:
        Array of shape (max(n, m),): the coefficients.
    """
    a1, a2 = _as_arrays(a1, a2)
    return _of_length(a1, a2) + _of_length(a2, a1)


@_composite()
def polysub(a1: Array, a2: Array) -> Array:
    """Return the difference of two polynomials.

    Args:
        a1: array of shape (n,): the coefficients, the highest power first.
        a2: array of shape (m,), likewise.

    Returns:
        Array of shape (max(n, m),): the coefficients.
    """
    a1, a2 = _as_arrays(a1, a2)
    return _of_length(a1, a2) - _of_length(a2, a1)


def _as_arrays(a: Array, b: Array) -> tuple[Any, Any]:
    return array_like(a, b), array_like(b, a)


def _of_length(a: Array, other: Any) -> Any:
    """Return coefficients with zeros in front, as many as `other` has at least."""
    a = F.reshape(a, (-1,))
    missing = math.prod(shape_of(other)) - a.shape[0]
    if missing <= 0:
        return a
    return F.concat([libraries.create("zeros", missing, like=a, dtype=plain(a).dtype), a])


@_composite()
def polymul(a1: Array, a2: Array) -> Array:
    """Return the product of two polynomials.

    Args:
        a1: array of shape (n,): the coefficients, the highest power first; zeros in front go.
        a2: array of shape (m,), likewise.

    Returns:
        Array of the coefficients.
    """
    a1, a2 = _as_arrays(a1, a2)
    return convolve(_from_first_nonzero(a1), _from_first_nonzero(a2))


def _from_first_nonzero(a: Array) -> Any:
    a = F.reshape(a, (-1,))
    places = F.nonzero(F.stop_gradient(a))[0]
    return a[int(places[0]) :] if places.shape[0] else a[-1:]


@_composite()
def polyder(p: Any, m: int = 1) -> Array:
    """Return the coefficients of a polynomial's derivative, taken `m` times.

    Args:
        p: array of shape (n,): the coefficients, the highest power first.
        m: how often.

    Returns:
        Array of shape (n − m,).
    """
    p = beside_integers(p) if m else p
    for _ in range(m):
        powers = libraries.create("arange", p.shape[0] - 1, 0, -1, like=p)
        p = p[:-1] * F.astype(powers, p.dtype)
    return p


@_composite()
def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    """Return the coefficients of a polynomial's integral, taken `m` times.

    Args:
        p: array of shape (n,): the coefficients, the highest power first.
        m: how often.
        k: the constants of integration, in order; zeros by default.
    """
    constants = [0.0] * m if k is None else list(k) if hasattr(k, "__len__") else [k] * m
    constants = constants * m if len(constants) == 1 else constants
    p = beside_integers(p) if m else p
    for i in range(m):
        powers = libraries.create("arange", p.shape[0], 0, -1, like=p)
        p = F.concat([p / F.astype(powers, p.dtype), vector_of(constants[i], p)])
    return p


@_composite()
def poly(seq_of_zeros: Any) -> Array:
    """Return the coefficients of the polynomial with given roots, or of a square matrix's.

    Args:
        seq_of_zeros: array of shape (n,).

    Returns:
        Array of shape (n + 1,), the highest power first.
    """
    if len(shape_of(seq_of_zeros)) != 1:
        raise ArgumentError(
            f"poly: shape {shape_of(seq_of_zeros)} is not recorded. Give the roots, for instance "
            f"xp.linalg.eigvalsh(x) of a symmetric matrix"
        )
    if finfo(seq_of_zeros).bits < 32:  # as in NumPy
        seq_of_zeros = double(seq_of_zeros)
    one = F.ones_like(seq_of_zeros[:1])
    y = one
    for i in range(seq_of_zeros.shape[0]):
        y = F.concat([y, one * 0]) - F.concat([one * 0, y]) * seq_of_zeros[i]
    return y


@_composite()
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """Return the Vandermonde matrix: the powers of each element in a row.

    Args:
        x: array of shape (n,).
        N: how many powers; n by default.
        increasing: whether the powers increase from 0, or decrease to 0.
    """
    count = x.shape[0] if N is None else N
    column = F.reshape(beside_integers(x), (-1, 1))
    if not count:
        return F.broadcast_to(column, (x.shape[0], 1))[:, :0]
    columns = [F.ones_like(column)]
    for _ in range(count - 1):
        columns.append(columns[-1] * column)
    return F.concat(columns if increasing else columns[::-1], axis=1)
