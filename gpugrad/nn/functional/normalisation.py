"""Normalisations: their derivatives are in `gpugrad/rules/normalisation.py`.

All are `standardise` with a scale and a shift: both have rules. State is explicit: batch_norm
returns the running statistics that it was given, renewed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import kind_of, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.embedding import as_dtype

Axis = int | tuple[int, ...]


def widened(x: Any) -> Any:
    """Return what has 16 bits as float32: the square of 300 is no number of float16."""
    bytes_each = getattr(getattr(x, "dtype", None), "itemsize", None)
    return as_dtype(x, np.float32) if bytes_each == 2 else x


def narrowed(y: Any, x: Any) -> Any:
    """Return what was computed of `widened(x)` in the data type of `x`, if that is floating."""
    return F.astype(y, x.dtype) if widened(x) is not x and kind_of(x) == "f" else y


class Standardised:
    """What standardised values and their derivatives have in common: y = s (x − μ)."""

    def __init__(self, x: Any, axis: Axis, epsilon: float, *, centre: bool = True) -> None:
        x = widened(x)
        self.axis = axis
        self.centre = centre
        self.mean = F.mean(x, axis=axis, keepdims=True) if centre else None
        self.deviation = x - self.mean if centre else x
        self.variance = F.mean(F.square(self.deviation), axis=axis, keepdims=True)
        self.scale = 1 / F.sqrt(self.variance + epsilon)
        self.y = self.deviation * self.scale

    def moved(self, dx: Any) -> Any:
        """Return J dx = s (dx − mean(dx) − y mean(y dx)); J is symmetric, so this is Jᵀ dx too."""
        dx = widened(dx)
        along = F.mean(dx * self.y, axis=self.axis, keepdims=True)
        if self.centre:
            dx = dx - F.mean(dx, axis=self.axis, keepdims=True)
        return (dx - along * self.y) * self.scale


@named()
def standardise(x: Any, /, *, axis: Axis = -1, epsilon: float = 1e-5, centre: bool = True) -> Any:
    """Return (x − μ) / √(σ² + ε), with the mean μ and the variance σ² over some axes.

    Args:
        x: array, real floating.
        axis: the axis, or axes, over which the values get mean 0 and variance 1.
        epsilon: keeps the quotient finite where all values are equal.
        centre: False leaves the mean where it is: x / √(mean(x²) + ε).

    Returns:
        Array of the shape and data type of `x`.
    """
    return narrowed(Standardised(x, axis, epsilon, centre=centre).y, x)


@named()
def standardise_with_moments(x: Any, /, *, axis: Axis = -1, epsilon: float = 1e-5) -> Any:
    """Return what `standardise` does, with the mean and the variance, their axes of length 1.

    Of float16 these are float32, which holds the square of what float16 does.
    """
    found = Standardised(x, axis, epsilon)
    return narrowed(found.y, x), found.mean, found.variance


@named()
def standardise_affine(
    x: Any, weight: Any, bias: Any, /, *, axis: Axis, epsilon: float, centre: bool
) -> Any:
    """Return `standardise(x) * weight + bias`, with weight and bias, or None, along `axis`."""
    y = standardise(x, axis=axis, epsilon=epsilon, centre=centre)
    return scaled_and_shifted(y, weight, bias, axis)


@named(kind=Composite)
def layer_norm(
    x: Any, weight: Any = None, bias: Any = None, /, *, axis: Axis = -1, epsilon: float = 1e-5
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
def rms_norm(x: Any, weight: Any = None, /, *, axis: Axis = -1, epsilon: float = 1e-5) -> Any:
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
    x: Any,
    groups: int,
    weight: Any = None,
    bias: Any = None,
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
    x: Any, weight: Any = None, bias: Any = None, /, *, axis: int = 1, epsilon: float = 1e-5
) -> Any:
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
    x: Any,
    weight: Any,
    bias: Any,
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


@named()
def l2_normalise(x: Any, /, *, axis: Axis = -1) -> Any:
    """Return x / ‖x‖ with the Euclidean norm over some axes; where that is 0, 0 with gradient 0.

    Args:
        x: array, real floating.
        axis: the axis, or axes, of the vectors.

    Returns:
        Array of the shape and data type of `x`.
    """
    wide = widened(x)
    return narrowed(wide * inverse_norm(wide, axis), x)


def inverse_norm(x: Any, axis: Axis) -> Any:
    """Return 1 / ‖x‖ over some axes, kept with length 1, and 0 where the norm is 0."""
    squares = F.sum(F.square(x), axis=axis, keepdims=True)
    zero = squares == 0
    return F.where(zero, 0.0, 1 / F.sqrt(F.where(zero, 1.0, squares)))


def _affine(name: str, y: Any, weight: Any, bias: Any, axis: Axis) -> Any:
    """Return `y * weight + bias`, with weight and bias of the lengths of some axes of `y`."""
    _check_parameters(name, y, weight, bias, axis)
    return scaled_and_shifted(y, weight, bias, axis)


def _check_parameters(name: str, x: Any, weight: Any, bias: Any, axis: Axis) -> None:
    """Raise ArgumentError unless weight and bias have the lengths of some axes of `x`."""
    for kind, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None:
            shape = shape_of(x)
            places = sorted(_places(axis, max(len(shape), 1)))
            _check_shape(name, kind, parameter, tuple(shape[i] for i in places if shape))


def scaled_and_shifted(y: Any, weight: Any, bias: Any, axis: Axis) -> Any:
    """Return `y * weight + bias`, either of which may be None."""
    if weight is not None:
        y = y * beside(weight, y, axis)
    return y if bias is None else y + beside(bias, y, axis)


def beside(parameter: Any, y: Any, axis: Axis) -> Any:
    """Return an array of the lengths of some axes of `y` with length 1 along the others."""
    places = _places(axis, len(y.shape))
    return F.reshape(parameter, tuple(n if i in places else 1 for i, n in enumerate(y.shape)))


def _places(axis: Axis, count: int) -> set[int]:
    return {a % count for a in (axis if isinstance(axis, tuple) else (axis,))}


def _renewed(old: Any, new: Any, momentum: float) -> Any:
    """Return running statistics moved towards those of a batch."""
    new = new if new.dtype == old.dtype else F.astype(new, old.dtype)
    return (1 - momentum) * old + momentum * new


def _channels(name: str, x: Any, axis: int) -> tuple[int, int]:
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
