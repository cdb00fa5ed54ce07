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
from gpugrad.functions import (
    abs,
    acos,
    acosh,
    add,
    all,
    any,
    argmax,
    argmin,
    argsort,
    asin,
    asinh,
    astype,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    broadcast_to,
    ceil,
    clip,
    concat,
    conj,
    copysign,
    cos,
    cosh,
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    diff,
    divide,
    empty_like,
    equal,
    exp,
    expand_dims,
    expm1,
    flip,
    floor,
    floor_divide,
    full_like,
    greater,
    greater_equal,
    hypot,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log10,
    log1p,
    log2,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    matmul,
    matrix_transpose,
    max,
    maximum,
    mean,
    min,
    minimum,
    moveaxis,
    multiply,
    negative,
    nextafter,
    nonzero,
    not_equal,
    ones_like,
    permute_dims,
    positive,
    pow,
    prod,
    real,
    reciprocal,
    remainder,
    repeat,
    reshape,
    roll,
    round,
    searchsorted,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    subtract,
    sum,
    take,
    take_along_axis,
    tan,
    tanh,
    tensordot,
    tile,
    tril,
    triu,
    trunc,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
    unstack,
    var,
    vecdot,
    where,
    zeros_like,
)
from gpugrad.namespace import Library, LevelValue, library_for, library_of, plain

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
        if dtype is not None and dtype != x.dtype:
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
