"""What the table of samples does not say of linear algebra: conventions, special cases."""

import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg
from gpugrad.functions.einstein import einsum
from gpugrad.rulebook.reverse import bind
from gpugrad.testing import check_pullback

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.linalg")

RNG = np.random.default_rng(0)
A = RNG.uniform(-1, 1, (3, 3))
SYMMETRIC = A + A.T
ROTATION = np.linalg.qr(A)[0]


def array(*shape, dtype=float):
    x = RNG.uniform(-2, 2, shape)
    return (x + 1j * RNG.uniform(-2, 2, shape)) if dtype is complex else x


SQUARE = array(4, 4) + 4 * np.eye(4)


# --- Closed forms, through NumPy's names -------------------------------------------------------


def test_gradients_of_numpy_calls():
    inverse = np.linalg.inv(SQUARE)
    cases = [
        (lambda x: np.linalg.slogdet(x)[1], inverse.T),
        (np.linalg.det, np.linalg.det(SQUARE) * inverse.T),
        (lambda x: np.sum(np.linalg.solve(x, np.ones(4))),
         -np.outer(inverse.sum(axis=0), inverse.sum(axis=1))),
        (lambda x: np.linalg.norm(x) ** 2, 2 * SQUARE),
        (np.trace, np.eye(4)),
        (lambda x: np.einsum("ij,ij", x, x), 2 * SQUARE),
        (lambda x: np.vdot(x, x), 2 * SQUARE),
        (lambda x: np.sum(np.kron(x, np.full((2, 2), 2.0))), np.full((4, 4), 8.0)),
        (lambda x: np.linalg.norm(x, "nuc"), scipy.linalg.polar(SQUARE)[0]),
    ]  # fmt: skip
    for f, expected in cases:
        np.testing.assert_allclose(gg.grad(f)(SQUARE), expected, rtol=1e-9, atol=1e-11)


# --- The space of a gradient -------------------------------------------------------------------

PRODUCTS = [
    (F.matmul, (array(2, 3), array(3, 4)), {}),
    (F.matmul, (array(3), array(5, 3, 4)), {}),
    (F.linear, (array(4, 3), array(3, 2), array(2)), {}),
    (F.linear, (array(4, 3), array(3, 2), array()), {}),
    (F.tensordot, (array(2, 3), array(3, 4)), {"axes": 1}),
    (F.vecdot, (array(2, 3), array(3)), {}),
    (linalg.solve, (A, array(2, 3, 2)), {}),
    (linalg.solve, (np.stack([A, A + 1]), array(3)), {}),
    (linalg.solve_triangular, (A, array(3, 2)), {}),
]
products = pytest.mark.parametrize(("f", "args", "kwargs"), PRODUCTS)


@products
def test_gradient_of_one_factor_is_that_among_all(f, args, kwargs):
    y, back = gg.pullback(lambda *args: f(*args, **kwargs), *args)
    dy = RNG.uniform(-1, 1, y.shape)
    for i, expected in enumerate(back(dy)[1:]):
        one = gg.pullback(lambda x, i=i: f(*args[:i], x, *args[i + 1 :], **kwargs), args[i])[1]
        np.testing.assert_allclose(one(dy)[1], expected, rtol=1e-12)


def test_second_derivative_by_one_factor_of_a_product():
    left, right = array(3, 2), array(2, 4)
    by_left = gg.grad(lambda x: F.sum(gg.grad(lambda x: F.sum((x @ right) ** 2))(x) * left))
    np.testing.assert_allclose(by_left(left), 2 * left @ right @ right.T, rtol=1e-12)
    by_right = gg.grad(lambda x: F.sum(gg.grad(lambda x: F.sum((left @ x) ** 2))(x) * right))
    np.testing.assert_allclose(by_right(right), 2 * left.T @ left @ right, rtol=1e-12)


def spaces_of_gradients(f, args, kwargs):
    """Return data types and shapes of what the rule's own pullback returns, before it is fitted."""
    y, back = bind(f, 2 ** len(args) - 1, args)(*args, **kwargs)
    dy = tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y)
    return [(dx.dtype, dx.shape) for dx in back(dy)[1:]]


