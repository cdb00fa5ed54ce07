"""The array-API namespace that follows the arrays given to it.

    from gpugrad import xp
    xp.sin(x)

`xp.sin` is NumPy's on a NumPy array, CuPy's on a CuPy array, and recorded on a recorded one. It is
the namespace that recorded arrays name as their own, so code written to the array-API standard
(2024.12) runs on them unchanged. Creation functions follow `device` and `dtype`, and make NumPy
arrays where neither says otherwise.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from gpugrad import namespace
from gpugrad.functions import abs as abs
from gpugrad.functions import acos as acos
from gpugrad.functions import acosh as acosh
from gpugrad.functions import add as add
from gpugrad.functions import all as all
from gpugrad.functions import any as any
from gpugrad.functions import argmax as argmax
from gpugrad.functions import argmin as argmin
from gpugrad.functions import argsort as argsort
from gpugrad.functions import asin as asin
from gpugrad.functions import asinh as asinh
from gpugrad.functions import astype as astype
from gpugrad.functions import atan as atan
from gpugrad.functions import atan2 as atan2
from gpugrad.functions import atanh as atanh
from gpugrad.functions import bitwise_and as bitwise_and
from gpugrad.functions import bitwise_invert as bitwise_invert
from gpugrad.functions import bitwise_left_shift as bitwise_left_shift
from gpugrad.functions import bitwise_or as bitwise_or
from gpugrad.functions import bitwise_right_shift as bitwise_right_shift
from gpugrad.functions import bitwise_xor as bitwise_xor
from gpugrad.functions import broadcast_to as broadcast_to
from gpugrad.functions import ceil as ceil
from gpugrad.functions import clip as clip
from gpugrad.functions import concat as concat
from gpugrad.functions import conj as conj
from gpugrad.functions import copysign as copysign
from gpugrad.functions import cos as cos
from gpugrad.functions import cosh as cosh
from gpugrad.functions import count_nonzero as count_nonzero
from gpugrad.functions import cumulative_prod as cumulative_prod
from gpugrad.functions import cumulative_sum as cumulative_sum
from gpugrad.functions import diff as diff
from gpugrad.functions import divide as divide
from gpugrad.functions import empty_like as empty_like
from gpugrad.functions import equal as equal
from gpugrad.functions import exp as exp
from gpugrad.functions import expand_dims as expand_dims
from gpugrad.functions import expm1 as expm1
from gpugrad.functions import flip as flip
from gpugrad.functions import floor as floor
from gpugrad.functions import floor_divide as floor_divide
from gpugrad.functions import full_like as full_like
from gpugrad.functions import greater as greater
from gpugrad.functions import greater_equal as greater_equal
from gpugrad.functions import hypot as hypot
from gpugrad.functions import imag as imag
from gpugrad.functions import isfinite as isfinite
from gpugrad.functions import isinf as isinf
from gpugrad.functions import isnan as isnan
from gpugrad.functions import less as less
from gpugrad.functions import less_equal as less_equal
from gpugrad.functions import log as log
from gpugrad.functions import log1p as log1p
from gpugrad.functions import log2 as log2
from gpugrad.functions import log10 as log10
from gpugrad.functions import logaddexp as logaddexp
from gpugrad.functions import logical_and as logical_and
from gpugrad.functions import logical_not as logical_not
from gpugrad.functions import logical_or as logical_or
from gpugrad.functions import logical_xor as logical_xor
from gpugrad.functions import matmul as matmul
from gpugrad.functions import matrix_transpose as matrix_transpose
from gpugrad.functions import max as max
from gpugrad.functions import maximum as maximum
from gpugrad.functions import mean as mean
from gpugrad.functions import min as min
from gpugrad.functions import minimum as minimum
from gpugrad.functions import moveaxis as moveaxis
from gpugrad.functions import multiply as multiply
from gpugrad.functions import negative as negative
from gpugrad.functions import nextafter as nextafter
from gpugrad.functions import nonzero as nonzero
from gpugrad.functions import not_equal as not_equal
from gpugrad.functions import ones_like as ones_like
from gpugrad.functions import permute_dims as permute_dims
from gpugrad.functions import positive as positive
from gpugrad.functions import pow as pow
from gpugrad.functions import prod as prod
from gpugrad.functions import real as real
from gpugrad.functions import reciprocal as reciprocal
from gpugrad.functions import remainder as remainder
from gpugrad.functions import repeat as repeat
from gpugrad.functions import reshape as reshape
from gpugrad.functions import roll as roll
from gpugrad.functions import round as round
from gpugrad.functions import searchsorted as searchsorted
from gpugrad.functions import sign as sign
from gpugrad.functions import signbit as signbit
from gpugrad.functions import sin as sin
from gpugrad.functions import sinh as sinh
from gpugrad.functions import sqrt as sqrt
from gpugrad.functions import square as square
from gpugrad.functions import squeeze as squeeze
from gpugrad.functions import stack as stack
from gpugrad.functions import std as std
from gpugrad.functions import subtract as subtract
from gpugrad.functions import sum as sum
from gpugrad.functions import take as take
from gpugrad.functions import take_along_axis as take_along_axis
from gpugrad.functions import tan as tan
from gpugrad.functions import tanh as tanh
from gpugrad.functions import tensordot as tensordot
from gpugrad.functions import tile as tile
from gpugrad.functions import tril as tril
from gpugrad.functions import triu as triu
from gpugrad.functions import trunc as trunc
from gpugrad.functions import unique_all as unique_all
from gpugrad.functions import unique_counts as unique_counts
from gpugrad.functions import unique_inverse as unique_inverse
from gpugrad.functions import unique_values as unique_values
from gpugrad.functions import unstack as unstack
from gpugrad.functions import var as var
from gpugrad.functions import vecdot as vecdot
from gpugrad.functions import where as where
from gpugrad.functions import zeros_like as zeros_like
from gpugrad.functions.beyond import deg2rad as deg2rad
from gpugrad.namespace import LevelValue, Library, library_for, library_of, plain
from gpugrad.xp import fft as fft
from gpugrad.xp import linalg as linalg
from gpugrad.xp import special as special

__array_api_version__ = "2024.12"

bitwise_not = bitwise_invert

e = np.e
inf = np.inf
nan = np.nan
newaxis = None
pi = np.pi

bool = np.dtype(np.bool_)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
complex64 = np.dtype(np.complex64)
complex128 = np.dtype(np.complex128)


def asarray(x: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return `x` as an array; recorded arrays, and lists that hold them, stay recorded.

    Args:
        x: an array, a number, or nested lists of them.
        dtype: the data type; that of `x` by default.
        device: the device; that of `x` by default. A recorded array cannot be moved.
        copy: as in the standard.
    """
    if isinstance(x, (list, tuple)) and namespace.has_levels(x):
        x = stack([asarray(item) for item in x])
    if isinstance(x, LevelValue):
        if dtype is not None and dtype != plain(x).dtype:
            return astype(x, dtype)
        return positive(x) if copy else x
    if namespace.is_array(x):
        library = library_of(x) or namespace.NUMPY
    else:
        library = library_for(dtype, device)
    return _call(library, "asarray", x, dtype=dtype, device=device, copy=copy)


