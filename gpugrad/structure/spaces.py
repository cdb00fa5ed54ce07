"""The space of a value: all that it is but for its numbers, and what of it there may be.

A gradient belongs to the space of what it is the gradient of, as do tangents and sensitivities.
There are three ways into it:

- `project`, of a gradient that a rule computed, as ChainRules' `ProjectTo`: real stays real,
  float32 stays float32, and what was broadcast is summed back. `Projection` does so once the value
  is gone.
- `as_tangent`, of a tangent that a rule computed: it is broadcast to where the value is.
- `fit`, of what a user gave: a number broadcasts, and whatever else does not fit is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import SCALAR_TYPES, Array, kind_of, shape_of
from gpugrad.dispatch.levels import LevelValue, plain
from gpugrad.dispatch.libraries import create, is_array, library_of
from gpugrad.errors import SensitivityError


@dataclass(frozen=True, slots=True)
class Space:
    """The space of a number or an array: what two values have in common if only numbers differ.

    Attributes:
        kind: the type, such as float, numpy.ndarray or cupy.ndarray.
        dtype: the data type, of the array's library; None of Python's numbers.
        shape: the shape.
        device: where it is; None of Python's numbers.

    Example:
        >>> print(Space.of(np.ones((200, 2))), Space.of(1.0))
        float64[200, 2] float
    """

    kind: type
    dtype: Any
    shape: tuple[int, ...]
    device: Any

    @classmethod
    def of(cls, x: Array) -> Space:
        """Return the space of a value; that of a recorded one is its plain value's."""
        x = plain(x)
        if library_of(x) is None:
            return cls(type(x), None, (), None)
        return cls(type(x), x.dtype, x.shape, array_api_compat.device(x))

    def __str__(self) -> str:
        return show(self.kind if self.dtype is None else (self.dtype, self.shape))


def sketch(y: Array) -> Any:
    """Return what listings show of a value: its data type and shape, or its type if it has none.

    Of a tuple it is a tuple of these. Unlike a `Space` it costs next to nothing.
    """
    if type(y) is float:
        return float
    try:
        return y.dtype, y.shape
    except AttributeError:
        return tuple(map(sketch, y)) if type(y) is tuple else type(y)


def show(sketched: Any) -> str:
    """Return the text of a sketch, such as float64[200, 2]."""
    if isinstance(sketched, type):
        return sketched.__name__
    if isinstance(sketched[-1], tuple) and not isinstance(sketched[0], (tuple, type)):
        dtype, shape = sketched
        name = str(getattr(dtype, "name", None) or dtype).rpartition(".")[2]
        return f"{name}[{', '.join(map(str, shape))}]"
    return f"({', '.join(map(show, sketched))})"


# --- Numbers in a space ------------------------------------------------------------------------


def number_like(number: Any, x: Array) -> Any:
    """Return a number in the space of `x`: of its type, shape, data type and device."""
    x = plain(x)
    if library_of(x) is None:
        return type(x)(number)
    if isinstance(x, np.generic):
        return x.dtype.type(number)
    return create("full", x.shape, number, like=x, dtype=x.dtype)


def zero_of(x: Array) -> Any:
    """Return the zero gradient of a number or array."""
    return number_like(0, x)


# --- Into a space ------------------------------------------------------------------------------


class Projection:
    """Takes a gradient to the space of the value it was made for, on the value's device.

    It remembers the value's shape and data type and lets go of the value.
    """

    __slots__ = ("dtype", "real", "shape")

    def __init__(self, x: Array) -> None:
        self.dtype = getattr(x, "dtype", None)
        self.shape = () if self.dtype is None else x.shape
        self.real = kind_of(x) != "c"

    def __call__(self, dx: Array) -> Any:
        """Return the gradient there."""
        dtype = getattr(dx, "dtype", None)
        if dtype is self.dtype and type(dx) is not complex:
            return unbroadcast(dx, self.shape)
        if self.real and kind_of(dx) == "c":
            dx = F.real(dx)
        dx = unbroadcast(dx, self.shape)
        if self.dtype is None or dtype is None or dx.dtype == self.dtype:
            return dx
        return F.astype(dx, self.dtype)


