"""Kernels on a GPU against NumPy in float64, and that none of them waits for the device."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, xp
from tests.gpu.cases import CASES, OPTIMISERS, PRODUCTS, SMALL, dtype_named, is_floating, pull

pytestmark = pytest.mark.gpu

# Relative to the largest number there is: some roundings to 16 bits, or many to 32 or 64.
TOLERANCES = {"float16": 5e-3, "bfloat16": 4e-2, "float32": 1e-5, "float64": 1e-13}

ROWS = [(case, dtype, shape) for case in CASES for dtype in case.dtypes for shape in case.shapes]


def assert_near(actual, expected, dtype):
    scale = max(np.max(np.abs(expected), initial=0.0), 1e-3)
    actual = np.asarray(actual, np.float64)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCES[dtype] * scale)


def need(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")


@pytest.mark.parametrize(
    ("case", "dtype", "shape"), ROWS, ids=[f"{case.name}, {d}, {s}" for case, d, s in ROWS]
)
def test_value_and_gradients_are_those_of_numpy(gpu, case, dtype, shape):
    need(dtype)
    arrays = case.arrays(dtype, shape)
    there = [gpu.array(x) for x in arrays]
    y, back = pull(case, there)

    exact = [x.astype(np.float64) if is_floating(x) else x for x in arrays]
    expected, exact_back = pull(case, exact)
    assert y.dtype == dtype_named(dtype)
    assert_near(gpu.numpy(y), expected, dtype)

    dy = np.random.default_rng(1).normal(size=np.shape(expected)).astype(y.dtype)
    gradients = back(gpu.array(dy))
    expected_gradients = exact_back(dy.astype(np.float64))
    floating = [x for x in there if is_floating(x)]
    for x, actual, near in zip(floating, gradients, expected_gradients, strict=True):
        assert type(actual) is type(x)
        assert (actual.shape, actual.dtype) == (x.shape, x.dtype)
        assert_near(gpu.numpy(actual), near, dtype)


# CuPy refuses to call cuBLAS in a capture.
NOT_CAPTURED = {name for name, *_ in PRODUCTS}
CAPTURED = [
    (case, shape) for case in CASES if case.name not in NOT_CAPTURED for shape in case.shapes
]


@pytest.mark.parametrize(
    ("case", "shape"), CAPTURED, ids=[f"{case.name}, {shape}" for case, shape in CAPTURED]
)
def test_nothing_waits_for_the_device(gpu, case, shape):
    there = [gpu.array(x) for x in case.arrays("float32", shape)]

    def step():
        y, back = pull(case, there)
        return [y, *back(y)]

    for actual, expected in zip(gpu.captured(step), step(), strict=True):
        assert_near(gpu.numpy(actual), gpu.numpy(expected), "float32")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_arrays_with_strides_and_offsets(gpu, case):
    """What kernels read by 16 bytes is not always so aligned, nor one after another."""
    arrays = case.arrays("float32", SMALL)
    exact = [x.astype(np.float64) if is_floating(x) else x for x in arrays]
    expected, exact_back = pull(case, exact)
    for arrange in (shifted, strided):
        there = [arrange(gpu, x) if is_floating(x) else gpu.array(x) for x in arrays]
        y, back = pull(case, there)
        assert_near(gpu.numpy(y), expected, "float32")
        dy = np.random.default_rng(1).normal(size=np.shape(expected)).astype(np.float32)
        near = exact_back(dy.astype(np.float64))
        for actual, exact_gradient in zip(back(arrange(gpu, dy)), near, strict=True):
            assert_near(gpu.numpy(actual), exact_gradient, "float32")


def shifted(gpu, x):
    """Return the array 4 bytes past a place of 16."""
    if not x.ndim:
        return gpu.array(x)
    room = gpu.array(np.concatenate([np.zeros(1, x.dtype), x.reshape(-1)]))
    return room[1:].reshape(x.shape)


def strided(gpu, x):
    """Return the array as every other column of another."""
    return gpu.array(np.repeat(x, 2, axis=-1))[..., ::2] if x.ndim else gpu.array(x)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_second_derivatives_are_those_of_numpy(gpu, case):
    arrays = case.arrays("float64", SMALL)
    place = next(i for i, x in enumerate(arrays) if is_floating(x))

    def slope(*arrays):
        gradient = gg.grad(lambda *a: xp.sum(xp.square(case.function(*a))), argnums=place)
        return xp.sum(xp.square(gradient(*arrays)))

    expected = gg.grad(slope, argnums=place)(*arrays)
    actual = gg.grad(slope, argnums=place)(*(gpu.array(x) for x in arrays))
    scale = max(np.max(np.abs(expected)), 1e-3)
    np.testing.assert_allclose(gpu.numpy(actual), expected, rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_keeps_its_share_and_pulls_back_through_the_same_mask(gpu, p):
    rng = gpu.cupy.random.default_rng(0)
    x = gpu.array(np.ones(100_003, np.float32))

    def step():
        y, back = gg.pullback(lambda x: nn.dropout(x, p, rng), x)
        return y, back(x)[1]

    y, dx = gpu.captured(step)
    kept = gpu.numpy(y) != 0
    assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / kept.size)
    np.testing.assert_allclose(gpu.numpy(y)[kept], 1 / (1 - p), rtol=1e-6)
    np.testing.assert_array_equal(gpu.numpy(dx), gpu.numpy(y))


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_optimisers_step_as_numpys_do(gpu, optimiser, dtype):
    need(dtype)
    rng = np.random.default_rng(0)
    sizes = [1, 33, 5000, 0, *[7] * 200]
    model = [rng.normal(size=n).astype(dtype_named(dtype)) for n in sizes]
    # Not near 0: the squares of such are no numbers of float16, in which Adam would keep them.
    gradient = [rng.uniform(1, 2, size=n).astype(dtype_named(dtype)) for n in sizes]

    def stepped(model, gradient):
        state = None
        for _ in range(3):
            model, state = optimiser.update(model, gradient, state)
        return model

    there = [[gpu.array(x) for x in part] for part in (model, gradient)]
    exact = [[x.astype(np.float64) for x in part] for part in (model, gradient)]
    moved = gpu.captured(lambda: stepped(*there))
    for x, near in zip(moved, stepped(*exact), strict=True):
        assert x.dtype == dtype_named(dtype)
        assert_near(gpu.numpy(x), near, dtype)
