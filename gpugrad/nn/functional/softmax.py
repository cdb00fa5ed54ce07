"""Softmax and its kin, over an axis or several, with their derivatives and kernels."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray
from gpugrad.dispatch.primitive import Composite, implement
from gpugrad.kernels import softmax as kernels
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents


@named(home="gpugrad")
def softmax(x: Array, /, *, axis: Any = -1) -> Array:
    """Return eˣ / Σ eˣ over one axis; subtracting the maximum first avoids overflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.

    Returns:
        Array of the shape of `x`; along `axis` it sums to 1.
    """
    e = F.exp(x - F.max(x, axis=axis, keepdims=True))
    return e / F.sum(e, axis=axis, keepdims=True)


@named()
def masked_softmax(x: Array, /, *, axis: Any = -1) -> Array:
    """Return `softmax`, but 0 where all along the axis is −∞: where there is nothing to choose."""
    top = F.max(x, axis=axis, keepdims=True)
    e = F.exp(x - F.where(top == -math.inf, 0.0, top))
    total = F.sum(e, axis=axis, keepdims=True)
    return e / F.where(total == 0, 1.0, total)


@named(kind=Composite)
def softmax_dx(y: Array, dy: Array, axis: Any) -> Array:
    """Return y (dy − Σ y dy), the gradient of the argument of the softmax `y`."""
    return y * (dy - F.sum(y * dy, axis=axis, keepdims=True))


@rrule.register(softmax)
@rrule.register(masked_softmax)
def softmax_rrule(f: Any, x: Array, *, axis: Any = -1) -> Answer:
    """dx = y (dy − Σ y dy)."""
    y = f(x, axis=axis)

    def softmax_back(dy: Array) -> Cotangents:
        return None, softmax_dx(y, dy, axis)

    return y, softmax_back


@frule.register(softmax)
@frule.register(masked_softmax)
def softmax_frule(f: Any, args: Any, tangents: Any, *, axis: Any = -1) -> Answer:
    """The Jacobian is symmetric."""
    (x,), (dx,) = args, tangents
    y = f(x, axis=axis)
    return y, softmax_dx(y, dx, axis)


implement(softmax, CudaArray)(kernels.softmax)
implement(masked_softmax, CudaArray)(kernels.masked_softmax)
implement(softmax_dx, CudaArray)(kernels.softmax_back)


@named(kind=Composite, home="gpugrad")
def softmin(x: Array, /, *, axis: Any = -1) -> Array:
    """Return e⁻ˣ / Σ e⁻ˣ over one axis.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.
    """
    return softmax(F.negative(x), axis=axis)


@named(home="gpugrad")
def logsoftmax(x: Array, /, *, axis: Any = -1) -> Array:
    """Return x − log Σ eˣ over one axis: log(softmax(x)) without overflow or underflow.

    Args:
        x: array with at least one axis, real floating.
        axis: the axis of the classes, or a tuple of axes.
    """
    z = x - F.max(x, axis=axis, keepdims=True)
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))


@named(kind=Composite)
def logsoftmax_dx(y: Array, dy: Array, axis: Any) -> Array:
    """Return dy − eʸ Σ dy, the gradient of the argument of the logarithm of a softmax, `y`."""
    return dy - F.exp(y) * F.sum(dy, axis=axis, keepdims=True)


@rrule.register(logsoftmax)
def logsoftmax_rrule(_: Any, x: Array, *, axis: Any = -1) -> Answer:
    """dx = dy − eʸ Σ dy."""
    y = logsoftmax(x, axis=axis)

    def logsoftmax_back(dy: Array) -> Cotangents:
        return None, logsoftmax_dx(y, dy, axis)

    return y, logsoftmax_back


@frule.register(logsoftmax)
def logsoftmax_frule(_: Any, args: Any, tangents: Any, *, axis: Any = -1) -> Answer:
    (x,), (dx,) = args, tangents
    y = logsoftmax(x, axis=axis)
    return y, dx - F.sum(F.exp(y) * dx, axis=axis, keepdims=True)


implement(logsoftmax, CudaArray)(kernels.logsoftmax)
implement(logsoftmax_dx, CudaArray)(kernels.logsoftmax_back)
