"""Arrays are freed when `back` goes, without the garbage collector; and a step needs little."""

import contextlib
import gc
import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp

RNG = np.random.default_rng(0)
BIG = 1 << 16
"""Elements of an array that shows among all else that is allocated: half a megabyte."""


@pytest.fixture
def no_collector():
    """Switch the garbage collector off, after it has done its work."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Counted(np.ndarray):
    """An array that is counted while it lives, and so is all that is computed from it."""

    alive = 0

    def __array_finalize__(self, obj):
        Counted.alive += 1

    def __del__(self):
        Counted.alive -= 1


def counted(*shape):
    return RNG.uniform(0.5, 1.5, shape).view(Counted)


# --- Programs that must leave nothing --------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any

    def __call__(self, x):
        return xp.tanh(x @ self.weight + self.bias)


def network():
    return [Layer(counted(4, 4), counted(4)) for _ in range(2)]


def loss(layers, x):
    for layer in layers:
        x = layer(x)
    return xp.mean(x * x)


def one_pullback():
    _, back = gg.pullback(loss, network(), counted(3, 4))
    back(1.0)


def pullback_called_twice():
    _, back = gg.pullback(loss, network(), counted(3, 4))
    back(1.0)
    back(2.0)


def dropped_pullback():
    gg.pullback(loss, network(), counted(3, 4))


def one_value_and_grad():
    gg.value_and_grad(loss)(network(), counted(3, 4))


def nested_gradients():
    def penalty(x):
        return xp.sum(gg.grad(loss, 1)(layers, x) ** 2)

    layers = network()
    gg.grad(penalty)(counted(3, 4))
    gg.pullback(lambda x: gg.pullback(loss, layers, x)[1](1.0)[2], counted(3, 4))[1](1.0)


def make_recursive_closure(weight):
    def power(x, n):
        return weight if n == 0 else x * power(x, n - 1)

    return power


def make_mutually_recursive_closures(weight):
    def even(x, n):
        return x if n == 0 else weight * odd(x, n - 1)

    def odd(x, n):
        return x if n == 0 else weight * even(x, n - 1)

    return even


def recorded_recursion(make):
    weight = counted(3)
    f = make(weight)
    try:
        gg.pullback(f, counted(3), 3)[1](1.0)
        gg.pullback(f, counted(3), 3)
        gg.grad(lambda x: xp.sum(f(x, 3)))(counted(3))
    finally:
        for cell in f.__closure__:  # the caller's own cycle
            inner = cell.cell_contents
            if callable(inner) and inner.__closure__:
                for inner_cell in inner.__closure__:
                    inner_cell.cell_contents = None
            cell.cell_contents = None


def recursive_closures():
    recorded_recursion(make_recursive_closure)


def mutually_recursive_closures():
    recorded_recursion(make_mutually_recursive_closures)


def failing_function():
    def f(x):
        y = x * x
        raise ValueError(y.shape)

    for call in (lambda: gg.pullback(f, counted(3)), lambda: gg.grad(f)(counted(3))):
        with contextlib.suppress(ValueError):
            call()


def failing_sensitivity():
    _, back = gg.pullback(lambda x: x * x, counted(3))
    with contextlib.suppress(gg.GpugradError):
        back(np.ones(5))


def views_assignments_and_iteration():
    def f(x):
        first, second = x[0], x[1]
        y = xp.zeros_like(x)
        y[0] = first * second
        y[1:] += x[1:] * 2
        for row in x:
            y = y + row
        a, b, c = y.T
        return a * b + c

    gg.pullback(f, counted(2, 3))[1](1.0)


def stale_views():
    def f(x):
        row = x[0]
        row *= 2
        return x * 1

    with contextlib.suppress(gg.GpugradError):
        gg.pullback(f, counted(2, 3))


@gg.primitive
def opaque(x, pair):
    return x * pair[0], pair[1]


@gg.rrule.register(opaque)
def opaque_rrule(f, x, pair):
    def opaque_back(dys):
        return None, dys[0] * pair[0], (dys[0] * x, dys[1])

    return opaque(x, pair), opaque_back


def opaque_functions():
    def f(x, y):
        a, b = opaque(x, (y, y * y))
        return a * b

    _, back = gg.pullback(f, counted(3), counted(3))
    back(1.0)
    repr(back.tape)
    gg.pullback(opaque, counted(3), (counted(3), counted(3)))
    gg.grad(lambda x: xp.sum(gg.grad(lambda y: xp.sum(f(x, y)))(x)))(counted(3))


def opaque_functions_that_fail():
    with contextlib.suppress(IndexError):
        gg.pullback(opaque, counted(3), counted(1))


def mapped_functions():
    gg.pullback(map, lambda a, b: a * b, [counted(2)] * 2, [counted(2)] * 2)


def sequences_and_structures():
    def f(p):
        y = xp.concat([p["a"], p["b"][0] * 2])
        return {"y": xp.stack([y, y]), "a": p["a"]}

    gg.pullback(f, {"a": counted(2), "b": (counted(2), "label")})[1]({"y": 1.0})


def printed_tape():
    _, back = gg.pullback(loss, network(), counted(3, 4))
    repr(back.tape)


PROGRAMS = [
    one_pullback,
    pullback_called_twice,
    dropped_pullback,
    one_value_and_grad,
    nested_gradients,
    recursive_closures,
    mutually_recursive_closures,
    failing_function,
    failing_sensitivity,
    views_assignments_and_iteration,
    stale_views,
    opaque_functions,
    opaque_functions_that_fail,
    mapped_functions,
    sequences_and_structures,
    printed_tape,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_no_array_outlives_its_pullback(program, no_collector):
    program()  # what is remembered by type is remembered now
    before = Counted.alive
    for _ in range(20):
        program()
    assert Counted.alive == before


def test_a_thousand_pullbacks_leave_no_array_alive(no_collector):
    layers, x = network(), counted(3, 4)
    one_pullback()
    before = Counted.alive
    for _ in range(1000):
        gg.pullback(loss, layers, x)[1](1.0)
    for _ in range(1000):
        gg.value_and_grad(loss)(layers, x)
    assert Counted.alive == before


def test_the_collector_finds_nothing_after_gradients(no_collector):
    programs = (one_pullback, nested_gradients, opaque_functions, views_assignments_and_iteration)
    for program in programs:  # rules are made at their first use, by modules that leave cycles
        program()
    gc.collect()
    for program in programs * 3:
        program()
    assert gc.collect() == 0


def test_what_back_holds_goes_with_it(no_collector):
    x = counted(3)
    before = Counted.alive
    y, back = gg.pullback(lambda x: xp.exp(xp.sin(x)), x)
    del y
    assert Counted.alive == before + 1  # exp needs its value
    del back
    assert Counted.alive == before


# --- How much a step needs -------------------------------------------------------------------


def peak_of(call):
    """Return the most bytes that were allocated at once during a call, and after it."""
    call()
    gc.collect()
    tracemalloc.start()
    try:
        result = call()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del result
    return peak, held


SLACK = 3.2
"""Arrays in flight: the sensitivity, the next one, and what a rule computes between them."""


def test_a_deep_elementwise_chain_needs_its_activations_alone():
    depth = 40

    def f(x):
        for _ in range(depth):
            x = xp.tanh(x)
        return xp.sum(x)

    x = RNG.normal(size=BIG)
    peak, held = peak_of(lambda: gg.value_and_grad(f)(x))
    assert peak < (depth + SLACK) * x.nbytes
    assert held < 1.1 * x.nbytes


def test_a_deep_network_needs_its_activations_and_one_set_of_gradients():
    depth, width, batch = 12, 128, 512

    def f(weights, x):
        for weight in weights:
            x = xp.tanh(x @ weight)
        return xp.mean(x * x)

    weights = [RNG.normal(size=(width, width)) / width**0.5 for _ in range(depth)]
    x = RNG.normal(size=(batch, width))
    activations, gradients = depth * x.nbytes, depth * weights[0].nbytes
    peak, held = peak_of(lambda: gg.value_and_grad(f)(weights, x))
    assert peak < activations + gradients + SLACK * x.nbytes
    assert held < 1.1 * gradients


def test_the_sweep_frees_activations_as_it_goes():
    depth = 30

    def f(x, weights):
        for weight in weights:  # each gradient is as large as an activation
            x = xp.tanh(x * weight)
        return xp.sum(x)

    x, weights = RNG.normal(size=BIG), [RNG.normal(size=BIG) for _ in range(depth)]
    peak, _ = peak_of(lambda: gg.value_and_grad(f, 1)(x, weights))
    # x * weight needs its x and tanh its y, which are the same arrays: `depth` of them; as a
    # gradient comes one of them goes.
    assert peak < (depth + SLACK + 1) * x.nbytes


CONSTANT = RNG.normal(size=BIG)

KEEPS_NOTHING = {
    "x + c": lambda x: x + CONSTANT,
    "x - c": lambda x: CONSTANT - x,
    "-x": lambda x: -x,
    "3 * x": lambda x: 3 * x,
    "reshape": lambda x: xp.reshape(x, (2, -1)),
    "slice": lambda x: x[::2] * 2,
    "sum": lambda x: xp.sum(x),
    "mean": lambda x: xp.mean(x),
    "concat": lambda x: xp.concat([x, CONSTANT])[0] * 2,
    "roll": lambda x: xp.roll(x, 1),
    "dropped": lambda x: (xp.zeros_like(x) * 2, x * 2)[1],
}


@pytest.mark.parametrize("f", KEEPS_NOTHING.values(), ids=KEEPS_NOTHING.keys())
def test_linear_functions_keep_no_array(f):
    x = RNG.normal(size=BIG)
    _, held = peak_of(lambda: gg.pullback(lambda x: xp.sum(f(x)), x)[1])
    assert held < 0.1 * x.nbytes


@pytest.mark.parametrize("times", [1, 20])
def test_constant_factors_are_kept_and_not_copied(times):
    def f(x):
        for _ in range(times):
            x = x * CONSTANT
        return x

    x = RNG.normal(size=BIG)
    _, held = peak_of(lambda: gg.pullback(lambda x: xp.sum(f(x)), x)[1])
    assert held < 0.1 * x.nbytes


def test_what_nobody_needs_of_a_product_is_not_kept():
    def f(weight):
        return xp.sum((weight * 1.5) @ CONSTANT.reshape(512, -1))

    weight = RNG.normal(size=(512, 512))
    _, held = peak_of(lambda: gg.pullback(f, weight)[1])
    assert held < 0.1 * weight.nbytes


# --- How long a recording may be -------------------------------------------------------------


def test_a_chain_of_a_million_operations():
    def f(x):
        y = x
        for _ in range(500_000):
            y = y * 0.999999 + 1e-6
        return y

    y, back = gg.pullback(f, 2.0)
    assert back(1.0)[1] == pytest.approx(0.999999**500_000, rel=1e-9)
    assert y == pytest.approx(1 + 0.999999**500_000, rel=1e-9)


def test_a_long_chain_of_arrays_is_freed_without_recursion():
    def f(x):
        for _ in range(100_000):
            x = x + 1.0
        return x

    y, back = gg.pullback(f, np.zeros(2))
    assert (y == 100_000).all()
    assert (back(1.0)[1] == 1).all()


def test_long_chains_of_views_and_assignments():
    def f(x):
        for _ in range(20_000):
            x = x[...]
            x[0] = x[0] * 1.0
        return x

    y, back = gg.pullback(f, np.ones(2))
    del y
    assert (back(1.0)[1] == 1).all()
