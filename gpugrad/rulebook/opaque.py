"""primitive: a Python function that recordings do not look into, so that it takes a rule."""

from __future__ import annotations

import functools
from typing import Any

from gpugrad.dispatch.levels import has_levels, youngest
from gpugrad.dispatch.primitive import Function, Primitive
from gpugrad.errors import ArgumentError
from gpugrad.rulebook.forward import moving, own_answer
from gpugrad.rulebook.reverse import bind
from gpugrad.structure.spaces import Projection
from gpugrad.structure.walk import Frame, Walk


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
        return call_by_rule(self, args, kwargs)


def call_by_rule(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `f`, or its rule where an argument is recorded; arguments may be structures.

    Raises ArgumentError where a recorded value was passed by keyword.
    """
    if kwargs and has_levels(Frame(kwargs.values()).leaves):
        raise ArgumentError(
            f"{f.name}: a recorded value was passed by keyword ({', '.join(kwargs)}). "
            f"Pass it by position; where no gradient is wanted, as gpugrad.stop_gradient(...)"
        )
    frame = Frame(args)
    leaves = tuple(frame.take_leaves())
    if not has_levels(leaves):
        return f.default(*args, **kwargs)
    call = _Call(f, frame, args)
    try:
        return call.rebuilt(youngest(leaves).call(call, leaves, kwargs))
    finally:
        call.release()


class _Call(Primitive):
    """One call of an opaque function, as a function of the numbers in its arguments.

    It is its own reverse rule: the opaque function's, as a rule of these numbers. A tape keeps it
    for its name, and for the place of the rule that answered.
    """

    types: tuple[type, ...] = ()

    def __init__(self, opaque: Primitive, frame: Frame, args: tuple[Any, ...]) -> None:
        super().__init__(opaque.name)
        self.opaque = opaque
        self.frame: Any = frame
        self.args = args
        self.rrules = [self]
        self.frules = [_PushedCall(self)] if opaque.frules else []
        self.node: Any = None  # of what the function returned
        self.value: Any = None
        self.source = ""

    def release(self) -> None:
        """Let go of the arguments and the value, and of itself."""
        self.frame = self.node = self.value = None
        self.args = ()
        self.rrules = self.frules = []
        self.bound_rules.clear()
        self.bound_frules.clear()

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say that the one rule of this call answers it."""
        return True

    def bind(self, f: Any, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the opaque function's rule, as a function of the leaves."""
        wanted = iter(chosen)
        mask = 0
        for place, node in enumerate(self.frame.nodes):
            if any([next(wanted) for _ in node.scatter(None)]):
                mask |= 1 << place
        return functools.partial(self.rule, mask)

    def rule(self, mask: int, *leaves: Any, **kwargs: Any) -> Any:
        """Call the opaque function's rule on the arguments that have these leaves."""
        frame = self.frame
        args = tuple(frame.rebuilt(self.args, iter(leaves)))
        types = tuple(map(type, args))
        self.source = next((r.source for r in self.opaque.rrules if r.matches(types)), "")
        answer = bind(self.opaque, mask, args)(*args, **kwargs)
        if answer is NotImplemented:
            return answer
        y, back = answer
        projections = [Projection(x) for x in leaves]
        results = self.take(y)
        node = self.node
        if back is None or not results:
            return y, None
        single = len(results) == 1

        def opaque_back(dy: Any) -> tuple[Any, ...]:
            dys = iter([dy] if single else dy)
            _, *dargs = back(node.gradient(dys))
            pairs = zip(projections, frame.scattered(dargs), strict=True)
            return None, *[None if g is None else project(g) for project, g in pairs]

        opaque_back.__name__ = f"{self.name}_back"
        return (results[0] if single else tuple(results)), opaque_back

    def take(self, y: Any) -> list[Any]:
        """Remember what the function returned, and return the numbers in it."""
        walk = Walk()
        self.node, self.value = walk.node(y), y
        return walk.leaves

    def rebuilt(self, y: Any) -> Any:
        """Return the recorded result in the structure that the function returned."""
        if self.node is None:
            return y
        return self.node.rebuild(self.value, iter(y if isinstance(y, tuple) else [y]))


class _PushedCall:
    """The forward rule of such a call: the opaque function's, as a rule of the numbers."""

    types: tuple[type, ...] = ()
    source = ""

    def __init__(self, call: _Call) -> None:
        self.call = call

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say that the one rule of this call answers it."""
        return True

    def bind(self, f: Any, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the opaque function's forward rule, as a function of the leaves and tangents."""
        return self.rule

    def rule(self, leaves: tuple[Any, ...], tangents: tuple[Any, ...], **kwargs: Any) -> Any:
        """Call the opaque function's forward rule on the arguments that have these leaves."""
        call = self.call
        args = tuple(call.frame.rebuilt(call.args, iter(leaves)))
        dargs = tuple(call.frame.gathered(iter(tangents)))
        answer = own_answer(call.opaque, args, dargs, kwargs, moving(dargs))
        if answer is NotImplemented:
            return answer
        y, dy = answer
        results = call.take(y)
        dys = call.node.scatter(dy)
        return (results[0], dys[0]) if len(results) == 1 else (tuple(results), tuple(dys))
