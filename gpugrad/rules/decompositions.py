"""Inverses, determinants and decompositions of matrices, and the matrix exponential.

Sources: Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); Townsend, "Differentiating the singular value decomposition"
(2016); Seeger et al., "Auto-differentiating linear algebra" (2017). For complex matrices as in
PyTorch, with the phases of eigenvectors and singular vectors at rest.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, kind_of, shape_of
from gpugrad.dispatch.libraries import create
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rules.elementwise import conj
from gpugrad.rules.linalg import adjoint
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate


def hermitian(x: Array) -> Any:
    """Return the Hermitian part of matrices."""
    return 0.5 * (x + adjoint(x))


def real(x: Array) -> Any:
    """Return the real part; a real array as it is."""
    return F.real(x) if kind_of(x) == "c" else x


def _by_columns(x: Array, scales: Any) -> Any:
    """Return X diag(s)."""
    return x * scales[..., None, :]


def _beside(numbers: Any) -> Any:
    """Return a number for each matrix as what multiplies it."""
    return F.reshape(numbers, (*shape_of(numbers), 1, 1))


def _eye(x: Array) -> Any:
    """Return the identity of the size of the square matrices `x`."""
    return create("eye", x.shape[-1], like=x, dtype=x.dtype)


def _diagonal(x: Array) -> Any:
    return linalg.diagonal(x)


def _is_negligible(x: Array, values: Any) -> Any:
    """Say where `x` is zero to within rounding, beside what it was computed of."""
    rounding = 4 * values.shape[-1] * linalg.epsilon(values)  # half of it moves each of two values
    sizes = F.abs(values)
    largest = F.max(sizes, axis=-1, keepdims=True) if values.shape[-1] else sizes
    return F.abs(x) <= rounding * (largest[..., None] if x.shape != values.shape else largest)


def _reciprocal(x: Array, values: Any) -> Any:
    """Return 1/x, and 0 where it is zero to within rounding."""
    negligible = F.stop_gradient(_is_negligible(x, values))
    return F.where(negligible, 0.0, 1 / F.where(negligible, 1.0, x))


def _gaps(values: Any) -> Any:
    """Return λⱼ − λᵢ in place (i, j)."""
    return values[..., None, :] - values[..., :, None]


# --- Inverses --------------------------------------------------------------------------------


@rrule.register(linalg.inv)
def inv_rrule(_: Any, x: Array) -> Answer:
    """dA = −A⁻ᴴ dY A⁻ᴴ."""
    y = linalg.inv(x)

    def inv_back(dy: Array) -> Cotangents:
        yh = adjoint(y)
        return None, -(yh @ dy @ yh)

    return y, inv_back


@frule.register(linalg.inv)
def inv_frule(_: Any, args: Any, tangents: Any) -> Answer:
    y = linalg.inv(*args)
    return y, -(y @ tangents[0] @ y)


def _columns(b: Array, *, is_vector: bool) -> Any:
    return F.expand_dims(b, axis=-1) if is_vector else b


def _no_columns(b: Array, *, is_vector: bool) -> Any:
    return F.squeeze(b, axis=-1) if is_vector else b


@rrule.register(linalg.solve)
def solve_rrule(_: Any, a: Array, b: Array, *, needs: tuple[bool, bool]) -> Answer:
    """dB = A⁻ᴴ dY and dA = −dB Yᴴ."""
    y = linalg.solve(a, b)
    is_vector = len(b.shape) == 1
    project_a, project_b = Projection(a), Projection(b)

    def solve_back(dy: Array) -> Cotangents:
        db = linalg.solve(adjoint(a), _columns(dy, is_vector=is_vector))
        da = -db @ adjoint(_columns(y, is_vector=is_vector)) if needs[0] else None
        db = project_b(_no_columns(db, is_vector=is_vector)) if needs[1] else None
        return None, None if da is None else project_a(da), db

    return y, solve_back


@frule.register(linalg.solve)
def solve_frule(_: Any, args: Any, tangents: Any) -> Answer:
    """dY = A⁻¹ (dB − dA Y)."""
    (a, b), (da, db) = args, tangents
    y = linalg.solve(a, b)
    is_vector = len(b.shape) == 1
    moved = None if db is None else _columns(db, is_vector=is_vector)
    if da is not None:
        moved = accumulate(moved, -da @ _columns(y, is_vector=is_vector))
    return y, _no_columns(linalg.solve(a, moved), is_vector=is_vector)


@rrule.register(linalg.solve_triangular)
def solve_triangular_rrule(
    _: Any,
    a: Array,
    b: Array,
    *,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    needs: tuple[bool, bool],
) -> Answer:
    """As of solve; the half of `a` that is not read gets no gradient."""
    options: dict[str, Any] = {"lower": lower, "unit_diagonal": unit_diagonal}
    y = linalg.solve_triangular(a, b, trans=trans, **options)
    is_vector = len(b.shape) == 1
    project_a, project_b = Projection(a), Projection(b)
    transposed = functools.partial(linalg.transposed_by, trans)

    def solve_triangular_back(dy: Array) -> Cotangents:
        matrix = adjoint(transposed(a))
        is_lower = lower == (trans not in (0, "N"))
        db = linalg.solve_triangular(
            matrix,
            _columns(dy, is_vector=is_vector),
            lower=is_lower,
            unit_diagonal=unit_diagonal,
        )
        da = None
        if needs[0]:
            product = transposed(-db @ adjoint(_columns(y, is_vector=is_vector)))
            da = project_a(linalg.triangle(product, **options))
        return None, da, project_b(_no_columns(db, is_vector=is_vector)) if needs[1] else None

    return y, solve_triangular_back


@frule.register(linalg.solve_triangular)
def solve_triangular_frule(
    _: Any,
    args: Any,
    tangents: Any,
    *,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Answer:
    (a, b), (da, db) = args, tangents
    options: dict[str, Any] = {"lower": lower, "unit_diagonal": unit_diagonal}
    y = linalg.solve_triangular(a, b, trans=trans, **options)
    is_vector = len(b.shape) == 1
    moved = None if db is None else _columns(db, is_vector=is_vector)
    if da is not None:
        da = linalg.transposed_by(trans, linalg.triangle(da, **options))
        moved = accumulate(moved, -da @ _columns(y, is_vector=is_vector))
    dy = linalg.solve_triangular(a, moved, trans=trans, **options)
    return y, _no_columns(dy, is_vector=is_vector)


@rrule.register(linalg.pinv)
def pinv_rrule(_: Any, x: Array, *, rtol: Any = None, **options: Any) -> Answer:
    """The rank is taken to be constant.

    Source: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate" (1973), equation 4.12.
    """
    if rtol is not None:
        options["rtol"] = rtol
    y = linalg.pinv(x, **options)

    def pinv_back(dy: Array) -> Cotangents:
        yh, dyh = adjoint(y), adjoint(dy)
        left, right = dyh @ (y @ yh), (yh @ y) @ dyh
        return None, left - x @ (y @ left) + right - (right @ y) @ x - yh @ dy @ yh

    return y, pinv_back


@frule.register(linalg.pinv)
def pinv_frule(_: Any, args: Any, tangents: Any, **options: Any) -> Answer:
    (x,), (dx,) = args, tangents
    y = linalg.pinv(x, **options)
    yh, dxh = adjoint(y), adjoint(dx)
    left, right = (y @ yh) @ dxh, dxh @ (yh @ y)
    return y, left - (left @ x) @ y + right - y @ (x @ right) - y @ dx @ y


# --- Determinants ----------------------------------------------------------------------------


@rrule.register(linalg.det)
def det_rrule(_: Any, x: Array) -> Answer:
    """d det A = tr(adj(A) dA), with the adjugate, which singular matrices have too."""

    def det_back(dy: Array) -> Cotangents:
        return None, _beside(dy) * adjoint(linalg.adjugate(x))

    return linalg.det(x), det_back


@frule.register(linalg.det)
def det_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x,), (dx,) = args, tangents
    return linalg.det(x), linalg.trace(linalg.adjugate(x) @ dx)


def _cofactor_products(s: Any) -> tuple[Any, Any]:
    """Return ∏ sₖ over all k but i and j in place (i, j), 0 on the diagonal; and the identity."""
    eye = create("eye", s.shape[-1], like=s, dtype=s.dtype)
    rest = F.where(eye == 1, 1.0, s[..., None, :])
    return linalg.products_of_others(rest) * (1 - eye), eye


def _moved_adjugate(s: Any, d: Any) -> Any:
    """Return how the adjugate of diag(s) moves along a matrix: a linear map, its own adjoint."""
    products, eye = _cofactor_products(s)
    others = products @ _diagonal(d)[..., None]  # Σⱼ pᵢⱼ dⱼⱼ
    return eye * others - products * d


@rrule.register(linalg.adjugate)
def adjugate_rrule(_: Any, x: Array) -> Answer:
    """adj(U diag(s) Vᴴ) = det(U Vᴴ) V adj(diag(s)) Uᴴ, and of a diagonal matrix it is quadratic.

    The rotations of U and V need not move: so there are no gaps to divide by.
    """

    def adjugate_back(dy: Array) -> Cotangents:
        u, s, vh = linalg.finite_svd(x)
        phase = _beside(conj(linalg.det(u @ vh)))
        return None, phase * (u @ _moved_adjugate(s, vh @ dy @ u) @ vh)

    return linalg.adjugate(x), adjugate_back


@frule.register(linalg.adjugate)
def adjugate_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x,), (dx,) = args, tangents
    u, s, vh = linalg.finite_svd(x)
    phase = _beside(linalg.det(u @ vh))
    moved = _moved_adjugate(s, adjoint(u) @ dx @ adjoint(vh))
    return linalg.adjugate(x), phase * (adjoint(vh) @ moved @ adjoint(u))


def _inverse_or_nan(x: Array, sign: Any) -> Any:
    """Return the inverses of matrices, NaN for singular ones: `sign` is that of the determinant."""
    singular = _beside(sign == 0)
    return F.where(singular, math.nan, linalg.inv(F.where(singular, _eye(x), x)))


def _turning(z: Array) -> Any:
    """Return i Im z."""
    return 0.5 * (z - conj(z))


@rrule.register(linalg.slogdet)
def slogdet_rrule(_: Any, x: Array) -> Answer:
    """d log|det A| = Re tr(A⁻¹ dA), and a complex sign turns by Im tr(A⁻¹ dA).

    Of a singular matrix it is NaN: the logarithm is −∞ there, the sign jumps.
    """
    sign, logabsdet = linalg.slogdet(x)

    def slogdet_back(dys: Any) -> Cotangents:
        dsign, dy = dys
        if dsign is not None and kind_of(x) == "c":
            dy = accumulate(dy, _turning(dsign * conj(sign)))
        return None, None if dy is None else _beside(dy) * adjoint(_inverse_or_nan(x, sign))

    return (sign, logabsdet), slogdet_back


@frule.register(linalg.slogdet)
def slogdet_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x,), (dx,) = args, tangents
    sign, logabsdet = linalg.slogdet(x)
    moved = linalg.trace(_inverse_or_nan(x, sign) @ dx)
    dsign = sign * _turning(moved) if kind_of(x) == "c" else None
    return (sign, logabsdet), (dsign, real(moved))


# --- Triangular factors ----------------------------------------------------------------------


def _half(x: Array) -> Any:
    """Return the lower triangle, with half of the diagonal."""
    return 0.5 * (F.tril(x) + F.tril(x, k=-1))


@rrule.register(linalg.cholesky)
def cholesky_rrule(_: Any, x: Array, *, upper: bool = False) -> Answer:
    """A = L Lᴴ: dA is the Hermitian part of L⁻ᴴ Φ(Lᴴ dL) L⁻¹, with half the diagonal in Φ."""
    y = linalg.cholesky(x, **({"upper": True} if upper else {}))

    def cholesky_back(dy: Array) -> Cotangents:
        factor, moved = (adjoint(y), adjoint(dy)) if upper else (y, dy)
        inner = hermitian(_half(adjoint(factor) @ F.tril(moved)))
        left = linalg.solve_triangular(factor, inner, trans=2, lower=True)
        return None, adjoint(linalg.solve_triangular(factor, adjoint(left), trans=2, lower=True))

    return y, cholesky_back


@frule.register(linalg.cholesky)
def cholesky_frule(_: Any, args: Any, tangents: Any, *, upper: bool = False) -> Answer:
    """dL = L Φ(L⁻¹ dA L⁻ᴴ)."""
    y = linalg.cholesky(*args, **({"upper": True} if upper else {}))
    factor = adjoint(y) if upper else y
    left = linalg.solve_triangular(factor, hermitian(tangents[0]), lower=True)
    inner = linalg.solve_triangular(factor, adjoint(left), lower=True)
    moved = factor @ _half(inner)
    return y, adjoint(moved) if upper else moved


def _pulled_to_first(vectors: Array, d: Any, k: int) -> Any:
    """Return the sensitivity of the first k columns of a unitary matrix, on which the rest depends.

    The rest stays orthogonal to them and does not turn in itself: dU₂ = −U₁ dU₁ᴴ U₂.
    """
    if d.shape[-1] == k:
        return d
    first, rest = vectors[..., :k], vectors[..., k:]
    return d[..., :k] - rest @ (adjoint(d[..., k:]) @ first)


def _pushed_to_rest(vectors: Array, d: Any) -> Any:
    """Return the tangent of all columns of a unitary matrix from that of the first ones."""
    k = d.shape[-1]
    if vectors.shape[-1] == k:
        return d
    first, rest = vectors[..., :k], vectors[..., k:]
    return F.concat([d, -first @ (adjoint(d) @ rest)], axis=-1)


def _check_qr(mode: str) -> None:
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr: mode={mode!r} has no derivative. Write qr(x)")


def _copied_up(x: Array) -> Any:
    """Return the Hermitian matrix that has the lower triangle of `x`."""
    below = F.tril(x, k=-1)
    return below + adjoint(below) + _eye(x) * real(x)


def _solved_or_nan(triangle: Any, b: Array, **options: Any) -> Any:
    """Return the solution of triangular systems, NaN where the matrix is singular."""
    singular = _beside(F.any(_diagonal(triangle) == 0, axis=-1))
    regular = F.where(singular, _eye(triangle), triangle)
    return F.where(singular, math.nan, linalg.solve_triangular(regular, b, **options))


@rrule.register(linalg.qr)
def qr_rrule(_: Any, x: Array, *, mode: str = "reduced") -> Answer:
    """dA = (dQ + Q M) R⁻ᴴ, M the Hermitian matrix with the lower triangle of R dRᴴ − dQᴴ Q.

    Columns beyond the square part of a wide matrix are A₂ = Q R₂.
    """
    _check_qr(mode)
    y = linalg.qr(x, mode="complete" if mode == "complete" else "reduced")
    n = min(x.shape[-2:])
    q, r = y[0][..., :n], y[1][..., :n, :]

    def qr_back(dys: Any) -> Cotangents:
        dq, dr = (None, dys) if mode == "r" else dys
        dq = F.zeros_like(q) if dq is None else _pulled_to_first(y[0], dq, n)
        dr = F.zeros_like(r) if dr is None else F.triu(dr[..., :n, :])
        square, dr1, dr2 = r[..., :n], dr[..., :n], dr[..., n:]
        is_wide = x.shape[-1] > n
        if is_wide:
            dq = dq + x[..., n:] @ adjoint(dr2)
        m = _copied_up(square @ adjoint(dr1) - adjoint(dq) @ q)
        dx1 = adjoint(_solved_or_nan(square, adjoint(dq + q @ m)))
        return None, F.concat([dx1, q @ dr2], axis=-1) if is_wide else dx1

    return (r if mode == "r" else tuple(y)), qr_back


@frule.register(linalg.qr)
def qr_frule(_: Any, args: Any, tangents: Any, *, mode: str = "reduced") -> Answer:
    """dQ = dA R⁻¹ − Q T and dR = T R, with the T upper triangular that keeps Q unitary."""
    (x,), (dx,) = args, tangents
    _check_qr(mode)
    y = linalg.qr(x, mode="complete" if mode == "complete" else "reduced")
    n = min(x.shape[-2:])
    q, r = y[0][..., :n], y[1][..., :n, :]
    square = r[..., :n]
    moved = adjoint(_solved_or_nan(square, adjoint(dx[..., :n]), trans=2))
    inner = adjoint(q) @ moved
    below = F.tril(inner, k=-1)
    turned = inner - below + adjoint(below) - _eye(inner) * _turning(inner)
    dq, dr = moved - q @ turned, turned @ square
    if x.shape[-1] > n:
        rest = adjoint(dq) @ x[..., n:] + adjoint(q) @ dx[..., n:]
        dr = F.concat([dr, rest], axis=-1)
    if mode == "r":
        return r, dr
    below = F.zeros_like(y[1][..., n:, :])
    return tuple(y), (_pushed_to_rest(y[0], dq), F.concat([dr, below], axis=-2))


# --- Eigenvalues -----------------------------------------------------------------------------


def _triangle_option(triangle: str) -> dict[str, str]:
    """Return NumPy's option, which is not in the standard, where it is not the default."""
    return {} if triangle == "L" else {"UPLO": triangle}


