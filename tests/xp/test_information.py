"""gpugrad.xp tells about data types and devices."""

import copy
import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp
from gpugrad.dispatch.primitive import BY_NAME, Primitive

# --- In a recorded function ------------------------------------------------------------------


def test_questions_about_data_types():
    def f(x):
        assert xp.result_type(x, xp.float64) == np.float64
        assert xp.isdtype(x.dtype, "real floating")
        assert xp.can_cast(x, xp.float64)
        assert xp.finfo(x).eps == np.finfo(np.float32).eps
        assert xp.iinfo(xp.int32).max == 2**31 - 1
        return x

    gg.pullback(f, np.ones(2, np.float32))


# --- Data types ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_limits_are_pythons_numbers(dtype):
    found, expected = xp.finfo(np.ones(2, dtype)), np.finfo(dtype)
    for name in ("bits", "eps", "max", "min", "smallest_normal", "tiny"):
        assert type(getattr(found, name)) in (int, float)
        assert getattr(found, name) == getattr(expected, name)
    assert found.dtype == expected.dtype
    assert repr(found) == repr(expected)
    assert not hasattr(found, "_of_no_such_name")
    assert copy.copy(found).eps == found.eps


def test_other_libraries_take_the_namespaces_data_types():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray([0.5, 1.5])

    def f(x):
        y = xp.astype(x, xp.float32)
        assert y.dtype == strict.float32
        assert xp.zeros_like(x, dtype=xp.int32).dtype == strict.int32
        return xp.sum(y * y, dtype=xp.float64)

    assert_array_equal(np.asarray(gg.grad(f)(x)), [1.0, 3.0])
    assert xp.result_type(x, xp.float32) == strict.float64


def test_functions_show_their_signatures():
    assert str(inspect.signature(xp.sum)) == "(x, /, *, axis=None, dtype=None, keepdims=False)"
    assert str(inspect.signature(xp.linalg.cholesky)) == "(x, /, *, upper=False)"


PRIMITIVES = {
    **BY_NAME,
    **{f"gg.{name}": f for name, f in vars(gg).items() if isinstance(f, Primitive)},
}


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_each_function_is_documented(name):
    f = PRIMITIVES[name]
    first, *rest = f.__doc__.splitlines()
    assert f.__doc__ != type(f).__doc__
    assert first.endswith("."), "what it does, in one sentence"
    assert rest or len(inspect.signature(f).parameters) == 1, "its arguments, too"


def test_information_about_another_librarys_device():
    strict = pytest.importorskip("array_api_strict")
    info = xp.__array_namespace_info__()
    device = strict.Device("device1")
    assert info.default_dtypes(device=device)["real floating"] == strict.float64
    assert info.dtypes(device=device, kind="bool") == {"bool": strict.bool}
    assert info.default_device() == "cpu"
