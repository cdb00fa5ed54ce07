"""stop_gradient."""

import numpy as np
import pytest

import gpugrad as gg
from tests.structures import Model

V = np.array([1.0, 2.0, 4.0])


def test_stop_gradient_cuts():
    assert gg.grad(lambda x: x * gg.stop_gradient(x * x))(3.0) == 9.0
    assert gg.stop_gradient(3.0) == 3.0
    assert gg.stop_gradient(V) is V


def test_stop_gradient_of_structures():
    def f(p):
        fixed = gg.stop_gradient(p)
        assert type(fixed["m"]) is Model
        return p["m"].weight * fixed["m"].bias + fixed["x"][0]

    gradient = gg.grad(f)({"m": Model(2.0, 3.0), "x": (5.0, "a")})
    assert gradient["m"] == gg.Tangent(weight=3.0, bias=0.0, name=None, steps=None)
    assert gradient["x"] == (0.0, None)


def test_stop_gradient_cuts_on_every_level():
    def f(x):
        return gg.grad(lambda y: y * gg.stop_gradient(y) * x)(x)

    assert f(3.0) == 9.0  # y is 3 within, and x
    assert gg.grad(f)(3.0) == 3.0  # through the last x alone


@pytest.mark.parametrize(
    "f",
    [
        lambda x: float(x) ** 2,
        lambda x: x.item() * 2,
        lambda x: np.sum(np.ones(3) * float(x)),
    ],
)
def test_a_number_that_left_the_tape_does_not_come_back_as_a_zero_gradient(f):
    for transform in (gg.grad, gg.value_and_grad):
        with pytest.raises(gg.GpugradError, match=r"float\(x\).*drops its gradient"):
            transform(f)(2.0)
    with pytest.raises(gg.GpugradError, match=r"pushforward.*float\(x\).*drops its gradient"):
        gg.pushforward(f, (2.0,), (1.0,))
    assert gg.grad(lambda x: x * float(x))(3.0) == 3.0
    assert gg.grad(lambda x: 1.0)(3.0) == 0.0
    assert gg.grad(lambda x: (x * x, float(x)), has_aux=True)(3.0) == (6.0, 3.0)
