"""Attention, whose pullback computes the scores again instead of keeping them."""

from __future__ import annotations

import functools
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import CudaArray
from gpugrad.kernels.launch import contiguous, is_like
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.activations import softmax_dx
from gpugrad.nn.functional.attention import attend, attention_weights, scaled
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate


@rrule.register(attend)
def attend_rrule(
    _: Any,
    q: Any,
    k: Any,
    v: Any,
    bias: Any,
    mask: Any,
    *,
    scale: float,
    needs: tuple[bool, ...],
) -> Any:
    """With y = P v and P = softmax(S): dv = Pᵀ dy, dP = dy vᵀ and dS = P (dP − Σ P dP)."""
    need_q, need_k, need_v, need_bias, _ = needs
    project_q, project_k, project_v = Projection(q), Projection(k), Projection(v)
    project_bias = Projection(bias) if need_bias else None

    def attend_back(dy: Any) -> Any:
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
    q: Any,
    k: Any,
    v: Any,
    bias: Any,
    mask: Any,
    *,
    scale: float,
    needs: tuple[bool, ...],
) -> Any:
    """The factors of several products, which heads that were split are not as they lie."""
    q, k, v = map(contiguous, (q, k, v))
    y, back = attend_rrule(f, q, k, v, bias, mask, scale=scale, needs=needs)
    shape = y.shape

    def attend_back(dy: Any) -> Any:
        return back(contiguous(dy) if is_like(dy, q, shape) else dy)

    return y, attend_back


@frule.register(attend)
def attend_frule(_: Any, args: Any, tangents: Any, *, scale: float) -> Any:
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
