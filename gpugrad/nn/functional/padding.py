"""Padding of arrays, (batch, channels, *spatial), around their spatial axes. Names are NNlib's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.layout import padding_pairs, spatial_sizes


@named(Composite, module="nn")
def pad_constant(x: Array, padding: Any, *, value: float = 0.0) -> Array:
    """Put a number around an array.

    Args:
        x: array of shape (batch, channels, *spatial).
        padding: how many elements: a number, one for each spatial axis, or a (before, after) pair
            for each.
        value: the number.

    Raises:
        ArgumentError: the padding is not of this form.

    Example:
        >>> import numpy as np
        >>> pad_constant(np.array([[[1.0, 2.0]]]), ((1, 2),), value=7.0)
        array([[[7., 1., 2., 7., 7.]]])
    """
    (*lead, pairs) = _lead_and_pairs("pad_constant", x, padding)
    sizes = shape_of(x)[2:]
    axes = list(zip(sizes, pairs, strict=True))
    shape = (*lead, *(n + sum(pair) for n, pair in axes))
    whole = libraries.create("full", shape, value, like=x, dtype=x.dtype)
    return F.index_set(whole, (..., *(slice(pair[0], pair[0] + n) for n, pair in axes)), x)


@named(Composite, module="nn")
def pad_zeros(x: Array, padding: Any) -> Array:
    """Put zeros around an array: see `pad_constant`.

    Example:
        >>> import numpy as np
        >>> pad_zeros(np.array([[[1.0, 2.0]]]), 1)
        array([[[0., 1., 2., 0.]]])
    """
    return pad_constant(x, padding)


@named(Composite, module="nn")
def pad_repeat(x: Array, padding: Any) -> Array:
    """Put an array's outermost elements around it: NumPy's mode "edge".

    Args:
        x: array of shape (batch, channels, *spatial).
        padding: as in `pad_constant`.

    Example:
        >>> import numpy as np
        >>> pad_repeat(np.array([[[1.0, 2.0]]]), 2)
        array([[[1., 1., 1., 2., 2., 2.]]])
    """

    def repeated(x: Array, axis: int, before: int, after: int) -> tuple[Any, Any]:
        first, last = F.slice_along(x, axis, 0, 1), F.slice_along(x, axis, -1, None)
        return F.repeat(first, before, axis=axis), F.repeat(last, after, axis=axis)

    return _padded("pad_repeat", x, padding, repeated, spare=0, whole=True)


@named(Composite, module="nn")
def pad_reflect(x: Array, padding: Any) -> Array:
    """Put an array's mirror image around it, without a second copy of the outermost elements.

    Args:
        x: array of shape (batch, channels, *spatial).
        padding: as in `pad_constant`, and less than the array is long.

    Raises:
        ArgumentError: there is more padding than the mirror image has elements.

    Example:
        >>> import numpy as np
        >>> pad_reflect(np.array([[[1.0, 2.0, 3.0]]]), 2)
        array([[[3., 2., 1., 2., 3., 2., 1.]]])
    """
    return _padded("pad_reflect", x, padding, _mirrored(1), spare=1)


@named(Composite, module="nn")
def pad_symmetric(x: Array, padding: Any) -> Array:
    """Put an array's mirror image around it, with a second copy of the outermost elements.

    Args:
        x: array of shape (batch, channels, *spatial).
        padding: as in `pad_constant`, and no more than the array is long.

    Raises:
        ArgumentError: there is more padding than the mirror image has elements.

    Example:
        >>> import numpy as np
        >>> pad_symmetric(np.array([[[1.0, 2.0, 3.0]]]), 2)
        array([[[2., 1., 1., 2., 3., 3., 2.]]])
    """
    return _padded("pad_symmetric", x, padding, _mirrored(0), spare=0)


def _mirrored(skipped: int) -> Callable[[Any, int, int, int], tuple[Any, Any]]:
    """Return what gives an array's mirror images, without its `skipped` outermost elements."""

    def mirrored(x: Array, axis: int, before: int, after: int) -> tuple[Any, Any]:
        end = shape_of(x)[axis] - skipped
        first = F.slice_along(x, axis, skipped, skipped + before)
        return F.flip(first, axis=axis), F.flip(F.slice_along(x, axis, end - after, end), axis=axis)

    return mirrored


@named(Composite, module="nn")
def pad_circular(x: Array, padding: Any) -> Array:
    """Put copies of an array around it, as if it were periodic: NumPy's mode "wrap".

    Args:
        x: array of shape (batch, channels, *spatial).
        padding: as in `pad_constant`, and no more than the array is long.

    Raises:
        ArgumentError: there is more padding than one copy has elements.

    Example:
        >>> import numpy as np
        >>> pad_circular(np.array([[[1.0, 2.0, 3.0]]]), ((1, 2),))
        array([[[3., 1., 2., 3., 1., 2.]]])
    """

    def wrapped(x: Array, axis: int, before: int, after: int) -> tuple[Any, Any]:
        n = shape_of(x)[axis]
        return F.slice_along(x, axis, n - before, n), F.slice_along(x, axis, 0, after)

    return _padded("pad_circular", x, padding, wrapped, spare=0)


def _padded(
    name: str,
    x: Array,
    padding: Any,
    ends: Callable[..., tuple[Any, Any]],
    *,
    spare: int,
    whole: bool = False,
) -> Any:
    """Join to an array, axis by axis, what `ends(x, axis, before, after)` says.

    There may be as much padding as there are elements, less `spare`; any if `whole`.
    """
    *_, pairs = _lead_and_pairs(name, x, padding)
    for axis, (before, after) in enumerate(pairs, start=2):
        most = shape_of(x)[axis] - spare
        if max(before, after) > most and not (whole and most):
            raise ArgumentError(
                f"{name}: axis {axis} of an array of shape {shape_of(x)} takes a padding of at "
                f"most {most} elements, got {before, after}"
            )
        if before or after:
            first, last = ends(x, axis, before, after)
            x = F.concat([first, x, last], axis=axis)
    return x


def _lead_and_pairs(name: str, x: Array, padding: Any) -> tuple[Any, ...]:
    """Return batch, channels, and the padding before and after each spatial axis."""
    ndim = len(spatial_sizes(name, shape_of(x)))
    return *shape_of(x)[:2], padding_pairs(name, padding, ndim)
