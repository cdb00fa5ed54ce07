"""Functions that move, repeat or join elements: each pullback puts them back and adds them up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, kind_of, shape_of
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.structure.spaces import Projection, unbroadcast


@rrule.register(F.reshape)
def reshape_rrule(_: Any, x: Array, shape: Any, *, copy: bool | None = None) -> Answer:
    old = shape_of(x)

    def reshape_back(dy: Array) -> Cotangents:
        return None, F.reshape(dy, old), None

    options = {} if copy is None else {"copy": copy}
    return F.reshape(x, shape, **options), reshape_back


@rrule.register(F.expand_dims)
def expand_dims_rrule(_: Any, x: Array, *, axis: Any = 0) -> Answer:
    old = shape_of(x)

    def expand_dims_back(dy: Array) -> Cotangents:
        return None, F.reshape(dy, old)

    return F.expand_dims(x, axis=axis), expand_dims_back


@rrule.register(F.squeeze)
def squeeze_rrule(_: Any, x: Array, *axis: Any, **kwargs: Any) -> Answer:
    old = shape_of(x)

    def squeeze_back(dy: Array) -> Cotangents:
        return None, F.reshape(dy, old), *(None for _ in axis)

    return F.squeeze(x, *axis, **kwargs), squeeze_back


@rrule.register(F.permute_dims)
def permute_dims_rrule(_: Any, x: Array, axes: Sequence[int] | None = None) -> Answer:
    axes = tuple(range(len(x.shape)))[::-1] if axes is None else tuple(axes)
    inverse = sorted(range(len(axes)), key=[a % len(axes) for a in axes].__getitem__)

    def permute_dims_back(dy: Array) -> Cotangents:
        return None, F.permute_dims(dy, tuple(inverse)), None

    return F.permute_dims(x, axes), permute_dims_back


@rrule.register(F.moveaxis)
def moveaxis_rrule(_: Any, x: Array, source: Any, destination: Any) -> Answer:
    def moveaxis_back(dy: Array) -> Cotangents:
        return None, F.moveaxis(dy, destination, source), None, None

    return F.moveaxis(x, source, destination), moveaxis_back


@rrule.register(F.broadcast_to)
def broadcast_to_rrule(_: Any, x: Array, shape: Any) -> Answer:
    old = shape_of(x)

    def broadcast_to_back(dy: Array) -> Cotangents:
        return None, unbroadcast(dy, old), None

    return F.broadcast_to(x, shape), broadcast_to_back


@rrule.register(F.flip)
def flip_rrule(_: Any, x: Array, *, axis: Any = None) -> Answer:
    def flip_back(dy: Array) -> Cotangents:
        return None, F.flip(dy, axis=axis)

    return F.flip(x, axis=axis), flip_back


@rrule.register(F.roll)
def roll_rrule(_: Any, x: Array, shift: Any, *, axis: Any = None) -> Answer:
    reverse = tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift

    def roll_back(dy: Array) -> Cotangents:
        return None, F.roll(dy, reverse, axis=axis), None

    return F.roll(x, shift, axis=axis), roll_back


def _triangle_rrule(f: Any, x: Array, *, k: int = 0) -> Answer:
    def triangle_back(dy: Array) -> Cotangents:
        return None, f(dy, k=k)

    return f(x, k=k), triangle_back


rrule.register(F.tril)(_triangle_rrule)
rrule.register(F.triu)(_triangle_rrule)


def _one_or_many(repeats: Any) -> Any:
    """Return how often to repeat as a number where it is the same for all, else as an array."""
    if isinstance(repeats, (list, tuple)):
        repeats = np.asarray(repeats)
    return int(F.reshape(repeats, ())) if getattr(repeats, "size", 0) == 1 else repeats


@rrule.register(F.repeat)
def repeat_rrule(_: Any, x: Array, repeats: Any, *, axis: int | None = None) -> Answer:
    repeats = _one_or_many(repeats)
    y = F.repeat(x, repeats, axis=axis)
    old = shape_of(x)
    shape = (math.prod(old),) if axis is None or not old else old
    along = 0 if axis is None else axis % len(shape)

    def repeat_back(dy: Array) -> Cotangents:
        if isinstance(repeats, int):
            split = (*shape[: along + 1], repeats, *shape[along + 1 :])
            return None, F.reshape(F.sum(F.reshape(dy, split), axis=along + 1), old), None
        # How often each element was repeated is data: add the copies up by where they came from.
        places = F.cumulative_sum(F.ones_like(repeats)) - 1
        index = (*(slice(None),) * along, F.repeat(places, repeats))
        return None, F.reshape(F.scatter_add(dy, index, shape), old), None

    return y, repeat_back


@rrule.register(F.tile)
def tile_rrule(_: Any, x: Array, repetitions: Any) -> Answer:
    old = shape_of(x)
    times = tuple(np.atleast_1d(repetitions).tolist())
    ndim = max(len(old), len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - len(old)) + old
    split = tuple(itertools.chain.from_iterable(zip(times, shape, strict=True)))

    def tile_back(dy: Array) -> Cotangents:
        summed = F.sum(F.reshape(dy, split), axis=tuple(range(0, 2 * ndim, 2)))
        return None, F.reshape(summed, old), None

    return F.tile(x, repetitions), tile_back


@rrule.register(F.concat)
def concat_rrule(_: Any, arrays: Sequence[Any], *, axis: int | None = 0) -> Answer:
    y = F.concat(arrays, axis=axis)
    shapes = [shape_of(x) for x in arrays]
    projections = [Projection(x) for x in arrays]
    along = 0 if axis is None else axis % len(shapes[0])
    lengths = [math.prod(s) if axis is None else s[along] for s in shapes]
    ends = list(itertools.accumulate(lengths, initial=0))

    def concat_back(dy: Array) -> Cotangents:
        pieces = [F.slice_along(dy, along, start, end) for start, end in itertools.pairwise(ends)]
        if axis is None:
            pieces = [F.reshape(p, s) for p, s in zip(pieces, shapes, strict=True)]
        return None, [project(p) for project, p in zip(projections, pieces, strict=True)]

    return y, concat_back


@rrule.register(F.stack)
def stack_rrule(_: Any, arrays: Sequence[Any], *, axis: int = 0) -> Answer:
    y = F.stack(arrays, axis=axis)
    projections = [Projection(x) for x in arrays]

    def stack_back(dy: Array) -> Cotangents:
        pieces = F.unstack(dy, axis=axis)
        return None, [project(p) for project, p in zip(projections, pieces, strict=True)]

    return y, stack_back


@rrule.register(F.unstack)
def unstack_rrule(_: Any, x: Array, *, axis: int = 0) -> Answer:
    ys = tuple(F.unstack(x, axis=axis))

    def unstack_back(dys: Any) -> Cotangents:
        zero = next(F.zeros_like(dy) for dy in dys if dy is not None)
        return None, F.stack([zero if dy is None else dy for dy in dys], axis=axis)

    return ys, unstack_back


linear(
    *(F.broadcast_to, F.concat, F.expand_dims, F.flip, F.moveaxis, F.permute_dims, F.repeat),
    *(F.reshape, F.roll, F.squeeze, F.stack, F.tile, F.tril, F.triu, F.unstack),
)


# --- Arrays like another ---------------------------------------------------------------------
def _constant_like_rrule(f: Any, x: Array, **kwargs: Any) -> Answer:
    """No gradient flows, but the result is recorded: one can assign recorded values into it."""

    def constant_back(dy: Array) -> Cotangents:
        return None, None

    return f(x, **kwargs), constant_back


def _constant_like_frule(f: Any, args: Any, tangents: Any, **kwargs: Any) -> Answer:
    y = f(*args, **kwargs)
    return y, F.zeros_like(y) if kind_of(y) in "fc" else None


for _f in (F.empty_like, F.ones_like, F.zeros_like):
    rrule.register(_f)(_constant_like_rrule)
    frule.register(_f)(_constant_like_frule)
