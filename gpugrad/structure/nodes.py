"""The places of a structure: how each is rebuilt, and what its gradient looks like."""

from __future__ import annotations

import copy
import functools
import itertools
import types
from collections.abc import Iterable, Iterator
from typing import Any

from gpugrad.dispatch.kinds import rebuild_sequence
from gpugrad.errors import SensitivityError
from gpugrad.structure.tangent import Tangent

Gradients = Iterator[Any]
"""The gradients of the leaves, in the order in which the walk met them."""


class Node:
    """A place in a structure; subclasses say how it is rebuilt and what its gradient looks like."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        """Return the structure `old` with its leaves replaced by the next ones of `leaves`."""
        raise NotImplementedError

    def gradient(self, leaves: Gradients) -> Any:
        """Return the leaves' gradients in the structure's form; None where none flows at all."""
        raise NotImplementedError

    def scatter(self, gradient: Any) -> list[Any]:
        """Return what `gradient`, in the structure's form, holds for each leaf."""
        found: list[Any] = []
        self.scatter_to(found, gradient)
        return found

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        """Append to `found` what `gradient`, in the structure's form, holds for each leaf."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go of what a rebuilt closure captured, and break the cycles of a recursive one."""

    def mismatch(self, gradient: Any, expected: str) -> SensitivityError:
        """Return the error for a gradient that is not of this structure's form."""
        return SensitivityError(
            f"expected {expected} here, got {type(gradient).__name__}: a sensitivity has the "
            f"structure of the value it belongs to, with None where it is zero"
        )


class Leaf(Node):
    """A differentiable number or array."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        return next(leaves)

    def gradient(self, leaves: Gradients) -> Any:
        return next(leaves)

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        found.append(gradient)


class Nothing(Node):
    """Something without a differentiable number in it."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        return old

    def gradient(self, leaves: Gradients) -> Any:
        return None

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        pass


LEAF = Leaf()
NOTHING = Nothing()


class Branch(Node):
    """A structure with children."""

    __slots__ = ("children",)

    def __init__(self, children: list[Node]) -> None:
        self.children = children

    def release(self) -> None:
        for child in self.children:
            child.release()

    def child_gradients(self, leaves: Gradients) -> list[Any] | None:
        """Return the children's gradients, or None if no gradient flows to any of them."""
        gradients = [
            next(leaves) if child is LEAF else child.gradient(leaves) for child in self.children
        ]
        for gradient in gradients:
            if gradient is not None:
                return gradients
        return None

    def child_scatter(self, found: list[Any], gradients: Iterable[Any]) -> None:
        """Append to `found` what `gradients`, one a child, hold for each leaf."""
        for child, gradient in zip(self.children, gradients, strict=True):
            if child is LEAF:
                found.append(gradient)
            elif child is not NOTHING:
                child.scatter_to(found, gradient)


class Sequence(Branch):
    """A tuple, a list or a namedtuple."""

    __slots__ = ("kind",)

    def __init__(self, children: list[Node], kind: type) -> None:
        self.children = children
        self.kind = kind

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        pairs = zip(self.children, old, strict=True)
        items = [child.rebuild(value, leaves) for child, value in pairs]
        if type(old) is list or not isinstance(old, list):
            return rebuild_sequence(type(old), items)
        new = copy.copy(old)  # a class of lists may have attributes, and an __init__ of its own
        list.__setitem__(new, slice(None), items)
        return new

    def gradient(self, leaves: Gradients) -> Any:
        gradients = self.child_gradients(leaves)
        return None if gradients is None else rebuild_sequence(self.kind, gradients)

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        if gradient is None:
            gradient = (None,) * len(self.children)
        elif not isinstance(gradient, (tuple, list)) or len(gradient) != len(self.children):
            raise self.mismatch(gradient, f"a sequence of {len(self.children)} gradients")
        self.child_scatter(found, gradient)


class Mapping(Branch):
    """A dictionary."""

    __slots__ = ("keys",)

    def __init__(self, children: list[Node], keys: Any) -> None:
        self.children = children
        self.keys = keys

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        new = old.copy() if type(old) is dict else copy.copy(old)
        for key, child in zip(self.keys, self.children, strict=True):
            new[key] = child.rebuild(old[key], leaves)
        return new

    def gradient(self, leaves: Gradients) -> Any:
        gradients = self.child_gradients(leaves)
        return None if gradients is None else dict(zip(self.keys, gradients, strict=True))

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        gradients = {} if gradient is None else gradient
        if not isinstance(gradients, dict) or not gradients.keys() <= set(self.keys):
            raise self.mismatch(gradient, f"a dict with keys of {list(self.keys)}")
        self.child_scatter(found, [gradients.get(key) for key in self.keys])


class Object(Branch):
    """An object with named fields, whose gradient is a Tangent."""

    __slots__ = ("names",)

    def __init__(self, children: list[Node], names: tuple[str, ...]) -> None:
        self.children = children
        self.names = names

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        new = object.__new__(type(old))
        slots = slots_of(type(old))
        if not slots:
            fields = old.__dict__.copy()
            for name, child in zip(self.names, self.children):  # noqa: B905 (hot)
                if child is LEAF:
                    fields[name] = next(leaves)
                elif child is not NOTHING:
                    fields[name] = child.rebuild(fields[name], leaves)
            object.__setattr__(new, "__dict__", fields)
        else:
            if hasattr(old, "__dict__"):
                object.__setattr__(new, "__dict__", old.__dict__.copy())
            for name in slots:
                if hasattr(old, name):
                    object.__setattr__(new, name, getattr(old, name))
            for name, child in zip(self.names, self.children, strict=True):
                object.__setattr__(new, name, child.rebuild(getattr(old, name), leaves))
        return new

    def gradient(self, leaves: Gradients) -> Any:
        gradients = self.child_gradients(leaves)
        return None if gradients is None else Tangent.of(dict(zip(self.names, gradients)))  # noqa: B905

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        if type(gradient) is Tangent and tuple(gradient.__dict__) == self.names:
            return self.child_scatter(found, gradient.__dict__.values())  # one of our own
        fields: Any = {} if gradient is None else gradient
        fields = fields if isinstance(fields, dict) else getattr(fields, "__dict__", None)
        if fields is None or not set(self.names).issuperset(fields):
            raise self.mismatch(gradient, f"a Tangent with fields of {list(self.names)}")
        self.child_scatter(found, [fields.get(name) for name in self.names])


class Namespace(Object):
    """A `types.SimpleNamespace`."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        new = copy.copy(old)
        for name, child in zip(self.names, self.children, strict=True):
            setattr(new, name, child.rebuild(getattr(old, name), leaves))
        return new


class Method(Branch):
    """A bound method, whose gradient is that of the object it is bound to."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        return types.MethodType(old.__func__, self.children[0].rebuild(old.__self__, leaves))

    def gradient(self, leaves: Gradients) -> Any:
        return self.children[0].gradient(leaves)

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        self.children[0].scatter_to(found, gradient)


class Partial(Object):
    """A `functools.partial`; its fields are func, args and keywords."""

    __slots__ = ()

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        values = (old.func, old.args, old.keywords)
        func, args, keywords = (
            child.rebuild(value, leaves) for child, value in zip(self.children, values, strict=True)
        )
        return functools.partial(func, *args, **keywords)


@functools.cache
def slots_of(kind: type) -> tuple[str, ...]:
    """Return the names of the fields that the instances of a class have in slots."""
    members = [vars(base).items() for base in kind.__mro__]
    slots = {
        name: None
        for name, member in itertools.chain(*members)
        if type(member) is types.MemberDescriptorType
    }
    return tuple(slots)
