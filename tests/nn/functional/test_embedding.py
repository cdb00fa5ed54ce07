"""Gather and scatter against loops; ties, empty segments, zeros in products; bad input."""

import functools
import operator

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError

RNG = np.random.default_rng(0)
IDS = np.array([3, 0, 3, 1, 0, 3])


def test_gather_is_take():
    table = RNG.normal(size=(3, 4, 2))
    indices = np.array([[2, 0, -1], [1, 1, 0]])
    for axis in (0, 1, 2, -1):
        index = indices % table.shape[axis]
        np.testing.assert_array_equal(
            nn.gather(table, index, axis=axis), np.take(table, index, axis=axis)
        )
    np.testing.assert_array_equal(nn.gather(table, indices), table[indices])


def test_rows_that_are_taken_twice_collect_their_gradients():
    table = np.zeros((4, 2))
    gradient = gg.grad(lambda t: gg.xp.sum(nn.embedding(t, np.array([[2, 0], [2, 2]]))))(table)
    np.testing.assert_array_equal(gradient, [[1, 1], [0, 0], [3, 3], [0, 0]])


def test_padding_token_has_a_vector_and_no_gradient():
    table = RNG.normal(size=(3, 2))
    tokens = np.array([1, 0, 1, 2])
    y, back = gg.pullback(lambda t: nn.embedding(t, tokens, padding_idx=1), table)
    np.testing.assert_array_equal(y, table[tokens])
    np.testing.assert_array_equal(back(np.ones_like(y))[1], [[1, 1], [0, 0], [1, 1]])


OPERATIONS = {
    "+": (np.sum, 0.0),
    "*": (np.prod, 1.0),
    "max": (np.max, -np.inf),
    "min": (np.min, np.inf),
    "mean": (np.mean, 0.0),
}
SEGMENTS = {
    "+": nn.segment_sum,
    "*": nn.segment_prod,
    "max": nn.segment_max,
    "min": nn.segment_min,
    "mean": nn.segment_mean,
}


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("rest", [(), (2,), (2, 3)])
def test_scatter_is_what_loops_compute(op, rest):
    reduce, empty = OPERATIONS[op]
    src = RNG.normal(size=(6, *rest))
    expected = [
        reduce(src[i == IDS], axis=0) if i in IDS else np.full(rest, empty) for i in range(5)
    ]
    np.testing.assert_allclose(nn.scatter(op, src, IDS, 5), expected)
    np.testing.assert_allclose(SEGMENTS[op](src, IDS, 5), expected)
    np.testing.assert_allclose(nn.scatter(op, src, np.where(IDS == 3, -2, IDS), 5), expected)
    folded = nn.scatter(op, src.reshape(2, 3, *rest), IDS.reshape(2, 3), 5)
    np.testing.assert_allclose(folded, expected)


@pytest.mark.parametrize("op", OPERATIONS)
def test_scatter_of_nothing_is_the_neutral_element(op):
    y = nn.scatter(op, np.ones((0, 2)), IDS[:0], 3)
    np.testing.assert_array_equal(y, np.full((3, 2), OPERATIONS[op][1]))


def test_operations_go_by_the_names_of_python():
    src = RNG.normal(size=6)
    for f, name in [(operator.add, "+"), (operator.mul, "*"), (max, "max"), (min, "min")]:
        np.testing.assert_array_equal(nn.scatter(f, src, IDS, 4), nn.scatter(name, src, IDS, 4))


@pytest.mark.parametrize("op", ["max", "min"])
def test_ties_are_split_evenly(op):
    src = np.array([2.0, 1.0, 2.0, 1.0, 2.0, 1.0]) * (1 if op == "max" else -1)
    ids = np.array([0, 0, 0, 1, 2, 1])
    y, back = gg.pullback(functools.partial(nn.scatter, op, indices=ids, length=4), src)
    dy = np.array([6.0, 8.0, 5.0, 7.0])
    np.testing.assert_array_equal(back(dy)[-1], [3, 0, 3, 4, 5, 4])
    assert np.isinf(y[3])


@pytest.mark.parametrize("zeros", [[], [0], [0, 2], [1], [0, 2, 5]])
def test_gradient_of_a_product_is_exact_at_zeros(zeros):
    src = np.arange(2.0, 8.0)
    src[zeros] = 0

    def others(i):
        same = [j for j in range(6) if IDS[j] == IDS[i] and j != i]
        return np.prod(src[same])

    gradient = gg.grad(lambda x: gg.xp.sum(nn.scatter("*", x, IDS, 4)))(src)
    np.testing.assert_array_equal(gradient, [others(i) for i in range(6)])


def test_second_derivative_of_a_product_is_exact_at_zeros():
    ids = np.zeros(3, int)

    def slope(x):
        return gg.xp.sum(gg.grad(lambda x: nn.scatter("*", x, ids, 1)[0])(x) * np.array([1, 2, 4]))

    np.testing.assert_array_equal(gg.grad(slope)(np.array([0.0, 0.0, 5.0])), [10, 5, 0])


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_data_types_stay(dtype):
    src = np.ones((6, 2), dtype)
    assert {nn.scatter(op, src, IDS, 5).dtype for op in OPERATIONS} == {np.dtype(dtype)}
    assert nn.embedding(src, IDS).dtype == dtype


def test_one_hot():
    y = nn.one_hot(np.array([[1, 0], [2, 7]]), 3, dtype=np.float32)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [[[0, 1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 0]]])


def test_one_hot_on_other_libraries(library):
    y = nn.one_hot(library.asarray(np.array([1, 0])), 2, dtype=np.float32)
    np.testing.assert_array_equal(library.to_numpy(y), [[0, 1], [1, 0]])
    assert y.dtype == library.dtype(np.float32)


TABLE = np.ones((3, 2))
REFUSED = [
    (lambda: nn.gather(TABLE, np.ones(2)), r"indices are an array of integers, got float64"),
    (lambda: nn.gather(TABLE, 1), r"indices are an array of integers, got int"),
    (lambda: nn.gather(TABLE, IDS, axis=2), r"a table of shape \(3, 2\) has no axis 2"),
    (lambda: nn.embedding(np.ones(3), IDS), r"\(tokens, features\), got \(3,\)"),
    (lambda: nn.scatter("+", TABLE, IDS, 4), r"indices of shape \(6,\).*got \(3, 2\)"),
    (lambda: nn.scatter("/", TABLE, IDS[:3], 4), r"one of '\+', '\*', 'max'.*got '/'"),
    (lambda: nn.scatter("max", IDS, IDS, 4), r'"max" is of real floating values, got int64'),
    (lambda: nn.scatter("+", TABLE, np.ones(3), 4), r"scatter: indices are .* got float64"),
    (lambda: nn.one_hot(np.ones(3), 4), r"one_hot: indices are .* got float64"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32])
def test_small_integers_reach_beyond_their_own_range(dtype):
    indices = np.array([100, 3, 100], dtype)
    expected = np.zeros(300)
    expected[[3, 100]] = 2, 5
    np.testing.assert_array_equal(nn.scatter("+", np.array([1.0, 2, 4]), indices, 300), expected)


def test_padding_counts_from_the_end_too():
    table = np.ones((5, 2))
    for indices, token in ((np.array([4, 1]), -1), (np.array([-1, 1]), 4)):
        dtable = gg.grad(lambda t, i=indices, p=token: np.sum(nn.embedding(t, i, padding_idx=p)))(
            table
        )
        np.testing.assert_array_equal(dtable[:, 0], [0, 1, 0, 0, 0])