@rrule.register(linalg.eigh)
def eigh_rrule(_: Any, x: Array, *, UPLO: str = "L") -> Answer:
    """dA is the Hermitian part of V (diag(dλ) + Vᴴ dV / (λⱼ − λᵢ)) Vᴴ."""
    values, vectors = linalg.eigh(x, **_triangle_option(UPLO))

    def eigh_back(dys: Any) -> Cotangents:
        dvalues, dvectors = dys
        left = None if dvalues is None else _by_columns(vectors, dvalues)
        if dvectors is not None:
            inner = (adjoint(vectors) @ dvectors) * _reciprocal(_gaps(values), values)
            left = accumulate(left, vectors @ inner)
        return None, hermitian(left @ adjoint(vectors))

    return (values, vectors), eigh_back


@frule.register(linalg.eigh)
def eigh_frule(_: Any, args: Any, tangents: Any, *, UPLO: str = "L") -> Answer:
    values, vectors = linalg.eigh(*args, **_triangle_option(UPLO))
    inner = adjoint(vectors) @ hermitian(tangents[0]) @ vectors
    dvectors = vectors @ (inner * _reciprocal(_gaps(values), values))
    return (values, vectors), (real(_diagonal(inner)), dvectors)


@rrule.register(linalg.eigvalsh)
def eigvalsh_rrule(_: Any, x: Array, *, UPLO: str = "L") -> Answer:
    values, vectors = linalg.eigh(x, **_triangle_option(UPLO))

    def eigvalsh_back(dy: Array) -> Cotangents:
        return None, _by_columns(vectors, dy) @ adjoint(vectors)

    return values, eigvalsh_back


