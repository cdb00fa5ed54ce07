"""What a step of training asks of the device: so many launches, no upload, and nothing to wait for.

Counted on CuPy's arrays in the host's memory, of CuPy's own calls too (`tests.host_cupy.watch`).
"""

import weakref
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, optim, xp
from gpugrad.kernels.launch import C_TYPES
from gpugrad.modes.tape import Tape
from gpugrad.structure.tangent import added_to
from tests.host_cupy import HostArray, host, numpy_of, watch


def on_device(structure):
    """Return layers, arrays or numbers with their arrays in CuPy's hands."""
    if isinstance(structure, nn.Chain):
        return nn.Chain(*map(on_device, structure))
    if isinstance(structure, nn.Dense):
        layer = nn.Dense(1, 1, structure.activation)
        vars(layer).update(weight=host(structure.weight), bias=host(structure.bias))
        return layer
    return host(structure)


def network(*sizes, last=None):
    rng = np.random.default_rng(0)
    *hidden, end = pairwise(sizes)
    layers = [nn.Dense(*size, gg.relu, rng=rng) for size in hidden]
    return nn.Chain(*layers, nn.Dense(*end, *([last] if last else []), rng=rng))


def batch(rows, inputs, classes):
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, inputs)).astype(np.float32), rng.integers(0, classes, rows)


def loss(model, x, labels):
    return gg.logit_cross_entropy(model(x), labels)


def by_pullback(model, x, labels):
    value, back = gg.pullback(loss, model, x=x, labels=labels)
    return value, back(1.0)[1]


