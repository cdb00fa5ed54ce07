"""Normalisations, with the derivatives of what they are made of.

All are `standardise` with a scale and a shift: both have rules. State is explicit: batch_norm
returns the running statistics that it was given, renewed.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.arguments import narrowed
from gpugrad.nn.functional.standardise import (
    Axes,
    places_of,
    scaled_and_shifted,
    standardise,
    standardise_affine,
    standardise_with_moments,
)


@named(kind=Composite)
def layer_norm(
    x: Array, weight: Array = None, bias: Array = None, /, *, axis: Axes = -1, epsilon: float = 1e-5
) -> Any:
    """Return `standardise(x) * weight + bias`, by Ba, Kiros and Hinton.

    Args:
        x: array, real floating.
        weight: array of the lengths of `axis`, in the order of `x`; None is 1.
        bias: array of the same shape; None is 0.
        axis: the axis, or axes, of the features.
        epsilon: added to the variance.

    Raises:
        ArgumentError: weight or bias has another shape.
    """
    _check_parameters("layer_norm", x, weight, bias, axis)
    return standardise_affine(x, weight, bias, axis=axis, epsilon=epsilon, centre=True)


@named(kind=Composite)
def rms_norm(x: Array, weight: Array = None, /, *, axis: Axes = -1, epsilon: float = 1e-5) -> Any:
    """Return x / √(mean(x²) + ε) * weight, by Zhang and Sennrich.

    Args:
        x: array, real floating.
        weight: array of the lengths of `axis`, in the order of `x`; None is 1.
        axis: the axis, or axes, of the features.
        epsilon: added to the mean of the squares.

    Raises:
        ArgumentError: weight has another shape.
    """
    _check_parameters("rms_norm", x, weight, None, axis)
    return standardise_affine(x, weight, None, axis=axis, epsilon=epsilon, centre=False)


@named(kind=Composite)
def group_norm(
    x: Array,
    groups: int,
    weight: Array = None,
    bias: Array = None,
    /,
    *,
    axis: int = 1,
    epsilon: float = 1e-5,
) -> Any:
    """Standardise each observation over each group of channels and all of space, by Wu and He.

    Args:
        x: array of shape (batch, channels, ...), real floating.
        groups: into how many groups neighbouring channels are put.
        weight: array of shape (channels,); None is 1.
        bias: array of shape (channels,); None is 0.
        axis: where the channels are; 1 by default, −1 where they are last.
        epsilon: added to the variance.

    Raises:
        ArgumentError: `groups` does not divide the channels, or weight or bias has another shape.
    """
    place, channels = _channels("group_norm", x, axis)
    if groups < 1 or channels % groups:
        raise ArgumentError(
            f"group_norm: {groups} groups do not divide the {channels} channels of an array of "
            f"shape {x.shape}, axis {axis}. Give a divisor of {channels}"
        )
    parts = (*x.shape[:place], groups, channels // groups, *x.shape[place + 1 :])
    axes = tuple(i for i in range(1, len(parts)) if i != place)
    grouped = standardise(F.reshape(x, parts), axis=axes, epsilon=epsilon)
    return _affine("group_norm", F.reshape(grouped, x.shape), weight, bias, place)


@named(kind=Composite)
def instance_norm(
    x: Array, weight: Array = None, bias: Array = None, /, *, axis: int = 1, epsilon: float = 1e-5
) -> Array:
    """Standardise each channel of each observation over space, by Ulyanov et al.

    Args:
        x: array of shape (batch, channels, ...) with at least one axis of space, real floating.
        weight: array of shape (channels,); None is 1.
        bias: array of shape (channels,); None is 0.
        axis: where the channels are; 1 by default, −1 where they are last.
        epsilon: added to the variance.

    Raises:
        ArgumentError: there is no axis of space, or weight or bias has another shape.
    """
    place, _ = _channels("instance_norm", x, axis)
    axes = tuple(i for i in range(1, len(x.shape)) if i != place)
    if not axes:
        raise ArgumentError(
            f"instance_norm: an array of shape {x.shape} has no axis of space to standardise "
            f"over. Write layer_norm(x, weight, bias)"
        )
    y = standardise(x, axis=axes, epsilon=epsilon)
    return _affine("instance_norm", y, weight, bias, place)


@named(kind=Composite)
def batch_norm(
    x: Array,
    weight: Array,
    bias: Array,
    running_mean: Any,
    running_var: Any,
    /,
    *,
    training: bool,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
    axis: int = 1,
) -> Any:
    """Standardise each channel over the batch and all of space, by Ioffe and Szegedy.

    Args:
        x: array of shape (batch, channels, ...), real floating.
        weight: array of shape (channels,); None is 1.
        bias: array of shape (channels,); None is 0.
        running_mean: array of shape (channels,), which starts at 0.
        running_var: array of shape (channels,), which starts at 1.
        training: True takes mean and variance of the batch, False the running ones.
        momentum: how much of the running statistics is renewed.
        epsilon: added to the variance.
        axis: where the channels are; 1 by default, −1 where they are last.

    Returns:
        `y, new_mean, new_var`: the running statistics are returned renewed in training (the
        variance without bias, as Flux and PyTorch have it), else as they were. They keep their
        data types; of an array of float16 float32 is the one to take.

    Raises:
        ArgumentError: one of the arrays has another shape.
    """
    place, channels = _channels("batch_norm", x, axis)
    _check_shape("batch_norm", "running_mean", running_mean, (channels,))
    _check_shape("batch_norm", "running_var", running_var, (channels,))
    beside = tuple(channels if i == place else 1 for i in range(len(x.shape)))
    if not training:
        scale = 1 / F.sqrt(F.reshape(running_var, beside) + epsilon)
        y = narrowed((x - F.reshape(running_mean, beside)) * scale, x)
        return _affine("batch_norm", y, weight, bias, place), running_mean, running_var
    axes = tuple(i for i in range(len(x.shape)) if i != place)
    count = math.prod(x.shape[i] for i in axes)
    y, mean, variance = standardise_with_moments(x, axis=axes, epsilon=epsilon)
    unbiased = F.reshape(variance, (channels,)) * (count / max(count - 1, 1))
    new_mean = _renewed(running_mean, F.reshape(mean, (channels,)), momentum)
    new_var = _renewed(running_var, unbiased, momentum)
    return _affine("batch_norm", y, weight, bias, place), new_mean, new_var


# --- Their parameters ------------------------------------------------------------------------


def _affine(name: str, y: Array, weight: Array, bias: Array, axis: Axes) -> Any:
    """Return `y * weight + bias`, with weight and bias of the lengths of some axes of `y`."""
    _check_parameters(name, y, weight, bias, axis)
    return scaled_and_shifted(y, weight, bias, axis)


def _check_parameters(name: str, x: Array, weight: Array, bias: Array, axis: Axes) -> None:
    """Raise ArgumentError unless weight and bias have the lengths of some axes of `x`."""
    for kind, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None:
            shape = shape_of(x)
            places = sorted(places_of(axis, max(len(shape), 1)))
            _check_shape(name, kind, parameter, tuple(shape[i] for i in places if shape))


def _renewed(old: Any, new: Any, momentum: float) -> Any:
    """Return running statistics moved towards those of a batch."""
    new = new if new.dtype == old.dtype else F.astype(new, old.dtype)
    return (1 - momentum) * old + momentum * new


def _channels(name: str, x: Array, axis: int) -> tuple[int, int]:
    """Return the place of the axis of channels, counted from the front, and its length."""
    shape = shape_of(x)
    place = axis % len(shape) if -len(shape) <= axis < len(shape) else 0
    if place == 0:
        raise ArgumentError(
            f"{name}: expected an array of shape (batch, channels, ...) with its channels along "
            f"axis {axis}, got shape {shape}. The batch is axis 0: write x[None] for one "
            f"observation"
        )
    return place, shape[place]


def _check_shape(name: str, kind: str, parameter: Any, expected: tuple[int, ...]) -> None:
    if shape_of(parameter) != expected:
        raise ArgumentError(
            f"{name}: the {kind} has shape {shape_of(parameter)}, and the features that are "
            f"normalised have {expected}. Give it that shape"
        )
