"""Einstein's sums over indices, as products of matrices."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg
from gpugrad.namespace import shape_of
from gpugrad.primitive import composite as _composite

Labels = list[Any]
Term = tuple[Any, Labels]


@_composite()
def einsum(*operands: Any, optimize: Any = True) -> Any:
    """Return a sum of products over indices that subscripts name.

    Args:
        operands: the subscripts, such as "ij,jk->ik", and an array for each of their terms; or
            arrays that each have the list of their indices after them, as in NumPy.
        optimize: how to find the order of several products: see numpy.einsum_path. False takes
            them from left to right.

    Raises:
        ArgumentError: the subscripts do not fit each other or the arrays.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> gg.grad(lambda a: np.einsum("ij,ij", a, a))(np.eye(2))
        array([[2., 0.],
               [0., 2.]])
    """
    terms, output = _parsed(operands)
    terms = [_on_diagonal(x, labels) for x, labels in terms]
    for chosen in _path(terms, output, optimize):
        factors = [terms[i] for i in sorted(chosen)]
        terms = [term for i, term in enumerate(terms) if i not in chosen]
        for place in range(1, len(factors)):
            rest = [*terms, *factors[place + 1 :]]
            kept = {*output, *(label for _, labels in rest for label in labels)}
            factors[place] = _product(factors[place - 1], factors[place], kept)
        terms.append(factors[-1])
    ((x, labels),) = terms
    return _arranged(*_summed(x, labels, {*output}), output)


# --- What is to be summed --------------------------------------------------------------------


def _parsed(operands: tuple[Any, ...]) -> tuple[list[Term], Labels]:
    """Return each array with labels of its axes, and the labels of the result."""
    if operands and isinstance(operands[0], str):
        left, arrow, right = operands[0].replace(" ", "").partition("->")
        arrays, inputs = operands[1:], [_tokens(term) for term in left.split(",")]
        output = _tokens(right) if arrow else None
    else:
        count = len(operands) // 2
        arrays, inputs = operands[: 2 * count : 2], [list(x) for x in operands[1 : 2 * count : 2]]
        output = list(operands[-1]) if len(operands) % 2 else None
    if not arrays or len(arrays) != len(inputs):
        raise ArgumentError(f"einsum: {len(inputs)} terms in the subscripts, {len(arrays)} arrays")
    terms = [(x, _expanded(x, labels)) for x, labels in zip(arrays, inputs, strict=True)]
    lengths: dict[Any, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, shape_of(x), strict=True):
            if lengths.setdefault(label, n) == 1:
                lengths[label] = n
            if n not in (1, lengths[label]):
                raise ArgumentError(
                    f"einsum: index {_shown(label)} has length {lengths[label]} and length {n}"
                )
    dots = sorted((label for label in lengths if isinstance(label, tuple)), reverse=True)
    every = [label for _, labels in terms for label in labels if not isinstance(label, tuple)]
    if output is None:
        return terms, [*dots, *sorted(label for label in {*every} if every.count(label) == 1)]
    if ... in output:
        place = output.index(...)
        output[place : place + 1] = dots
    elif dots:
        raise ArgumentError("einsum: the ellipsis stands for axes, which '->' drops: write '->...'")
    strange = [label for label in output if label not in lengths or output.count(label) > 1]
    if strange:
        raise ArgumentError(
            f"einsum: index {_shown(strange[0])} of the result is in no term, or there twice"
        )
    return terms, output


def _tokens(term: str) -> Labels:
    before, dots, after = term.partition("...")
    if not (before + after).isalpha() and before + after:
        raise ArgumentError(f"einsum: '{term}' has other characters than letters and one '...'")
    return [*before, *([...] if dots else []), *after]


def _expanded(x: Any, labels: Labels) -> Labels:
    """Put a label for each axis in place of the ellipsis: its number, counted from the right."""
    ndim = len(shape_of(x))
    extra = ndim - len(labels) + 1
    if ... not in labels and extra == 1:
        return labels
    if ... not in labels or extra < 0:
        names = "".join(map(_shown, labels))
        raise ArgumentError(f"einsum: '{names}' names {len(labels)} axes, an array has {ndim}")
    place = labels.index(...)
    return [*labels[:place], *((..., i) for i in reversed(range(extra))), *labels[place + 1 :]]


def _shown(label: Any) -> str:
    return "..." if label is ... or isinstance(label, tuple) else str(label)


def _path(terms: list[Term], output: Labels, optimize: Any) -> Sequence[Any]:
    """Return which terms to multiply, step by step; a product goes to the end of the terms."""
    if len(terms) == 1:
        return []
    if len(terms) == 2 or optimize is False:
        return [tuple(range(len(terms)))]
    labels = tuple(tuple(labels) for _, labels in terms)
    shapes = tuple(shape_of(x) for x, _ in terms)
    given = tuple(optimize) if isinstance(optimize, list) else optimize
    return _best_path(labels, shapes, tuple(output), given)


@functools.lru_cache(maxsize=256)
def _best_path(inputs: Any, shapes: Any, output: Any, optimize: Any) -> Sequence[Any]:
    """Return NumPy's path: it looks at shapes alone, and takes longer than a small product."""
    numbers = {label: i for i, label in enumerate(dict.fromkeys(sum(inputs, ())))}
    operands: list[Any] = []
    for labels, shape in zip(inputs, shapes, strict=True):
        operands += [np.broadcast_to(np.empty(()), shape), [numbers[label] for label in labels]]
    operands.append([numbers[label] for label in output])
    given: Any = [*optimize] if isinstance(optimize, tuple) else optimize
    return np.einsum_path(*operands, optimize=given)[0][1:]


