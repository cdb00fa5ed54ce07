"""Arrays made from nothing, and arrays like another.

Those from nothing are made by the library of `device` or `dtype`, by NumPy where neither says. An
array filled with recorded numbers is recorded.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite, function
from gpugrad.dispatch.kinds import Array, Device, DType
from gpugrad.dispatch.levels import LevelValue, has_levels, plain
from gpugrad.dispatch.libraries import library_for, library_of
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.functions.arithmetic import add, multiply
from gpugrad.functions.manipulation import astype, broadcast_to, stack


def call(library: Library, name: str, *args: Any, **options: Any) -> Any:
    """Call a library's function with those options that are not None."""
    given = {key: value for key, value in options.items() if value is not None}
    found = library.function(name)
    assert found is not None
    return found(*args, **given)


def _create(name: str, *args: Any, dtype: DType, device: Device, **options: Any) -> Any:
    library = library_for(dtype, device)
    return call(library, name, *args, dtype=dtype, device=device, **options)


# --- Arrays from nothing ---------------------------------------------------------------------


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: DType = None, device: Device = None
) -> Any:
    """Return start, start + step, … below `stop`; 0, 1, … below `start` where that is all.

    Args:
        start: a number: the first one.
        stop: a number, which is not reached.
        step: a number, the distance of neighbours; not 0.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    if stop is None:
        start, stop = 0, start
    recorded = _first_recorded(start, stop, step)
    if recorded is not None:
        count = math.ceil((plain(stop) - plain(start)) / plain(step))
        kind = getattr(plain(recorded), "dtype", float)
        steps = libraries.create("arange", max(count, 0), like=recorded, dtype=kind)
        return _of_dtype(add(start, multiply(step, steps)), dtype)
    return _create("arange", start, stop, step, dtype=dtype, device=device)


def asarray(obj: Any, /, *, dtype: DType = None, device: Device = None, copy: Any = None) -> Any:
    """Return `obj` as an array; recorded arrays, and lists that hold them, stay recorded.

    Args:
        obj: an array, a number, or nested lists of them.
        dtype: the data type; that of `obj` by default.
        device: the device; that of `obj` by default. A recorded array cannot be moved.
        copy: as in the standard.
    """
    if isinstance(obj, (list, tuple)) and has_levels(obj):
        obj = stack([asarray(item) for item in obj])
    if isinstance(obj, LevelValue):
        if dtype is not None and dtype != plain(obj).dtype:
            return astype(obj, dtype)
        return obj.copy() if copy else obj  # type: ignore[attr-defined]
    is_array = libraries.is_array(obj)
    library = (library_of(obj) or NUMPY) if is_array else library_for(dtype, device)
    return call(library, "asarray", obj, dtype=dtype, device=device, copy=copy)


def empty(shape: Any, *, dtype: DType = None, device: Device = None) -> Any:
    """Return an array of a shape, filled with what happens to be there.

    Args:
        shape: the shape: an integer, or a tuple of them.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    return _create("empty", shape, dtype=dtype, device=device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: DType = None,
    device: Device = None,
) -> Any:
    """Return a matrix with ones on its diagonal of number `k`, and zeros elsewhere.

    Args:
        n_rows: the number of rows.
        n_cols: the number of columns; as many as rows by default.
        k: which diagonal: 0 the main one, above it positive, below it negative.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    return _create("eye", n_rows, n_cols, k=k, dtype=dtype, device=device)


def from_dlpack(x: Array, /, *, device: Device = None, copy: Any = None) -> Any:
    """Return an array of another library as NumPy's, or as one of `device`'s library.

    A recorded array has this namespace already, and stays recorded.

    Args:
        x: array of any library that has `__dlpack__`.
        device: the device of the result, which also says of which library it is.
        copy: whether to copy; None for where needed.
    """
    if isinstance(x, LevelValue):
        return asarray(x, device=device, copy=copy)
    return call(library_for(device=device), "from_dlpack", x, device=device, copy=copy)


def full(shape: Any, fill_value: Any, *, dtype: DType = None, device: Device = None) -> Any:
    """Return an array of a shape, filled with one number.

    Args:
        shape: the shape: an integer, or a tuple of them.
        fill_value: the number.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    if isinstance(fill_value, LevelValue):
        return _of_dtype(broadcast_to(fill_value, shape), dtype)
    return _create("full", shape, fill_value, dtype=dtype, device=device)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: DType = None,
    device: Device = None,
    endpoint: bool = True,
) -> Any:
    """Return `num` numbers at equal distances from `start` to `stop`.

    Args:
        start: a number: the first one.
        stop: a number: the last one, or the end.
        num: how many.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
        endpoint: whether `stop` is the last of them.
    """
    recorded = _first_recorded(start, stop)
    if recorded is not None:
        places = libraries.create("linspace", 0.0, 1.0, num, like=recorded, endpoint=endpoint)
        dtype = getattr(plain(recorded), "dtype", None) if dtype is None else dtype
        return _of_dtype(add(multiply(start, 1.0 - places), multiply(stop, places)), dtype)
    return _create("linspace", start, stop, num, dtype=dtype, device=device, endpoint=endpoint)


