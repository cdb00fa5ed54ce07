"""pullback: run a function on a tape, and return its value and the way back.

y, back = pullback(f, x)
df, dx = back(dy)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad.modes.tape import Tape
from gpugrad.structure.walk import opaque
from gpugrad.tracing.calls import Inputs, Outputs, name_of, record, recordable


@opaque
class Pullback:
    """The way back through one recorded call; its `repr` is ∂(f).

    Called with a sensitivity of the structure, shape and data type of the value (a number
    broadcasts), it returns `(df, *dargs)`. It may be called again. `tape` is the Wengert list.
    """

    def __init__(self, name: str, tape: Tape, inputs: Inputs, outputs: Outputs) -> None:
        self.name = name
        self.tape = tape
        self._inputs = inputs
        self._outputs = outputs

    def __call__(self, dy: Any) -> tuple[Any, ...]:
        """Return `(df, *dargs)` for a sensitivity; raise SensitivityError where it does not fit."""
        seeds = self._outputs.seeds(self.name, self.tape.seed, dy)
        return self._inputs.gradients(self.tape.sweep(seeds))

    def __repr__(self) -> str:
        return f"∂({self.name})"


def pullback(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Pullback]:
    """Run `f(*args, **kwargs)` and return its value and its pullback.

    Args:
        f: any Python function or callable object. Branches, loops, recursion, closures and
            containers need no special form.
        args: numbers, arrays, or structures of them (tuples, lists, dicts, dataclasses, objects).
        kwargs: passed on as they are; no gradient is returned for them.

    Returns:
        `y, back`, where `back(dy)` returns `(df, *dargs)`: the gradient of what the function
        captured (a Tangent named by the captured variables) or of a callable object's fields, then
        of each argument, of the argument's structure, type, shape, data type and device. None
        stands for no gradient. Gradients may share memory: do not write into them in place.

    Raises:
        OutputError: the function returned nothing.
        NoRuleError: a function without a rule was called on a recorded value.

    Example:
        >>> import gpugrad as gg
        >>> y, back = gg.pullback(lambda x, n: x**n, 3.0, 2)
        >>> y, back(1.0)
        (9.0, (None, 6.0, None))
    """
    name = name_of(f)
    tape = Tape()
    inputs = Inputs(tape.record_inputs, (recordable(f), *args))
    recorded_f, *recorded_args = inputs.take()
    y = record(inputs, recorded_f, recorded_args, kwargs, name)
    outputs = Outputs(tape, y)
    return outputs.value, Pullback(name, tape, inputs, outputs)
