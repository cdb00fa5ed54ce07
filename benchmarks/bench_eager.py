"""The eager tape on NumPy arrays, against the same gradients by hand and by other libraries.

Run by `make bench`. Each way is timed in several turns, the ways taking turns within one process,
and the table printed at the end compares the best of all rounds. NOTES.md says what was expected.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import by_hand
import numpy as np
import others
import pytest
from table import Figure

import gpugrad as gg
from gpugrad import nn, optim, xp

TURNS = 3
CHAIN = 100


@dataclass
class Case:
    """One computation in several ways, each a function without arguments of the same result."""

    figure: Figure
    ways: dict[str, Callable[[], Any]]


# --- Chains of one operation on 0-d arrays -------------------------------------------------------


def chain(name: str, step: Callable[..., Any], hand: Callable[..., Any], *values: float) -> Case:
    arrays = [np.array(value) for value in values]

    def f(y: Any, *rest: Any) -> Any:
        for _ in range(CHAIN):
            y = step(y, *rest)
        return y

    def ours() -> Any:
        y, back = gg.pullback(f, *arrays)
        return y, *back(1.0)[1:]

    figure = Figure(f"{name} of 0-d arrays, per operation", per=CHAIN, beyond=3)
    return Case(figure, {"by hand": lambda: hand(*arrays, CHAIN), "gpugrad": ours})


def add(y: Any, a: Any) -> Any:
    return y + a


def multiply(y: Any, a: Any) -> Any:
    return y * a


def divide(y: Any, a: Any) -> Any:
    return y / a


CHAINS = [
    chain("add", add, by_hand.add_chain, 0.5, 0.1),
    chain("multiply", multiply, by_hand.multiply_chain, 0.5, 0.99),
    chain("divide", divide, by_hand.divide_chain, 0.5, 1.01),
    chain("xp.tanh", xp.tanh, by_hand.tanh_chain, 0.5),
    chain("np.sin", np.sin, by_hand.sin_chain, 0.5),
]

# --- Programs ------------------------------------------------------------------------------------


def parameters_of(model: Any) -> list[Any]:
    return [p for layer in model for p in (layer.weight, layer.bias)]


def moons() -> Case:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    onehot = np.eye(2)[rng.integers(0, 2, 200)]
    sizes = [(2, 16), (16, 16), (16, 2)]
    model = nn.Chain(*[nn.Dense(*size, gg.relu, rng=rng, dtype=np.float64) for size in sizes])
    parameters = parameters_of(model)
    rule = optim.Descent(0.5)
    state = rule.init(model)

    def loss(model: Any) -> Any:
        return gg.logit_cross_entropy(model(x), onehot)

    value_and_grad = gg.value_and_grad(loss)

    def ours() -> Any:
        value, gradient = value_and_grad(model)
        new, _ = rule.update(model, gradient, state)
        return value, parameters_of(new)

    ways = {"by hand": lambda: by_hand.moons_step(parameters, x, onehot, 0.5), "gpugrad": ours}
    ways |= others.moons(parameters, x, onehot, 0.5)
    return Case(Figure("moons 2-16-16-2, one step", ratio=1.5), ways)


def power() -> Case:
    def f(x: float, n: int) -> float:
        y = 1.0
        while n > 0:
            y = y * x
            n = n - 1
        return y

    value_and_grad = gg.value_and_grad(f)
    ways = {
        "by hand": lambda: by_hand.power(1.01, 50),
        "gpugrad": lambda: value_and_grad(1.01, 50),
    }
    return Case(Figure("x**50, a loop over floats", below=60), ways)


def recurrence() -> Case:
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(32, 32)) / 6, rng.normal(size=32)
    xs = rng.normal(size=200).tolist()

    def f(W: Any, b: Any) -> Any:
        h = np.zeros(32)
        for x in xs:
            h = xp.tanh(W @ h + b * x)
        return xp.sum(h * h)

    def ours() -> Any:
        value, gradients = value_and_grad(W, b)
        return value, *gradients

    value_and_grad = gg.value_and_grad(f, argnums=(0, 1))
    ways = {"by hand": lambda: by_hand.recurrence(W, b, xs), "gpugrad": ours}
    return Case(Figure("tanh recurrence, 200 steps of 32", ratio=5), ways)


def chain_of_floats(operations: int) -> Case:
    n = operations // 2

    def f(y: float, a: float) -> float:
        for _ in range(n):
            y = xp.sin(a * y)
        return y

    def ours() -> Any:
        y, back = gg.pullback(f, 0.5, 1.01)
        return y, *back(1.0)[1:]

    ways = {"by hand": lambda: by_hand.chain_of_floats(0.5, 1.01, n), "gpugrad": ours}
    return Case(Figure("10⁶ operations on floats, each", per=operations), ways)


CASES = [*CHAINS, moons(), power(), recurrence()]
MILLION_OPERATIONS = chain_of_floats(1_000_000)


def numbers(result: Any) -> list[Any]:
    """Return the arrays and numbers in a result, in order."""
    if isinstance(result, (tuple, list)):
        return [number for part in result for number in numbers(part)]
    return [np.asarray(result)]


def check(case: Case, way: str) -> None:
    """Assert that a way computes the value and the gradients that were derived by hand."""
    results = numbers(case.ways[way]()), numbers(case.ways["by hand"]())
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("case", "way"),
    [
        pytest.param(case, way, id=f"{case.figure.name}: {way}")
        for case in CASES
        for way in case.ways
    ],
)
@pytest.mark.parametrize("turn", range(TURNS))
def test_time(measure: Any, case: Case, way: str, turn: int) -> None:
    check(case, way)
    measure(case.figure, way, case.ways[way])


@pytest.mark.parametrize("way", MILLION_OPERATIONS.ways)
def test_million_operations(measure: Any, way: str) -> None:
    check(chain_of_floats(1000), way)
    measure(MILLION_OPERATIONS.figure, way, MILLION_OPERATIONS.ways[way], once=True)


def test_memory(table: Any) -> None:
    case = next(case for case in CASES if case.figure.name.startswith("moons"))
    peaks = {way: peak(case.ways[way]) / 1024 for way in ("by hand", "gpugrad")}
    units = 16 + 16 + 2
    parameters = 2 * 16 + 16 + 16 * 16 + 16 + 16 * 2 + 2
    floor = 8 * (200 * units + parameters) / 1024
    table.remarks.append(
        f"moons step, peak memory: {peaks['gpugrad']:.0f} KiB; by hand {peaks['by hand']:.0f} KiB; "
        f"the layers' outputs and one set of gradients are {floor:.0f} KiB"
    )


def peak(function: Callable[[], Any]) -> int:
    """Return how many bytes a call needs at most, the result included."""
    function()
    tracemalloc.start()
    function()
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest
