"""The checks that users have for their rules: right rules pass, and every kind of mistake fails."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import ArgumentError
from gpugrad.testing import CheckError, check_frule, check_pullback, check_rrule

X = np.array([0.5, 1.5, -0.7])


def square_with(back, value=np.square):
    """A square whose pullback is `back(x, dy)`."""

    @gg.primitive
    def square(x):
        return x * x

    @gg.rrule.register(square)
    def square_rrule(_, x):
        return value(x), lambda dy: back(x, dy)

    return square


def test_right_rule_passes():
    check_rrule(square_with(lambda x, dy: (None, 2 * x * dy)), X)


@pytest.mark.parametrize(
    ("back", "message"),
    [
        (lambda x, dy: (None, 3 * x * dy), "gradient 0"),
        (lambda x, dy: (None, None), "gradient 0"),
        (lambda x, dy: (None, 2 * gg.stop_gradient(x) * dy), "second derivative"),
        (lambda x, dy: (None, 2 * X * gg.stop_gradient(dy)), "second derivative"),
    ],
    ids=["a factor", "None", "a constant of x", "a constant of dy"],
)
def test_wrong_numbers_fail(back, message):
    with pytest.raises(CheckError, match=message):
        check_rrule(square_with(back), X)


def test_first_order_alone():
    wrong = square_with(lambda x, dy: (None, 2 * gg.stop_gradient(x) * dy))
    check_rrule(wrong, X, order=1)


def test_wrong_value_fails():
    with pytest.raises(CheckError, match="the value"):
        check_rrule(square_with(lambda x, dy: (None, 2 * x * dy), lambda x: x * x + 1), X)


def test_pullback_that_changes_fails():
    counts = []

    def back(x, dy):
        counts.append(1)
        return None, 2 * x * dy * len(counts)

    with pytest.raises(CheckError, match="called again"):
        check_rrule(square_with(back), X)


def test_argument_that_is_written_to_fails():
    def back(x, dy):
        g = 2 * x * dy
        x[...] = 0.0
        return None, g

    with pytest.raises(CheckError, match=r"called again|written to"):
        check_rrule(square_with(back), X.copy())


def test_wrong_forward_rule_fails():
    square = square_with(lambda x, dy: (None, 2 * x * dy))
    check_frule(square, X)
    gg.frule.register(square)(lambda f, args, tangents: (f(*args), args[0] * tangents[0]))
    with pytest.raises(CheckError, match="the tangent"):
        check_frule(square, X)


def test_forward_rule_of_another_value_fails():
    square = square_with(lambda x, dy: (None, 2 * x * dy))
    gg.frule.register(square)(lambda f, args, tangents: (args[0], 2 * args[0] * tangents[0]))
    with pytest.raises(CheckError, match="the value"):
        check_frule(square, X)


def test_constant_of_a_forward_rule_shows_in_the_second_derivative():
    square = square_with(lambda x, dy: (None, 2 * x * dy))

    @gg.frule.register(square)
    def square_frule(f, args, tangents):
        return f(*args), 2 * gg.stop_gradient(args[0]) * tangents[0]

    check_frule(square, X, order=1)
    with pytest.raises(CheckError, match="the tangent of the tangent"):
        check_frule(square, X)


def test_forward_rule_alone():
    square = gg.primitive(np.square)
    gg.frule.register(square)(lambda f, args, tangents: (f(*args), 2 * args[0] * tangents[0]))
    check_frule(square, X)
    gg.frule.register(square)(lambda f, args, tangents: (f(*args), 3 * args[0] * tangents[0]))
    with pytest.raises(CheckError, match="the tangent"):
        check_frule(square, X)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda x: (x * x, np.argsort(-x), True), "in it"),
        (lambda x: (x * x, np.argsort(x), False), "in it"),
        (lambda x: (x * x, np.argsort(x)), "structure"),
        (lambda x: {"y": x * x}, "structure"),
        (lambda x: (None, np.argsort(x), True), "missing|structure"),
    ],
    ids=["whole numbers", "a truth value", "length", "kind", "None"],
)
def test_value_of_another_structure_fails(value, message):
    def f(x):
        return x * x, np.argsort(x), True

    right, wrong = gg.primitive(f), gg.primitive(f)
    gg.rrule.register(right)(lambda _, x: (f(x), lambda dy: (None, 2 * x * dy[0])))
    gg.rrule.register(wrong)(lambda _, x: (value(x), lambda dy: (None, 2 * x * dy[0])))
    check_rrule(right, X)
    check_frule(right, X)
    with pytest.raises(CheckError, match=f"the value.*({message})"):
        check_rrule(wrong, X, order=1)


def test_check_is_an_assertion():
    with pytest.raises(AssertionError):
        check_rrule(square_with(lambda x, dy: (None, dy)), X)


def test_single_precision_is_kept_and_checked_in_double():
    check_rrule(np.tanh, X.astype(np.float32))
    check_frule(np.tanh, X.astype(np.float16))


def test_complex_arguments():
    check_rrule(np.exp, X + 0.3j)
    check_frule(np.exp, X + 0.3j)


def test_any_python_function():
    def f(model, x, *, power):
        return {"y": model["w"] @ x, "n": (model["b"] ** power, "label", 3)}

    check_pullback(f, {"w": np.ones((2, 3)), "b": 1.5}, X, power=3)


def test_wrong_rule_shows_in_a_function_that_uses_it():
    wrong = square_with(lambda x, dy: (None, 3 * x * dy))
    with pytest.raises(CheckError, match=r"pullback\(<lambda>\): gradient 0"):
        check_pullback(lambda x: np.sum(wrong(x)), X)


def test_arrays_of_another_library():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray(X)
    check_rrule(gg.xp.tanh, x)
    check_pullback(lambda x: gg.xp.sum(x * x), x)


def test_nothing_to_differentiate():
    with pytest.raises(ArgumentError, match="no floating number"):
        check_rrule(np.sin, 3)
    for check in (check_rrule, check_frule, check_pullback):
        with pytest.raises(ArgumentError, match="argmax: there is no floating number in its value"):
            check(np.argmax, X)
