"""Which function of gpugrad's is meant by a function of another library."""

import cmath
import math
import operator
import sys
import types
import weakref

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions, xp
from gpugrad.dispatch import recognition
from gpugrad.dispatch.declare import function
from gpugrad.dispatch.primitive import BY_NAME, Primitive
from gpugrad.dispatch.recognition import primitive_of

ALIASES = {
    xp.cos: (np.cos, math.cos, cmath.cos, functions.cos),
    xp.acos: (np.arccos, np.acos, math.acos),
    xp.abs: (abs, operator.abs, np.abs, np.absolute, math.fabs),
    xp.multiply: (operator.mul, operator.imul, np.multiply),
    xp.divide: (operator.truediv, np.divide, np.true_divide),
    xp.pow: (pow, operator.pow, math.pow, np.power, np.pow),
    xp.remainder: (operator.mod, np.mod, np.remainder),
    xp.matmul: (operator.matmul, np.matmul),
    xp.concat: (np.concatenate, np.concat),
    xp.permute_dims: (np.transpose, np.permute_dims),
    xp.cumulative_sum: (np.cumsum, np.cumulative_sum),
    xp.max: (np.max, np.amax),
    xp.conj: (np.conj, np.conjugate),
    functions.getattr: (getattr,),
    functions.getitem: (operator.getitem,),
}


@pytest.mark.parametrize("f", ALIASES, ids=lambda f: f.name)
def test_all_names_find_the_same_primitive(f):
    assert type(f) is Primitive
    assert {primitive_of(alias) for alias in (f, *ALIASES[f])} == {f}


def test_rrule_finds_the_same_rule_by_all_names():
    found = {gg.rrule(f, 0.6)[1](1.0) for f in (np.cos, math.cos, xp.cos)}
    assert found == {(None, -math.sin(0.6))}
    assert gg.rrule(operator.mul, 2.0, 3.0)[1](1.0) == gg.rrule(xp.multiply, 2.0, 3.0)[1](1.0)


def test_functions_of_another_library_find_it_too():
    strict = pytest.importorskip("array_api_strict")
    assert primitive_of(strict.cos) is xp.cos
    assert primitive_of(strict.permute_dims) is xp.permute_dims
    y, back = gg.rrule(strict.sin, strict.asarray([0.5, 1.0]))
    assert type(y) is type(strict.asarray(0.0))
    assert float(back(strict.ones(2))[1][0]) == math.cos(0.5)


def test_the_pullback_of_another_librarys_function():
    strict = pytest.importorskip("array_api_strict")
    y, back = gg.pullback(strict.cos, 0.6)
    assert (y, back(1.0)) == (math.cos(0.6), (None, -math.sin(0.6)))


def test_functions_of_ones_own_are_not_mistaken_for_them():
    def power(x, n):
        return x * n * 100.0

    def cos(x):
        return 3 * x

    power.__module__ = "array_api_strict"
    assert primitive_of(power) is primitive_of(cos) is None
    assert gg.grad(power)(2.0, 3.0) == 300.0
    assert gg.grad(cos)(2.0) == 3.0
    assert gg.pullback(cos, 2.0)[1](1.0) == (None, 3.0)


@pytest.mark.parametrize("thing", [3, "sin", None, [], {}, len, print, np.emath.sqrt, object])
def test_other_things_are_no_primitives(thing):
    assert primitive_of(thing) is None


# --- What is remembered ----------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.copy, np.emath.sqrt, np.lib.stride_tricks.sliding_window_view])
def test_a_librarys_function_that_is_no_primitive_is_looked_for_once(f, monkeypatch):
    assert primitive_of(f) is None
    monkeypatch.delattr(recognition, "_library_function")
    assert primitive_of(f) is None


def test_it_is_looked_for_again_where_there_is_a_new_primitive(monkeypatch):
    def frobnicate(x, /):
        """Return what a new function makes of x."""

    library = types.ModuleType("frobnicator")
    library.__array_api_version__ = "2024.12"
    library.frobnicate = lambda x: 2 * x
    library.frobnicate.__module__ = "frobnicator"
    monkeypatch.setitem(sys.modules, "frobnicator", library)
    assert primitive_of(library.frobnicate) is None
    monkeypatch.setitem(BY_NAME, "frobnicate", None)  # so that it is removed in the end
    new = function()(frobnicate)
    assert primitive_of(library.frobnicate) is new
    del recognition.ALIASES[library.frobnicate]


def test_what_users_made_is_not_kept():
    def copy(x):
        return 3 * x

    copy.__module__ = "numpy"
    vectorized = np.vectorize(lambda x: 3 * x)
    assert primitive_of(copy) is primitive_of(vectorized) is None
    refs = weakref.ref(copy), weakref.ref(vectorized)
    del copy, vectorized
    assert [ref() for ref in refs] == [None, None]
