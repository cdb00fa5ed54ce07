"""Rows of a table by their numbers, and back: gather and scatter.

`scatter_max` has a derivative of its own, all else is made of functions that have one.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, DType, kind_of, shape_of
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.arguments import as_dtype
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rules.elementwise import nonzero


@named(Composite, module="nn")
def gather(table: Any, indices: Any, *, axis: int = 0) -> Array:
    """Return slices of an array by their numbers along an axis.

    A slice that is taken more than once collects all the gradients.

    Args:
        table: array with at least one axis.
        indices: array of integers, of any shape; a negative one counts from the end. One out of
            range is an error, but not on a GPU, where to see it is to wait: there the slice along
            the first axis is NaN, and gets no gradient.
        axis: the axis of the table that they count along.

    Returns:
        Array of the table's shape, with the indices' in place of the axis.

    Raises:
        ArgumentError: the indices are not integers.

    Example:
        >>> import numpy as np
        >>> gather(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0, 1]))
        array([[3., 4.],
               [1., 2.],
               [3., 4.]])
    """
    _check_integers("gather", indices)
    shape = shape_of(table)
    if not -len(shape) <= axis < len(shape):
        raise ArgumentError(f"gather: a table of shape {shape} has no axis {axis}")
    axis %= len(shape)
    taken = F.take(table, F.reshape(indices, (-1,)), axis=axis)
    return F.reshape(taken, (*shape[:axis], *shape_of(indices), *shape[axis + 1 :]))


@named(Composite, module="nn")
def embedding(table: Any, indices: Any, *, padding_idx: int | None = None) -> Array:
    """Return the vectors of tokens, the rows of a table by their numbers.

    Args:
        table: array of shape (tokens, features).
        indices: array of integers, of any shape.
        padding_idx: a token whose vector gets no gradient; a negative one counts from the end.

    Returns:
        Array of shape (*indices, features).

    Raises:
        ArgumentError: the indices are not integers, or the table is none of vectors.
    """
    if len(shape_of(table)) != 2:
        raise ArgumentError(
            f"embedding: expected a table of shape (tokens, features), got {shape_of(table)}"
        )
    rows = gather(table, indices)
    if padding_idx is None:
        return rows
    tokens = shape_of(table)[0]
    is_padding = F.expand_dims(_from_start(indices, tokens) == padding_idx % tokens, axis=-1)
    return F.where(is_padding, F.stop_gradient(rows), rows)


@named(Composite, module="nn")
def scatter(op: Any, src: Any, indices: Any, length: int) -> Array:
    """Put the slices of an array together by numbers: those of one number by an operation.

    Args:
        op: "+", "*", "max", "min" or "mean", or the function of Python that is meant.
        src: array of shape (*indices, *rest), real floating.
        indices: array of integers from 0 to length − 1: which slice of the result takes part in
            what. A negative one counts from the end.
        length: how many slices the result has.

    Returns:
        Array of shape (length, *rest). What no slice goes to is the operation's neutral element: 0
        for "+" and "mean", 1 for "*", −∞ for "max" and ∞ for "min". At ties of "max" and "min" the
        gradient is split evenly.

    Raises:
        ArgumentError: the shapes do not belong together, the indices are not integers, or the
            operation is unknown.

    Example:
        >>> import numpy as np
        >>> scatter("+", np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), 4)
        array([2., 0., 5., 0.])
    """
    name = op if isinstance(op, str) else _NAMES.get(op, "")
    if name not in _OPERATIONS:
        raise ArgumentError(
            f"scatter: the operation is one of {', '.join(map(repr, _OPERATIONS))}, got {op!r}"
        )
    _check_integers("scatter", indices)
    shape, places = shape_of(src), shape_of(indices)
    if shape[: len(places)] != places or not places:
        raise ArgumentError(
            f"scatter: indices of shape {places} take an array of shape (*{places}, *rest), got "
            f"{shape}"
        )
    if name in ("max", "min") and kind_of(src) != "f":
        raise ArgumentError(
            f'scatter: "{name}" is of real floating values, got {src.dtype}. Write '
            f"xp.astype(src, float)"
        )
    count = math.prod(places)
    src = F.reshape(src, (count, *shape[len(places) :]))
    indices = _from_start(F.reshape(indices, (count,)), length)
    return _OPERATIONS[name](src, indices, length)


@named(Composite, module="nn")
def segment_sum(data: Any, segments: Any, count: int) -> Array:
    """Return the sum of each segment, 0 of an empty one: `scatter("+", …)`.

    Args:
        data: array of shape (n, *rest), and so in the functions beside this one.
        segments: array of n integers, the segment of each element; in any order.
        count: the number of segments.

    Returns:
        Array of shape (count, *rest).
    """
    return scatter("+", data, segments, count)


@named(Composite, module="nn")
def segment_mean(data: Any, segments: Any, count: int) -> Array:
    """Return the mean of each segment, 0 of an empty one: see `segment_sum`."""
    return scatter("mean", data, segments, count)


@named(Composite, module="nn")
def segment_max(data: Any, segments: Any, count: int) -> Array:
    """Return the largest element of each segment, −∞ of an empty one: see `segment_sum`."""
    return scatter("max", data, segments, count)


@named(Composite, module="nn")
def segment_min(data: Any, segments: Any, count: int) -> Array:
    """Return the smallest element of each segment, ∞ of an empty one: see `segment_sum`."""
    return scatter("min", data, segments, count)


@named(Composite, module="nn")
def segment_prod(data: Any, segments: Any, count: int) -> Array:
    """Return the product of each segment, 1 of an empty one: see `segment_sum`."""
    return scatter("*", data, segments, count)


def one_hot(labels: Array, classes: int, *, dtype: DType = float) -> Any:
    """Return vectors with a 1 at a label's place, and zeros for a label that is none.

    Args:
        labels: array of integers, of any shape; no gradient flows through it.
        classes: how long the vectors are.
        dtype: their data type.

    Returns:
        Array of shape (*labels, classes).

    Raises:
        ArgumentError: the labels are not integers.

    Example:
        >>> import numpy as np
        >>> one_hot(np.array([2, 0]), 3)
        array([[0., 0., 1.],
               [1., 0., 0.]])
    """
    _check_integers("one_hot", labels)
    places = libraries.create("arange", classes, like=labels)
    return as_dtype(F.expand_dims(labels, axis=-1) == places, dtype)


@named(module="nn", arrays=(0, 1))
def scatter_max(src: Any, indices: Any, length: int) -> Array:
    """Return the largest of the slices that go to each place, −∞ where none does.

    Args:
        src: array of shape (n, *rest).
        indices: array of n integers.
        length: how many places there are.
    """
    shape = (length, *src.shape[1:])
    y = libraries.create("full", shape, -math.inf, like=src, dtype=src.dtype)
    library = libraries.library_of(src) or NUMPY
    return library.scatter("maximum", y, indices, src)


@rrule.register(scatter_max)
def scatter_max_rrule(_: Any, src: Any, indices: Any, length: int) -> Answer:
    """The gradient is split evenly among the elements that are the largest of their place."""
    y = scatter_max(src, indices, length)

    def scatter_max_back(dy: Array) -> Cotangents:
        hit, count = _largest(src, indices, y)
        return None, hit * F.take(dy / count, indices, axis=0), None, None

    return y, scatter_max_back


def _largest(src: Any, indices: Any, y: Array) -> tuple[Any, Any]:
    """Return 1 for the elements that are the largest of their place, and how many they are."""
    hit = F.indicator(src == F.take(y, indices, axis=0), src)
    return hit, nonzero(F.scatter_add(hit, indices, shape_of(y)))


@frule.register(scatter_max)
def scatter_max_frule(_: Any, args: Any, tangents: Any) -> Answer:
    """The mean of the tangents of all elements that are the largest of their place."""
    (src, indices, length), (dsrc, *_) = args, tangents
    y = scatter_max(src, indices, length)
    hit, count = _largest(src, indices, y)
    return y, F.scatter_add(hit * dsrc, indices, shape_of(y)) / count


# --- Operations, of n slices to the places that n integers say --------------------------------


def _sum(src: Any, indices: Any, length: int) -> Any:
    return F.scatter_add(src, indices, (length, *shape_of(src)[1:]))


def _mean(src: Any, indices: Any, length: int) -> Any:
    ones = libraries.create("ones", shape_of(src)[0], like=src, dtype=src.dtype)
    counts = F.clip(F.scatter_add(ones, indices, (length,)), 1, None)
    return _sum(src, indices, length) / beside(counts, src)


def _min(src: Any, indices: Any, length: int) -> Any:
    return -scatter_max(-src, indices, length)


def _prod(src: Any, indices: Any, length: int) -> Any:
    """Multiply neighbours in the order of their places, twice as far apart in each step.

    Hillis and Steele's parallel scan: there is no division, and its derivatives are exact where
    factors are 0.
    """
    order = F.argsort(indices)
    indices, x = F.take(indices, order, axis=0), F.take(src, order, axis=0)
    count, step = shape_of(src)[0], 1
    while step < count:
        same = beside(indices[step:] == indices[:-step], src)
        before = F.where(same, x[:-step, ...], 1)
        x = F.concat([x[:step, ...], x[step:, ...] * before], axis=0)
        step *= 2
    ends = F.concat([indices[1:] != indices[:-1], F.ones_like(indices[:1]) == 1], axis=0)
    ends_of = F.scatter_add(F.indicator(ends, src), indices, (length,))
    products = _sum(F.where(beside(ends, src), x, 0), indices, length)
    return F.where(beside(ends_of, src) == 0, 1, products)


_OPERATIONS = {"+": _sum, "*": _prod, "max": scatter_max, "min": _min, "mean": _mean}
_NAMES: dict[Any, str] = {
    operator.add: "+",
    operator.mul: "*",
    builtins.max: "max",
    builtins.min: "min",
}


def beside(x: Array, y: Array) -> Any:
    """Return a number for each slice of `y` with as many axes as `y`."""
    return F.reshape(x, (-1, *(1,) * (len(shape_of(y)) - 1)))


def _from_start(indices: Any, length: int) -> Any:
    """Return indices without negative ones, as integers that the length is one of."""
    indices = as_dtype(indices, int)
    return F.where(indices < 0, indices + length, indices)


def _check_integers(name: str, indices: Any) -> None:
    if kind_of(indices) != "i" or not hasattr(indices, "shape"):
        raise ArgumentError(
            f"{name}: indices are an array of integers, got "
            f"{getattr(indices, 'dtype', type(indices).__name__)}. Write xp.astype(indices, int)"
        )
