"""Linear algebra: values against NumPy's and SciPy's."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg
from gpugrad.testing import check_pullback

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.linalg")

RNG = np.random.default_rng(0)
A = RNG.uniform(-1, 1, (3, 3))
SYMMETRIC = A + A.T


def recorded(f, *args, **kwargs):
    """Return what f says of recorded arrays."""
    places = [i for i, x in enumerate(args) if isinstance(x, np.ndarray)]

    def call(*arrays):
        filled = dict(zip(places, arrays, strict=True))
        return f(*(filled.get(i, x) for i, x in enumerate(args)), **kwargs)

    return gg.pushforward(call, [args[i] for i in places], [None] * len(places))[0]


def array(*shape, dtype=float):
    x = RNG.uniform(-2, 2, shape)
    return (x + 1j * RNG.uniform(-2, 2, shape)) if dtype is complex else x


# --- Values are NumPy's ----------------------------------------------------------------------

SQUARE = array(4, 4) + 4 * np.eye(4)

CALLS = [
    *((np.einsum, args, {}) for args in [
        ("ij,jk->ki", array(2, 3), array(3, 4)),
        ("ij,jk", array(2, 3), array(3, 4)),
        ("zij,zjk", array(2, 3, 2), array(2, 2, 3)),
        ("ba", array(2, 3)),
        ("...ii->...", array(4, 3, 3)),
        ("...ij,kj", array(4, 2, 3), array(5, 3)),
        ("...,...->...", array(2, 3), array(3)),
        ("ij,ij,ij->", array(2, 3), array(2, 3), array(2, 3)),
        ("ab,bc,cd,de->ae", array(2, 3), array(3, 2), array(2, 4), array(4, 2)),
        ("iij,jk->ik", array(2, 2, 3), array(3, 2)),
        ("ij,ij->ij", array(2, 1), array(1, 3)),
        ("i,ij", array(1), array(0, 3)),
        ("ijk->", array(2, 0, 3)),
        ("i->", array(0)),
        (array(2, 3), [0, 1], array(3, 4), [1, 2], [2, 0]),
        (array(2, 3), [0, 1], array(3, 4), [1, 2]),
        (array(2, 2, 3), [..., 0], array(3), [0], [...]),
        ("ij,j", array(2, 3, dtype=complex), array(3)),
        ("ij,j", array(2, 3), array(3).astype(np.float32)),
    ]),
    (np.einsum, ("ij,jk,kl->il", array(2, 3), array(3, 2), array(2, 2)), {"optimize": False}),
    (np.einsum, ("ij,jk,kl->il", array(2, 3), array(3, 2), array(2, 2)), {"optimize": "optimal"}),
    (np.einsum, ("ij,jk,kl->il", array(2, 3), array(3, 2), array(2, 2)),
     {"optimize": ["einsum_path", (1, 2), (0, 1)]}),
    *((np.linalg.norm, (array(3, 4),), options) for options in [
        {}, {"keepdims": True}, {"ord": "fro"}, {"ord": "nuc"}, {"ord": 2}, {"ord": -2},
        {"ord": 1}, {"ord": -1}, {"ord": np.inf}, {"ord": -np.inf}, {"axis": 0},
        {"axis": 1, "ord": 3}, {"axis": (0, 1)}, {"axis": (1, 0), "ord": 1, "keepdims": True},
    ]),
    *((np.linalg.norm, (array(5),), {"ord": order})
      for order in [0, 1, 2, 2.5, -1, np.inf, -np.inf]),
    (np.linalg.norm, (array(2, 3, 4),), {}),
    (np.linalg.norm, (array(2, 3, 4), 1, (0, 2)), {"keepdims": True}),
    (np.linalg.norm, (array(2, 3, 4), "nuc", (-1, 0)), {}),
    (np.linalg.norm, (array(2, 3, dtype=complex),), {"ord": 1}),
    *((np.linalg.matrix_norm, (np.zeros((2, 0, 3)),), {"ord": order})
      for order in ["fro", "nuc", 1, 2, np.inf]),
    *((np.linalg.matrix_norm, (array(2, 3, 4),), {"ord": order, "keepdims": True})
      for order in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]),
    *((np.linalg.vector_norm, (array(2, 3, 4),), options) for options in [
        {}, {"axis": (0, 2)}, {"axis": 1, "ord": np.inf, "keepdims": True}, {"ord": 0}]),
    *((np.linalg.cond, (SQUARE,), {"p": p}) for p in [None, 2, -2, 1, -1, np.inf, "fro", "nuc"]),
    (np.linalg.cond, (array(2, 3, 2),), {}),
    *((np.linalg.matrix_power, (SQUARE, n), {}) for n in [-3, -1, 0, 1, 2, 3, 6, 7]),
    (np.linalg.multi_dot, ([array(2, 3), array(3, 4), array(4, 2)],), {}),
    (np.linalg.tensorinv, (SQUARE.reshape(2, 2, 4),), {}),
    (np.linalg.tensorinv, (SQUARE.reshape(4, 2, 2),), {"ind": 1}),
    (np.linalg.tensorsolve, (SQUARE.reshape(2, 2, 4), array(2, 2)), {}),
    (np.linalg.tensorsolve, (SQUARE.reshape(2, 4, 2), array(4)), {"axes": (0,)}),
    (np.linalg.cross, (array(2, 3), array(3)), {}),
    (np.linalg.diagonal, (array(2, 3, 4),), {"offset": -1}),
    (np.linalg.trace, (array(2, 3, 4),), {"offset": 2}),
    (np.linalg.outer, (array(2), array(3)), {}),
    (np.linalg.matmul, (array(2, 3), array(3, 2)), {}),
    (np.linalg.tensordot, (array(2, 3), array(3, 2)), {"axes": 1}),
    (np.linalg.vecdot, (array(2, 3), array(3)), {}),
    (np.linalg.matrix_transpose, (array(2, 3),), {}),
    (np.linalg.pinv, (array(4, 3), 1e-12), {}),
    (np.linalg.svd, (array(3, 3),), {}),
    (np.linalg.svd, (array(4, 3), False), {}),
    (np.linalg.svd, (array(4, 3),), {"compute_uv": False}),
    (np.linalg.svd, (SYMMETRIC,), {"hermitian": True}),
    (np.linalg.eigh, (SYMMETRIC,), {"UPLO": "U"}),
    (np.linalg.eigvalsh, (SYMMETRIC, "U"), {}),
    (np.linalg.cholesky, (SQUARE @ SQUARE.T,), {"upper": True}),
    (np.linalg.qr, (array(4, 3), "r"), {}),
    *((np.linalg.qr, (array(*shape),), {"mode": "complete"})
      for shape in [(3, 4), (4, 2), (2, 3, 2), (3, 0)]),
    *((np.linalg.svd, (array(*shape),), {}) for shape in [(4, 2), (2, 2, 4), (3, 0)]),
    (np.linalg.eig, (A,), {}),
    (np.linalg.slogdet, (A,), {}),
    *((np.linalg.lstsq, (array(*a), array(*b)), {}) for a, b in [
        ((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3,))]),
    (np.linalg.lstsq, (array(4, 1) * array(2), array(4)), {}),
    *((np.dot, (array(*a), array(*b)), {}) for a, b in [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (4, 3, 2)), ((3,), (2, 3, 4)),
        ((2, 2, 3), (3,)), ((), (2,))]),
    *((np.inner, (array(*a), array(*b)), {}) for a, b in [
        ((3,), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,)), ((2,), ())]),
    (np.vdot, (array(2, 3, dtype=complex), array(6, dtype=complex)), {}),
    (np.outer, (array(2, 2), array(3)), {}),
    *((np.kron, (array(*a), array(*b)), {}) for a, b in [
        ((2,), (3,)), ((2, 3), (3, 2)), ((2,), (2, 3)), ((2, 2, 1), (3, 2)), ((), (2,))]),
    (np.cross, (array(3, 2), array(2, 3)), {"axisa": 0, "axisc": 0}),
    (np.cross, (array(3, 2), array(3, 2)), {"axis": 0}),
    *((np.diag, (array(*shape), k), {})
      for shape in [(3,), (3, 2), (2, 4), (0,)] for k in (-2, 0, 1)),
    (np.diagflat, (array(2, 2),), {"k": -1}),
    *((np.diagonal, (array(2, 3, 4),), {"offset": k, "axis1": 2, "axis2": 0})
      for k in (-5, -2, 0, 1)),
    (np.trace, (array(2, 3, 4),), {"offset": 1, "axis1": 1, "axis2": -1}),
    (np.trace, (array(3, 3).astype(np.float32),), {"dtype": np.float64}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "args", "kwargs"), CALLS, ids=[f"{i} {f.__name__}" for i, (f, *_) in enumerate(CALLS)]
)
def test_recorded_numpy_call_gives_numpys_value(f, args, kwargs):
    expected = f(*args, **kwargs)
    if f is np.linalg.multi_dot:
        actual = gg.pullback(lambda x: f([x, *args[0][1:]]), args[0][0])[0]
    else:
        actual = recorded(f, *args, **kwargs)
    actual, expected = (x if isinstance(x, tuple) else (x,) for x in (actual, expected))
    for a, b in zip(actual, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype or isinstance(a, int)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["einsum", "dot", "kron", "trace", "diag", "outer", "vdot"])
def test_definition_takes_integers(name):
    f = getattr(xp, name)
    assert isinstance(f, Composite)
    x = np.arange(4).reshape(2, 2)
    args = {"einsum": ("ij,kj", x, x), "trace": (x,), "diag": (x,)}.get(name, (x, x))
    np.testing.assert_array_equal(f.definition(*args), getattr(np, name)(*args), strict=True)


def test_decompositions_name_their_results():
    def f(x):
        svd = np.linalg.svd(x, full_matrices=False)
        eigen = xp.linalg.eigh(x)
        return (
            F.sum(svd.S)
            + F.sum(eigen.eigenvalues)
            + xp.linalg.slogdet(x).logabsdet
            + F.sum(xp.linalg.qr(x).R)
            + F.sum(F.real(xp.linalg.eig(x).eigenvalues))
        )

    check_pullback(lambda x: f(x + x.T), A + np.diag([4.0, 6.0, 9.0]))


# --- Functions of our own --------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 10.0, -20.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_exponential_by_squaring_is_that_of_the_eigenvalues(scale, dtype):
    x = (scale * np.stack([SYMMETRIC, SYMMETRIC @ SYMMETRIC / 3])).astype(dtype)
    values, vectors = np.linalg.eigh(x)
    expected = (vectors * np.exp(values)[:, None, :]) @ np.conj(np.swapaxes(vectors, -1, -2))
    actual = linalg.expm_by_squaring(x)
    assert actual.dtype == dtype
    tolerance = 100 * max(1, abs(scale)) * np.finfo(dtype).eps
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.max(np.abs(b)))


def test_exponential_of_what_has_no_eigenvectors():
    actual = linalg.expm_by_squaring(np.array([[2.0, 100.0], [0.0, 2.0]]))
    expected = np.exp(2) * np.array([[1, 100], [0, 1]])
    np.testing.assert_allclose(actual, expected, rtol=1e-13)


@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit_diagonal", [False, True])
def test_triangular_systems_of_stacks_are_those_of_each(trans, lower, unit_diagonal):
    a = array(2, 3, 3, dtype=complex) + 3 * np.eye(3)
    b = array(3, 2)
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit_diagonal}
    actual = xp.linalg.solve_triangular(a, b, **options)
    expected = [scipy.linalg.solve_triangular(x, b, **options) for x in a]
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def test_triangular_system_refuses_another_trans():
    with pytest.raises(ArgumentError, match="trans"):
        xp.linalg.solve_triangular(np.ones((2, 2, 2)), np.ones((2, 1)), trans="H")