@frule.register(linalg.eigvalsh)
def eigvalsh_frule(_: Any, args: Any, tangents: Any, *, UPLO: str = "L") -> Answer:
    values, vectors = linalg.eigh(*args, **_triangle_option(UPLO))
    moved = F.sum(conj(vectors) * (hermitian(tangents[0]) @ vectors), axis=-2)
    return values, real(moved)


def _unit_part(vectors: Array, d: Any) -> Any:
    """Take from `d`, column by column, what would change the length of the vectors."""
    return d - _by_columns(vectors, real(F.sum(conj(vectors) * d, axis=-2)))


@rrule.register(linalg.eig)
def eig_rrule(_: Any, x: Array) -> Answer:
    """dA = V⁻ᴴ (diag(dλ) + Vᴴ dV / (λⱼ − λᵢ)*) Vᴴ, with dV less what would change a length."""
    values, vectors = linalg.eig(x)
    project = Projection(x)

    def eig_back(dys: Any) -> Cotangents:
        dvalues, dvectors = dys
        vh = adjoint(vectors)
        inner = None if dvalues is None else _eye(vectors) * dvalues[..., None, :]
        if dvectors is not None:
            reciprocal = conj(_reciprocal(_gaps(values), values))
            inner = accumulate(inner, (vh @ _unit_part(vectors, dvectors)) * reciprocal)
        return None, project(linalg.solve(vh, inner @ vh))

    return (values, vectors), eig_back


