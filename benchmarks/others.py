"""The moons step in other libraries, as their users write it. Those not installed are left out."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any


def moons(parameters: list[Any], x: Any, onehot: Any, rate: float) -> dict[str, Callable[[], Any]]:
    """Return a function for each library that returns the loss and the new parameters."""
    libraries = {"autograd": autograd_moons, "mygrad": mygrad_moons, "torch": torch_moons}
    return {
        name: make(parameters, x, onehot, rate)
        for name, make in libraries.items()
        if find_spec(name) is not None
    }


def autograd_moons(parameters: list[Any], x: Any, onehot: Any, rate: float) -> Callable[[], Any]:
    import autograd
    import autograd.numpy as np

    def loss(parameters: list[Any]) -> Any:
        h = x
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            h = np.maximum(h @ W + b, 0)
        h = h - np.max(h, axis=1, keepdims=True)
        return (np.sum(np.log(np.sum(np.exp(h), axis=1))) - np.sum(h * onehot)) / len(x)

    value_and_grad = autograd.value_and_grad(loss)

    def step() -> Any:
        value, gradients = value_and_grad(parameters)
        return value, [p - rate * dp for p, dp in zip(parameters, gradients, strict=True)]

    return step


def mygrad_moons(parameters: list[Any], x: Any, onehot: Any, rate: float) -> Callable[[], Any]:
    import mygrad

    labels = onehot.argmax(axis=1)

    def step() -> Any:
        tensors = [mygrad.tensor(p) for p in parameters]
        h = x
        for W, b in zip(tensors[::2], tensors[1::2], strict=True):
            h = mygrad.nnet.relu(h @ W + b)
        loss = mygrad.nnet.softmax_crossentropy(h, labels)
        loss.backward()
        return loss.item(), [p - rate * t.grad for p, t in zip(parameters, tensors, strict=True)]

    return step


def torch_moons(parameters: list[Any], x: Any, onehot: Any, rate: float) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
    x, onehot = torch.from_numpy(x), torch.from_numpy(onehot)

    def step() -> Any:
        h = x
        for W, b in zip(tensors[::2], tensors[1::2], strict=True):
            h = torch.relu(torch.addmm(b, h, W))
        loss = torch.nn.functional.cross_entropy(h, onehot)
        gradients = torch.autograd.grad(loss, tensors)
        with torch.no_grad():
            return loss.item(), [p - rate * dp for p, dp in zip(tensors, gradients, strict=True)]

    return step
