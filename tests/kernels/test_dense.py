"""Dense layers of few features in one kernel, and back in another, against NumPy in float64."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.kernels.dense import MOST_FEATURES, SmallDense, kernels_of
from gpugrad.nn.functional.dense import dense
from gpugrad.testing import check_frule, check_rrule
from tests.host_cupy import HostArray, bare, host, numpy_of, watch
from tests.kernels.compiler import compiled, expressions, needs_nvrtc

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
ACTIVATIONS = [F.positive, F.tanh, gg.relu, gg.swish, gg.leakyrelu]
FEW = [F.tanh, gg.swish]  # one keeps its value, of the other the sum is computed again


def random(*shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def arrays(rows, inputs, outputs, dtype=np.float32):
    """Return x, weight and bias, and a sensitivity."""
    x, weight = random(rows, inputs, dtype=dtype), random(inputs, outputs, seed=1) / inputs**0.5
    bias, dy = random(outputs, dtype=dtype, seed=2), random(rows, outputs, dtype=dtype, seed=3)
    return x, weight.astype(dtype), bias, dy


def reference(activation, x, weight, bias, dy):
    """Return the value and the gradients in double precision."""
    x, weight, bias, dy = (a.astype(float) for a in (x, weight, bias, dy))
    y, back = gg.pullback(lambda *args: activation(args[0] @ args[1] + args[2]), x, weight, bias)
    return y, *back(dy)[1:]


def check(activation, x, weight, bias, dy):
    y, back = gg.pullback(dense, *map(host, (x, weight, bias)), activation)
    found = y, *back(host(dy))[1:4]
    expected = reference(activation, x, weight, bias, dy)
    eps = float(max(2 * ml_dtypes.finfo(x.dtype).eps, 8e-6 if x.dtype != np.float64 else 1e-13))
    for actual, near in zip(found, expected, strict=True):
        assert (type(actual), actual.dtype, actual.shape) == (HostArray, x.dtype, near.shape)
        bound = eps * max(1.0, np.max(np.abs(near), initial=0.0)) * 4
        np.testing.assert_allclose(numpy_of(actual).astype(float), near, rtol=0, atol=bound)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.name)
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_activation_in_each_type(simulator, activation, dtype):
    check(activation, *arrays(70, 7, 5, dtype))


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
@pytest.mark.parametrize("inputs", [1, 2, 16, MOST_FEATURES])
@pytest.mark.parametrize("outputs", [1, 3, 16, MOST_FEATURES])
@pytest.mark.parametrize("rows", [1, 33, 300])
def test_each_shape(simulator, launches, activation, inputs, outputs, rows):
    simulator.schedule = (inputs + outputs + rows) % 4
    check(activation, *arrays(rows, inputs, outputs))
    assert len(launches) == (2 if rows <= 256 else 3)  # of several blocks the sums are added up


def test_sums_of_many_blocks_are_the_same_each_time(simulator):
    """There are eight for each of the simulator's three multiprocessors at most."""
    values = list(map(host, arrays(256 * 30, 3, 2)))
    found = []
    for schedule in range(4):
        simulator.schedule = schedule
        _, back = gg.pullback(dense, *values[:3], F.tanh)
        found.append([numpy_of(g).tobytes() for g in back(values[3])[1:4]])
    assert found == [found[0]] * 4


def test_no_more_is_computed_than_is_asked_for(simulator, monkeypatch):
    asked = []
    real = SmallDense.back

    def back(self, *args, need_x):
        asked.append(need_x)
        return real(self, *args, need_x=need_x)

    monkeypatch.setattr(SmallDense, "back", back)
    x, weight, bias, dy = map(host, arrays(8, 3, 2))
    layer = gg.nn.Dense(3, 2, F.tanh)
    vars(layer).update(weight=weight, bias=bias)
    gg.pullback(lambda layer, x: layer(x), layer, x=x)[1](dy)
    gg.pullback(layer, x)[1](dy)
    assert asked == [False, True]


def test_a_layer_is_one_line_of_the_tape(simulator):
    layer = gg.nn.Dense(3, 4, F.tanh)
    vars(layer).update(weight=host(random(3, 4)), bias=host(random(4)))
    _, back = gg.pullback(layer, host(random(7, 3)))
    assert "= dense(x3, x1, x2, tanh)" in str(back.tape)


