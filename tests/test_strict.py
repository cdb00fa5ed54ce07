"""Whole programs on array_api_strict, whose device1 refuses copies to the host.

They give NumPy's numbers, use nothing but the standard, and what they return is on device1.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from gpugrad import xp
from gpugrad.structure.walk import Walk

strict = pytest.importorskip("array_api_strict")
DEVICE = strict.Device("device1")
RNG = np.random.default_rng(0)

pytestmark = pytest.mark.usefixtures("reflected_operators")


def to_device1(structure):
    """Return a structure with its arrays on device1."""
    return replaced(structure, lambda x: strict.asarray(x, device=DEVICE), np.ndarray)


def to_numpy(structure):
    """Return a structure with its arrays as NumPy's; each of them was on device1."""

    def moved(x):
        assert x.device == DEVICE
        return np.asarray(x.to_device(strict.Device("CPU_DEVICE")))

    return replaced(structure, moved, type(strict.asarray(0.0)))


def replaced(structure, function, kind):
    walk = Walk()
    node = walk.node(structure)
    leaves = [function(x) if isinstance(x, kind) else x for x in walk.leaves]
    return node.rebuild(structure, iter(leaves))


@dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any

    def __call__(self, x):
        return x @ self.weight + self.bias


def layers(*widths, dtype=np.float64):
    pairs = itertools.pairwise(widths)
    return [
        Layer(RNG.normal(size=pair).astype(dtype), RNG.normal(size=pair[1]).astype(dtype))
        for pair in pairs
    ]


def perceptron(model, x, y):
    for layer in model[:-1]:
        x = gg.relu(layer(x))
    return gg.logit_cross_entropy(model[-1](x), y)


def softmax_regression(weight, x, y):
    return gg.cross_entropy(gg.softmax(x @ weight), y)


def hinge(weight, x, y):
    return gg.hinge_loss(xp.tanh(x @ weight), y)


def closure(a, b):
    def scaled(x):
        return a * x + b

    return xp.sum(scaled(a) * gg.sigmoid(scaled(b)))


def assignment(x, v):
    y = xp.zeros_like(x)
    y[0, :] = v
    for i in range(1, y.shape[0]):
        y[i, :] = y[i - 1, :] * x[i, :]
    y *= y
    y += x
    return xp.sum(y)


def indexing(x, v):
    y = x[1:, ::2] * v[None, :2]
    return xp.sum(xp.take(x, strict_or_numpy([0, 0, 1], x), axis=0)) + xp.mean(y) * xp.max(v)


def strict_or_numpy(indices, like):
    return xp.asarray(indices, device=like.device)


def iteration(x, v):
    total = v
    for i in range(x.shape[0]):
        a, *_ = xp.unstack(x[i, :])
        total = total + xp.where(x[i, :] > 0, x[i, :], a)
    return xp.sum(total * v)


def reductions(x, v):
    normal = (x - xp.mean(x, axis=0)) / xp.std(x, axis=0)
    return xp.sum(xp.cumulative_sum(normal, axis=1) ** 2) + xp.prod(v) + xp.var(v) + xp.min(x)


def manipulation(x, v):
    y = xp.concat([x, xp.broadcast_to(v, x.shape)], axis=0)
    y = xp.permute_dims(xp.reshape(y, (3, 2, -1)), (2, 0, 1))
    y = xp.stack([y, xp.flip(y, axis=1), xp.roll(y, 1, axis=0)])
    return xp.sum(xp.squeeze(y[:1, ...], axis=0) * y[1, ...] * y[2, ...])


def nested(x, v):
    def inner(y):
        return xp.sum(xp.sin(y) * y * x[0, :])

    dy = gg.grad(inner)(v)
    _, back = gg.pullback(lambda y: xp.exp(y) * dy, v)
    return xp.sum(back(v)[1])


def third_order(x):
    def derivative(f):
        return lambda x: gg.pullback(lambda x: xp.sum(f(x)), x)[1](1.0)[1]

    return xp.sum(derivative(derivative(derivative(lambda x: xp.sin(x) * x**3)))(x))


def polynomial(x, weights):
    return gg.mse(gg.evalpoly(x, weights), x)


def control_flow(x):
    steps = 0
    while xp.any(xp.abs(x) > 0.1) and steps < 20:
        x = x / 2 if bool(xp.sum(x) > 0) else x / 3
        steps += 1
    return xp.sum(x) * steps


MATRIX, VECTOR = RNG.normal(size=(3, 4)), RNG.normal(size=4)
POINTS = RNG.normal(size=(8, 4))
ONE_HOT = np.eye(3)[RNG.integers(3, size=8)]
SIGNS = RNG.choice([-1.0, 1.0], (8, 3))

