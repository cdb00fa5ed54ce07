"""Gradients as values: the Tangent of an object, their sum, and their projection.

A gradient belongs to the space of what it is the gradient of. `project` takes it there, as
ChainRules' `ProjectTo` does: real stays real, float32 stays float32, and what was broadcast is
summed back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad.namespace import (
    SCALAR_TYPES,
    LevelValue,
    create,
    kind_of,
    library_of,
    plain,
    shape_of,
)


class Tangent:
    """The gradient of an object: a field for each of the object's fields, None where none flows.

    Two tangents of the same fields add up, and a tangent scales by a number.

    Example:
        >>> Tangent(weight=2.0, name=None) + Tangent(weight=1.0, name=None)
        Tangent(weight=3.0, name=None)
    """

    def __init__(self, /, **fields: Any) -> None:
        self.__dict__.update(fields)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Tangent:
        """Return the Tangent whose fields are those of a dictionary, which it takes over."""
        tangent = cls.__new__(cls)
        tangent.__dict__ = fields
        return tangent

    def __repr__(self) -> str:
        return f"Tangent({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]

    def __add__(self, other: Any) -> Tangent:
        if not isinstance(other, Tangent):
            return NotImplemented
        return accumulate(self, other)

    def __mul__(self, factor: Any) -> Tangent:
        return Tangent(**{name: scale(value, factor) for name, value in vars(self).items()})

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tangent) and same(vars(self), vars(other))

    __hash__ = None  # type: ignore[assignment]


def rebuild_sequence(kind: Any, items: list[Any]) -> Any:
    """Return `items` as a sequence of type `kind`: a list, a tuple or a namedtuple."""
    if hasattr(kind, "_make"):
        return kind._make(items)
    return tuple.__new__(kind, items) if issubclass(kind, tuple) else kind(items)


def accumulate(a: Any, b: Any) -> Any:
    """Return the sum of two gradients of one value; None is the zero of every space."""
    if a is None:
        return b
    if b is None:
        return a
    if isinstance(a, Tangent):
        theirs = vars(b)
        return Tangent(**{name: accumulate(value, theirs[name]) for name, value in vars(a).items()})
    if isinstance(a, Mapping):
        return {key: accumulate(a.get(key), b.get(key)) for key in {**a, **b}}
    if isinstance(a, (tuple, list)):
        return rebuild_sequence(type(a), [accumulate(x, y) for x, y in zip(a, b, strict=True)])
    return F.add(a, b)


def scale(tangent: Any, factor: Any) -> Any:
    """Return `tangent` with every number in it multiplied by `factor`."""
    if tangent is None:
        return None
    if isinstance(tangent, Mapping):
        return {key: scale(value, factor) for key, value in tangent.items()}
    if isinstance(tangent, (tuple, list)):
        return rebuild_sequence(type(tangent), [scale(value, factor) for value in tangent])
    return tangent * factor


def same(a: Any, b: Any) -> bool:
    """Say whether two gradients have the same structure and equal numbers."""
    if a is None or b is None:
        return a is b
    if isinstance(a, Tangent):
        return a == b
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if shape_of(a) != shape_of(b):
        return False
    equal = a == b
    return bool(equal if isinstance(equal, bool) else equal.all())


def unbroadcast(dx: Any, shape: tuple[int, ...]) -> Any:
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


class Projection:
    """Takes a gradient to the space of the value it was made for, on the value's device.

    It remembers the value's shape and data type and lets go of the value.
    """

    __slots__ = ("dtype", "real", "shape")

    def __init__(self, x: Any) -> None:
        self.dtype = getattr(x, "dtype", None)
        self.shape = () if self.dtype is None else x.shape
        self.real = kind_of(x) != "c"

    def __call__(self, dx: Any) -> Any:
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


def number_like(number: Any, x: Any) -> Any:
    """Return a number in the space of `x`: of its type, shape, data type and device."""
    x = plain(x)
    if library_of(x) is None:
        return type(x)(number)
    if isinstance(x, np.generic):
        return x.dtype.type(number)
    return create("full", x.shape, number, like=x, dtype=x.dtype)


def zero_of(x: Any) -> Any:
    """Return the zero gradient of a number or array."""
    return number_like(0, x)


def project(dx: Any, x: Any) -> Any:
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


def _own(dx: Any) -> Any:
    """Return a gradient whose elements share memory, a broadcast one, as an array of its own."""
    return dx.copy() if 0 in getattr(dx, "strides", ()) else dx


def _as_array(dx: Any, x: Any) -> Any:
    """Return a number, or an array of a related type, as an array of the type of `x`."""
    if type(dx) is type(x):
        return _own(dx)
    if library_of(dx) is None or isinstance(x, np.generic):
        return number_like(dx, x)
    return array_api_compat.array_namespace(x).asarray(dx)