def unbroadcast(dx: Array, shape: tuple[int, ...]) -> Any:
    """Sum `dx` over the axes along which a value of `shape` was broadcast to `dx`'s shape."""
    theirs = shape_of(dx)
    if theirs == shape:
        return dx
    extra = len(theirs) - len(shape)
    if extra == 1 and theirs[1:] == shape:  # a bias under a batch: by far the most frequent
        return F.sum(dx, axis=0)
    if extra < 0 or theirs == ():
        return F.broadcast_to(dx, shape)
    stretched = [extra + i for i, n in enumerate(shape) if n == 1 and theirs[extra + i] != 1]
    axes = (*range(extra), *stretched)
    if axes:
        dx = F.sum(dx, axis=axes)
    return dx if shape_of(dx) == shape else F.reshape(dx, shape)


def project(dx: Array, x: Array) -> Any:
    """Return `dx` as a gradient of `x`: of its type, shape, data type and device."""
    kind = type(x)
    if kind is type(dx) and (kind in SCALAR_TYPES or (dx.dtype is x.dtype and dx.shape == x.shape)):
        return dx if getattr(dx, "base", None) is None else _own(dx)
    dx = Projection(x)(dx)
    if isinstance(x, LevelValue) or isinstance(dx, LevelValue):
        return dx
    if kind is float or kind is complex:
        return kind(dx)
    return _as_array(dx, x)


def _own(dx: Array) -> Any:
    """Return a gradient whose elements share memory, a broadcast one, as an array of its own."""
    return dx.copy() if 0 in getattr(dx, "strides", ()) else dx


def _as_array(dx: Array, x: Array) -> Any:
    """Return a number, or an array of a related type, as an array of the type of `x`."""
    if type(dx) is type(x):
        return _own(dx)
    if library_of(dx) is None or isinstance(x, np.generic):
        return number_like(dx, x)
    return array_api_compat.array_namespace(x).asarray(dx)


def as_tangent(dy: Array, y: Array) -> Any:
    """Return a tangent in the shape and data type of the value it belongs to.

    Args:
        dy: a tangent that a forward rule computed; None where it is zero.
        y: the value, or a tuple of some; of no floating number the tangent is None.
    """
    if dy is None:
        return None
    if type(y) is tuple:
        return tuple(map(as_tangent, dy, y))
    dtype = getattr(y, "dtype", None)
    if dtype is None:  # of Python's numbers
        return dy if isinstance(dy, LevelValue) else type(y)(dy)
    if getattr(dy, "dtype", None) is dtype and dy.shape == y.shape:
        return dy
    if type(plain(y)) in SCALAR_TYPES:
        return dy
    if kind_of(y) not in "fc":
        return None
    if shape_of(dy) == () != y.shape or not hasattr(dy, "dtype"):
        dy = number_like(0, y) + dy
    elif dy.shape != y.shape:
        dy = F.broadcast_to(dy, y.shape)
    return dy if dy.dtype == y.dtype else F.astype(dy, y.dtype)


def fit(dy: Array, y: Array) -> Any:
    """Return the sensitivity `dy` as one of the value `y`; a number broadcasts.

    Raises SensitivityError where its kind, shape, data type or device is not that of `y`.
    """
    if type(dy) is float:
        return dy if type(y) is float else number_like(dy, y)
    if type(dy) is type(y) is np.ndarray and dy.dtype is y.dtype and dy.shape == y.shape:
        return project(dy, y)  # by far the most frequent of arrays
    if isinstance(dy, (bool, int, float, complex, np.number)):
        if isinstance(dy, (complex, np.complexfloating)) and kind_of(y) != "c":
            raise _misfit(y, "the sensitivity is complex")
        return number_like(dy, y)
    if not (isinstance(dy, LevelValue) or is_array(dy)):
        raise _misfit(y, f"the sensitivity is a {type(dy).__name__}")
    if isinstance(y, LevelValue) or isinstance(dy, LevelValue) or library_of(y) is None:
        fits = kind_of(dy) in ("f", kind_of(y))
    else:
        fits = library_of(dy) is library_of(y) and dy.dtype == y.dtype
        if fits and type(y) is not np.ndarray and not isinstance(y, np.generic):
            ours, theirs = array_api_compat.device(y), array_api_compat.device(dy)
            if ours != theirs:
                raise SensitivityError(
                    f"the value is on {ours}, the sensitivity on {theirs}. Move it first, "
                    f"with array_api_compat.to_device(dy, y.device)"
                )
    if not fits or shape_of(dy) not in ((), shape_of(y)):
        raise _misfit(y, f"the sensitivity is {show(sketch(dy))}")
    return project(dy, y)


def _misfit(y: Array, what: str) -> SensitivityError:
    space = show(sketch(y))
    return SensitivityError(
        f"the value is {space}, {what}. Give one of {space}, or a number to broadcast"
    )
