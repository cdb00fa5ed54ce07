"""Softmax, its logarithm and log Σ eˣ by kernels, against NumPy with more digits."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import DeviceError
from gpugrad.functions import special as S
from gpugrad.kernels import softmax as kernels
from gpugrad.nn.functional.softmax import masked_softmax
from tests.host_cupy import HostArray, host, numpy_of

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
# On both sides of a warp's lanes, of a vector, and of what a warp takes.
LENGTHS = [1, 2, 3, 7, 31, 32, 33, 512, 1000, 1023, 1024, 1025, 2049, 4097]


def random(*shape, dtype=np.float32, scale=3.0, seed=0):
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def exact(x):
    return np.asarray(x).astype(np.longdouble)


def softmax(x):
    x = exact(x)
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def logsoftmax(x):
    x = exact(x)
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def logsumexp(x):
    return exact(x).max(-1) - logsoftmax(x).max(-1)


def softmax_back(y, dy):
    y, dy = exact(y), exact(dy)
    return y * (dy - (y * dy).sum(-1, keepdims=True))


def logsoftmax_back(y, dy):
    y, dy = exact(y), exact(dy)
    return dy - np.exp(y) * dy.sum(-1, keepdims=True)


def terms(y, dy):
    """Return how large the terms are that the gradient of softmax is a difference of."""
    y, dy = exact(y), np.abs(exact(dy))
    return y * (dy + (y * dy).sum(-1, keepdims=True))


def check(actual, expected, dtype, size=1.0):
    """Compare numbers that were rounded once where they were stored.

    `size` is how large the numbers are that they were computed of.
    """
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    stored = ml_dtypes.finfo(dtype)
    computed = min(float(stored.eps), float(np.finfo(np.float32).eps))
    bound = float(stored.eps) * np.abs(expected) + 20 * computed * size
    assert np.all(np.abs(exact(actual) - expected) <= bound + float(stored.smallest_subnormal))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_rows_of_each_length(simulator, launches, length, dtype):
    simulator.schedule = length % 4
    x = random(3, length, dtype=dtype)
    y, log_y = gg.softmax(host(x)), gg.logsoftmax(host(x))
    p = softmax(x)
    check(y, p, dtype, size=p)
    check(log_y, logsoftmax(x), dtype)
    check(S.logsumexp(host(x), axis=-1), logsumexp(x), dtype)

    dy = random(3, length, dtype=dtype, seed=1)
    y, log_y = numpy_of(y), numpy_of(log_y)
    dx = kernels.softmax_back(host(y), host(dy), -1)
    check(dx, softmax_back(y, dy), dtype, size=terms(y, dy))
    dx = kernels.logsoftmax_back(host(log_y), host(dy), -1)
    check(dx, logsoftmax_back(log_y, dy), dtype, size=p * exact(np.abs(dy)).sum(-1, keepdims=True))
    dy = random(3, dtype=dtype, seed=2)
    da = kernels.logsumexp_back(host(x), host(dy), -1, False)
    check(da, p * exact(dy)[:, None], dtype, size=p * np.abs(exact(dy))[:, None])
    assert len(launches) == 6


@pytest.mark.parametrize(("rows", "length"), [(25000, 3), (900, 40), (100, 1100)])
def test_more_rows_than_are_worked_on_at_a_time(simulator, rows, length):
    """Of the simulator's 96 blocks, each has a row, or as many as it has warps or threads."""
    x, dy = random(rows, length), random(rows, length, seed=1)
    y, back = gg.pullback(gg.softmax, host(x))
    check(y, softmax(x), np.float32, size=softmax(x))
    y = numpy_of(y)
    check(back(host(dy))[1], softmax_back(y, dy), np.float32, size=terms(y, dy))
    check(S.logsumexp(host(x), axis=1), logsumexp(x), np.float32)


@pytest.mark.parametrize("schedule", range(4))
@pytest.mark.parametrize("length", [24, 100, 5000])
def test_each_order_of_warps_gives_the_same(simulator, length, schedule):
    x, dy = host(random(9, length)), host(random(9, length, seed=1))

    def results():
        y, back = gg.pullback(gg.softmax, x)
        return [numpy_of(a).copy() for a in (y, back(dy)[1], S.logsumexp(x, axis=1))]

    first = results()
    simulator.schedule = schedule
    for actual, expected in zip(results(), first, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("length", [50257, 70001])
def test_row_of_which_shared_memory_holds_all_or_part(simulator, length):
    x, dy = random(2, length), random(2, length, seed=1)
    y = gg.softmax(host(x))
    check(y, softmax(x), np.float32, size=softmax(x))
    y = numpy_of(y)
    dx = kernels.softmax_back(host(y), host(dy), -1)
    check(dx, softmax_back(y, dy), np.float32, size=terms(y, dy))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [8, 33, 1200])
