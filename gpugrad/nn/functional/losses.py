"""What losses have in common: what they take, how they are aggregated, and rules by partials.

Each loss takes the prediction, then the target, which may have a gradient, too. `agg` says what
becomes of the losses of single elements or, where there are classes, of single observations: their
"mean", their "sum", or "none" to have them as an array. Names are Flux's and Chainer's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, CudaArray, shape_of
from gpugrad.dispatch.primitive import implement
from gpugrad.errors import ArgumentError
from gpugrad.kernels.losses import LOSSES, loss_of, numbers, value
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.reverse import falling_back_on, takes_number
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate


def check_shapes(name: str, yhat: Array, y: Array) -> None:
    """Raise ArgumentError unless prediction and target have one shape."""
    if shape_of(yhat) != shape_of(y):
        raise ArgumentError(
            f"{name}: the prediction has shape {shape_of(yhat)}, the target {shape_of(y)}. Give "
            f"both one shape, for instance with xp.reshape(yhat, {shape_of(y)})"
        )


def matched(name: str, yhat: Array, y: Array) -> tuple[Any, Any]:
    """Return prediction and target, whose integers and booleans become numbers like `yhat`.

    Raises ArgumentError where their shapes differ.
    """
    check_shapes(name, yhat, y)
    return yhat, numbers(y, yhat)


def aggregated(name: str, losses: Any, agg: str) -> Any:
    """Return the mean of the losses, their sum, or all of them."""
    if agg == "mean":
        return F.mean(losses)
    if agg == "sum":
        return F.sum(losses)
    if agg == "none":
        return losses
    raise _no_aggregation(name, agg)


def aggregation_scale(name: str, agg: str, count: int) -> float:
    """Return the derivative of the aggregate of `count` losses by each of them."""
    if agg not in ("mean", "sum", "none"):
        raise _no_aggregation(name, agg)
    return 1 / max(count, 1) if agg == "mean" else 1.0


def _no_aggregation(name: str, agg: Any) -> ArgumentError:
    return ArgumentError(f'{name}: agg is {agg!r}. Write agg="mean", "sum" or "none"')


# --- Losses of single elements ---------------------------------------------------------------


def loss_rule(f: Any, *partials: Callable[..., Any]) -> None:
    """Register the derivatives of a loss that is the mean or the sum of losses of single elements.

    Args:
        f: a function of the prediction, the target and perhaps a number, and of `agg`.
        partials: for each of these the derivative of an element's loss, a function of them all.
    """

    @rrule.register(f)
    def loss_rrule(
        _: Any, yhat: Array, y: Array, *options: Any, agg: str = "mean", needs: tuple[bool, ...]
    ) -> Answer:
        args = (*matched(f.name, yhat, y), *options)
        scale = aggregation_scale(f.name, agg, math.prod(shape_of(yhat)))
        projections = [Projection(x) for x in args]

        def loss_back(dloss: Array) -> Cotangents:
            d = dloss * scale
            parts = zip(needs, projections, partials, strict=True)
            return None, *[project(d * by(*args)) if need else None for need, project, by in parts]

        return f(*args, agg=agg), loss_back

    @frule.register(f)
    def loss_frule(_: Any, args: Any, tangents: Any, *, agg: str = "mean") -> Answer:
        yhat, y, *options = args
        args = (*matched(f.name, yhat, y), *options)
        moved = along(tangents, *[functools.partial(by, *args) for by in partials])
        return f(*args, agg=agg), aggregated(f.name, moved, agg)

    by_kernels(f, loss_rrule)


def by_kernels(f: Any, rule: Callable[..., Any]) -> None:
    """Register kernels for a loss of CuPy's arrays, beside the rule of all arrays.

    They give way to it where the sensitivity is recorded, and for the gradient of the number.
    """
    assert f.name in LOSSES
    implement(f, CudaArray)(functools.partial(value, f.name))

    @rrule.register(f, CudaArray, CudaArray)
    @falling_back_on(rule)
    def loss_rrule_on_cuda(
        f: Any, yhat: Array, y: Array, *options: Any, agg: str = "mean", needs: tuple[bool, ...]
    ) -> Answer:
        loss = loss_of(f.name, yhat, y, *options, agg=agg)
        if loss is None:
            return NotImplemented

        @takes_number
        def loss_back(dloss: Array) -> Cotangents:
            found = loss.pull_back(dloss, needs[:2])
            if found is NotImplemented:
                return NotImplemented
            if not any(needs[2:]):
                return None, *found, *[None for _ in options]
            others = (False, False, *needs[2:])
            _, back = rule(f, yhat, y, *options, agg=agg, needs=others)
            return None, *found, *back(dloss)[3:]

        return loss.compute(), loss_back


def along(tangents: Any, *partials: Callable[[], Any]) -> Any:
    """Return the sum of the tangents, each times its partial derivative."""
    products = [dx * p() for dx, p in zip(tangents, partials, strict=True) if dx is not None]
    return functools.reduce(accumulate, products)
