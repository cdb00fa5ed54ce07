"""Layers that normalise.

What has a state or draws random numbers is a function alone: `batch_norm` returns the state that it
leaves, and `dropout` takes its generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import Array, Device, DType
from gpugrad.errors import ArgumentError
from gpugrad.functions import stop_gradient
from gpugrad.nn.device import to_device
from gpugrad.nn.functional.normalisation import group_norm, layer_norm, rms_norm


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LayerNorm:
    """Standardises the last axes: `layer_norm(x, weight, bias)`.

    Args:
        features: the length of the last axis, or the lengths of the last axes.
        epsilon: added to the variance.
        dtype: the data type of the parameters.
        device: where they live: "cpu", "cuda", or a device of an array library.

    Attributes:
        weight: an array of the shape `features`, which starts at 1.
        bias: an array of the same shape, which starts at 0.
        epsilon: as given; it has no gradient.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> norm = gg.nn.LayerNorm(4)
        >>> norm
        LayerNorm(4)
        >>> norm(np.ones((2, 4), np.float32)).shape
        (2, 4)
    """

    weight: Any
    bias: Any
    epsilon: float

    def __init__(
        self,
        features: int | tuple[int, ...],
        *,
        epsilon: float = 1e-5,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        weight, bias = _parameters(features, dtype, device)
        vars(self).update(weight=weight, bias=bias, epsilon=epsilon)

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (..., *features) to one of the same shape."""
        options = {"axis": _last(self.weight), "epsilon": stop_gradient(self.epsilon)}
        return layer_norm(x, self.weight, self.bias, **options)

    def __repr__(self) -> str:
        return f"LayerNorm({_shown(self.weight)})"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class RMSNorm:
    """Divides the last axes by the root of their mean square: `rms_norm(x, weight)`.

    Args:
        features: the length of the last axis, or the lengths of the last axes.
        epsilon: added to the mean square.
        dtype: the data type of the weight.
        device: where it lives: "cpu", "cuda", or a device of an array library.

    Attributes:
        weight: an array of the shape `features`, which starts at 1.
        epsilon: as given; it has no gradient.
    """

    weight: Any
    epsilon: float

    def __init__(
        self,
        features: int | tuple[int, ...],
        *,
        epsilon: float = 1e-5,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        vars(self).update(weight=_parameters(features, dtype, device)[0], epsilon=epsilon)

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (..., *features) to one of the same shape."""
        options = {"axis": _last(self.weight), "epsilon": stop_gradient(self.epsilon)}
        return rms_norm(x, self.weight, **options)

    def __repr__(self) -> str:
        return f"RMSNorm({_shown(self.weight)})"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupNorm:
    """Standardises groups of channels: `group_norm(x, groups, weight, bias)`.

    Args:
        channels: the length of axis 1.
        groups: into how many groups neighbouring channels are put.
        epsilon: added to the variance.
        dtype: the data type of the parameters.
        device: where they live: "cpu", "cuda", or a device of an array library.

    Attributes:
        weight: an array of shape (channels,), which starts at 1.
        bias: an array of the same shape, which starts at 0.
        groups: as given.
        epsilon: as given; it has no gradient.
    """

    weight: Any
    bias: Any
    groups: int
    epsilon: float

    def __init__(
        self,
        channels: int,
        groups: int,
        *,
        epsilon: float = 1e-5,
        dtype: DType = np.float32,
        device: Device = "cpu",
    ) -> None:
        if groups < 1 or channels % groups:
            raise ArgumentError(
                f"GroupNorm({channels}, {groups}): the groups do not divide the channels. Give a "
                f"divisor of {channels}"
            )
        weight, bias = _parameters(channels, dtype, device)
        vars(self).update(weight=weight, bias=bias, groups=groups, epsilon=epsilon)

    def __call__(self, x: Array) -> Any:
        """Take an array of shape (batch, channels, ...) to one of the same shape."""
        epsilon = stop_gradient(self.epsilon)
        return group_norm(x, self.groups, self.weight, self.bias, epsilon=epsilon)

    def __repr__(self) -> str:
        return f"GroupNorm({_shown(self.weight)}, {self.groups})"


def _parameters(features: Any, dtype: DType, device: Device) -> tuple[Any, Any]:
    """Return a weight of ones and a bias of zeros."""
    shape = tuple(features) if isinstance(features, (tuple, list)) else (features,)
    if not shape or min(shape) < 1:
        raise ArgumentError(f"a layer has at least one feature to normalise, got {features}")
    return to_device(np.ones(shape, dtype), device), to_device(np.zeros(shape, dtype), device)


def _last(weight: Array) -> tuple[int, ...]:
    return tuple(range(-len(weight.shape), 0))


def _shown(weight: Array) -> str:
    shape = tuple(weight.shape)
    return str(shape[0] if len(shape) == 1 else shape)
