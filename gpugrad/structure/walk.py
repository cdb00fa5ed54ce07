"""Functors: the numbers inside a structure, and the structure around them.

A `Walk` goes through tuples, lists, dictionaries, dataclasses, other objects and closures, takes
the differentiable numbers out (Python floats, floating arrays, recorded values) and returns a tree
that puts others in their place, or gathers their gradients in the structure's own form.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import kind_of
from gpugrad.dispatch.levels import LevelValue
from gpugrad.dispatch.libraries import is_array
from gpugrad.dispatch.primitive import Primitive
from gpugrad.structure.closures import Closure, visit_closure
from gpugrad.structure.nodes import (
    LEAF,
    NOTHING,
    Mapping,
    Method,
    Namespace,
    Node,
    Object,
    Partial,
    Sequence,
    slots_of,
)


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


class Frame:
    """A call's frame: the structures that go into it, and the differentiable numbers in them.

    Args:
        values: the structures.

    Attributes:
        nodes: the node of each.
        leaves: the numbers in all.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        walk = Walk()
        self.nodes = [walk.node(value) for value in values]
        self.leaves = walk.leaves
        self.owes_release = walk.owes_release

    def take_leaves(self) -> list[Any]:
        """Return the numbers, and let go of them."""
        leaves, self.leaves = self.leaves, []
        return leaves

    def rebuilt(self, values: Iterable[Any], leaves: Iterator[Any]) -> list[Any]:
        """Return the structures `values`, with others for their numbers."""
        pairs = zip(self.nodes, values, strict=True)
        return [node.rebuild(value, leaves) for node, value in pairs]

    def gathered(self, gradients: Iterator[Any]) -> list[Any]:
        """Return what there is for each number, gradients or tangents, in the structures' form."""
        return [node.gradient(gradients) for node in self.nodes]

    def scattered(self, gradients: Iterable[Any]) -> list[Any]:
        """Return what gradients or tangents, in the structures' form, hold for each number.

        Raises SensitivityError where they are not in that form.
        """
        found: list[Any] = []
        for node, gradient in zip(self.nodes, gradients, strict=True):
            node.scatter_to(found, gradient)
        return found

    def release(self) -> None:
        """Let go of what rebuilt closures captured, once the function has run."""
        if self.owes_release:
            for node in self.nodes:
                node.release()


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


def _visit_function(walk: Walk, f: Any) -> Node:
    return NOTHING if f.__closure__ is None else visit_closure(walk, f)


def _visit_namespace(walk: Walk, x: Any) -> Node:
    children = walk.children_once(x, vars(x).values())
    return NOTHING if children is None else Namespace(children, tuple(vars(x)))


def _visit_method(walk: Walk, x: Any) -> Node:
    children = walk.children([x.__self__])
    return NOTHING if children is None else Method(children)


def _visit_partial(walk: Walk, x: Any) -> Node:
    children = walk.children([x.func, x.args, x.keywords])
    return NOTHING if children is None else Partial(children, ("func", "args", "keywords"))


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