@products
@pytest.mark.parametrize("place", range(3))
def test_rule_gives_each_factor_a_gradient_of_its_type(f, args, kwargs, place):
    args = tuple(x if i == place else x.astype(np.float32) for i, x in enumerate(args))
    assert spaces_of_gradients(f, args, kwargs) == [(x.dtype, x.shape) for x in args]


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize(
    "f",
    [
        *(linalg.adjugate, linalg.cholesky, linalg.det, linalg.eig, linalg.eigh, linalg.eigvals),
        *(linalg.eigvalsh, linalg.expm, linalg.inv, linalg.pinv, linalg.qr, linalg.slogdet),
        *(linalg.svd, linalg.svdvals),
    ],
)
def test_rule_gives_a_matrix_a_gradient_of_its_type(f, dtype):
    x = np.stack([SQUARE @ SQUARE.T]).astype(dtype)
    assert spaces_of_gradients(f, (x,), {}) == [(x.dtype, x.shape)]


@pytest.mark.parametrize(
    ("f", "shape", "options"),
    [
        (linalg.qr, (3, 2), {}),
        (linalg.qr, (2, 3), {"mode": "complete"}),
        (linalg.svd, (3, 2), {}),
        (linalg.svd, (2, 3), {"full_matrices": False}),
        (linalg.eigh, (3, 3), {}),
        (linalg.eig, (3, 3), {}),
    ],
)
def test_gradient_of_some_results_is_that_with_zeros_for_the_others(f, shape, options):
    y, back = gg.rrule(f, array(*shape), **options)
    for place in range(len(y)):
        alone = tuple(x if i == place else None for i, x in enumerate(y))
        beside = tuple(x if i == place else np.zeros_like(x) for i, x in enumerate(y))
        np.testing.assert_allclose(back(alone)[1], back(beside)[1], rtol=1e-12, atol=1e-14)


# --- Hermitian matrices ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        linalg.cholesky,
        lambda x: linalg.eigvalsh(x)[1:],
        lambda x: linalg.eigh(x).eigenvectors[0],
    ],
)
def test_gradient_of_a_hermitian_matrix_is_hermitian(f):
    x = array(3, 3, dtype=complex)
    x = x @ np.conj(x.T) + np.eye(3)
    for matrix in (x, np.real(x)):
        g = gg.grad(lambda x: F.sum(F.abs(f(x)) ** 2))(matrix)
        np.testing.assert_allclose(g, np.conj(g.T), atol=1e-12)


def test_gradient_of_the_largest_eigenvalue_is_that_of_the_symmetric_matrix():
    vectors = np.linalg.eigh(SYMMETRIC)[1]
    for triangle in "LU":
        g = gg.grad(lambda x, t=triangle: np.linalg.eigvalsh(x, UPLO=t)[-1])(SYMMETRIC)
        np.testing.assert_allclose(g, np.outer(vectors[:, -1], vectors[:, -1]), atol=1e-12)


@pytest.mark.parametrize("triangle", ["L", "U"])
def test_eigenvalues_are_those_of_the_triangle_that_is_named(triangle):
    half = np.tril(A) if triangle == "L" else np.triu(A)
    whole = half + half.T - np.diag(np.diag(A))

    def both_modes(x, f, pick, **options):
        y, back = gg.rrule(f, x, **options)
        _, moved = gg.frule(f, (x,), (SYMMETRIC,), **options)
        return pick(y), back(y)[1], pick(moved)

    for f, pick in ((linalg.eigvalsh, lambda y: y), (linalg.eigh, lambda y: y[0])):
        actual, expected = both_modes(A, f, pick, UPLO=triangle), both_modes(whole, f, pick)
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


# --- Repeated values ---------------------------------------------------------------------------

REPEATED = {
    "the identity": np.eye(3),
    "zero": np.zeros((3, 3)),
    "equal": np.diag([2.0, 2.0, 1.0]),
    "equal to within rounding": ROTATION @ np.diag([2.0, 2.0, 1.0]) @ ROTATION.T,
}
repeated = pytest.mark.parametrize("x", REPEATED.values(), ids=REPEATED)


@repeated
def test_eigh_of_repeated_values_is_right_for_functions_of_the_matrix(x):
    def f(x):
        values, vectors = linalg.eigh(x)
        return F.sum((vectors * F.exp(values)) @ linalg.matrix_transpose(vectors) * SYMMETRIC)

    def trace(x):
        values, vectors = linalg.eigh(x)
        return linalg.trace((vectors * F.exp(values)) @ linalg.matrix_transpose(vectors))

    x = (x + x.T) / 2
    assert np.all(np.isfinite(gg.grad(f)(x)))
    np.testing.assert_allclose(gg.grad(trace)(x), scipy.linalg.expm(x), atol=1e-12)


