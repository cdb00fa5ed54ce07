"""Special functions: their derivatives where it is subtle."""

import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import ArgumentError
from gpugrad.functions import special as S

sp = pytest.importorskip("scipy.special")

INF, NAN = math.inf, math.nan
EULER = 0.5772156649015329


def gradients(f, *args):
    """Return the gradients of a function's arguments, for a sensitivity of 1."""
    y, back = gg.rrule(f, *args)
    with np.errstate(all="ignore"):
        return back(1.0 if isinstance(y, float) else np.ones_like(y))[1:]


def derivatives(f, x, count):
    """Return f(x), f'(x), … of a function of a number."""
    found = []
    for _ in range(count):
        found.append(f(x))
        f = gg.grad(f)
    return found


# --- Where a formula divides by zero, or cancels ---------------------------------------------

SERIES = [
    (S.cosm1, 0.0, [0, 0, -1, 0]),
    (S.exprel, 0.0, [1, 1 / 2, 1 / 3, 1 / 4]),
    (S.i0, 0.0, [1, 0, 1 / 2, 0]),
    (S.i0e, 0.0, [1, 0]),
    (S.i1, 0.0, [0, 1 / 2, 0, 3 / 8]),
    (S.i1e, 0.0, [0, 1 / 2, 0]),
    (S.j0, 0.0, [1, 0, -1 / 2, 0]),
    (S.j1, 0.0, [0, 1 / 2, 0, -3 / 8]),
    (S.rgamma, 0.0, [0, 1, 2 * EULER]),
    (S.rgamma, -1.0, [0, -1, 2 * (1 - EULER)]),
    (S.rgamma, -3.0, [0, -6, 12 * (11 / 6 - EULER)]),
    (S.spence, 1.0, [0, -1, 1 / 2, -2 / 3]),
    ("shichi", 0.0, [0, 1, 0, 1 / 3]),
    ("sici", 0.0, [0, 1, 0, -1 / 3]),
    ("betainc 1 1", 0.0, [0, 1, 0]),
    ("betainc 2 1", 0.0, [0, 0, 2]),
    ("betainc 2 1", 1.0, [1, 2, 2]),
    ("betainc 1 2", 0.0, [0, 2, -2]),
    ("gammainc 1", 0.0, [0, 1, -1]),
    ("gammainc 2", 0.0, [0, 0, 1]),
    ("gammaincc 2", 0.0, [1, 0, -1]),
    ("iv 1", 0.0, [0, 1 / 2, 0, 3 / 8]),
    ("jv 1", 0.0, [0, 1 / 2, 0, -3 / 8]),
    ("jv 2", 0.0, [0, 0, 1 / 4, 0]),
]


def of_last(f):
    """Return the function of one number that a name, with parameters, stands for."""
    if not isinstance(f, str):
        return f
    name, *parameters = f.split()
    function = getattr(S, name)
    if name in ("shichi", "sici"):
        return lambda x: function(x)[0]
    return lambda x: function(*map(int, parameters), x)


@pytest.mark.parametrize("kind", [float, np.array], ids=["float", "array"])
@pytest.mark.parametrize(("f", "x", "expected"), SERIES)
def test_derivatives_at_a_removable_singularity(f, x, expected, kind):
    with np.errstate(all="ignore"):
        actual = derivatives(of_last(f), kind(x), len(expected))
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("f", [S.exprel, S.i1, S.j1, S.rgamma, S.spence])
def test_second_derivative_is_right_near_a_removable_singularity(f):
    middle = 1.0 if f is S.spence else 0.0
    second = gg.grad(gg.grad(f))
    for distance in (1e-200, 1e-9, 1e-3, 0.04, 0.06, 0.4, 0.6, 0.99, 1.01):
        x, h = middle + distance, 1e-4
        first = gg.grad(f)
        numerical = (first(x + h) - first(x - h)) / (2 * h) if distance > h else second(middle)
        tolerance = 1e-6 if distance > h else 1e-7 + 2 * distance
        assert second(x) == pytest.approx(numerical, abs=tolerance, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "reference"),
    [
        (S.exprel, lambda x: (math.exp(x) * (x - 1) + 1) / x**2),
        (S.spence, lambda x: math.log(x) / (1 - x)),
        (S.i1, lambda x: (sp.iv(0, x) + sp.iv(2, x)) / 2),
        (S.j1, lambda x: (sp.jv(0, x) - sp.jv(2, x)) / 2),
        (S.i1e, lambda x: (sp.ive(0, x) + sp.ive(2, x)) / 2 - sp.ive(1, x)),
        ("shichi", lambda x: math.sinh(x) / x),
        ("sici", lambda x: math.sin(x) / x),
    ],
)
def test_both_sides_of_the_edge_of_a_series(f, reference):
    for x in (0.45, 0.499999, 0.500001, 0.94, 0.96, 0.999999, 1.000001, 1.04, 1.06, 1.99):
        assert gg.grad(of_last(f))(x) == pytest.approx(reference(x), rel=1e-13, abs=0)