# --- Sums and products -----------------------------------------------------------------------


def _on_diagonal(x: Any, labels: Labels) -> Term:
    """Return an array's diagonal along all axes of the same label."""
    for label in labels:
        if labels.count(label) > 1:
            i, j = [place for place, other in enumerate(labels) if other == label][:2]
            x = linalg.diagonal(F.moveaxis(x, (i, j), (-2, -1)))
            rest = [other for place, other in enumerate(labels) if place not in (i, j)]
            return _on_diagonal(x, [*rest, label])
    return x, labels


def _summed(x: Any, labels: Labels, kept: set[Any]) -> Term:
    """Sum over the axes whose labels are not to be kept."""
    axes = tuple(i for i, label in enumerate(labels) if label not in kept)
    return (F.sum(x, axis=axes) if axes else x), [label for label in labels if label in kept]


def _arranged(x: Any, labels: Labels, order: Labels) -> Any:
    """Return an array with its axes in the order of these labels."""
    return x if labels == order else F.permute_dims(x, tuple(map(labels.index, order)))


def _product(first: Term, second: Term, kept: set[Any]) -> Term:
    """Return the product of two terms, summed over what is not to be kept."""
    (a, in_a), (b, in_b) = _stretched(first, second), _stretched(second, first)
    a, in_a = _summed(a, in_a, kept | {*in_b})
    b, in_b = _summed(b, in_b, kept | {*in_a})
    lengths = dict(zip([*in_a, *in_b], [*shape_of(a), *shape_of(b)], strict=True))
    batch = [label for label in in_a if label in in_b and label in kept]
    over = [label for label in in_a if label in in_b and label not in kept]
    free_a = [label for label in in_a if label not in in_b]
    free_b = [label for label in in_b if label not in in_a]
    result = [*batch, *free_a, *free_b]

    def shape(labels: Labels) -> tuple[int, ...]:
        return tuple(lengths[label] for label in labels)

    if not over:
        a = _arranged(a, in_a, [*batch, *free_a])
        b = _arranged(b, in_b, [*batch, *free_b])
        if in_a and free_b:
            a = F.reshape(a, (*shape(batch + free_a), *(1 for _ in free_b)))
        if batch and free_a:
            b = F.reshape(b, (*shape(batch), *(1 for _ in free_a), *shape(free_b)))
        return a * b, result
    n = math.prod(shape(batch))
    stack = (n,) if batch else ()
    rows, inner, columns = (math.prod(shape(labels)) for labels in (free_a, over, free_b))
    left = _shaped(_arranged(a, in_a, batch + free_a + over), (*stack, rows, inner))
    right = _shaped(_arranged(b, in_b, batch + over + free_b), (*stack, inner, columns))
    return _shaped(left @ right, shape(result)), result


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if shape_of(x) == shape else F.reshape(x, shape)


def _stretched(term: Term, other: Term) -> Term:
    """Drop axes of length 1 that the other term has longer: it is broadcast along them."""
    (x, labels), (y, others) = term, other
    longer = dict(zip(others, shape_of(y), strict=True))
    axes = tuple(
        i
        for i, (label, n) in enumerate(zip(labels, shape_of(x), strict=True))
        if n == 1 != longer.get(label, 1)
    )
    rest = [label for i, label in enumerate(labels) if i not in axes]
    return (F.squeeze(x, axis=axes) if axes else x), rest