def _call(library: Library, name: str, *args: Any, **options: Any) -> Any:
    """Call a library's function with those options that are not None."""
    given = {key: value for key, value in options.items() if value is not None}
    if "dtype" in given:
        given["dtype"] = library.dtype(given["dtype"])
    function = library.function(name)
    assert function is not None
    return function(*args, **given)


def _creation(name: str) -> Any:
    def create(*args: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        library = library_for(dtype, device)
        return _call(library, name, *args, dtype=dtype, device=device, **options)

    create.__name__ = create.__qualname__ = name
    create.__doc__ = f"Return what the standard's {name} does, by the library of device or dtype."
    return create


arange = _creation("arange")
empty = _creation("empty")
eye = _creation("eye")
from_dlpack = _creation("from_dlpack")
full = _creation("full")
linspace = _creation("linspace")
ones = _creation("ones")
zeros = _creation("zeros")


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays, each broadcast to their common shape."""
    shape = np.broadcast_shapes(*(namespace.shape_of(x) for x in arrays))
    return tuple(broadcast_to(x, shape) for x in arrays)


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Return coordinate arrays of a grid, as in the standard."""
    beside = [(1,) * i + (-1,) + (1,) * (len(arrays) - i - 1) for i in range(len(arrays))]
    grids = broadcast_arrays(*(reshape(x, shape) for x, shape in zip(arrays, beside, strict=True)))
    if indexing == "xy" and len(arrays) > 1:
        order = (1, 0, *range(2, len(arrays)))
        return tuple(permute_dims(grid, order) for grid in grids)
    return grids


def _library_of_all(things: tuple[Any, ...]) -> Library:
    """Return the library of arrays and data types, NumPy where none says otherwise."""
    found = namespace.NUMPY
    for thing in things:
        array = namespace.is_array(thing)
        library = library_of(thing) if array else library_for(dtype=thing)
        found = library if library not in (None, namespace.NUMPY) else found
    return found


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the data type that the arguments promote to."""
    things = tuple(plain(x) for x in arrays_and_dtypes)
    return _call(_library_of_all(things), "result_type", *things)


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Say whether a data type is of a kind, as in the standard."""
    return _call(library_for(dtype), "isdtype", dtype, kind)


def can_cast(source: Any, to: Any, /) -> builtins.bool:
    """Say whether an array or a data type can be cast by the standard's promotion rules."""
    source = plain(source)
    source = source.dtype if namespace.is_array(source) else source
    return _call(library_for(source), "can_cast", source, to)


def finfo(dtype: Any, /) -> Any:
    """Return the limits of a floating data type, or of an array's."""
    dtype = getattr(plain(dtype), "dtype", dtype)
    return _call(library_for(dtype), "finfo", dtype)


def iinfo(dtype: Any, /) -> Any:
    """Return the limits of an integer data type, or of an array's."""
    dtype = getattr(plain(dtype), "dtype", dtype)
    return _call(library_for(dtype), "iinfo", dtype)
