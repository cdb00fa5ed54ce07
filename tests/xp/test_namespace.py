"""gpugrad.xp as a namespace of the array-API standard."""

import types

import array_api_compat
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import functions, xp
from gpugrad.dispatch.primitive import Primitive
from gpugrad.dispatch.recognition import primitive_of


def test_xp_is_a_hashable_module_with_a_name():
    assert isinstance(xp, types.ModuleType)
    assert xp.__name__ == "gpugrad.xp"
    assert {xp: 1}[xp] == 1
    assert xp.__array_api_version__ == "2024.12"


def test_recorded_arrays_name_it_as_theirs():
    def f(x):
        library = array_api_compat.array_namespace(x)
        assert library.__name__ == "gpugrad.xp"
        assert library.sin is xp.sin
        assert array_api_compat.array_namespace(x, x * 2, x > 0, library.zeros(2)) is library
        assert x.__array_namespace__(api_version="2024.12") is library
        return x

    gg.pullback(f, np.ones(3))


def test_code_written_to_the_standard_is_recorded():
    def softplus(x):
        library = array_api_compat.array_namespace(x)
        return library.sum(library.logaddexp(x, library.zeros_like(x)), axis=0)

    x = np.array([0.5, -1.0])
    assert_array_equal(gg.grad(softplus)(x), np.exp(x - np.logaddexp(x, 0)))


def test_xp_has_every_function_of_numpys_array_api():
    missing = {
        name
        for name in dir(functions)
        if isinstance(getattr(functions, name), Primitive)
        and getattr(functions, name).name == name
        and hasattr(np, name)
        and not hasattr(xp, name)
    }
    assert not missing


@pytest.mark.parametrize(
    "name", ["pi", "e", "inf", "nan", "newaxis", "float32", "complex128", "bool", "bitwise_not"]
)
def test_constants_and_data_types(name):
    mine, numpys = getattr(xp, name), getattr(np, name)
    assert (
        mine == np.dtype(numpys)
        if isinstance(numpys, type)
        else (mine is numpys or mine == numpys or mine != mine or primitive_of(numpys) is mine)
    )


def test_meshgrid_and_broadcast_arrays_are_recorded():
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    for indexing in ("xy", "ij"):
        y, back = gg.pullback(lambda a, b, i=indexing: xp.meshgrid(a, b, indexing=i), a, b)
        expected = np.meshgrid(a, b, indexing=indexing)
        assert_array_equal(y[0], expected[0])
        assert_array_equal(y[1], expected[1])
        _, da, db = back((np.ones(y[0].shape), None))
        assert_array_equal(da, [3, 3])
        assert db is None
    y, back = gg.pullback(lambda a, b: xp.broadcast_arrays(a[:, None], b), a, b)
    assert [x.shape for x in y] == [(2, 3), (2, 3)]
    assert_array_equal(back((None, np.ones((2, 3))))[2], [2, 2, 2])
