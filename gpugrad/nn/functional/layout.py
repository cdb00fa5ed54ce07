"""Where a window lies on an array, (batch, channels, *spatial), and how callers say it.

Arrays are laid out so, as in Chainer, PyTorch and cuDNN. A window of k₁ × k₂ × … elements lies at a
number of positions; its elements at all of them are as many strided slices as the window has
elements.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gpugrad.dispatch import libraries
from gpugrad.dispatch.kinds import Array
from gpugrad.errors import ArgumentError

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Where a window lies on an array, for each spatial axis.

    Attributes:
        sizes: the array's lengths.
        window: the window's lengths, in elements.
        stride: how far apart neighbouring positions are.
        padding: how many elements are put before and after the array.
        dilation: how far apart a window's elements are.
        counts: the number of positions.
    """

    sizes: Sizes
    window: Sizes
    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes
    counts: Sizes

    @property
    def size(self) -> int:
        """The number of elements of a window."""
        return math.prod(self.window)

    @property
    def positions(self) -> int:
        """The number of positions on all axes together."""
        return math.prod(self.counts)

    @property
    def axis(self) -> int:
        """The axis along which `windows` has the elements of a window."""
        return -len(self.sizes) - 1

    @property
    def padded_sizes(self) -> Sizes:
        """The array's lengths with the padding."""
        return tuple(n + sum(pair) for n, pair in zip(self.sizes, self.padding, strict=True))

    @property
    def inside(self) -> tuple[Any, ...]:
        """The index of the array in the padded one."""
        pairs = zip(self.sizes, self.padding, strict=True)
        return (..., *(slice(before, before + n) for n, (before, _) in pairs))

    def slices(self) -> Iterator[tuple[Any, ...]]:
        """Yield, for each element of a window, its index at all positions in the padded array."""
        for place in itertools.product(*map(range, self.window)):
            starts = [i * d for i, d in zip(place, self.dilation, strict=True)]
            steps = zip(starts, self.stride, self.counts, strict=True)
            yield (..., *(slice(a, a + s * (n - 1) + 1, s) for a, s, n in steps))

    def padded(self, x: Array, fill: float) -> Any:
        """Return an array, no recorded one, with its padding."""
        if self.padded_sizes == self.sizes:
            return x
        lead = x.shape[: len(x.shape) - len(self.sizes)]
        out = libraries.create("full", (*lead, *self.padded_sizes), fill, like=x, dtype=x.dtype)
        out[self.inside] = x
        return out


# --- What callers say, for each axis ---------------------------------------------------------


def layout_over(
    name: str, shape: Sizes, window: Any, stride: Any, padding: Any, dilation: Any
) -> Layout:
    """Return how a window goes over an array of that shape; raise ArgumentError if it cannot.

    Args:
        name: the function's name, for messages.
        shape: the array's, (batch, channels, *spatial).
        window: its length, one for all spatial axes or one for each; so are the next three.
        stride: how far apart neighbouring positions are.
        padding: also (before, after) for each axis, "valid" for none, or "same".
        dilation: how far apart a window's elements are.
    """
    sizes = spatial_sizes(name, shape)
    ndim = len(sizes)
    window = per_axis(name, "window", window, ndim)
    stride = per_axis(name, "stride", stride, ndim)
    dilation = per_axis(name, "dilation", dilation, ndim)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))
    pairs = _padding(name, padding, sizes, spans, stride)
    axes = list(zip(sizes, pairs, spans, stride, strict=True))
    if any(n + sum(pair) < span for n, pair, span, _ in axes):
        raise ArgumentError(
            f"{name}: a window of {window} with dilation {dilation} spans {spans} and is larger "
            f"than the array's {sizes} with padding {pairs}. Give it more padding"
        )
    counts = tuple((n + sum(pair) - span) // s + 1 for n, pair, span, s in axes)
    return Layout(sizes, window, stride, pairs, dilation, counts)


def spatial_sizes(name: str, shape: Sizes) -> Sizes:
    """Return the lengths of the spatial axes; raise ArgumentError where there are none."""
    if len(shape) < 3:
        raise ArgumentError(
            f"{name}: expected an array of shape (batch, channels, *spatial), got {shape}. A batch "
            f"of one is x[None]"
        )
    return shape[2:]


def per_axis(name: str, what: str, value: Any, ndim: int, least: int = 1) -> Sizes:
    """Return a whole number for each axis, of one for all or one for each."""
    try:
        each = value if isinstance(value, (tuple, list)) else (value,) * ndim
        values = tuple(map(operator.index, each))
    except TypeError:
        values = ()
    if len(values) != ndim or min(values) < least:
        raise ArgumentError(
            f"{name}: {what} is a whole number from {least} on, or one for each of {ndim} spatial "
            f"axes, got {value!r}"
        )
    return values


def _padding(
    name: str, padding: Any, sizes: Sizes, spans: Sizes, stride: Sizes
) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after each axis."""
    ndim = len(sizes)
    if padding == "valid":
        return ((0, 0),) * ndim
    if padding == "same":
        axes = zip(sizes, spans, stride, strict=True)
        totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, span, s in axes]
        return tuple((total // 2, total - total // 2) for total in totals)
    return padding_pairs(name, padding, ndim)


def padding_pairs(name: str, padding: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after each axis, of numbers or of pairs of them."""
    try:
        if isinstance(padding, (tuple, list)) and any(
            isinstance(p, (tuple, list)) for p in padding
        ):
            pairs = tuple((operator.index(a), operator.index(b)) for a, b in padding)
        else:
            pairs = tuple((n, n) for n in per_axis(name, "padding", padding, ndim, 0))
    except (ArgumentError, TypeError, ValueError):
        pairs = ()
    if len(pairs) != ndim or any(min(pair) < 0 for pair in pairs):
        raise ArgumentError(
            f"{name}: padding is a whole number from 0 on, one for each of {ndim} spatial axes, or "
            f"as many (before, after) pairs, got {padding!r}"
        )
    return pairs
