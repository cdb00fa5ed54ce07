"""SciPy's own functions on recorded arrays."""

import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import GpugradError
from gpugrad.functions import special as S

sp = pytest.importorskip("scipy.special")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *(
            (name, ())
            for name in ["cbrt", "erf", "exp2", "expit", "gammaln", "log1p", "log_ndtr", "psi"]
        ),
        ("gammainc", (2,)),
        ("jn", (1,)),
        ("xlogy", (0.5,)),
        ("yn", (1,)),
    ],
)
def test_scipys_functions_are_recorded(name, parameters):
    x = np.array([0.3, 1.2])
    f, g = getattr(sp, name), getattr(xp.special, name)
    theirs = gg.grad(lambda x: F.sum(f(*parameters, x)))(x)
    ours = gg.grad(lambda x: F.sum(g(*parameters, x)))(x)
    np.testing.assert_allclose(theirs, ours, rtol=1e-15)
    np.testing.assert_allclose(g(*parameters, x), f(*parameters, x), rtol=1e-15)
    number, slope = gg.value_and_grad(lambda x: f(*parameters, x))(1.2)
    assert type(number) is type(slope) is float
    assert slope == pytest.approx(ours[1])


def test_functions_with_several_results_are_recorded():
    def f(x):
        sine, cosine = sp.fresnel(x)
        return F.sum(sine * cosine)

    x = np.array([0.3, 1.2])
    sine, cosine = sp.fresnel(x)
    angle = math.pi / 2 * x * x
    np.testing.assert_allclose(gg.grad(f)(x), np.sin(angle) * cosine + np.cos(angle) * sine)
    dx = gg.grad(lambda x: xp.special.sici(x)[1])(0.5)
    assert dx == pytest.approx(math.cos(0.5) / 0.5)


def test_rule_is_found_by_scipys_function():
    np.testing.assert_allclose(gg.grad(sp.logsumexp)(np.zeros(4)), np.full(4, 0.25))
    _, back = gg.rrule(sp.digamma, 1.0)
    assert back(1.0)[1] == pytest.approx(math.pi**2 / 6)
    assert S.psi is S.digamma
    assert S.jn is S.jv


def test_without_scipy():
    alone = Library("NumPy", np, special="no_module_of_this_name")
    with pytest.raises(GpugradError, match=r"special\.erf\..*pip install 'gpugrad\[scipy\]'"):
        S.erf.on(alone)
    assert S.expit.on(alone) is S.expit.definition
    assert S.logsumexp.on(alone) is S.logsumexp.on(NUMPY)
