"""A primitive: its name, its pickle, and what it computes of Python's numbers."""

import math
import pickle

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions, xp

# --- Names -----------------------------------------------------------------------------------


def test_primitives_have_a_name_and_a_repr():
    assert (xp.sin.__name__, repr(xp.sin)) == ("sin", "<gpugrad function sin>")
    assert repr(gg.softmax) == "<gpugrad function softmax>"


@pytest.mark.parametrize("f", [xp.sin, functions.getitem, gg.relu, gg.softmax, gg.mse])
def test_primitives_pickle(f):
    assert pickle.loads(pickle.dumps(f)) is f


# --- Calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [2.0, 2, True, 1 + 2j])
def test_functions_of_pythons_numbers_are_pythons(x):
    for f in (xp.sin, xp.exp, xp.square):
        assert type(f(x)) in (float, complex, int)
        assert f(x) == pytest.approx(getattr(np, f.name)(x))


def test_overflow_of_numbers_is_that_of_arrays():
    assert xp.exp(1e4) == math.inf
    assert math.isnan(xp.log(-1.0))
    assert gg.grad(xp.exp)(1e4) == math.inf


def test_rows_are_taken_of_arrays_of_the_standard_whose_operator_refuses_to():
    strict = pytest.importorskip("array_api_strict")
    x, index = strict.reshape(strict.arange(6), (3, 2)), strict.asarray([2, 0, 2])
    assert functions.getitem(x, index).shape == functions.getitem(x, (index,)).shape == (3, 2)
