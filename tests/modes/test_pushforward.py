"""Forward mode: what dual values do in any Python function, alone and nested with tapes."""

import dataclasses
import functools
import gc
import math
import threading
import weakref

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.errors import ArgumentError, NoRuleError, OutputError, SensitivityError
from gpugrad.testing import derivative, inner


def f(x):
    return 5 * xp.sin(xp.log(x))


# --- Numbers ---------------------------------------------------------------------------------


def test_derivative_of_the_talk():
    assert gg.D(f, 3.0) == 5 * math.cos(math.log(3)) / 3


@pytest.mark.parametrize(
    "second",
    [
        lambda x: gg.D(functools.partial(gg.D, f), x),
        lambda x: gg.D(gg.grad(f), x),
        lambda x: gg.grad(functools.partial(gg.D, f))(x),
        lambda x: gg.grad(gg.grad(f))(x),
    ],
)
def test_second_derivative_by_every_pair_of_modes(second):
    u = math.log(3)
    assert second(3.0) == pytest.approx(-5 * (math.sin(u) + math.cos(u)) / 9, rel=1e-14)


def test_ninth_derivative_by_nesting():
    g = xp.exp
    for _ in range(9):
        g = functools.partial(gg.D, g)
    assert g(0.5) == pytest.approx(math.exp(0.5), rel=1e-14)


def test_derivative_of_a_constant_is_zero():
    assert gg.D(lambda x: 2.0, 3.0) == 0.0
    assert gg.pushforward(lambda x: (x, 7, "name"), (1.0,), (2.0,)) == (
        (1.0, 7, "name"),
        (2.0, None, None),
    )


def test_perturbations_are_not_confused():
    assert gg.D(lambda x: x * gg.D(lambda y: x + y, 1.0), 1.0) == 1.0
    assert gg.grad(lambda x: x * gg.D(lambda y: x + y, 1.0))(1.0) == 1.0
    assert gg.D(lambda x: x * gg.grad(lambda y: x + y)(1.0), 1.0) == 1.0
    assert gg.D(lambda x: gg.D(lambda y: x * x * y, 5.0), 3.0) == 6.0


def test_control_flow_recursion_and_keywords():
    def power(x, *, n):
        return 1.0 if n == 0 else x * power(x, n=n - 1)

    y, dy = gg.pushforward(power, (2.0,), (1.0,), n=5)
    assert (y, dy) == (32.0, 80.0)
    assert gg.D(lambda x: x if x > 1 else -x, 0.5) == -1.0


def test_complex_numbers():
    y, dy = gg.pushforward(lambda z: abs(z) ** 2, (1 + 2j,), (1j,))
    assert y == pytest.approx(5.0)
    assert dy == pytest.approx(4.0)
    assert isinstance(dy, float)
    assert gg.pushforward(lambda z: z * z, (1 + 2j,), (1.0,))[1] == 2 + 4j


# --- Arrays and structures -------------------------------------------------------------------


def test_product_of_jacobian_and_vector():
    rng = np.random.default_rng(0)
    a, x, v = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    y, dy = gg.pushforward(lambda x: np.tanh(a @ x), (x,), (v,))
    np.testing.assert_allclose(y, np.tanh(a @ x))
    np.testing.assert_allclose(dy, (1 - np.tanh(a @ x) ** 2) * (a @ v), rtol=1e-14)


@dataclasses.dataclass(frozen=True)
class Line:
    slope: np.ndarray
    offset: float
    name: str = "line"

    def __call__(self, x):
        return self.slope * x + self.offset


def test_tangent_of_an_object_is_a_tangent():
    line = Line(np.array([1.0, 2.0]), 3.0)
    tangent = gg.Tangent(slope=np.array([1.0, 0.0]), offset=None, name=None)
    y, dy = gg.pushforward(lambda line, x: {"y": line(x)}, (line, 2.0), (tangent, None))
    np.testing.assert_array_equal(y["y"], [5.0, 7.0])
    np.testing.assert_array_equal(dy["y"], [2.0, 0.0])


def test_object_returned_moves_as_a_tangent():
    y, dy = gg.pushforward(lambda s: Line(s * 2.0, 1.0), (np.ones(2),), (np.ones(2),))
    assert isinstance(y, Line)
    assert dy == gg.Tangent(slope=np.array([2.0, 2.0]), offset=0.0, name=None)


def test_number_broadcasts_to_a_tangent():
    _, dy = gg.pushforward(np.sum, (np.arange(3.0),), (1.0,))
    assert dy == 3.0


def test_value_and_tangent_have_one_data_type():
    x = np.ones((2, 3), np.float32)
    y, dy = gg.pushforward(lambda x: x * 2 + np.float32(1), (x,), (x,))
    assert y.dtype == dy.dtype == np.float32
    y, dy = gg.pushforward(lambda x: x + np.ones((4, 2, 3)), (x,), (x,))
    assert y.dtype == dy.dtype == np.float64
    assert y.shape == dy.shape == (4, 2, 3)
    y, dy = gg.pushforward(lambda x: x * 1j, (x,), (x,))
    assert y.dtype == dy.dtype == np.complex64
    y, dy = gg.pushforward(lambda x: x > 0, (x,), (x,))
    assert y.dtype == bool
    assert dy is None


