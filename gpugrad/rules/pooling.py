"""The sums and the largest elements of windows."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import shape_of
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.pooling import window_max, window_sum
from gpugrad.nn.functional.windows import Layout, fold_windows, windows
from gpugrad.rulebook.forward import linear
from gpugrad.rules.elementwise import nonzero


@rrule.register(window_sum)
def window_sum_rrule(_: Any, x: Any, *, layout: Layout) -> Any:
    """Each element collects the sensitivities of all windows that it is in."""
    shape = (*shape_of(x)[: layout.axis + 1], layout.size, *layout.counts)

    def window_sum_back(dy: Any) -> Any:
        spread = F.broadcast_to(F.expand_dims(dy, axis=layout.axis), shape)
        return None, fold_windows(spread, layout=layout)

    return window_sum(x, layout=layout), window_sum_back


@rrule.register(window_max)
def window_max_rrule(_: Any, x: Any, *, layout: Layout) -> Any:
    """The sensitivity of a window is split evenly among its elements that are the largest."""
    y = window_max(x, layout=layout)

    def window_max_back(dy: Any) -> Any:
        hit, count = _largest(x, y, layout)
        share = F.expand_dims(dy / count, axis=layout.axis)
        return None, fold_windows(hit * share, layout=layout)

    return y, window_max_back


def _largest(x: Any, y: Any, layout: Layout) -> tuple[Any, Any]:
    """Return 1 for the largest elements of each window, 0 for the others, and how many they are."""
    parts = windows(x, layout=layout, fill=-math.inf)
    hit = F.indicator(parts == F.expand_dims(y, axis=layout.axis), x)
    return hit, nonzero(F.sum(hit, axis=layout.axis))  # NaN is equal to no element


# --- Forward ---------------------------------------------------------------------------------
linear(window_sum)


@frule.register(window_max)
def window_max_frule(_: Any, args: Any, tangents: Any, *, layout: Layout) -> Any:
    """The mean of the tangents of all elements that are the largest."""
    (x,), (dx,) = args, tangents
    y = window_max(x, layout=layout)
    hit, count = _largest(x, y, layout)
    return y, F.sum(hit * windows(dx, layout=layout), axis=layout.axis) / count
