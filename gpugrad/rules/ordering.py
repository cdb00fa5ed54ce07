"""Sorting: a permutation, which the gradient goes back through."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.functions.ordering import sort
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents


@rrule.register(sort)
def sort_rrule(
    _: Any, x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Answer:
    order = F.argsort(x, axis=axis, descending=descending, stable=stable)

    def sort_back(dy: Array) -> Cotangents:
        return None, F.take_along_axis(dy, F.argsort(order, axis=axis), axis=axis)

    return F.take_along_axis(x, order, axis=axis), sort_back


@frule.register(sort)
def sort_frule(_: Any, args: Any, tangents: Any, **kwargs: Any) -> Answer:
    (x,), (dx,) = args, tangents
    order = F.argsort(x, **kwargs)
    axis = kwargs.get("axis", -1)
    return tuple(F.take_along_axis(values, order, axis=axis) for values in (x, dx))
