"""What stands for CuPy's arrays and functions where there is no GPU: what it tells and refuses."""

import numpy as np
import pytest

cupy = pytest.importorskip("cupy")

from cupyx.scipy import special  # noqa: E402

from tests.host_cupy import BareArray, HostDevice, bare, numpy_of, watch  # noqa: E402
from tests.host_functions import compat, cupy_on_host  # noqa: E402

X = np.random.default_rng(0).normal(size=(3, 4))


@pytest.fixture(autouse=True)
def _on_host():
    with cupy_on_host(BareArray):
        yield


REFUSED = {
    "a function's signature": (TypeError, lambda: compat.fft.fft(bare(X), 6, 0)),
    "shapes": (ValueError, lambda: cupy.linalg.solve(bare(np.ones((2, 3, 3))), bare(np.eye(3)))),
    "a ufunc's types": (TypeError, lambda: special.erf(bare(X + 1j))),
    "atomics": (TypeError, lambda: cupy.add.at(bare(X + 1j), bare(np.array([0])), bare(X[:1]))),
    "a function": (AttributeError, lambda: special.jv(1, bare(X))),
    "an array of NumPy's": (np.linalg.LinAlgError, lambda: cupy.linalg.inv(X[:, :3])),
    "a boolean for an array": (AttributeError, lambda: cupy.where(True, bare(X), 0.0)),
}


@pytest.mark.parametrize(("error", "call"), REFUSED.values(), ids=REFUSED)
def test_what_cupy_refuses_is_refused(error, call):
    with pytest.raises(error):
        call()


def test_stacks_of_16_bits_are_refused_as_by_the_kernel_for_integers():
    x = bare(np.ones((2, 3, 3), np.dtype(pytest.importorskip("ml_dtypes").bfloat16)))
    with pytest.raises(TypeError, match="bfloat16"):
        cupy.matmul(x, x)


EVENTS = {
    "a ufunc": (lambda x: cupy.sin(x), [("launch", "cupy_sin")]),
    "a reduction": (lambda x: x.sum(axis=0), [("launch", "cupy_sum")]),
    "a copy": (lambda x: cupy.ascontiguousarray(x.T), [("launch", "cupy_copy")]),
    "zeros": (lambda x: cupy.zeros(3), [("launch", "memset")]),
    "a view": (lambda x: cupy.broadcast_to(x[1:, None], (5, 2, 2, 4)), []),
    "a product": (lambda x: x @ x.T, [("numpy", "matmul")]),
    "an upload": (lambda x: cupy.asarray(X), [("upload", "asarray"), ("numpy", "asarray")]),
    "a number": (lambda x: float(x[0, 0]), [("wait", "get")]),
    "a condition": (
        lambda x: bool((x > 0).any()),
        [("launch", "cupy_greater"), ("launch", "cupy_any"), ("wait", "get")],
    ),
}


@pytest.mark.parametrize(("call", "expected"), EVENTS.values(), ids=EVENTS)
def test_what_a_device_would_do_is_told(call, expected):
    x = bare(X)
    with watch() as events:
        call(x)
    assert events == expected


NUMBERS = {
    "integers and a float": (np.int8, 0.1, np.float64),
    "truth values and a float": (np.bool_, 0.1, np.float64),
    "truth values and an integer": (np.bool_, 2, np.int64),
    "floats and a float": (np.float16, 0.1, np.float16),
    "floats and an integer": (np.float32, 2, np.float32),
    "integers and an integer": (np.int8, 2, np.int8),
}


@pytest.mark.parametrize(("dtype", "number", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_give_way_to_arrays_that_are_not_of_a_lower_kind(dtype, number, expected):
    assert (bare(np.ones(3, dtype)) * number).dtype == expected


SHAPES = [((1, 4), (4, 1)), ((4,), (4,)), ((0, 4), (4, 3)), ((2, 0), (0, 3)), ((0, 3, 4), (4, 2))]


@pytest.mark.parametrize(("a", "b"), SHAPES, ids=map(str, SHAPES))
def test_products_of_16_bits_that_no_kernel_computes_stay_16_bits(a, b):
    bfloat16 = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    product = cupy.matmul(bare(np.ones(a, bfloat16)), bare(np.ones(b, bfloat16)))
    assert product.dtype == bfloat16
    assert product.shape == np.matmul(np.ones(a), np.ones(b)).shape


def test_a_mask_waits_for_how_many_there_are():
    x = bare(X)
    with watch() as events:
        y = x[x > 0]
    assert ("wait", "getitem of a mask") in events
    np.testing.assert_array_equal(numpy_of(y), X[X > 0])


def test_arrays_are_of_the_device_that_is_current():
    with HostDevice(1):
        x = bare(X)
        assert cupy.sin(x).device == x.device == HostDevice(1)
    assert bare(X).device == HostDevice(0)
