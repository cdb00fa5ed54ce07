"""Choosing among arrays, taking elements out by conditions, and putting them in.

What NumPy writes into an array, the functions here put into a new one, which they return.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.errors import ArgumentError
from gpugrad.functions.elementwise import array_like, check_no_out

# --- Choosing --------------------------------------------------------------------------------


@_composite()
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
    """Return, element by element, the first choice whose condition holds.

    Args:
        condlist: arrays of booleans.
        choicelist: as many arrays or numbers, which broadcast with them.
        default: what is chosen where no condition holds.
    """
    y = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        y = F.where(condition, choice, y)
    return y


@_composite()
def choose(a: Array, choices: Sequence[Any], out: None = None, mode: str = "raise") -> Array:
    """Return, element by element, the choice of that number.

    Args:
        a: array of integers.
        choices: arrays that broadcast with it.
        out: None, of a recorded array.
        mode: what to do with numbers that are too large or too small: "raise", "wrap" or "clip".
    """
    check_no_out("choose", out)
    a = array_like(a, choices[0])
    n = len(choices)
    if mode == "raise" and bool(F.any((a < 0) | (a >= n))):
        raise ArgumentError(f"choose: a number is not one of {n} choices. Write mode='clip'")
    a = a % n if mode == "wrap" else F.clip(a, 0, n - 1)
    y = choices[-1]
    for i in reversed(range(n - 1)):
        y = F.where(a == i, choices[i], y)
    return y if n > 1 else F.where(a == 0, y, y)


@_composite()
def piecewise(
    x: Array, condlist: Any, funclist: Sequence[Callable[..., Any] | Any], *args: Any, **kw: Any
) -> Array:
    """Return an array of what functions say of the elements that fulfil their conditions.

    Args:
        x: array.
        condlist: arrays of booleans of its shape, or one; where several hold, the last one counts.
        funclist: as many functions or numbers, and perhaps one more for where no condition holds.
        args: more arguments for the functions.
        kw: more keyword arguments.
    """
    conditions = _conditions(x, condlist)
    if len(funclist) == len(conditions) + 1:
        otherwise = ~_any_of(conditions)
        conditions, funclist = [otherwise, *conditions], [funclist[-1], *funclist[:-1]]
    if len(funclist) != len(conditions):
        raise ArgumentError(
            f"piecewise: {len(funclist)} functions for {len(conditions)} conditions. Give one for "
            f"each, and perhaps one more"
        )
    y = F.zeros_like(x)
    for condition, f in zip(conditions, funclist, strict=True):
        if not callable(f):
            y = F.where(condition, f, y)
        elif bool(F.any(condition)):
            values = f(x[condition], *args, **kw)
            y = F.index_set(y, condition, values)
    return y


def _conditions(x: Array, condlist: Any) -> list[Any]:
    """Return the conditions on `x`; one alone need not be in a list."""
    if hasattr(condlist, "dtype"):
        alone = len(shape_of(condlist)) <= len(shape_of(x))
        return [condlist] if alone else list(F.unstack(condlist))
    alone = shape_of(x) and isinstance(condlist[0], (bool, int))
    return [array_like(c, x) for c in ([condlist] if alone else condlist)]


def _any_of(conditions: Sequence[Any]) -> Any:
    found = conditions[0]
    for condition in conditions[1:]:
        found = found | condition
    return found


# --- Taking out ------------------------------------------------------------------------------


def _true_places(condition: Array, like: Any) -> Any:
    """Return where a condition, which may be a list, holds, flattened."""
    return F.nonzero(F.reshape(array_like(condition, like), (-1,)))[0]


@_composite()
def compress(condition: Array, a: Array, axis: int | None = None, out: None = None) -> Array:
    """Return the slices along an axis of which a condition holds.

    Args:
        condition: array of shape (n,) of booleans; it may be shorter than the axis.
        a: array; it is flattened where `axis` is None.
        axis: the axis.
        out: None, of a recorded array.
    """
    check_no_out("compress", out)
    a, axis = F.ravelled(a, axis)
    return F.take(a, _true_places(condition, a), axis=axis)


@_composite()
def extract(condition: Array, arr: Array) -> Array:
    """Return the elements of which a condition holds, as a vector.

    Args:
        condition: array of booleans of as many elements.
        arr: array of any shape.
    """
    return compress(condition, arr)


# --- Along axes ------------------------------------------------------------------------------


@_composite()
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Array, *args: Any, **kwargs: Any
) -> Array:
    """Return what a function says of each vector along an axis.

    Args:
        func1d: a function of a vector that returns a number or an array.
        axis: the axis; what the function returns has its axes there.
        arr: array with at least one axis.
        args: more arguments for the function.
        kwargs: more keyword arguments.
    """
    axis = axis % len(arr.shape)
    moved = F.moveaxis(arr, axis, -1)
    rest = moved.shape[:-1]
    if not math.prod(rest):
        raise ArgumentError(f"apply_along_axis: shape {arr.shape} has no vectors along axis {axis}")
    found = [
        func1d(moved[(*index, ...)], *args, **kwargs)
        for index in itertools.product(*map(range, rest))
    ]
    item = shape_of(found[0])
    y = F.reshape(F.stack(found), (*rest, *item))
    order = (*range(axis), *range(len(rest), len(rest) + len(item)), *range(axis, len(rest)))
    return F.permute_dims(y, order) if len(order) > 1 else y


@_composite()
def apply_over_axes(func: Callable[[Any, int], Any], a: Array, axes: Any) -> Array:
    """Return what a function f(a, axis) makes of an array, called for several axes in turn.

    Args:
        func: a function that removes the axis, or leaves it with length 1, such as xp.sum.
        a: array.
        axes: the axes.
    """
    ndim = len(a.shape)
    for axis in axes if hasattr(axes, "__len__") else (axes,):
        y = func(a, axis)
        a = y if len(shape_of(y)) == ndim else F.expand_dims(y, axis=axis)
    return a


# --- Putting in: each returns a new array ----------------------------------------------------


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> Any:
    """Return an array with elements of another, which broadcasts to it, where a mask says so.

    Args:
        dst: array.
        src: array or number.
        casting: as in NumPy.
        where: array of booleans; all by default.
    """
    if where is True:
        return F.index_set(dst, ..., src)
    return F.astype(F.where(where, src, dst), dst.dtype)


def fill_diagonal(a: Array, val: Any, wrap: bool = False) -> Any:
    """Return an array with numbers on its main diagonal.

    Args:
        a: array with two axes at least; with more than two, of one length.
        val: a number, or an array of numbers, repeated as often as need be.
        wrap: whether the diagonal of a tall matrix begins again.
    """
    shape = a.shape
    if len(shape) > 2 and len(set(shape)) > 1:
        raise ArgumentError(f"fill_diagonal: the axes of shape {shape} are not of one length")
    step = 1 + sum(math.prod(shape[i + 1 :]) for i in range(len(shape) - 1))
    end = math.prod(shape) if wrap or len(shape) != 2 else shape[1] * shape[1]
    places = np.arange(math.prod(shape))[:end:step]
    return put(a, places, val)


def put(a: Array, ind: Any, v: Array, mode: str = "raise") -> Any:
    """Return an array with values at places of its flattened form.

    Args:
        a: array.
        ind: the places; at a place given twice, the last value stays.
        v: the values, repeated as often as need be.
        mode: what to do with places out of bounds: "raise", "wrap" or "clip".
    """
    size = math.prod(a.shape)
    places = libraries.create("asarray", plain(ind), like=a)
    places = F.reshape(places, (-1,))
    if mode != "raise":
        places = places % size if mode == "wrap" else F.clip(places, 0, size - 1)
    values = _repeated(v, places.shape[0], a)
    return F.reshape(F.index_set(F.reshape(a, (-1,)), places, values), a.shape)


def _repeated(v: Array, count: int, like: Any) -> Any:
    """Return `count` values: those given, again and again."""
    if not hasattr(v, "dtype"):
        v = libraries.create("asarray", v, like=like)
    v = F.reshape(v, (-1,))
    if v.shape[0] == count:
        return v
    return F.take(v, libraries.create("arange", count, like=like) % v.shape[0], axis=0)


def place(arr: Array, mask: Any, vals: Any) -> Any:
    """Return an array with the first values where a mask holds, repeated as often as need be.

    Args:
        arr: array.
        mask: array of booleans of its shape.
        vals: the values.
    """
    places = _true_places(mask, arr)
    return put(arr, places, vals)


def putmask(a: Array, mask: Any, values: Any) -> Any:
    """Return an array with values at their own places where a mask holds.

    Args:
        a: array.
        mask: array of booleans of its shape.
        values: array of as many elements; of another size, it is repeated.
    """
    values = F.reshape(_repeated(values, math.prod(a.shape), a), a.shape)
    return F.astype(F.where(mask, values, a), a.dtype)


def put_along_axis(arr: Array, indices: Any, values: Any, axis: int | None = -1) -> Any:
    """Return an array with values at places along an axis, which `take_along_axis` would take.

    Args:
        arr: array.
        indices: array of integers, of the number of axes of `arr`.
        values: array that broadcasts with it.
        axis: the axis; None is that of the flattened array.
    """
    if axis is None:
        flat = put_along_axis(F.reshape(arr, (-1,)), indices, values, 0)
        return F.reshape(flat, arr.shape)
    axis = axis % len(arr.shape)
    index: list[Any] = []
    for i, n in enumerate(arr.shape):
        shape = [1] * len(arr.shape)
        shape[i] = -1
        index.append(F.reshape(libraries.create("arange", n, like=arr), tuple(shape)))
    index[axis] = indices
    return F.index_set(arr, tuple(index), values)