@frule.register(linalg.eig)
def eig_frule(_: Any, args: Any, tangents: Any) -> Answer:
    values, vectors = linalg.eig(*args)
    inner = linalg.solve(vectors, tangents[0] @ vectors)
    dvectors = vectors @ (inner * _reciprocal(_gaps(values), values))
    return (values, vectors), (_diagonal(inner), _unit_part(vectors, dvectors))


@rrule.register(linalg.eigvals)
def eigvals_rrule(_: Any, x: Array) -> Answer:
    values, vectors = linalg.eig(x)
    project = Projection(x)

    def eigvals_back(dy: Array) -> Cotangents:
        vh = adjoint(vectors)
        return None, project(linalg.solve(vh, dy[..., :, None] * vh))

    return values, eigvals_back


@frule.register(linalg.eigvals)
def eigvals_frule(_: Any, args: Any, tangents: Any) -> Answer:
    values, vectors = linalg.eig(*args)
    return values, _diagonal(linalg.solve(vectors, tangents[0] @ vectors))


# --- Singular values -------------------------------------------------------------------------


def _turns(a: Array, b: Array, s: Any) -> Any:
    """Return (A sⱼ + sᵢ B) / (sⱼ² − sᵢ²), by 1 / (sⱼ − sᵢ) and 1 / (sⱼ + sᵢ).

    The latter needs no gap: so the polar factor U Vᴴ has its gradient where values are equal, too.
    """
    total = s[..., None, :] + s[..., :, None]
    return 0.5 * ((a + b) * _reciprocal(_gaps(s), s) + (a - b) * _reciprocal(total, s))