def test_arrays_that_begin_anywhere(simulator, dtype, length):
    """Vectors of 16 bytes begin at multiples of that, which are not the same in all arrays."""

    def moved(by, seed):
        numbers = random(by + 3 * length, dtype=dtype, scale=1, seed=seed)
        return (a[by:].reshape(3, length) for a in (host(numbers), numbers))

    (x, x_numbers), (dy, dy_numbers) = moved(1, 0), moved(2, 1)
    check(gg.softmax(x), softmax(x_numbers), dtype)
    check(S.logsumexp(x, axis=-1), logsumexp(x_numbers), dtype)
    dx = kernels.logsoftmax_back(x, dy, -1)
    size = np.exp(exact(x_numbers)) * np.abs(exact(dy_numbers)).sum(-1, keepdims=True)
    check(dx, logsoftmax_back(x_numbers, dy_numbers), dtype, size=1 + size)


def extreme_rows(length, dtype):
    """Return rows that a softmax might fail at."""
    large, tiny = ml_dtypes.finfo(dtype).max, ml_dtypes.finfo(dtype).smallest_subnormal
    rows = np.zeros((12, length), dtype)
    rows[0] = -np.inf
    rows[1, length // 2] = np.inf
    rows[2] = np.inf
    rows[3, 1] = np.nan
    rows[4] = 1e4
    rows[5, ::2] = -1e4
    rows[6] = tiny
    rows[7, 0] = large
    rows[8] = -large
    rows[9, : length - 1] = -np.inf  # as of a mask
    rows[10, : length // 2] = -np.inf
    rows[11, 0], rows[11, 1] = np.inf, np.nan
    return rows


def extremes(length, dtype, as_rows):
    """Return such rows, or so many columns of these that they are read by vectors; and the axis."""
    rows = extreme_rows(length, dtype)
    return (rows, 1) if as_rows else (np.tile(rows, (2, 1)).T.copy(), 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [5, 100, 1500])
@pytest.mark.parametrize("as_rows", [True, False])
@pytest.mark.parametrize("f", [gg.softmax, masked_softmax, gg.logsoftmax], ids=lambda f: f.name)
def test_extremes(simulator, f, as_rows, length, dtype):
    x, axis = extremes(length, dtype, as_rows)
    with np.errstate(all="ignore"):
        expected = f(x.astype(np.float64), axis=axis)
    actual = numpy_of(f(host(x), axis=axis)).astype(float)
    nan = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(actual), nan)
    eps = float(ml_dtypes.finfo(dtype).eps)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(actual[~nan], expected[~nan].astype(dtype), rtol=2 * eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [5, 100, 1500])
@pytest.mark.parametrize("as_rows", [True, False])
def test_extremes_of_logsumexp(simulator, as_rows, length, dtype):
    """An infinite maximum is the result, and the gradient is shared by those that have it."""
    x, axis = extremes(length, dtype, as_rows)
    with np.errstate(all="ignore"):
        expected, back = gg.pullback(S.logsumexp, x.astype(np.float64), axis)
        slopes = back(1.0)[1]
    y, back = gg.pullback(S.logsumexp, host(x), axis)
    np.testing.assert_array_equal(numpy_of(y).astype(float), expected.astype(dtype).astype(float))
    da = numpy_of(back(1.0)[1]).astype(float)
    eps = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(da, slopes, rtol=2 * eps, atol=eps**2)


# --- Along another axis than the last ------------------------------------------------------------

# Of columns that a thread has to itself, and of columns that several share, up to a block; of units
# that fill a block, and of few; of more than are worked on at a time; and of more than is kept.
COLUMNS = [
    *((1, 1, 2), (2, 3, 5), (3, 8, 4), (700, 3, 2), (2, 2, 600), (5, 9, 8), (2, 19, 48)),
    *((1, 150, 24), (3, 300, 3), (1, 65, 1601), (1, 2000, 2), (1, 1000, 96)),
]


def along_columns(f, *arrays):
    """Return what a function of rows makes of columns, that is along the second of three axes."""
    return np.moveaxis(f(*(np.moveaxis(x, 1, -1) for x in arrays)), -1, 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", COLUMNS, ids=str)
def test_columns(simulator, launches, monkeypatch, shape, dtype):
    monkeypatch.setattr(HostArray, "copy", None)  # nothing is copied
    simulator.schedule = shape[1] % 4
    x, dy = random(*shape, dtype=dtype), random(*shape, dtype=dtype, seed=1)
    y, log_y = gg.softmax(host(x), axis=1), gg.logsoftmax(host(x), axis=1)
    p = along_columns(softmax, x)
    check(y, p, dtype, size=p)
    check(log_y, along_columns(logsoftmax, x), dtype)
    check(S.logsumexp(host(x), axis=1), logsumexp(np.moveaxis(x, 1, -1)), dtype)

    y, log_y = numpy_of(y), numpy_of(log_y)
    dx = kernels.softmax_back(host(y), host(dy), 1)
    check(dx, along_columns(softmax_back, y, dy), dtype, size=along_columns(terms, y, dy))
    dx = kernels.logsoftmax_back(host(log_y), host(dy), 1)
    size = p * exact(np.abs(dy)).sum(1, keepdims=True)
    check(dx, along_columns(logsoftmax_back, log_y, dy), dtype, size=size)
    dy = dy[:, :1]
    da = kernels.logsumexp_back(host(x), host(dy), 1, True)
    check(da, p * exact(dy), dtype, size=p * np.abs(exact(dy)))
    assert len(launches) == 6


@pytest.mark.parametrize("schedule", range(4))
@pytest.mark.parametrize("shape", [(3, 5, 40), (2, 40, 6), (1, 700, 16)])
def test_each_order_of_warps_gives_the_same_columns(simulator, shape, schedule):
    x, dy = host(random(*shape)), host(random(*shape, seed=1))

    def results():
        y, back = gg.pullback(lambda x: gg.softmax(x, axis=1), x)
        return [numpy_of(a).copy() for a in (y, back(dy)[1], S.logsumexp(x, axis=1))]

    first = results()
    simulator.schedule = schedule
    for actual, expected in zip(results(), first, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_of_arrays_that_begin_anywhere(simulator, dtype):
    """There are no vectors of 16 bytes where one array is not aligned."""
    x, dy = (random(1 + 7 * 16, dtype=dtype, scale=1, seed=seed) for seed in range(2))
    (a, b), (da, db) = ((host(z)[1:].reshape(7, 16), z[1:].reshape(1, 7, 16)) for z in (x, dy))
    check(gg.softmax(a, axis=0), along_columns(softmax, b)[0], dtype)
    dx = kernels.softmax_back(host(b[0]), da, 0)
    check(dx, along_columns(softmax_back, b, db)[0], dtype, size=50)
    dx = kernels.logsumexp_back(host(b[0]), da[0], 0, False)
    check(dx, along_columns(softmax, b)[0] * exact(db[0, 0]), dtype)


SHAPES = [
    ((7,), -1),
    ((7,), 0),
    ((4, 5), 0),
    ((2, 3, 4), 1),
    ((2, 3, 4), -3),
    ((2, 3, 4), 2),
    ((1, 1), 0),
]


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax], ids=lambda f: f.name)
def test_pullback_over_each_axis(simulator, launches, f, shape, axis):
    x, dy = random(*shape, dtype=np.float64), random(*shape, dtype=np.float64, seed=1)
    y, back = gg.pullback(lambda x: f(x, axis=axis), host(x))
    dx = back(host(dy))[1]
    assert len(launches) == 2
    expected, expected_back = gg.pullback(lambda x: f(x, axis=axis), x)
    for actual, right in ((y, expected), (dx, expected_back(dy)[1])):
        assert actual.flags.c_contiguous
        np.testing.assert_allclose(numpy_of(actual), right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_pullback_of_logsumexp(simulator, launches, shape, axis, keepdims):
    def f(a):
        return S.logsumexp(a, axis, keepdims=keepdims)

    a = random(*shape, dtype=np.float64)
    expected, expected_back = gg.pullback(f, a)
    dy = random(*expected.shape, dtype=np.float64, seed=1)
    y, back = gg.pullback(f, host(a))
    da = back(host(dy))[1]
    assert len(launches) == 2
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-12)
    np.testing.assert_allclose(numpy_of(da), expected_back(dy)[1], rtol=1e-12)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax, S.logsumexp], ids=lambda f: f.name)
