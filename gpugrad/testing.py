"""What is needed to test rules: gradients held against derivatives by numbers alone.

    from gpugrad.testing import check_frule, check_pullback, check_rrule

    check_rrule(my_function, x, y)

gpugrad's own rules are tested by these functions, on every row of a table of samples.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import array_api_compat
import numpy as np
from array_api_compat import is_cupy_array

from gpugrad import functions as F
from gpugrad.dispatch.kinds import kind_of, shape_of
from gpugrad.dispatch.libraries import is_array, library_of
from gpugrad.errors import ArgumentError, GpugradError, SensitivityError
from gpugrad.modes.pullback import pullback
from gpugrad.modes.pushforward import pushforward
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import callee
from gpugrad.structure.spaces import Space, sketch, zero_of
from gpugrad.structure.walk import Walk, opaque
from gpugrad.tracing.calls import name_of

STEP = 1e-3


class CheckError(GpugradError, AssertionError):
    """A derivative is not what it should be."""


def check_rrule(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rtol: float = 1e-7,
    atol: float = 1e-7,
    seed: int = 0,
    **kwargs: Any,
) -> None:
    """Check the reverse rule of `f` at these arguments.

    The value is that of `f`; the pullback returns a gradient for `f` and for every argument, of its
    structure, type, shape and data type, and returns the same when it is called again. Along a
    random direction, the gradient is the derivative by central differences of fourth order; so is
    the gradient of the gradient.

    Args:
        f: a function with a rule.
        args: its arguments, away from kinks. Floating arrays of a lower precision than 64 bits are
            checked twice: for their data type, and in double precision for the numbers.
        order: 1 for first derivatives alone, 2 for second ones, too.
        rtol: relative tolerance of the comparison with differences.
        atol: absolute tolerance; numbers of the order of one are good to ten digits or so.
        seed: seed of the random sensitivity and directions.
        kwargs: passed on to `f`.

    Raises:
        CheckError: a check failed; an AssertionError, too.
        ArgumentError: there is nothing floating among the arguments.

    Example:
        >>> import numpy as np
        >>> check_rrule(np.tanh, np.linspace(-1, 1, 5))
    """
    _check_reverse("rrule", f, functools.partial(rrule, f), args, kwargs, order, rtol, atol, seed)


def check_pullback(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rtol: float = 1e-7,
    atol: float = 1e-7,
    seed: int = 0,
    **kwargs: Any,
) -> None:
    """Check `pullback` and `pushforward` of any Python function, as `check_rrule` does a rule.

    The two are adjoint: ⟨dy, J dx⟩ = ⟨Jᵀ dy, dx⟩ for random dx and dy, to rounding. Arguments and
    value may be structures of numbers and arrays.

    Raises:
        CheckError: a check failed; an AssertionError, too.

    Example:
        >>> check_pullback(lambda point: point["x"] * point["y"], {"x": 2.0, "y": 3.0})
    """
    run = functools.partial(pullback, f)
    _check_reverse("pullback", f, run, args, kwargs, order, rtol, atol, seed)
    push = functools.partial(pushforward, f)
    _check_forward("pushforward", f, push, run, args, kwargs, order, rtol, atol, seed)


def check_frule(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rtol: float = 1e-7,
    atol: float = 1e-7,
    seed: int = 0,
    **kwargs: Any,
) -> None:
    """Check the forward rule of `f` at these arguments; see `check_rrule`.

    The tangent of the value has its structure, types, shapes and data types, is the derivative by
    central differences, the sum of those along each argument alone, and adjoint to the reverse
    rule, if there is one: ⟨dy, J dx⟩ = ⟨Jᵀ dy, dx⟩ for random dx and dy, to rounding. The tangent
    of the tangent is its derivative by central differences.

    Raises:
        CheckError: a check failed; an AssertionError, too.

    Example:
        >>> import numpy as np
        >>> check_frule(np.multiply, np.ones(3), np.arange(3.0))
    """

    def push(args: Any, tangents: Any, **kwargs: Any) -> Any:
        return frule(f, args, tangents, **kwargs)

    primitive, *_ = callee(f, args)
    run = functools.partial(rrule, f) if primitive.rrules or primitive.definition else None
    _check_forward("frule", f, push, run, args, kwargs, order, rtol, atol, seed)


# --- Derivatives by numbers alone --------------------------------------------------------------
def derivative(f: Callable[[float], Any]) -> Any:
    """Return f'(0), by central differences of fourth order.

    With arguments and derivatives of the order of one, it is good to ten digits or so.

    Args:
        f: a real-valued function of a Python float.
    """
    near = f(STEP) - f(-STEP)
    far = f(2 * STEP) - f(-2 * STEP)
    return (8 * near - far) / (12 * STEP)


def inner(a: Any, b: Any) -> float:
    """Return the real inner product Re Σ āᵢ bᵢ of two numbers, or two arrays of a shape."""
    a, b = _on_host(a), _on_host(b)
    return float(np.sum(np.real(np.conj(a) * b)))


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Return a random number or array of the type, shape, data type and device of `x`."""
    values: Any = rng.uniform(-1, 1, shape_of(x))
    if kind_of(x) == "c":
        values = values + 1j * rng.uniform(-1, 1, shape_of(x))
    if library_of(x) is None:
        return type(x)(values)
    if isinstance(x, np.generic):
        return x.dtype.type(values)
    xp = array_api_compat.array_namespace(x)
    return xp.asarray(values, dtype=x.dtype, device=array_api_compat.device(x))


