"""The largest of what is scattered to a place."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import shape_of
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.embedding import scatter_max
from gpugrad.rules.elementwise import nonzero


@rrule.register(scatter_max)
def scatter_max_rrule(_: Any, src: Any, indices: Any, length: int) -> Any:
    """The gradient is split evenly among the elements that are the largest of their place."""
    y = scatter_max(src, indices, length)

    def scatter_max_back(dy: Any) -> Any:
        hit, count = _largest(src, indices, y)
        return None, hit * F.take(dy / count, indices, axis=0), None, None

    return y, scatter_max_back


def _largest(src: Any, indices: Any, y: Any) -> tuple[Any, Any]:
    """Return 1 for the elements that are the largest of their place, and how many they are."""
    hit = F.indicator(src == F.take(y, indices, axis=0), src)
    return hit, nonzero(F.scatter_add(hit, indices, shape_of(y)))


@frule.register(scatter_max)
def scatter_max_frule(_: Any, args: Any, tangents: Any) -> Any:
    """The mean of the tangents of all elements that are the largest of their place."""
    (src, indices, length), (dsrc, *_) = args, tangents
    y = scatter_max(src, indices, length)
    hit, count = _largest(src, indices, y)
    return y, F.scatter_add(hit * dsrc, indices, shape_of(y)) / count