@pytest.mark.parametrize("shape", [(7, 3), (3,), (2, 5, 3)])
@pytest.mark.parametrize("activation", [gg.swish, lambda x: x, lambda x: 2 * x])
def test_layers_of_each_shape(simulator, activation, shape):
    layer, exact = gg.nn.Dense(3, 4, activation), gg.nn.Dense(3, 4, activation)
    x, weight, bias, dy = random(*shape), random(3, 4), random(4), random(*shape[:-1], 4)
    vars(layer).update(weight=host(weight), bias=host(bias))
    vars(exact).update(weight=weight.astype(float), bias=bias.astype(float))
    y, back = gg.pullback(layer, host(x))
    expected, exact_back = gg.pullback(exact, x.astype(float))
    (dlayer, dx), (near, near_x) = back(host(dy)), exact_back(dy.astype(float))
    found = [y, dx, dlayer.weight, dlayer.bias]
    for actual, wanted in zip(found, [expected, near_x, near.weight, near.bias], strict=True):
        np.testing.assert_allclose(numpy_of(actual), wanted, rtol=1e-4, atol=1e-5)


def test_a_layer_without_an_activation_is_one_launch_each_way(simulator, launches):
    values = list(map(host, arrays(50, 3, 4)))
    y, back = gg.pullback(F.linear, *values[:3])
    back(values[3])
    assert len(launches) == 2
    np.testing.assert_allclose(
        numpy_of(y), reference(F.positive, *map(numpy_of, values))[0], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(3,), (2, 5, 3)])
@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_a_recorded_sensitivity_of_rows_of_each_shape(simulator, activation, shape):
    x, weight, bias = random(*shape), random(3, 4, seed=1), random(4, seed=2)
    dy = random(*shape[:-1], 4, seed=3)

    def pulled(x, weight, bias, dy):
        back = gg.pullback(dense, x, weight, bias, activation)[1]
        return gg.grad(lambda dy: sum(F.sum(g**2) for g in back(dy)[1:4]))(dy)

    found = pulled(*map(host, (x, weight, bias, dy)))
    near = pulled(*(a.astype(float) for a in (x, weight, bias, dy)))
    np.testing.assert_allclose(numpy_of(found), near, rtol=1e-3, atol=1e-4)


def test_shapes_that_do_not_fit_are_refused(simulator):
    for shapes in [((6, 4), (3, 2), (2,)), ((6, 3), (3, 2), (3,))]:
        args = [host(random(*shape)) for shape in shapes]
        with pytest.raises(ValueError, match=r"(?i)shape|dimension|broadcast"):
            F.linear(*args)


def test_a_layer_of_no_features(simulator):
    y = dense(host(random(6, 3)), host(random(3, 0)), host(random(0)), F.tanh)
    assert y.shape == (6, 0)


def test_arrays_without_kernels_among_others(simulator):
    x, weight, bias, dy = arrays(6, 4, 3)
    y, back = gg.pullback(dense, host(x), bare(weight), bare(bias), F.tanh)
    expected = reference(F.tanh, x, weight, bias, dy)
    for actual, near in zip((y, *back(host(dy))[1:4]), expected, strict=True):
        np.testing.assert_allclose(numpy_of(actual), near, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bias", ["same", "wide", "one for all"])
def test_a_product_with_a_weight_is_computed_once(simulator, bias):
    x, weight = random(50, 40, dtype=np.float16), random(40, 30, dtype=np.float16, seed=1)
    added = random(1 if bias == "one for all" else 30, seed=2)
    added = added if bias == "wide" else added.astype(np.float16)
    with watch() as events:
        y = F.linear(*map(host, (x, weight, added)))
    assert [kind for kind, _ in events] == ["product", "launch"]
    assert y.dtype == (np.float32 if bias == "wide" else np.float16)
    expected = x.astype(float) @ weight.astype(float) + added.astype(float)
    np.testing.assert_allclose(numpy_of(y).astype(float), expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3)])
def test_layers_of_bfloat16_in_forward_mode(simulator, shape):
    """CuPy's own product of stacks refuses it."""
    x, weight = random(*shape, dtype=ml_dtypes.bfloat16), random(3, 2, dtype=ml_dtypes.bfloat16)
    bias = random(2, seed=2)
    for b in (bias, bias.astype(x.dtype), bias[:1]):
        args = list(map(host, (x, weight, b)))
        y, dy = gg.pushforward(F.linear, args, args)
        product = x.astype(float) @ weight.astype(float)
        np.testing.assert_allclose(numpy_of(y).astype(float), product + b, rtol=0.05, atol=0.05)
        np.testing.assert_allclose(numpy_of(dy).astype(float), 2 * product + b, rtol=0.05, atol=0.1)


