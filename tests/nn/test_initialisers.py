"""How parameters start: the distributions of the papers, the same numbers for the same seed."""

import math

import numpy as np
import pytest

from gpugrad import nn

INPUTS, OUTPUTS = 300, 500

UNIFORM = [
    (nn.glorot_uniform, math.sqrt(6 / (INPUTS + OUTPUTS))),
    (nn.kaiming_uniform, math.sqrt(6 / INPUTS)),
]
NORMAL = [
    (nn.glorot_normal, math.sqrt(2 / (INPUTS + OUTPUTS))),
    (nn.kaiming_normal, math.sqrt(2 / INPUTS)),
]
RANDOM = [init for init, _ in UNIFORM + NORMAL]
ALL = [*RANDOM, nn.zeros]


def draw(init, shape=(INPUTS, OUTPUTS), dtype=np.float32, seed=0):
    return init(np.random.default_rng(seed), shape, dtype)


@pytest.mark.parametrize(("init", "limit"), UNIFORM)
def test_uniform_fills_its_interval_evenly(init, limit):
    shares, _ = np.histogram(draw(init, dtype=np.float64) / limit, bins=10, range=(-1, 1))
    assert shares.sum() == INPUTS * OUTPUTS  # nothing is outside
    np.testing.assert_allclose(shares / shares.sum(), 0.1, atol=0.005)


@pytest.mark.parametrize(("init", "deviation"), NORMAL)
def test_normal_has_its_moments(init, deviation):
    x = draw(init, dtype=np.float64) / deviation
    moments = [np.mean(x**k) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.05)


@pytest.mark.parametrize("init", RANDOM)
def test_inputs_come_before_outputs(init):
    """A layer's variance is that of its transpose only where both fans count."""
    wide, tall = draw(init, (20, 4000)).var(), draw(init, (4000, 20)).var()
    both_fans = init in (nn.glorot_uniform, nn.glorot_normal)
    assert wide / tall == pytest.approx(1 if both_fans else 200, rel=0.03)


@pytest.mark.parametrize("init", RANDOM)
def test_axes_before_the_last_two_are_a_kernel(init):
    kernel, dense = draw(init, (3, 3, 40, 50)).var(), draw(init, (9 * 40, 9 * 50)).var()
    assert kernel / dense == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
@pytest.mark.parametrize("init", ALL)
def test_shape(init, shape):
    assert np.shape(draw(init, shape)) == shape


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("init", ALL)
def test_dtype_only_rounds(init, dtype):
    rounded = draw(init, dtype=dtype)
    assert rounded.dtype == dtype
    np.testing.assert_array_equal(rounded, draw(init, dtype=np.float64).astype(dtype))


@pytest.mark.parametrize("init", ALL)
def test_dtype_is_float32_by_default(init):
    assert init(np.random.default_rng(0), (2, 3)).dtype == np.float32


@pytest.mark.parametrize("init", RANDOM)
def test_seed_decides(init):
    np.testing.assert_array_equal(draw(init, seed=1), draw(init, seed=1))
    assert not np.array_equal(draw(init, seed=1), draw(init, seed=2))


def test_zeros_draws_nothing():
    rng = np.random.default_rng(0)
    assert not nn.zeros(rng, (3, 4)).any()
    assert rng.random() == np.random.default_rng(0).random()
