"""Training on a GPU: it never waits for the device, and keeps no memory from step to step."""

import gc

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, optim

pytestmark = pytest.mark.gpu

OPTIMISERS = [optim.Descent(0.5), optim.Momentum(0.1, 0.9), optim.Adam(0.01)]
every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda o: type(o).__name__)


def moons():
    """Return the model of the example, its points and its labels, on the host."""
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, np.pi, 200)
    labels = np.arange(200) % 2
    side = np.where(labels, -1, 1)
    points = np.stack([labels + side * np.cos(angle), labels / 2 + side * np.sin(angle)], axis=1)
    sizes = [(2, 16), (16, 16), (16, 2)]
    model = nn.Chain(*(nn.Dense(*size, gg.relu, rng=rng) for size in sizes))
    return model, points.astype(np.float32), labels


def loss(model, points, labels):
    return gg.logit_cross_entropy(model(points), labels)


def step(model, state, points, labels, optimiser):
    value, back = gg.pullback(loss, model, points=points, labels=labels)
    _, gradient = back(1.0)
    return value, *optimiser.update(model, gradient, state)


def moved(structure, array):
    """Return a model or a batch with its arrays on the device."""
    if not isinstance(structure, nn.Chain):
        return array(structure)
    layers = [
        nn.Dense(*layer.weight.shape, layer.activation, rng=np.random.default_rng(0))
        for layer in structure
    ]
    for layer, old in zip(layers, structure, strict=True):
        vars(layer).update(weight=array(old.weight), bias=array(old.bias))
    return nn.Chain(*layers)


@every_optimiser
def test_moons_are_trained_without_waiting(gpu, optimiser):
    def trained(model, points, labels):
        values, state = [], None
        for _ in range(5):
            value, model, state = step(model, state, points, labels, optimiser)
            values.append(value)
        return values, model

    here = moons()
    there = [moved(part, gpu.array) for part in here]
    values, model = gpu.captured(lambda: trained(*there))
    expected, expected_model = trained(*here)
    np.testing.assert_allclose([float(gpu.numpy(v)) for v in values], expected, rtol=1e-4)
    for layer, near in zip(model, expected_model, strict=True):
        np.testing.assert_allclose(gpu.numpy(layer.weight), near.weight, rtol=1e-3, atol=1e-4)


@every_optimiser
def test_a_thousand_steps_leave_memory_as_it_was(gpu, optimiser):
    pool = gpu.cupy.get_default_memory_pool()
    model, points, labels = (moved(part, gpu.array) for part in moons())
    state = None
    for _ in range(20):
        _, model, state = step(model, state, points, labels, optimiser)
    gc.collect()
    gc.disable()
    try:
        used = pool.used_bytes()
        for _ in range(1000):
            _, model, state = step(model, state, points, labels, optimiser)
        assert pool.used_bytes() == used
    finally:
        gc.enable()


def test_what_is_on_another_device_stays_there(gpu):
    cuda = gpu.cupy.cuda
    if cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one GPU")
    x = np.random.default_rng(0).normal(size=(5, 7))
    expected = gg.grad(lambda x: gg.logsoftmax(x)[:, 0].sum())(x)
    with cuda.Device(1):
        there = gpu.cupy.asarray(x)
        gradient = gg.grad(lambda x: gg.logsoftmax(x)[:, 0].sum())(there)
        assert gradient.device == cuda.Device(1)
        np.testing.assert_allclose(gpu.numpy(gradient), expected, rtol=1e-12)
    with cuda.Device(0), pytest.raises(gg.GpugradError, match=r"cupy\.cuda\.Device\(1\)"):
        gg.softmax(there)
