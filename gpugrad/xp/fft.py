"""xp.fft: what the arrays' own library offers by these names."""

from gpugrad.functions.fft import fft as fft
