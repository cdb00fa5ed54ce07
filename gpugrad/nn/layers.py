"""Layers, and chains of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import Array, Device, DType
from gpugrad.errors import ArgumentError
from gpugrad.nn.device import to_device
from gpugrad.nn.functional.dense import fully_connected
from gpugrad.nn.initialisers import glorot_uniform, zeros


def identity(x: Array) -> Any:
    """Return `x`: the activation of a layer that has none."""
    return x


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Dense:
    """A fully connected layer: `dense(x) = activation(x @ weight + bias)`.

    Args:
        inputs: the number of features that go in.
        outputs: the number of features that come out.
        activation: a function of the array of all outputs; none by default.
        rng: the NumPy generator that `init` draws from; a fresh one by default.
        init: how the weight starts, one of the initialisers of `gpugrad.nn`. The bias starts at 0.
        dtype: the data type of the parameters.
        device: where the parameters live: "cpu", "cuda", or a device of an array library.

    Attributes:
        weight: an array of shape (inputs, outputs).
        bias: an array of shape (outputs,).
        activation: as given.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> dense = gg.nn.Dense(2, 16, gg.relu, rng=np.random.default_rng(0))
        >>> dense
        Dense(2, 16, relu)
        >>> dense(np.ones((200, 2), np.float32)).shape
        (200, 16)
    """

    weight: Any
    bias: Any
    activation: Callable[[Any], Any]

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Callable[[Any], Any] = identity,
        *,
        rng: np.random.Generator | None = None,
        init: Callable[..., Any] = glorot_uniform,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        if min(inputs, outputs) < 1:
            raise ArgumentError(
                f"Dense({inputs}, {outputs}): a layer has at least one input and one output feature"
            )
        rng = np.random.default_rng() if rng is None else rng
        weight = init(rng, (inputs, outputs), dtype)
        bias = zeros(rng, (outputs,), dtype)
        vars(self).update(
            weight=to_device(weight, device), bias=to_device(bias, device), activation=activation
        )

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (..., inputs), batch first, to one of shape (..., outputs).

        Raises:
            ArgumentError: the last axis of `x` is not of the length `inputs`.
        """
        shape = getattr(x, "shape", None)
        if not shape or shape[-1] != self.weight.shape[0]:
            raise self._misfit(x)
        return fully_connected(x, self.weight, self.bias, self.activation)

    def __repr__(self) -> str:
        inputs, outputs = self.weight.shape
        name = getattr(self.activation, "__name__", None) or repr(self.activation)
        return f"Dense({inputs}, {outputs}{'' if self.activation is identity else f', {name}'})"

    def _misfit(self, x: Array) -> ArgumentError:
        inputs, outputs = self.weight.shape
        shape = getattr(x, "shape", None)
        if shape is None:
            return ArgumentError(
                f"{self}: expected an array of shape (batch, {inputs}), got {type(x).__name__}. "
                f"Write np.asarray(x, np.float32), or the same of the library of the weight"
            )
        if len(shape) == 2 and shape[0] == inputs:
            advice = "The batch comes first: write x.T"
        elif shape:
            advice = f"Give x the shape (batch, {inputs}), or make Dense({shape[-1]}, {outputs})"
        else:
            advice = f"Give x the shape (batch, {inputs})"
        return ArgumentError(
            f"{self}: x has the shape {tuple(shape)}, and its last axis must be the {inputs} "
            f"input features. {advice}"
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Chain:
    """Layers, or any functions, called one after another.

    Attributes:
        layers: a tuple of what was given. `chain[i]` is one of them, `chain[i:j]` a shorter chain.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> rng = np.random.default_rng(0)
        >>> model = gg.nn.Chain(gg.nn.Dense(2, 3, gg.relu, rng=rng), gg.nn.Dense(3, 1, rng=rng))
        >>> model
        Chain(Dense(2, 3, relu), Dense(3, 1))
        >>> y, back = gg.pullback(model, np.ones((5, 2), np.float32))
        >>> dmodel, dx = back(np.ones((5, 1), np.float32))
        >>> dmodel.layers[0].weight.shape
        (2, 3)
    """

    layers: tuple[Any, ...]

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        vars(self).update(layers=layers)

    def __call__(self, x: Array) -> Any:
        """Return `layers[-1](...(layers[1](layers[0](x))))`."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index: int | slice) -> Any:
        chosen = self.layers[index]
        return Chain(*chosen) if isinstance(index, slice) else chosen

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __repr__(self) -> str:
        names = [getattr(layer, "__name__", None) or repr(layer) for layer in self.layers]
        return f"Chain({', '.join(names)})"