@repeated
def test_svd_of_repeated_values_is_right_for_functions_of_the_matrix(x):
    def squares(x):
        u, s, vh = linalg.svd(x, full_matrices=False)
        return F.sum(((u * s) @ vh) ** 2)

    np.testing.assert_allclose(gg.grad(squares)(x), 2 * x, atol=1e-12)
    for part in range(3):
        g = gg.grad(lambda x, part=part: F.sum(linalg.svd(x)[part] * array(3, 3)))(x)
        assert np.all(np.isfinite(g))


@repeated
@pytest.mark.parametrize("f", [linalg.eigvalsh, linalg.svdvals])
def test_sum_of_repeated_values(f, x):
    x = (x + x.T) / 2
    g = gg.grad(lambda x: F.sum(f(x) ** 2))(x)
    np.testing.assert_allclose(g, 2 * x, atol=1e-12)


def test_eig_of_repeated_values_is_finite():
    for part in range(2):
        g = gg.grad(lambda x, part=part: F.sum(F.real(linalg.eig(x)[part])))(np.diag([1.0, 1, 2]))
        assert np.all(np.isfinite(g))


def numeric(f, x, dx, step=1e-5):
    """Return how f(x) moves along dx, by the difference of two values."""
    return (f(x + step * dx) - f(x - step * dx)) / (2 * step)


NOT_SYMMETRIC = array(3, 3)


@pytest.mark.parametrize("values", [[2.0, 2.0, 1.0], [0.0, 0.0, 1.0], [1e-9, 1e-9, 2e-9]])
def test_eigh_of_repeated_values_is_right_for_projections_on_their_spaces(values):
    x = ROTATION @ np.diag(values) @ ROTATION.T
    k = 1 if values[0] > values[2] else 2

    def f(x):
        vectors = xp.linalg.eigh((x + x.T) / 2).eigenvectors
        parts = vectors[:, :k], vectors[:, k:]
        return F.sum((parts[0] @ parts[0].T) * A + (parts[1] @ parts[1].T) * NOT_SYMMETRIC)

    dx = np.max(values) * array(3, 3)
    expected = numeric(f, x, dx)
    np.testing.assert_allclose(np.sum(gg.grad(f)(x) * dx), expected, atol=1e-8)
    np.testing.assert_allclose(gg.pushforward(f, (x,), (dx,))[1], expected, atol=1e-8)


@pytest.mark.parametrize("part", range(3))
def test_values_are_told_apart_matrix_by_matrix(part):
    def f(x):
        return F.sum(xp.linalg.svd(x, full_matrices=False)[part] * NOT_SYMMETRIC[0])

    x = array(3, 3)
    both = gg.grad(f)(np.stack([1e-20 * x, x]))
    np.testing.assert_allclose(both, [gg.grad(f)(1e-20 * x), gg.grad(f)(x)], rtol=1e-9)
    np.testing.assert_allclose(both[0], both[1] * (1 if part == 1 else 1e20), rtol=1e-9)


@pytest.mark.parametrize("x", [np.eye(3), ROTATION, ROTATION @ np.diag([2.0, 2.0, 1.0])])
def test_svd_of_repeated_values_is_right_for_the_polar_factor(x):
    def f(x):
        u, _, vh = xp.linalg.svd(x)
        return F.sum((u @ vh) * NOT_SYMMETRIC)

    dx = array(3, 3)
    expected = numeric(lambda x: np.sum(scipy.linalg.polar(x)[0] * NOT_SYMMETRIC), x, dx)
    np.testing.assert_allclose(np.sum(gg.grad(f)(x) * dx), expected, atol=1e-8)
    np.testing.assert_allclose(gg.pushforward(f, (x,), (dx,))[1], expected, atol=1e-8)


