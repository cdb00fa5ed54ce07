"""Discrete Fourier transforms: the array-API extension `fft`, and NumPy's of two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array, kind_of
from gpugrad.errors import ArgumentError


@_function("fft", arrays=(0,))
def fft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """Return the discrete Fourier transform along an axis.

    Args:
        x: array with at least one axis, real or complex floating.
        n: how many points of `x` to use along the axis, zeros being added where it has fewer; all
            by default.
        axis: the axis.
        norm: "backward" to divide by the number of points in the inverse transform, "forward" in
            this one and not there, "ortho" by the root of it in both.

    Returns:
        Array, complex, of the shape of `x` but for the axis.
    """


@_function("fft", arrays=(0,))
def fftn(
    x: Array,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Any = "backward",
) -> Array:
    """Return the discrete Fourier transform over several axes.

    Args:
        x: array with at least one axis, real or complex floating.
        s: how many points of `x` to use along each axis, zeros being added where it has fewer; all
            by default.
        axes: the axes; the last ones, as many as `s` has, by default, or all.
        norm: "backward" to divide by the number of points in the inverse transform, "forward" in
            this one and not there, "ortho" by the root of it in both.

    Returns:
        Array, complex.
    """


@_function("fft", arrays=(0,))
def ifft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """Return the inverse of `fft`.

    Args:
        x: array with at least one axis, real or complex floating.
        n: how many points of `x` to use along the axis, zeros being added where it has fewer; all
            by default.
        axis: the axis.
        norm: "backward" to divide by the number of points, "forward" to do so in the other
            transform, "ortho" to divide by the root of it in both.

    Returns:
        Array, complex, of the shape of `x` but for the axis.
    """


@_function("fft", arrays=(0,))
def ifftn(
    x: Array,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Any = "backward",
) -> Array:
    """Return the inverse of `fftn`.

    Args:
        x: array with at least one axis, real or complex floating.
        s: how many points of `x` to use along each axis, zeros being added where it has fewer; all
            by default.
        axes: the axes; the last ones, as many as `s` has, by default, or all.
        norm: "backward" to divide by the number of points, "forward" to do so in the other
            transform, "ortho" to divide by the root of it in both.

    Returns:
        Array, complex.
    """


@_function("fft", arrays=(0,))
def irfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """Return the real array whose Fourier transform has a given first half.

    Args:
        x: array with at least one axis, complex.
        n: number of points of the result along the axis; 2 (m − 1) of m by default.
        axis: the axis.
        norm: "backward" to divide by the number of points, "forward" to do so in the other
            transform, "ortho" to divide by the root of it in both.

    Returns:
        Array, real, of the shape of `x` but for the axis.
    """


@_function("fft", arrays=(0,))
def irfftn(
    x: Array,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Any = "backward",
) -> Array:
    """Return the real array that has a given half Fourier transform over several axes.

    Args:
        x: array with at least one axis, complex.
        s: number of points of the result along each axis; along the last one 2 (m − 1) of m by
            default.
        axes: the axes; the last ones, as many as `s` has, by default, or all.
        norm: "backward" to divide by the number of points, "forward" to do so in the other
            transform, "ortho" to divide by the root of it in both.

    Returns:
        Array, real.
    """


@_function("fft", arrays=(0,))
def rfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """Return the first half of the Fourier transform of a real array, which the other mirrors.

    Args:
        x: array with at least one axis, real floating.
        n: how many points of `x` to use along the axis, zeros being added where it has fewer; all
            by default.
        axis: the axis.
        norm: "backward" to divide by the number of points in the inverse transform, "forward" in
            this one and not there, "ortho" by the root of it in both.

    Returns:
        Array, complex, of the shape of `x` but for the axis, where there are n // 2 + 1.
    """


@_function("fft", arrays=(0,))
def rfftn(
    x: Array,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Any = "backward",
) -> Array:
    """Return the half Fourier transform of a real array over several axes.

    Args:
        x: array with at least one axis, real floating.
        s: how many points of `x` to use along each axis, zeros being added where it has fewer; all
            by default.
        axes: the axes; the last ones, as many as `s` has, by default, or all.
        norm: "backward" to divide by the number of points in the inverse transform, "forward" in
            this one and not there, "ortho" by the root of it in both.

    Returns:
        Array, complex; along the last of the axes, it has the first n // 2 + 1 columns.
    """


def swapped(norm: Any) -> str:
    """Return the norm of the transform that goes the other way with the same factor."""
    if norm not in _SWAPPED:
        raise ArgumentError(f'a norm is "backward" (also None), "forward" or "ortho", got {norm!r}')
    return _SWAPPED[norm]


_SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


@_composite("fft")
def fft2(
    x: Array, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Array:
    """Return the Fourier transform over two axes.

    Args:
        x: array with two axes or more, real or complex floating.
        s: how many points to use along each of the two axes; all by default.
        axes: the two axes.
        norm: "backward" (also None), "forward" or "ortho"; see `fft`.
    """
    return fftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def ifft2(
    x: Array, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Array:
    """Return the inverse Fourier transform over two axes.

    Args:
        x: array with two axes or more, real or complex floating.
        s: how many points to use along each of the two axes; all by default.
        axes: the two axes.
        norm: "backward" (also None), "forward" or "ortho"; see `ifft`.
    """
    return ifftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def rfft2(
    x: Array, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Array:
    """Return the half Fourier transform of a real array over two axes.

    Args:
        x: array with two axes or more, real floating.
        s: how many points to use along each of the two axes; all by default.
        axes: the two axes.
        norm: "backward" (also None), "forward" or "ortho"; see `fft`.
    """
    return rfftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def irfft2(
    x: Array, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Array:
    """Return the real array that has a half Fourier transform over two axes.

    Args:
        x: array with two axes or more, complex.
        s: number of points of the result along the two axes.
        axes: the two axes.
        norm: "backward" (also None), "forward" or "ortho"; see `ifft`.
    """
    return irfftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def hfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """Return the transform, which is real, of a signal with Hermitian symmetry given by its half.

    Args:
        x: array, complex, of the first n // 2 + 1 samples of the signal along `axis`.
        n: number of points of the transform; 2 (m − 1) of m samples by default.
        axis: the axis.
        norm: "backward" (also None), "forward" or "ortho".
    """
    return irfft(F.conj(x) if kind_of(x) == "c" else x, n=n, axis=axis, norm=swapped(norm))


@_composite("fft")
def ihfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = None) -> Array:
    """Return the half of the signal with Hermitian symmetry that has a real transform.

    Args:
        x: array, real floating.
        n: how many samples of `x` to use along `axis`, zeros being added where it has fewer.
        axis: the axis.
        norm: "backward" (also None), "forward" or "ortho".
    """
    return F.conj(rfft(x, n=n, axis=axis, norm=swapped(norm)))


def _shifted(x: Array, axes: Any, sign: int) -> Any:
    shape = x.shape
    if axes is None:
        axes = tuple(range(len(shape)))
    elif not isinstance(axes, (tuple, list)):
        axes = (axes,)
    return F.roll(x, tuple(sign * (shape[axis] // 2) for axis in axes), axis=axes)


@_composite("fft")
def fftshift(x: Array, /, axes: int | Sequence[int] | None = None) -> Array:
    """Return an array of frequencies with the zero frequency moved to the middle.

    Args:
        x: array of any shape.
        axes: the axes of the frequencies; all by default.
    """
    return _shifted(x, axes, 1)


@_composite("fft")
def ifftshift(x: Array, /, axes: int | Sequence[int] | None = None) -> Array:
    """Undo `fftshift`.

    Args:
        x: array of any shape.
        axes: the axes of the frequencies; all by default.
    """
    return _shifted(x, axes, -1)
