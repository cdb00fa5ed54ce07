"""What is told of a number or an array without asking its library: kind, shape, CuPy's or not."""

from __future__ import annotations

import abc
import functools
from typing import Any, TypeAlias

import numpy as np

from gpugrad.errors import ArgumentError

# An array of whichever library, or a number, plain or recorded: Python has no type for it.
Array: TypeAlias = Any
DType: TypeAlias = Any  # a data type, of NumPy's, Python's or the array's library
Device: TypeAlias = Any  # a device of an array's library
Index: TypeAlias = Any  # what may stand in x[...]
Axis: TypeAlias = int | tuple[int, ...] | None  # what a function goes along: None is all axes

SCALAR_TYPES = frozenset({float, complex, int, bool})


class CudaArray(abc.ABC):  # noqa: B024 (nothing inherits it: CuPy's arrays are recognised)
    """The type of CuPy's arrays, for the registration of rules: it is known without CuPy.

    Subclasses, which may compute otherwise, are none unless they are registered.
    """

    @classmethod
    def __subclasshook__(cls, kind: type) -> Any:
        is_array = kind.__name__ == "ndarray" and kind.__module__.partition(".")[0] == "cupy"
        return is_array or NotImplemented


def not_an_array(x: Any) -> ArgumentError:
    """Return the error for something that is neither an array nor a number."""
    return ArgumentError(
        f"expected an array or a number, got {type(x).__name__}: convert it first, "
        f"for instance with xp.asarray(...)"
    )


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, and () for a Python scalar."""
    if type(x) in SCALAR_TYPES:
        return ()
    try:
        return x.shape
    except AttributeError:
        raise not_an_array(x) from None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes that `axis` means of an array with `ndim` axes, as they were given."""
    if axis is None:
        return tuple(range(ndim))
    return axis if isinstance(axis, tuple) else (axis,)


_SCALAR_KINDS: dict[Any, str] = {float: "f", complex: "c", int: "i", bool: "b"}
_KINDS = {"f": "f", "c": "c", "i": "i", "u": "i", "b": "b"}


def kind_of(x: Any) -> str:
    """Return "f" for real floating, "c" for complex, "i" for integer and "b" for boolean values."""
    try:
        return _KINDS[x.dtype.kind]
    except (AttributeError, KeyError):
        return _SCALAR_KINDS.get(type(x)) or _foreign_kind(x)


@functools.cache
def _kind_named(name: str) -> str:
    if "bfloat" in name or "float8" in name:
        return "f"
    return _KINDS.get(np.dtype(name).kind, "o")


def _foreign_kind(x: Any) -> str:
    """Tell the kind of a foreign library's data type by its name, as of bfloat16 and its kin."""
    if not hasattr(x, "dtype"):
        raise not_an_array(x)
    return _kind_named(str(x.dtype).rpartition(".")[2])


def rebuild_sequence(kind: Any, items: list[Any]) -> Any:
    """Return `items` as a sequence of type `kind`: a list, a tuple or a namedtuple."""
    if hasattr(kind, "_make"):
        return kind._make(items)
    return tuple.__new__(kind, items) if issubclass(kind, tuple) else kind(items)
