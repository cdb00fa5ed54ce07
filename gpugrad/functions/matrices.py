"""NumPy's and CuPy's functions of vectors and matrices outside `linalg`, by NumPy's signatures."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, DType, kind_of, shape_of
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg


@_composite()
def dot(a: Array, b: Array, /) -> Any:
    """Return the sums of products over the last axis of `a` and the last but one of `b`.

    Args:
        a: array, or a number.
        b: array, or a number; of a vector, its one axis counts.
    """
    left, right = len(shape_of(a)), len(shape_of(b))
    if not left or not right:
        return a * b
    if right == 1 or left <= 2 >= right:
        return a @ b
    return F.tensordot(a, b, axes=((left - 1,), (right - 2,)))


@_composite()
def vdot(a: Array, b: Array, /) -> Array:
    """Return the inner product Σ ā b of all elements.

    Args:
        a: array, of which the complex conjugate is taken.
        b: array of as many elements.
    """
    return F.vecdot(F.reshape(a, (-1,)), F.reshape(b, (-1,)))


@_composite()
def inner(a: Array, b: Array, /) -> Array:
    """Return the sums of products over the last axes.

    Args:
        a: array, or a number.
        b: array of the same length along its last axis, or a number.
    """
    left, right = len(shape_of(a)), len(shape_of(b))
    return F.tensordot(a, b, axes=((left - 1,), (right - 1,))) if left and right else a * b


@_composite()
def outer(a: Array, b: Array) -> Array:
    """Return the products of each element of `a` with each one of `b`.

    Args:
        a: array of n elements, of any shape.
        b: array of m elements, of any shape.

    Returns:
        Array of shape (n, m).
    """
    return F.reshape(a, (-1, 1)) * F.reshape(b, (1, -1))


@_composite()
def kron(a: Array, b: Array) -> Array:
    """Return the Kronecker product: blocks of `b`, multiplied by the elements of `a`.

    Args:
        a: array.
        b: array. Whichever has fewer axes gets axes of length 1 before its own.
    """
    ndim = max(len(shape_of(a)), len(shape_of(b)))
    rows, columns = ((1,) * (ndim - len(shape_of(x))) + shape_of(x) for x in (a, b))
    # Each axis becomes two, the first one of a and the second one of b.
    left = F.reshape(a, tuple(n for length in rows for n in (length, 1)))
    right = F.reshape(b, tuple(n for length in columns for n in (1, length)))
    return F.reshape(left * right, tuple(m * n for m, n in zip(rows, columns, strict=True)))


@_composite()
def cross(
    a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """Return the cross products of vectors of three elements.

    Args:
        a: array.
        b: array that broadcasts against `a`, the vectors' axes left out.
        axisa: the vectors' axis in `a`.
        axisb: the vectors' axis in `b`.
        axisc: the vectors' axis in the result.
        axis: all three at once.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    y = linalg.cross(F.moveaxis(a, axisa, -1), F.moveaxis(b, axisb, -1))
    return F.moveaxis(y, -1, axisc)


@_composite()
def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the diagonals along two axes, as a new last axis.

    Args:
        a: array of two or more axes.
        offset: 0 for the main diagonal, above it positive, below it negative.
        axis1: the axis of the rows.
        axis2: the axis of the columns.
    """
    return linalg.diagonal(F.moveaxis(a, (axis1, axis2), (-2, -1)), offset=offset)


@_composite()
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DType = None) -> Array:
    """Return the sums along the diagonals of two axes.

    Args:
        a: array of two or more axes.
        offset: which diagonal; see `diagonal`.
        axis1: the axis of the rows.
        axis2: the axis of the columns.
        dtype: the data type to add up in, that of `a` by default.
    """
    return linalg.trace(F.moveaxis(a, (axis1, axis2), (-2, -1)), offset=offset, dtype=dtype)


@_composite()
def diag(v: Array, k: int = 0) -> Array:
    """Return the diagonal of a matrix, or the matrix of which a vector is the diagonal.

    Args:
        v: array of shape (m, n) or (n,).
        k: 0 for the main diagonal, above it positive, below it negative.
    """
    if len(v.shape) == 2:
        return linalg.diagonal(v, offset=k)
    if len(v.shape) != 1:
        raise ArgumentError(f"diag: expected a vector or a matrix, got shape {v.shape}")
    n = v.shape[0] + abs(k)
    first = k if k >= 0 else -k * n
    last = first + (v.shape[0] - 1) * (n + 1)
    places = slice(first, last + 1, n + 1) if v.shape[0] else slice(0, 0)
    return F.reshape(F.scatter_add(v, places, (n * n,)), (n, n))


@_composite()
def diagflat(v: Array, k: int = 0) -> Array:
    """Return the matrix whose diagonal has all elements of an array.

    Args:
        v: array of any shape.
        k: which diagonal; see `diag`.
    """
    return diag(F.reshape(v, (-1,)), k)


@_composite()
def matvec(x1: Array, x2: Array, /) -> Any:
    """Return products of matrices and vectors.

    Args:
        x1: array of shape (…, m, n).
        x2: array of shape (…, n).

    Returns:
        Array of shape (…, m).
    """
    return F.squeeze(x1 @ F.expand_dims(x2, axis=-1), axis=-1)


@_composite()
def vecmat(x1: Array, x2: Array, /) -> Any:
    """Return products of vectors, conjugated where they are complex, and matrices.

    Args:
        x1: array of shape (…, m).
        x2: array of shape (…, m, n).

    Returns:
        Array of shape (…, n).
    """
    x1 = F.conj(x1) if kind_of(x1) == "c" else x1
    return F.squeeze(F.expand_dims(x1, axis=-2) @ x2, axis=-2)
