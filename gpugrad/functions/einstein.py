"""Einstein's sums over indices, as products of matrices.

What to compute is decided by the subscripts and the shapes alone, and takes longer than a small
product: it is written down as a plan, which is remembered.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.errors import ArgumentError
from gpugrad.functions import linalg

Labels = list[Any]
Shape = tuple[int, ...]


@_composite()
def einsum(*operands: Any, optimize: Any = True) -> Array:
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
    if operands and isinstance(operands[0], str):
        subscripts, arrays, output = operands[0], operands[1:], None
    else:
        count = len(operands) // 2
        arrays = operands[: 2 * count : 2]
        subscripts = tuple(map(tuple, operands[1 : 2 * count : 2]))
        output = tuple(operands[-1]) if len(operands) % 2 else None
    given = tuple(optimize) if isinstance(optimize, list) else optimize
    values = [*arrays]
    for f, sources, options in _plan(subscripts, output, tuple(map(shape_of, arrays)), given):
        values.append(f(*[values[i] for i in sources], **options))
    return values[-1]


# --- The plan --------------------------------------------------------------------------------


class Term(NamedTuple):
    """A value of a plan: which one it is, the labels of its axes, and their lengths."""

    place: int
    labels: Labels
    shape: Shape


class Plan:
    """The calls to make, one after the other, on values that the operands are the first of."""

    def __init__(self, operands: int) -> None:
        self.operands = operands
        self.steps: list[tuple[Callable[..., Any], tuple[int, ...], dict[str, Any]]] = []

    def add(self, f: Callable[..., Any], *sources: Term, **options: Any) -> int:
        """Append a call, and return the place of what it computes."""
        self.steps.append((f, tuple(term.place for term in sources), options))
        return self.operands + len(self.steps) - 1


@functools.lru_cache(maxsize=512)
def _plan(subscripts: Any, output: Any, shapes: tuple[Shape, ...], optimize: Any) -> Any:
    """Return the steps for operands of these shapes."""
    plan = Plan(len(shapes))
    terms, output = _parsed(subscripts, output, shapes)
    terms = [_on_diagonal(plan, term) for term in terms]
    for chosen in _path(terms, output, optimize):
        factors = [terms[i] for i in sorted(chosen)]
        terms = [term for i, term in enumerate(terms) if i not in chosen]
        for place in range(1, len(factors)):
            rest = [*terms, *factors[place + 1 :]]
            kept = {*output, *(label for term in rest for label in term.labels)}
            factors[place] = _product(plan, factors[place - 1], factors[place], kept)
        terms.append(factors[-1])
    (term,) = terms
    _arranged(plan, _summed(plan, term, {*output}), output)
    return plan.steps


# --- What is to be summed --------------------------------------------------------------------


def _parsed(subscripts: Any, output: Any, shapes: tuple[Shape, ...]) -> tuple[list[Term], Labels]:
    """Return each operand with labels of its axes, and the labels of the result."""
    if isinstance(subscripts, str):
        left, arrow, right = subscripts.replace(" ", "").partition("->")
        inputs = [_tokens(term) for term in left.split(",")]
        output = _tokens(right) if arrow else None
    else:
        inputs = [list(labels) for labels in subscripts]
        output = None if output is None else list(output)
    if not shapes or len(shapes) != len(inputs):
        raise ArgumentError(f"einsum: {len(inputs)} terms in the subscripts, {len(shapes)} arrays")
    terms = [
        Term(i, _expanded(labels, len(shape)), shape)
        for i, (labels, shape) in enumerate(zip(inputs, shapes, strict=True))
    ]
    lengths: dict[Any, int] = {}
    for _, labels, shape in terms:
        for label, n in zip(labels, shape, strict=True):
            if lengths.setdefault(label, n) == 1:
                lengths[label] = n
            if n not in (1, lengths[label]):
                raise ArgumentError(
                    f"einsum: index {_shown(label)} has length {lengths[label]} and length {n}"
                )
    dots = sorted((label for label in lengths if isinstance(label, tuple)), reverse=True)
    every = [x for _, labels, _ in terms for x in labels if not isinstance(x, tuple)]
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


def _expanded(labels: Labels, ndim: int) -> Labels:
    """Put a label for each axis in place of the ellipsis: its number, counted from the right."""
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
    every = dict.fromkeys(label for term in terms for label in term.labels)
    numbers = {label: i for i, label in enumerate(every)}
    operands: list[Any] = []
    for _, labels, shape in terms:
        operands += [np.broadcast_to(np.empty(()), shape), [numbers[label] for label in labels]]
    operands.append([numbers[label] for label in output])
    given: Any = [*optimize] if isinstance(optimize, tuple) else optimize
    return np.einsum_path(*operands, optimize=given)[0][1:]


# --- Sums and products -----------------------------------------------------------------------


def _on_diagonal(plan: Plan, term: Term) -> Term:
    """Return an operand's diagonal along all axes of the same label."""
    _, labels, shape = term
    for label in labels:
        if labels.count(label) > 1:
            i, j = [place for place, other in enumerate(labels) if other == label][:2]
            rest = [place for place in range(len(labels)) if place not in (i, j)]
            moved = term._replace(place=plan.add(F.permute_dims, term, axes=(*rest, i, j)))
            diagonal = Term(
                plan.add(linalg.diagonal, moved),
                [*(labels[k] for k in rest), label],
                (*(shape[k] for k in rest), min(shape[i], shape[j])),
            )
            return _on_diagonal(plan, diagonal)
    return term


