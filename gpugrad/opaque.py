"""primitive: a Python function that recordings do not look into, so that it takes a rule."""

from __future__ import annotations

import functools
from typing import Any

from gpugrad.errors import ArgumentError
from gpugrad.frule import own_answer
from gpugrad.namespace import has_levels, youngest
from gpugrad.primitive import Composite, Function, Primitive
from gpugrad.registry import bind
from gpugrad.structure import Node, Walk
from gpugrad.tangent import Projection


def primitive(f: Function) -> Primitive:
    """Make a Python function opaque: a recording calls its rule and does not look inside.

    Args:
        f: a function of numbers, arrays or structures of them; or the `__call__` method of a class,
            whose rule is then registered for the class.

    Returns:
        A function that computes what `f` does. Give it a rule with `rrule.register`.

    Example:
        >>> import gpugrad as gg
        >>> @gg.primitive
        ... def add(a, b):
        ...     return a + b
        >>> @gg.rrule.register(add)
        ... def add_rrule(f, a, b):
        ...     def add_back(dy):
        ...         return None, dy, dy
        ...     return a + b, add_back
        >>> gg.grad(lambda x: add(x, x * x))(3.0)
        7.0
    """
    return Opaque(f)


class Opaque(Primitive):
    """A primitive whose arguments are structures of any kind."""

    def __init__(self, f: Function) -> None:
        super().__init__(getattr(f, "__name__", None) or type(f).__name__, default=f)
        self.function = f
        functools.update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, or its rule where an argument is recorded."""
        return _call(self, args, kwargs)


def _call(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `f`, or its rule where an argument is recorded; arguments may be structures."""
    walk, keywords = Walk(), Walk()
    for value in kwargs.values():
        keywords.node(value)
    if has_levels(keywords.leaves):
        raise ArgumentError(
            f"{f.name}: a recorded value was passed by keyword ({', '.join(kwargs)}). "
            f"Pass it by position; where no gradient is wanted, as gpugrad.stop_gradient(...)"
        )
    nodes = [(walk.node(argument), argument) for argument in args]
    if not has_levels(walk.leaves):
        return f.default(*args, **kwargs)
    call = _Call(f, nodes)
    try:
        return call.rebuild(youngest(walk.leaves).call(call, tuple(walk.leaves), kwargs))
    finally:
        call.release()


Composite.by_rule = staticmethod(_call)  # type: ignore[method-assign]


class _Call(Primitive):
    """One call of an opaque function, as a function of the leaves of its arguments.

    A tape keeps it for its name, and for the place of the rule that answered.
    """

    def __init__(self, opaque: Primitive, nodes: list[tuple[Node, Any]]) -> None:
        super().__init__(opaque.name)
        self.opaque = opaque
        self.nodes = nodes
        self.rrules = [self]
        self.frules = [self] if opaque.frules else []
        self.result: Node | None = None
        self.value: Any = None
        self.source = ""

    def release(self) -> None:
        """Let go of the arguments and the value, and of itself."""
        self.nodes, self.result, self.value = [], None, None
        self.rrules = self.frules = []
        self.bound_rules.clear()
        self.bound_frules.clear()

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say that the one rule of this call answers it."""
        return True

    def bind(self, f: Any, leaves: tuple[Any, ...], needs: tuple[bool, ...]) -> Function:
        """Return the opaque function's rule, as a function of the leaves."""
        wanted = iter(needs)
        mask = 0
        for place, (node, _) in enumerate(self.nodes):
            if any([next(wanted) for _ in node.scatter(None)]):
                mask |= 1 << place
        return functools.partial(self.rule, mask)

    def rule(self, mask: int, *leaves: Any, **kwargs: Any) -> Any:
        """Call the opaque function's rule on the arguments that have these leaves."""
        remaining = iter(leaves)
        args = tuple([node.rebuild(old, remaining) for node, old in self.nodes])
        nodes = [node for node, _ in self.nodes]
        types = tuple(map(type, args))
        self.source = next((r.source for r in self.opaque.rrules if r.matches(types)), "")
        answer = bind(self.opaque, mask, args)(*args, **kwargs)
        if answer is NotImplemented:
            return answer
        y, back = answer
        projections = [Projection(x) for x in leaves]
        walk = Walk()
        result = self.result = walk.node(y)
        self.value = y
        if back is None or not walk.leaves:
            return y, None
        single = len(walk.leaves) == 1

        def opaque_back(dy: Any) -> tuple[Any, ...]:
            dys = iter([dy] if single else dy)
            _, *dargs = back(result.gradient(dys))
            found: list[Any] = []
            for node, darg in zip(nodes, dargs, strict=True):
                node.scatter_to(found, darg)
            pairs = zip(projections, found, strict=True)
            return None, *[None if g is None else project(g) for project, g in pairs]

        opaque_back.__name__ = f"{self.name}_back"
        return (walk.leaves[0] if single else tuple(walk.leaves)), opaque_back

    def bind_forward(self, f: Any, leaves: tuple[Any, ...], moving: tuple[bool, ...]) -> Function:
        """Return the opaque function's forward rule, as a function of the leaves and tangents."""
        return self.forward

    def forward(self, leaves: tuple[Any, ...], tangents: tuple[Any, ...], **kwargs: Any) -> Any:
        """Call the opaque function's forward rule on the arguments that have these leaves."""
        values, moved = iter(leaves), iter(tangents)
        args = tuple([node.rebuild(old, values) for node, old in self.nodes])
        dargs = tuple([node.gradient(moved) for node, _ in self.nodes])
        moving = tuple([darg is not None for darg in dargs])
        answer = own_answer(self.opaque, args, dargs, kwargs, moving)
        if answer is NotImplemented:
            return answer
        y, dy = answer
        walk = Walk()
        self.result, self.value = walk.node(y), y
        dys = self.result.scatter(dy)
        if len(walk.leaves) == 1:
            return walk.leaves[0], dys[0]
        return tuple(walk.leaves), tuple(dys)

    def rebuild(self, y: Any) -> Any:
        """Return the recorded result in the structure that the function returned."""
        if self.result is None:
            return y
        return self.result.rebuild(self.value, iter(y if isinstance(y, tuple) else [y]))