def ones(shape: Any, *, dtype: DType = None, device: Device = None) -> Any:
    """Return an array of a shape, filled with ones.

    Args:
        shape: the shape: an integer, or a tuple of them.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    return _create("ones", shape, dtype=dtype, device=device)


def zeros(shape: Any, *, dtype: DType = None, device: Device = None) -> Any:
    """Return an array of a shape, filled with zeros.

    Args:
        shape: the shape: an integer, or a tuple of them.
        dtype: the data type; the library's own by default.
        device: the device, which also says which library makes the array.
    """
    return _create("zeros", shape, dtype=dtype, device=device)


def _first_recorded(*numbers: Any) -> Any:
    return next((x for x in numbers if isinstance(x, LevelValue)), None)


def _of_dtype(x: Array, dtype: DType) -> Any:
    return x if dtype is None else astype(x, dtype)


# --- The frequencies of Fourier transforms ---------------------------------------------------


def _frequencies(name: str, n: int, d: Any, dtype: DType, device: Device) -> Any:
    library = library_for(dtype, device)
    y = call(library, f"fft.{name}", n, device=device)
    if dtype is not None:  # NumPy's has no such argument
        y = call(library, "astype", y, library.dtype(dtype))
    return y / d


def fftfreq(n: int, /, *, d: Any = 1.0, dtype: DType = None, device: Device = None) -> Any:
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


def rfftfreq(n: int, /, *, d: Any = 1.0, dtype: DType = None, device: Device = None) -> Any:
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


# --- Arrays like another: recorded where that is, so that they can be assigned into ----------


@function()
def empty_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """Return an array like another, filled with what happens to be there.

    Args:
        x: array of any shape; no gradient flows to it.
        dtype: the data type; that of `x` by default.
        device: that of `x`: a recorded array cannot be made elsewhere.
    """


@function()
def ones_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """Return an array like another, filled with ones.

    Args:
        x: array of any shape; no gradient flows to it.
        dtype: the data type; that of `x` by default.
        device: that of `x`: a recorded array cannot be made elsewhere.
    """


@function()
def zeros_like(x: Array, /, *, dtype: DType = None, device: Device = None) -> Array:
    """Return an array like another, filled with zeros.

    Args:
        x: array of any shape; no gradient flows to it.
        dtype: the data type; that of `x` by default.
        device: that of `x`: a recorded array cannot be made elsewhere.
    """


@composite()
def full_like(x: Array, /, fill_value: Any, *, dtype: DType = None, device: Device = None) -> Array:
    """Return an array like `x`, filled with a number, whose gradient is the sum of all.

    Args:
        x: array of any shape; no gradient flows to it.
        fill_value: a number, or an array that broadcasts to the shape of `x`.
        dtype: the data type; that of `x` by default.
        device: that of `x`: a recorded array cannot be made elsewhere.
    """
    zeros = zeros_like(x, dtype=dtype)
    y = zeros + fill_value
    return y if y.dtype == zeros.dtype else astype(y, zeros.dtype)
