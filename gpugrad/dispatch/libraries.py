"""Which library an array is of, and what is made there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import array_api_compat
import numpy as np

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import SCALAR_TYPES, not_an_array
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.library import ForeignLibrary, Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError, MixedArraysError

_libraries: dict[type, Library | None] = dict.fromkeys(SCALAR_TYPES)


_foreign: dict[str, Library] = {}


def library_of(x: Any) -> Library | None:
    """Return the library of the array `x`, or None for a Python scalar.

    Raises ArgumentError where `x` is neither.
    """
    kind = type(x)
    try:
        return _libraries[kind]
    except KeyError:
        found = _find_library(x)
        _libraries[kind] = found
        return found


def _find_library(x: Any) -> Library | None:
    if isinstance(x, (np.ndarray, np.generic)):
        return NUMPY
    if isinstance(x, (float, complex, int)):
        return None
    if array_api_compat.is_cupy_array(x):
        return cupy_library()
    if not isinstance(x, type) and hasattr(x, "__array_namespace__"):
        module = x.__array_namespace__()
        name = module.__name__
        return _foreign.setdefault(name, ForeignLibrary(name, module))
    raise not_an_array(x)


def common_library(args: Iterable[Any], name: str) -> Library | None:
    """Return the one library of the arrays among `args`; None where all are Python scalars.

    NumPy's scalars (not its arrays) give way to another library's arrays.
    """
    found: Library | None = None
    weak: Library | None = None
    for argument in args:
        try:
            library = library_of(argument)
        except ArgumentError as error:
            raise ArgumentError(f"{name}: {error}") from None
        if library is None:
            continue
        if isinstance(argument, np.generic):
            weak = library
        elif found is None:
            found = library
        elif found is not library:
            raise MixedArraysError(
                f"{name}: arrays of {found.name} and {library.name} in one call. Move one over "
                f"first, for instance with cupy.asarray(x) or cupy.asnumpy(x)"
            )
    return found or weak


def library_among(values: Iterable[Any]) -> Library | None:
    """Return the library of the arrays among `values`, looking into lists and tuples.

    None where there is no array. What is no array, such as an option, is passed over.
    """
    found: Library | None = None
    for value in values:
        if type(value) in (list, tuple):
            kinds = {type(item): item for item in value}  # a model's parameters are of few types
            nested = list in kinds or tuple in kinds
            library = library_among(value if nested else kinds.values())
        else:
            library = library_of(value) if is_array(value) else None
        if library is not None and (found is None or found is NUMPY):
            found = library
    return found


def create(name: str, *args: Any, like: Any, **options: Any) -> Any:
    """Call a creation function (arange, zeros, eye, full …) by the library and device of `like`.

    Args:
        name: the standard's name of the function.
        args: its arguments.
        like: an array, recorded or not; of a Python number, NumPy answers.
        options: its keywords; a dtype may be `like`'s own, NumPy's or Python's.
    """
    like = plain(like)
    library = library_of(like) or NUMPY
    if "dtype" in options:
        options["dtype"] = library.dtype(options["dtype"])
    return library.create(name, *args, like=like, **options)


def library_for(dtype: Any = None, device: Any = None) -> Library:
    """Return the library that `dtype` or `device` belong to, NumPy where neither says."""
    for thing in (device, dtype):
        root = type(thing).__module__.partition(".")[0]
        if root == "cupy":
            return cupy_library()
        if root not in {"numpy", "builtins"} and thing is not None:
            module = sys.modules[root]
            return _foreign.setdefault(root, ForeignLibrary(root, module))
    return NUMPY


def is_array(x: Any) -> bool:
    """Say whether `x` is an array of some library; NumPy's scalars are, Python's are not."""
    try:
        return library_of(x) is not None
    except ArgumentError:
        return False
