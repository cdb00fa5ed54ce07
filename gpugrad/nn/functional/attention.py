"""Attention: what callers give, then `attend`, with its derivative; and what is around it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray, kind_of, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.kernels.launch import contiguous, is_like
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.arguments import check_floating
from gpugrad.nn.functional.softmax import masked_softmax, softmax, softmax_dx
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate


@named(Composite, module="nn")
def dot_product_attention(
    q: Array,
    k: Any,
    v: Array,
    bias: Array = None,
    *,
    mask: Any = None,
    scale: float | None = None,
    causal: bool = False,
    dropout: Callable[[Any], Any] | None = None,
) -> Array:
    """Return softmax(scale · q kᵀ + bias) v: for each query a mean of the values.

    The scores are not kept for the pullback, which computes them again: what is kept grows with
    the lengths, not with their product.

    Args:
        q: queries, array of shape (..., queries, features). The leading axes are those of a batch
            and, see `split_heads`, of heads; between the arrays they are broadcast.
        k: keys, array of shape (..., keys, features).
        v: values, array of shape (..., keys, outputs).
        bias: added to the scores, array of a shape that broadcasts to (..., queries, keys).
        mask: booleans of such a shape, False where a query does not see a key. The result of a
            query that sees no key is 0.
        scale: 1 / √features by default.
        causal: whether query i sees the keys 0 … i alone.
        dropout: a function of the softmax, for instance `lambda p: nn.dropout(p, 0.1, rng)`. What
            it takes and gives is kept for the pullback.

    Returns:
        Array of shape (..., queries, outputs).

    Raises:
        ArgumentError: the shapes do not belong together, or the mask is not of booleans.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 1. The pullback is
    that of Dao et al., "FlashAttention", NeurIPS 2022, in one block.

    Example:
        >>> import numpy as np
        >>> q, k, v = np.zeros((1, 2)), np.ones((3, 2)), np.array([[1.0], [2.0], [6.0]])
        >>> dot_product_attention(q, k, v)
        array([[3.]])
    """
    name = "dot_product_attention"
    if len(shape_of(v)) < 2 or shape_of(v)[-2:-1] != shape_of(k)[-2:-1]:
        raise ArgumentError(
            f"{name}: keys of shape {shape_of(k)} take values of shape (..., keys, outputs), as "
            f"many values as keys, got {shape_of(v)}"
        )
    scale, mask = _checked(name, q, k, mask, scale, causal)
    if dropout is not None:
        return F.matmul(dropout(attention_weights(q, k, bias, mask, scale)), v)
    return attend(q, k, v, bias, mask, scale=scale)


@named(Composite, module="nn")
def dot_product_attention_scores(
    q: Array,
    k: Any,
    bias: Array = None,
    *,
    mask: Any = None,
    scale: float | None = None,
    causal: bool = False,
) -> Array:
    """Return softmax(scale · q kᵀ + bias): how much of each value `dot_product_attention` takes.

    Args:
        q: queries, array of shape (..., queries, features).
        k: keys, array of shape (..., keys, features).
        bias: as in `dot_product_attention`, and so are the others.
        mask: False where a query does not see a key.
        scale: 1 / √features by default.
        causal: whether query i sees the keys 0 … i alone.

    Returns:
        Array of shape (..., queries, keys); each row sums to 1, or to 0 where no key is seen.

    Raises:
        ArgumentError: the shapes do not belong together, or the mask is not of booleans.
    """
    scale, mask = _checked("dot_product_attention_scores", q, k, mask, scale, causal)
    return attention_weights(q, k, bias, mask, scale)


@named(Composite, module="nn")
def split_heads(x: Array, heads: int) -> Array:
    """Return the features of each head on an axis of their own, before that of the sequence.

    Args:
        x: array of shape (..., length, heads · features).
        heads: how many heads there are.

    Returns:
        Array of shape (..., heads, length, features), as `dot_product_attention` takes it.

    Raises:
        ArgumentError: the features cannot be divided among the heads.

    Example:
        >>> import numpy as np
        >>> split_heads(np.ones((5, 7, 6)), 2).shape
        (5, 2, 7, 3)
    """
    shape = shape_of(x)
    if len(shape) < 2 or heads < 1 or shape[-1] % heads:
        raise ArgumentError(
            f"split_heads: expected x of shape (..., length, features) with a multiple of {heads} "
            f"features, got {shape}"
        )
    return F.moveaxis(F.reshape(x, (*shape[:-1], heads, shape[-1] // heads)), -2, -3)


@named(Composite, module="nn")
def join_heads(x: Array) -> Array:
    """Return the features of all heads side by side: the inverse of `split_heads`.

    Args:
        x: array of shape (..., heads, length, features).

    Returns:
        Array of shape (..., length, heads · features).

    Raises:
        ArgumentError: the array has less than three axes.

    Example:
        >>> import numpy as np
        >>> join_heads(np.ones((5, 2, 7, 3))).shape
        (5, 7, 6)
    """
    if len(shape_of(x)) < 3:
        raise ArgumentError(
            f"join_heads: expected x of shape (..., heads, length, features), got {shape_of(x)}"
        )
    *lead, heads, length, features = shape_of(x)
    return F.reshape(F.moveaxis(x, -3, -2), (*lead, length, heads * features))


@named(Composite, module="nn")
def rotary_embedding(x: Array, *, base: float = 10000.0, start: int = 0) -> Array:
    """Turn pairs of features by angles that grow along the sequence.

    Dot products of queries and keys turned so depend on how far apart they are alone.

    Args:
        x: array of shape (..., length, features). Feature i is in a pair with i + features / 2,
            which at place p turns by the angle p / base^(2 i / features).
        base: one over the slowest angle, roughly.
        start: the place of the first element.

    Returns:
        Array of the shape of `x`.

    Raises:
        ArgumentError: the number of features is odd, or they are integers.

    Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021,
    equation 34, with the pairs of the GPT-NeoX implementation.

    Example:
        >>> import numpy as np
        >>> rotary_embedding(np.array([[1.0, 0.0], [1.0, 0.0]])).round(2)
        array([[1.  , 0.  ],
               [0.54, 0.84]])
    """
    shape = shape_of(x)
    if len(shape) < 2 or shape[-1] % 2:
        raise ArgumentError(
            f"rotary_embedding: expected x of shape (..., length, features) with an even number of "
            f"features, got {shape}"
        )
    check_floating("rotary_embedding", x)
    half = shape[-1] // 2
    places = libraries.create("arange", shape[-2], like=x, dtype=float) + start
    rates = F.exp(
        libraries.create("arange", half, like=x, dtype=float) * (-math.log(base) / max(half, 1))
    )
    angles = places[:, None] * rates[None, :]
    cos, sin = F.astype(F.cos(angles), x.dtype), F.astype(F.sin(angles), x.dtype)
    a, b = x[..., :half], x[..., half:]
    return F.concat([a * cos - b * sin, a * sin + b * cos], axis=-1)


def _checked(
    name: str, q: Array, k: Any, mask: Any, scale: float | None, causal: bool
) -> tuple[float, Any]:
    """Return the scale, and the mask with the causal one; raise ArgumentError where none fits."""
    queries, keys = shape_of(q), shape_of(k)
    if min(len(queries), len(keys)) < 2 or queries[-1] != keys[-1]:
        raise ArgumentError(
            f"{name}: expected queries and keys of shape (..., length, features) with as many "
            f"features, got {queries} and {keys}"
        )
    if mask is not None and kind_of(mask) != "b":
        raise ArgumentError(
            f"{name}: a mask is of booleans, True where a query sees a key, got {mask.dtype}. "
            f"Write mask != 0, or give what is added to the scores as bias"
        )
    if causal:
        rows = libraries.create("arange", queries[-2], like=q)[:, None]
        seen = libraries.create("arange", keys[-2], like=q)[None, :] <= rows
        mask = seen if mask is None else F.logical_and(mask, seen)
    return 1 / math.sqrt(max(queries[-1], 1)) if scale is None else scale, mask


# --- The product, whose pullback computes the scores again instead of keeping them --------------


@named(module="nn", arrays=(0, 1, 2))
def attend(q: Array, k: Any, v: Array, bias: Array, mask: Any, *, scale: float) -> Any:
    """Return `dot_product_attention`, its arguments checked; bias and mask may be None."""
    return F.matmul(attention_weights(q, k, bias, mask, scale), v)


def attention_weights(q: Array, k: Any, bias: Array, mask: Any, scale: float) -> Any:
    """Return the softmax of the scores over the keys that are seen; 0 where none is."""
    scores = F.matmul(scaled(q, scale), F.matrix_transpose(k))
    if shape_of(scores)[-1] == 0:  # no keys, and no maximum
        return scores
    if bias is None and mask is None:  # of finite scores
        return softmax(scores, axis=-1)
    scores = scores if bias is None else scores + bias
    scores = scores if mask is None else F.where(mask, scores, -math.inf)
    return masked_softmax(scores, axis=-1)


def scaled(x: Array, scale: float) -> Any:
    """Return `x` times a number, in its own data type: bfloat16 and Python's float make float32.

    Integers become what they become by the product.
    """
    product = F.multiply(x, scale)
    keep = product.dtype == x.dtype or kind_of(x) not in "fc"
    return product if keep else F.astype(product, x.dtype)


@rrule.register(attend)
def attend_rrule(
    _: Any,
    q: Array,
    k: Any,
    v: Array,
    bias: Array,
    mask: Any,
    *,
    scale: float,
    needs: tuple[bool, ...],
) -> Answer:
    """With y = P v and P = softmax(S): dv = Pᵀ dy, dP = dy vᵀ and dS = P (dP − Σ P dP)."""
    need_q, need_k, need_v, need_bias, _ = needs
    project_q, project_k, project_v = Projection(q), Projection(k), Projection(v)
    project_bias = Projection(bias) if need_bias else None

    def attend_back(dy: Array) -> Cotangents:
        p = attention_weights(q, k, bias, mask, scale)
        dq = dk = dbias = None
        dv = project_v(F.matmul(F.matrix_transpose(p), dy)) if need_v else None
        if need_q or need_k or need_bias:
            dp = F.matmul(dy, F.matrix_transpose(v))
            ds = softmax_dx(p, dp, -1)
            dq = project_q(scaled(F.matmul(ds, k), scale)) if need_q else None
            dk = project_k(scaled(F.matmul(F.matrix_transpose(ds), q), scale)) if need_k else None
            dbias = project_bias(ds) if project_bias else None
        return None, dq, dk, dv, dbias, None

    return attend(q, k, v, bias, mask, scale=scale), attend_back


@rrule.register(attend, CudaArray, CudaArray, CudaArray)
def attend_rrule_on_cuda(
    f: Any,
    q: Array,
    k: Any,
    v: Array,
    bias: Array,
    mask: Any,
    *,
    scale: float,
    needs: tuple[bool, ...],
) -> Answer:
    """The factors of several products, which heads that were split are not as they lie."""
    q, k, v = map(contiguous, (q, k, v))
    y, back = attend_rrule(f, q, k, v, bias, mask, scale=scale, needs=needs)
    shape = y.shape

    def attend_back(dy: Array) -> Cotangents:
        return back(contiguous(dy) if is_like(dy, q, shape) else dy)

    return y, attend_back


@frule.register(attend)
def attend_frule(_: Any, args: Any, tangents: Any, *, scale: float) -> Answer:
    (q, k, v, bias, mask), (dq, dk, dv, dbias, _) = args, tangents
    p = attention_weights(q, k, bias, mask, scale)
    from_q = None if dq is None else F.matmul(scaled(dq, scale), F.matrix_transpose(k))
    from_k = None if dk is None else F.matmul(scaled(q, scale), F.matrix_transpose(dk))
    ds = functools.reduce(accumulate, [from_q, from_k, dbias])
    from_v = None if dv is None else F.matmul(p, dv)
    if ds is None:
        return attend(*args, scale=scale), from_v
    dp = softmax_dx(p, ds, -1)  # whose Jacobian is symmetric
    return attend(*args, scale=scale), accumulate(F.matmul(dp, v), from_v)
