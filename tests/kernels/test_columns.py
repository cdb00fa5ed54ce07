"""Sums over the rows of matrices, against NumPy's in double precision."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.kernels import columns
from tests.host_cupy import host, numpy_of

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def random(*shape, dtype=np.float32):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def check(actual, terms, dtype):
    """Compare sums over the first axis with those of double precision.

    A number is rounded once where it is stored, and in a sum as often as additions follow it.
    """
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    expected = terms.sum(0)
    stored = ml_dtypes.finfo(dtype).eps
    computed = min(stored, np.finfo(np.float32).eps)
    bound = stored * np.abs(expected) + 20 * computed * np.abs(terms).sum(0)
    assert np.all(np.abs(actual.astype(float) - expected) <= bound)


@pytest.mark.parametrize("width", [1, 2, 3, 10, 31, 33, 200, 512])
@pytest.mark.parametrize("rows", [0, 1, 2, 65, 1000])
def test_sums(simulator, rows, width):
    x = random(rows, width)
    simulator.schedule = (rows + width) % 4
    check(columns.column_sums(host(x)), x.astype(float), x.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0, 8), (1, 3), (700, 33), (900, 64)])
def test_sums_of_each_type(simulator, dtype, shape):
    x, y = random(*shape, dtype=dtype), random(*shape, dtype=dtype)[::-1].copy()
    check(columns.column_sums(host(x)), x.astype(float), dtype)
    check(columns.column_dots(host(x), host(y)), x.astype(float) * y.astype(float), dtype)


@pytest.mark.parametrize("schedule", range(4))
def test_sums_are_the_same_in_each_order(simulator, schedule):
    x = host(random(1000, 40))
    first = numpy_of(columns.column_sums(x)).copy()
    simulator.schedule = schedule
    np.testing.assert_array_equal(numpy_of(columns.column_sums(x)), first)


@pytest.mark.parametrize("dtype", DTYPES)
def test_array_that_begins_anywhere(simulator, dtype):
    """Vectors of 16 bytes are loaded where they begin at a multiple of that alone."""
    flat = random(1 + 90 * 8, dtype=dtype)
    x, numbers = (a[1:].reshape(90, 8) for a in (host(flat), flat))
    check(columns.column_sums(x), numbers.astype(float), dtype)
    check(columns.column_dots(x, x), numbers.astype(float) ** 2, dtype)


def test_infinities_and_nan_stay_in_their_columns(simulator):
    x = random(100, 4)
    x[7] = [np.inf, -np.inf, np.nan, 1e38]
    x[70] = [1, np.inf, 1, 3e38]
    y = numpy_of(columns.column_sums(host(x)))
    np.testing.assert_array_equal(y, [np.inf, np.nan, np.nan, np.inf])


def test_sum_of_halves_is_not_saturated_on_its_way(simulator):
    x = np.full((4096, 8), 100, np.float16)
    x[1::2] = -100
    y = numpy_of(columns.column_sums(host(x)))
    np.testing.assert_array_equal(y, np.zeros(8))


@pytest.mark.parametrize("shape", [(3, 0), (0, 0)])
def test_no_columns(simulator, shape):
    assert columns.column_sums(host(random(*shape))).shape == (0,)


# --- In place of CuPy's sum ------------------------------------------------------------------

LEADING = [
    ((6, 5), 0),
    ((6, 5), -2),
    ((6, 5), (0,)),
    ((2, 3, 5), (0, 1)),
    ((2, 3, 5), (-2, 0)),
    ((2, 3, 5), 0),
    ((0, 5), 0),
]


@pytest.mark.parametrize(("shape", "axis"), LEADING)
def test_sum_over_leading_axes(simulator, shape, axis):
    x = random(*shape)
    y = columns.sum(host(x), axis=axis)
    np.testing.assert_allclose(numpy_of(y), x.sum(axis), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(numpy_of(F.sum(host(x), axis=axis)), numpy_of(y))


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (random(6, 5), {}),
        (random(6, 5), {"axis": None}),
        (random(6, 5), {"axis": 1}),
        (random(6, 5), {"axis": (0, 1)}),
        (random(6, 5), {"axis": ()}),
        (random(6, 5), {"axis": 0, "keepdims": True}),
        (random(6, 5), {"axis": 0, "dtype": np.float64}),
        (random(2, 3, 5), {"axis": (0, 2)}),
        (random(6), {"axis": 0}),
        (random(6, 5).astype(int), {"axis": 0}),
        (random(6, 5) + 0j, {"axis": 0}),
    ],
)
def test_other_sums_are_left_to_cupy(simulator, x, options):
    assert columns.sum(host(x), **options) is NotImplemented
    np.testing.assert_allclose(numpy_of(F.sum(host(x), **options)), np.sum(x, **options), rtol=1e-6)


def test_strided_matrix_is_left_to_cupy(simulator):
    x = random(5, 6)
    assert columns.sum(host(x).T, axis=0) is NotImplemented
    assert columns.sum(host(x)[:, ::2], axis=0) is NotImplemented


def test_gradient_of_a_bias_under_a_batch(simulator):
    x, bias, dy = random(70, 6), random(6), random(70, 6)[::-1].copy()
    _, back = gg.pullback(lambda x, b: x + b, host(x), host(bias))
    _, _, dbias = back(host(dy))
    check(dbias, dy.astype(float), np.float32)


def test_second_derivative_through_a_sum(simulator):
    x = random(3, 4)

    def f(x):
        return F.sum(F.sum(x * x * x, axis=0) ** 2)

    def slope(x):
        return F.sum(gg.grad(f)(x) * x)

    expected = gg.grad(slope)(x.astype(float))
    np.testing.assert_allclose(numpy_of(gg.grad(slope)(host(x))), expected, rtol=1e-4)


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2), "0"])
def test_axes_that_there_are_not_are_refused_as_by_numpy(simulator, axis):
    with pytest.raises((ValueError, TypeError)):
        F.sum(host(random(2, 3)), axis=axis)
