"""gpugrad.xp makes arrays of recorded numbers, and tells about data types and devices."""

import copy
import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import xp
from gpugrad.errors import ConversionError

RECORDED = {  # of one recorded number, with the derivative of each element by it
    "arange": (lambda x: xp.arange(x, 5.0, 1.5), np.ones(3)),
    "arange of a step": (lambda x: xp.arange(0.0, 5.0, x), np.arange(4)),
    "full": (lambda x: xp.full((2, 3), x), np.ones((2, 3))),
    "full of one axis": (lambda x: xp.full(2, x), np.ones(2)),
    "linspace": (lambda x: xp.linspace(x, 3.0, 5), 1 - np.arange(5) / 4),
    "linspace to": (lambda x: xp.linspace(0.0, x, 4, endpoint=False), np.arange(4) / 4),
}


@pytest.mark.parametrize(("create", "expected"), RECORDED.values(), ids=RECORDED)
@pytest.mark.parametrize("number", [float, np.float64, np.asarray])
def test_arrays_of_recorded_numbers(create, expected, number):
    x = number(1.25)
    y, back = gg.pullback(create, x)
    assert_allclose(y, create(1.25), rtol=1e-15)
    assert y.dtype == create(1.25).dtype
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    assert_allclose(back(weights)[1], np.sum(weights * expected), rtol=1e-14)


def test_their_data_type_can_be_chosen():
    for create in (
        lambda x, dtype: xp.arange(x, 5.0, dtype=dtype),
        lambda x, dtype: xp.full((2,), x, dtype=dtype),
        lambda x, dtype: xp.linspace(x, 5.0, 3, dtype=dtype),
    ):
        y, back = gg.pullback(lambda x, f=create: f(x, xp.float32), 1.0)
        assert y.dtype == np.float32
        assert type(back(np.ones_like(y))[1]) is float


def test_they_follow_the_recorded_number():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray(1.25, dtype=strict.float32, device=strict.Device("device1"))
    for create, _ in RECORDED.values():
        y, back = gg.pullback(create, x)
        assert y.device == back(1.0)[1].device == x.device
    y = gg.pullback(lambda x: xp.linspace(x, 3.0, 5), np.float32(1.25))[0]
    assert y.dtype == np.linspace(np.float32(1.25), 3.0, 5).dtype == np.float32


def test_dlpack_keeps_recorded_arrays_and_refuses_to_hand_them_over():
    x = np.array([1.0, 2.0])
    assert_array_equal(gg.grad(lambda x: xp.sum(xp.from_dlpack(x) ** 2))(x), 2 * x)
    assert_array_equal(xp.from_dlpack(x), x)
    with pytest.raises(ConversionError, match=r"x\.value"):
        gg.pullback(np.from_dlpack, x)


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


def test_information_about_another_librarys_device():
    strict = pytest.importorskip("array_api_strict")
    info = xp.__array_namespace_info__()
    device = strict.Device("device1")
    assert info.default_dtypes(device=device)["real floating"] == strict.float64
    assert info.dtypes(device=device, kind="bool") == {"bool": strict.bool}
    assert info.default_device() == "cpu"
