"""Products by cuBLAS: which arrays it gets as they lie, and that its arguments say what is meant.

The simulator does what cuBLAS does with such arguments: matrices stored by columns, of which the
distance is given.
"""

import ctypes
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp
from gpugrad.kernels import launch, products
from gpugrad.kernels.products import matmul
from tests.host_cupy import HostArray, HostDevice, host, numpy_of, watch
from tests.kernels.simulator import Simulator

DTYPES = ["float16", "bfloat16", "float32", "float64"]


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def factors(shapes, dtype):
    dtype = ml_dtypes.finfo(dtype).dtype
    return [random(*shape, seed=i).astype(dtype) for i, shape in enumerate(shapes)]


def near(actual, expected, dtype):
    assert (type(actual), actual.dtype.name, actual.shape) == (HostArray, dtype, expected.shape)
    eps = float(ml_dtypes.finfo(np.dtype(getattr(ml_dtypes, dtype, dtype))).eps)
    bound = 8 * eps * max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(numpy_of(actual).astype(float), expected, rtol=0, atol=bound)


SHAPES = [
    ((5, 3), (3, 4)),
    ((1, 3), (3, 4)),
    ((5, 3), (3, 1)),
    ((5, 1), (1, 4)),
    ((3,), (3, 4)),
    ((5, 3), (3,)),
    ((2, 5, 3), (3, 4)),
    ((2, 5, 3), (3,)),
    ((2, 5, 3), (2, 3, 4)),
    ((2, 1, 5, 3), (3, 3, 4)),
    ((5, 3), (2, 3, 4)),
    ((1, 5, 3), (2, 3, 4)),
    ((3,), (2, 3, 4)),
    ((6, 2, 5, 3), (6, 2, 3, 4)),
    ((2, 3, 1, 4), (2, 3, 4, 1)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_each_shape_in_each_type(simulator, shapes, dtype):
    a, b = (
        random(*shape, seed=i).astype(ml_dtypes.finfo(dtype).dtype)
        for i, shape in enumerate(shapes)
    )
    with watch() as events:
        y = xp.matmul(host(a), host(b))
    assert [kind for kind, _ in events if kind != "launch"] == ["product"]
    near(y, a.astype(float) @ b.astype(float), dtype)


def arranged(x, how):
    """Return an array of the values of `x`, as they lie in memory after such a view is taken."""
    there = {
        "contiguous": lambda: host(x),
        "transposed": lambda: host(x.swapaxes(-1, -2).copy()).swapaxes(-1, -2),
        "rows apart": lambda: host(np.repeat(x, 2, axis=-2))[..., ::2, :],
        "part of rows": lambda: host(np.concatenate([x, x], axis=-1))[..., : x.shape[-1]],
        "strided": lambda: host(np.repeat(x, 2, axis=-1))[..., ::2],
        "backwards": lambda: host(x[..., ::-1, :].copy())[..., ::-1, :],
        "of stacks": lambda: host(np.repeat(x, 2, axis=0))[::2],
        "stacks backwards": lambda: host(x[::-1].copy())[::-1],
        "stacks last": lambda: host(np.moveaxis(x, 0, -1).copy()).transpose(2, 0, 1),
    }[how]()
    assert (numpy_of(there) == x).all()
    return there


HOW = {
    **dict.fromkeys(["contiguous", "transposed", "rows apart", "part of rows", "of stacks"], 0),
    **dict.fromkeys(["strided", "backwards", "stacks last", "stacks backwards"], 1),
}


@pytest.mark.parametrize("a_is", HOW)
@pytest.mark.parametrize("b_is", HOW)
def test_factors_are_copied_only_where_they_must(simulator, a_is, b_is):
    a, b = random(2, 5, 3), random(2, 3, 4, seed=1)
    there = arranged(a, a_is), arranged(b, b_is)
    with watch() as events:
        y = matmul(*there)
    copies = [name for kind, name in events if name == "cupy_copy"]
    assert len(copies) == HOW[a_is] + HOW[b_is]
    near(y, a @ b, "float64")


def test_a_factor_for_all_is_not_repeated(simulator):
    a, b = random(5, 3), random(2, 7, 3, 4)
    with watch() as events:
        y = matmul(host(a), host(b))
    assert events == [("product", "cublas")]
    near(y, a @ b, "float64")


def test_a_factor_for_some_is_not_repeated(simulator):
    """As keys that all heads share."""
    a, b = random(2, 4, 5, 3), random(2, 1, 3, 6, seed=1)
    with watch() as events:
        y = matmul(host(a), host(b))
    assert events == [("product", "cublas")]
    near(y, a @ b, "float64")
    fewer = random(4, 5, 3, seed=2)
    near(matmul(host(fewer), host(b)), fewer @ b, "float64")


def test_a_copied_factor_for_all_is_one(simulator):
    a, b = random(5, 6)[:, ::2], random(2, 3, 4)
    near(matmul(host(random(5, 6))[:, ::2], host(b)), a @ b, "float64")


def test_rows_that_overlap_are_copied(simulator):
    """As those of a window that slides: cuBLAS does not take them."""
    x, there = random(8), host(random(8))
    windows = np.lib.stride_tricks.sliding_window_view(x, 4)
    overlapping = HostArray(windows.shape, x.dtype, there.data, windows.strides)
    for a, b in [(windows, windows.T), (windows.T, windows)]:
        c, d = (overlapping, overlapping.T) if a is windows else (overlapping.T, overlapping)
        near(matmul(c, d), a @ b, "float64")
    rows = HostArray((3, 4), x.dtype, there.data, (0, x.itemsize))
    near(matmul(rows, rows.T), np.full((3, 3), x[:4] @ x[:4]), "float64")


@pytest.mark.parametrize(
    ("axes", "copies"), [((0, 1, 2, 3), 0), ((0, 1, 3, 2), 0), ((1, 0, 2, 3), 1), ((0, 2, 1, 3), 1)]
)
def test_stacks_of_two_axes(simulator, axes, copies):
    """As those of examples and heads; where these lie in another order, no distance is for all."""
    a, b = random(4, 4, 4, 4).transpose(axes), random(4, 4, 4, 4, seed=1)
    there = host(random(4, 4, 4, 4)).transpose(axes)
    with watch() as events:
        y = matmul(there, host(b))
    assert [kind for kind, _ in events].count("launch") == copies
    near(y, a @ b, "float64")


def test_what_cublas_cannot_count_is_left_to_cupy(simulator, monkeypatch):
    a = host(random(4, 8))
    monkeypatch.setattr(products, "_LARGEST", 31)
    assert matmul(a, a.T) is NotImplemented
    monkeypatch.setattr(products, "_LARGEST", 32)
    near(matmul(a, a.T), numpy_of(a) @ numpy_of(a).T, "float64")


DECLINED = {
    "complex": (random(3, 3) + 0j, random(3, 3) + 0j),
    "integers": (np.eye(3, dtype=int), np.eye(3, dtype=int)),
    "two types": (random(3, 3), random(3, 3).astype(np.float32)),
    "a number": (random(1, 3), random(3, 1)),
    "vectors": (random(3), random(3)),
    "nothing": (random(0, 3), random(3, 4)),
    "no sum": (random(2, 0), random(0, 3)),
    "shapes": (random(2, 3), random(2, 3)),
    "stacks": (random(2, 3, 3), random(4, 3, 3)),
}


@pytest.mark.parametrize("given", DECLINED.values(), ids=DECLINED)
def test_the_rest_is_left_to_cupy(simulator, given):
    assert matmul(*map(host, given)) is NotImplemented


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_gradients(simulator, shapes, dtype):
    a, b = (
        random(*shape, seed=i).astype(ml_dtypes.finfo(dtype).dtype)
        for i, shape in enumerate(shapes)
    )
    y, back = gg.pullback(xp.matmul, host(a), host(b))
    dy = random(*y.shape, seed=3).astype(a.dtype)
    _, exact_back = gg.pullback(xp.matmul, a.astype(float), b.astype(float))
    for actual, expected in zip(back(host(dy))[1:], exact_back(dy.astype(float))[1:], strict=True):
        near(actual, expected, dtype)


def test_a_stack_of_rows_is_one_product_each_way(simulator):
    """There is no gradient of the weight for each example, to be summed afterwards."""
    x, w, dy = (host(random(*shape)) for shape in ((6, 50, 40), (40, 36), (6, 50, 36)))
    with watch() as events:
        _, back = gg.pullback(xp.matmul, x, w)
        back(dy)
    assert events == [("product", "cublas")] * 3
    layer = gg.nn.Dense(40, 36, gg.relu)
    vars(layer).update(weight=w, bias=host(np.zeros(36)))
    with watch() as events:
        _, back = gg.pullback(layer, x)
        back(dy)
    assert [kind for kind, _ in events].count("product") == 3
    assert len(events) == 5  # with the bias and the activation, each way


# --- The arguments of cuBLAS itself -----------------------------------------------------------


GEMM = "handle transa transb m n k alpha A Atype lda B Btype ldb beta C Ctype ldc computeType algo"
STRIDED_GEMM = (
    "handle transa transb m n k alpha A Atype lda strideA B Btype ldb strideB beta C Ctype ldc "
    "strideC batchCount computeType algo"
)
TYPES = {0: np.float32, 1: np.float64, 2: np.float16, 14: ml_dtypes.bfloat16}


class Cublas:
    """Two functions of CuPy's binding, whose parameters are in its order."""

    def __init__(self):
        self.called = []

    def gemmEx(self, *args):
        single = dict.fromkeys(("strideA", "strideB", "strideC"), 0) | {"batchCount": 1}
        self.multiply("gemmEx", single | dict(zip(GEMM.split(), args, strict=True)))

    def gemmStridedBatchedEx(self, *args):
        given = dict(zip(STRIDED_GEMM.split(), args, strict=True))
        self.multiply("gemmStridedBatchedEx", given)

    def multiply(self, name, given):
        call = SimpleNamespace(name=name, **given)
        assert call.Atype == call.Btype == call.Ctype
        assert (call.handle, call.algo) == (77, -1)
        number = ctypes.c_double if call.Atype == 1 else ctypes.c_float
        assert [number.from_address(p).value for p in (call.alpha, call.beta)] == [1, 0]
        Simulator().multiply(
            np.dtype(TYPES[call.Atype]),
            (call.m, call.n, call.k),
            (call.transa, call.A, call.lda, call.strideA),
            (call.transb, call.B, call.ldb, call.strideB),
            (call.C, call.ldc, call.strideC),
            call.batchCount,
        )
        self.called.append(call)


@pytest.fixture
def cublas(simulator, monkeypatch):
    """Let the driver call this in place of CuPy's binding."""
    found = Cublas()
    cuda = SimpleNamespace(cublas=found, get_cublas_handle=lambda: 77)
    core = SimpleNamespace(get_compute_type=lambda dtype: found.chosen.get(dtype.name, 1))
    found.chosen = {}
    driver = launch.Driver()
    monkeypatch.setattr(driver, "_cupy", lambda: SimpleNamespace(cuda=cuda, _core=core))
    monkeypatch.setattr(simulator, "multiply", driver.multiply)
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", [((5, 3), (3, 4)), ((2, 5, 3), (2, 3, 4))], ids=str)
def test_cublas_gets_what_it_takes(cublas, shapes, dtype):
    a, b = (
        random(*shape, seed=i).astype(ml_dtypes.finfo(dtype).dtype)
        for i, shape in enumerate(shapes)
    )
    near(matmul(host(a), host(b)), a.astype(float) @ b.astype(float), dtype)
    (call,) = cublas.called
    assert call.name == ("gemmEx" if len(shapes[0]) == 2 else "gemmStridedBatchedEx")
    assert call.computeType == (70 if dtype == "float64" else 68)


PEDANTIC, FP16, TF32 = 2, 3, 7  # CuPy's
CHOSEN = [("float32", TF32, 77), ("float16", TF32, 68), ("float64", FP16, 70)]
CHOSEN += [("float32", PEDANTIC, 69), ("float16", PEDANTIC, 69), ("float64", PEDANTIC, 71)]


@pytest.mark.parametrize(("dtype", "chosen", "compute"), CHOSEN)
def test_products_are_computed_as_cupy_is_told_to(cublas, dtype, chosen, compute):
    cublas.chosen[dtype] = chosen
    a, b = (host(random(4, 4).astype(t)) for t in (dtype, "float16" if dtype != "float16" else "f"))
    matmul(a, a)
    matmul(b, b)
    assert [call.computeType for call in cublas.called] == [compute, 68]


@pytest.mark.parametrize("elsewhere", [0, 1])
def test_a_product_of_arrays_elsewhere_is_refused(simulator, elsewhere):
    factors = [host(random(3, 3)), host(random(3, 3))]
    with HostDevice(1):
        factors[elsewhere] = host(random(3, 3))
    with pytest.raises(gg.nn.DeviceError, match=r"matmul.*device 1.*cupy\.cuda\.Device\(1\)"):
        matmul(*factors)
