"""The windows of an array, and what adds them up again: what convolution is made of.

`windows` stacks the slices that a `Layout` tells of, and `fold_windows`, its adjoint, adds them
back in their places. Each is the other's derivative.
"""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.layout import Layout, layout_over
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear


@named(module="nn")
def windows(x: Array, *, layout: Layout, fill: float = 0.0) -> Array:
    """Return an array's elements window by window.

    Args:
        x: array of shape (..., *sizes).
        layout: where the windows lie.
        fill: the value of the padding.

    Returns:
        Array of shape (..., elements of a window, *counts).
    """
    x = layout.padded(x, fill)
    return F.stack([x[index] for index in layout.slices()], axis=layout.axis)


@rrule.register(windows)
def windows_rrule(_: Any, x: Array, *, layout: Layout, fill: float = 0.0) -> Answer:
    def windows_back(dy: Array) -> Cotangents:
        return None, fold_windows(dy, layout=layout)

    return windows(x, layout=layout, fill=fill), windows_back


@frule.register(windows)
def windows_frule(_: Any, args: Any, tangents: Any, *, layout: Layout, fill: float = 0.0) -> Answer:
    (x,), (dx,) = args, tangents
    return windows(x, layout=layout, fill=fill), windows(dx, layout=layout)


@named(module="nn")
def fold_windows(y: Array, *, layout: Layout) -> Array:
    """Add the elements of windows up where they lie on the array: the adjoint of `windows`.

    Args:
        y: array of shape (..., elements of a window, *counts).
        layout: where the windows lie.

    Returns:
        Array of shape (..., *sizes).
    """
    lead = y.shape[: layout.axis]
    out = libraries.create("zeros", (*lead, *layout.padded_sizes), like=y, dtype=y.dtype)
    for index, part in zip(layout.slices(), F.unstack(y, axis=layout.axis), strict=True):
        out[index] += part
    return out[layout.inside]


@rrule.register(fold_windows)
def fold_windows_rrule(_: Any, y: Array, *, layout: Layout) -> Answer:
    def fold_windows_back(dx: Array) -> Cotangents:
        return None, windows(dx, layout=layout)

    return fold_windows(y, layout=layout), fold_windows_back


linear(fold_windows)


# --- As public functions ---------------------------------------------------------------------


@named(Composite, module="nn")
def unfold(x: Array, window: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Array:
    """Return the windows of an array as columns: im2col.

    Args:
        x: array of shape (batch, channels, *spatial).
        window: the window's length, one for all spatial axes or one for each.
        stride: how far apart neighbouring windows are.
        padding: zeros around the array, as in `conv`.
        dilation: how far apart a window's elements are.

    Returns:
        Array of shape (batch, channels · elements of a window, number of windows), as PyTorch's.

    Raises:
        ArgumentError: a window does not fit.

    Example:
        >>> import numpy as np
        >>> unfold(np.arange(4.0).reshape(1, 1, 4), 2)
        array([[[0., 1., 2.],
                [1., 2., 3.]]])
    """
    layout = layout_over("unfold", shape_of(x), window, stride, padding, dilation)
    batch, channels = shape_of(x)[:2]
    parts = windows(x, layout=layout)
    return F.reshape(parts, (batch, channels * layout.size, layout.positions))


@named(Composite, module="nn")
def fold(
    y: Array,
    sizes: Any,
    window: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> Array:
    """Add columns up where their windows lie on an array: col2im, the adjoint of `unfold`.

    Args:
        y: array of shape (batch, channels · elements of a window, number of windows).
        sizes: the spatial lengths of the result.
        window: as in `unfold`, and so are the others.
        stride: how far apart neighbouring windows are.
        padding: zeros around the array.
        dilation: how far apart a window's elements are.

    Returns:
        Array of shape (batch, channels, *sizes).

    Raises:
        ArgumentError: there are not as many columns as windows.
    """
    if isinstance(sizes, int):
        raise ArgumentError(f"fold: sizes are lengths, one for each spatial axis, got {sizes}")
    layout = layout_over("fold", (1, 1, *sizes), window, stride, padding, dilation)
    shape = shape_of(y)
    if len(shape) != 3 or shape[1] % layout.size or shape[2] != layout.positions:
        raise ArgumentError(
            f"fold: windows of {layout.window} lie at {layout.positions} positions on {sizes}, "
            f"which takes columns of shape (batch, channels · {layout.size}, {layout.positions}), "
            f"got {shape}"
        )
    channels = shape[1] // layout.size
    parts = F.reshape(y, (shape[0], channels, layout.size, *layout.counts))
    return fold_windows(parts, layout=layout)
