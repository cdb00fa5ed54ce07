"""Discrete Fourier transforms: the array-API extension `fft`, and NumPy's of two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import kind_of
from gpugrad.errors import ArgumentError

fft = _function("fft", module="fft", arrays=(0,))
fftn = _function("fftn", module="fft", arrays=(0,))
ifft = _function("ifft", module="fft", arrays=(0,))
ifftn = _function("ifftn", module="fft", arrays=(0,))
irfft = _function("irfft", module="fft", arrays=(0,))
irfftn = _function("irfftn", module="fft", arrays=(0,))
rfft = _function("rfft", module="fft", arrays=(0,))
rfftn = _function("rfftn", module="fft", arrays=(0,))


def swapped(norm: Any) -> str:
    """Return the norm of the transform that goes the other way with the same factor."""
    if norm not in _SWAPPED:
        raise ArgumentError(f'a norm is "backward" (also None), "forward" or "ortho", got {norm!r}')
    return _SWAPPED[norm]


_SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


@_composite("fft")
def fft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Any:
    """Return the Fourier transform over two axes; see `fftn`."""
    return fftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def ifft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Any:
    """Return the inverse Fourier transform over two axes; see `ifftn`."""
    return ifftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def rfft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Any:
    """Return the half Fourier transform of a real array over two axes; see `rfftn`."""
    return rfftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def irfft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: Any = None
) -> Any:
    """Return the real array that has a half Fourier transform over two axes; see `irfftn`."""
    return irfftn(x, s=s, axes=axes, norm=norm or "backward")


@_composite("fft")
def hfft(x: Any, /, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """Return the transform, which is real, of a signal with Hermitian symmetry given by its half.

    Args:
        x: array, complex, of the first n // 2 + 1 samples of the signal along `axis`.
        n: number of points of the transform; 2 (m − 1) of m samples by default.
        axis: the axis.
        norm: "backward" (also None), "forward" or "ortho".
    """
    return irfft(F.conj(x) if kind_of(x) == "c" else x, n=n, axis=axis, norm=swapped(norm))


@_composite("fft")
def ihfft(x: Any, /, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """Return the half of the signal with Hermitian symmetry that has a real transform.

    Args:
        x: array, real floating.
        n: how many samples of `x` to use along `axis`, zeros being added where it has fewer.
        axis: the axis.
        norm: "backward" (also None), "forward" or "ortho".
    """
    return F.conj(rfft(x, n=n, axis=axis, norm=swapped(norm)))


def _shifted(x: Any, axes: Any, sign: int) -> Any:
    shape = x.shape
    if axes is None:
        axes = tuple(range(len(shape)))
    elif not isinstance(axes, (tuple, list)):
        axes = (axes,)
    return F.roll(x, tuple(sign * (shape[axis] // 2) for axis in axes), axis=axes)


@_composite("fft")
def fftshift(x: Any, /, axes: int | Sequence[int] | None = None) -> Any:
    """Return an array of frequencies with the zero frequency moved to the middle.

    Args:
        x: array of any shape.
        axes: the axes of the frequencies; all by default.
    """
    return _shifted(x, axes, 1)


@_composite("fft")
def ifftshift(x: Any, /, axes: int | Sequence[int] | None = None) -> Any:
    """Undo `fftshift`.

    Args:
        x: array of any shape.
        axes: the axes of the frequencies; all by default.
    """
    return _shifted(x, axes, -1)
