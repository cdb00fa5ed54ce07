"""Decompositions of matrices, whose results have the standard's names; eigen- and singular values.

What is decided of their gradients is at the head of `linalg`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.primitive import Primitive


class EigResult(NamedTuple):
    """What `eig` returns: A V = V diag(λ)."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """What `eigh` returns: A V = V diag(λ), with V unitary."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """What `qr` returns: A = Q R."""

    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    """What `slogdet` returns: det A = sign · exp(logabsdet)."""

    sign: Any
    logabsdet: Any


class SVDResult(NamedTuple):
    """What `svd` returns: A = U diag(S) Vh."""

    U: Any
    S: Any
    Vh: Any


class _Decomposition(Primitive):
    """A function whose results, recorded too, have the standard's names."""

    def __init__(self, name: str, *aliases: Any, result: Any, **options: Any) -> None:
        super().__init__(name, *aliases, **options)
        self.result = result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the decomposition, and name its parts."""
        y = super().__call__(*args, **kwargs)
        return self.result(*y) if type(y) is tuple else y

    def _call_level_implementation(self, count: int) -> Any:
        return self._call_youngest  # the shorter ways are for one result


@_function("linalg", kind=_Decomposition, result=EigResult)
def eig(x: Array, /) -> Any:
    """Return the eigenvalues and eigenvectors of square matrices, A V = V diag(λ).

    Vectors of equal values do not turn among themselves; see `gpugrad.functions.linalg`.

    Args:
        x: array of shape (..., n, n).

    Returns:
        EigResult of `eigenvalues`, of shape (..., n), and `eigenvectors`, of shape (..., n, n),
        complex.
    """


@_function("linalg", kind=_Decomposition, result=EighResult)
def eigh(x: Array, /) -> Any:
    """Return the eigenvalues and eigenvectors of Hermitian matrices, A V = V diag(λ).

    Vectors of equal values do not turn among themselves; see `gpugrad.functions.linalg`.

    Args:
        x: array of shape (..., n, n), Hermitian; one triangle of it is read, and the gradient is
            Hermitian.

    Returns:
        EighResult of `eigenvalues`, of shape (..., n), real, in order, and `eigenvectors`, of shape
        (..., n, n), unitary.
    """


@_function("linalg", kind=_Decomposition, result=QRResult)
def qr(x: Array, /, *, mode: str = "reduced") -> Any:
    """Return A = Q R of matrices, Q unitary and R an upper triangle.

    The gradient is NaN where R has a zero on its diagonal.

    Args:
        x: array of shape (..., m, n).
        mode: "reduced" for min(m, n) columns of Q, "complete" for m.

    Returns:
        QRResult of `Q` and `R`.
    """


@_function("linalg", kind=_Decomposition, result=SlogdetResult)
def slogdet(x: Array, /) -> Any:
    """Return the sign and the logarithm of the absolute value of determinants, without overflow.

    The gradient of a singular matrix is NaN.

    Args:
        x: array of shape (..., n, n).

    Returns:
        SlogdetResult of `sign` and `logabsdet`, of shape (...).
    """


@_function("linalg", kind=_Decomposition, result=SVDResult)
def svd(x: Array, /, *, full_matrices: bool = True) -> Any:
    """Return the singular value decomposition of matrices, A = U diag(S) Vᴴ.

    Vectors of equal values do not turn among themselves; see `gpugrad.functions.linalg`.

    Args:
        x: array of shape (..., m, n).
        full_matrices: whether U and Vᴴ are square, else their columns and rows are min(m, n).

    Returns:
        SVDResult of `U`, `S`, of shape (..., min(m, n)), real, from the largest on, and `Vh`.
    """


@_function("linalg", arrays=(0,))
def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """Return the triangles L of A = L Lᴴ, of positive definite matrices.

    Args:
        x: array of shape (..., n, n), Hermitian and positive definite; the gradient is Hermitian.
        upper: whether to return Lᴴ, the upper triangle.

    Returns:
        Array of its shape.

    Raises:
        LinAlgError: on NumPy, a matrix is not positive definite.
    """


@_function("linalg")
def eigvals(x: Array, /) -> Array:
    """Return the eigenvalues of square matrices.

    Args:
        x: array of shape (..., n, n).

    Returns:
        Array of shape (..., n), complex.
    """


@_function("linalg", arrays=(0,))
def eigvalsh(x: Array, /) -> Array:
    """Return the eigenvalues of Hermitian matrices, in order.

    Args:
        x: array of shape (..., n, n), Hermitian; one triangle of it is read, and the gradient is
            Hermitian.

    Returns:
        Array of shape (..., n), real.
    """


@_function("linalg")
def svdvals(x: Array, /) -> Array:
    """Return the singular values of matrices, from the largest on.

    Args:
        x: array of shape (..., m, n).

    Returns:
        Array of shape (..., min(m, n)), real.
    """
