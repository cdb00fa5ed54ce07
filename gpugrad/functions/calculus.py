"""Functions given by their values: differences, integrals, interpolation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array, Axis, Device, DType, axes_of, kind_of, shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.errors import ArgumentError
from gpugrad.functions import special
from gpugrad.functions.elementwise import array_like, double, finfo

# --- Differences and integrals ---------------------------------------------------------------


@_composite()
def ediff1d(ary: Array, to_end: Any = None, to_begin: Any = None) -> Array:
    """Return the differences of neighbours in a flattened array.

    Args:
        ary: array of any shape.
        to_end: numbers to put after them.
        to_begin: numbers to put before them.
    """
    y = F.diff(F.reshape(ary, (-1,)))
    ends = [None if end is None else vector_of(end, y) for end in (to_begin, to_end)]
    parts = [part for part in (ends[0], y, ends[1]) if part is not None]
    return F.concat(parts, axis=0) if len(parts) > 1 else y


def vector_of(x: Array, like: Any) -> Any:
    """Return a number, a list of numbers or an array as an array with one axis, as `like` is."""
    x = array_like(x, like)
    if not hasattr(x, "dtype"):
        x = libraries.create("asarray", x, like=like, dtype=plain(like).dtype)
    return F.reshape(x, (-1,))


@_composite()
def trapezoid(y: Array, x: Array = None, dx: Array = 1.0, axis: int = -1) -> Array:
    """Return the integral of a function given by its values, linear in between.

    Args:
        y: array: the values.
        x: array of shape (n,), or of that of `y`: where the values are; by default `dx` apart.
        dx: the distance of neighbours, where `x` is None.
        axis: the axis of `y` to integrate along.
    """
    steps, x = dx, array_like(x, y)
    if x is not None:
        steps = F.diff(x, axis=axis if len(shape_of(x)) > 1 else -1)
        if len(shape_of(x)) == 1:
            steps = _along(steps, axis, len(y.shape))
    pairs = F.slice_along(y, axis, 1, None) + F.slice_along(y, axis, None, -1)
    return F.sum(steps * pairs, axis=axis) / 2


def _along(x: Array, axis: int, ndim: int) -> Any:
    """Return a vector as an array of `ndim` axes that runs along one of them."""
    shape = [1] * ndim
    shape[axis] = -1
    return F.reshape(x, tuple(shape))


@_composite()
def gradient(f: Any, *varargs: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """Return the derivative along each axis of a function given by its values.

    Args:
        f: array: the values.
        varargs: the distance of neighbours, for all axes or for each; or for each axis an array of
            shape (n,), the coordinates. All have gradients.
        axis: the axis or axes; None is all.
        edge_order: 1 or 2, the order of accuracy at the two ends.

    Returns:
        Array of the shape of `f`, or a tuple of one for each axis.

    Source: B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids",
    Mathematics of Computation 51 (1988).
    """
    ndim = len(f.shape)
    axes = axes_of(axis, ndim)
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes) or edge_order not in (1, 2):
        raise ArgumentError(
            f"gradient: {len(spacings)} spacings and edge_order={edge_order} for {len(axes)} axes. "
            f"Give one spacing, or one for each axis; edge_order is 1 or 2"
        )
    if kind_of(f) not in "fc":
        f = double(f)
    found = [
        _slopes(f, spacing, i % ndim, edge_order) for i, spacing in zip(axes, spacings, strict=True)
    ]
    return found[0] if len(found) == 1 else tuple(found)


def _slopes(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ArgumentError(
            f"gradient: axis {axis} of shape {f.shape} is too short. It needs {edge_order + 1} "
            f"elements for edge_order={edge_order}"
        )
    if isinstance(spacing, (list, tuple)):
        spacing = vector_of(spacing, f)
    even = not shape_of(spacing)
    steps = spacing if even else _along(F.diff(spacing), axis, len(f.shape))

    def part(start: int | None, end: int | None, x: Array = f) -> Any:
        return F.slice_along(x, axis, start, end)

    def step(start: int | None, end: int | None) -> Any:
        return steps if even else part(start, end, steps)

    # The parabola through three neighbours, h before and k after the middle one
    if even:
        middle = (part(2, None) - part(None, -2)) / (2.0 * steps)
    else:
        h, k = step(None, -1), step(1, None)
        middle = (
            part(None, -2) * (-k / (h * (h + k)))
            + part(1, -1) * ((k - h) / (h * k))
            + part(2, None) * (h / (k * (h + k)))
        )
    if edge_order == 1:
        first = (part(1, 2) - part(0, 1)) / step(0, 1)
        last = (part(-1, None) - part(-2, -1)) / step(-1, None)
    else:
        h, k = step(0, 1), step(1, 2)
        first = (
            part(0, 1) * (-(2 * h + k) / (h * (h + k)))
            + part(1, 2) * ((h + k) / (h * k))
            - part(2, 3) * (h / (k * (h + k)))
        )
        h, k = step(-2, -1), step(-1, None)
        last = (
            part(-3, -2) * (k / (h * (h + k)))
            - part(-2, -1) * ((h + k) / (h * k))
            + part(-1, None) * ((2 * k + h) / (k * (h + k)))
        )
    return F.concat([first, middle, last], axis=axis)


# --- Interpolation ---------------------------------------------------------------------------


@_composite()
def interp(
    x: Array, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Array:
    """Return the values at `x` of the function that is linear between given points.

    Args:
        x: array of any shape.
        xp: array of shape (n,): the points, increasing.
        fp: array of shape (n,): the values there; all three have gradients.
        left: the value before the first point; the first value by default.
        right: the value after the last point; the last value by default.
        period: the period of a function on a circle; `xp` need not be in order then.

    Returns:
        Array of the shape of `x`, in double precision.

    Example:
        >>> import gpugrad as gg, numpy as np
        >>> points, values = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 0.0])
        >>> gg.grad(np.interp, (0, 2))(2.5, points, values)
        (-2.0, array([0.  , 0.25, 0.75]))
    """
    like = next((v for v in (x, xp, fp) if hasattr(v, "dtype")), x)
    x, xp, fp = (double(array_like(v, like)) for v in (x, xp, fp))
    if period is not None:
        period = abs(period)
        x, xp = F.remainder(x, period), F.remainder(xp, period)
        order = F.argsort(xp)
        xp, fp = F.take(xp, order), F.take(fp, order)
        xp = F.concat([xp[-1:] - period, xp, xp[:1] + period])
        fp = F.concat([fp[-1:], fp, fp[:1]])
        left = right = None
    n = xp.shape[0]
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    flat = F.reshape(x, (-1,)) if hasattr(x, "dtype") else libraries.create("full", 1, x, like=xp)
    places = F.searchsorted(F.stop_gradient(xp), F.stop_gradient(flat), side="right") - 1
    places = F.where(places < 0, 0, F.where(places > max(n - 2, 0), max(n - 2, 0), places))
    after = F.where(places + 1 > n - 1, n - 1, places + 1)
    x0, y0 = F.take(xp, places, axis=0), F.take(fp, places, axis=0)
    width, rise = F.take(xp, after, axis=0) - x0, F.take(fp, after, axis=0) - y0
    y = y0 + rise * ((flat - x0) / F.where(width == 0, 1.0, width))
    y = F.where(flat < xp[0], left, F.where(flat > xp[-1], right, y))
    return F.reshape(y, shape_of(x)) if shape_of(x) else y[0]


# --- Convolution -----------------------------------------------------------------------------


@_function(body="default")
def convolve(a: Array, v: Array, mode: str = "full") -> Array:
    """Return Σₙ a[n] v[k − n] for each k.

    Args:
        a: array of shape (n,).
        v: array of shape (m,).
        mode: which k: "full" for all where both overlap, "same" for max(n, m) of them in the
            middle, "valid" where the shorter is inside the longer.
    """
    # The product with the matrix of shifted copies
    n, m = a.shape[0], v.shape[0]
    if n < m:
        a, v, n, m = v, a, m, n
    zeros = libraries.create("zeros", m - 1, like=a, dtype=a.dtype)
    padded = F.concat([zeros, a, zeros])
    columns = [padded[m - 1 - j : 2 * m - 2 - j + n] for j in range(m)]
    start, length = _span(n, m, mode)
    return F.matmul(F.stack(columns, axis=-1), v)[start : start + length]


def full_of(y: Array, n: int, m: int, mode: str) -> Any:
    """Return part of the full convolution of lengths n and m, with zeros in place of the rest."""
    start, length = _span(n, m, mode)
    ends = [
        libraries.create("zeros", count, like=y, dtype=plain(y).dtype)
        for count in (start, n + m - 1 - start - length)
    ]
    return y if mode == "full" else F.concat([ends[0], y, ends[1]])


def _span(n: int, m: int, mode: str) -> tuple[int, int]:
    """Return where in the full convolution of two lengths a mode begins, and how long it is."""
    n, m = max(n, m), min(n, m)
    spans = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}
    if mode not in spans:
        raise ArgumentError(f"convolve: there is no mode {mode!r}. Write full, same or valid")
    return spans[mode]


@_composite()
def correlate(a: Array, v: Array, mode: str = "valid") -> Array:
    """Return Σₙ a[n + k] conj(v[n]) for each k.

    Args:
        a: array of shape (n,).
        v: array of shape (m,).
        mode: which k: "full" for all where both overlap, "same" for max(n, m) of them in the
            middle, "valid" where the shorter is inside the longer.
    """
    v = F.flip(F.conj(v) if kind_of(v) == "c" else v)
    n, m = a.shape[0], v.shape[0]
    if mode == "same" and n < m:  # NumPy exchanges them, and what is the middle is then rounded up
        start = n // 2
        return convolve(a, v, mode="full")[start : start + m]
    return convolve(a, v, mode=mode)


# --- Numbers at equal distances --------------------------------------------------------------


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DType = None,
    axis: int = 0,
    *,
    device: Device = None,
) -> Any:
    """Return `num` numbers at equal distances from `start` to `stop`, as NumPy's linspace does.

    Args:
        start: a number, or an array of first numbers.
        stop: a number, or an array that broadcasts with it.
        num: how many.
        endpoint: whether `stop` is the last of them.
        retstep: whether to return their distance, too.
        dtype: the data type of the result.
        axis: the axis of the result they are along.
        device: where the result is; where `start` and `stop` are.
    """
    like = next((x for x in (start, stop) if hasattr(plain(x), "dtype")), start)
    intervals = num - 1 if endpoint else num
    ndim = max(len(shape_of(start)), len(shape_of(stop)))
    places = np.reshape(np.arange(num) / max(intervals, 1), (-1, *[1] * ndim))
    dtype_of_places = finfo(like).dtype if hasattr(plain(like), "dtype") else np.float64
    places = libraries.create("asarray", places, like=like, dtype=dtype_of_places)
    y = start * (1.0 - places) + stop * places
    y = y if axis == 0 else F.moveaxis(y, 0, axis)
    y = y if dtype is None else F.astype(y, dtype)
    return (y, (stop - start) / intervals if intervals else math.nan) if retstep else y


@_composite()
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: DType = None,
    axis: int = 0,
) -> Array:
    """Return the powers of `base` at equal distances from `start` to `stop`.

    Args:
        start: a number, or an array: the first exponent.
        stop: a number, or an array that broadcasts with it: the last exponent.
        num: how many powers.
        endpoint: whether the last one is base**stop.
        base: a number, or an array that broadcasts with them.
        dtype: the data type of the result.
        axis: the axis of the result they are along.
    """
    start = start + F.zeros_like(base) if shape_of(base) else start
    y = F.pow(base, linspace(start, stop, num, endpoint))
    y = y if axis == 0 else F.moveaxis(y, 0, axis)
    return y if dtype is None else F.astype(y, dtype)


@_composite()
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: DType = None,
    axis: int = 0,
) -> Array:
    """Return numbers at equal ratios from `start` to `stop`.

    Args:
        start: a number, or an array of first numbers; not 0.
        stop: a number, or an array that broadcasts with it, of the same sign.
        num: how many numbers.
        endpoint: whether the last one is `stop`.
        dtype: the data type of the result.
        axis: the axis of the result they are along.
    """
    start, stop = double(start), double(stop)
    y = start * F.exp(linspace(0.0, F.log(stop / start), num, endpoint))
    y = y if axis == 0 else F.moveaxis(y, 0, axis)
    return y if dtype is None else F.astype(y, dtype)


# --- Bessel's function, by NumPy's name ------------------------------------------------------


@_composite()
def i0(x: Array) -> Any:
    """Return the modified Bessel function of the first kind and order 0, of a real array."""
    y = special.i0(x)
    return y if y.dtype == x.dtype else F.astype(y, x.dtype)
