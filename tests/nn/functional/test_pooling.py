"""Pooling against loops and SciPy; ties."""

import itertools

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.ndimage")

RNG = np.random.default_rng(0)


def brute_pool(reduce, x, window, stride, padding, fill):
    """Pool window by window, with numbers for each axis."""
    x = np.pad(x, [(0, 0), (0, 0), *padding], constant_values=fill)
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], window, stride, strict=True)]
    y = np.empty((*x.shape[:2], *counts))
    axes = tuple(range(2, x.ndim))
    for p in itertools.product(*map(range, counts)):
        part = [slice(s * i, s * i + k) for s, i, k in zip(stride, p, window, strict=True)]
        y[(..., *p)] = reduce(x[(..., *part)], axis=axes)
    return y


POOLS = [
    ((5,), (2,), (2,), ((0, 0),)),
    ((5,), (3,), (1,), ((1, 2),)),
    ((4, 6), (2, 3), (1, 2), ((1, 0), (0, 2))),
    ((3, 4, 3), (2, 2, 3), (2, 1, 1), ((0, 0), (1, 1), (0, 0))),
]


@pytest.mark.parametrize(("sizes", "window", "stride", "padding"), POOLS)
def test_pools_are_what_loops_compute(sizes, window, stride, padding):
    x = RNG.normal(size=(2, 3, *sizes))
    options = {"stride": stride, "padding": padding}
    expected = brute_pool(np.max, x, window, stride, padding, -np.inf)
    np.testing.assert_array_equal(nn.max_pool(x, window, **options), expected)
    expected = brute_pool(np.mean, x, window, stride, padding, 0)
    np.testing.assert_allclose(nn.mean_pool(x, window, **options), expected)
    expected = brute_pool(np.nanmean, x, window, stride, padding, np.nan)
    actual = nn.mean_pool(x, window, count_include_pad=False, **options)
    np.testing.assert_allclose(actual, expected)
    expected = brute_pool(np.sum, np.abs(x) ** 3, window, stride, padding, 0) ** (1 / 3)
    np.testing.assert_allclose(nn.lp_pool(x, 3, window, **options), expected)


def test_pools_are_filters_of_scipy():
    x = RNG.normal(size=(6, 7))
    largest = nn.max_pool(x[None, None], 3, stride=1, padding="same")
    np.testing.assert_array_equal(
        largest[0, 0], scipy.ndimage.maximum_filter(x, 3, mode="constant", cval=-np.inf)
    )
    mean = nn.mean_pool(x[None, None], 3, stride=1, padding="same")
    np.testing.assert_allclose(
        mean[0, 0], scipy.ndimage.uniform_filter(x, 3, mode="constant"), atol=1e-12
    )


def test_padding_is_never_the_largest():
    x = np.full((1, 1, 3), -5.0)
    np.testing.assert_array_equal(nn.max_pool(x, 3, stride=1, padding=1), x)
    np.testing.assert_allclose(
        gg.grad(lambda x: gg.xp.sum(nn.max_pool(x, 2, stride=2, padding=((1, 0),))))(x),
        [[[1, 0.5, 0.5]]],
    )


def test_ties_of_a_window_are_split_evenly():
    x = np.array([[[[1.0, 1.0], [0.0, 1.0]]]])
    third = 1 / 3
    gradient = gg.grad(lambda x: gg.xp.sum(nn.max_pool(x, 2)))(x)
    np.testing.assert_allclose(gradient, [[[[third, third], [0, third]]]])
    tangent = np.array([[[[1.0, 2.0], [5.0, 6.0]]]])
    _, moved = gg.pushforward(lambda x: nn.max_pool(x, 2), (x,), (tangent,))
    np.testing.assert_allclose(moved, [[[[3.0]]]])
    gradient = gg.grad(lambda x: gg.xp.sum(nn.global_max_pool(x)))(x)
    np.testing.assert_allclose(gradient, [[[[third, third], [0, third]]]])


def test_a_nan_stays_in_its_windows():
    x = np.array([[[1.0, np.nan, 3.0, 4.0]]])
    y, back = gg.pullback(lambda x: nn.max_pool(x, 2), x)
    np.testing.assert_array_equal(y, [[[np.nan, 4.0]]])
    np.testing.assert_array_equal(back(np.ones_like(y))[1], [[[0, 0, 0, 1]]])


def test_norm_of_a_window_of_zeros_has_a_gradient_of_zero():
    for p in (1, 2, 3):
        gradient = gg.grad(lambda x, p=p: gg.xp.sum(nn.lp_pool(x, p, 2)))(np.zeros((1, 1, 4)))
        np.testing.assert_array_equal(gradient, np.zeros((1, 1, 4)))


def test_adaptive_pools_reach_both_ends():
    x = RNG.normal(size=(2, 1, 7, 6))
    parts = x[:, :, :, :2], x[:, :, :, 2:4], x[:, :, :, 4:]
    expected = np.stack([[p[:, :, i : i + 4].mean((2, 3)) for p in parts] for i in (0, 3)])
    actual = nn.adaptive_mean_pool(x, (2, 3))
    np.testing.assert_allclose(np.moveaxis(actual, (2, 3), (0, 1)), expected)
    assert nn.adaptive_max_pool(x, (7, 6)).tolist() == x.tolist()
    np.testing.assert_allclose(nn.adaptive_max_pool(x, 1), nn.global_max_pool(x))
    np.testing.assert_allclose(nn.adaptive_mean_pool(x, 1), nn.global_mean_pool(x))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_data_types_stay(dtype):
    x = np.ones((1, 4, 4), dtype)
    calls = [
        *(nn.max_pool(x, 2), nn.mean_pool(x, 2, padding=1, count_include_pad=False)),
        *(nn.lp_pool(x, 2, 2), nn.adaptive_mean_pool(x, 2), nn.pad_constant(x, 1)),
        *(nn.upsample_linear(x, 2), nn.upsample_nearest(x, sizes=3), nn.pixel_shuffle(x, 2)),
        nn.grid_sample(x, np.zeros((1, 2, 1), dtype)),
    ]
    assert {y.dtype for y in calls} == {np.dtype(dtype)}
