"""xp.fft: what the arrays' own library offers by these names."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.libraries import library_for as _library_for
from gpugrad.functions.creation import call as _call
from gpugrad.functions.fft import fft as fft
from gpugrad.functions.fft import fft2 as fft2
from gpugrad.functions.fft import fftn as fftn
from gpugrad.functions.fft import fftshift as fftshift
from gpugrad.functions.fft import hfft as hfft
from gpugrad.functions.fft import ifft as ifft
from gpugrad.functions.fft import ifft2 as ifft2
from gpugrad.functions.fft import ifftn as ifftn
from gpugrad.functions.fft import ifftshift as ifftshift
from gpugrad.functions.fft import ihfft as ihfft
from gpugrad.functions.fft import irfft as irfft
from gpugrad.functions.fft import irfft2 as irfft2
from gpugrad.functions.fft import irfftn as irfftn
from gpugrad.functions.fft import rfft as rfft
from gpugrad.functions.fft import rfft2 as rfft2
from gpugrad.functions.fft import rfftn as rfftn


def _frequencies(name: str, n: int, d: Any, dtype: Any, device: Any) -> Any:
    library = _library_for(dtype, device)
    y = _call(library, f"fft.{name}", n, device=device)
    if dtype is not None:  # NumPy's has no such argument
        y = _call(library, "astype", y, library.dtype(dtype))
    return y / d


def fftfreq(n: int, /, *, d: Any = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """Return the frequencies of the columns of `fft`, in cycles per unit of the sample spacing.

    Args:
        n: number of points.
        d: sample spacing; where it is recorded, so are the frequencies.
        dtype: data type of the result, real floating.
        device: device of the result.

    Example:
        >>> fftfreq(4, d=0.5)
        array([ 0. ,  0.5, -1. , -0.5])
    """
    return _frequencies("fftfreq", n, d, dtype, device)


def rfftfreq(n: int, /, *, d: Any = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """Return the frequencies of the columns of `rfft`, in cycles per unit of the sample spacing.

    Args:
        n: number of points.
        d: sample spacing; where it is recorded, so are the frequencies.
        dtype: data type of the result, real floating.
        device: device of the result.

    Example:
        >>> rfftfreq(4, d=0.5)
        array([0. , 0.5, 1. ])
    """
    return _frequencies("rfftfreq", n, d, dtype, device)
