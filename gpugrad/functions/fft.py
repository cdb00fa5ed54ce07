"""Discrete Fourier transforms: the array-API extension `fft`."""

from __future__ import annotations

from gpugrad.primitive import function as _function

fft = _function("fft", module="fft")