def _skew(x: Array) -> Any:
    return x - adjoint(x)


@rrule.register(linalg.svd)
def svd_rrule(
    f: Any,
    x: Array,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
) -> Answer:
    """dA = U (diag(ds) + (Uᴴ dU)₋ E S + S (Vᴴ dV)₋ E) Vᴴ, and what dU and dV have outside."""
    if not compute_uv:
        return svdvals_rrule(f, x)
    options = {"hermitian": True} if hermitian else {}
    y = linalg.svd(x, full_matrices=full_matrices, **options)
    m, n = x.shape[-2:]
    s, k = y[1], min(m, n)
    u, vh = y[0][..., :k], y[2][..., :k, :]

    def svd_back(dys: Any) -> Cotangents:
        du, ds, dvh = dys
        inverse = _reciprocal(s, s)
        left = None if ds is None else _by_columns(u, ds)
        outside = None
        turn_u = turn_v = 0.0
        if du is not None:
            du = _pulled_to_first(y[0], du, k)
            inner = adjoint(u) @ du
            turn_u = _skew(inner)
            if m > n:
                left = accumulate(left, _by_columns(du - u @ inner, inverse))
        if dvh is not None:
            dv = _pulled_to_first(adjoint(y[2]), adjoint(dvh), k)
            inner = vh @ dv
            turn_v = _skew(inner)
            if n > m:
                outside = _by_columns(u, inverse) @ adjoint(dv - adjoint(vh) @ inner)
        if du is not None or dvh is not None:
            left = accumulate(left, u @ _turns(turn_u, turn_v, s))
        return None, accumulate(left @ vh, outside)

    return tuple(y), svd_back


