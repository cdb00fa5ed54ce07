"""Rows of a table by their numbers, and back, against NumPy."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.kernels import embedding
from tests.host_cupy import host, numpy_of

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
INTEGERS = [np.int32, np.int64]
TOKENS = 20


def random(*shape, dtype=np.float32):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def numbers(*shape, dtype=np.int64):
    """Return numbers of rows, from the start and from the end, that repeat."""
    return np.random.default_rng(1).integers(-TOKENS, TOKENS, shape).astype(dtype)


def scattered(values, indices, shape):
    out = np.zeros(shape)
    np.add.at(out, indices, values.astype(float))
    return out


def check_sums(actual, values, indices):
    """Compare sums with those of double precision, of which each addition rounds once."""
    actual = numpy_of(actual)
    assert actual.dtype == values.dtype
    expected = scattered(values, indices, actual.shape)
    stored = ml_dtypes.finfo(values.dtype).eps
    computed = min(stored, np.finfo(np.float32).eps)
    terms = scattered(np.abs(values), indices, actual.shape)
    bound = stored * np.abs(expected) + len(np.ravel(indices)) * computed * terms
    assert np.all(np.abs(actual.astype(float) - expected) <= bound)


WIDTHS = [1, 2, 3, 8, 10, 31, 33, 512]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_rows(simulator, count, width):
    table, indices = random(TOKENS, width), numbers(count)
    simulator.schedule = (count + width) % 4
    y = embedding.gather_rows(host(table), host(indices))
    np.testing.assert_array_equal(numpy_of(y), table[indices])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_sums_of_rows(simulator, count, width):
    values, indices = random(count, width), numbers(count)
    simulator.schedule = (count + width) % 4
    y = embedding.scatter_add_rows(host(values), host(indices), (TOKENS, width))
    check_sums(y, values, indices)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("integer", INTEGERS)
@pytest.mark.parametrize("rest", [(), (8,), (3, 5)])
def test_each_type(simulator, dtype, integer, rest):
    table, indices = random(TOKENS, *rest, dtype=dtype), numbers(7, 3, dtype=integer)
    y = numpy_of(embedding.gather_rows(host(table), host(indices)))
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, table[indices])
    values = random(7, 3, *rest, dtype=dtype)
    check_sums(
        embedding.scatter_add_rows(host(values), host(indices), table.shape), values, indices
    )


def test_more_rows_than_threads(simulator):
    table, indices = random(TOKENS), numbers(100_000)
    y = embedding.gather_rows(host(table), host(indices))
    np.testing.assert_array_equal(numpy_of(y), table[indices])
    dy = np.ones(100_000, np.float32)
    sums = embedding.scatter_add_rows(host(dy), host(indices), (TOKENS,))
    np.testing.assert_array_equal(numpy_of(sums), np.bincount(indices % TOKENS))


def test_sums_of_halves_are_computed_in_single_precision(simulator):
    values = np.ones((4096, 2), np.float16)  # halves stop at 2048: there one more is half a step
    y = embedding.scatter_add_rows(host(values), host(np.zeros(4096, int)), (3, 2))
    np.testing.assert_array_equal(numpy_of(y), [[4096, 4096], [0, 0], [0, 0]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [3, 8])
def test_row_out_of_range_is_nan_and_adds_to_none(simulator, dtype, width):
    table = random(TOKENS, width, dtype=dtype)
    indices = np.array([0, TOKENS, -TOKENS, -TOKENS - 1, 2**40, -(2**40), np.iinfo(int).min, -1])
    y = numpy_of(embedding.gather_rows(host(table), host(indices)))
    inside = np.array([0, 2, 7])
    np.testing.assert_array_equal(y[inside], table[[0, 0, -1]])
    assert np.isnan(np.delete(y, inside, 0).astype(float)).all()
    ones = np.ones((len(indices), width), dtype)
    sums = numpy_of(embedding.scatter_add_rows(host(ones), host(indices), table.shape))
    expected = np.zeros((TOKENS, width))
    expected[0], expected[-1] = 2, 1
    np.testing.assert_array_equal(sums.astype(float), expected)


@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}])
def test_token_out_of_range_is_seen_in_its_vector(simulator, options):
    table, tokens = host(random(TOKENS, 4)), host(np.array([[1, TOKENS], [-TOKENS - 1, 2]]))
    y, back = gg.pullback(lambda t: gg.nn.embedding(t, tokens, **options), table)
    np.testing.assert_array_equal(np.isnan(numpy_of(y)).all(-1), [[False, True], [True, False]])
    (dtable,) = back(host(np.ones((2, 2, 4), np.float32)))[1:]
    np.testing.assert_array_equal(np.nonzero(numpy_of(dtable)[:, 0])[0], [1, 2])


def test_extreme_values_are_copied(simulator):
    table = np.array([[np.inf, -np.inf, np.nan, 1e-45], [-0.0, 3e38, 1, -1]], np.float32)
    y = numpy_of(embedding.gather_rows(host(table), host(np.array([1, 0]))))
    np.testing.assert_array_equal(y.view(np.int32), table[[1, 0]].view(np.int32))


# --- Tables that do not lie in one piece -----------------------------------------------------

VIEWS = {
    "the second half of each row": lambda x: x[:, 8:],
    "from the second column on": lambda x: x[:, 1:],
    "each second row": lambda x: x[::2],
    "backwards": lambda x: x[::-1],
    "one column": lambda x: x[:, 3],
    "from the second row on": lambda x: x[1:],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("width", [16, 17])
def test_rows_of_a_view(simulator, view, width):
    table = random(2 * TOKENS, width)
    indices = np.arange(-TOKENS, TOKENS)
    y = embedding.gather_rows(view(host(table)), host(indices))
    np.testing.assert_array_equal(numpy_of(y), view(table)[indices])


def test_table_with_gaps_in_its_rows_is_left_to_cupy(simulator):
    table, indices = random(TOKENS, 8), numbers(5)
    assert embedding.gather_rows(host(table)[:, ::2], host(indices)) is NotImplemented
    assert embedding.gather_rows(host(table).T, host(indices % 8)) is NotImplemented
    np.testing.assert_array_equal(
        numpy_of(F.take(host(table)[:, ::2], host(indices), axis=0)), table[:, ::2][indices]
    )


def test_strided_numbers_and_values(simulator):
    table, indices, values = random(TOKENS, 4), numbers(6, 4), random(12, 4, 3)
    y = embedding.gather_rows(host(table), host(indices).T)
    np.testing.assert_array_equal(numpy_of(y), table[indices.T])
    sums = embedding.scatter_add_rows(host(values)[::2].T, host(indices).T[:, 0], (TOKENS, 4, 6))
    assert sums is NotImplemented
    sums = embedding.scatter_add_rows(host(values)[::2], host(indices)[:, 0], (TOKENS, 4, 3))
    check_sums(sums, values[::2], indices[:, 0])


# --- In place of CuPy's functions ------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x, i: F.take(x, i, axis=0),
        lambda x, i: F.take(x, i, axis=-2),
        lambda x, i: F.take(x[:, 0], i),
        lambda x, i: F.getitem(x, i),
        lambda x, i: F.scatter_add(x[i], i, (TOKENS, 5)),
        lambda x, i: F.scatter_add(x[i], (i,), (TOKENS, 5)),
    ],
)
def test_function_of_rows(simulator, f):
    x, i = random(TOKENS, 5), numbers(9)
    np.testing.assert_allclose(numpy_of(f(host(x), host(i))), f(x, i), rtol=1e-5, atol=1e-6)
    if f(x, i).shape[0] == 9:
        assert np.isnan(numpy_of(f(host(x), host(i + 2 * TOKENS)))).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda x, i: F.take(x, i % 5, axis=1),
        lambda x, i: F.take(x, i),
        lambda x, i: F.getitem(x, (slice(None), i % 5)),
        lambda x, i: F.getitem(x, (i, i % 5)),
        lambda x, i: F.getitem(x, slice(2, 5)),
        lambda x, i: F.getitem(x, 3),
        lambda x, i: F.getitem(x, x > 0),
        lambda x, i: F.getitem(x.astype(int), i),
        lambda x, i: F.getitem(x, i.astype(np.int16)),
        lambda x, i: F.scatter_add(x[:, 0], slice(0, 40, 2), (40,)),
        lambda x, i: F.scatter_add(x[0], i[:5], (TOKENS, 5)),
    ],
)
def test_other_calls_are_left_to_cupy(simulator, monkeypatch, f):
    monkeypatch.setattr(embedding, "new", None)
    x, i = random(TOKENS, 5), numbers(9)
    np.testing.assert_allclose(numpy_of(f(host(x), host(i))), f(x, i), rtol=1e-6)


# --- Gradients -------------------------------------------------------------------------------

USES = {
    "index": lambda table, i: table[i],
    "take": lambda table, i: gg.xp.take(table, i, axis=0),
    "gather": gg.nn.gather,
    "embedding": gg.nn.embedding,
    "embedding with padding": lambda table, i: gg.nn.embedding(table, i, padding_idx=3),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("integer", INTEGERS)
def test_gradient(simulator, use, integer):
    table, i, dy = random(TOKENS, 6), numbers(4, 5, dtype=integer), random(4, 5, 6)
    y, back = gg.pullback(lambda t: use(t, host(i)), host(table))
    expected, expected_back = gg.pullback(lambda t: use(t, i), table.astype(float))
    np.testing.assert_array_equal(numpy_of(y), expected.astype(np.float32))
    (dtable,) = back(host(dy))[1:]
    assert dtable.dtype == np.float32
    np.testing.assert_allclose(
        numpy_of(dtable), expected_back(dy.astype(float))[1], rtol=1e-5, atol=1e-6
    )


def test_gradient_of_one_number(simulator):
    table, i = random(TOKENS), numbers(50)
    (dtable,) = gg.pullback(lambda t: t[host(i)], host(table))[1](1.0)[1:]
    np.testing.assert_array_equal(numpy_of(dtable), np.bincount(i % TOKENS, minlength=TOKENS))


def test_second_derivative(simulator):
    table, i, v = random(TOKENS, 3), numbers(8), random(TOKENS, 3)[::-1].copy()

    def f(table, i):
        return F.sum(table[i] ** 3)

    def directional(table, i, v):
        return F.sum(gg.grad(f)(table, i) * v)

    expected = gg.grad(directional)(table.astype(float), i, v.astype(float))
    actual = gg.grad(directional)(host(table), host(i), host(v))
    np.testing.assert_allclose(numpy_of(actual), expected, rtol=1e-5)
    _, expected = gg.pushforward(lambda t: t[i] ** 2, (table.astype(float),), (v.astype(float),))
    _, moved = gg.pushforward(lambda t: t[host(i)] ** 2, (host(table),), (host(v),))
    np.testing.assert_allclose(numpy_of(moved), expected, rtol=1e-5)
