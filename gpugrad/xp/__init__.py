"""The array-API namespace that follows the arrays given to it.

    from gpugrad import xp
    xp.sin(x)

`xp.sin` is NumPy's on a NumPy array, CuPy's on a CuPy array, and recorded on a recorded one. It is
the namespace that recorded arrays name as their own, so code written to the array-API standard
(2024.12) runs on them unchanged: SciPy's, with SCIPY_ARRAY_API=1 in the environment, and
scikit-learn's, under config_context(array_api_dispatch=True). They refuse plain arrays beside
recorded ones: bring those over by x.__array_namespace__().asarray(plain).

Creation functions follow `device` and `dtype`, and make NumPy arrays where neither says otherwise;
those of x.__array_namespace__() make constants, see `gpugrad/tracing/constants.py`.

The room imports `functions`, where the functions are declared, and `dispatch`. Their names here are
those of the table of primitives: a new one is here, and in `linalg`, `fft` or `special`, without a
line of its own. `information` is what is asked about data types and devices.
"""

import typing as _typing

if _typing.TYPE_CHECKING:  # what the table has, said so that type checkers see it
    from gpugrad.functions.arithmetic import *
    from gpugrad.functions.calculus import *
    from gpugrad.functions.comparison import *
    from gpugrad.functions.einstein import *
    from gpugrad.functions.elementwise import *
    from gpugrad.functions.histograms import *
    from gpugrad.functions.indexing import *
    from gpugrad.functions.joining import *
    from gpugrad.functions.manipulation import *
    from gpugrad.functions.matrices import *
    from gpugrad.functions.ordering import *
    from gpugrad.functions.padding import *
    from gpugrad.functions.polynomial import *
    from gpugrad.functions.products import *
    from gpugrad.functions.reductions import *
    from gpugrad.functions.rounding import *
    from gpugrad.functions.scans import *
    from gpugrad.functions.searching import *
    from gpugrad.functions.selection import *
    from gpugrad.functions.shaping import *
    from gpugrad.functions.statistics import *
    from gpugrad.functions.transcendental import *
    from gpugrad.functions.without_gradient import *

import numpy as _np

from gpugrad.functions import table as _table
from gpugrad.functions.comparison import bitwise_invert as bitwise_invert
from gpugrad.functions.creation import arange as arange
from gpugrad.functions.creation import asarray as asarray
from gpugrad.functions.creation import empty as empty
from gpugrad.functions.creation import empty_like as empty_like
from gpugrad.functions.creation import eye as eye
from gpugrad.functions.creation import from_dlpack as from_dlpack
from gpugrad.functions.creation import full as full
from gpugrad.functions.creation import full_like as full_like
from gpugrad.functions.creation import linspace as linspace
from gpugrad.functions.creation import ones as ones
from gpugrad.functions.creation import ones_like as ones_like
from gpugrad.functions.creation import zeros as zeros
from gpugrad.functions.creation import zeros_like as zeros_like
from gpugrad.functions.numpy_calls import IN_PLACE as _IN_PLACE
from gpugrad.xp import fft as fft
from gpugrad.xp import linalg as linalg
from gpugrad.xp import special as special
from gpugrad.xp.information import Information as _Information
from gpugrad.xp.information import can_cast as can_cast
from gpugrad.xp.information import finfo as finfo
from gpugrad.xp.information import iinfo as iinfo
from gpugrad.xp.information import isdtype as isdtype
from gpugrad.xp.information import result_type as result_type

globals().update(_table.functions_of(""), **_IN_PLACE)

__array_api_version__ = "2024.12"
__array_namespace_info__ = _Information

bitwise_not = bitwise_invert

e = _np.e
inf = _np.inf
nan = _np.nan
newaxis = None
pi = _np.pi

bool = _np.dtype(_np.bool_)
int8 = _np.dtype(_np.int8)
int16 = _np.dtype(_np.int16)
int32 = _np.dtype(_np.int32)
int64 = _np.dtype(_np.int64)
uint8 = _np.dtype(_np.uint8)
uint16 = _np.dtype(_np.uint16)
uint32 = _np.dtype(_np.uint32)
uint64 = _np.dtype(_np.uint64)
float32 = _np.dtype(_np.float32)
float64 = _np.dtype(_np.float64)
complex64 = _np.dtype(_np.complex64)
complex128 = _np.dtype(_np.complex128)
