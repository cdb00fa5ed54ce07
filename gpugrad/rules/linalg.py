"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, CudaArray, kind_of
from gpugrad.dispatch.primitive import implement
from gpugrad.functions import linalg
from gpugrad.kernels import dense as kernels
from gpugrad.kernels import products
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import bilinear, linear
from gpugrad.rulebook.reverse import bind
from gpugrad.rules.elementwise import conj, nonzero
from gpugrad.rules.reductions import Reduction
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate


def adjoint(x: Array) -> Any:
    """Return the conjugate transpose of a matrix, or of each matrix of a stack."""
    transposed = x.T if len(x.shape) == 2 else F.matrix_transpose(x)
    return conj(transposed)


@rrule.register(F.matmul)
def matmul_rrule(_: Any, a: Array, b: Array, *, needs: tuple[bool, bool]) -> Answer:
    """dA = dY Bᴴ and dB = Aᴴ dY, with vectors as matrices of one row or column."""
    if a.ndim > 2 and b.ndim == 2:
        return _by_rows(matmul_rrule, a, b, needs=needs)
    # As F.matmul_of, with one call less: recurrent networks are made of this.
    product = operator.matmul if type(a) is type(b) is np.ndarray else F.matmul
    y = product(a, b)
    dtype = y.dtype
    same = a.dtype is dtype and b.dtype is dtype
    if a.ndim != 2 or b.ndim != 2 or not same or kind_of(y) == "c":
        return y, _general_matmul_back(product, a, b, needs)
    need_a, need_b = needs
    # Real matrices of one type, by far the most frequent. A factor nobody asks for is not kept.
    left = a.T if need_b else None
    right = b.T if need_a else None

    def matmul_back(dy: Array) -> Cotangents:
        da = product(dy, right) if need_a else None
        return None, da, product(left, dy) if need_b else None

    return y, matmul_back


def _by_rows(rule: Any, x: Array, *others: Any, needs: tuple[bool, ...]) -> Any:
    """Return what a rule does with an array of rows, whatever its shape, by a matrix of them.

    So there is one product and not one for each matrix of a stack, nor a sum over their gradients.
    """
    *lead, columns = x.shape
    count = math.prod(lead)
    rows = F.reshape(x, (count, columns))
    y, back = rule(None, rows, *others, needs=needs)
    outputs = y.shape[-1]

    def rows_back(dy: Array) -> Cotangents:
        _, dx, *rest = back(F.reshape(dy, (count, outputs)))
        return None, None if dx is None else F.reshape(dx, (*lead, columns)), *rest

    return F.reshape(y, (*lead, outputs)), rows_back


def _general_matmul_back(product: Any, a: Array, b: Array, needs: tuple[bool, bool]) -> Any:
    need_a, need_b = needs
    a_is_vector, b_is_vector = a.ndim == 1, b.ndim == 1
    project_a, project_b = Projection(a), Projection(b)

    def matrix_vector_back(dy: Array) -> Cotangents:
        da = project_a(dy[:, None] * conj(b)) if need_a else None
        return None, da, project_b(product(adjoint(a), dy)) if need_b else None

    if a.ndim == 2 and b_is_vector:  # the recurrent networks' product
        return matrix_vector_back

    def matmul_back(dy: Array) -> Cotangents:
        if b_is_vector:
            dy = F.expand_dims(dy, axis=-1)
        if a_is_vector:
            dy = F.expand_dims(dy, axis=-2)
        da = db = None
        if need_a:
            da = project_a(F.matmul(dy, adjoint(b[:, None] if b_is_vector else b)))
        if need_b:
            db = F.matmul(adjoint(a[None, :] if a_is_vector else a), dy)
            db = project_b(F.squeeze(db, axis=-1) if b_is_vector else db)
        return None, da, db

    return matmul_back


@rrule.register(F.linear)
def linear_rrule(
    _: Any, x: Array, weight: Array, bias: Array, *, needs: tuple[bool, ...]
) -> Answer:
    """Y = X W + b: a product and a sum in one line of the tape."""
    need_x, need_weight, need_bias = needs
    dtype = x.dtype
    plain = weight.ndim == 2 and bias.shape == weight.shape[1:]
    same = weight.dtype is dtype and bias.dtype is dtype
    if x.ndim != 2 or not plain or not same or kind_of(x) == "c":
        if x.ndim > 2 and plain:
            return _by_rows(linear_rrule, x, weight, bias, needs=needs)
        return _composed_linear(x, weight, bias, needs)
    product = F.matmul_of(x, weight)
    left = x.T if need_weight else None
    right = weight.T if need_x else None

    def linear_back(dy: Array) -> Cotangents:
        dx = product(dy, right) if need_x else None
        dweight = product(left, dy) if need_weight else None
        return None, dx, dweight, F.sum(dy, axis=0) if need_bias else None

    return F.linear(x, weight, bias), linear_back


def _composed_linear(x: Array, weight: Array, bias: Array, needs: tuple[bool, ...]) -> Any:
    """Return the rule by those of the product and of the sum, for all other types and shapes."""
    need_x, need_weight, need_bias = needs
    product, product_back = bind(F.matmul, need_x | need_weight << 1, (x, weight))(x, weight)
    y, sum_back = bind(F.add, 1 | need_bias << 1, (product, bias))(product, bias)

    def linear_back(dy: Array) -> Cotangents:
        _, dproduct, dbias = sum_back(dy)
        return *product_back(dproduct), dbias

    return y, linear_back


