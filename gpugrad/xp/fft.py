"""xp.fft: Fourier transforms, by the names of the standard and of NumPy."""

import typing as _typing

from gpugrad.functions import table as _table
from gpugrad.functions.creation import fftfreq as fftfreq
from gpugrad.functions.creation import rfftfreq as rfftfreq

if _typing.TYPE_CHECKING:  # what the table has, said so that type checkers see it
    from gpugrad.functions.fft import *

globals().update(_table.functions_of("fft"))