def test_the_gradient_of_an_array_is_computed_where_it_is_asked_for(simulator):
    """Also where the sensitivity is recorded."""
    x, weight, bias, dy = map(host, arrays(8, 3, 2))
    _, back = gg.pullback(lambda weight, x: dense(x, weight, bias, F.tanh), weight, x=x)
    with watch() as events:
        gg.grad(lambda dy: F.sum(back(dy)[1] ** 2))(dy)
    assert [kind for kind, _ in events].count("product") == 2  # xᵀ dz, and its own gradient


@pytest.mark.parametrize("change", ["strided", "wide", "features", "empty", "no activation"])
def test_what_the_kernels_do_not_take_goes_by_the_rules(simulator, change):
    x, weight, bias, dy = arrays(6, 4, 3)
    activation = F.tanh
    there = list(map(host, (x, weight, bias)))
    if change == "strided":
        there = [host(x.T.copy()).T, host(weight.T.copy()).T, host(np.repeat(bias, 2))[::2]]
    elif change == "wide":
        there[1] = host(weight.astype(float))
    elif change == "features":
        x, weight = random(6, 40), random(40, 3) / 6
        there[:2] = host(x), host(weight)
    elif change == "empty":
        x, dy = x[:0], dy[:0]
        there[0] = host(x)
    else:
        activation = F.sin
    y, back = gg.pullback(dense, *there, activation)
    expected = reference(activation, x, weight, bias, dy)
    sensitivity = host(dy.astype(y.dtype))
    for actual, near in zip((y, *back(sensitivity)[1:4]), expected, strict=True):
        np.testing.assert_allclose(numpy_of(actual), near, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", [*FEW, F.positive], ids=lambda f: f.name)
def test_second_derivatives_and_forward_mode(simulator, activation):
    values = arrays(7, 3, 4)[:3]

    def f(x, weight, bias):
        return F.sum(dense(x, weight, bias, activation) ** 2)

    def slope(x, weight, bias):
        return sum(F.sum(g * g) for g in gg.grad(f, argnums=(0, 1, 2))(x, weight, bias))

    exact = [a.astype(float) for a in values]
    there = list(map(host, values))
    for actual, near in zip(
        gg.grad(slope, argnums=(0, 1, 2))(*there),
        gg.grad(slope, argnums=(0, 1, 2))(*exact),
        strict=True,
    ):
        np.testing.assert_allclose(numpy_of(actual), near, rtol=1e-3, atol=1e-3)
    moved = gg.pushforward(f, tuple(there), tuple(there))[1]
    np.testing.assert_allclose(numpy_of(moved), gg.pushforward(f, exact, exact)[1], rtol=1e-4)


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_the_rules_it_is_made_of(activation):
    """On NumPy's arrays: in both modes, and to second order."""
    values = [a.astype(float) for a in arrays(3, 4, 2)[:3]]
    check_rrule(dense, *values, activation)
    check_frule(dense, *values, activation)


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_extreme_values(simulator, activation):
    x = np.array([[0.0], [1e4], [-1e4], [3e38], [np.inf], [-np.inf], [np.nan]], np.float32)
    one, zero = np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    y, back = gg.pullback(dense, host(x), host(one), host(zero), activation)
    _, dx, *_ = back(host(np.ones_like(x)))
    with np.errstate(all="ignore"):
        expected, expected_back = gg.pullback(activation, x.astype(float))
        slope = expected_back(np.ones_like(x, float))[1]
        np.testing.assert_allclose(numpy_of(y), expected.astype(np.float32), rtol=1e-5)
    np.testing.assert_allclose(numpy_of(dx), slope, rtol=1e-5, atol=1e-6)


@needs_nvrtc
@pytest.mark.parametrize("architecture", [75, 90, 120])
@pytest.mark.parametrize("activation", [*FEW, F.positive], ids=lambda f: f.name)
def test_kernels_compile_without_spilling(activation, architecture):
    """They are made when an activation is first used, so that the test of all does not see them."""
    small = kernels_of(activation)
    for kernel in (small.kernel, small.back_kernel):
        found = compiled(kernel.text(), expressions(kernel), architecture)
        assert found.log == ""
        assert not any(r.spill_stores or r.spill_loads for r in found.resources.values())