@repeated
def test_second_derivative_at_repeated_values_is_finite_and_that_of_a_sum_is_right(x):
    x = (x + x.T) / 2

    def second(f):
        return gg.grad(lambda x: F.sum(gg.grad(f)(x) * NOT_SYMMETRIC))(x)

    for f in (linalg.eigvalsh, linalg.svdvals):
        assert np.all(np.isfinite(second(lambda x, f=f: F.sum(f(x) ** 2))))
    np.testing.assert_allclose(second(lambda x: F.sum(linalg.eigvalsh(x))), 0, atol=1e-12)
    if np.linalg.matrix_rank(x) == 3:  # else the nuclear norm has a kink
        expected = numeric(lambda x: scipy.linalg.polar(x)[0], x, NOT_SYMMETRIC)
        actual = second(lambda x: linalg.matrix_norm(x, ord="nuc"))
        np.testing.assert_allclose(actual, expected, atol=1e-8)


# --- Singular matrices -------------------------------------------------------------------------


def cofactors(x):
    """Return the derivative of the determinant by its definition."""
    n = len(x)
    return np.array(
        [
            [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(n)]
            for i in range(n)
        ]
    )


RANKS = {rank: array(4, rank) @ array(rank, 4) for rank in range(5)}


@pytest.mark.parametrize("rank", RANKS)
def test_gradient_of_a_determinant_is_that_of_cofactors_at_every_rank(rank):
    x = RANKS[rank]
    np.testing.assert_allclose(gg.grad(linalg.det)(x), cofactors(x), atol=1e-11)
    np.testing.assert_allclose(linalg.adjugate(x), cofactors(x).T, atol=1e-11)


@pytest.mark.parametrize("x", [np.eye(3), np.zeros((3, 3)), np.diag([1.0, 0.0, 0.0]), A])
def test_second_derivative_of_a_determinant(x):
    check_pullback(linalg.det, x)