def upper_tail_ratio(x):
    """Return φ(x) / Φ(−x) by Laplace's continued fraction."""
    y = x
    for k in range(200, 0, -1):
        y = x + k / y
    return y


@pytest.mark.parametrize("x", [3.0, 10.0, 40.0, 1e4, 1e12])
def test_log_ndtr_in_the_tail(x):
    ratio = upper_tail_ratio(x)
    assert gg.grad(S.log_ndtr)(-x) == pytest.approx(ratio, rel=1e-13)
    second = -ratio * (ratio - x) if x < 1e3 else 1 / x**2 - 1  # where the ratio is x + 1/x
    assert gg.grad(gg.grad(S.log_ndtr))(-x) == pytest.approx(second, rel=1e-4)


@pytest.mark.parametrize("x", [0.0, 5.0, 40.0, 1e4])
def test_log_ndtr_to_the_right(x):
    density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    assert gg.grad(S.log_ndtr)(x) == pytest.approx(density / sp.ndtr(x), rel=1e-13)
    second = -density / sp.ndtr(x) * (x + density / sp.ndtr(x))
    assert gg.grad(gg.grad(S.log_ndtr))(x) == pytest.approx(second, rel=1e-12)


@pytest.mark.parametrize("a", [100.0, 300.0])
def test_gammainc_of_large_parameters(a):
    density = math.exp((a - 1) * math.log(a) - a - math.lgamma(a))
    assert gg.grad(lambda x: S.gammainc(a, x))(a) == pytest.approx(density, rel=1e-11)
    assert gg.grad(lambda x: S.gammainc(a, x))(0.5) == pytest.approx(0, abs=1e-100)


def test_betainc_of_large_parameters():
    dx = gg.grad(lambda x: S.betainc(900, 900, x))(0.5)
    density = math.exp(1798 * math.log(0.5) - sp.betaln(900, 900))
    assert dx == pytest.approx(density, rel=1e-11)


def test_derivatives_do_not_overflow_where_values_do_not():
    x = 1e5
    assert gg.grad(S.i0e)(x) == pytest.approx(-0.5 * sp.i0e(x) / x, rel=1e-4)
    assert gg.grad(S.i1e)(-x) == pytest.approx(-0.5 * sp.i0e(x) / x, rel=1e-4)
    assert gg.grad(S.k0e)(x) == pytest.approx(-0.5 * sp.k0e(x) / x, rel=1e-4)
    assert gg.grad(S.exprel)(-x) == pytest.approx(1e-10, rel=1e-6)
    assert gg.grad(S.exprel)(1e3) == INF
    for f in (S.expit, S.log_expit):
        for x in (-1e4, 1e4):
            assert gg.grad(f)(x) == (1.0 if f is S.log_expit and x < 0 else 0.0)
            assert gg.grad(gg.grad(f))(x) == 0.0


# --- Conventions at the edges of a domain ----------------------------------------------------