PROGRAMS = {
    "perceptron": (perceptron, (layers(4, 5, 3), POINTS, ONE_HOT)),
    "softmax regression": (softmax_regression, (RNG.normal(size=(4, 3)), POINTS, ONE_HOT)),
    "hinge": (hinge, (RNG.normal(size=(4, 3)), POINTS, SIGNS)),
    "closure": (closure, (VECTOR, VECTOR[::-1].copy())),
    "assignment": (assignment, (MATRIX, VECTOR)),
    "indexing": (indexing, (MATRIX, VECTOR)),
    "iteration": (iteration, (MATRIX, VECTOR)),
    "reductions": (reductions, (MATRIX, VECTOR)),
    "manipulation": (manipulation, (MATRIX, VECTOR)),
    "nested": (nested, (MATRIX, VECTOR)),
    "third order": (third_order, (VECTOR,)),
    "polynomial": (polynomial, (VECTOR, RNG.normal(size=3))),
    "control flow": (control_flow, (VECTOR,)),
}
programs = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())


def leaves(structure):
    walk = Walk()
    walk.node(structure)
    return walk.leaves


def assert_same(actual, expected):
    for a, b in zip(leaves(to_numpy(actual)), leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@programs
def test_value_and_gradients_are_those_of_numpy(program):
    f, args = program
    argnums = tuple(range(len(args)))
    expected = gg.value_and_grad(f, argnums)(*args)
    assert_same(gg.value_and_grad(f, argnums)(*to_device1(args)), expected)


@programs
def test_pullbacks_are_those_of_numpy(program):
    f, args = program
    _, expected = gg.pullback(f, *args)
    _, back = gg.pullback(f, *to_device1(args))
    assert_same(back(2.0), expected(2.0))
    assert repr(back.tape).replace("array_api_strict.", "") == repr(expected.tape)


def test_integer_labels():
    x, labels = POINTS[:, :3].copy(), np.argmax(ONE_HOT, axis=1)
    expected = gg.value_and_grad(gg.logit_cross_entropy)(x, labels)
    found = gg.value_and_grad(gg.logit_cross_entropy)(
        to_device1(x), strict.asarray(labels, device=DEVICE)
    )
    assert_same(found, expected)


def test_masks_and_integer_arrays_as_indices():
    def f(x, mask, places):
        return xp.sum(x[mask] * 2) + xp.sum(xp.take_along_axis(x, places, axis=1) ** 2)

    mask, places = MATRIX > 0, np.array([[0, 0], [1, 3], [2, 2]])
    args = [strict.asarray(a, device=DEVICE) for a in (MATRIX, mask, places)]
    assert_same(gg.grad(f)(*args), gg.grad(f)(MATRIX, mask, places))


def test_float32_stays_float32():
    model = to_device1(layers(4, 5, 3, dtype=np.float32))
    x, y = to_device1((POINTS.astype(np.float32), ONE_HOT.astype(np.float32)))
    value, gradient = gg.value_and_grad(perceptron)(model, x, y)
    assert value.dtype == strict.float32
    assert {g.dtype for g in leaves(gradient)} == {strict.float32}


def test_complex_arrays():
    def f(z):
        return xp.sum(xp.abs(z * z) ** 2 + xp.real(xp.conj(z) * 1j * z) + xp.imag(z))

    z = RNG.normal(size=3) + 1j * RNG.normal(size=3)
    assert_same(gg.grad(f)(to_device1(z)), gg.grad(f)(z))


def test_steps_of_a_training_loop():
    optimiser = gg.optim.Adam(0.01)
    model, x, y = layers(4, 5, 3), POINTS, ONE_HOT

    def trained(model, x, y):
        state = None
        for _ in range(5):
            model, state = optimiser.update(model, gg.grad(perceptron)(model, x, y), state)
        return model

    assert_same(trained(*to_device1((model, x, y))), trained(model, x, y))


def test_a_rule_of_ones_own():
    @gg.primitive
    def cube(x):
        return x**3

    @gg.rrule.register(cube)
    def cube_rrule(f, x):
        return f(x), lambda dy: (None, 3 * x * x * dy)

    def f(x):
        return xp.sum(cube(x) * gg.grad(lambda y: xp.sum(cube(y)))(x))

    assert_same(gg.grad(f)(to_device1(VECTOR)), gg.grad(f)(VECTOR))


def test_nothing_here_touches_the_host():
    x = to_device1(VECTOR)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        np.asarray(x)
    assert array_api_compat.device(x) == DEVICE