implement(F.linear, CudaArray)(kernels.linear)
implement(F.matmul, CudaArray)(products.matmul)
rrule.register(F.linear, CudaArray, CudaArray, CudaArray)(kernels.linear_rrule)


@rrule.register(F.matrix_transpose)
def matrix_transpose_rrule(_: Any, x: Array) -> Answer:
    def matrix_transpose_back(dy: Array) -> Cotangents:
        return None, F.matrix_transpose(dy)

    return F.matrix_transpose(x), matrix_transpose_back


@rrule.register(F.tensordot)
def tensordot_rrule(
    _: Any, a: Array, b: Array, *, axes: Any = 2, needs: tuple[bool, bool]
) -> Answer:
    """Each gradient is the product of dy with the other factor over the axes it brought along."""
    y = F.tensordot(a, b, axes=axes)
    over_a, over_b = _contracted(axes, len(a.shape), len(b.shape))
    free_a = [i for i in range(len(a.shape)) if i not in over_a]
    free_b = [i for i in range(len(b.shape)) if i not in over_b]
    project_a, project_b = Projection(a), Projection(b)

    def tensordot_back(dy: Array) -> Cotangents:
        da = db = None
        ndim = len(free_a) + len(free_b)
        if needs[0]:
            da = F.tensordot(dy, conj(b), axes=(tuple(range(len(free_a), ndim)), tuple(free_b)))
            places = [*free_a, *(over_a[i] for i in _order(over_b))]
            da = project_a(F.permute_dims(da, _order(places)))
        if needs[1]:
            db = F.tensordot(conj(a), dy, axes=(tuple(free_a), tuple(range(len(free_a)))))
            places = [*(over_b[i] for i in _order(over_a)), *free_b]
            db = project_b(F.permute_dims(db, _order(places)))
        return None, da, db

    return y, tensordot_back


def _contracted(axes: Any, ndim_a: int, ndim_b: int) -> tuple[list[int], list[int]]:
    """Return the axes of both factors that tensordot sums over."""
    if isinstance(axes, (int, np.integer)):
        return list(range(ndim_a - axes, ndim_a)), list(range(axes))
    over_a, over_b = (np.atleast_1d(x).tolist() for x in axes)
    return [i % ndim_a for i in over_a], [i % ndim_b for i in over_b]


def _order(places: list[int]) -> tuple[int, ...]:
    """Return the permutation that sorts `places`."""
    return tuple(sorted(range(len(places)), key=places.__getitem__))


@rrule.register(F.vecdot)
def vecdot_rrule(_: Any, a: Array, b: Array, *, axis: int = -1, needs: tuple[bool, bool]) -> Answer:
    """y = Σ ā b over one axis."""
    project_a, project_b = Projection(a), Projection(b)

    def vecdot_back(dy: Array) -> Cotangents:
        dy = F.expand_dims(dy, axis=axis)
        da = project_a(conj(dy) * b) if needs[0] else None
        db = project_b(dy * a) if needs[1] else None
        return None, da, db

    return F.vecdot(a, b, axis=axis), vecdot_back


def _norm_slope(x: Array, y: Array, order: float, reduction: Reduction) -> Any:
    """Return how a norm moves with each element: (|x| / y)ᵖ⁻¹ sign(x), 0 where x is 0."""
    y = reduction.beside(y)
    if order == 2:
        return x / nonzero(y)
    if order == 1:
        return F.sign(x)
    size = F.abs(x)
    if math.isinf(order):  # split evenly among the largest
        hit = F.indicator(size == y, size)
        return F.sign(x) * (hit / F.sum(hit, axis=reduction.axes, keepdims=True))
    return F.sign(x) * (nonzero(size) / nonzero(y)) ** (order - 1)


@rrule.register(linalg.vector_norm)
def vector_norm_rrule(
    _: Any, x: Array, *, axis: Any = None, keepdims: bool = False, ord: float = 2
) -> Answer:
    y = linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    if ord == 0:
        return y, None
    reduction = Reduction(x, axis)

    def vector_norm_back(dy: Array) -> Cotangents:
        return None, _norm_slope(x, y, ord, reduction) * reduction.beside(dy)

    return y, vector_norm_back


# --- Forward ---------------------------------------------------------------------------------
linear(F.matrix_transpose)
bilinear(F.matmul, F.tensordot, F.vecdot)


@frule.register(linalg.vector_norm)
def vector_norm_frule(
    _: Any, args: Any, tangents: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2
) -> Answer:
    (x,), (dx,) = args, tangents
    y = linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    if ord == 0:
        return y, None
    reduction = Reduction(x, axis)
    product = conj(_norm_slope(x, y, ord, reduction)) * dx
    if kind_of(x) == "c":
        product = F.real(product)
    return y, F.sum(product, axis=reduction.axes, keepdims=keepdims)


@frule.register(F.linear)
def linear_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x, weight, _), (dx, dweight, dbias) = args, tangents
    parts = [
        None if dx is None else F.matmul(dx, weight),
        None if dweight is None else F.matmul(x, dweight),
        dbias,
    ]
    return F.linear(*args), functools.reduce(accumulate, parts)
