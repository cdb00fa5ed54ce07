"""Gradients as values: the Tangent of an object, and the sum of two gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, rebuild_sequence, shape_of
from gpugrad.dispatch.levels import LevelValue
from gpugrad.dispatch.libraries import is_array
from gpugrad.functions.arithmetic import add_into


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


def accumulate(a: Array, b: Array) -> Any:
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


def added_to(total: Any, x: Array) -> Any:
    """Return the sum of two gradients, in the memory of the first one where its library can do so.

    Args:
        total: a sum that nobody else has.
        x: another gradient of the same value.
    """
    plain_arrays = type(total) is type(x) and not isinstance(x, LevelValue) and is_array(x)
    return add_into(total, x) if plain_arrays else accumulate(total, x)


def scale(tangent: Any, factor: Any) -> Any:
    """Return `tangent` with every number in it multiplied by `factor`."""
    if tangent is None:
        return None
    if isinstance(tangent, Mapping):
        return {key: scale(value, factor) for key, value in tangent.items()}
    if isinstance(tangent, (tuple, list)):
        return rebuild_sequence(type(tangent), [scale(value, factor) for value in tangent])
    return tangent * factor


def same(a: Array, b: Array) -> bool:
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