@frule.register(linalg.svd)
def svd_frule(
    f: Any,
    args: Any,
    tangents: Any,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
) -> Answer:
    (x,), (dx,) = args, tangents
    if not compute_uv:
        return svdvals_frule(f, args, tangents)
    options = {"hermitian": True} if hermitian else {}
    y = linalg.svd(x, full_matrices=full_matrices, **options)
    m, n = x.shape[-2:]
    s, k = y[1], min(m, n)
    u, v = y[0][..., :k], adjoint(y[2])[..., :k]
    inner = adjoint(u) @ dx @ v
    inverse = _reciprocal(s, s)
    du = u @ _turns(inner, adjoint(inner), s)
    dv = v @ _turns(adjoint(inner), inner, s)
    if m > n:
        du = du + _by_columns(dx @ v - u @ inner, inverse)
    if n > m:
        dv = dv + _by_columns(adjoint(dx) @ u - v @ adjoint(inner), inverse)
    du, dv = _pushed_to_rest(y[0], du), _pushed_to_rest(adjoint(y[2]), dv)
    return tuple(y), (du, real(_diagonal(inner)), adjoint(dv))


@rrule.register(linalg.svdvals)
def svdvals_rrule(_: Any, x: Array) -> Answer:
    u, s, vh = linalg.svd(x, full_matrices=False)

    def svdvals_back(dy: Array) -> Cotangents:
        return None, _by_columns(u, dy) @ vh

    return s, svdvals_back


@frule.register(linalg.svdvals)
def svdvals_frule(_: Any, args: Any, tangents: Any) -> Answer:
    u, s, vh = linalg.svd(*args, full_matrices=False)
    return s, real(F.sum(conj(u) * (tangents[0] @ adjoint(vh)), axis=-2))


# --- The exponential -------------------------------------------------------------------------


def _moved_expm(a: Array, d: Any) -> Any:
    """Return how exp(A) moves along a matrix: a block of the exponential of [[A, D], [0, A]]."""
    n = a.shape[-1]
    zeros = F.zeros_like(a)
    rows = [F.concat([a, d], axis=-1), F.concat([zeros, a], axis=-1)]
    return linalg.expm(F.concat(rows, axis=-2))[..., :n, n:]


@rrule.register(linalg.expm)
def expm_rrule(_: Any, x: Array) -> Answer:
    """The adjoint of the derivative at A is the derivative at Aᴴ.

    Source: Al-Mohy and Higham, "Computing the Fréchet derivative of the matrix exponential, with
    an application to condition number estimation" (2009).
    """

    def expm_back(dy: Array) -> Cotangents:
        return None, _moved_expm(adjoint(x), dy)

    return linalg.expm(x), expm_back


@frule.register(linalg.expm)
def expm_frule(_: Any, args: Any, tangents: Any) -> Answer:
    return linalg.expm(*args), _moved_expm(*args, *tangents)
