"""Arrays made from nothing: by the library of `device` or `dtype`, NumPy where neither says.

Where the numbers they are filled with are recorded, so is the array.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.levels import LevelValue, has_levels, plain
from gpugrad.dispatch.libraries import library_for, library_of
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY


def call(library: Library, name: str, *args: Any, **options: Any) -> Any:
    """Call a library's function with those options that are not None."""
    given = {key: value for key, value in options.items() if value is not None}
    function = library.function(name)
    assert function is not None
    return function(*args, **given)


def _create(name: str, *args: Any, dtype: Any, device: Any, **options: Any) -> Any:
    library = library_for(dtype, device)
    return call(library, name, *args, dtype=dtype, device=device, **options)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Any:
    """Return start, start + step, … below `stop`; 0, 1, … below `start` where that is all."""
    if stop is None:
        start, stop = 0, start
    recorded = _first_recorded(start, stop, step)
    if recorded is not None:
        count = math.ceil((plain(stop) - plain(start)) / plain(step))
        kind = getattr(plain(recorded), "dtype", float)
        steps = libraries.create("arange", max(count, 0), like=recorded, dtype=kind)
        return _of_dtype(F.add(start, F.multiply(step, steps)), dtype)
    return _create("arange", start, stop, step, dtype=dtype, device=device)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return `obj` as an array; recorded arrays, and lists that hold them, stay recorded.

    Args:
        obj: an array, a number, or nested lists of them.
        dtype: the data type; that of `obj` by default.
        device: the device; that of `obj` by default. A recorded array cannot be moved.
        copy: as in the standard.
    """
    if isinstance(obj, (list, tuple)) and has_levels(obj):
        obj = F.stack([asarray(item) for item in obj])
    if isinstance(obj, LevelValue):
        if dtype is not None and dtype != plain(obj).dtype:
            return F.astype(obj, dtype)
        return obj.copy() if copy else obj  # type: ignore[attr-defined]
    is_array = libraries.is_array(obj)
    library = (library_of(obj) or NUMPY) if is_array else library_for(dtype, device)
    return call(library, "asarray", obj, dtype=dtype, device=device, copy=copy)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of a shape, filled with what happens to be there."""
    return _create("empty", shape, dtype=dtype, device=device)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Any:
    """Return a matrix with ones on its diagonal of number `k`, and zeros elsewhere."""
    return _create("eye", n_rows, n_cols, k=k, dtype=dtype, device=device)


def from_dlpack(x: Any, /, *, device: Any = None, copy: Any = None) -> Any:
    """Return an array of another library as NumPy's, or as one of `device`'s library.

    A recorded array has this namespace already, and stays recorded.
    """
    if isinstance(x, LevelValue):
        return asarray(x, device=device, copy=copy)
    return call(library_for(device=device), "from_dlpack", x, device=device, copy=copy)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of a shape, filled with one number."""
    if isinstance(fill_value, LevelValue):
        return _of_dtype(F.broadcast_to(fill_value, shape), dtype)
    return _create("full", shape, fill_value, dtype=dtype, device=device)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """Return `num` numbers at equal distances from `start` to `stop`."""
    recorded = _first_recorded(start, stop)
    if recorded is not None:
        places = libraries.create("linspace", 0.0, 1.0, num, like=recorded, endpoint=endpoint)
        dtype = getattr(plain(recorded), "dtype", None) if dtype is None else dtype
        return _of_dtype(F.add(F.multiply(start, 1.0 - places), F.multiply(stop, places)), dtype)
    return _create("linspace", start, stop, num, dtype=dtype, device=device, endpoint=endpoint)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of a shape, filled with ones."""
    return _create("ones", shape, dtype=dtype, device=device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of a shape, filled with zeros."""
    return _create("zeros", shape, dtype=dtype, device=device)


def _first_recorded(*numbers: Any) -> Any:
    return next((x for x in numbers if isinstance(x, LevelValue)), None)


def _of_dtype(x: Any, dtype: Any) -> Any:
    return x if dtype is None else F.astype(x, dtype)
