"""gpugrad.xp makes arrays, of recorded numbers too."""

import array_api_compat
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import Tracked, xp
from gpugrad.errors import ConversionError

CREATION = {
    "zeros": lambda **kw: xp.zeros((2, 3), **kw),
    "ones": lambda **kw: xp.ones((2, 3), **kw),
    "full": lambda **kw: xp.full((2, 3), 2.5, **kw),
    "empty": lambda **kw: xp.empty((2, 3), **kw),
    "eye": lambda **kw: xp.eye(2, 3, **kw),
    "linspace": lambda **kw: xp.reshape(xp.linspace(0.0, 1.0, 6, **kw), (2, 3)),
    "arange": lambda **kw: xp.reshape(xp.arange(0.0, 6.0, **kw), (2, 3)),
    "asarray": lambda **kw: xp.asarray([[0.0, 1.0, 2.0]] * 2, **kw),
}
creation = pytest.mark.parametrize("create", CREATION.values(), ids=CREATION.keys())


@creation
def test_creation_is_numpys_by_default(create):
    for dtype in (np.float32, np.float64, xp.float32, np.dtype("float32")):
        y = create(dtype=dtype)
        assert type(y) is np.ndarray
        assert (y.shape, y.dtype) == ((2, 3), dtype)
    assert create().dtype == np.float64


@creation
def test_creation_follows_data_type_and_device(create):
    strict = pytest.importorskip("array_api_strict")
    device = strict.Device("device1")
    for options in (
        {"dtype": strict.float32},
        {"device": device},
        {"dtype": strict.float32, "device": device},
        {"dtype": np.float32, "device": device},
    ):
        y = create(**options)
        assert array_api_compat.is_array_api_strict_namespace(y.__array_namespace__())
        assert y.device == options.get("device", strict.Device("CPU_DEVICE"))
        assert y.dtype == (strict.float32 if "dtype" in options else strict.float64)


def test_creation_in_a_recorded_function_follows_its_argument():
    strict = pytest.importorskip("array_api_strict")
    x = strict.ones((2,), dtype=strict.float32, device=strict.Device("device1"))

    def f(x):
        ones = xp.ones(x.shape, dtype=x.dtype, device=x.device)
        assert not isinstance(ones, Tracked)
        assert ones.device == x.device
        return xp.sum(x * ones)

    assert gg.grad(f)(x).device == x.device == strict.Device("device1")
    assert gg.grad(f)(np.ones(2)).dtype == np.float64


def test_asarray_of_recorded_numbers():
    def f(a, b):
        y = xp.asarray([[a, 1.0], [b, a * b]])
        assert isinstance(y, Tracked)
        assert y.shape == (2, 2)
        assert xp.asarray(y) is y
        assert xp.asarray(y, dtype=np.float32).dtype == np.float32
        assert xp.asarray(y, copy=True) is not y
        return xp.sum(y * np.array([[1.0, 2.0], [3.0, 4.0]]))

    assert gg.grad(f, (0, 1))(2.0, 3.0) == (1 + 4 * 3.0, 3 + 4 * 2.0)


def test_asarray_of_plain_things():
    assert type(xp.asarray(1.0)) is np.ndarray
    x = np.ones(2)
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=True) is not x
    assert xp.asarray([1, 2], dtype=np.float32).dtype == np.float32


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