WAYS = {"pullback": by_pullback, "value_and_grad": gg.value_and_grad(loss)}
MOONS = network(2, 16, 16, 2, last=gg.relu), batch(200, 2, 2)
SMALL = network(2, 16, 2), batch(200, 2, 2)  # that of README.md
DIGITS = network(784, 512, 512, 10), batch(128, 784, 10)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("model", "data", "launches", "products"),
    [(*MOONS, 8, 0), (*SMALL, 5 + 1, 0), (*DIGITS, 8, 8)],
    ids=["moons", "README", "784-512-512-10"],
)
@pytest.mark.parametrize("optimiser", [optim.Descent(0.1), optim.Adam(0.1)])
def test_step(simulator, way, model, data, launches, products, optimiser):
    there, there_data = on_device(model), list(map(host, data))
    state = optimiser.init(there)
    with watch() as events:
        value, gradient = way(there, *there_data)
        stepped, state = optimiser.update(there, gradient, state)
    assert Counter(kind for kind, _ in events) == Counter(launch=launches, product=products)

    expected, exact = way(model, *data)
    np.testing.assert_allclose(numpy_of(value), expected, rtol=1e-5)
    for layer, found, near in zip(stepped, gradient.layers, exact.layers, strict=True):
        assert type(layer.weight) is HostArray
        np.testing.assert_allclose(numpy_of(found.weight), near.weight, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(numpy_of(found.bias), near.bias, rtol=1e-3, atol=1e-6)


# --- A sensitivity that is one number -----------------------------------------------------------


@pytest.mark.parametrize("f", [gg.mse, gg.logit_cross_entropy, gg.cross_entropy])
@pytest.mark.parametrize("number", [1.0, 3.0])
def test_a_number_is_multiplied_by_and_no_array(simulator, f, number):
    """The gradient of a cross entropy is there already."""
    x = np.random.default_rng(0).uniform(0.1, 1, (6, 5)).astype(np.float32)
    arrays = x, x[::-1].copy()
    _, back = gg.pullback(lambda x, y: f(x, y), host(arrays[0]), y=host(arrays[1]))
    with watch() as events:
        dx = back(number)[1]
    assert len(events) == (0 if number == 1 and f is not gg.mse else 1)
    expected = gg.pullback(lambda x, y: f(x, y), arrays[0], y=arrays[1])[1](number)[1]
    np.testing.assert_allclose(numpy_of(dx), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dy", [1, 1.0, np.float32(1), np.float64(1)])
def test_a_number_of_each_kind_is_a_sensitivity(simulator, dy):
    x = np.ones((3, 4), np.float32)
    _, back = gg.pullback(lambda x: (xp.mean(x), xp.sum(x * x)), host(x))
    np.testing.assert_allclose(numpy_of(back((dy, dy))[1]), 1 / 12 + 2 * x)


def test_a_sum_of_two_losses_takes_a_number(simulator):
    """Both have the same sensitivity, which comes as an array."""
    x, y = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    both = gg.grad(lambda x, y: gg.mse(x, y) + xp.mean(x))
    np.testing.assert_allclose(numpy_of(both(host(x), host(y))), both(x, y), rtol=1e-6)


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("f", [xp.mean, xp.sum])
def test_a_number_for_the_sums_of_each_row(simulator, f, axis, keepdims):
    x = np.random.default_rng(0).normal(size=(3, 4))
    there = gg.pullback(lambda x: f(x * x, axis=axis, keepdims=keepdims), host(x))[1](2.0)[1]
    expected = gg.pullback(lambda x: f(x * x, axis=axis, keepdims=keepdims), x)[1](2.0)[1]
    np.testing.assert_allclose(numpy_of(there), expected)


@pytest.mark.parametrize("f", [xp.mean, xp.sum])
def test_a_number_for_a_sum_in_another_data_type(simulator, f):
    x = np.ones((3, 4), np.float32)
    dx = gg.rrule(f, host(x), dtype=np.float64)[1](2.0)[1]
    assert dx.dtype == np.float32
    np.testing.assert_allclose(numpy_of(dx), 2 * x / (12 if f is xp.mean else 1))


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # NumPy's, in CuPy's place
def test_a_number_for_the_mean_of_nothing(simulator):
    _, back = gg.rrule(xp.mean, host(np.ones((0, 3))), axis=0)
    assert back(1.0)[1].shape == (0, 3)


def test_a_sum_does_not_keep_its_value(simulator):
    held = []

    def f(x):
        rows = xp.sum(x, axis=1)
        held.append(weakref.ref(rows.value))
        return xp.sum(rows)

    _, back = gg.pullback(f, host(np.ones((3, 4))))
    assert held[0]() is None
    np.testing.assert_array_equal(numpy_of(back(1.0)[1]), np.ones((3, 4)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("size", [2, 7, 4099])
def test_what_is_spread_is_read_in_one_place(simulator, dtype, size):
    """The operation after a sum takes its sensitivity as one element for all."""
    x = np.linspace(-2, 2, size).astype(dtype)
    _, back = gg.pullback(lambda x: xp.sum(xp.tanh(x)), host(x))
    with watch() as events:
        dx = back(1.0)[1]
    kernel = f"gpugrad::map<gpugrad::tanh_back_x, {C_TYPES[dtype]}, 0, 1>"
    assert ("launch", kernel) in events
    expected = 1 - np.tanh(x.astype(float)) ** 2
    tolerance = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(numpy_of(dx), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_an_array_of_one_element_beside_others(simulator, shape):
    x = np.random.default_rng(0).normal(size=(3, 5))
    a, there, dy = map(host, (np.full(shape, 1.5), x, np.ones_like(x)))
    with watch() as events:
        y, back = gg.pullback(lambda x, a: xp.tanh(x) * a, there, a=a)
        dx = back(dy)[1]
    assert all(name.startswith("gpugrad::map") for _, name in events)
    np.testing.assert_allclose(numpy_of(y), np.tanh(x) * 1.5)
    np.testing.assert_allclose(numpy_of(dx), 1.5 * (1 - np.tanh(x) ** 2))


@pytest.mark.parametrize("shapes", [((), (1,)), ((1, 1), (1,)), ((3, 1), (1, 3)), ((0, 3), (1, 1))])
def test_arrays_of_one_element_alone(simulator, shapes):
    a, b = (np.full(shape, value) for shape, value in zip(shapes, (2.0, 3.0), strict=True))
    y, back = gg.pullback(xp.multiply, host(a), host(b))
    expected, near = gg.pullback(xp.multiply, a, b)
    dy = np.ones_like(expected)
    for actual, wanted in zip((y, *back(host(dy))[1:]), (expected, *near(dy)[1:]), strict=True):
        assert actual.shape == wanted.shape
        np.testing.assert_array_equal(numpy_of(actual), wanted)


# --- Gradients that are added up ------------------------------------------------------------------


def test_gradients_are_added_by_the_prepared_kernel_in_place(simulator):
    """Of four parts the first two are added in new memory, the others into that."""
    x = np.random.default_rng(0).normal(size=100)

    def four(x):
        return xp.sin(x) + xp.cos(x) + xp.exp(x) + xp.tanh(x)

    _, back = gg.pullback(four, host(x))
    dy = host(np.ones(100))
    made = []
    real = HostArray.__new__

    def counted(cls, *args, **kwargs):
        made.append(args[0])
        return real(cls, *args, **kwargs)

    with watch() as events, pytest.MonkeyPatch.context() as patch:
        patch.setattr(HostArray, "__new__", counted)
        dx = back(dy)[1]
    added = [name for _, name in events if "add_forward" in name]
    assert len(added) == 3
    assert all(name.startswith("gpugrad::map") for _, name in events)
    assert made == [(100,)] * (4 + 1)  # a gradient for each part, and their sum
    expected = np.cos(x) - np.sin(x) + np.exp(x) + 1 - np.tanh(x) ** 2
    np.testing.assert_allclose(numpy_of(dx), expected, rtol=1e-12)


@pytest.mark.parametrize("array", [np.asarray, host], ids=["numpy", "cupy"])
def test_what_others_have_is_not_added_into(simulator, array):
    """The sensitivity of a sum is that of its parts: the same array goes several ways."""
    x, dy = array(np.ones(5)), array(np.arange(5.0))

    def f(x):
        y = x + x
        return (y + y) + (y + x)

    _, back = gg.pullback(f, x)
    first, again = back(dy)[1], back(dy)[1]
    for dx in (first, again):
        np.testing.assert_array_equal(numpy_of(dx), 7 * np.arange(5.0))
    np.testing.assert_array_equal(numpy_of(dy), np.arange(5.0))
    assert first is not again


@pytest.mark.parametrize("x", [np.ones(3), np.float64(1), 1.0], ids=repr)
def test_sums_of_what_has_no_place_of_its_own_are_new(x):
    narrow = x.astype(np.float32) if hasattr(x, "dtype") else x
    for total, other in [(1.0, x), (x + 1.0, narrow)]:
        before, expected = np.array(total), total + other
        assert np.array_equal(added_to(total, other), expected)
        assert np.array_equal(total, before)


ALIKE = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "pair",
    [
        (ALIKE.copy(order="F"), ALIKE),
        (ALIKE, ALIKE.copy(order="F")),
        (ALIKE + 1j, ALIKE * 1j),
        (ALIKE, ALIKE + 1j),
        (ALIKE.astype(np.float32), ALIKE),
        (ALIKE, ALIKE[:1]),
        (ALIKE.astype(int), ALIKE.astype(int)),
    ],
    ids=["order", "other order", "complex", "one complex", "wide", "shape", "integers"],
)
def test_arrays_that_no_kernel_adds_in_place(simulator, pair):
    total, other = map(host, pair)
    y = added_to(total, other)
    np.testing.assert_array_equal(numpy_of(y), pair[0] + pair[1])
    np.testing.assert_array_equal(numpy_of(total), pair[0])


@pytest.mark.parametrize("array", [np.asarray, host], ids=["numpy", "cupy"])
def test_a_tape_of_arrays_that_are_added_often(simulator, array):
    """As the weight of a recurrent network is."""
    tape = Tape()
    (w,) = tape.record_inputs([array(np.eye(2))])
    y = w
    for _ in range(50):
        y = y @ w
    ((dw, *_),) = [tape.sweep([(y.slot, array(np.ones((2, 2))))])]
    np.testing.assert_array_equal(numpy_of(dw), 51 * np.ones((2, 2)))
