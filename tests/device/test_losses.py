"""Kernels of losses of single elements, against their definition in double precision."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import ArgumentError
from gpugrad.kernels import losses

cupy = pytest.importorskip("cupy")
from tests.host_cupy import host, numpy_of  # noqa: E402 (needs CuPy)

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
LOSSES = {name: getattr(gg, name) for name in losses.LOSSES}
OPTIONS = {
    "huber_loss": [{}, {"delta": 0.5}],
    "binary_cross_entropy": [{}, {"epsilon": 0.125}],
}
CALLS = [(name, options) for name in LOSSES for options in OPTIONS.get(name, [{}])]
every_loss = pytest.mark.parametrize("name", LOSSES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)

ONE_BLOCK = losses.THREADS * losses.SINGLE  # vectors


@pytest.fixture
def launches(simulator, monkeypatch):
    """Return a list of what is launched: the numbers of blocks."""
    seen = []
    real = simulator.launch

    def launched(function, blocks, *rest):
        seen.append(blocks)
        real(function, blocks, *rest)

    monkeypatch.setattr(simulator, "launch", launched)
    return seen


def pair(name, size, dtype, seed=0):
    """Return a prediction and a target that the loss is made for, away from its kinks."""
    rng = np.random.default_rng(seed)
    if name == "binary_cross_entropy":
        yhat, y = rng.uniform(0.1, 0.9, size), rng.integers(2, size=size)
    elif name == "poisson_loss":
        yhat, y = rng.uniform(0.5, 4, size), rng.integers(9, size=size)
    elif "hinge" in name:
        yhat, y = rng.normal(size=size), rng.choice([-1.0, 1.0], size)
    else:
        yhat, y = rng.normal(size=size), rng.normal(size=size) + 0.25
    return yhat.astype(dtype), y.astype(dtype)


def wide(x):
    return np.asarray(x, np.float64)


def check_pair(f, yhat, y, **options):
    """Compare the loss and its gradients with those of the rule of all arrays."""
    dtype = yhat.dtype
    options = gg.stop_gradient(options)
    loss, back = gg.pullback(lambda a, b: f(a, b, **options), host(yhat), host(y))
    expected, expected_back = gg.pullback(lambda a, b: f(a, b, **options), wide(yhat), wide(y))
    assert loss.dtype == dtype
    assert loss.shape == ()
    close(loss, expected, dtype, yhat.size)
    np.testing.assert_array_equal(numpy_of(loss), numpy_of(f(host(yhat), host(y), **options)))
    dloss = np.asarray(3.0, dtype)
    for dx, dx_expected in zip(back(host(dloss))[1:], expected_back(wide(dloss))[1:], strict=True):
        assert dx.dtype == dtype
        close(dx, dx_expected, dtype)


def close(actual, expected, dtype, terms=1):
    """Compare to some units in the last place, of what is computed with and what is stored."""
    eps = float(ml_dtypes.finfo(dtype).eps)
    computed = min(eps, float(np.finfo(np.float32).eps))
    smallest = float(ml_dtypes.finfo(dtype).smallest_subnormal)
    tolerance = eps + computed * (16 + np.sqrt(terms))
    np.testing.assert_allclose(wide(numpy_of(actual)), expected, rtol=tolerance, atol=smallest)


@every_dtype
@pytest.mark.parametrize(("name", "options"), CALLS)
@pytest.mark.parametrize("size", [1, 7, 64, 3001])
def test_means(simulator, launches, name, options, dtype, size):
    simulator.schedule = size % 4
    check_pair(LOSSES[name], *pair(name, size, dtype), **options)
    assert launches == [1, 1, launches[2]]  # twice the loss, and once both gradients


@every_dtype
@every_loss
def test_sums_over_several_blocks(simulator, launches, name, dtype):
    size = ONE_BLOCK * 16 // np.dtype(dtype).itemsize + 5
    yhat, y = pair(name, size, dtype)
    scale = 2.0**-12  # or 16 bits would overflow
    loss = LOSSES[name](host(yhat), host(y), agg="mean")
    assert launches == [launches[0], 1]
    assert launches[0] > 1
    close(loss, LOSSES[name](wide(yhat), wide(y)), dtype, size)
    if np.dtype(dtype).itemsize > 2:
        total = LOSSES[name](host(yhat), host(y), agg="sum")
        close(total * scale, LOSSES[name](wide(yhat), wide(y), agg="sum") * scale, dtype, size)
