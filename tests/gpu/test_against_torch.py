"""Kernels on a GPU against PyTorch's, which share nothing with them."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, optim

pytestmark = pytest.mark.gpu

SHAPE = (257, 1031)


def pairs(torch):
    """Return functions of gpugrad's by name, each with PyTorch's and how many arrays it takes."""
    f = torch.nn.functional
    return {
        "relu": (gg.relu, f.relu, 1),
        "gelu": (gg.gelu_erf, f.gelu, 1),
        "gelu_tanh": (gg.gelu_tanh, lambda x: f.gelu(x, approximate="tanh"), 1),
        "silu": (gg.silu, f.silu, 1),
        "mish": (gg.mish, f.mish, 1),
        "softplus": (gg.softplus, f.softplus, 1),
        "softmax": (gg.softmax, lambda x: f.softmax(x, dim=-1), 1),
        "logsoftmax": (gg.logsoftmax, lambda x: f.log_softmax(x, dim=-1), 1),
        "mse": (gg.mse, f.mse_loss, 2),
        "smooth_l1_loss": (gg.smooth_l1_loss, f.smooth_l1_loss, 2),
        "layer_norm": (
            nn.layer_norm,
            lambda x, weight, bias: f.layer_norm(x, weight.shape, weight, bias),
            3,
        ),
    }


NAMES = ["relu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "softmax", "logsoftmax"]
NAMES += ["mse", "smooth_l1_loss", "layer_norm"]


def inputs(count):
    rng = np.random.default_rng(0)
    shapes = {1: [SHAPE], 2: [SHAPE, SHAPE], 3: [SHAPE, SHAPE[1:], SHAPE[1:]]}[count]
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def assert_near(actual, expected):
    expected = expected.detach().cpu().numpy()
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients(gpu, torch, name):
    ours, theirs, count = pairs(torch)[name]
    arrays = inputs(count)
    tensors = [torch.tensor(x, device="cuda", requires_grad=True) for x in arrays]
    expected = theirs(*tensors)
    y, back = gg.pullback(ours, *map(gpu.array, arrays))
    assert_near(gpu.numpy(y), expected)
    dy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    near = torch.autograd.grad(expected, tensors, torch.tensor(dy, device="cuda"))
    for actual, gradient in zip(back(gpu.array(dy))[1:], near, strict=True):
        assert_near(gpu.numpy(actual), gradient)


@pytest.mark.parametrize("classes", [2, 1000, 50257])
def test_cross_entropy_of_labels(gpu, torch, classes):
    rng = np.random.default_rng(0)
    logits = (10 * rng.normal(size=(64, classes))).astype(np.float32)
    labels = rng.integers(0, classes, 64)
    tensor = torch.tensor(logits, device="cuda", requires_grad=True)
    expected = torch.nn.functional.cross_entropy(tensor, torch.tensor(labels, device="cuda"))
    expected.backward()
    loss = gg.value_and_grad(gg.logit_cross_entropy)
    value, gradient = loss(gpu.array(logits), gpu.array(labels))
    assert_near(gpu.numpy(value), expected)
    assert_near(gpu.numpy(gradient), tensor.grad)


def test_embedding_collects_the_gradients_of_a_token(gpu, torch):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(11, 65)).astype(np.float32)
    tokens = rng.integers(0, 11, (64, 9))
    tensor = torch.tensor(table, device="cuda", requires_grad=True)
    expected = torch.nn.functional.embedding(torch.tensor(tokens, device="cuda"), tensor)
    y, back = gg.pullback(nn.embedding, gpu.array(table), gpu.array(tokens))
    np.testing.assert_array_equal(gpu.numpy(y), expected.detach().cpu().numpy())
    dy = rng.normal(size=y.shape).astype(np.float32)
    expected.backward(torch.tensor(dy, device="cuda"))
    assert_near(gpu.numpy(back(gpu.array(dy))[1]), tensor.grad)


def optimisers(torch):
    return {
        "Descent": (optim.Descent(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        "Adam": (optim.Adam(0.1), lambda p: torch.optim.Adam(p, lr=0.1)),
    }


@pytest.mark.parametrize("name", ["Descent", "Adam"])
def test_optimisers(gpu, torch, name):
    ours, theirs = optimisers(torch)[name]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=n).astype(np.float32) for n in (3, 1000, 70000)]
    gradients = [rng.normal(size=x.size).astype(np.float32) for x in arrays]
    tensors = [torch.tensor(x, device="cuda", requires_grad=True) for x in arrays]
    optimiser = theirs(tensors)
    model, state = list(map(gpu.array, arrays)), None
    there = list(map(gpu.array, gradients))
    for _ in range(5):
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(gradient, device="cuda")
        optimiser.step()
        model, state = ours.update(model, there, state)
    for actual, expected in zip(model, tensors, strict=True):
        assert_near(gpu.numpy(actual), expected)
