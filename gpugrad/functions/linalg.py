"""Linear algebra: the array-API extension `linalg`, and what CuPy's users use beside it.

All take stacks of matrices, in the last two axes, and complex ones. What is decided of gradients:

- `cholesky`, `eigh` and `eigvalsh` read one triangle of a matrix that is taken to be Hermitian.
  Their gradient is that in the space of Hermitian matrices: it is Hermitian itself.
- In `eig`, `eigh` and `svd`, the vectors of values that are equal to within rounding do not turn
  among themselves: there is no gap to divide by. So the gradient is finite there, and right for
  what takes from such vectors no more than the space that they span, and enters all their values
  alike: a projection on that space, the sum of f(λ), and of `svd` the polar factor U Vᴴ. It is not
  right for V f(Λ) Vᴴ, which weighs each vector by its value: use `expm`, `matrix_power`, `solve`.
- The columns of Q, U and V that a matrix which is not square does not determine (`qr` in mode
  "complete", `svd` with full_matrices) do not turn among themselves either: the gradient is right
  for what takes from them no more than the space that they span.
- `eigvals`, `eigvalsh` and `svdvals` have their gradient without gaps. Second derivatives need
  gaps, here and in `eig`, `eigh` and `svd`: where values are equal they are finite, but right only
  for the sum of all values, as in a trace and in the nuclear norm, and not for that of f(λ).
- Eigenvectors and singular vectors of complex matrices have an arbitrary phase, which does not
  move to first order: the gradient is right for what does not depend on it.
- `pinv` and `lstsq` take the rank to be constant, and have no gradient by the tolerance.
- The derivative of `slogdet` of a singular matrix is NaN, as is that of `qr` where R has a zero on
  its diagonal. `det` has its derivative there, and NaN for a matrix that is not finite.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import also_in as _also_in
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.declare import named as _named
from gpugrad.dispatch.kinds import Array, Axis, DType, axes_of, kind_of, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.libraries import create, library_of
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive
from gpugrad.errors import ArgumentError
from gpugrad.functions.decompositions import EighResult as EighResult
from gpugrad.functions.decompositions import EigResult as EigResult
from gpugrad.functions.decompositions import QRResult as QRResult
from gpugrad.functions.decompositions import SlogdetResult as SlogdetResult
from gpugrad.functions.decompositions import SVDResult as SVDResult
from gpugrad.functions.decompositions import cholesky as cholesky
from gpugrad.functions.decompositions import eig as eig
from gpugrad.functions.decompositions import eigh as eigh
from gpugrad.functions.decompositions import eigvals as eigvals
from gpugrad.functions.decompositions import eigvalsh as eigvalsh
from gpugrad.functions.decompositions import qr as qr
from gpugrad.functions.decompositions import slogdet as slogdet
from gpugrad.functions.decompositions import svd as svd
from gpugrad.functions.decompositions import svdvals as svdvals
from gpugrad.functions.products import matmul as matmul
from gpugrad.functions.products import matrix_transpose as matrix_transpose
from gpugrad.functions.products import tensordot as tensordot
from gpugrad.functions.products import vecdot as vecdot
from gpugrad.functions.without_gradient import WithoutGradient

_also_in("linalg", matmul, matrix_transpose, tensordot, vecdot)


# --- Inverses, ranks and norms ---------------------------------------------------------------


class _WithConstants(Primitive):
    """A function of one array; through its options no gradient flows, where they are recorded."""

    def __call__(self, x: Array, *args: Any, **kwargs: Any) -> Any:
        """Compute the function with plain options."""
        options = {key: plain(value) for key, value in kwargs.items()}
        return super().__call__(x, *map(plain, args), **options)


@_function("linalg")
def det(x: Array, /) -> Array:
    """Return the determinants of square matrices; singular ones have their gradient, too.

    Args:
        x: array of shape (..., n, n).

    Returns:
        Array of shape (...).
    """


@_function("linalg")
def inv(x: Array, /) -> Array:
    """Return the inverses of square matrices.

    Args:
        x: array of shape (..., n, n).

    Returns:
        Array of its shape.

    Raises:
        LinAlgError: on NumPy, a matrix is singular.
    """


@_function("linalg", kind=WithoutGradient, differentiable=False)
def matrix_rank(x: Array, /, *, rtol: Any = None) -> Array:
    """Return the ranks of matrices, through which no gradient flows.

    Args:
        x: array of shape (..., m, n).
        rtol: singular values smaller than this times the largest one count as 0; rounding times
            max(m, n) by default.

    Returns:
        Array of shape (...), of integers.
    """


@_function("linalg", kind=_WithConstants, arrays=(0,))
def pinv(x: Array, /, *, rtol: Any = None) -> Array:
    """Return the pseudoinverses of matrices, whose rank the gradient takes to be constant.

    Args:
        x: array of shape (..., m, n).
        rtol: singular values smaller than this times the largest one count as 0; rounding times
            max(m, n) by default; it has no gradient.

    Returns:
        Array of shape (..., n, m).
    """


@_function("linalg")
def solve(x1: Array, x2: Array, /) -> Array:
    """Return the solutions x of linear systems, A x = b.

    Args:
        x1: array of shape (..., n, n): A.
        x2: array of shape (n,), or (..., n, k): b.

    Returns:
        Array of the shape of b.

    Raises:
        LinAlgError: on NumPy, a matrix is singular.
    """


@_function("linalg", arrays=(0,))
def vector_norm(x: Array, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """Return norms of vectors, (Σ |x|ᵖ) to the power 1/p.

    The gradient at 0 is 0; values that are equally large, or small, share it.

    Args:
        x: array of any shape, of numbers.
        axis: the axis or axes to go over; None is all.
        keepdims: whether the axes stay, with length 1.
        ord: p: any number, inf for the largest absolute value, −inf for the smallest, 0 for the
            count of those that are not 0.
    """


def products_of_others(x: Array) -> Any:
    """Return, along the last axis, the product of all elements but the one in that place."""
    if not x.shape[-1]:
        return x
    ones = F.ones_like(x[..., :1])
    before, after = (
        F.cumulative_prod(F.concat([ones, y[..., :-1]], axis=-1), axis=-1)
        for y in (x, F.flip(x, axis=-1))
    )
    return before * F.flip(after, axis=-1)


def finite_svd(x: Array) -> Any:
    """Return the singular value decomposition; where a matrix is not finite, NaN for its values."""
    finite = F.all(F.isfinite(x), axis=(-2, -1), keepdims=True)
    u, s, vh = svd(F.where(finite, x, 0.0), full_matrices=False)
    return u, F.where(finite[..., 0], s, math.nan), vh


def _adjugate(x: Array) -> Any:
    u, s, vh = finite_svd(x)
    v, uh = (matrix_transpose(F.conj(y) if kind_of(y) == "c" else y) for y in (vh, u))
    return det(u @ vh)[..., None, None] * (v * products_of_others(s)[..., None, :] @ uh)


@_named(body="", default=_adjugate, module="linalg")
def adjugate(x: Array, /) -> Array:
    """Return det(A) A⁻¹, of singular matrices too: what the derivative of `det` is made of.

    Args:
        x: array of shape (..., n, n).
    """


# --- Triangular systems ----------------------------------------------------------------------


def triangle(x: Array, *, lower: bool, unit_diagonal: bool) -> Any:
    """Return the part of `x` that `solve_triangular` reads, and zeros elsewhere."""
    k = -1 if unit_diagonal else 0
    return F.tril(x, k=k) if lower else F.triu(x, k=-k)


@_function("linalg", body="operator")
def solve_triangular(
    a: Array, b: Array, *, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """Return the solution of linear systems whose matrix is triangular.

    Args:
        a: array of shape (..., n, n); the other triangle is not read, and gets no gradient.
        b: array of shape (n,) or (..., n, k).
        trans: 0 or "N" to solve a x = b, 1 or "T" with the transpose of `a`, 2 or "C" with its
            conjugate transpose.
        lower: True where the lower triangle of `a` is meant, else the upper one.
        unit_diagonal: True where the diagonal is 1, whatever stands there.
    """
    library = library_of(a)
    function = None if library is None else library.function("linalg.solve_triangular")
    if function is not None and a.ndim == 2 and b.ndim <= 2 and a.size and b.size:
        options = {"trans": trans, "lower": lower, "unit_diagonal": unit_diagonal}
        return function(a, b, check_finite=False, **options)
    a = triangle(a, lower=lower, unit_diagonal=unit_diagonal)
    if unit_diagonal:
        a = a + create("eye", a.shape[-1], like=a, dtype=a.dtype)
    return solve(transposed_by(trans, a), b)


def transposed_by(trans: int | str, a: Array) -> Any:
    """Return the matrix that `solve_triangular` solves with: a, its transpose, or its adjoint."""
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ArgumentError(f"solve_triangular: trans is 0, 1, 2, 'N', 'T' or 'C', not {trans!r}")
    if trans in (0, "N"):
        return a
    return matrix_transpose(F.conj(a) if trans in (2, "C") and kind_of(a) == "c" else a)


# --- The exponential -------------------------------------------------------------------------

_PADE = [
    *(64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800),
    *(129060195264000, 10559470521600, 670442572800, 33522128640),
    *(1323241920, 40840800, 960960, 16380, 182, 1),
]
_PADE_REACH = 5.371920351148152  # the norm up to which the approximant is exact to rounding
_SQUARINGS = 16


@_function("linalg", body="operator")
def expm(x: Array) -> Array:
    """Return the exponentials of square matrices, the sums of Aᵏ / k!.

    Args:
        x: array of shape (..., n, n).
    """
    if library_of(x) is NUMPY:
        function = NUMPY.function("linalg.expm")
        if function is not None:
            return function(x)
    return expm_by_squaring(x)


def expm_by_squaring(x: Array) -> Any:
    """Return exp(A) by scaling, the Padé approximant of degree 13, and squaring.

    How often a matrix is squared depends on its norm. The number of steps does not, so that
    nothing waits for the device; norms up to 350,000 are within reach.

    Source: Higham, "The scaling and squaring method for the matrix exponential revisited" (2005).
    """
    if not x.shape[-1]:
        return x
    norm = F.max(F.sum(F.abs(x), axis=-2, keepdims=True), axis=-1, keepdims=True)
    squarings = F.ceil(F.log2(F.maximum(norm / _PADE_REACH, 1.0)))
    a = x / 2**squarings
    identity = create("eye", x.shape[-1], like=x, dtype=x.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    c = [coefficient / _PADE[0] for coefficient in _PADE]  # so that float32 has room for them
    odd = a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2
    u, v = a @ (odd + c[1] * identity), even + identity
    y = solve(v - u, v + u)
    for step in range(_SQUARINGS):
        y = F.where(squarings > step, y @ y, y)
    return y


# --- Compositions ----------------------------------------------------------------------------


@_composite("linalg")
def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """Return the cross products of vectors of three elements.

    Args:
        x1: array with an axis of length 3.
        x2: array that broadcasts against `x1`, also with 3 along that axis.
        axis: the vectors' axis.
    """
    for x in (x1, x2):
        if x.shape[axis] != 3:
            raise ArgumentError(
                f"cross: along axis {axis} vectors have 3 elements, not {x.shape[axis]}"
            )
    a1, a2, b1, b2 = (F.roll(x, -k, axis=axis) for x in (x1, x2) for k in (1, 2))
    return a1 * b2 - a2 * b1


@_composite("linalg")
def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """Return the diagonals of matrices.

    Args:
        x: array of shape (..., m, n).
        offset: 0 for the main diagonal, above it positive, below it negative.

    Returns:
        Array of shape (..., k), with k the diagonal's length.
    """
    m, n = x.shape[-2:]
    length = max(0, min(m, n - offset) if offset >= 0 else min(m + offset, n))
    first = offset if offset >= 0 else -offset * n
    places = slice(first, first + (length - 1) * (n + 1) + 1, n + 1) if length else slice(0, 0)
    return F.reshape(x, (*x.shape[:-2], m * n))[..., places]


@_composite("linalg")
def trace(x: Array, /, *, offset: int = 0, dtype: DType = None) -> Array:
    """Return the sums along the diagonals of matrices.

    Args:
        x: array of shape (..., m, n).
        offset: which diagonal; see `diagonal`.
        dtype: the data type to add up in, that of `x` by default.
    """
    options = {} if dtype is None else {"dtype": dtype}
    return F.sum(diagonal(x, offset=offset), axis=-1, **options)


@_composite("linalg")
def outer(a: Array, b: Array, /) -> Array:
    """Return the outer product a bᵀ of two vectors.

    Args:
        a: array of shape (n,).
        b: array of shape (m,).

    Returns:
        Array of shape (n, m).
    """
    return F.expand_dims(a, axis=-1) * F.expand_dims(b, axis=0)


@_composite("linalg")
def matrix_power(x: Array, n: int, /) -> Array:
    """Return matrices multiplied `n` times by themselves.

    Args:
        x: array of shape (..., m, m).
        n: the exponent; negative for powers of the inverse.
    """
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return F.broadcast_to(create("eye", x.shape[-1], like=x, dtype=x.dtype), x.shape)
    half = matrix_power(x, n // 2) if n > 1 else None
    if half is None:
        return x
    return half @ half @ x if n % 2 else half @ half


@_composite("linalg")
def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """Return norms of matrices.

    Args:
        x: array of shape (..., m, n).
        keepdims: True keeps the last two axes, with length 1.
        ord: "fro" for the Frobenius norm, "nuc" for the sum of the singular values, 2 and -2 for
            the largest and the smallest one, 1 and -1 for the largest and the smallest sum of
            absolute values of a column, inf and -inf of a row.
    """
    ord = plain(ord)
    if ord in ("fro", "f"):
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        sizes = F.abs(svdvals(x))  # where a value is 0, so is the gradient of its size
    elif ord in (1, -1, math.inf, -math.inf):
        sizes = F.sum(F.abs(x), axis=-2 if abs(ord) == 1 else -1)
    else:
        raise ArgumentError(
            f"matrix_norm: ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {ord!r}"
        )
    if ord == "nuc" or (ord > 0 and not sizes.shape[-1]):
        y = F.sum(sizes, axis=-1)
    else:
        y = (F.max if ord > 0 else F.min)(sizes, axis=-1)
    return F.reshape(y, (*shape_of(y), 1, 1)) if keepdims else y


@_composite("linalg")
def norm(x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return norms of vectors, or of matrices, as numpy.linalg.norm does.

    Args:
        x: array of one or two axes; of any number where `axis` is given, or `ord` is not.
        ord: see `vector_norm` and `matrix_norm`; by default the root of the sum of squares.
        axis: the vectors' axis, or the pair of the matrices' axes.
        keepdims: True keeps those axes, with length 1.
    """
    ndim = len(x.shape)
    if axis is None and (ord is None or ndim == 1):
        return vector_norm(x, keepdims=keepdims, ord=2 if ord is None else ord)
    axes = axes_of(axis, ndim)
    if len(axes) == 1:
        return vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise ArgumentError(
            f"norm: of {len(axes)} axes there is none with ord={ord!r}. Give axis=, one axis for "
            f"vectors or two for matrices"
        )
    y = matrix_norm(F.moveaxis(x, axes, (-2, -1)), ord="fro" if ord is None else ord)
    kept = tuple(1 if i in {a % ndim for a in axes} else n for i, n in enumerate(x.shape))
    return F.reshape(y, kept) if keepdims else y


