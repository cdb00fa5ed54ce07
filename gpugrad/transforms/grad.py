"""Transformations: functions that return the derivative of a function as a function."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from gpugrad.dispatch.kinds import kind_of, shape_of
from gpugrad.errors import ArgumentError, OutputError
from gpugrad.modes.tape import Tape
from gpugrad.structure.nodes import NOTHING
from gpugrad.structure.spaces import Space
from gpugrad.tracing.calls import Inputs, Outputs, check_not_left, name_of, record, recordable


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that computes the gradient of `f`, as JAX's `grad`.

    Args:
        f: a function whose value is a real number (a Python float, or an array of shape ()).
        argnums: which positional argument, or which ones, to differentiate by.
        has_aux: whether `f` returns `(value, aux)`; the gradient then comes as `(gradient, aux)`.

    Returns:
        A function of the arguments of `f` that returns the gradient (for several `argnums`, a tuple
        of gradients): of the argument's structure, type, shape, data type and device; a Tangent for
        an object. Where nothing flows it is zero; what is no floating number has None.

    Raises:
        OutputError: the value is no real number.
        ArgumentError: `argnums` names no argument, or one without a floating number in it.

    Example:
        >>> import math
        >>> grad(lambda x: x**3)(2.0)
        12.0
    """
    with_value = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f, assigned=("__module__", "__doc__"), updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = with_value(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    gradient.__name__ = gradient.__qualname__ = f"grad({name_of(f)})"
    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that computes `(value, gradient)` of `f` in one pass. See `grad`.

    With `has_aux` it returns `((value, aux), gradient)`.

    Example:
        >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
        (10.0, (5.0, 2.0))
    """
    name = name_of(f)
    several = isinstance(argnums, Sequence)
    wanted = tuple(argnums) if several else (argnums,)
    recorded_f = recordable(f)
    places_among = functools.cache(functools.partial(_places, name, wanted))

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        places = places_among(len(args))
        tape = Tape()
        inputs = Inputs(tape.record_inputs, tuple([args[place] for place in places]))
        _check_floating(name, inputs, args, places)
        chosen = inputs.take()
        full = list(args)
        for place, argument in zip(places, chosen, strict=True):
            full[place] = argument
        y = record(inputs, recorded_f, full, kwargs, name)
        aux = None
        if has_aux:
            y, aux = _split_aux(name, y)
        outputs = Outputs(tape, y)
        check_not_left("grad", name, tape, y)
        seeds = _seeds(name, tape, outputs)
        gradients = inputs.gradients(tape.sweep(seeds, keep=False), zeros=True)
        found = gradients if several else gradients[0]
        value = outputs.value
        return ((value, Outputs(tape, aux).value), found) if has_aux else (value, found)

    value_and_gradient.__name__ = value_and_gradient.__qualname__ = f"value_and_grad({name})"
    return value_and_gradient


def _places(name: str, wanted: tuple[int, ...], count: int) -> tuple[int, ...]:
    places = tuple([operator.index(place) for place in wanted])
    if not (places and -count <= min(places) and max(places) < count):
        raise ArgumentError(
            f"grad({name}): argnums={wanted} but {count} positional arguments were given. "
            f"Pass what to differentiate by position"
        )
    places = tuple([place % count for place in places])
    if len(set(places)) < len(places):
        raise ArgumentError(f"grad({name}): argnums={wanted} names an argument twice. Name it once")
    return places


def _check_floating(name: str, inputs: Inputs, args: Any, places: tuple[int, ...]) -> None:
    for place, node in zip(places, inputs.nodes, strict=True):
        if node is NOTHING:
            given = type(args[place]).__name__
            raise ArgumentError(
                f"grad({name}): argument {place}, of type {given}, holds no floating number to "
                f"differentiate by. Pass a float (2.0, not 2) or an array of a floating data type"
            )


def _split_aux(name: str, y: Any) -> tuple[Any, Any]:
    if not isinstance(y, tuple) or len(y) != 2:
        raise OutputError(f"grad({name}, has_aux=True): {name} must return (value, aux)")
    return y


def _seeds(name: str, tape: Tape, outputs: Outputs) -> list[tuple[int, Any]]:
    """Return where the sensitivity 1 enters; raise OutputError if the value is no real number."""
    if len(outputs.leaves) != 1 or outputs.value is not outputs.leaves[0]:
        raise OutputError(
            f"grad({name}): {name} returned a {type(outputs.value).__name__}, not one floating "
            f"number. Return the number to differentiate, or use pullback({name}, ...)"
        )
    y = outputs.leaves[0]
    if shape_of(y) != () or kind_of(y) != "f":
        raise OutputError(
            f"grad({name}): {name} returned {Space.of(y)}, not one real number. "
            f"Sum it (or take its real part), or use pullback({name}, ...)"
        )
    slot = outputs.slots[0]
    return [] if slot is None else [(slot, tape.seed(slot, 1.0, y))]