def test_assignment_moves():
    def g(x):
        y = xp.zeros_like(x)
        y[1:] = x[:-1] ** 2
        y[0] += 3 * x[2]
        y *= 2
        return y

    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    y, dy = gg.pushforward(g, (x,), (v,))
    np.testing.assert_array_equal(y, [18.0, 2.0, 8.0])
    np.testing.assert_array_equal(dy, [600.0, 4.0, 80.0])
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])


def test_what_does_not_move_is_a_constant():
    def g(x):
        whole = xp.astype(x, np.int64)
        signs = np.asarray(xp.sign(x))
        return sum((x[0] for _ in range(whole[2])), 0.0), signs * x[whole - 1], whole.tolist()

    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    (total, taken, whole), (dtotal, dtaken, dwhole) = gg.pushforward(g, (x,), (v,))
    assert (total, dtotal) == (3.0, 3.0)
    np.testing.assert_array_equal(taken, x)
    np.testing.assert_array_equal(dtaken, v)
    assert (whole, dwhole) == ([1, 2, 3], None)


def test_whole_numbers_do_not_move():
    def g(x):
        y = xp.zeros_like(x, dtype=np.int64)
        y[0] = x[2]
        return y, xp.sum(x, dtype=np.int64), xp.astype(x, np.int64)

    x = np.array([1.0, 2.0, 3.0])
    y, dy = gg.pushforward(g, (x,), (x,))
    assert y[0].tolist() == [3, 0, 0]
    assert dy is None


def test_assignment_in_nested_modes():
    def g(x):
        y = xp.zeros_like(x)
        y[0] = x[1] ** 2
        y[1:] = x[:2] * y[0]
        return xp.sum(y * y)

    x, v, w = np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 2.0]), np.array([0.5, 1.0, 1.0])
    expected = derivative(lambda t: inner(gg.grad(g)(x + t * v), w))

    def along(f, v):
        return lambda x: gg.pushforward(f, (x,), (v,))[1]

    assert along(along(g, v), w)(x) == pytest.approx(expected, rel=1e-9)
    assert inner(gg.grad(along(g, v))(x), w) == pytest.approx(expected, rel=1e-9)
    assert inner(along(gg.grad(g), v)(x), w) == pytest.approx(expected, rel=1e-9)


def test_constants_of_an_outer_level_do_not_escape():
    x = np.array([1.0, -2.0])
    y, dy = gg.pushforward(
        lambda x: gg.pushforward(lambda x: (xp.sign(x), xp.zeros_like(x)), (x,), (x,)), (x,), (x,)
    )
    for values in (*y, *dy):
        assert all(type(value) is np.ndarray for value in values)


def test_assignment_behind_a_view_is_refused():
    def g(x):
        row = x[0]
        x[0, 0] = 5.0
        return np.sum(row)

    with pytest.raises(gg.GpugradError, match="shares its memory"):
        gg.pushforward(g, (np.ones((2, 2)),), (np.ones((2, 2)),))


def test_sequences_some_of_which_move():
    x, plain = np.ones(2), np.zeros(2)
    _, dy = gg.pushforward(lambda x: np.concatenate([x, plain, 2 * x]), (x,), (x,))
    np.testing.assert_array_equal(dy, [1, 1, 0, 0, 2, 2])
    _, dy = gg.pushforward(lambda x: np.stack([plain, x]), (x,), (x,))
    np.testing.assert_array_equal(dy, [[0, 0], [1, 1]])


def test_hessian_times_vector_by_each_pair_of_modes():
    rng = np.random.default_rng(1)
    x, v = rng.normal(size=5), rng.normal(size=5)

    def g(x):
        return xp.sum(xp.sin(x) * xp.cumulative_prod(x)) + xp.max(x) ** 2

    _, forward_reverse = gg.pushforward(gg.grad(g), (x,), (v,))
    reverse_forward = gg.grad(lambda x: gg.pushforward(g, (x,), (v,))[1])(x)
    w = rng.normal(size=5)
    expected = derivative(lambda t: inner(gg.grad(g)(x + t * v), w))
    assert inner(forward_reverse, w) == pytest.approx(expected, rel=1e-9)
    assert inner(reverse_forward, w) == pytest.approx(expected, rel=1e-9)


def test_arrays_stay_on_their_device():
    strict = pytest.importorskip("array_api_strict")
    device = strict.Device("device1")
    x = strict.ones((2, 3), device=device)
    y, dy = gg.pushforward(lambda x: xp.sum(xp.exp(x) @ xp.matrix_transpose(x)), (x,), (x,))
    assert y.device == dy.device == device


# --- Errors ----------------------------------------------------------------------------------


