"""Pooling: one number for each window of an array, (batch, channels, *spatial).

All is made of `window_max` and `window_sum`, at the end, which have derivatives.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, kind_of, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.layout import Layout, layout_over, per_axis, spatial_sizes
from gpugrad.nn.functional.windows import fold_windows, windows
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.rules.elementwise import nonzero


@named(Composite, module="nn")
def max_pool(
    x: Array, window: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Array:
    """Return the largest element of each window.

    Where several are the largest, the gradient is split evenly among them.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
        window: the window's length, one for all spatial axes or one for each.
        stride: how far apart neighbouring windows are; the window's length by default.
        padding: elements around the array, which are never the largest: as in `conv`.
        dilation: how far apart a window's elements are.

    Returns:
        Array of shape (batch, channels, *counts), as in `conv`.

    Raises:
        ArgumentError: a window does not fit, or would lie in the padding alone, or the array is
            complex, or of integers with padding.

    Example:
        >>> import numpy as np
        >>> max_pool(np.array([[[1.0, 5.0, 2.0, 4.0, 3.0]]]), 2)
        array([[[5., 4.]]])
    """
    layout = _pool_layout("max_pool", x, window, stride, padding, dilation)
    kind = kind_of(x)
    if kind == "c" or (kind != "f" and layout.padded_sizes != layout.sizes):  # there is no −∞
        raise ArgumentError(
            f"max_pool: an array with padding, {padding}, is real floating, got {x.dtype}. Write "
            f"xp.astype(x, float)"
        )
    return window_max(x, layout=layout)


@named(Composite, module="nn")
def mean_pool(
    x: Array,
    window: Any,
    *,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    count_include_pad: bool = True,
) -> Array:
    """Return the mean of each window.

    Args:
        x: array of shape (batch, channels, *spatial).
        window: the window's length, one for all spatial axes or one for each.
        stride: how far apart neighbouring windows are; the window's length by default.
        padding: zeros around the array, as in `conv`.
        dilation: how far apart a window's elements are.
        count_include_pad: whether the zeros of the padding count as elements, as they do in NNlib
            and, by default, in PyTorch.

    Returns:
        Array of shape (batch, channels, *counts), as in `conv`.

    Raises:
        ArgumentError: a window does not fit, or would lie in the padding alone.

    Example:
        >>> import numpy as np
        >>> mean_pool(np.array([[[1.0, 5.0, 2.0, 4.0]]]), 2)
        array([[[3., 3.]]])
    """
    layout = _pool_layout("mean_pool", x, window, stride, padding, dilation)
    total = window_sum(x, layout=layout)
    if count_include_pad or layout.padded_sizes == layout.sizes:
        return total / layout.size
    ones = libraries.create("ones", (1, 1, *layout.sizes), like=x, dtype=x.dtype)
    return total / window_sum(ones, layout=layout)


@named(Composite, module="nn")
def lp_pool(
    x: Array, p: float, window: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Array:
    """Return the p-norm of each window, (Σ |x|ᵖ)^(1/p). Where it is 0, so is the gradient.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
        p: a finite number from 1 on.
        window: the window's length, one for all spatial axes or one for each.
        stride: how far apart neighbouring windows are; the window's length by default.
        padding: zeros around the array, as in `conv`.
        dilation: how far apart a window's elements are.

    Returns:
        Array of shape (batch, channels, *counts), as in `conv`.

    Raises:
        ArgumentError: a window does not fit, or p is less than 1, or infinite.

    Example:
        >>> import numpy as np
        >>> lp_pool(np.array([[[3.0, 4.0, 5.0, 12.0]]]), 2, 2)
        array([[[ 5., 13.]]])
    """
    if not 1 <= p < math.inf:
        raise ArgumentError(
            f"lp_pool: a norm has p from 1 on, got {p}. For ∞ write nn.max_pool(xp.abs(x), …)"
        )
    layout = _pool_layout("lp_pool", x, window, stride, padding, dilation)
    total = window_sum(F.abs(x) ** p, layout=layout)
    return F.where(total == 0, 0.0, F.where(total == 0, 1.0, total) ** (1 / p))


@named(Composite, module="nn")
def adaptive_max_pool(x: Array, counts: Any) -> Array:
    """Return the largest elements of as many windows as are asked for, all of one length.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
        counts: the number of windows, one for all spatial axes or one for each.

    Returns:
        Array of shape (batch, channels, *counts). The windows are ⌊size / count⌋ apart, and as long
        as the last one needs to reach the end: Flux's choice. It is PyTorch's where counts divide
        sizes; elsewhere PyTorch has windows of different lengths.

    Raises:
        ArgumentError: there are more windows than elements.

    Example:
        >>> import numpy as np
        >>> adaptive_max_pool(np.arange(7.0).reshape(1, 1, 7), 3)
        array([[[2., 4., 6.]]])
    """
    window, stride = _adapted("adaptive_max_pool", x, counts)
    return max_pool(x, window, stride=stride)


@named(Composite, module="nn")
def adaptive_mean_pool(x: Array, counts: Any) -> Array:
    """Return the means of as many windows as are asked for: those of `adaptive_max_pool`.

    Args:
        x: array of shape (batch, channels, *spatial).
        counts: the number of windows, one for all spatial axes or one for each.

    Raises:
        ArgumentError: there are more windows than elements.

    Example:
        >>> import numpy as np
        >>> adaptive_mean_pool(np.arange(6.0).reshape(1, 1, 6), 3)
        array([[[0.5, 2.5, 4.5]]])
    """
    window, stride = _adapted("adaptive_mean_pool", x, counts)
    return mean_pool(x, window, stride=stride)


@named(Composite, module="nn")
def global_max_pool(x: Array) -> Array:
    """Return the largest element of each channel, with spatial axes of length 1.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
    """
    return F.max(x, axis=_spatial("global_max_pool", x), keepdims=True)


@named(Composite, module="nn")
def global_mean_pool(x: Array) -> Array:
    """Return the mean of each channel, with spatial axes of length 1.

    Args:
        x: array of shape (batch, channels, *spatial).
    """
    return F.mean(x, axis=_spatial("global_mean_pool", x), keepdims=True)


def _pool_layout(
    name: str, x: Array, window: Any, stride: Any, padding: Any, dilation: Any
) -> Layout:
    """Return how a window goes over an array, with no position in the padding alone."""
    stride = window if stride is None else stride
    layout = layout_over(name, shape_of(x), window, stride, padding, dilation)
    axes = zip(layout.window, layout.dilation, layout.padding, strict=True)
    if any(max(pair) > d * (k - 1) for k, d, pair in axes):
        raise ArgumentError(
            f"{name}: with padding {layout.padding} a window of {layout.window} may lie in the "
            f"padding alone. Give it less padding than the window is long"
        )
    return layout


def _adapted(name: str, x: Array, counts: Any) -> tuple[Any, Any]:
    """Return the windows' length and stride for a number of windows."""
    sizes = spatial_sizes(name, shape_of(x))
    counts = per_axis(name, "the number of windows", counts, len(sizes))
    axes = list(zip(sizes, counts, strict=True))
    if any(n < count for n, count in axes):
        raise ArgumentError(f"{name}: {counts} windows are more than an array's {sizes} elements")
    stride = tuple(n // count for n, count in axes)
    window = tuple(n - (count - 1) * s for (n, count), s in zip(axes, stride, strict=True))
    return window, stride


def _spatial(name: str, x: Array) -> tuple[int, ...]:
    """Return the spatial axes; raise ArgumentError where there are none."""
    return tuple(range(2, 2 + len(spatial_sizes(name, shape_of(x)))))


# --- What they are made of ----------------------------------------------------------------------


@named(module="nn")
def window_max(x: Array, *, layout: Layout) -> Array:
    """Return the largest element of each window, as an array of shape (..., *counts)."""
    x = layout.padded(x, -math.inf)
    first, *rest = layout.slices()
    y = x[first]
    for index in rest:
        y = F.maximum(y, x[index])
    return y if rest else F.positive(y)


@rrule.register(window_max)
def window_max_rrule(_: Any, x: Array, *, layout: Layout) -> Answer:
    """The sensitivity of a window is split evenly among its elements that are the largest."""
    y = window_max(x, layout=layout)

    def window_max_back(dy: Array) -> Cotangents:
        hit, count = _largest(x, y, layout)
        share = F.expand_dims(dy / count, axis=layout.axis)
        return None, fold_windows(hit * share, layout=layout)

    return y, window_max_back


@frule.register(window_max)
def window_max_frule(_: Any, args: Any, tangents: Any, *, layout: Layout) -> Answer:
    """The mean of the tangents of all elements that are the largest."""
    (x,), (dx,) = args, tangents
    y = window_max(x, layout=layout)
    hit, count = _largest(x, y, layout)
    return y, F.sum(hit * windows(dx, layout=layout), axis=layout.axis) / count


def _largest(x: Array, y: Array, layout: Layout) -> tuple[Any, Any]:
    """Return 1 for the largest elements of each window, 0 for the others, and how many they are."""
    parts = windows(x, layout=layout, fill=-math.inf)
    hit = F.indicator(parts == F.expand_dims(y, axis=layout.axis), x)
    return hit, nonzero(F.sum(hit, axis=layout.axis))  # NaN is equal to no element


@named(module="nn")
def window_sum(x: Array, *, layout: Layout) -> Array:
    """Return the sum of each window, as an array of shape (..., *counts)."""
    x = layout.padded(x, 0.0)
    first, *rest = layout.slices()
    y = F.positive(x[first])
    for index in rest:
        y += x[index]
    return y


@rrule.register(window_sum)
def window_sum_rrule(_: Any, x: Array, *, layout: Layout) -> Answer:
    """Each element collects the sensitivities of all windows that it is in."""
    shape = (*shape_of(x)[: layout.axis + 1], layout.size, *layout.counts)

    def window_sum_back(dy: Array) -> Cotangents:
        spread = F.broadcast_to(F.expand_dims(dy, axis=layout.axis), shape)
        return None, fold_windows(spread, layout=layout)

    return window_sum(x, layout=layout), window_sum_back


linear(window_sum)
