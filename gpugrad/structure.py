"""Functors: the numbers inside a structure, and the structure around them.

A `Walk` goes through tuples, lists, dictionaries, dataclasses, other objects and closures, takes
the differentiable numbers out (Python floats, floating arrays, recorded values) and returns a tree
that puts others in their place, or gathers their gradients in the structure's own form.
"""

from __future__ import annotations

import copy
import dataclasses
import dis
import enum
import functools
import itertools
import operator
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from gpugrad.errors import SensitivityError
from gpugrad.namespace import LevelValue, is_array, kind_of
from gpugrad.primitive import Primitive
from gpugrad.tangent import Tangent, rebuild_sequence

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


class Closure(Object):
    """A Python function that captured variables; its fields are their names."""

    __slots__ = ("circular", "current", "lent")

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__([], names)
        self.circular = False
        self.current: Any = None
        self.lent: dict[int, types.CellType] = {}

    def lend(self, place: int) -> types.CellType:
        """Return the variable at `place`, to be filled when this closure is rebuilt."""
        return self.lent.setdefault(place, types.CellType())

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        cells = list(old.__closure__)
        for place, child in enumerate(self.children):
            if type(child) is Shared:
                cells[place] = child.owner.lend(child.place)
            elif child is not NOTHING:
                cells[place] = self.lend(place)
        new = types.FunctionType(
            old.__code__, old.__globals__, old.__name__, old.__defaults__, tuple(cells)
        )
        new.__kwdefaults__ = old.__kwdefaults__
        new.__dict__.update(old.__dict__)
        self.current = new
        for child, cell, old_cell in zip(self.children, cells, old.__closure__, strict=True):
            if child is not NOTHING and type(child) is not Shared:
                cell.cell_contents = child.rebuild(old_cell.cell_contents, leaves)
        self.current = None
        return new

    def release(self) -> None:
        super().release()
        for cell in self.lent.values() if self.circular else ():
            del cell.cell_contents
        self.lent.clear()


class Recursion(Node):
    """A closure met again inside itself."""

    __slots__ = ("closure",)

    def __init__(self, closure: Closure) -> None:
        self.closure: Any = closure

    def rebuild(self, old: Any, leaves: Iterator[Any]) -> Any:
        return self.closure.current

    def release(self) -> None:
        self.closure = None  # which has this as its child

    def gradient(self, leaves: Gradients) -> Any:
        return None

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        pass


class Shared(Node):
    """A captured variable that another function captured too: both go on seeing the same one."""

    __slots__ = ("owner", "place")

    def __init__(self, owner: Closure, place: int) -> None:
        self.owner: Any = owner
        self.place = place

    def is_empty(self) -> bool:
        """Say whether there is no leaf in the variable."""
        children = self.owner.children
        return self.place < len(children) and children[self.place] is NOTHING

    def release(self) -> None:
        self.owner = None  # which may have this below it

    def gradient(self, leaves: Gradients) -> Any:
        return None

    def scatter_to(self, found: list[Any], gradient: Any) -> None:
        pass


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


class Walk:
    """One pass through a structure: the leaves so far, and which objects it is inside of.

    Constants of floating data type are leaves, as plain arrays are; with `constants`, all are.
    """

    def __init__(self, *, constants: bool = False) -> None:
        self.constants = constants
        self.leaves: list[Any] = []
        self.inside: dict[int, Closure | None] = {}
        self.cells: dict[int, tuple[Closure, int]] = {}
        self.owes_release = False

    def node(self, x: Any) -> Node:
        """Return the node of `x`, appending the leaves in it to `self.leaves`."""
        try:
            visit = _visits[type(x)]
        except KeyError:
            visit = _visits[type(x)] = _visit_for(x)
        return NOTHING if visit is None else visit(self, x)

    def children(self, values: Iterable[Any]) -> list[Node] | None:
        """Return the nodes of `values`, or None if there is no leaf in any."""
        nodes: list[Node] = []
        empty = True
        for value in values:
            kind = type(value)
            if kind is float or (kind is np.ndarray and value.dtype.kind == "f"):
                self.leaves.append(value)  # what `node` would do, without its three calls
                nodes.append(LEAF)
                empty = False
            else:
                node = self.node(value)
                nodes.append(node)
                empty = empty and node is NOTHING
        return None if empty else nodes

    def children_once(self, x: Any, values: Iterable[Any]) -> list[Node] | None:
        """Do the same for the contents of `x`, which may hold itself: a cycle is left as it is."""
        if id(x) in self.inside:
            return None
        self.inside[id(x)] = None
        try:
            return self.children(values)
        finally:
            del self.inside[id(x)]


def _visit_leaf(walk: Walk, x: Any) -> Node:
    walk.leaves.append(x)
    return LEAF


def _visit_array(walk: Walk, x: Any) -> Node:
    if kind_of(x) in "fc":
        walk.leaves.append(x)
        return LEAF
    return NOTHING


def _visit_level_value(walk: Walk, x: Any) -> Node:
    is_leaf = walk.constants or not x.level.constant
    return _visit_leaf(walk, x) if is_leaf else _visit_array(walk, x)


def _visit_tuple(walk: Walk, x: Any) -> Node:
    children = walk.children(x)
    return NOTHING if children is None else Sequence(children, type(x))


def _visit_list(walk: Walk, x: Any) -> Node:
    children = walk.children_once(x, x)
    return NOTHING if children is None else Sequence(children, list)