def test_array_with_gaps(simulator, f):
    x = random(6, 8, dtype=np.float64)
    for view in (lambda a: a[::2], lambda a: a[:, ::3], lambda a: a.T):
        actual = numpy_of(f(view(host(x)), axis=-1))
        np.testing.assert_allclose(actual, f(view(x), axis=-1), rtol=1e-12)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax, S.logsumexp], ids=lambda f: f.name)
def test_what_kernels_decline(simulator, f):
    x = random(2, 3, 4, dtype=np.float64)
    np.testing.assert_allclose(numpy_of(f(host(x), axis=(0, 2))), f(x, axis=(0, 2)), rtol=1e-12)
    assert f(host(np.zeros((0, 3))), axis=1).shape == f(np.zeros((0, 3)), axis=1).shape


def test_factors_of_logsumexp_have_a_gradient(simulator):
    a, b = random(3, 4, dtype=np.float64), np.abs(random(3, 4, dtype=np.float64, seed=1))
    y, back = gg.pullback(lambda a, b: S.logsumexp(a, -1, b), host(a), host(b))
    expected, expected_back = gg.pullback(lambda a, b: S.logsumexp(a, -1, b), a, b)
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-12)
    ones = np.ones(3)
    for actual, right in zip(back(host(ones))[1:], expected_back(ones)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(actual), right, rtol=1e-12)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax, S.logsumexp], ids=lambda f: f.name)
def test_sensitivity_of_another_data_type(simulator, f):
    """The kernel declines it, and the rule of all arrays answers."""
    x, dy = random(3, 4), np.ones_like(f(random(3, 4), axis=-1), dtype=np.float64)
    options = {} if f is S.logsumexp else {"axis": -1}
    args = (-1,) if f is S.logsumexp else ()
    _, back = gg.rrule(f, host(x), *args, **options)
    _, expected_back = gg.rrule(f, x, *args, **options)
    dx = numpy_of(back(host(dy))[1])
    np.testing.assert_allclose(dx, expected_back(dy)[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax, S.logsumexp], ids=lambda f: f.name)
def test_second_derivatives_go_by_the_rules_of_all_arrays(simulator, f):
    x, v = random(2, 3, dtype=np.float64), random(2, 3, dtype=np.float64, seed=1)

    def slope(x, v):
        return gg.grad(lambda x: (f(x, axis=-1) ** 2).sum())(x) * v

    def curvature(x, v):
        return gg.grad(lambda x: slope(x, v).sum())(x)

    actual = numpy_of(curvature(host(x), host(v)))
    np.testing.assert_allclose(actual, curvature(x, v), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax, S.logsumexp], ids=lambda f: f.name)
def test_recorded_sensitivity(simulator, f):
    """The pullback is linear: what it does to a recorded sensitivity has a gradient."""
    x = random(2, 3, dtype=np.float64)
    dy, v = np.ones_like(f(x, axis=-1)), random(2, 3, dtype=np.float64, seed=1)

    def along(x, dy, v):
        _, back = gg.pullback(lambda x: f(x, axis=-1), x)
        return gg.grad(lambda dy: (back(dy)[1] * v).sum())(dy)

    actual = numpy_of(along(host(x), host(dy), host(v)))
    np.testing.assert_allclose(actual, along(x, dy, v), rtol=1e-10, atol=1e-12)


def test_array_on_another_device(simulator, monkeypatch):
    monkeypatch.setattr(simulator, "device", lambda: 1)
    for f in (gg.softmax, gg.logsoftmax, S.logsumexp):
        with pytest.raises(DeviceError, match="an array is on device 0"):
            f(host(random(2, 3)), axis=-1)


@pytest.mark.parametrize("f", [gg.softmax, gg.logsoftmax])
def test_rows_are_along_the_last_axis_by_default(simulator, f):
    x, dy = random(2, 3, 4, dtype=np.float64), random(2, 3, 4, dtype=np.float64)
    _, back = gg.pullback(f, host(x))
    _, expected = gg.pullback(f, x)
    np.testing.assert_allclose(numpy_of(back(host(dy))[1]), expected(dy)[1], atol=1e-15)


@pytest.mark.parametrize("inner", [1, 2, 3])
def test_few_long_columns_are_left_to_functions_that_share_them_out(simulator, inner):
    """The simulator has three multiprocessors, which three columns occupy."""
    x = host(np.linspace(-3, 3, 9000 * inner, dtype=np.float32).reshape(9000, inner))
    declined = kernels.softmax(x, axis=0) is NotImplemented
    assert declined == (inner < 3)
    y, back = gg.pullback(lambda x: gg.softmax(x, axis=0), x)
    dx = back(x)[1]
    expected, exact_back = gg.pullback(lambda x: gg.softmax(x, axis=0), numpy_of(x).astype(float))
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-5)
    near = exact_back(numpy_of(x).astype(float))[1]
    np.testing.assert_allclose(numpy_of(dx), near, rtol=0, atol=1e-4 * np.abs(near).max())
