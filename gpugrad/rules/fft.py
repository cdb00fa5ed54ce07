"""Discrete Fourier transforms, which are linear: each pullback is the adjoint transform.

The adjoint of a transform is the one that goes back with the same factor, which is said by the
other `norm`. A half spectrum stands for a whole one: but for the columns that are their own
mirror images (the first, and the last of an even length), each of its columns stands for two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.libraries import create
from gpugrad.functions import fft as T
from gpugrad.modes.rules import rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.structure.spaces import Projection


def _one(x: Array, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """Return the lengths, the axes and the norm of a call of a transform over one axis."""
    return [n], [axis], norm


def _many(
    x: Array, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Any = None
) -> Any:
    """Return the lengths, the axes and the norm of a call of a transform over many axes."""
    if axes is None:
        axes = range(-len(x.shape if s is None else s), 0)
    if s is None:
        return [None] * len(axes), axes, norm
    # NumPy's -1 is the array's own length
    return [x.shape[a] if n == -1 else n for n, a in zip(s, axes, strict=True)], axes, norm


def _plan(
    call: Callable[..., Any], x: Array, args: Any, kwargs: Any, *, half: bool = False
) -> tuple[list[int], Sequence[int], dict[str, Any]]:
    """Return the lengths and the axes of a call of a transform, and the options of its adjoint.

    `half` says that the argument is half a spectrum.
    """
    lengths, axes, norm = call(x, *args, **kwargs)
    own = [x.shape[axis] for axis in axes]
    if half:
        own[-1] = 2 * (own[-1] - 1)
    lengths = [n if given is None else given for given, n in zip(lengths, own, strict=True)]
    options: dict[str, Any] = {"norm": T.swapped(norm)}
    if call is _one:
        return lengths, axes, {"n": lengths[0], "axis": axes[0], **options}
    return lengths, axes, {"s": tuple(lengths), "axes": tuple(axes), **options}


def _fitted(dx: Array, axes: Sequence[int], shape: tuple[int, ...]) -> Any:
    """Undo in the gradient that axes were cropped, or padded with zeros."""
    for axis in axes:
        missing = shape[axis] - dx.shape[axis]
        if missing < 0:
            dx = F.slice_along(dx, axis, 0, shape[axis])
        elif missing > 0:
            rest = list(dx.shape)
            rest[axis] = missing
            zeros = create("zeros", tuple(rest), like=dx, dtype=dx.dtype)
            dx = F.concat([dx, zeros], axis=axis)
    return dx


def _mirrored(y: Array, axis: int, n: int, factor: float) -> Any:
    """Scale those columns of the half spectrum of `n` points that stand for two."""
    k = create("arange", y.shape[axis], like=y)
    alone = F.logical_or(k == 0, 2 * k == n)
    shape = [1] * len(y.shape)
    shape[axis] = -1
    return F.where(F.reshape(alone, tuple(shape)), y, factor * y)


def _whole_rule(f: Any, inverse: Any, call: Callable[..., Any]) -> None:
    """Register the rule of a transform of complex numbers: the adjoint is the way back."""

    @rrule.register(f)
    def transform_rrule(_: Any, x: Array, *args: Any, **kwargs: Any) -> Answer:
        _, axes, options = _plan(call, x, args, kwargs)
        shape, project = x.shape, Projection(x)

        def transform_back(dy: Array) -> Cotangents:
            dx = project(_fitted(inverse(dy, **options), axes, shape))
            return None, dx, *(None for _ in args)

        return f(x, *args, **kwargs), transform_back


def _half_rules(f: Any, inverse: Any, call: Callable[..., Any]) -> None:
    """Register the rules of the transform of real numbers to half a spectrum, and of its inverse.

    Back from the spectrum, a column's mirror image is implied and the two share what flows to it;
    back to the spectrum, the column is given what flows to both.
    """

    @rrule.register(f)
    def transform_rrule(_: Any, x: Array, *args: Any, **kwargs: Any) -> Answer:
        lengths, axes, options = _plan(call, x, args, kwargs)
        shape, project = x.shape, Projection(x)

        def transform_back(dy: Array) -> Cotangents:
            dx = inverse(_mirrored(dy, axes[-1], lengths[-1], 0.5), **options)
            return None, project(_fitted(dx, axes, shape)), *(None for _ in args)

        return f(x, *args, **kwargs), transform_back

    @rrule.register(inverse)
    def inverse_rrule(_: Any, x: Array, *args: Any, **kwargs: Any) -> Answer:
        lengths, axes, options = _plan(call, x, args, kwargs, half=True)
        shape, project = x.shape, Projection(x)

        def inverse_back(dy: Array) -> Cotangents:
            dx = _mirrored(f(dy, **options), axes[-1], lengths[-1], 2.0)
            return None, project(_fitted(dx, axes, shape)), *(None for _ in args)

        return inverse(x, *args, **kwargs), inverse_back


for _f, _inverse, _call in [(T.fft, T.ifft, _one), (T.fftn, T.ifftn, _many)]:
    _whole_rule(_f, _inverse, _call)
    _whole_rule(_inverse, _f, _call)

_half_rules(T.rfft, T.irfft, _one)
_half_rules(T.rfftn, T.irfftn, _many)

linear(T.fft, T.fftn, T.ifft, T.ifftn, T.irfft, T.irfftn, T.rfft, T.rfftn)
