"""Levels: who answers a call on values that stand for others.

Recorded values and symbols belong to a level, and the youngest level among a call's arguments
answers it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

HOLDERS: set[type] = {list, tuple}  # of what is a value of a level, or may have one in it

_births = itertools.count()


class Level:
    """One layer of interpretation: a tape, or what else gives a meaning of its own to a call.

    Levels nest in any order. The youngest one among a call's arguments answers it by `call`,
    and passes what it computes on to the levels below by calling primitives on unwrapped values.
    """

    namespace: Any = None  # the array-API namespace that its values name as theirs
    constant = False  # whether no gradient flows through its values
    left = False  # whether float(x) or x.item() took a number away from it

    def __init__(self, birth: float | None = None) -> None:
        self.birth = next(_births) if birth is None else birth

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer the call of the primitive `f`."""
        raise NotImplementedError

    def has_rule(self, f: Any, args: tuple[Any, ...]) -> bool:
        """Say whether to call a function that has a definition by a rule.

        Of a function of arrays alone, `call` finds out, and else runs the definition.
        """
        return bool(f.rrules) and (f.arrays is not None or self.matches(f.rrules, args))

    def matches(self, rules: Iterable[Any], args: Iterable[Any]) -> bool:
        """Say whether one of the rules is for the values that arguments have below this level."""
        types: list[type] = []
        for x in args:
            mine = isinstance(x, LevelValue) and (x.level is self or x.level.constant)
            types.append(type(x.value if mine else x))
        return any(rule.matches(tuple(types)) for rule in rules)

    def call_by_rule(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer the call of such a function, whose arguments may be structures."""
        return self.call(f, args, kwargs)

    def unary(self, f: Any, x: Any) -> Any:
        """Answer the call of a differentiable function of one value of this level."""
        return self.call(f, (x,), {})

    def binary(self, f: Any, a: Any, b: Any) -> Any:
        """Answer the call of a differentiable function of two values, at least one of this level.

        The other one may be of a younger level, which then answers.
        """
        return youngest((a, b)).call(f, (a, b), {})


NO_LEVEL = Level(-1)


class LevelValue:
    """A value that belongs to a level; `level` says to which."""

    __slots__ = ("__weakref__", "level", "value")

    level: Level
    value: Any

    def __init_subclass__(cls) -> None:
        HOLDERS.add(cls)


def plain(x: Any) -> Any:
    """Return the array or number inside a value of any number of levels."""
    while isinstance(x, LevelValue):
        x = x.value
    return x


def has_levels(args: Iterable[Any]) -> bool:
    """Say whether there is a level value among `args` or in a list or tuple among them."""
    for x in args:  # noqa: SIM110 (a loop takes half the time of any)
        if type(x) in HOLDERS and (isinstance(x, LevelValue) or has_levels(x)):
            return True
    return False


def youngest(args: Iterable[Any]) -> Level:
    """Return the youngest level among `args`, looking into lists and tuples."""
    found = NO_LEVEL
    for argument in args:
        if isinstance(argument, LevelValue):
            level = argument.level
        elif type(argument) in (list, tuple):
            level = youngest(argument)
        else:
            continue
        if level.birth > found.birth:
            found = level
    return found
