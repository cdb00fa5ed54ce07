"""Indices that name a place more than once."""

import numpy as np
import pytest

from tests.gradients import check

X = np.array([[1.5, -0.3, 2.2], [0.7, 3.1, -1.2]])

REPEATED = {
    "list": [1, 0, 1],
    "tuple of a tuple": ((0, 0),),
    "tuples": ((0, 0), (1, 1)),
    "integer and list": (1, [2, 2]),
    "arrays": (np.array([0, 0, 1]), np.array([1, 1, 1])),
    "array and slice": (np.array([0, 0]), slice(1, 3)),
    "new axis": (None, [0, 0]),
    "range": range(2),
}


@pytest.mark.parametrize("index", REPEATED.values(), ids=REPEATED.keys())
def test_taking_a_place_more_than_once(index):
    def f(x):
        y = x[index]
        return y * y * (1 + np.arange(y.size).reshape(y.shape))

    check(f, X)


@pytest.mark.parametrize("index", REPEATED.values(), ids=REPEATED.keys())
def test_of_what_is_assigned_to_one_place_the_last_stays(index):
    def f(x):
        y = x * 1.0
        v = x[index] * (1 + np.arange(x[index].size).reshape(x[index].shape))
        y[index] = v
        return y * y

    check(f, X)