def test_count_of_tangents():
    with pytest.raises(ArgumentError, match="2 arguments and 1 tangents"):
        gg.pushforward(np.add, (1.0, 2.0), (1.0,))
    with pytest.raises(ArgumentError, match="2 arguments and 1 tangents"):
        gg.frule(np.add, (1.0, 2.0), (1.0,))


def test_tangent_of_another_shape():
    with pytest.raises(SensitivityError, match=r"pushforward\(sum\), a tangent.*float64\[3\]"):
        gg.pushforward(np.sum, (np.ones(3),), (np.ones(4),))


@pytest.mark.parametrize("push", [gg.pushforward, gg.frule])
def test_arguments_that_are_in_no_tuple(push):
    x = np.ones(2)
    with pytest.raises(ArgumentError, match=r"\(sin\): the arguments are a ndarray.* \(dx,\)"):
        push(np.sin, x, x)
    with pytest.raises(ArgumentError, match=r"\(sin\): the tangents are a float"):
        push(np.sin, (1.0,), 1.0)


@pytest.mark.parametrize(
    "tangent",
    [np.ones(4), np.ones((2, 3)), np.ones(3, np.float32), 1j * np.ones(3), [1.0, 2.0, 3.0], "x"],
    ids=["length", "broadcasting", "data type", "complex", "list", "string"],
)
@pytest.mark.parametrize("push", [gg.pushforward, gg.frule])
def test_tangents_that_do_not_fit(push, tangent):
    with pytest.raises(SensitivityError, match=r"\(sum\), a tangent: the value is float64\[3\]"):
        push(np.sum, (np.ones(3),), (tangent,))


@pytest.mark.parametrize("x", [3, True, "x", np.arange(3), None])
def test_derivative_at_what_is_no_floating_number(x):
    with pytest.raises(ArgumentError, match=r"D\(f\): .* is no floating number"):
        gg.D(f, x)


def test_keywords_of_any_name():
    y, dy = gg.pushforward(lambda x, *, f, args: x * f * args, (2.0,), (1.0,), f=3.0, args=5.0)
    assert (y, dy) == (30.0, 15.0)


def test_function_without_a_rule():
    with pytest.raises(NoRuleError, match="no rule"):
        gg.frule(print, (1.0,), (1.0,))


def test_function_that_returns_nothing():
    with pytest.raises(OutputError, match="returned None"):
        gg.pushforward(lambda x: None, (1.0,), (1.0,))


def test_pullback_that_cannot_be_transposed():
    @gg.primitive
    def triple(x):
        return 3 * x

    gg.rrule.register(triple)(lambda f, x: (f(x), lambda dy: (None, 3 * float(dy))))
    assert gg.grad(triple)(1.0) == 3.0
    with pytest.raises(ArgumentError, match=r"triple: its pullback took a number by float\(dy\)"):
        gg.D(triple, 1.0)


def test_registration_for_a_function_that_runs_straight_through():
    with pytest.raises(ArgumentError, match=r"frule\.register"):
        gg.frule.register(f)


@pytest.mark.parametrize("book", [gg.rrule, gg.frule])
def test_registration_for_a_function_through_which_no_gradient_flows(book):
    with pytest.raises(ArgumentError, match="no gradient flows through round, whatever its rules"):
        book.register(np.round)


def test_value_of_an_inner_run_does_not_escape():
    kept = []
    gg.pushforward(lambda x: kept.append(x) or x, (1.0,), (1.0,))

    def use(y):
        return y * kept[0]

    assert gg.D(use, 2.0) == 1.0  # what escaped is a constant here


# --- Threads, memory -------------------------------------------------------------------------


def test_threads_do_not_meet():
    results = [None] * 4

    def work(i):
        results[i] = [gg.D(lambda x: x ** (i + 1), 2.0) for _ in range(200)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, result in enumerate(results):
        assert result == [(i + 1) * 2.0**i] * 200


def test_long_loops_need_no_recursion():
    def g(x):
        for _ in range(20_000):
            x = x + F.sin(x) * 1e-6
        return x

    assert gg.D(g, 1.0) == pytest.approx(1.0 + 0.02 * math.cos(1.0), rel=1e-3)


def make_recursive(w):
    def power(x, n):
        return x if n == 0 else w * power(x, n - 1)

    return power


def test_arrays_are_freed_without_the_garbage_collector():
    kept = []

    def g(power, x):
        kept.append(weakref.ref(power.__closure__[1].cell_contents))
        y = np.zeros_like(x)
        y[0] = np.prod(x)  # whose reverse rule is transposed
        y = np.hstack([y, power(x, 2)])
        kept.append(weakref.ref(y))
        return np.sum(y)

    power, x = make_recursive(np.ones(3)), np.ones(3)
    tangents = (gg.Tangent(w=np.ones(3), power=None), x)
    gc.disable()
    try:
        assert gg.pushforward(g, (power, x), tangents) == (4.0, 3.0 + 9.0)
        assert [ref() for ref in kept] == [None, None]
    finally:
        gc.enable()
