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
    loss, back = gg.pullback(f, host(yhat), host(y), **options)
    expected, expected_back = gg.pullback(f, wide(yhat), wide(y), **options)
    assert loss.shape == ()
    close(loss, expected, dtype, yhat.size)
    np.testing.assert_array_equal(numpy_of(loss), numpy_of(f(host(yhat), host(y), **options)))
    dloss = np.asarray(3.0, dtype)
    for dx, dx_expected in zip(back(host(dloss))[1:], expected_back(wide(dloss))[1:], strict=True):
        close(dx, dx_expected, dtype)


def close(actual, expected, dtype, terms=1):
    """Compare to a unit in the last place of what is stored, and some of what is computed with."""
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    eps = float(ml_dtypes.finfo(dtype).eps)
    computed = min(eps, float(np.finfo(np.float32).eps)) * (16 + np.sqrt(terms))
    atol = computed * np.max(np.abs(expected), initial=0) + tiny(dtype)
    np.testing.assert_allclose(wide(actual), expected, rtol=eps, atol=atol)


def tiny(dtype):
    return float(ml_dtypes.finfo(dtype).smallest_subnormal)


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
    loss = LOSSES[name](host(yhat), host(y), agg="mean")
    assert launches == [launches[0], 1]
    assert launches[0] > 1
    close(loss, LOSSES[name](wide(yhat), wide(y)), dtype, size)
    total = LOSSES[name](host(yhat), host(y), agg="sum")
    if dtype is not np.float16:  # in which it is ∞
        close(total, LOSSES[name](wide(yhat), wide(y), agg="sum"), dtype, size)


@every_loss
@pytest.mark.parametrize("schedule", range(4))
def test_each_order_gives_the_same_sum(simulator, name, schedule):
    yhat, y = map(host, pair(name, ONE_BLOCK * 4 + 3, np.float32))
    first = numpy_of(LOSSES[name](yhat, y)).copy()
    simulator.schedule = schedule
    np.testing.assert_array_equal(numpy_of(LOSSES[name](yhat, y)), first)


@every_dtype
@every_loss
def test_arrays_that_begin_anywhere(simulator, launches, name, dtype):
    """Of four arrays that are not aligned, none is read or written by vectors."""
    yhat, y = pair(name, 50, dtype)
    f, parts = LOSSES[name], (slice(1, 40), slice(3, 42))
    loss, back = gg.pullback(f, host(yhat)[parts[0]], host(y)[parts[1]])
    expected, expected_back = gg.pullback(f, wide(yhat)[parts[0]], wide(y)[parts[1]])
    close(loss, expected, dtype, 39)
    for dx, dx_expected in zip(back(1.0)[1:], expected_back(1.0)[1:], strict=True):
        close(dx, dx_expected, dtype)
    assert len(launches) == 2


@every_loss
def test_strided_arrays(simulator, launches, name):
    yhat, y = (x.reshape(6, 8) for x in pair(name, 48, np.float32))
    loss, back = gg.pullback(LOSSES[name], host(yhat).T, host(y)[::-1].T)
    expected, expected_back = gg.pullback(LOSSES[name], wide(yhat).T, wide(y)[::-1].T)
    close(loss, expected, np.float32, 48)
    for dx, dx_expected in zip(back(1.0)[1:], expected_back(1.0)[1:], strict=True):
        close(dx, dx_expected, np.float32)
    assert len(launches) == 2


@every_loss
def test_one_gradient_is_computed_where_one_is_wanted(simulator, launches, name):
    args = pair(name, 20, np.float32)
    for i in range(2):
        given = list(map(host, args))

        def f(x, i=i, given=given):
            return LOSSES[name](*given[:i], x, *given[i + 1 :])

        dx = gg.grad(f)(given[i])
        close(dx, gg.grad(LOSSES[name], argnums=i)(*map(wide, args)), np.float32)
    assert len(launches) == 4


