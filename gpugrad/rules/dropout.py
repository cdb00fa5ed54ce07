"""Dropout by a key: it is linear, and its own transpose."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import CudaArray, shape_of
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import dropout as kernels
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.dropout import dropped
from gpugrad.structure.tangent import accumulate

implement(dropped, CudaArray)(kernels.dropped)


@rrule.register(dropped)
def dropped_rrule(
    _: Any, x: Any, key: Any, p: float, *, needs: tuple[bool, bool, bool]
) -> tuple[Any, Any]:
    """The mask stays as p moves, what it keeps grows: ∂y/∂p = y / (1 − p)."""
    y, shape = dropped(x, key, p), shape_of(x)
    grown = y if needs[2] else None

    def dropped_back(dy: Any) -> Any:
        # A number that stands for many is as many: each has its place.
        dy = dy if shape_of(dy) == shape else F.broadcast_to(dy, shape)
        dx = dropped(dy, key, p) if needs[0] else None
        return None, dx, None, F.sum(dy * grown) / (1 - p) if needs[2] else None

    return y, dropped_back


@frule.register(dropped)
def dropped_frule(_: Any, args: Any, tangents: Any) -> Any:
    (x, key, p), (dx, _, dp) = args, tangents
    y = dropped(x, key, p)
    moved = None if dx is None else dropped(dx, key, p)
    return y, accumulate(moved, None if dp is None else y * (dp / (1 - p)))
