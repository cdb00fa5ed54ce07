"""Kernels of normalisations, against their definition in double precision."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.kernels import normalisation
from gpugrad.network.normalisation import standardise_affine

cupy = pytest.importorskip("cupy")
from tests.host_cupy import host, numpy_of  # noqa: E402 (needs CuPy)

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
EPSILON = 1e-5

# Rows for a warp, for a block, too long for registers, not aligned, and single ones.
SHAPES = [(1, 1), (3, 1), (5, 7), (9, 64), (2, 513), (4, 3, 8), (7, 1024), (2, 4100)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def random(*shape, dtype=np.float64, seed=0):
    return (1 + np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def wide(x):
    return None if x is None else x.astype(np.float64)


def hosted(x):
    return None if x is None else host(x)


def arguments(shape, dtype, *, weight=True, bias=True):
    w = random(shape[-1], dtype=dtype, seed=1) if weight else None
    b = random(shape[-1], dtype=dtype, seed=2) if bias else None
    return random(*shape, dtype=dtype), w, b


def close(actual, expected, dtype, size=1.0):
    """Compare with a result of double precision, to some units in the last place of its size."""
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    eps = float(ml_dtypes.finfo(dtype).eps)
    computed = min(eps, float(np.finfo(np.float32).eps))
    bound = eps * np.abs(expected) + 30 * computed * size
    np.testing.assert_array_less(np.abs(wide(actual) - expected), bound + 1e-300)


def check_gradients(call, args, dtype):
    """Compare values and gradients of all arguments with those of the rule of all arrays."""
    values = [x for x in args if x is not None]

    def f(*given):
        rest = iter(given)
        return call(*[None if x is None else next(rest) for x in args])

    y, back = gg.pullback(f, *map(host, values))
    expected, expected_back = gg.pullback(f, *map(wide, values))
    close(y, expected, dtype, np.abs(expected).max())
    dy = random(*y.shape, dtype=dtype, seed=5)
    for dx, dx_expected in zip(back(host(dy))[1:], expected_back(wide(dy))[1:], strict=True):
        size = np.abs(wide(dy)).sum(axis=tuple(range(dy.ndim - dx_expected.ndim))).max()
        close(dx, dx_expected, dtype, max(size, np.abs(dx_expected).max()))


@every_dtype
@every_shape
def test_layer_norm(simulator, dtype, shape):
    simulator.schedule = len(shape) + shape[-1] % 3
    check_gradients(nn.layer_norm, arguments(shape, dtype), dtype)


@every_dtype
@every_shape
def test_rms_norm(simulator, dtype, shape):
    x, weight, _ = arguments(shape, dtype)
    check_gradients(nn.rms_norm, (x, weight), dtype)
