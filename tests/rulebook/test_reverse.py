"""What a rule may answer, and what becomes of its gradients."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.rulebook.reverse import falling_back_on, takes_number
from tests.gradients import check

V = np.array([0.5, 1.5, 2.5])


def opaque_product(rule):
    @gg.primitive
    def product(a, b):
        return a * b

    gg.rrule.register(product)(rule)
    return product


@pytest.mark.parametrize(
    "answer",
    [(None, 1.0), (None, 1.0, 1.0, 1.0), None, 1.0],
    ids=["too few", "too many", "none", "a number"],
)
def test_a_rule_that_returns_a_wrong_number_of_gradients(answer):
    product = opaque_product(lambda f, a, b: (a * b, lambda dy: answer))
    with pytest.raises(ArgumentError, match=r"product_back returned .* for each of 2 arg"):
        gg.grad(product)(2.0, 3.0)


@pytest.mark.parametrize("answer", [None, 6.0], ids=["none", "the value alone"])
def test_a_rule_that_returns_no_pullback(answer):
    product = opaque_product(lambda f, a, b: answer)
    with pytest.raises(ArgumentError, match=r"product: its rule returned .* not \(y, back\)"):
        gg.grad(product)(2.0, 3.0)


def test_what_a_rule_broadcast_is_summed_where_it_was():
    product = opaque_product(lambda f, a, b: (a * b, lambda dy: (None, dy * b, dy * a)))
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    check(lambda x: product(x[:1] * 2.0, rows) * 1.0, V)
    assert gg.grad(lambda x: np.sum(product(x, rows)))(V.astype(np.float32)).dtype == np.float32


# --- Functions with a definition, and rules for some types of arguments ------------------------


class Double(np.float64):
    """A number of a type that rules below are for."""


def twice(rule, **options):
    """Return a function that is defined by a sum, with a rule for `Double`."""
    f = Composite("twice", definition=lambda x: x + x, **options)
    gg.rrule.register(f, Double)(rule)
    return f


def tripled(f, x):
    return x * 3.0, lambda dy: (None, 3.0 * dy)


@pytest.mark.parametrize("options", [{}, {"arrays": (0,)}], ids=["of structures", "of arrays"])
def test_a_definition_runs_where_no_rule_is_for_the_types(options):
    f = twice(tripled, **options)
    for x in (1.5, V):
        assert np.all(gg.grad(lambda x: F.sum(f(x)))(x) == 2.0)
        assert np.all(gg.rrule(f, x)[1](np.ones_like(x))[1] == 2.0)
        assert np.all(gg.pushforward(f, (x,), (np.ones_like(x),))[1] == 2.0)
    assert gg.pullback(f, Double(1.5))[1](1.0)[1] == 3.0
    assert gg.rrule(f, Double(1.5))[1](1.0)[1] == 3.0


def test_types_are_those_of_what_the_rule_would_take():
    """Within another recording a number is a recorded one, and the rule is not for that."""
    f = twice(tripled)
    assert gg.grad(lambda x: gg.grad(f)(x) * x)(Double(1.5)) == 2.0


def test_a_definition_runs_where_a_rule_of_arrays_declines():
    f = twice(lambda f, x: NotImplemented, arrays=(0,))
    _, back = gg.pullback(f, Double(1.5))
    assert back(1.0)[1] == 2.0
    assert "x1 + x1" in str(back.tape)


def test_of_arrays_alone_forward_mode_goes_by_the_definition():
    f = twice(tripled, arrays=(0,))
    assert gg.pushforward(f, (Double(1.5),), (1.0,))[1] == 2.0
    assert gg.pushforward(twice(tripled), (Double(1.5),), (1.0,))[1] == 3.0


def test_a_pullback_falls_back_on_that_of_the_general_rule():
    asked = []

    def general(f, x, *, needs):
        asked.append(x)
        return x * 3.0, lambda dy: (None, 3.0 * dy)

    @falling_back_on(general)
    def special(f, x, *, needs):
        if x < 0:
            return NotImplemented

        @takes_number
        def special_back(dy):
            return NotImplemented if dy > 1 else (None, 5.0 * dy)

        return x * 3.0, special_back

    assert special(None, -1.0, needs=(True,)) is NotImplemented
    y, back = special(None, 2.0, needs=(True,))
    assert (y, back(1.0), asked) == (6.0, (None, 5.0), [])
    assert (back(2.0), asked) == ((None, 6.0), [2.0])
    assert back.__name__ == "special_back"
    assert back.takes_number
