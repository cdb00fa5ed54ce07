"""Closures: functions whose captured variables are differentiated as the fields of an object."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gpugrad.structure.nodes import NOTHING, Gradients, Node, Object

if TYPE_CHECKING:
    from gpugrad.structure.walk import Walk


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


def visit_closure(walk: Walk, f: Any) -> Node:
    """Return the node of a Python function that captured something, of a number or not."""
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
