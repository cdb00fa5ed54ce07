"""A rule book: which rule of one mode answers for a function at given argument types.

There is one book for each mode of differentiation. A book keeps the rules of a function in the
order in which they are asked, those for narrower types first, binds them to a call's types once,
and asks the next one where one declines (returns NotImplemented).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np

from gpugrad.dispatch.primitive import ALIASES, Function, Primitive, first_answer
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import ArgumentError, NoRuleError

Answer: TypeAlias = Any  # of a rule: (y, back), or (y, dy) forward; or NotImplemented
Cotangents: TypeAlias = tuple[Any, ...]  # of a pullback: for the function, and for each argument


class Rule(Protocol):
    """What a rule book holds.

    Attributes:
        types: the types of the first arguments that the rule is for; none: it is for all.
        source: where the rule is written, as file:line.
    """

    types: tuple[type, ...]
    source: str

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether the rule is for arguments of these types."""
        ...

    def bind(self, f: Primitive, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these.

        Args:
            f: the function that the rule is of.
            args: the arguments.
            chosen: for each, in reverse whether its gradient is wanted, forward whether it moves.
        """
        ...


class WrittenRule:
    """A rule that is a Python function, the argument types it is for, and where it was written.

    Each book has a subclass, which binds the rules of its mode.
    """

    def __init__(self, rule: Function, types: tuple[type, ...]) -> None:
        self.rule = rule
        self.types = types
        code = inspect.unwrap(rule).__code__
        self.source = f"{code.co_filename}:{code.co_firstlineno}"

    @classmethod
    def of_class(cls, rule: Function, types: tuple[type, ...]) -> WrittenRule:
        """Return the rule of a class's calls; `types` begin with the class."""
        return cls(rule, types)

    @property
    def is_ours(self) -> bool:
        """Whether the rule is gpugrad's own, whose answers are not checked."""
        return (self.rule.__module__ or "").startswith("gpugrad.")

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether the rule is for arguments of these types."""
        return len(self.types) <= len(types) and all(map(issubclass, types, self.types))

    def bind(self, f: Any, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these, as a function of them."""
        raise NotImplementedError


class RuleBook:
    """The rules of one mode.

    A function itself holds its rules, and those bound to types: a look-up takes one dictionary.

    Args:
        name: what users register rules by: "rrule" or "frule".
        written: the kind of its rules that are Python functions.
        rules: returns the list of a function's rules.
        bound: returns the dictionary of a function's bound rules.
    """

    def __init__(
        self,
        name: str,
        written: type[WrittenRule],
        rules: Callable[[Primitive], list[Rule]],
        bound: Callable[[Primitive], dict[Any, Function | None]],
    ) -> None:
        self.name = name
        self.written = written
        self.rules = rules
        self.bound = bound

    def register(self, f: Any, *types: type) -> Callable[[Function], Function]:
        """Return a decorator that registers a rule for `f` at these argument types.

        Args:
            f: a primitive, a function of an array library or of Python that is one, a function
                with gpugrad.primitive around it, or a class whose `__call__` has that.
            types: the types of the first arguments; the rule with the narrowest types is asked
                first. None given: the rule is for all.

        Raises:
            ArgumentError: calls of `f` cannot be seen, or no gradient flows through it.
        """
        primitive = self._registrable(f)

        def decorator(rule: Function) -> Function:
            is_class = isinstance(f, type)
            found = self.written.of_class(rule, (f, *types)) if is_class else None
            self.add(primitive, found or self.written(rule, types))
            return rule

        return decorator

    def add(self, f: Primitive, rule: Rule) -> None:
        """Put a rule in its place among those of `f`: after those that are for narrower types."""
        rules = self.rules(f)
        kept = [old for old in rules if old.types != rule.types]
        places = [i + 1 for i, old in enumerate(kept) if _is_narrower(old.types, rule.types)]
        place = max(places, default=0)
        rules[:] = [*kept[:place], rule, *kept[place:]]
        self.bound(f).clear()

    def bind(self, f: Primitive, mask: int, args: tuple[Any, ...]) -> Function | None:
        """Return the rule of `f` for arguments like these, None where there is none.

        It is remembered by the arguments' types.

        Args:
            f: the function.
            mask: bit i says that argument i is chosen: see `Rule.bind`.
            args: the arguments.
        """
        types = tuple(map(type, args))
        chosen = tuple([bool(mask >> i & 1) for i in range(len(types))])
        found = [rule.bind(f, args, chosen) for rule in self.rules(f) if rule.matches(types)]
        if not found:
            return None
        bound = self.bound(f)[(mask, *types)] = first_answer(found)
        return bound

    def _registrable(self, f: Any) -> Primitive:
        """Return the primitive that a rule for `f` belongs to."""
        if isinstance(f, type):
            method = f.__dict__.get("__call__") or getattr(f, "__call__", None)  # noqa: B004
            if isinstance(method, Primitive):
                return method
            raise ArgumentError(
                f"{self.name}.register: calls of {f.__name__} objects run straight through. "
                f"Write @gpugrad.primitive above {f.__name__}.__call__ first"
            )
        primitive = primitive_of(f)
        if primitive is not None:
            if not primitive.differentiable:
                raise ArgumentError(
                    f"{self.name}.register: no gradient flows through {primitive.name}, whatever "
                    f"its rules. Write @gpugrad.primitive above a function that calls it, and "
                    f"register it for that"
                )
            return primitive
        if _dispatches(f):
            own = "default" if _is_numpys(f) else "operator"  # CuPy's is f, whatever its name
            primitive = ALIASES[f] = Primitive(f.__name__, **{own: f})
            return primitive
        name = getattr(f, "__name__", repr(f))
        raise ArgumentError(
            f"{self.name}.register: calls of {name} run straight through. "
            f"Write @gpugrad.primitive above {name} first"
        )


def _is_narrower(types: tuple[type, ...], others: tuple[type, ...]) -> bool:
    """Say whether a rule for `types` is asked before one for `others`."""
    count = max(len(types), len(others))
    mine, theirs = (t + (object,) * (count - len(t)) for t in (types, others))
    return mine != theirs and all(map(issubclass, mine, theirs))


def _dispatches(f: Any) -> bool:
    """Say whether a protocol of NumPy or CuPy, or a patch, lets a recorded argument see calls."""
    is_kernel = type(f).__name__ in ("ElementwiseKernel", "ufunc") and hasattr(f, "nin")
    return is_kernel or hasattr(f, "_implementation")


def _is_numpys(f: Any) -> bool:
    return isinstance(f, np.ufunc) or getattr(f, "__module__", "").startswith("numpy")


def callee(f: Any, args: tuple[Any, ...]) -> tuple[Primitive, tuple[Any, ...], bool]:
    """Return the primitive that a call of `f` comes to, its arguments, and whether it is a method.

    Raises NoRuleError where it comes to none.
    """
    primitive = primitive_of(f)
    if primitive is not None:
        return primitive, args, False
    method = getattr(type(f), "__call__", None)  # noqa: B004 (the class's own attribute)
    if isinstance(method, Primitive):
        return method, (f, *args), True
    raise no_rule(f, tuple(map(type, args)))


def no_rule(f: Any, types: tuple[type, ...]) -> NoRuleError:
    """Return the error for a function that has no rule for arguments of `types`."""
    name = getattr(f, "__name__", repr(f))
    listed = ", ".join(kind.__name__ for kind in types)
    return NoRuleError(
        f"{name}: no rule for ({listed}). To differentiate through a Python function use "
        f"pullback({name}, ...); to give {name} a rule of its own, decorate it with "
        f"@gpugrad.primitive and register one with @gpugrad.rrule.register({name})"
    )