def _summed(plan: Plan, term: Term, kept: set[Any]) -> Term:
    """Sum over the axes whose labels are not to be kept."""
    axes = tuple(i for i, label in enumerate(term.labels) if label not in kept)
    return _without(term, axes, plan.add(F.sum, term, axis=axes)) if axes else term


def _without(term: Term, axes: Shape, place: int) -> Term:
    """Return what a term is without some of its axes."""
    rest = [i for i in range(len(term.labels)) if i not in axes]
    return Term(place, [term.labels[i] for i in rest], tuple(term.shape[i] for i in rest))


def _arranged(plan: Plan, term: Term, order: Labels) -> Term:
    """Return a term with its axes in the order of these labels."""
    if term.labels == order:
        return term
    axes = tuple(map(term.labels.index, order))
    place = plan.add(F.permute_dims, term, axes=axes)
    return Term(place, order, tuple(term.shape[i] for i in axes))


def _shaped(plan: Plan, term: Term, shape: Shape) -> Term:
    """Return a term of another shape, with axes that have labels no more."""
    if term.shape == shape:
        return term
    return Term(plan.add(F.reshape, term, shape=shape), [], shape)


def _product(plan: Plan, first: Term, second: Term, kept: set[Any]) -> Term:
    """Return the product of two terms, summed over what is not to be kept."""
    a, b = _stretched(plan, first, second), _stretched(plan, second, first)
    a = _summed(plan, a, kept | {*b.labels})
    b = _summed(plan, b, kept | {*a.labels})
    in_a, in_b = a.labels, b.labels
    lengths = dict(zip([*in_a, *in_b], [*a.shape, *b.shape], strict=True))
    batch = [label for label in in_a if label in in_b and label in kept]
    over = [label for label in in_a if label in in_b and label not in kept]
    free_a = [label for label in in_a if label not in in_b]
    free_b = [label for label in in_b if label not in in_a]
    result = [*batch, *free_a, *free_b]

    def shape(labels: Labels) -> Shape:
        return tuple(lengths[label] for label in labels)

    if not over:
        a = _arranged(plan, a, [*batch, *free_a])
        b = _arranged(plan, b, [*batch, *free_b])
        if in_a and free_b:
            a = _shaped(plan, a, (*shape(batch + free_a), *(1 for _ in free_b)))
        if batch and free_a:
            b = _shaped(plan, b, (*shape(batch), *(1 for _ in free_a), *shape(free_b)))
        return Term(plan.add(operator.mul, a, b), result, shape(result))
    n = math.prod(shape(batch))
    stack = (n,) if batch else ()
    rows, inner, columns = (math.prod(shape(labels)) for labels in (free_a, over, free_b))
    left = _shaped(plan, _arranged(plan, a, batch + free_a + over), (*stack, rows, inner))
    right = _shaped(plan, _arranged(plan, b, batch + over + free_b), (*stack, inner, columns))
    y = Term(plan.add(operator.matmul, left, right), [], (*stack, rows, columns))
    return _shaped(plan, y, shape(result))._replace(labels=result)


def _stretched(plan: Plan, term: Term, other: Term) -> Term:
    """Drop axes of length 1 that the other term has longer: it is broadcast along them."""
    longer = dict(zip(other.labels, other.shape, strict=True))
    axes = tuple(
        i
        for i, (label, n) in enumerate(zip(term.labels, term.shape, strict=True))
        if n == 1 != longer.get(label, 1)
    )
    return _without(term, axes, plan.add(F.squeeze, term, axis=axes)) if axes else term