CORNERS = [
    (S.entr, (0.0,), (INF,)),  # the limit, as JAX has it
    (S.huber, (1.0, 1.0), (0.0, 1.0)),
    (S.huber, (1.0, -1.0), (0.0, -1.0)),
    (S.kl_div, (0.0, 0.0), (0.0, 1.0)),
    (S.kl_div, (0.0, 2.0), (-INF, 1.0)),
    (S.logit, (0.0,), (INF,)),
    (S.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
    (S.pseudo_huber, (0.0, -2.0), (2.0, 0.0)),
    (S.pseudo_huber, (1.0, 1e-9), (0.25e-36, 1e-9)),
    (S.pseudo_huber, (1.0, 1e200), (1e200, 1.0)),
    (S.rel_entr, (0.0, 0.0), (0.0, 0.0)),
    (S.rel_entr, (0.0, 2.0), (-INF, 0.0)),
    (S.xlog1py, (0.0, -1.0), (0.0, 0.0)),
    (S.xlog1py, (0.0, 1.0), (math.log(2), 0.0)),
    (S.xlogy, (0.0, 0.0), (0.0, 0.0)),
    (S.xlogy, (0.0, 2.0), (math.log(2), 0.0)),
    (S.xlogy, (2.0, INF), (INF, 0.0)),
    (S.boxcox, (2.0, 0.0), (0.5, math.log(2) ** 2 / 2)),
    (S.boxcox, (0.0, 2.0), (0.0, 0.25)),
    (S.boxcox1p, (1.0, 0.0), (0.5, math.log(2) ** 2 / 2)),
    (S.boxcox1p, (-1.0, 2.0), (0.0, 0.25)),
    (S.inv_boxcox, (0.5, 0.0), (math.exp(0.5), -math.exp(0.5) / 8)),
    (S.inv_boxcox, (-2.0, 0.5), (0.0, 0.0)),
    (S.inv_boxcox, (-1.0, 1.0), (1.0, -1.0)),
    (S.inv_boxcox1p, (0.5, 0.0), (math.exp(0.5), -math.exp(0.5) / 8)),
    (S.inv_boxcox1p, (-2.0, 0.5), (0.0, 0.0)),
    (S.inv_boxcox1p, (-1.0, 1.0), (1.0, -1.0)),
    (S.gammaln, (-1.0,), (NAN,)),
    (S.k1, (0.0,), (-INF,)),
]


@pytest.mark.parametrize("kind", [float, np.float64, np.array], ids=["float", "float64", "array"])
@pytest.mark.parametrize(("f", "args", "expected"), CORNERS)
def test_gradients_at_an_edge(f, args, expected, kind):
    with np.errstate(all="ignore"):
        actual = gradients(f, *map(kind, args))
    np.testing.assert_allclose(np.array(actual, float), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        *((f, (0.0, 0.0)) for f in (S.kl_div, S.rel_entr, S.xlogy)),
        (S.xlog1py, (0.0, -1.0)),
        (S.huber, (1.0, 1.0)),
        (S.huber, (1.0, -1.0)),
    ],
)
def test_mixed_second_derivatives_agree_at_an_edge(f, args):
    def mixed(i):
        return gg.grad(gg.grad(f, argnums=i), argnums=1 - i)(*args)

    assert mixed(0) == mixed(1)
    assert math.isfinite(mixed(0))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 1.0, -INF], [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1)), 0]),
        ([INF, 1.0, -INF], [1, 0, 0]),
        ([INF, 1.0, INF], [0.5, 0, 0.5]),
        ([-INF, -INF], [0.5, 0.5]),
        ([1000.0, 1000.0], [0.5, 0.5]),
    ],
)
def test_gradient_of_logsumexp_is_the_limit_of_softmax(x, expected):
    np.testing.assert_allclose(gg.grad(S.logsumexp)(np.array(x)), expected, rtol=1e-15)
    _, along = gg.pushforward(S.logsumexp, (np.array(x),), (np.eye(len(x))[0],))
    assert along == pytest.approx(expected[0])


def hessian(f, x):
    """Return the second derivatives of a function of a vector, row by row."""
    return np.array([gg.grad(lambda x, i=i: gg.grad(f)(x)[i])(x) for i in range(len(x))])


