"""The recorded value in Python: its operators, and what Python asks of it."""

import math
import operator

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp
from gpugrad.errors import ConversionError
from tests.gradients import gradients
from tests.tracing.checked import M, N, V, check, recorded


def test_a_recorded_array_stays_on_its_device():
    x = np.array([1.0, 2.0])
    assert_array_equal(gg.grad(lambda x: xp.sum(x.to_device(x.device) ** 2))(x), 2 * x)
    with pytest.raises(ConversionError, match="Move it before"):
        gg.pullback(lambda x: x.to_device("elsewhere"), x)


def test_dividing_in_place_to_whole_numbers_leaves_no_gradient_of_what_was_there():
    def f(x):
        y = x * 2
        z = y
        y //= 3.0
        assert z is y
        return xp.sum(y * x)

    x = np.array([1.0, 2.0, 5.0])
    y, gradient = gg.value_and_grad(f)(x)
    assert y == np.sum(2 * x // 3 * x)
    assert_array_equal(gradient, 2 * x // 3)


def test_a_recorded_array_is_no_index():
    with pytest.raises(ConversionError, match=r"int\(x\)"):
        gg.pullback(lambda x: [1.0, 2.0][x] * x, 1.0)


# --- Operators -------------------------------------------------------------------------------

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
]
named = pytest.mark.parametrize("op", ARITHMETIC, ids=lambda op: op.__name__)


@named
def test_arithmetic_of_recorded_arrays(op):
    check(op, M, N + (op is operator.mod) * 4)
    check(op, M, V + (op is operator.mod) * 4)


@named
@pytest.mark.parametrize(
    "other", [3.25, 4, np.float64(3.25), np.array(3.25), V + 4, np.arange(2, 6)]
)
def test_arithmetic_with_what_is_not_recorded_on_either_side(op, other):
    other = other if op is not operator.mod else other + 4
    check(lambda x: op(x, other), M)
    check(lambda x: op(other, x), M)


@named
def test_arithmetic_of_recorded_numbers(op):
    check(op, 1.25, 3.5)
    check(lambda x: op(x, 3), 1.25)
    check(lambda x: op(3, x), 1.25)
    check(lambda x: op(np.float64(3.5), x), 1.25)
    check(lambda x: op(x, np.float64(3.5)), 1.25)


@named
def test_arithmetic_of_a_recorded_number_with_an_array(op):
    check(lambda x: op(x, M), 2.25)
    check(lambda x: op(M, x), 2.25)


@pytest.mark.parametrize("f", [operator.neg, operator.pos, abs])
def test_unary_operators(f):
    check(f, M - 1)
    check(f, -2.5)


@pytest.mark.parametrize(("a", "b"), [(M, N.T), (M, V), (V, N.T), (V, V), (np.stack([M, N]), N.T)])
def test_matrix_product_on_either_side(a, b):
    check(operator.matmul, a, b)
    check(lambda x: x @ b, a)
    check(lambda x: a @ x, b)


@pytest.mark.parametrize(
    "op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
)
@pytest.mark.parametrize("other", [V, 1.0, np.float64(1.0)])
def test_comparisons_are_constants_on_either_side(op, other):
    def f(x):
        for found, expected in ((op(x, other), op(M, other)), (op(other, x), op(other, M))):
            assert found.level.constant
            assert type(found.value) is np.ndarray
            assert_array_equal(found, expected)
        assert_array_equal(op(x, x), op(M, M))
        return x

    recorded(f, M)


def test_floor_division_has_no_gradient():
    y, back = gg.pullback(lambda x: (x // 0.5, 3 // x), M)
    assert_array_equal(y[0], M // 0.5)
    assert_array_equal(y[1], 3 // M)
    assert back((M, M)) == (None, None)


# --- Recorded arrays in Python ---------------------------------------------------------------

VECTOR = np.array([1.0, 2.0, 4.0])


def test_iteration_and_unpacking():
    def f(v):
        a, b, c = v
        total = a * b * c
        for x in v:
            total = total + x * x
        first, *rest = v
        return total + first * rest[1]

    assert_array_equal(gradients(f, VECTOR)[1], [8 + 2 + 4, 4 + 4, 2 + 8 + 1])


def test_iteration_over_rows():
    def f(m):
        total = 0.0
        for i, row in enumerate(m):
            total = total + (i + 1) * xp.sum(row * row)
        return total

    x = np.arange(6.0).reshape(3, 2)
    assert_array_equal(gradients(f, x)[1], 2 * x * [[1], [2], [3]])


def test_zip_reversed_enumerate_and_in():
    def f(v):
        total = 0.0
        for a, b in zip(v, reversed(list(v)), strict=True):
            total = total + a * b
        return total if 4.0 in v else 0.0 * total

    assert_array_equal(gradients(f, VECTOR)[1], [8, 4, 2])


def test_reversed_array():
    assert_array_equal(gradients(lambda v: next(reversed(v)) ** 2, VECTOR)[1], [0, 0, 8])


def test_len_bool_float_int():
    def f(x, v):
        assert x
        assert len(v) == 3
        assert (float(x), int(x), round(x, 1), complex(x)) == (2.5, 2, 2.5, 2.5)
        assert isinstance(float(x), float)
        assert (math.floor(x), math.ceil(x)) == (2, 3)
        return x * len(v) * float(x)

    assert gradients(f, 2.5, VECTOR) == (None, 7.5, None)


def test_indexing_a_list_by_a_recorded_integer():
    table = ["a", "b", "c"]

    def f(x):
        return x * (2.0 if table[int(x)] == "b" else 3.0)

    assert gradients(f, 1.0)[1] == 2.0


def test_comparisons_are_constants():
    def f(x, v):
        assert (x > 1, x >= 2.0, x < 1, x <= 1, x == 2.0, x != 2.0) == (1, 1, 0, 0, 1, 0)
        assert (v > 1.5).level.constant
        return xp.sum(v[v > 1.5]) * x

    _, dx, dv = gradients(f, 2.0, VECTOR)
    assert dx == 6.0
    assert_array_equal(dv, [0, 2, 2])


def test_sorted_and_comparison_of_recorded_numbers():
    assert gradients(lambda xs: sorted(xs)[0] * 3, [3.0, 1.0, 2.0])[1] == [None, 3.0, None]


def test_builtin_sum_abs_pow_divmod():
    def f(v):
        return sum(v) + abs(-v[0]) + pow(v[1], 2) + v[2] % 3.0

    assert_array_equal(gradients(f, VECTOR)[1], [2, 5, 2])
