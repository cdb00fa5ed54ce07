"""What a rule may answer, and what becomes of its gradients."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import ArgumentError
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