def test_hessian_of_logsumexp():
    x = np.array([1.0, 1.0, 2.0, -INF])
    p = np.exp(x) / np.sum(np.exp(x))
    np.testing.assert_allclose(hessian(S.logsumexp, x), np.diag(p) - np.outer(p, p), atol=1e-15)
    weights = np.array([0.5, 0.5, 0.0, 0.0])  # y is x[0], and yet not of x[0] alone
    actual = hessian(lambda x: S.logsumexp(x, b=weights), x)
    np.testing.assert_allclose(actual[:2, :2], [[0.25, -0.25], [-0.25, 0.25]], atol=1e-15)
    assert not actual[2:].any()


def test_derivatives_of_logsumexp_in_weights_of_zero():
    x, b = np.array([1.0, 0.5, 2.0]), np.array([2.0, 0.0, 0.0])
    slope = np.exp(x - 1) / 2
    np.testing.assert_allclose(gg.grad(lambda b: S.logsumexp(x, b=b))(b), slope)
    actual = hessian(lambda b: S.logsumexp(x, b=b), b)
    np.testing.assert_allclose(actual, -np.outer(slope, slope))


def test_terms_of_logsumexp_with_a_weight_of_zero_may_be_huge():
    x, b = np.array([1.0, 9e9]), np.array([1.0, 0.0])
    with np.errstate(over="ignore"):
        y, back = gg.rrule(S.logsumexp, x, b=b)
        _, dx, *_ = back(1.0)
        moved = gg.pushforward(lambda x: S.logsumexp(x, b=b), (x,), (np.ones(2),))[1]
    np.testing.assert_array_equal(y, 1)
    np.testing.assert_array_equal(dx, b)
    np.testing.assert_array_equal(moved, 1)


def test_gradient_of_logsumexp_of_large_numbers_is_exact():
    x = np.array([70000.0, 70000.5], np.float32)
    expected = np.exp([0, 0.5]) / np.sum(np.exp([0, 0.5]))
    np.testing.assert_allclose(gg.grad(S.logsumexp)(x), expected, rtol=1e-6)


def test_weights_of_logsumexp_by_keyword():
    b = np.array([1.0, 2.0])
    db = gg.grad(lambda b: S.logsumexp(np.zeros(2), b=b))(b)
    np.testing.assert_allclose(db, [1 / 3, 1 / 3])


def test_negative_logsumexp_is_nan_and_its_sign_has_no_gradient():
    a, b = np.zeros(2), np.array([1.0, -2.0])
    assert math.isnan(S.logsumexp(a, b=b))
    y, back = gg.pullback(lambda a: S.logsumexp(a, b=b, return_sign=True), a)
    assert y == (0.0, -1.0)
    np.testing.assert_allclose(back((1.0, None))[1], [-1, 2])
    assert back((None, 1.0))[1] is None


# --- Parameters without a derivative ---------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (S.betainc, (2.0, 3, 0.5), "betainc: its derivative in a "),
        (S.betainc, (2, 3.0, 0.5), "betainc: its derivative in b "),
        (S.gammainc, (2.0, 0.5), r"gammainc: .* pass gpugrad.stop_gradient\(a\)"),
        (S.gammaincc, (2.0, 0.5), "gammaincc"),
        (S.jv, (2.0, 0.5), "jv: its derivative in the order"),
        (S.polygamma, (2.0, 0.5), "polygamma: its derivative in n"),
        (S.zeta, (2.0, 0.5), "zeta: its derivative in x"),
        (S.zeta, (2.0,), "zeta: its derivative in x"),
    ],
)
def test_parameter_is_refused(f, args, message):
    with pytest.raises(ArgumentError, match=message):
        gg.rrule(f, *args)
    with pytest.raises(ArgumentError, match=message):
        gg.frule(f, args, tuple(1.0 if isinstance(x, float) else None for x in args))


