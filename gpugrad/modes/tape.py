"""The tape: the Wengert list of a recorded function, and its reverse sweep.

A line is appended as each call runs, so the lines are in topological order and the sweep walks
them backwards: no recursion, no sorting. A line keeps slots (numbers), never recorded values, so
that the tape holds only what the pullbacks need, and nothing refers to itself.

The parts of a line are in lists of their own. The garbage collector forgets tuples of numbers, as
the operands and partial derivatives of scalar code are; a tuple for each line, with the function
in it, would be visited again and again, and a recording of a million calls take ten times as long.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.levels import youngest
from gpugrad.dispatch.primitive import Composite, Primitive
from gpugrad.modes.listing import listing
from gpugrad.rulebook.book import no_rule
from gpugrad.rulebook.reverse import REVERSE, bind
from gpugrad.structure.spaces import fit, show, sketch
from gpugrad.structure.tangent import accumulate, added_to
from gpugrad.tracing.constants import MAY_HOLD, constant, released, with_views
from gpugrad.tracing.recording import Recording, check_keywords
from gpugrad.tracing.value import Tracked


class Literal:
    """An argument that is not recorded, as the printed list shows it. It keeps no array alive."""

    __slots__ = ("shown",)

    def __init__(self, value: Any) -> None:
        if type(value) in (tuple, list):
            self.shown: Any = [Literal(v) for v in value]
        else:
            is_shown = type(value) in _SHOWN or isinstance(value, Primitive)
            self.shown = value if is_shown else sketch(value)

    def __repr__(self) -> str:
        if type(self.shown) is list:
            return f"({', '.join(map(repr, self.shown))})"
        if isinstance(self.shown, Primitive):
            return self.shown.name
        return repr(self.shown) if type(self.shown) in _SHOWN else show(self.shown)


_SHOWN = frozenset({int, float, bool, complex, str, type(None), slice, type(...)})


# What has neither parts nor kernels.
_ADDED_BY_OPERATOR = frozenset(
    {float, complex, np.ndarray, np.float32, np.float64, np.complex64, np.complex128}
)


class Tape(Recording):
    """Records calls on its own values, and pulls sensitivities back through them.

    Attributes:
        inputs: how many of the first slots are inputs.
        functions: what was called, None for an input. This list and the next three have an entry a
            slot.
        operands: None for the function and, for each argument, its slot if it is recorded (a tuple
            of slots for a sequence of arrays), else a float or a Literal.
        backs: the call's pullback; where all is Python's numbers, its partial derivatives.
        spaces: what `sketch` says of the value.
        keywords: the keyword arguments of the calls that have any.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inputs = 0
        self.functions: list[Any] = []
        self.operands: list[tuple[Any, ...]] = []
        self.backs: list[Any] = []
        self.spaces: list[Any] = []
        self.keywords: dict[int, dict[str, Any]] = {}

    def record_inputs(self, values: list[Any]) -> list[Tracked]:
        """Return the inputs of the recording, all of them, before the first call."""
        self.inputs = count = len(values)
        self.functions = [None] * count
        self.operands = [()] * count
        self.backs = [None] * count
        self.spaces = [sketch(value) for value in values]
        return [Tracked(value, self, slot) for slot, value in enumerate(values)]

    # --- Recording ---------------------------------------------------------------------------

    def call(self, f: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the call on the values of this tape's arguments, and append a line for it."""
        operands: list[Any] = [None]
        primals: list[Any] = []
        mask, bit = 0, 1
        for argument in args:
            if type(argument) is Tracked and argument.level is self:
                operands.append(argument.slot)
                primals.append(argument.value)
                mask |= bit
            elif f.sequence and bit == 1:
                slots, values = self._unwrap_sequence(argument)
                operands.append(slots)
                primals.append(values)
                mask |= bit
            else:
                if type(argument) in MAY_HOLD:
                    argument = released(argument)
                operands.append(argument if type(argument) is float else Literal(argument))
                primals.append(argument)
            bit <<= 1
        if kwargs:
            kwargs = released(kwargs)
            check_keywords(f.name, kwargs)
        if not f.differentiable:
            y = f(*primals, **kwargs)
            return y if type(y) is bool else constant(y)
        rule = f.bound_rules.get((mask, *map(type, primals)))
        if rule is None:
            rule = REVERSE.bind(f, mask, tuple(primals))
        answer = NotImplemented if rule is None else rule(*primals, **kwargs)
        if answer is NotImplemented:
            if isinstance(f, Composite) and f.definition is not None:
                return f.definition(*args, **kwargs)  # recorded as what it is made of
            raise no_rule(f, tuple(map(type, primals)))
        y, back = answer
        if back is None:
            return constant(y)
        if kwargs:
            self.keywords[len(self.backs)] = kwargs
        recorded = self._append(f, tuple(operands), y, back)
        return with_views(f, args, recorded) if f.view else recorded

    def unary(self, f: Primitive, x: Array) -> Any:
        """Call a differentiable function of one recorded array: what `call` does, but faster."""
        value = x.value
        key = (1, type(value))
        try:
            rule = f.bound_rules[key]
        except KeyError:
            rule = bind(f, 1, (value,))
        answer = rule(value)
        if answer is NotImplemented:
            raise no_rule(f, key[1:])
        return self._append(f, (None, x.slot), *answer)

    def binary(self, f: Primitive, a: Array, b: Array) -> Any:
        """Call a differentiable function of two arrays: what `call` does, but faster."""
        if type(a) is not Tracked:
            x, y = a, b.value
            operands = (None, a if type(a) is float else Literal(a), b.slot)
            key = (2, type(x), type(y))
        elif type(b) is not Tracked:
            x, y = a.value, b
            operands = (None, a.slot, b if type(b) is float else Literal(b))
            key = (1, type(x), type(y))
        elif a.level is b.level:
            x, y = a.value, b.value
            operands = (None, a.slot, b.slot)
            key = (3, type(x), type(y))
        else:
            return youngest((a, b)).call(f, (a, b), {})
        try:
            rule = f.bound_rules[key]
        except KeyError:
            rule = bind(f, key[0], (x, y))
        answer = rule(x, y)
        if answer is NotImplemented:
            raise no_rule(f, key[1:])
        z, back = answer
        if type(z) is not float or back is None:
            return self._append(f, operands, z, back)
        recorded = Tracked(z, self, len(self.backs))
        self.functions.append(f)
        self.operands.append(operands)
        self.backs.append(back)
        self.spaces.append(float)
        return recorded

    def _append(self, f: Any, operands: tuple[Any, ...], y: Array, back: Any) -> Any:
        """Append a line for the value `y`, or for each of a tuple, and return it recorded."""
        if back is None:
            return constant(y)
        recorded = Tracked(y, self, len(self.backs))
        self.functions.append(f)
        self.operands.append(operands)
        self.backs.append(back)
        try:
            self.spaces.append((y.dtype, y.shape))
        except AttributeError:
            self.spaces.append(sketch(y))
            if type(y) is tuple:
                return self._append_items(recorded.slot, y)
        return recorded

    def _unwrap_sequence(self, sequence: Any) -> tuple[tuple[Any, ...], list[Any]]:
        """Return the slots (None for what is not recorded here) and the values of a sequence."""
        mine = [type(x) is Tracked and x.level is self for x in sequence]
        slots = tuple(
            x.slot if is_mine else None for x, is_mine in zip(sequence, mine, strict=True)
        )
        values = [
            x.value if is_mine else released(x) for x, is_mine in zip(sequence, mine, strict=True)
        ]
        return slots, values

    def _append_items(self, whole: int, ys: tuple[Any, ...]) -> tuple[Tracked, ...]:
        """Append a line for each item of the tuple at slot `whole`."""
        return tuple(
            [
                self._append(
                    F.getitem,
                    (None, whole, Literal(i)),
                    y,
                    functools.partial(_item_back, i, len(ys)),
                )
                for i, y in enumerate(ys)
            ]
        )

    # --- The reverse sweep -------------------------------------------------------------------

    def seed(self, slot: int, dy: Array, y: Array) -> Any:
        """Return the sensitivity `dy` of the value `y` as the pullback of its line takes it."""
        if type(dy) is float and getattr(self.backs[slot], "takes_number", False):
            return dy
        return fit(dy, y)

    def sweep(self, seeds: list[tuple[int, Any]], *, keep: bool = True) -> list[Any]:
        """Return the gradients of the inputs, None where nothing flows.

        Args:
            seeds: slots and the sensitivities that enter there.
            keep: False drops each line with what it holds as soon as it is used.
        """
        gradients: list[Any] = [None] * len(self.backs)
        ours: set[int] = set()  # slots whose gradient is a sum, which nobody else has
        for slot, dy in seeds:
            gradients[slot] = accumulate(gradients[slot], dy)
        if keep:
            last_operands = reversed(self.operands).__next__
            last_back = reversed(self.backs).__next__
        else:
            last_operands, last_back = self.operands.pop, self.backs.pop
        last_gradient = gradients.pop
        for _ in range(len(gradients) - self.inputs):
            operands, back, dy = last_operands(), last_back(), last_gradient()
            if dy is None:
                continue
            if type(back) is tuple:  # the partial derivatives themselves, of Python's numbers
                for operand, partial in zip(operands, back):  # noqa: B905
                    if partial is not None and type(operand) is int:
                        old = gradients[operand]
                        gradients[operand] = dy * partial if old is None else old + dy * partial
                continue
            for operand, g in zip(operands, back(dy)):  # noqa: B905 (strict costs a tenth here)
                if g is None:
                    continue
                if type(operand) is int:
                    old = gradients[operand]
                    if old is None:
                        gradients[operand] = g
                    elif type(old) in _ADDED_BY_OPERATOR:
                        gradients[operand] = old + g
                    elif operand in ours:
                        gradients[operand] = added_to(old, g)
                    else:
                        gradients[operand] = accumulate(old, g)
                        ours.add(operand)
                elif type(operand) is tuple:
                    for place, item in zip(operand, g, strict=True):
                        if place is not None:
                            gradients[place] = accumulate(gradients[place], item)
        return gradients

    # --- Inspection --------------------------------------------------------------------------

    def __repr__(self) -> str:
        return listing(self)


def _item_back(i: int, n: int, dy: Array) -> tuple[Any, ...]:
    """Pull back through taking item `i` of a tuple of `n`."""
    return None, (*(None,) * i, dy, *(None,) * (n - i - 1)), None
