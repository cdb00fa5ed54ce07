"""The generated rules: their source is there to be read."""

import linecache
import traceback

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp
from gpugrad.testing import derivative


def test_the_source_of_a_generated_rule_is_in_the_traceback():
    class Refusing(np.ndarray):
        refuse = False

        def __mul__(self, other):
            if Refusing.refuse:
                raise RuntimeError("refused")
            return super().__mul__(other)

        __rmul__ = __mul__

    _, back = gg.pullback(np.sin, np.ones(2).view(Refusing))
    Refusing.refuse = True
    with pytest.raises(RuntimeError, match="refused") as caught:
        back(np.ones(2).view(Refusing))
    text = "".join(traceback.format_exception(caught.value))
    assert '"<gpugrad sin' in text
    assert "in sin_back" in text
    assert "dx = dy * cos(x)" in text


def test_the_source_of_a_generated_rule_can_be_looked_up():
    gg.rrule(xp.tanh, np.ones(2))
    names = [name for name in linecache.cache if name.startswith("<gpugrad tanh ")]
    sources = ["".join(linecache.getlines(name)) for name in names]
    rules = [source for source in sources if "def tanh_rrule(x):" in source]  # others are forward
    assert any("def tanh_back(dy):" in source for source in rules)


BESIDE = {
    "product": lambda x: (x * (1 + 2j)).real,
    "product from the left": lambda x: ((1 + 2j) * x).imag,
    "sum": lambda x: ((x + 2j) * (x + 2j)).real,
    "quotient": lambda x: (x / (1 + 2j)).imag,
    "quotient of": lambda x: ((1 + 2j) / x).real,
    "power": lambda x: (x ** (1 + 0.5j)).imag,
    "power of": lambda x: ((1 + 0.5j) ** x).real,
    "NumPy's": lambda x: (np.float64(2.0) * x * (1 + 2j)).real,
}


@pytest.mark.parametrize("f", BESIDE.values(), ids=BESIDE)
def test_a_real_number_beside_a_complex_one_has_a_real_gradient(f):
    x = 1.3
    dx = gg.grad(f)(x)
    assert type(dx) is float
    assert dx == pytest.approx(derivative(lambda t: f(x + t)), rel=1e-8)
    assert gg.D(f, x) == pytest.approx(dx, rel=1e-12)
    assert gg.grad(gg.grad(f))(x) == pytest.approx(
        derivative(lambda t: gg.grad(f)(x + t)), rel=1e-6, abs=1e-9
    )


def test_the_real_part_of_a_complex_number_is_a_real_number():
    assert gg.grad(lambda z: (z.real * 2.0 * (1 + 1j)).real)(0.5 + 0.2j) == 2.0