def test_parameter_may_be_held():
    expected = math.exp(-0.5) * 0.5
    dx = gg.grad(lambda a, x: S.gammainc(gg.stop_gradient(a), x), argnums=1)(2.0, 0.5)
    assert dx == pytest.approx(expected)
    _, moved = gg.frule(S.gammainc, (2.0, 0.5), (None, 1.0))
    assert moved == pytest.approx(expected)


def test_complex_logsumexp_is_refused():
    with pytest.raises(ArgumentError, match="logsumexp: the arrays are complex"):
        gg.rrule(S.logsumexp, np.ones(2) * 1j)


@pytest.mark.parametrize("f", [S.gamma, S.loggamma, S.digamma, S.rgamma])
def test_gamma_functions_of_complex_numbers(f):
    z, h = np.array([1.5 + 0.5j, -0.7 - 0.3j]), 1e-6
    assert f(z).dtype == complex
    if f in (S.digamma, S.rgamma):
        return
    slope = (f(z + h) - f(z - h)) / (2 * h)
    np.testing.assert_allclose(gradients(f, z)[0], np.conj(slope), rtol=1e-8)


# --- Where a derivative cancels, or is at a pole -----------------------------------------------

FAR = [14.9, 15.1, 30.0, 1e4, 1e8]


@pytest.mark.parametrize("x", FAR)
def test_slopes_far_out_keep_their_digits(x):
    # the derivatives of Σ (2k − 1)!! / (2x²)ᵏ / 2x, of which six terms suffice far out
    u = 0.5 / x / x
    odd = [1, 1, 3, 15, 105, 945, 10395, 135135, 2027025]
    terms = [(2 * k + 1) * c * u**k for k, c in enumerate(odd)]
    dawsn = -u * sum(terms)
    erfcx = -2 / math.sqrt(math.pi) * u * sum((-1) ** k * t for k, t in enumerate(terms))
    assert gg.grad(S.dawsn)(x) == pytest.approx(dawsn, rel=1e-9)
    assert gg.grad(S.dawsn)(-x) == pytest.approx(dawsn, rel=1e-9)
    assert gg.grad(S.erfcx)(x) == pytest.approx(erfcx, rel=1e-9)


@pytest.mark.parametrize("f", [S.dawsn, S.erfcx])
@pytest.mark.parametrize("z", [20 + 3j, -20 + 1j, 3 + 5j, 5 + 11j, 16 + 15j, -2 + 3j])
def test_slopes_far_out_in_the_complex_plane(f, z):
    g, h = getattr(sp, f.name), 1e-5
    expected = (g(z + h) - g(z - h)) / (2 * h)
    assert np.conj(gg.rrule(f, np.array(z))[1](np.array(1 + 0j))[1]) == pytest.approx(
        expected, rel=1e-6
    )


def test_slope_of_spence_near_zero_keeps_its_digits():
    assert gg.grad(S.spence)(1e-10) == pytest.approx(math.log(1e-10), rel=1e-9)
    x = np.array([1e-6], np.float32)
    np.testing.assert_allclose(gg.grad(lambda x: np.sum(S.spence(x)))(x), np.log(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("f", "slope"),
    [(S.k0, -INF), (S.k0e, -INF), (S.k1, -INF), (S.k1e, -INF), (S.y0, INF), (S.y1, INF)],
)
def test_slopes_of_bessel_functions_at_zero(f, slope):
    assert gradients(f, 0.0) == (slope,)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(gradients(f, np.zeros(2))[0], slope)


@pytest.mark.parametrize(
    ("n", "k"), [(3.0, 6.0), (3.0, 5.0), (3.0, 4.0), (3.0, -1.0), (-0.5, 2.0), (0.5, 2.5)]
)
def test_slopes_of_binom_where_it_is_zero(n, k):
    h = 1e-6
    expected = [
        (sp.binom(n + h, k) - sp.binom(n - h, k)) / (2 * h),
        (sp.binom(n, k + h) - sp.binom(n, k - h)) / (2 * h),
    ]
    np.testing.assert_allclose(gradients(S.binom, n, k), expected, rtol=1e-8, atol=1e-9)
