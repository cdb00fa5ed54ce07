"""Arrays, (batch, channels, *spatial), of other resolutions. Names are NNlib's."""

from __future__ import annotations

import itertools
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.arguments import as_dtype, check_floating
from gpugrad.nn.functional.layout import Sizes, per_axis, spatial_sizes


@named(Composite, module="nn")
def upsample_nearest(x: Array, scale: Any = None, *, sizes: Any = None) -> Array:
    """Return an array of other lengths, in which each element is the nearest one of `x`.

    Args:
        x: array of shape (batch, channels, *spatial).
        scale: how many times as long: a whole number for all spatial axes, or one for each.
        sizes: the new lengths instead, one for all spatial axes or one for each: element i is that
            of ⌊i · old length / new length⌋.

    Returns:
        Array of shape (batch, channels, *sizes).

    Raises:
        ArgumentError: not exactly one of `scale` and `sizes` is given.

    Example:
        >>> import numpy as np
        >>> upsample_nearest(np.array([[[1.0, 2.0]]]), 2)
        array([[[1., 1., 2., 2.]]])
    """
    new_sizes = _new_sizes("upsample_nearest", x, scale, sizes)
    for axis, (old, new) in enumerate(zip(shape_of(x)[2:], new_sizes, strict=True), start=2):
        if new % old == 0:
            x = F.repeat(x, new // old, axis=axis)
        else:
            places = libraries.create("arange", new, like=x) * old // new
            x = F.take(x, places, axis=axis)
    return x


@named(Composite, module="nn")
def upsample_linear(
    x: Array, scale: Any = None, *, sizes: Any = None, align_corners: bool = True
) -> Array:
    """Return an array of other lengths by linear interpolation, bilinear or trilinear on more axes.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
        scale: how many times as long: a whole number for all spatial axes, or one for each.
        sizes: the new lengths instead, one for all spatial axes or one for each.
        align_corners: whether the outermost elements stay as they are, as in NNlib and
            scipy.ndimage.zoom; otherwise elements are areas of which the edges stay where they are,
            as in OpenCV and, by default, in PyTorch.

    Returns:
        Array of shape (batch, channels, *sizes).

    Raises:
        ArgumentError: not exactly one of `scale` and `sizes` is given.

    Example:
        >>> import numpy as np
        >>> upsample_linear(np.array([[[1.0, 3.0]]]), sizes=3)
        array([[[1., 2., 3.]]])
        >>> upsample_linear(np.array([[[1.0, 3.0]]]), 2, align_corners=False)
        array([[[1. , 1.5, 2.5, 3. ]]])
    """
    check_floating("upsample_linear", x)
    new_sizes = _new_sizes("upsample_linear", x, scale, sizes)
    for axis, (old, new) in enumerate(zip(shape_of(x)[2:], new_sizes, strict=True), start=2):
        if new != old:
            weight = F.matrix_transpose(_hats(x, old, new, align_corners))
            x = F.moveaxis(F.matmul(F.moveaxis(x, axis, -1), weight), -1, axis)
    return x


def _hats(x: Array, old: int, new: int, align_corners: bool) -> Any:
    """Return the matrix of linear interpolation, with a hat around each new element's place."""
    steps = libraries.create("arange", new, like=x, dtype=float)
    if align_corners:
        places = steps * ((old - 1) / max(new - 1, 1))
    else:
        places = F.clip((steps + 0.5) * (old / new) - 0.5, 0.0, old - 1.0)
    elements = libraries.create("arange", old, like=x, dtype=float)
    hats = F.clip(1.0 - F.abs(places[:, None] - elements[None, :]), 0.0, None)
    return F.astype(hats, x.dtype)


@named(Composite, module="nn")
def pixel_shuffle(x: Array, factor: int) -> Array:
    """Return channels as pixels: an array `factor` times as long on each spatial axis.

    Args:
        x: array of shape (batch, channels · factorⁿ, *spatial) with n spatial axes.
        factor: a whole number.

    Returns:
        Array of shape (batch, channels, *(factor · spatial)).

    Raises:
        ArgumentError: the channels cannot be divided so.

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", CVPR 2016.

    Example:
        >>> import numpy as np
        >>> pixel_shuffle(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 2)
        array([[[1., 3., 2., 4.]]])
    """
    shape = shape_of(x)
    ndim = len(spatial_sizes("pixel_shuffle", shape))
    if type(factor) is not int or factor < 1 or shape[1] % factor**ndim:
        raise ArgumentError(
            f"pixel_shuffle: expected x of shape (batch, channels, *spatial) and a whole number, "
            f"the channels a multiple of {factor} for each spatial axis, got {shape}"
        )
    batch, channels, *sizes = shape
    outputs = channels // factor**ndim
    x = F.reshape(x, (batch, outputs, *(factor,) * ndim, *sizes))
    order = itertools.chain.from_iterable((2 + ndim + i, 2 + i) for i in range(ndim))
    x = F.permute_dims(x, (0, 1, *order))
    return F.reshape(x, (batch, outputs, *(n * factor for n in sizes)))


@named(Composite, module="nn")
def grid_sample(
    x: Array, grid: Any, *, padding_mode: str = "zeros", align_corners: bool = True
) -> Array:
    """Return an array's values at given places, by linear interpolation.

    Args:
        x: array of shape (batch, channels, *spatial), real floating.
        grid: array of shape (batch, *counts, spatial axes), the places: from −1 at an axis's start
            to 1 at its end. The last spatial axis comes first, as in NNlib and PyTorch: (x, y).
        padding_mode: what is outside: "zeros", or "border" for the outermost elements.
        align_corners: whether −1 and 1 are the centres of the outermost elements, or their edges.

    Returns:
        Array of shape (batch, channels, *counts). Its derivative along a place is that to the
        right, where the place is an element's own.

    Raises:
        ArgumentError: the shapes do not belong together.

    Source: Jaderberg et al., "Spatial transformer networks", NeurIPS 2015, equation 5.

    Example:
        >>> import numpy as np
        >>> grid_sample(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0], [0.5], [1.0]]]))
        array([[[1., 3., 4.]]])
    """
    sizes, places = spatial_sizes("grid_sample", shape_of(x)), shape_of(grid)
    batch, channels = shape_of(x)[:2]
    if len(places) < 3 or (places[0], places[-1]) != (batch, len(sizes)):
        raise ArgumentError(
            f"grid_sample: x of shape {shape_of(x)}, (batch, channels, *spatial), takes a grid of "
            f"shape ({batch}, *counts, {len(sizes)}), got {places}"
        )
    if padding_mode not in ("zeros", "border"):
        raise ArgumentError(
            f'grid_sample: padding_mode is "zeros" or "border", got {padding_mode!r}'
        )
    counts = places[1:-1]
    flat = F.reshape(x, (batch, channels, math.prod(sizes)))
    parts: list[list[tuple[Any, Any]]] = []  # for each axis, both neighbours and their weights
    for axis, n in enumerate(sizes):
        place = F.reshape(grid[..., len(sizes) - 1 - axis], (batch, 1, math.prod(counts)))
        place = (place + 1) * ((n - 1) / 2) if align_corners else ((place + 1) * n - 1) / 2
        if padding_mode == "border":
            place = F.clip(place, 0, n - 1)
        floor = F.floor(place)
        parts.append(
            [_neighbour(floor, 1 - (place - floor), n), _neighbour(floor + 1, place - floor, n)]
        )
    y = 0
    for corner in itertools.product(*parts):
        index = 0
        weight = 1.0
        for n, (place, part) in zip(sizes, corner, strict=True):
            index = index * n + place
            weight = weight * part
        index = F.broadcast_to(index, (batch, channels, math.prod(counts)))
        y = y + weight * F.take_along_axis(flat, index, axis=2)
    return F.reshape(y, (batch, channels, *counts))


def _neighbour(place: Any, weight: Array, n: int) -> tuple[Any, Any]:
    """Return the index of a place, and its weight: 0 where it is outside."""
    inside = F.logical_and(place >= 0, place <= n - 1)
    index = as_dtype(F.where(inside, place, 0.0), int)  # NaN is no place
    return index, F.where(inside, weight, 0.0)


def _new_sizes(name: str, x: Array, scale: Any, sizes: Any) -> Sizes:
    """Return the new lengths of the spatial axes."""
    old = spatial_sizes(name, shape_of(x))
    if 0 in old or (scale is None) == (sizes is None):
        raise ArgumentError(
            f"{name}: expected an array with elements, got one of shape {shape_of(x)}, and either "
            f"scale or sizes, got {scale} and {sizes}"
        )
    if sizes is not None:
        return per_axis(name, "sizes", sizes, len(old))
    return tuple(n * s for n, s in zip(old, per_axis(name, "scale", scale, len(old)), strict=True))
