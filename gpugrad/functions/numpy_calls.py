"""NumPy's signatures of what the standard calls or takes otherwise: how np.sum(x, 0) is recorded.

A function that is not here, and has a rule, takes the standard's arguments under the same names.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, Axis, DType, kind_of, shape_of
from gpugrad.functions import ordering, selection
from gpugrad.functions.calculus import linspace
from gpugrad.functions.statistics import masked, root, squared_size


def _check_no_out(out: Any) -> None:
    if out is not None:
        raise TypeError("out= would drop its gradient")


def _options(axis: Axis, keepdims: bool, dtype: DType = None) -> dict[str, Any]:
    """Return the options of a reduction that are given."""
    options = {"axis": axis, "keepdims": keepdims or None, "dtype": dtype}
    return {name: value for name, value in options.items() if value is not None}


# --- Reductions and scans --------------------------------------------------------------------


def _sum(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    _check_no_out(out)
    y = F.sum(masked(a, where, 0.0), **_options(axis, keepdims, dtype))
    return y if initial is None else y + initial


def _prod(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    _check_no_out(out)
    y = F.prod(masked(a, where, 1.0), **_options(axis, keepdims, dtype))
    return y if initial is None else y * initial


def _max(
    a: Array,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    _check_no_out(out)
    y = F.max(masked(a, where, -math.inf), **_options(axis, keepdims))
    return y if initial is None else F.maximum(y, initial)


def _min(
    a: Array,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    _check_no_out(out)
    y = F.min(masked(a, where, math.inf), **_options(axis, keepdims))
    return y if initial is None else F.minimum(y, initial)


def _mean(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = None,
) -> Any:
    _check_no_out(out)
    if where is None:
        return F.mean(a, **_options(axis, keepdims, dtype))
    total = _sum(a, axis, dtype, None, keepdims, where=where)
    return total / _count(a, axis, keepdims, where)


def _count(a: Array, axis: Axis, keepdims: bool, where: Any) -> Any:
    """Return how many values along the axes a mask says to look at."""
    ones = F.ones_like(F.abs(F.stop_gradient(a)))
    return F.sum(masked(ones, where, 0.0), **_options(axis, keepdims))


def _var(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    _check_no_out(out)
    ddof = ddof if correction is None else correction
    if where is None and mean is None:
        return F.var(a, **_options(axis, keepdims, dtype), correction=ddof)
    mean = _mean(a, axis, dtype, None, True, where=where) if mean is None else mean
    away = masked(a - mean, where, 0.0)
    freedom = _count(a, axis, keepdims, where) - ddof
    return F.sum(squared_size(away), **_options(axis, keepdims)) / freedom


def _std(
    a: Array,
    axis: Axis = None,
    dtype: DType = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    _check_no_out(out)
    ddof = ddof if correction is None else correction
    if where is None and mean is None:
        return F.std(a, **_options(axis, keepdims, dtype), correction=ddof)
    squared = _var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean)
    return root(squared)


def _scan(f: Any) -> Callable[..., Any]:
    def scan(a: Array, axis: int | None = None, dtype: DType = None, out: None = None) -> Any:
        _check_no_out(out)
        a, axis = F.ravelled(a, axis)
        return f(a, axis=axis, dtype=dtype)

    return scan


# --- Of these NumPy's methods and CuPy's; of NumPy's functions its own say what is true ---------


def _test(f: Any) -> Callable[..., Any]:
    def test(
        a: Array, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: Any = None
    ) -> Any:
        _check_no_out(out)
        a = a != 0 if kind_of(a) != "b" else a
        if where is not None:
            a = a & where if f is F.any else a | ~where
        return f(a, **_options(axis, keepdims))

    return test


def _place(f: Any) -> Callable[..., Any]:
    def place(
        a: Array,
        axis: int | None = None,
        dtype: DType = None,
        out: None = None,
        keepdims: bool = False,
    ) -> Any:
        _check_no_out(out)
        y = f(a, **_options(axis, keepdims))
        return y if dtype is None else F.astype(y, dtype)

    return place


def _argsort(
    a: Array,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    stable: bool | None = None,
) -> Any:
    a, axis = F.ravelled(a, axis)
    return F.argsort(a, axis=axis)


def _round(a: Array, decimals: int = 0, out: None = None) -> Any:
    _check_no_out(out)
    return F.round(a * 10.0**decimals) / 10.0**decimals if decimals else F.round(a)


def _searchsorted(a: Array, v: Array, side: str = "left", sorter: Any = None) -> Any:
    return F.searchsorted(a, v, side=side, sorter=sorter)


# --- Shape, order and choice -----------------------------------------------------------------


def _clip(
    a: Array,
    a_min: Any = None,
    a_max: Any = None,
    out: None = None,
    *,
    min: Any = None,
    max: Any = None,
    dtype: DType = None,
) -> Any:
    _check_no_out(out)
    y = F.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)
    return y if dtype is None else F.astype(y, dtype)


def _concatenate(
    arrays: Any,
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: DType = None,
    casting: str = "same_kind",
) -> Any:
    _check_no_out(out)
    y = F.concat(arrays if isinstance(arrays, (list, tuple)) else list(arrays), axis=axis)
    return y if dtype is None else F.astype(y, dtype)


def _stack(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: DType = None, casting: str = "same_kind"
) -> Any:
    _check_no_out(out)
    y = F.stack(arrays if isinstance(arrays, (list, tuple)) else list(arrays), axis=axis)
    return y if dtype is None else F.astype(y, dtype)


def _copy(a: Array, order: str = "K", subok: bool = False) -> Any:
    return F.positive(a)


def _reshape(a: Array, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if order == "F":
        turned = F.reshape(F.permute_dims(a, tuple(range(len(a.shape)))[::-1]), shape[::-1])
        return F.permute_dims(turned, tuple(range(len(shape)))[::-1])
    if order != "C":
        raise TypeError(f"order={order!r} is not recorded")
    return F.reshape(a, shape) if copy is None else F.reshape(a, shape, copy=copy)


def _sort(
    a: Array,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    stable: bool | None = None,
) -> Any:
    a, axis = F.ravelled(a, axis)
    return ordering.sort(a, axis=axis)


def _take(
    a: Array, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise"
) -> Any:
    _check_no_out(out)
    n = math.prod(shape_of(a)) if axis is None else a.shape[axis]
    if mode != "raise":
        indices = indices % n if mode == "wrap" else F.clip(indices, 0, n - 1)
    return F.take(a, indices, axis=axis)


def _where(condition: Array, x: Array = None, y: Array = None) -> Any:
    return F.nonzero(condition) if x is None else F.where(condition, x, y)


CALLS: dict[str, Callable[..., Any]] = {
    **{"all": _test(F.all), "any": _test(F.any), "argmax": _place(F.argmax)},
    **{"argmin": _place(F.argmin), "argsort": _argsort, "round": _round},
    **{"searchsorted": _searchsorted},
    **{"amax": _max, "amin": _min, "clip": _clip, "concat": _concatenate, "copy": _copy},
    **{"concatenate": _concatenate, "cumprod": _scan(F.cumulative_prod)},
    **{"cumsum": _scan(F.cumulative_sum), "linspace": linspace, "max": _max, "mean": _mean},
    **{"min": _min, "prod": _prod, "reshape": _reshape, "sort": _sort, "stack": _stack},
    **{"std": _std, "sum": _sum, "take": _take, "var": _var, "where": _where},
}

# What NumPy writes into its first argument; these return the new array.
IN_PLACE: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(selection.copyto, selection.fill_diagonal, selection.place, selection.put),
        *(selection.put_along_axis, selection.putmask),
    )
}
