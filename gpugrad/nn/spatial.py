"""Layers for images, sequences and tokens. Images are of shape (batch, channels, *spatial)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, Device, DType, shape_of
from gpugrad.errors import ArgumentError
from gpugrad.nn.device import to_device
from gpugrad.nn.functional.attention import dot_product_attention, join_heads, split_heads
from gpugrad.nn.functional.convolution import conv, conv_transpose
from gpugrad.nn.functional.embedding import embedding
from gpugrad.nn.functional.pooling import max_pool, mean_pool
from gpugrad.nn.initialisers import glorot_uniform
from gpugrad.nn.layers import Dense, identity


def flatten(x: Array) -> Any:
    """Return an array of shape (batch, …) as one of shape (batch, features), for `Dense`.

    Example:
        >>> import numpy as np
        >>> flatten(np.ones((2, 3, 4, 4))).shape
        (2, 48)
    """
    batch, *rest = shape_of(x)
    return F.reshape(x, (batch, math.prod(rest)))


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Conv:
    """A convolution: `conv(x) = activation(nn.conv(x, weight, bias, …))`.

    Args:
        inputs: the number of channels that go in.
        outputs: the number of channels that come out.
        kernel: the kernel's length on each spatial axis: (3,) for sequences, (3, 3) for images.
        activation: a function of the array of all outputs; none by default.
        stride: as in `nn.conv`, and so are the next three.
        padding: zeros around the array, "same" or "valid".
        dilation: how far apart the kernel's elements are.
        groups: into how many groups inputs and outputs are divided.
        rng: the NumPy generator that `init` draws from; a fresh one by default.
        init: how the weight starts, one of the initialisers of `gpugrad.nn`. The bias starts at 0.
        dtype: the data type of the parameters.
        device: where the parameters live: "cpu", "cuda", or a device of an array library.

    Attributes:
        weight: an array of shape (outputs, inputs / groups, *kernel).
        bias: an array of shape (outputs,).

    The other attributes are as given.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> layer = gg.nn.Conv(3, 8, (5, 5), gg.relu, padding="same")
        >>> layer
        Conv(3, 8, (5, 5), relu)
        >>> layer(np.ones((2, 3, 28, 28), np.float32)).shape
        (2, 8, 28, 28)
    """

    weight: Any
    bias: Any
    activation: Callable[[Any], Any]
    stride: Any
    padding: Any
    dilation: Any
    groups: int

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, ...],
        activation: Callable[[Any], Any] = identity,
        *,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        rng: np.random.Generator | None = None,
        init: Callable[..., Any] = glorot_uniform,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        sizes = f"Conv({inputs}, {outputs}, {kernel})"
        weight = _weight(sizes, outputs, inputs, kernel, groups, rng, init, dtype)
        vars(self).update(
            weight=to_device(weight, device),
            bias=to_device(np.zeros(outputs, dtype), device),
            activation=activation,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
        )

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (batch, inputs, *spatial) to one of (batch, outputs, *counts)."""
        y = conv(
            *(x, self.weight, self.bias),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return self.activation(y)

    def __repr__(self) -> str:
        outputs, inputs, *kernel = self.weight.shape
        return f"Conv({inputs * self.groups}, {outputs}, {tuple(kernel)}{_name(self.activation)})"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ConvTranspose:
    """A transposed convolution: `layer(x) = activation(nn.conv_transpose(x, weight, bias, …))`.

    Args:
        inputs: the number of channels that go in.
        outputs: the number of channels that come out.
        kernel: the kernel's length on each spatial axis.
        activation: a function of the array of all outputs; none by default.
        stride: as in `nn.conv_transpose`, and so are the next four.
        padding: how much of the result is left out at its edges.
        output_padding: how much longer the result is at its end.
        dilation: how far apart the kernel's elements are.
        groups: into how many groups inputs and outputs are divided.
        rng: the NumPy generator that `init` draws from; a fresh one by default.
        init: how the weight starts, one of the initialisers of `gpugrad.nn`. The bias starts at 0.
        dtype: the data type of the parameters.
        device: where the parameters live.

    Attributes:
        weight: an array of shape (inputs, outputs / groups, *kernel).
        bias: an array of shape (outputs,).

    The other attributes are as given.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> layer = gg.nn.ConvTranspose(8, 3, (2, 2), stride=2)
        >>> layer(np.ones((2, 8, 14, 14), np.float32)).shape
        (2, 3, 28, 28)
    """

    weight: Any
    bias: Any
    activation: Callable[[Any], Any]
    stride: Any
    padding: Any
    output_padding: Any
    dilation: Any
    groups: int

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, ...],
        activation: Callable[[Any], Any] = identity,
        *,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        rng: np.random.Generator | None = None,
        init: Callable[..., Any] = glorot_uniform,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        sizes = f"ConvTranspose({inputs}, {outputs}, {kernel})"
        weight = _weight(sizes, inputs, outputs, kernel, groups, rng, init, dtype)
        vars(self).update(
            weight=to_device(weight, device),
            bias=to_device(np.zeros(outputs, dtype), device),
            activation=activation,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            dilation=dilation,
            groups=groups,
        )

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (batch, inputs, *spatial) to one of (batch, outputs, *sizes)."""
        y = conv_transpose(
            *(x, self.weight, self.bias),
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return self.activation(y)

    def __repr__(self) -> str:
        inputs, outputs, *kernel = self.weight.shape
        sizes = f"{inputs}, {outputs * self.groups}, {tuple(kernel)}"
        return f"ConvTranspose({sizes}{_name(self.activation)})"


@dataclass(frozen=True)
class MaxPool:
    """The largest element of each window: `nn.max_pool` as a layer.

    Example:
        >>> import numpy as np
        >>> MaxPool(2)(np.ones((1, 3, 8, 8))).shape
        (1, 3, 4, 4)
    """

    window: Any
    stride: Any = None
    padding: Any = 0

    def __call__(self, x: Array) -> Any:
        """Return `nn.max_pool(x, …)`."""
        return max_pool(x, self.window, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class MeanPool:
    """The mean of each window: `nn.mean_pool` as a layer.

    Example:
        >>> import numpy as np
        >>> MeanPool(2)(np.ones((1, 3, 8, 8))).shape
        (1, 3, 4, 4)
    """

    window: Any
    stride: Any = None
    padding: Any = 0

    def __call__(self, x: Array) -> Any:
        """Return `nn.mean_pool(x, …)`."""
        return mean_pool(x, self.window, stride=self.stride, padding=self.padding)


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Embedding:
    """A vector for each token: `layer(indices) = nn.embedding(weight, indices)`.

    Args:
        tokens: how many tokens there are.
        features: how long their vectors are.
        rng: the NumPy generator that the vectors are drawn from; a fresh one by default.
        dtype: the data type of the vectors.
        device: where they live.

    Attributes:
        weight: an array of shape (tokens, features), of the standard normal distribution.

    Example:
        >>> import numpy as np
        >>> Embedding(100, 8)(np.array([[3, 1, 4]])).shape
        (1, 3, 8)
    """

    weight: Any

    def __init__(
        self,
        tokens: int,
        features: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        if min(tokens, features) < 1:
            raise ArgumentError(
                f"Embedding({tokens}, {features}): there is at least one token and one feature"
            )
        rng = np.random.default_rng() if rng is None else rng
        weight = rng.standard_normal((tokens, features)).astype(dtype)
        vars(self).update(weight=to_device(weight, device))

    def __call__(self, indices: Any) -> Any:
        """Take an array of integers to one of shape (*indices, features)."""
        return embedding(self.weight, indices)

    def __repr__(self) -> str:
        tokens, features = self.weight.shape
        return f"Embedding({tokens}, {features})"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MultiHeadAttention:
    """Attention of several heads, each to a part of the features, between four `Dense` layers.

    Args:
        features: how many features a place of a sequence has; a multiple of `heads`.
        heads: how many heads there are.
        rng: the NumPy generator that `init` draws from; a fresh one by default.
        init: how the weights start, one of the initialisers of `gpugrad.nn`.
        dtype: the data type of the parameters.
        device: where the parameters live.

    Attributes:
        query, key, value, output: `Dense(features, features)`.
        heads: as given.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.2.

    Example:
        >>> import numpy as np
        >>> layer = MultiHeadAttention(8, 2)
        >>> layer(np.ones((5, 7, 8), np.float32), causal=True).shape
        (5, 7, 8)
    """

    query: Dense
    key: Dense
    value: Dense
    output: Dense
    heads: int

    def __init__(
        self,
        features: int,
        heads: int,
        *,
        rng: np.random.Generator | None = None,
        init: Callable[..., Any] = glorot_uniform,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        if heads < 1 or features % heads:
            raise ArgumentError(
                f"MultiHeadAttention({features}, {heads}): the features are divided among the "
                f"heads. Give it a multiple of {heads} features"
            )
        rng = np.random.default_rng() if rng is None else rng
        query, key, value, output = (
            Dense(features, features, rng=rng, init=init, dtype=dtype, device=device)
            for _ in range(4)
        )
        vars(self).update(query=query, key=key, value=value, output=output, heads=heads)

    def __call__(
        self, x: Array, memory: Any = None, *, mask: Any = None, causal: bool = False
    ) -> Any:
        """Attend from a sequence to itself or to another.

        Args:
            x: array of shape (..., length, features), whose places ask.
            memory: array of shape (..., places, features), whose places are seen; `x` by default.
            mask: booleans that broadcast to (..., heads, length, places), False where a place is
                not seen.
            causal: whether a place sees itself and those before it alone.

        Returns:
            Array of the shape of `x`.
        """
        memory = x if memory is None else memory
        q, k, v = (
            split_heads(layer(y), self.heads)
            for layer, y in ((self.query, x), (self.key, memory), (self.value, memory))
        )
        return self.output(join_heads(dot_product_attention(q, k, v, mask=mask, causal=causal)))

    def __repr__(self) -> str:
        return f"MultiHeadAttention({self.query.weight.shape[0]}, {self.heads})"


def _weight(
    sizes: str,
    first: int,
    second: int,
    kernel: Any,
    groups: int,
    rng: np.random.Generator | None,
    init: Callable[..., Any],
    dtype: DType,
) -> Any:
    """Return a weight of shape (first, second / groups, *kernel) as `init` starts it.

    Args:
        sizes: the layer's, for messages.
        first: the channels of the weight's first axis.
        second: the channels of its second axis, before they are divided into groups.
        kernel: its lengths.
        groups: into how many groups.
        rng: the generator to draw from, a fresh one if None.
        init: the initialiser, which has the kernel first and what comes out last.
        dtype: the weight's data type.
    """
    if not isinstance(kernel, tuple) or min(first, second, groups, *kernel, len(kernel)) < 1:
        raise ArgumentError(
            f"{sizes}: expected at least one channel on either side, and a kernel with a length "
            f"for each spatial axis, such as (3, 3)"
        )
    if first % groups or second % groups:
        raise ArgumentError(f"{sizes}: the channels cannot be divided into {groups} groups")
    rng = np.random.default_rng() if rng is None else rng
    weight = init(rng, (*kernel, second // groups, first), dtype)
    return np.ascontiguousarray(np.moveaxis(weight, (-1, -2), (0, 1)))


def _name(activation: Callable[[Any], Any]) -> str:
    if activation is identity:
        return ""
    return f", {getattr(activation, '__name__', None) or repr(activation)}"