def _on_host(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic, float, complex, int)):
        return x
    return np.asarray(array_api_compat.to_device(x, "cpu") if is_cupy_array(x) else x)


# --- A call, as a function of the numbers in its arguments -------------------------------------
@opaque
class _Call:
    """The call of a function at structures: its leaves, and its value at other leaves."""

    def __init__(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f = f
        self.args = args
        self.kwargs = kwargs
        self.name = name_of(f)
        walk = Walk()
        self.nodes = [walk.node(x) for x in args]
        self.leaves = walk.leaves
        if not self.leaves:
            raise ArgumentError(
                f"{self.name}: there is no floating number among the arguments to differentiate "
                f"by. Pass 2.0, not 2, and arrays of a floating data type"
            )

    def at(self, leaves: Any) -> tuple[Any, ...]:
        """Return the arguments with other leaves."""
        values = iter(leaves)
        pairs = zip(self.nodes, self.args, strict=True)
        return tuple([node.rebuild(old, values) for node, old in pairs])

    def __call__(self, *leaves: Any) -> Any:
        """Return the function's value at other leaves."""
        return self.f(*self.at(leaves), **self.kwargs)

    def structured(self, gradients: Any) -> tuple[Any, ...]:
        """Return leaves' gradients, or tangents, in the structure of the arguments."""
        remaining = iter(gradients)
        return tuple([node.gradient(remaining) for node in self.nodes])

    def flat(self, gradients: Any) -> list[Any]:
        """Return the leaves' gradients of structured ones."""
        pairs = zip(self.nodes, gradients, strict=True)
        return [g for node, gradient in pairs for g in node.scatter(gradient)]

    def directions(self, rng: np.random.Generator) -> list[Any]:
        """Return a random direction for each leaf."""
        return [random_like(x, rng) for x in self.leaves]

    def in_double(self) -> _Call:
        """Return the call at the same leaves in double precision."""
        return _Call(self.f, self.at([_doubled(x) for x in self.leaves]), self.kwargs)


def _doubled(x: Any) -> Any:
    if library_of(x) is None:
        return x
    xp = array_api_compat.array_namespace(x)
    return F.astype(x, xp.complex128 if kind_of(x) == "c" else xp.float64)


def _flat(y: Any) -> list[Any]:
    walk = Walk()
    walk.node(y)
    return walk.leaves


def _flat_value(name: str, y: Any) -> list[Any]:
    """Return the leaves of a value; raise ArgumentError where there is none."""
    leaves = _flat(y)
    if not leaves:
        raise ArgumentError(
            f"{name}: there is no floating number in its value, a {type(y).__name__}, and so no "
            f"derivative to check"
        )
    return leaves


def _like(y: Any, leaves: Any) -> Any:
    """Return leaves in the structure of `y`."""
    return Walk().node(y).gradient(iter(leaves))


def _total(products: Any) -> float:
    return sum(inner(a, b) for a, b in products)


# --- Checks ------------------------------------------------------------------------------------
def _check_reverse(
    what: str,
    f: Any,
    run: Any,
    args: Any,
    kwargs: Any,
    order: int,
    rtol: float,
    atol: float,
    seed: int,
) -> None:
    call = _Call(f, args, kwargs)
    _check_contract(what, call, run, seed)
    call = call.in_double()
    y, back = run(*call.args, **kwargs)
    rng = np.random.default_rng(seed)
    dys = [random_like(item, rng) for item in _flat(y)]
    _, *dargs = back(_like(y, dys))
    directions = call.directions(rng)
    for i, (x, v, g) in enumerate(zip(call.leaves, directions, call.flat(dargs), strict=True)):
        alone = [v if i == j else None for j in range(len(directions))]
        expected = derivative(
            lambda t, alone=alone: _total(zip(dys, _flat(_moved(call, alone, t)), strict=True))
        )
        actual = 0.0 if g is None else inner(g, v)
        _check_near(
            f"{what}({call.name}): gradient {i}, of {_shown(x)},", actual, expected, rtol, atol
        )
    if order > 1:
        _check_second(what, call, y, rtol, atol, rng)


def _moved(call: _Call, directions: list[Any], t: float) -> Any:
    """Return the value of a call, a step along the directions."""
    pairs = zip(call.leaves, directions, strict=True)
    return call(*[x if v is None else x + t * v for x, v in pairs])


def _check_contract(what: str, call: _Call, run: Any, seed: int) -> None:
    """Check types, shapes and repetition, in the arguments' own data types."""
    name = f"{what}({call.name})"
    before = [np.array(_on_host(x)) for x in call.leaves]
    expected = call(*call.leaves)
    y, back = run(*call.args, **call.kwargs)
    _check_same(f"{name}: the value", y, expected)
    rng = np.random.default_rng(seed)
    dy = _like(y, [random_like(item, rng) for item in _flat_value(call.name, y)])
    gradients = back(dy)
    if not isinstance(gradients, tuple) or len(gradients) != len(call.args) + 1:
        raise CheckError(
            f"{name}: the pullback returned {gradients!r}, not a tuple of {len(call.args) + 1}: "
            f"the gradient of {call.name}, and one for each argument"
        )
    for x, g in zip(call.leaves, call.flat(gradients[1:]), strict=True):
        if g is not None and Space.of(g) != Space.of(x):
            raise CheckError(
                f"{name}: the gradient of {_shown(x)} is {_shown(g)}: it must have the same type, "
                f"shape and data type"
            )
    _check_same(f"{name}: the pullback, called again,", back(dy)[1:], gradients[1:])
    for x, old in zip(call.leaves, before, strict=True):
        if not np.array_equal(_on_host(x), old, equal_nan=True):
            raise CheckError(f"{name}: an argument, {_shown(x)}, was written to")


def _check_second(
    what: str, call: _Call, y: Any, rtol: float, atol: float, rng: np.random.Generator
) -> None:
    """Check the gradient of ⟨weights, gradients⟩, by the arguments and by the sensitivity."""
    dys = [random_like(item, rng) for item in _flat(y)]
    weights = call.directions(rng)
    count = len(call.leaves)

    def projected(*values: Any) -> Any:
        value, back = pullback(call, *values[:count])
        _, *gradients = back(_like(value, values[count:]))
        pairs = zip(weights, gradients, strict=True)
        return sum((_product(w, g) for w, g in pairs if g is not None), 0.0)

    inputs = [*call.leaves, *dys]
    _, back = pullback(projected, *inputs)
    _, *gradients = back(1.0)
    directions = [random_like(x, rng) for x in inputs]

    def first(t: float) -> float:
        return float(projected(*[x + t * v for x, v in zip(inputs, directions, strict=True)]))

    pairs = zip(gradients, directions, strict=True)
    actual = _total((g, v) for g, v in pairs if g is not None)
    _check_near(
        f"{what}({call.name}): the second derivative", actual, derivative(first), rtol, atol
    )


def _product(w: Any, g: Any) -> Any:
    """Return the real inner product of a constant and a recorded gradient, recorded."""
    product = F.multiply(F.conj(w) if kind_of(w) == "c" else w, g)
    product = F.real(product) if kind_of(product) == "c" else product
    return F.sum(product) if shape_of(product) else product


def _check_forward(
    what: str,
    f: Any,
    push: Any,
    run: Any,
    args: Any,
    kwargs: Any,
    order: int,
    rtol: float,
    atol: float,
    seed: int,
) -> None:
    call = _Call(f, args, kwargs)
    name = f"{what}({call.name})"
    rng = np.random.default_rng(seed)
    _push(name, call, push, call.directions(rng))
    call = call.in_double()
    tangents = call.directions(rng)
    y, moved = _push(name, call, push, tangents)
    dys = [random_like(item, rng) for item in y]
    actual = _total(zip(dys, moved, strict=True))
    expected = derivative(lambda t: _total(zip(dys, _flat(_moved(call, tangents, t)), strict=True)))
    _check_near(f"{name}: the tangent", actual, expected, rtol, atol)
    parts = 0.0
    for i, v in enumerate(tangents):
        alone = [v if i == j else None for j in range(len(tangents))]
        parts += _total(zip(dys, _push(name, call, push, alone)[1], strict=True))
    _check_near(f"{name}: the sum over the arguments", parts, actual, 1e-10, 1e-10)
    if run is not None:
        value, back = run(*call.args, **kwargs)
        _, *gradients = back(_like(value, dys))
        pairs = zip(call.flat(gradients), tangents, strict=True)
        reverse = _total((g, v) for g, v in pairs if g is not None)
        _check_near(f"{name}: ⟨dy, J dx⟩, against ⟨Jᵀ dy, dx⟩,", actual, reverse, 1e-10, 1e-10)
    if order > 1:
        _check_second_forward(name, call, push, tangents, dys, rtol, atol, rng)


def _check_second_forward(
    name: str,
    call: _Call,
    push: Any,
    tangents: list[Any],
    dys: list[Any],
    rtol: float,
    atol: float,
    rng: np.random.Generator,
) -> None:
    """Check how ⟨dys, the tangent of the value⟩ moves with the arguments and the tangents."""
    count = len(call.leaves)

    def projected(*values: Any) -> Any:
        y, dy = push(call.at(values[:count]), call.structured(values[count:]), **call.kwargs)
        pairs = zip(dys, Walk().node(y).scatter(dy), strict=True)
        return sum((_product(w, t) for w, t in pairs if t is not None), 0.0)

    inputs = [*call.leaves, *tangents]
    directions = [random_like(x, rng) for x in inputs]
    _, actual = pushforward(projected, inputs, directions)
    pairs = list(zip(inputs, directions, strict=True))
    expected = derivative(lambda t: float(projected(*[x + t * v for x, v in pairs])))
    _check_near(f"{name}: the tangent of the tangent", actual, expected, rtol, atol)


def _push(name: str, call: _Call, push: Any, tangents: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the leaves of the value, and their tangents; check their types and shapes."""
    y, dy = push(call.args, call.structured(tangents), **call.kwargs)
    _check_same(f"{name}: the value", y, call(*call.leaves))
    leaves = _flat_value(call.name, y)
    moved = [
        zero_of(x) if t is None else t
        for x, t in zip(leaves, Walk().node(y).scatter(dy), strict=True)
    ]
    for x, t in zip(leaves, moved, strict=True):
        if sketch(t) != sketch(x):
            raise CheckError(
                f"{name}: the tangent of {_shown(x)} is {_shown(t)}: it must have the same shape "
                f"and data type"
            )
    return leaves, moved


def _check_same(what: str, actual: Any, expected: Any) -> None:
    """Check that two structures hold the same numbers, but for rounding."""
    try:
        found = Walk().node(expected).scatter(_like(actual, _flat(actual)))
    except SensitivityError as error:
        raise CheckError(f"{what} is not of the structure that it should have: {error}") from None
    for a, b in zip(found, _flat(expected), strict=True):
        if a is None:
            raise CheckError(f"{what} is missing where {_shown(b)} is expected")
        if sketch(a) != sketch(b):
            raise CheckError(f"{what} is {_shown(a)}, expected {_shown(b)}")
        a, b = _on_host(a), _on_host(b)
        least = 16 * np.finfo(np.asarray(b).dtype).eps
        scale = np.max(np.abs(b), initial=0.0, where=np.isfinite(b))
        if not np.allclose(a, b, rtol=least, atol=least * scale, equal_nan=True):
            raise CheckError(f"{what} is {a!r}, expected {b!r}")
    for a, b in itertools.zip_longest(_constants(actual), _constants(expected)):
        if not np.array_equal(_on_host(a), _on_host(b)):
            raise CheckError(f"{what} has {a!r} in it, expected {b!r}")


def _constants(y: Any) -> Iterator[Any]:
    """Yield the whole numbers and truth values in lists, tuples and dictionaries."""
    if isinstance(y, (tuple, list, dict)):
        for item in y.values() if isinstance(y, dict) else y:
            yield from _constants(item)
    elif (is_array(y) or type(y) in (int, bool)) and kind_of(y) not in "fc":
        yield y


def _check_near(what: str, actual: float, expected: float, rtol: float, atol: float) -> None:
    if not abs(actual - expected) <= atol + rtol * abs(expected):
        raise CheckError(f"{what} is {actual!r} along a random direction, expected {expected!r}")


def _shown(x: Any) -> str:
    return f"{type(x).__name__} {Space.of(x)}"
