"""Numbers, lists and tuples as arguments where arrays are more usual."""

import enum

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from gpugrad.errors import ArgumentError
from tests.gradients import check

V = np.array([0.5, 1.5, 2.5])

CALLS = {
    "repeat by a NumPy integer": lambda x: np.repeat(x, np.int64(2)) ** 2,
    "repeat by a list": lambda x: np.repeat(x, [1, 0, 2]) ** 2,
    "repeat by an array of one": lambda x: np.repeat(x, np.array([2])) ** 2,
    "tile by a NumPy integer": lambda x: np.tile(x, np.int64(2)) ** 2,
    "tile by an array": lambda x: np.tile(x, np.array([2, 1])) ** 2,
    "tensordot over a NumPy integer": lambda x: np.tensordot(x, x, axes=np.int64(1)),
    "tensordot over NumPy integers": lambda x: np.tensordot(x, x, (np.int64(0), np.int64(0))),
    "diff with a number before": lambda x: np.diff(x, prepend=1.0) ** 2,
}


@pytest.mark.parametrize("f", CALLS.values(), ids=CALLS.keys())
def test_calls(f):
    check(f, V)


def test_where_of_a_list_says_what_it_expects():
    with pytest.raises(ArgumentError, match="where: expected an array or a number, got list"):
        gg.pullback(lambda x: np.where(x > 0, x, [1.0, 2.0, 3.0]), V)


@pytest.mark.parametrize("x", [3.0, V], ids=["number", "array"])
def test_numbers_of_classes_derived_from_pythons(x):
    class Order(enum.IntEnum):
        SECOND = 2

    _, back = gg.pullback(lambda x: x**Order.SECOND * Order.SECOND, x)
    assert_allclose(back(1.0)[1], 4 * x)


def test_facts_take_recorded_arrays_by_keyword():
    assert gg.grad(lambda x: np.sum(x) * np.allclose(x, b=x) * np.shape(a=x)[0])(V)[0] == 3.0
