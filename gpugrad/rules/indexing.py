"""Taking elements out of arrays, and putting them in."""

from __future__ import annotations

import builtins
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, CudaArray, Index, kind_of, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import embedding
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import Tangent


@rrule.register(F.getitem)
def getitem_rrule(_: Any, x: Array, index: Index) -> Answer:
    """Positions that were taken more than once collect all their gradients."""
    shape = shape_of(x)

    def getitem_back(dy: Array) -> Cotangents:
        return None, F.scatter_add(dy, index, shape), None

    return F.getitem(x, index), getitem_back


@rrule.register(F.scatter_add)
def scatter_add_rrule(_: Any, values: Any, index: Index, shape: tuple[int, ...]) -> Answer:
    def scatter_add_back(dy: Array) -> Cotangents:
        return None, F.getitem(dy, index), None, None

    return F.scatter_add(values, index, shape), scatter_add_back


@rrule.register(F.index_set)
def index_set_rrule(
    _: Any, x: Array, index: Index, values: Any, *, needs: tuple[bool, bool, bool]
) -> Answer:
    """What was overwritten gets no gradient; what was written gets that of its place."""
    project = Projection(values) if needs[2] else None
    shape = shape_of(x)
    whole = _is_whole(shape, index, shape_of(values))

    def index_set_back(dy: Array) -> Cotangents:
        dx = F.index_set(dy, index, 0) if needs[0] and not whole else None
        if project is None:
            return None, dx, None, None
        dvalues = F.getitem(dy, index)
        if not F.is_basic(index):
            dvalues = F.where(_stayed(index, dvalues, shape), dvalues, 0.0)
        return None, dx, None, project(dvalues)

    return F.index_set(x, index, values), index_set_back


def _is_whole(shape: tuple[int, ...], mask: Any, written: tuple[int, ...]) -> bool:
    """Say whether as many values are written by a mask as it has places, and so to all of them.

    Then nothing of the old array is left. A gradient of zeros would not say the same: on its way
    back through what gave the old array a NaN, it becomes NaN.
    """
    if not hasattr(mask, "dtype") or kind_of(mask) != "b":
        return False
    count = math.prod(mask.shape)  # one value alone could be there to broadcast
    return count > 1 and written == (count, *shape[len(mask.shape) :])


def _stayed(index: Index, written: Any, shape: tuple[int, ...]) -> Any:
    """Say which of the written values are still there: of those written to one place, the last."""
    written = plain(written)
    library = library_of(written)
    assert library is not None  # an index that is not basic takes an array
    count = math.prod(shape_of(written))
    order = F.reshape(library.arange(count, written), shape_of(written))
    places = F.reshape(library.arange(math.prod(shape), written), shape)
    return F.getitem(F.index_set(places, index, order), index) == order


@rrule.register(F.take)
def take_rrule(_: Any, x: Array, indices: Any, *, axis: int | None = None) -> Answer:
    y = F.take(x, indices, axis=axis)
    shape = shape_of(x)
    flat = shape if axis is not None else (math.prod(shape),)
    index = (*(slice(None),) * (0 if axis is None else axis % len(shape)), indices)

    def take_back(dy: Array) -> Cotangents:
        return None, F.reshape(F.scatter_add(dy, index, flat), shape), None

    return y, take_back


@rrule.register(F.take_along_axis)
def take_along_axis_rrule(_: Any, x: Array, indices: Any, *, axis: int = -1) -> Answer:
    y = F.take_along_axis(x, indices, axis=axis)
    shape = shape_of(x)

    def take_along_axis_back(dy: Array) -> Cotangents:
        library = library_of(indices)
        assert library is not None  # indices are an array
        places = F.reshape(library.arange(math.prod(shape), indices), shape)
        taken = F.take_along_axis(places, indices, axis=axis)
        flat = F.scatter_add(F.reshape(dy, (-1,)), F.reshape(taken, (-1,)), (math.prod(shape),))
        return None, F.reshape(flat, shape), None

    return y, take_along_axis_back


@rrule.register(F.getattr)
def getattr_rrule(_: Any, x: Array, name: str) -> Answer:
    """The gradient of one field of an object is a Tangent with nothing in the others."""
    fields = dict.fromkeys(vars(x))

    def getattr_back(dy: Array) -> Cotangents:
        return None, Tangent(**{**fields, name: dy}), None

    return builtins.getattr(x, name), getattr_back


# --- Forward ---------------------------------------------------------------------------------
linear(F.getitem, F.scatter_add, F.take, F.take_along_axis)


@frule.register(F.index_set)
def index_set_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x, index, values), (dx, _, dvalues) = args, tangents
    y = F.index_set(x, index, values)
    if kind_of(y) not in "fc":
        return y, None
    dx = F.zeros_like(x) if dx is None else dx
    return y, F.index_set(dx, index, 0 if dvalues is None else dvalues)


@frule.register(F.getattr)
def getattr_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x, name), (dx, _) = args, tangents
    return builtins.getattr(x, name), dx[name]


# --- On CuPy's arrays: rows by an array of their numbers -------------------------------------
implement(F.getitem, CudaArray)(embedding.getitem)
implement(F.take, CudaArray)(embedding.take)
implement(F.scatter_add, CudaArray)(embedding.scatter_add)
