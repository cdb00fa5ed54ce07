"""Activations: their values far out, their parameters, and their derivatives at kinks."""

import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.special")

L = np.longdouble
SELU_SCALE, SELU_ALPHA = (
    L("1.0507009873554804934193349852946"),
    L("1.6732632423543772848170429916717"),
)


def softplus(x):
    return np.log1p(np.exp(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# What each function is, written down plainly and computed with more digits than double has.
DEFINITIONS = {
    "celu": lambda x: np.where(x >= 0, x, np.expm1(x)),
    "elu": lambda x: np.where(x >= 0, x, np.expm1(x)),
    "gelu_erf": lambda x: x / 2 * scipy.special.erfc(np.asarray(-x / np.sqrt(L(2)), float)),
    "gelu_sigmoid": lambda x: x * sigmoid(L("1.702") * x),
    "gelu_tanh": lambda x: (
        x / 2 * (1 + np.tanh(np.sqrt(2 / L(np.pi)) * (x + L("0.044715") * x**3)))
    ),
    "hardshrink": lambda x: np.where(abs(x) > 0.5, x, 0),
    "hardsigmoid": lambda x: np.maximum(0, np.minimum(1, (x + 3) / 6)),
    "hardswish": lambda x: x * np.maximum(0, np.minimum(1, (x + 3) / 6)),
    "hardtanh": lambda x: np.maximum(-1, np.minimum(1, x)),
    "leakyrelu": lambda x: np.where(x > 0, x, L("0.01") * x),
    "lisht": lambda x: x * np.tanh(x),
    "logcosh": lambda x: np.log(np.cosh(x)),
    "logsigmoid": lambda x: -softplus(-x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.minimum(np.maximum(x, 0), 6),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "sigmoid": sigmoid,
    "softplus": softplus,
    "softshrink": lambda x: np.maximum(0, x - 0.5) + np.minimum(0, x + 0.5),
    "softsign": lambda x: x / (1 + abs(x)),
    "swish": lambda x: x * sigmoid(x),
    "tanh_act": np.tanh,
    "tanhshrink": lambda x: x - np.tanh(x),
    "trelu": lambda x: np.where(x > 1, x, 0),
}
NAMES = sorted(DEFINITIONS)
GRID = np.concatenate([np.linspace(-12, 12, 97) + 0.01, [-37.5, 37.5, 300.0, -300.0]])

every_activation = pytest.mark.parametrize("name", NAMES)


@every_activation
def test_values_are_those_of_the_definition(name):
    expected = DEFINITIONS[name](GRID.astype(L))
    actual = getattr(gg, name)(GRID)
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected.astype(float), rtol=1e-14, atol=1e-15)


@every_activation
def test_python_numbers_give_python_numbers(name):
    f = getattr(gg, name)
    for x in GRID[::7].tolist():
        y, back = gg.rrule(f, x)
        _, dx = back(1.0)
        assert type(y) is type(f(x)) is type(dx) is float
        assert y == f(x) == pytest.approx(f(np.array([x])).item(), rel=1e-14, abs=1e-15)
        array_dx = gg.grad(lambda x, f=f: np.sum(f(x)))(np.array([x]))
        assert dx == pytest.approx(array_dx.item(), rel=1e-13, abs=1e-15)


FAR_OUT = [0.9, 1e-2, 1e-3]


@every_activation
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nothing_overflows(name, dtype):
    f, top = getattr(gg, name), np.finfo(dtype).max
    far = [sign * top * dtype(share) for share in FAR_OUT for sign in (1, -1)]
    x = np.array([*far, 0, 20, -20, 1e-4, -1e-4], dtype)
    ones = np.ones_like(x)
    y, back = gg.pullback(f, x)
    _, dx = back(ones)
    moved_y, dy = gg.pushforward(f, (x,), (ones,))
    for found in (y, dx, moved_y, dy):
        assert np.all(np.isfinite(found))
    assert y.dtype == dx.dtype == dy.dtype == dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, f(x.astype(float)), rtol=16 * eps, atol=4 * eps)

    x = x / 10
    second = gg.grad(lambda x: np.sum(gg.pullback(f, x)[1](ones)[1]))(x)
    assert np.all(np.isfinite(second))


GATES = ["gelu_erf", "gelu_sigmoid", "gelu_tanh", "hardswish", "mish", "swish"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", [*GATES, "lisht"])
def test_gates_at_infinity(name, dtype):
    f, x = getattr(gg, name), np.array([-np.inf, np.inf], dtype)
    ones = np.ones_like(x)
    y, back = gg.pullback(f, x)
    even = name == "lisht"
    np.testing.assert_array_equal(y, [np.inf if even else 0, np.inf])
    np.testing.assert_array_equal(back(ones)[1], [-1 if even else 0, 1])
    second = gg.grad(lambda x: np.sum(gg.pullback(f, x)[1](ones)[1]))(x)
    np.testing.assert_array_equal(second, 0)
    assert gg.grad(f)(-math.inf) == (-1 if even else 0)


@every_activation
def test_what_is_not_a_number_stays_so(name):
    assert math.isnan(getattr(gg, name)(math.nan))
    assert np.isnan(getattr(gg, name)(np.array([math.nan]))).all()


@every_activation
def test_whole_numbers_are_taken(name):
    y = getattr(gg, name)(np.array([-2, 0, 3]))
    np.testing.assert_allclose(y, getattr(gg, name)(np.array([-2.0, 0.0, 3.0])), rtol=1e-15)


def test_functions_of_two_names():
    assert gg.gelu is gg.gelu_tanh
    assert gg.silu is gg.swish


def test_logcosh_keeps_its_digits_near_zero():
    x = np.array([1e-3, 1e-5, 0.0])
    np.testing.assert_allclose(gg.logcosh(x), x**2 / 2 - x**4 / 12, rtol=1e-10, atol=0)


def test_tails_keep_their_digits():
    assert gg.softplus(-40.0) == pytest.approx(math.exp(-40), rel=1e-14)
    assert gg.logsigmoid(40.0) == pytest.approx(-math.exp(-40), rel=1e-14)
    assert gg.gelu_erf(-10.0) == pytest.approx(-10 * scipy.special.ndtr(-10), rel=1e-14)
    assert gg.mish(-40.0) == pytest.approx(-40 * math.exp(-40), rel=1e-13)
    assert gg.grad(gg.logsigmoid)(40.0) == pytest.approx(math.exp(-40), rel=1e-14)


# --- Kinks -----------------------------------------------------------------------------------

KINKS = [
    ("celu", 0.0, 1.0),
    ("elu", 0.0, 1.0),
    ("hardshrink", 0.5, 0.0),
    ("hardshrink", -0.5, 0.0),
    ("hardsigmoid", 3.0, 0.0),
    ("hardsigmoid", -3.0, 0.0),
    ("hardswish", 3.0, 1.5),
    ("hardswish", -3.0, -0.5),
    ("hardtanh", 1.0, 0.0),
    ("hardtanh", -1.0, 0.0),
    ("leakyrelu", 0.0, 0.01),
    ("relu6", 0.0, 0.0),
    ("relu6", 6.0, 0.0),
    ("relu6", 1e-20, 1.0),
    ("selu", 0.0, float(SELU_SCALE * SELU_ALPHA)),
    ("softshrink", 0.5, 0.0),
    ("softshrink", -0.5, 0.0),
    ("softsign", 0.0, 1.0),
    ("trelu", 1.0, 0.0),
]


@pytest.mark.parametrize("kind", [float, np.float64, np.asarray], ids=["float", "float64", "array"])
@pytest.mark.parametrize(("name", "x", "expected"), KINKS)
def test_kinks(name, x, expected, kind):
    assert float(gg.grad(getattr(gg, name))(kind(x))) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("name", "x", "expected"), KINKS)
def test_kinks_in_every_library(name, x, expected, library):
    _, back = gg.rrule(getattr(gg, name), library.asarray([x]))
    _, dx = back(library.asarray([1.0]))
    assert float(library.to_numpy(dx)[0]) == pytest.approx(expected, rel=1e-15)


def test_elu_at_zero_has_slope_one_for_every_alpha():
    assert gg.grad(gg.elu)(0.0, 2.0) == 1.0
    assert gg.grad(gg.elu)(-1e-12, 2.0) == pytest.approx(2.0)
    assert gg.grad(gg.celu)(-1e-12, 2.0) == pytest.approx(1.0)


# --- Parameters ------------------------------------------------------------------------------


def test_parameters_by_position_keyword_and_default():
    x = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(gg.leakyrelu(x, 0.5), [-1.0, 3.0])
    np.testing.assert_array_equal(gg.leakyrelu(x, a=0.5), [-1.0, 3.0])
    np.testing.assert_array_equal(gg.leakyrelu(x), [-0.02, 3.0])
    assert gg.softshrink(2.0, threshold=1.5) == gg.softshrink(2.0, 1.5) == 0.5
    assert gg.elu(-1.0, alpha=2.0) == gg.elu(-1.0, 2.0) == 2 * math.expm1(-1)
    assert gg.celu(-1.0, alpha=2.0) == 2 * math.expm1(-0.5)
    assert gg.trelu(1.5, theta=2.0) == gg.trelu(2.0, 2.0) == 0.0
    assert gg.hardshrink(-1.0, threshold=2.0) == 0.0


@pytest.mark.parametrize("x", [-2.0, np.array([-2.0])], ids=["float", "array"])
def test_rules_know_parameters_however_they_are_passed(x):
    one = x / x
    for args, kwargs, slope in [((), {}, 0.01), ((0.5,), {}, 0.5), ((), {"a": 0.5}, 0.5)]:
        y, back = gg.rrule(gg.leakyrelu, x, *args, **kwargs)
        df, dx, *da = back(one)
        assert df is None
        assert y == slope * x
        assert dx == slope
        assert da == [-2.0] * len(args)
        tangents = (one, *(None for _ in args))
        assert gg.frule(gg.leakyrelu, (x, *args), tangents, **kwargs) == (slope * x, slope)


def test_a_slope_is_learned():
    x = np.array([[-1.0, 2.0], [-3.0, -4.0]])
    slopes = np.array([0.1, 0.2])
    dslopes = gg.grad(lambda a: np.sum(gg.leakyrelu(x, a)))(slopes)
    np.testing.assert_array_equal(dslopes, [-4.0, -4.0])
    assert gg.grad(lambda a: gg.leakyrelu(-2.0, a=a))(0.1) == -2.0
    assert gg.grad(lambda a: gg.leakyrelu(2.0, a=a))(0.1) == 0.0


def test_data_types_are_kept_beside_parameters():
    x = np.array([-2.0, 3.0], np.float32)
    for f in (gg.leakyrelu, gg.elu, gg.celu, gg.trelu, gg.softshrink, gg.hardshrink):
        y, back = gg.pullback(lambda x, f=f: f(x, 0.3), x)
        assert y.dtype == back(np.ones_like(x))[1].dtype == np.float32


def test_an_unknown_parameter_is_an_error():
    with pytest.raises(TypeError, match="slope"):
        gg.leakyrelu(1.0, slope=0.1)
    with pytest.raises(errors.ArgumentError, match=r"leakyrelu: a was given twice"):
        gg.leakyrelu(1.0, 0.2, a=0.1)


# --- With random slopes ----------------------------------------------------------------------


def test_random_slopes_are_drawn_between_the_bounds():
    x = -np.ones((100, 50), np.float32)
    y = gg.rrelu(x, np.random.default_rng(0))
    assert y.dtype == np.float32
    slopes = -y
    assert 1 / 8 <= slopes.min() < 0.126
    assert 0.333 < slopes.max() <= np.float32(1 / 3)
    assert slopes.mean() == pytest.approx((1 / 8 + 1 / 3) / 2, abs=3e-3)
    np.testing.assert_array_equal(gg.rrelu(x, np.random.default_rng(0)), y)
    assert np.all(gg.rrelu(-x, np.random.default_rng(0)) == 1)


def test_random_slopes_are_the_gradient(library):
    x = library.asarray([-1.0, -2.0, 3.0])
    rng = np.random.default_rng(0)
    if library.xp.__name__.endswith("cupy"):
        rng = library.xp.random.default_rng(0)
    y, back = gg.pullback(lambda x: gg.rrelu(x, rng, low=0.4, high=0.6), x)
    dx = library.to_numpy(back(library.asarray([1.0, 1.0, 1.0]))[1])
    np.testing.assert_allclose(library.to_numpy(y), dx * [-1.0, -2.0, 3.0])
    assert dx[2] == 1
    assert np.all((dx[:2] >= 0.4) & (dx[:2] <= 0.6))


def test_the_bounds_of_random_slopes_have_gradients():
    x = np.array([-1.0, -2.0, 3.0])
    dlow, dhigh = gg.grad(
        lambda low, high: np.sum(gg.rrelu(x, np.random.default_rng(0), low=low, high=high)),
        argnums=(0, 1),
    )(0.1, 0.3)
    assert dlow < 0 > dhigh
    assert dlow + dhigh == pytest.approx(-3)


def test_without_a_generator_the_slopes_are_the_mean_one():
    assert gg.rrelu(-1.0) == pytest.approx(-(1 / 8 + 1 / 3) / 2)
    assert gg.rrelu(-1.0, low=0.0, high=0.5) == -0.25


@pytest.mark.parametrize("rng", [0, np.random.RandomState(0), np.random], ids=str)
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(errors.ArgumentError, match=r"rrelu.*np\.random\.default_rng"):
        gg.rrelu(np.ones(3), rng)


def test_random_slopes_of_a_number_are_refused():
    with pytest.raises(errors.ArgumentError, match=r"rrelu: expected an array, got float"):
        gg.rrelu(1.0, np.random.default_rng(0))


# --- Over an axis ----------------------------------------------------------------------------


def test_glu_halves_an_axis():
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(gg.glu(x), x[:, :2] * sigmoid(x[:, 2:]))
    np.testing.assert_allclose(gg.glu(x.T, axis=0), (x[:, :2] * sigmoid(x[:, 2:])).T)


@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_glu_of_an_odd_axis_is_refused(shape):
    with pytest.raises(errors.ArgumentError, match=r"glu: .* even length .* twice the features"):
        gg.glu(np.ones(shape))


@pytest.mark.parametrize(("x", "axis"), [(1.0, -1), (np.ones(()), 0), (np.ones((2, 2)), 2)])
def test_glu_along_an_axis_that_is_none_is_refused(x, axis):
    with pytest.raises(errors.ArgumentError, match=r"glu: an array of shape .* has no axis"):
        gg.glu(x, axis=axis)


@pytest.mark.parametrize("f", [gg.relu, gg.leakyrelu, gg.glu, gg.softmax, gg.softmin])
def test_a_list_is_refused(f):
    with pytest.raises(errors.ArgumentError, match=r"got list: convert it first"):
        f([1.0, 2.0])


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), (1, 2)])
def test_softmax_and_its_kin_over_axes(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(gg.softmax(x, axis=axis), scipy.special.softmax(x, axis=axis))
    np.testing.assert_allclose(gg.softmin(x, axis=axis), scipy.special.softmax(-x, axis=axis))
    np.testing.assert_allclose(gg.logsoftmax(x, axis=axis), scipy.special.log_softmax(x, axis=axis))