@_composite("linalg")
def cond(x: Array, p: Any = None) -> Array:
    """Return the condition numbers of matrices.

    Args:
        x: array of shape (..., m, n), square unless `p` is None, 2 or -2.
        p: the norm, see `matrix_norm`; None for the quotient of the extreme singular values.
    """
    p = plain(p)
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)


@_composite("linalg")
def lstsq(a: Array, b: Array, rcond: float | None = None) -> Any:
    """Return the solution of least norm of a linear least-squares problem.

    Args:
        a: array of shape (m, n).
        b: array of shape (m,) or (m, k).
        rcond: singular values smaller than this times the largest one count as 0; rounding times
            max(m, n) by default.

    Returns:
        The solution, of shape (n,) or (n, k); the sums of the squared residuals, of shape (1,) or
        (k,), or (0,) where the rank is less than n or m ≤ n; the rank; the singular values of `a`.
    """
    m, n = a.shape
    options = {"rtol": rcond} if rcond is not None else {"rtol": max(m, n) * epsilon(a)}
    x = pinv(a, **options) @ b
    rank = int(plain(matrix_rank(plain(a), **options)))
    residual = F.square(F.abs(b - a @ x))
    squares = F.sum(F.reshape(residual, (m, -1)), axis=0)
    return x, squares if rank == n < m else squares[:0], rank, svdvals(a)