def test_second_derivative_of_a_determinant_keeps_its_digits_where_it_is_huge():
    def second(x):
        return gg.grad(lambda x: F.sum(gg.grad(linalg.det)(x) * NOT_SYMMETRIC))(x)

    np.testing.assert_allclose(second(1e10 * A), 1e10 * second(A), rtol=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_gradient_of_the_determinant_of_what_is_not_finite_is_nan(bad):
    x = np.stack([A, np.diag([1.0, bad, 1.0])])
    with np.errstate(invalid="ignore"):
        g = gg.grad(lambda x: F.sum(linalg.det(x)))(x)
    np.testing.assert_allclose(g[0], cofactors(A), atol=1e-12)
    assert np.all(np.isnan(g[1]))


@pytest.mark.parametrize("dtype", [float, complex])
def test_derivative_of_the_logarithm_of_a_singular_determinant_is_nan(dtype):
    x = np.stack([A, np.diag([1.0, 0.0, 1.0])]).astype(dtype)
    y, dy = gg.pushforward(lambda x: linalg.slogdet(x).logabsdet, (x,), (np.ones_like(x),))
    np.testing.assert_allclose(y, [np.log(np.abs(np.linalg.det(A))), -np.inf], rtol=1e-12)
    np.testing.assert_allclose(dy, [np.sum(np.linalg.inv(A)), np.nan], rtol=1e-11)
    g = gg.grad(lambda x: F.sum(linalg.slogdet(x).logabsdet))(x)
    np.testing.assert_allclose(g, [np.linalg.inv(A).T, np.full((3, 3), np.nan)], rtol=1e-11)


def test_sign_of_a_real_determinant_does_not_move():
    y, back = gg.rrule(linalg.slogdet, A)
    assert back((y[0], None))[1] is None
    assert gg.frule(linalg.slogdet, (A,), (A,))[1][0] is None


def test_derivative_of_a_singular_qr_is_nan():
    x = np.stack([A, np.diag([2.0, 0.0, 3.0])])
    _, dy = gg.pushforward(lambda x: linalg.qr(x).R, (x,), (np.ones_like(x),))
    g = gg.grad(lambda x: F.sum(linalg.qr(x).R))(x)
    for moved in (dy, g):
        assert np.all(np.isfinite(moved[0]))
        assert np.any(np.isnan(moved[1]))


def test_tolerance_has_no_gradient():
    def f(x, rtol):
        return F.sum(xp.linalg.pinv(x, rtol=rtol)) + xp.linalg.matrix_rank(x, rtol=rtol)

    x, rtol = array(3, 2), np.asarray(1e-9)
    y, back = gg.pullback(f, x, rtol)
    np.testing.assert_allclose(y, np.sum(np.linalg.pinv(x)) + 2)
    dx, drtol = back(1.0)[1:]
    np.testing.assert_allclose(dx, gg.grad(lambda x: F.sum(linalg.pinv(x)))(x), rtol=1e-12)
    assert drtol is None or drtol == 0


def test_gradient_of_a_pseudoinverse_at_constant_rank():
    left, right = array(4, 2), array(2, 3)
    check_pullback(lambda a, b: linalg.pinv(a @ b, rtol=1e-8), left, right)


@pytest.mark.parametrize("dtype", [float, complex])
def test_gradient_of_a_rank_deficient_svd_is_finite(dtype):
    x = array(4, 2, dtype=dtype) @ array(2, 3, dtype=dtype)
    for part in range(3):
        y, back = gg.pullback(lambda x, part=part: linalg.svd(x, full_matrices=False)[part], x)
        assert np.all(np.isfinite(back(np.ones_like(y))[1]))


# --- Norms at their kinks ----------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 0.5, 1, 1.5, 2, 3, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [float, complex])
def test_gradient_of_a_vector_norm_at_zero_is_zero(order, dtype):
    g = gg.grad(lambda x: linalg.vector_norm(x, ord=order))(np.zeros(3, dtype))
    np.testing.assert_array_equal(g, np.zeros(3))


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
def test_gradient_of_a_matrix_norm_at_zero_is_zero(order):
    g = gg.grad(lambda x: linalg.matrix_norm(x, ord=order))(np.zeros((2, 3)))
    np.testing.assert_array_equal(g, np.zeros((2, 3)))


@pytest.mark.parametrize("order", [0.5, 1.5, 3])
def test_gradient_of_a_norm_beside_a_zero_is_finite(order):
    g = gg.grad(lambda x: linalg.vector_norm(x, ord=order))(np.array([0.0, 1.0]))
    np.testing.assert_allclose(g, [0, 1])


def test_gradient_of_the_largest_of_equals_is_split_evenly():
    g = gg.grad(lambda x: linalg.vector_norm(x, ord=math.inf))(np.array([2.0, -2.0, 1.0]))
    np.testing.assert_array_equal(g, [0.5, -0.5, 0])


def test_second_derivative_of_a_norm_at_zero_is_finite():
    slope = gg.grad(linalg.vector_norm)
    assert np.all(np.isfinite(gg.grad(lambda x: F.sum(slope(x)))(np.zeros(2))))


# --- Diagonals ---------------------------------------------------------------------------------


def test_infinity_on_a_diagonal_stays_there():
    y, back = gg.pullback(np.diag, np.array([np.inf, 1.0]))
    np.testing.assert_array_equal(y, [[np.inf, 0], [0, 1]])
    np.testing.assert_array_equal(back(np.array([[1.0, 2.0], [3.0, 4.0]]))[1], [1, 4])


# --- Errors ------------------------------------------------------------------------------------

REFUSED = [
    (lambda x: np.linalg.qr(x, mode="raw"), "mode='raw'"),
    (lambda x: np.linalg.norm(x, "other"), "ord is"),
    (lambda x: np.linalg.norm(x[None], 2), "norm: of 3 axes"),
    (lambda x: np.linalg.cross(x[:, :2], x[:, :2]), "3 elements, not 2"),
    (lambda x: np.linalg.multi_dot([x]), "at least two"),
    (lambda x: np.diag(x[None]), "a vector or a matrix"),
    (lambda x: np.einsum("ij,jk", x), "2 terms in the subscripts, 1 arrays"),
    (lambda x: np.einsum("ijk", x), "'ijk' names 3 axes, an array has 2"),
    (lambda x: np.einsum("...ijk", x), "names 4 axes"),
    (lambda x: np.einsum("i.j", x), "other characters"),
    (lambda x: np.einsum("ij->ik", x), "index k of the result"),
    (lambda x: np.einsum("ij->ii", x), "index i of the result"),
    (lambda x: np.einsum("ij,jk", x, x), "index j has length 3 and length 2"),
    (lambda x: np.einsum("i...->i", x), "the ellipsis"),
    (lambda x: np.einsum("ij", x, dtype=np.float32), "numpy.einsum of a recorded array"),
    (lambda x: np.trace(x, out=np.zeros(())), "numpy.trace of a recorded array"),
]


@pytest.mark.parametrize(("f", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_error_says_what_is_wrong(f, message):
    with pytest.raises(ArgumentError, match=message):
        gg.pullback(f, array(2, 3))


def test_einsum_of_nothing():
    with pytest.raises(ArgumentError, match="einsum"):
        einsum.definition("")


@pytest.mark.parametrize("f", [np.linalg.inv, np.linalg.det, np.linalg.cholesky, np.linalg.eigh])
def test_shape_that_does_not_fit_is_numpys_error(f):
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        gg.pullback(f, array(2, 3))


def test_recorded_pinv_has_the_tolerance_it_is_given():
    u, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    x = (u * [2.0, 1.0, 0.1]) @ u.T  # of rank 2 to a relative tolerance of 0.2
    expected = np.linalg.pinv(x, rtol=0.2)
    y, back = gg.rrule(linalg.pinv, x, rtol=0.2)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    np.testing.assert_allclose(gg.pullback(lambda x: np.linalg.pinv(x, 0.2), x)[0], expected)
    assert np.linalg.matrix_rank(y) == 2
    y, dy = gg.frule(linalg.pinv, (x,), (A,), rtol=0.2)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    np.testing.assert_allclose(np.sum(dy * SYMMETRIC), np.sum(A * back(SYMMETRIC)[1]), rtol=1e-12)


def test_hermitian_svd_reads_one_triangle_in_both_modes():
    expected = np.linalg.svd(A, hermitian=True)[1]
    (_, s, _), _ = gg.rrule(linalg.svd, A, hermitian=True)
    np.testing.assert_array_equal(s, expected)
    (_, s, _), _ = gg.frule(linalg.svd, (A,), (SYMMETRIC,), hermitian=True)
    np.testing.assert_array_equal(s, expected)


def test_cholesky_is_lower_unless_told_otherwise_in_both_modes():
    x = np.array([[4.0, 1.0], [1.0, 3.0]])
    y, _ = gg.pushforward(np.linalg.cholesky, (x,), (np.eye(2),))
    np.testing.assert_array_equal(y, np.linalg.cholesky(x))
    y, _ = gg.frule(linalg.cholesky, (x,), (np.eye(2),))
    np.testing.assert_array_equal(y, np.linalg.cholesky(x))
    y, _ = gg.rrule(linalg.cholesky, x)
    np.testing.assert_array_equal(y, np.linalg.cholesky(x))


# --- Layers: a product and a sum ---------------------------------------------------------------

BIASES = [(4,), (1,), (1, 4), (2, 1), (2, 4)]
LAYERS = [(lead, bias) for lead in ((2,), (3, 2), (1,), ()) for bias in BIASES]
LAYERS += [((2,), (5, 2, 4)), ((1,), (5, 1, 4))]


@pytest.mark.parametrize(("lead", "bias"), LAYERS, ids=map(str, LAYERS))
@pytest.mark.parametrize(
    "f", [lambda b: b, lambda b: b * 1.0, F.positive], ids=["itself", "*", "+"]
)
def test_a_layer_is_its_product_and_its_sum_whatever_the_shape_of_the_bias(lead, bias, f):
    rng = np.random.default_rng(0)
    x, weight, b = (rng.normal(size=shape) for shape in ((*lead, 3), (3, 4), bias))
    y, back = gg.pullback(lambda x, w, b: F.linear(x, w, f(b)), x, weight, b)
    expected, expected_back = gg.pullback(lambda x, w, b: x @ w + f(b), x, weight, b)
    np.testing.assert_allclose(F.linear(x, weight, b), x @ weight + b, rtol=1e-14)
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    dy = rng.normal(size=y.shape)
    for dx, expected_dx in zip(back(dy)[1:], expected_back(dy)[1:], strict=True):
        np.testing.assert_allclose(dx, expected_dx, rtol=1e-12)


@pytest.mark.parametrize("f", [lambda b: F.concat([b]), lambda b: F.cumulative_sum(b, axis=0)])
def test_the_gradient_of_a_bias_has_its_shape_before_others_take_it(f):
    x, weight = np.ones((2, 3)), np.ones((3, 4))
    gradient = gg.grad(lambda b: F.sum(F.linear(x, weight, f(b))))(np.ones(1))
    np.testing.assert_array_equal(gradient, [8.0])