def _visit_mapping(walk: Walk, x: Any) -> Node:
    children = walk.children_once(x, x.values())
    return NOTHING if children is None else Mapping(children, tuple(x))


def _dataclass_visit(kind: type) -> Callable[[Walk, Any], Node]:
    """Return how instances of a dataclass are visited."""
    names = tuple(field.name for field in dataclasses.fields(kind))
    # A frozen object was made after what it holds, and cannot hold itself.
    frozen = kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    pick = operator.attrgetter(*names) if len(names) > 1 else None

    def visit(walk: Walk, x: Any) -> Node:
        try:
            values = pick(x) if pick else [getattr(x, name) for name in names]
        except AttributeError:  # a field that is not set yet
            return _visit_object(walk, x)
        children = walk.children(values) if frozen else walk.children_once(x, values)
        return NOTHING if children is None else Object(children, names)

    return visit


def _visit_object(walk: Walk, x: Any) -> Node:
    fields = {name: getattr(x, name) for name in slots_of(type(x)) if hasattr(x, name)}
    fields |= getattr(x, "__dict__", {})
    children = walk.children_once(x, fields.values())
    return NOTHING if children is None else Object(children, tuple(fields))


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


def _visit_namespace(walk: Walk, x: Any) -> Node:
    children = walk.children_once(x, vars(x).values())
    return NOTHING if children is None else Namespace(children, tuple(vars(x)))


def _visit_method(walk: Walk, x: Any) -> Node:
    children = walk.children([x.__self__])
    return NOTHING if children is None else Method(children)


def _visit_partial(walk: Walk, x: Any) -> Node:
    children = walk.children([x.func, x.args, x.keywords])
    return NOTHING if children is None else Partial(children, ("func", "args", "keywords"))


def _visit_function(walk: Walk, f: Any) -> Node:
    if f.__closure__ is None:
        return NOTHING
    outer = walk.inside.get(id(f))
    if outer is not None:
        outer.circular = True
        return Recursion(outer)
    if not any(walk.inside.values()):  # what is shared is shared inside one closure
        walk.cells = {}
    node = walk.inside[id(f)] = Closure(f.__code__.co_freevars)
    written: set[int] = set()
    _collect_written(f, written, set())
    try:
        for place, cell in enumerate(f.__closure__):
            node.children.append(_visit_cell(walk, node, place, cell, written))
    finally:
        del walk.inside[id(f)]
    if all(_is_empty_in(node, child) for child in node.children):
        return NOTHING
    walk.owes_release = True
    return node


def _visit_cell(
    walk: Walk, node: Closure, place: int, cell: types.CellType, written: set[int]
) -> Node:
    # What is assigned to (nonlocal) stays the caller's own variable.
    if id(cell) in written or not _is_full(cell):
        return NOTHING
    owner, owners_place = walk.cells.setdefault(id(cell), (node, place))
    if owner is node:
        return walk.node(cell.cell_contents)
    shared = Shared(owner, owners_place)
    if shared.is_empty():
        return NOTHING
    owner.circular = True
    return shared


def _is_empty_in(closure: Closure, child: Node) -> bool:
    return child is NOTHING or (type(child) is Recursion and child.closure is closure)


def _is_full(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _collect_written(f: types.FunctionType, found: set[int], seen: set[int]) -> None:
    """Collect the ids of the cells that a function, or one that it captured, assigns to."""
    seen.add(id(f))
    written = _written(f.__code__)
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        if name in written:
            found.add(id(cell))
        elif _is_full(cell):
            value = cell.cell_contents
            if type(value) is types.FunctionType and id(value) not in seen:
                _collect_written(value, found, seen)


@functools.cache
def _written(code: types.CodeType) -> frozenset[str]:
    """Return the captured variables that a function, or one defined inside it, assigns to."""
    written = {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname == "STORE_DEREF"
    }
    inner = [_written(constant) for constant in code.co_consts if type(constant) is types.CodeType]
    return frozenset(code.co_freevars) & written.union(*inner)


_OPAQUE = (type, types.ModuleType, Primitive, enum.Enum, np.dtype)
_HEAP_TYPE = 1 << 9  # the flag of a class made by a class statement


def _visit_for(x: Any) -> Callable[[Walk, Any], Node] | None:
    """Return how values of the type of `x` are visited; None where they are opaque."""
    kind = type(x)
    if isinstance(x, LevelValue):
        return _visit_level_value
    if kind in (float, complex):
        return _visit_leaf
    for base, visit in _VISITS_BY_BASE.items():
        if issubclass(kind, base):
            return visit
    if dataclasses.is_dataclass(kind):
        return _dataclass_visit(kind)
    if is_array(x):
        return _visit_array
    made_in_python = all(base.__flags__ & _HEAP_TYPE for base in kind.__mro__[:-1])
    return _visit_object if made_in_python else None


_VISITS_BY_BASE: dict[Any, Callable[[Walk, Any], Node] | None] = {
    _OPAQUE: None,
    tuple: _visit_tuple,
    list: _visit_list,
    dict: _visit_mapping,
    types.FunctionType: _visit_function,
    types.MethodType: _visit_method,
    functools.partial: _visit_partial,
    types.SimpleNamespace: _visit_namespace,
}

_visits: dict[type, Any] = {}


def opaque(kind: type[Any]) -> type[Any]:
    """Keep walks out of the objects of a class. A decorator."""
    _visits[kind] = None
    return kind
