"""Dropout. It is linear in its argument: its derivatives are those of the product with the mask."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.errors import ArgumentError
from gpugrad.namespace import shape_of
from gpugrad.network.randomness import uniform


def dropout(x: Any, p: float, rng: Any, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """Return `x` with each element set to 0 with probability p, the others divided by 1 − p.

    What is expected of the value is `x`. In use, after training, leave it out.

    Args:
        x: array, real floating or complex.
        p: the probability, from 0 to 1.
        rng: the generator the mask is drawn from, `numpy.random.Generator`, or CuPy's for an array
            of CuPy's: then it is drawn on the device.
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
    shape = tuple(n if i in single else 1 for i, n in enumerate(shape_of(x)))
    kept = uniform("dropout", rng, shape, x) >= p
    return x * (F.indicator(kept, x) / (1 - p))
