"""What the namespace tells about data types and devices: no array is computed here."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad.dispatch import libraries
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.libraries import library_for, library_of
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.functions.creation import call


class Information:
    """What the standard's `__array_namespace_info__` returns.

    Without a `device` it is about NumPy, whose arrays the namespace makes where nothing says
    otherwise; with one, about the device's library.
    """

    def capabilities(self) -> dict[str, Any]:
        """Return which parts of the standard that libraries may leave out are there."""
        return _of_library(None).capabilities()

    def default_device(self) -> Any:
        """Return the device of arrays that are made without saying where."""
        return _of_library(None).default_device()

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """Return the data types of arrays that are made without saying which, by kind."""
        return _of_library(device).default_dtypes(device=device)

    def devices(self) -> list[Any]:
        """Return the devices."""
        return [*_of_library(None).devices()]

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """Return the data types of a kind, or of any of several, by name."""
        return _of_library(device).dtypes(device=device, kind=kind)


def _of_library(device: Any) -> Any:
    return call(library_for(device=device), "__array_namespace_info__")


class Limits:
    """The limits of a data type, as Python's numbers."""

    __slots__ = ("_info",)

    def __init__(self, info: Any) -> None:
        self._info = info

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        limit = getattr(self._info, name)
        return limit.item() if isinstance(limit, np.generic) else limit

    def __repr__(self) -> str:
        return repr(self._info)


def finfo(type: Any, /) -> Any:
    """Return the limits of a floating data type, or of an array's."""
    dtype = getattr(plain(type), "dtype", type)
    return Limits(call(library_for(dtype), "finfo", dtype))


def iinfo(type: Any, /) -> Any:
    """Return the limits of an integer data type, or of an array's."""
    dtype = getattr(plain(type), "dtype", type)
    return Limits(call(library_for(dtype), "iinfo", dtype))


def can_cast(from_: Any, to: Any, /) -> bool:
    """Say whether an array or a data type can be cast by the standard's promotion rules."""
    from_ = plain(from_)
    dtype = from_.dtype if libraries.is_array(from_) else from_
    return call(library_for(dtype), "can_cast", dtype, to)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Say whether a data type is of a kind, as in the standard."""
    return call(library_for(dtype), "isdtype", dtype, kind)


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the data type that the arguments promote to."""
    things = tuple(plain(x) for x in arrays_and_dtypes)
    return call(_library_of_all(things), "result_type", *things)


def _library_of_all(things: tuple[Any, ...]) -> Library:
    """Return the library of arrays and data types, NumPy where none says otherwise."""
    found = NUMPY
    for thing in things:
        array = libraries.is_array(thing)
        library = library_of(thing) if array else library_for(dtype=thing)
        found = library if library not in (None, NUMPY) else found
    return found
