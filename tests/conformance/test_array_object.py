"""Recorded arrays have the operators, attributes and conversions of the standard's array object."""

import inspect
import operator
import warnings

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp

strict = pytest.importorskip("array_api_strict")

from tests.conformance.cases import array, operands  # noqa: E402
from tests.conformance.recorded import RECORDERS  # noqa: E402
from tests.conformance.test_standard import check, same, to_strict  # noqa: E402

levels = pytest.mark.parametrize("recorded", RECORDERS.values(), ids=RECORDERS)

METHODS = [
    name
    for name, method in inspect.getmembers(type(strict.asarray(0.0)), inspect.isfunction)
    if (name.startswith("__") or name == "to_device") and name not in dir(object)
    if not name.startswith("__i") or name in ("__index__", "__int__", "__invert__")
    # the buffer protocol and NumPy's, which array_api_strict has for itself
    if name not in ("__buffer__", "__array__", "__array_ufunc__", "__array_function__")
]
BINARY = [
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "xor", "lshift", "rshift"),
]
UNARY = ["neg", "pos", "abs", "invert"]
IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul"]


@levels
@pytest.mark.parametrize("name", METHODS)
def test_method_is_there(name, recorded):
    x = recorded(np.ones(3))
    assert callable(getattr(x, name))


@levels
@pytest.mark.parametrize("name", BINARY + IN_PLACE)
def test_binary_operator(name, recorded):
    f, count = getattr(operator, name), 0
    for a, b in operands(2):
        if not any(isinstance(x, np.ndarray) and x.dtype.kind in "fc" for x in (a, b)):
            continue
        expected = result(f, strict_copy(a), strict_copy(b))
        if expected is NotImplemented:
            continue
        count += 1
        for left, right in [(recorded(a), recorded(b)), (recorded(a), b), (a, recorded(b))]:
            if name in IN_PLACE and not isinstance(left, gg.Tracked):
                continue  # an assignment into a plain array, which cannot be recorded
            y = result(f, left, right)
            assert y is not NotImplemented, (name, left, right)
            check(y, expected, same)
    assert count or name in ("and_", "or_", "xor", "lshift", "rshift")


def strict_copy(x):
    """Return an array of array_api_strict that may be assigned into."""
    return to_strict(x.copy()) if isinstance(x, np.ndarray) else x


def result(f, *args):
    """Return f(*args), NotImplemented where it is not allowed."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f(*args)
        except (TypeError, ValueError):
            return NotImplemented


@levels
@pytest.mark.parametrize("name", UNARY)
def test_unary_operator(name, recorded):
    f = getattr(operator, name)
    for (x,) in operands(1):
        expected = result(f, to_strict(x))
        if x.dtype.kind in "fc" and expected is not NotImplemented:
            check(result(f, recorded(x)), expected, same)


@levels
@pytest.mark.parametrize("name", ["invert", "and_", "or_", "xor", "lshift", "rshift"])
def test_bits_are_not_those_of_floating_numbers(name, recorded):
    x = recorded(np.ones(3))
    with pytest.raises(TypeError):
        getattr(operator, name)(*[x] * (1 if name == "invert" else 2))


@levels
def test_attributes(recorded):
    for (x,) in operands(1):
        y, expected = recorded(x), to_strict(x)
        names = ["ndim", "shape", "size", *["T", "mT"][: x.ndim == 2 and 2]]
        for name in names:
            check(getattr(y, name), getattr(expected, name), same)
        assert y.dtype == x.dtype
        assert y.device == x.device
        assert y.to_device(x.device) is not None


INDICES = [
    *((0, 0), (1, -1), (slice(None), 1), (0, ...), ..., (..., 0), (None, 0, ...), (..., None)),
    *((slice(None, None, -1), ...), (slice(1, None), ...), (slice(0, 2), slice(None, None, 2))),
    *((np.asarray([1, 0]), np.asarray([2, 2])), (0, np.asarray([0, 2])), array("bool", (2, 3))),
]


@levels
@pytest.mark.parametrize("index", INDICES, ids=lambda x: str(x).replace("\n", ""))
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_indices(index, dtype, recorded):
    x = array(dtype, (2, 3))
    strict_index = to_strict(index)
    check(recorded(x)[index], to_strict(x)[strict_index], same)
    for value in (2.0, np.asarray(3, dtype=dtype)):
        y, expected = recorded(x), strict_copy(x)
        try:
            expected[strict_index] = to_strict(value)
        except IndexError:  # the standard has no assignment at integer arrays
            return
        y[index] = recorded(value)
        check(y, expected, same)


@levels
def test_conversions(recorded):
    x = recorded(np.asarray(2.5))
    for convert in (bool, complex, float, int):
        assert convert(x) == convert(2.5)
    with pytest.raises(TypeError):
        operator.index(x)
    with pytest.raises(TypeError):
        float(recorded(np.asarray([1.0, 2.0])))


@levels
def test_namespace(recorded):
    found = recorded(np.ones(3)).__array_namespace__(api_version="2024.12")
    assert found.__array_api_version__ == "2024.12"
    assert found.sin is xp.sin


def test_information_about_the_namespace():
    info = xp.__array_namespace_info__()
    expected = strict.__array_namespace_info__()
    for name in ("capabilities", "default_device", "default_dtypes", "devices", "dtypes"):
        assert [*inspect.signature(getattr(info, name)).parameters] == [
            *inspect.signature(getattr(expected, name)).parameters
        ]
    assert info.default_device() in info.devices()
    assert info.capabilities().keys() == expected.capabilities().keys()
    for kind in (None, "bool", "signed integer", "real floating", ("integral", "numeric")):
        mine = info.dtypes(kind=kind)
        assert mine == {k: np.dtype(k) for k in expected.dtypes(kind=kind)}
    assert info.default_dtypes()["real floating"] == xp.float64
    assert info.default_dtypes(device="cpu").keys() == expected.default_dtypes().keys()


@pytest.mark.parametrize("name", ["e", "inf", "nan", "newaxis", "pi"])
def test_constants(name):
    assert repr(getattr(xp, name)) == repr(getattr(strict, name))
