"""array-api-extra's functions on recorded arrays, unchanged."""

import numpy as np
import pytest

import gpugrad as gg
from tests.conformance.differentiated import assert_differentiated, assert_twice_differentiated

xpx = pytest.importorskip("array_api_extra")

RNG = np.random.default_rng(0)
X, Y = RNG.choice([-1.0, 1.0], (2, 4, 3)) * RNG.uniform(0.3, 1.5, (2, 4, 3))  # off the kinks
P = RNG.uniform(0.2, 2.0, (4, 3))
Z = X + 1j * Y
VECTOR, WEIGHTS = RNG.normal(size=5), RNG.uniform(0.5, 1.5, 5)
GAPS = np.where(np.eye(4, 3) > 0, np.nan, X)


def namespace(x):
    return x.__array_namespace__() if isinstance(x, gg.Tracked) else np


def log_where_positive(x):
    return xpx.apply_where(x > 0, x, namespace(x).log, lambda x: x * x)


FUNCTIONS = {
    "angle": (xpx.angle, Z),
    "apply_where": (log_where_positive, X),
    "apply_where filled": (
        lambda x: xpx.apply_where(x > 0, x, namespace(x).log, fill_value=1.5),
        X,
    ),
    "apply_where of two": (
        lambda x, y: xpx.apply_where(
            y > 0, (x, y), lambda x, y: x * y, lambda x, y: namespace(x).sin(x) - y
        ),
        *(X, Y),
    ),
    "at set": (lambda x, v: xpx.at(x)[1, :].set(v), X, VECTOR[:3]),
    "at set mask": (lambda x: xpx.at(x)[x > 0].set(0.5), X),
    "at set copy": (lambda x, v: xpx.at(x)[0, :].set(v, copy=True), X, VECTOR[:3]),
    "at add": (lambda x, v: xpx.at(x)[1, :].add(v), X, VECTOR[:3]),
    "at subtract": (lambda x, v: xpx.at(x)[1, :].subtract(v), X, VECTOR[:3]),
    "at multiply": (lambda x, v: xpx.at(x)[1, :].multiply(v), X, VECTOR[:3]),
    "at divide": (lambda x, v: xpx.at(x)[1, :].divide(v), X, WEIGHTS[:3]),
    "at power": (lambda x, v: xpx.at(x)[1, :].power(v), P, WEIGHTS[:3]),
    "at min": (lambda x, v: xpx.at(x)[1, :].min(v), X, VECTOR[:3]),
    "at max": (lambda x, v: xpx.at(x)[1, :].max(v), X, VECTOR[:3]),
    "at add mask": (lambda x: xpx.at(x)[x > 0].add(1.0), X),
    "atleast_nd": (lambda x: xpx.atleast_nd(x, ndim=3), X),
    "cov": (xpx.cov, X),
    "cov unbiased": (lambda x: xpx.cov(x, correction=0, axis=0), X),
    "cov weighted": (lambda x, w: xpx.cov(x, aweights=w), RNG.normal(size=(3, 5)), WEIGHTS),
    "create_diagonal": (xpx.create_diagonal, X),
    "create_diagonal beside": (lambda x: xpx.create_diagonal(x, offset=-1), VECTOR),
    "deg2rad": (xpx.deg2rad, X),
    "rad2deg": (xpx.rad2deg, X),
    "kron": (xpx.kron, X, Y),
    "kron of vectors": (xpx.kron, VECTOR, WEIGHTS),
    "nan_to_num": (lambda x: xpx.nan_to_num(x, fill_value=0.5), X),
    "nanmax": (lambda x: xpx.nanmax(with_gaps(x), axis=0), X),
    "nanmean": (lambda x: xpx.nanmean(with_gaps(x), axis=0), X),
    "nanmin": (lambda x: xpx.nanmin(with_gaps(x), axis=0), X),
    "nansum": (lambda x: xpx.nansum(with_gaps(x), axis=0), X),
    "pad": (lambda x: xpx.pad(x, ((1, 0), (2, 3)), constant_values=1.5), X),
    "partition": (lambda x: xpx.partition(x, 2, axis=0)[:1, ...], X),
    "sinc": (xpx.sinc, X),
}


def with_gaps(x):
    return namespace(x).where(namespace(x).asarray(np.isnan(GAPS)), np.nan, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_differentiated(name):
    assert_differentiated(*FUNCTIONS[name])


@pytest.mark.parametrize(
    "name", ["apply_where", "at set mask", "cov", "create_diagonal", "kron", "pad", "sinc"]
)
def test_gradient_of_function_is_differentiated(name):
    f, x, *others = FUNCTIONS[name]
    if others:
        assert_twice_differentiated(lambda x: f(x, 2.0 * x), x)
    else:
        assert_twice_differentiated(f, x)


INTEGERS = np.array([3, 1, 2, 3, 0])


# Functions whose values are counts, places or truth values; each is of a recorded array.
CONSTANT = {
    "argpartition": lambda x: xpx.argpartition(x, 1)[:1],
    "isclose": lambda x: xpx.isclose(x, x + 1e-9),
    "isin": lambda x: xpx.isin(x, x[:2]),
    "nunique": xpx.nunique,
    "one_hot": lambda x: xpx.one_hot(namespace(x).astype(x, np.int64), 4),
    "searchsorted": lambda x: xpx.searchsorted(namespace(x).sort(x), x),
    "unravel_index": lambda x: xpx.unravel_index(namespace(x).astype(x, np.int64), (2, 2)),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_function_without_a_gradient(name):
    f = CONSTANT[name]
    x = INTEGERS.astype(float)
    y, back = gg.pullback(f, x)
    np.testing.assert_array_equal(y, f(x))
    assert back(None if isinstance(y, tuple) else 1.0) == (None, None)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_standard_took_over():
    assert xpx.broadcast_shapes((4, 1), (3,)) == (4, 3)
    assert_differentiated(lambda x: xpx.expand_dims(x, axis=(0, 2)), X)


def test_index_makers():
    def f(x):
        xp = namespace(x)
        lower, diagonal = xpx.tril_indices(3, xp=xp), xpx.diag_indices(3, xp=xp)
        upper = xpx.triu_indices(3, offset=1, xp=xp)
        return xp.sum(x[lower] ** 2) + xp.sum(x[upper] ** 3) + xp.sum(x[diagonal])

    assert_differentiated(f, X[:3, :])


def test_set_functions():
    def f(x, y):
        xp = namespace(x)
        return xp.sum(xpx.setdiff1d(x, y) ** 2) + xp.sum(xpx.union1d(x, y) ** 3)

    assert_differentiated(f, VECTOR, VECTOR[1:4] + 0.1)


def test_what_lazy_apply_hands_to_numpy_raises():
    with pytest.raises(gg.GpugradError, match="drop its gradient"):
        gg.pullback(lambda x: xpx.lazy_apply(np.cbrt, x, as_numpy=True), X)
