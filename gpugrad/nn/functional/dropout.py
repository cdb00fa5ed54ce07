"""Dropout. It is linear in its argument: its derivatives are those of the product with the mask.

The mask of `dropped` is in no memory: an element's part of it follows from its place and a key. So
its pullback is itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray, shape_of
from gpugrad.dispatch.libraries import create
from gpugrad.dispatch.primitive import implement
from gpugrad.errors import ArgumentError
from gpugrad.kernels import dropout as kernels
from gpugrad.kernels.dropout import threshold
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.randomness import key_of, philox, uniform
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.structure.tangent import accumulate


def dropout(x: Array, p: float, rng: Any, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """Return `x` with each element set to 0 with probability p, the others divided by 1 − p.

    What is expected of the value is `x`. In use, after training, leave it out.

    Args:
        x: array, real floating or complex.
        p: the probability, from 0 to 1.
        rng: the generator the mask is drawn from, `numpy.random.Generator`, or CuPy's for an array
            of CuPy's: then what is drawn is a key on the device, and no mask is kept.
        axis: along which axes elements are dropped one by one; along the others, together: for an
            array of shape (batch, channels, height, width), (0, 1) drops whole channels. None is
            all axes.

    Raises:
        ArgumentError: `p` is no probability, `rng` no generator of the library of `x`, or there is
            no such axis.

    Example:
        >>> import numpy as np
        >>> dropout(np.ones(6), 0.5, np.random.default_rng(0))
        array([2., 2., 2., 0., 0., 0.])
    """
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout: the probability is from 0 to 1, got {p}")
    if p == 0:
        return x
    if p == 1:
        return F.zeros_like(x)
    count = len(shape_of(x))
    axes = range(count) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if any(not -count <= a < count for a in axes):
        raise ArgumentError(f"dropout: an array of shape {shape_of(x)} has no axis {axis}")
    single = {a % count for a in axes}
    key = key_of("dropout", rng, x) if len(single) == count else None
    if key is not None:
        return dropped(x, key, p)
    shape = tuple(n if i in single else 1 for i, n in enumerate(shape_of(x)))
    kept = uniform("dropout", rng, shape, x) >= p
    return x * (F.indicator(kept, x) / (1 - p))


@named(module="nn", arrays=(0, 1))
def dropped(x: Array, key: Any, p: float) -> Any:
    """Return `x` times a mask of 0 and 1/(1 − p), which the key and the places determine.

    Args:
        x: array of any shape.
        key: array of two unsigned 32-bit integers.
        p: the probability of 0.

    The element at place i, counted through all axes, has the word i mod 4 of Philox at i div 4. It
    is kept where that is at least `threshold(p)`.
    """
    shape = shape_of(x)
    size = math.prod(shape)
    words = philox(create("arange", -(-size // 4), like=key, dtype=np.uint64), key)
    kept = F.reshape(F.reshape(F.stack(words, axis=-1), (-1,))[:size], shape) >= threshold(p)
    return x * (F.indicator(kept, x) / (1 - p))


@rrule.register(dropped)
def dropped_rrule(
    _: Any, x: Array, key: Any, p: float, *, needs: tuple[bool, bool, bool]
) -> tuple[Any, Any]:
    """The mask stays as p moves, what it keeps grows: ∂y/∂p = y / (1 − p)."""
    y, shape = dropped(x, key, p), shape_of(x)
    grown = y if needs[2] else None

    def dropped_back(dy: Array) -> Cotangents:
        # A number that stands for many is as many: each has its place.
        dy = dy if shape_of(dy) == shape else F.broadcast_to(dy, shape)
        dx = dropped(dy, key, p) if needs[0] else None
        return None, dx, None, F.sum(dy * grown) / (1 - p) if needs[2] else None

    return y, dropped_back


@frule.register(dropped)
def dropped_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x, key, p), (dx, _, dp) = args, tangents
    y = dropped(x, key, p)
    moved = None if dx is None else dropped(dx, key, p)
    return y, accumulate(moved, None if dp is None else y * (dp / (1 - p)))


implement(dropped, CudaArray)(kernels.dropped)