def epsilon(x: Array) -> float:
    """Return the distance from 1 to the next larger number of the data type of `x`."""
    return float(np.finfo(str(x.dtype).rpartition(".")[2]).eps)


@_composite("linalg")
def multi_dot(arrays: Any) -> Array:
    """Return the product of several matrices, in the order of fewest multiplications.

    Args:
        arrays: two or more matrices; the first and the last one may be vectors.
    """
    if len(arrays) < 2:
        raise ArgumentError("multi_dot: expected at least two arrays")
    first, *middle, last = arrays
    rows = 1 if len(first.shape) == 1 else first.shape[0]
    columns = 1 if len(last.shape) == 1 else last.shape[1]
    sizes = (rows, *(x.shape[0] for x in (*middle, last)), columns)

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """Return the cost of the product of the factors i to j, and where to split it last."""
        if i == j:
            return 0, i
        return min(
            (best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        k = best(i, j)[1]
        return product(i, k) @ product(k + 1, j)

    return product(0, len(arrays) - 1)


@_composite("linalg")
def tensorinv(a: Array, ind: int = 2) -> Array:
    """Return the inverse of an array as a linear map of arrays.

    Args:
        a: array of shape (*rows, *columns), with as many rows as columns in all.
        ind: how many of the axes are `rows`.

    Returns:
        Array of shape (*columns, *rows).
    """
    rows, columns = a.shape[:ind], a.shape[ind:]
    return F.reshape(inv(F.reshape(a, (math.prod(rows), -1))), (*columns, *rows))


@_composite("linalg")
def tensorsolve(a: Array, b: Array, axes: Any = None) -> Array:
    """Return x with tensordot(a, x, axes=x.ndim) = b.

    Args:
        a: array of shape (*b.shape, *x.shape), with as many elements in b as in x.
        b: array of any shape.
        axes: axes of `a` to move to its end first.
    """
    if axes is not None:
        a = F.moveaxis(a, tuple(axes), tuple(range(-len(axes), 0)))
    shape = a.shape[len(b.shape) :]
    size = math.prod(shape)
    return F.reshape(solve(F.reshape(a, (-1, size)), F.reshape(b, (-1,))), shape)