# What is far away, infinite, no number, 0, or at a kink; by name, a prediction and a target.
FAR = [-np.inf, -1e30, -1e4, -2.0, -1.0, -0.0, 0.0, 1e-40, 0.5, 1.0, 2.0, 1e4, 1e30, np.inf, np.nan]
PROBABILITIES = [0.0, 1e-30, 1e-7, 0.5, 1 - 2.0**-24, 1.0, np.nan]
RATES = [0.0, 1e-30, 1.0, 3.0, 1e30, np.inf, np.nan]
EXTREMES = {
    "binary_cross_entropy": (PROBABILITIES, [0.0, 0.5, 1.0]),
    "poisson_loss": (RATES, [0.0, 1.0, 3.0]),
    "hinge_loss": (FAR, [-1.0, 1.0]),
    "squared_hinge_loss": (FAR, [-1.0, 1.0]),
    "logit_binary_cross_entropy": (FAR, [0.0, 0.25, 1.0]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_loss
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_extremes(simulator, name, dtype):
    """At each pair of far numbers the kernels give what the rule of all arrays does."""
    grid = np.meshgrid(*EXTREMES.get(name, (FAR, FAR)))
    yhat, y = (x.ravel().astype(dtype) for x in grid)
    f, size = LOSSES[name], 4 * np.finfo(dtype).eps
    expected = f(yhat, y, agg="none")
    for i in range(yhat.size):
        loss = numpy_of(f(host(yhat[i : i + 1]), host(y[i : i + 1])))
        np.testing.assert_allclose(loss, expected[i], rtol=size, err_msg=f"{yhat[i]} {y[i]}")
    _, back = gg.pullback(f, host(yhat), host(y), agg="sum")
    _, expected_back = gg.pullback(f, yhat, y, agg="sum")
    for dx, dx_expected in zip(back(1.0)[1:], expected_back(1.0)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(dx), dx_expected, rtol=size, atol=size / 2)


@pytest.mark.parametrize("name", ["mse", "huber_loss", "mae"])
def test_sum_of_float16_may_be_larger_than_float16(simulator, name):
    """The mean of squares of 200, whose sum is 4e6 and more, is one of float16."""
    yhat, y = np.full(300, 200, np.float16), np.zeros(300, np.float16)
    loss, back = gg.pullback(LOSSES[name], host(yhat), host(y))
    close(loss, LOSSES[name](wide(yhat), wide(y)), np.float16)
    close(back(1.0)[1], gg.grad(LOSSES[name])(wide(yhat), wide(y)), np.float16)


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"mae", "hinge_loss"}))  # theirs are 0
def test_second_derivatives_go_by_the_rule_of_all_arrays(simulator, name):
    yhat, y = pair(name, 9, np.float64)

    def curvature(x, y):
        return (x * gg.grad(LOSSES[name])(x, y)).sum()

    actual = gg.grad(curvature)(host(yhat), host(y))
    close(actual, gg.grad(curvature)(yhat, y), np.float64)


@every_loss
def test_recorded_sensitivity(simulator, name):
    yhat, y = pair(name, 9, np.float64)

    def of_sensitivity(s, yhat, y):
        _, back = gg.rrule(LOSSES[name], yhat, y)
        return (yhat * back(s)[1]).sum()

    actual = gg.grad(of_sensitivity)(host(np.array(2.0)), host(yhat), host(y))
    close(actual, gg.grad(of_sensitivity)(np.array(2.0), yhat, y), np.float64)


@every_loss
def test_sensitivity_that_is_a_number(simulator, name):
    yhat, y = pair(name, 9, np.float32)
    _, back = gg.rrule(LOSSES[name], host(yhat), host(y))
    _, expected_back = gg.rrule(LOSSES[name], wide(yhat), wide(y))
    close(back(0.5)[1], expected_back(0.5)[1], np.float32)


@every_loss
def test_forward_mode(simulator, name):
    yhat, y = pair(name, 9, np.float64)
    args, tangents = (yhat, y), (np.cos(yhat), np.sin(y))
    hosted = tuple(map(host, args)), tuple(map(host, tangents))
    loss, dloss = gg.pushforward(LOSSES[name], *hosted)
    expected, expected_dloss = gg.pushforward(LOSSES[name], args, tangents)
    close(loss, expected, np.float64)
    close(dloss, expected_dloss, np.float64)


def test_gradient_of_delta(simulator):
    yhat, y = pair("huber_loss", 20, np.float64)
    args = 3 * yhat, y, 0.5
    _, back = gg.pullback(gg.huber_loss, *map(host, args[:2]), 0.5)
    _, expected_back = gg.pullback(gg.huber_loss, *args)
    for dx, dx_expected in zip(back(1.0)[1:], expected_back(1.0)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(dx), dx_expected, rtol=1e-14)


@every_loss
def test_targets_that_are_integers(simulator, launches, name):
    yhat, _ = pair(name, 20, np.float32)
    y = np.arange(20) % 2
    loss, back = gg.pullback(LOSSES[name], host(yhat), host(y))
    expected, expected_back = gg.pullback(LOSSES[name], wide(yhat), y)
    close(loss, expected, np.float32)
    _, dyhat, dy = back(1.0)
    close(dyhat, expected_back(1.0)[1], np.float32)
    assert dy is None
    assert len(launches) == 2


@every_loss
def test_what_is_left_to_the_definition(simulator, name):
    """Losses one by one, arrays of two data types, and empty ones."""
    yhat, y = pair(name, 9, np.float64)
    f = LOSSES[name]
    close(f(host(yhat), host(y), agg="none"), f(yhat, y, agg="none"), np.float64)
    close(
        f(host(yhat), host(y.astype(np.float32))), f(yhat, y.astype(np.float32)), np.float64, 1e16
    )
    assert numpy_of(f(host(yhat[:0]), host(y[:0]), agg="sum")) == 0


@every_loss
def test_wrong_arguments(simulator, name):
    yhat, y = map(host, pair(name, 9, np.float32))
    with pytest.raises(ArgumentError, match=f"{name}: the prediction has shape"):
        LOSSES[name](yhat, y[:3])
    with pytest.raises(ArgumentError, match=f"{name}: agg is 'median'"):
        LOSSES[name](yhat, y, agg="median")
    with pytest.raises(ArgumentError, match=f"{name}: the prediction has shape"):
        gg.pullback(LOSSES[name], yhat, y[:3])
