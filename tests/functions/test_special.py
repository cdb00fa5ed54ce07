"""Special functions: their definitions against SciPy's."""

import math

import numpy as np
import pytest

from gpugrad import xp
from gpugrad.functions import special as S

sp = pytest.importorskip("scipy.special")

INF, NAN = math.inf, math.nan
RNG = np.random.default_rng(0)

EDGES = np.array([-INF, -50.0, -2.0, -1e-9, -0.0, 0.0, 1e-9, 0.3, 1.0, 2.5, 40.0, INF, NAN])
PLAIN = np.concatenate([RNG.uniform(-3, 3, 20), [0.0, 1.0, -1.0]])
ABOVE = RNG.uniform(0.1, 3, 20)
LAMBDAS = np.array([[-1.5], [0.0], [0.5], [1.0], [2.0]])


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("cosm1", PLAIN),
        ("entr", EDGES),
        ("exp10", EDGES),
        ("expit", EDGES),
        ("exprel", EDGES),
        ("log_expit", EDGES),
        ("logit", np.array([-1.0, 0.0, 1e-9, 0.3, 0.9, 1.0, 2.0, NAN])),
    ],
)
def test_definition_of_one_argument_is_scipys_function(name, x):
    with np.errstate(all="ignore"):
        actual = getattr(S, name).definition(x)
    np.testing.assert_allclose(actual, getattr(sp, name)(x), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("boxcox", ABOVE, LAMBDAS),
        ("boxcox1p", ABOVE - 1, LAMBDAS),
        ("huber", np.array([[-1.0], [0.0], [1.0], [3.0]]), PLAIN),
        ("inv_boxcox", ABOVE / 5, LAMBDAS),
        ("inv_boxcox1p", ABOVE / 5, LAMBDAS),
        ("kl_div", EDGES[1:-2, None], EDGES[1:-2]),
        ("pseudo_huber", np.array([[-1.0], [0.0], [1e-9], [3.0]]), PLAIN),
        ("rel_entr", EDGES[1:-2, None], EDGES[1:-2]),
        ("xlog1py", np.array([[-1.0], [0.0], [2.0]]), np.array([-1.0, 0.0, 0.5, INF, NAN])),
        ("xlogy", np.array([[-1.0], [0.0], [2.0]]), np.array([0.0, 1e-9, 0.5, INF, NAN])),
    ],
)
def test_definition_of_two_arguments_is_scipys_function(name, a, b):
    with np.errstate(all="ignore"):
        actual = getattr(S, name).definition(a, b)
    expected = getattr(sp, name)(a, b)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-15)


OPTIONS = [{}, {"axis": 0}, {"axis": (0, 2)}, {"axis": -1, "keepdims": True}, {"keepdims": True}]
OPTIONS = [
    *OPTIONS,
    *({**options, "return_sign": True} for options in OPTIONS),
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_logsumexp_is_scipys(options, weighted):
    a = RNG.uniform(-800, 800, (2, 3, 4))
    b = RNG.normal(size=(3, 1)) if weighted else None
    actual = S.logsumexp(a, b=b, **options)
    expected = sp.logsumexp(a, b=b, **options)
    np.testing.assert_allclose(actual, expected, rtol=1e-13)
    assert np.shape(actual) == np.shape(expected)


def test_logsumexp_of_infinite_terms_and_none():
    a = np.array([[INF, 1, -INF], [-INF, -INF, -INF], [2, -INF, 2], [NAN, 0, INF]])
    np.testing.assert_allclose(S.logsumexp(a, axis=1), [INF, -INF, 2 + math.log(2), NAN])
    b = np.array([0.0, 1, 1])  # what is multiplied by 0 is not there
    np.testing.assert_allclose(S.logsumexp(np.array([INF, 1, 2]), b=b), sp.logsumexp([1, 2]))
    np.testing.assert_allclose(S.logsumexp(np.ones(2), b=np.array([1.0, -1.0])), -INF)
    assert type(S.logsumexp(2.0)) is float


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_is_scipys(name, axis):
    x = RNG.uniform(-800, 800, (2, 3, 4))
    actual = getattr(S, name).definition(x, axis=axis)
    np.testing.assert_allclose(actual, getattr(sp, name)(x, axis=axis), rtol=1e-13)
    np.testing.assert_array_equal(getattr(xp.special, name)(x, axis), sp.__dict__[name](x, axis))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_multigammaln_is_scipys(d):
    a = RNG.uniform(2.1, 9, 5)
    np.testing.assert_allclose(S.multigammaln.definition(a, d), sp.multigammaln(a, d), rtol=1e-13)
