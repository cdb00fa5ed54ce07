"""What is decided where calculus decides nothing, and where rounding or overflow would decide."""

import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.dispatch.levels import plain

INF, NAN = math.inf, math.nan
KINDS_OF_NUMBER = [float, np.float64, np.asarray]

every_kind = pytest.mark.parametrize("kind", KINDS_OF_NUMBER, ids=["float", "float64", "array"])


def gradients(f, *args, dy=1.0, **kwargs):
    """Return the gradients of a rule's arguments; a sensitivity of 1 spreads over the value."""
    y, back = gg.rrule(f, *args, **kwargs)
    if isinstance(y, (np.ndarray, np.generic)):
        dy = np.broadcast_to(np.asarray(dy, y.dtype), y.shape)
    df, *dargs = back(dy)
    assert df is None
    return tuple(dargs)


def gradient(f, *args, **kwargs):
    """Return the gradient of a rule's first argument."""
    return gradients(f, *args, **kwargs)[0]


def derivatives(f, x, count):
    """Return f(x), f'(x), … of a function of a number, each got by pullback of the one before."""

    def derivative_of(g):
        def derivative(x):
            _, back = gg.pullback(g, x)
            return back(1.0)[1]

        return derivative

    found = []
    for _ in range(count + 1):
        value = f(x)
        found.append(value)
        f = derivative_of(f)
    return found


# --- Kinks -----------------------------------------------------------------------------------

KINKS = [
    (F.abs, (0.0,), (0.0,)),
    (F.abs, (-0.0,), (0.0,)),
    (F.clip, (1.0, 1.0, 3.0), (1.0, 0.0, 0.0)),
    (F.clip, (3.0, 1.0, 3.0), (1.0, 0.0, 0.0)),
    (F.clip, (0.5, 1.0, 3.0), (0.0, 1.0, 0.0)),
    (F.clip, (3.5, 1.0, 3.0), (0.0, 0.0, 1.0)),
    (F.hypot, (0.0, 0.0), (0.0, 0.0)),
    (F.maximum, (2.0, 2.0), (0.5, 0.5)),
    (F.minimum, (2.0, 2.0), (0.5, 0.5)),
    (gg.relu, (0.0,), (0.0,)),
]


def kink_name(kink):
    function, arguments, _ = kink
    return f"{function.__name__}{arguments}".replace(",)", ")")


@every_kind
@pytest.mark.parametrize("kink", KINKS, ids=kink_name)
def test_kinks(kink, kind):
    function, arguments, expected = kink
    actual = gradients(function, *map(kind, arguments))
    assert [0.0 if g is None else float(g) for g in actual] == list(expected)


@pytest.mark.parametrize("kink", KINKS, ids=kink_name)
def test_kinks_in_every_library(kink, library):
    function, arguments, expected = kink
    _, back = gg.rrule(function, *map(library.asarray, arguments))
    _, *actual = back(library.asarray(1.0))
    actual = [0.0 if g is None else float(library.to_numpy(g)) for g in actual]
    assert actual == list(expected)


EXACT = [
    (F.max, [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    (F.min, [2.0, 2.0, 1.0], [0.0, 0.0, 1.0]),
    (F.prod, [2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
    (F.prod, [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]),
    (F.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
]


@pytest.mark.parametrize(("f", "x", "expected"), EXACT, ids=str)
def test_reductions_at_ties_and_zeros_in_every_library(f, x, expected, library):
    _, back = gg.rrule(f, library.asarray(x))
    np.testing.assert_array_equal(library.to_numpy(back(library.asarray(1.0))[1]), expected)


@pytest.mark.parametrize("f", [F.max, F.min])
@pytest.mark.parametrize(
    ("x", "axis", "expected"),
    [
        ([2.0, 2.0], None, [0.5, 0.5]),
        ([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], None, [[1 / 6] * 3] * 2),
        ([[1.0, 1.0], [1.0, 1.0]], 0, [[0.5, 0.5], [0.5, 0.5]]),
    ],
)
def test_ties_share_the_gradient_of_an_extremum(f, x, axis, expected):
    np.testing.assert_allclose(gradient(f, np.array(x), axis=axis), expected)


def test_only_ties_share_the_gradient_of_an_extremum():
    x = np.array([[3.0, 1.0, 3.0, 2.0], [0.0, 5.0, 5.0, 5.0]])
    np.testing.assert_allclose(
        gradient(F.max, x, axis=1, dy=[1.0, 3.0]), [[0.5, 0, 0.5, 0], [0, 1, 1, 1]]
    )


def test_norms_at_zero():
    zeros = np.zeros(3)
    np.testing.assert_array_equal(gradient(F.std, zeros), zeros)
    assert gradient(F.std, np.array([2.0])) == 0
    assert gradient(F.abs, 0j) == 0
    np.testing.assert_allclose(gradient(F.abs, np.array([0j, 3 + 4j])), [0, 0.6 + 0.8j])


def test_second_derivative_of_relu_and_abs_at_the_kink_is_zero():
    assert derivatives(lambda x: gg.relu(x) * gg.relu(x), 0.0, 2)[1:] == [0.0, 0.0]
    assert derivatives(lambda x: F.abs(x) * 3.0, 0.0, 1)[1] == 0.0


def test_hinge_loss_at_its_kink():
    yhat, y = np.array([1.0, -1.0, 0.5]), np.array([1.0, -1.0, 1.0])
    np.testing.assert_array_equal(gradient(gg.hinge_loss, yhat, y), [0, 0, -1 / 3])


# --- Powers ----------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 1.0),
        (0.0, 2.0, 0.0),
        (0.0, 3.0, 0.0),
        (2.0, 0.0, 0.0),
        (-2.0, 0.0, 0.0),
        (-2.0, 1.0, 1.0),
        (-2.0, 2.0, -4.0),
        (-2.0, 3.0, 12.0),
        (-2.0, -1.0, -0.25),
        (2.0, 0.5, 0.5 / math.sqrt(2.0)),
    ],
)
def test_powers(x, n, expected, kind):
    with np.errstate(invalid="ignore"):  # ∂/∂n has no real value where x is negative
        actual = gradients(F.pow, kind(x), kind(n))
    assert float(actual[0]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("kind", [float, np.asarray], ids=["float", "array"])
@pytest.mark.parametrize(("x", "n"), [(0.0, 2), (-2.0, 3), (0.0, 0), (0.0, 1), (-2.0, -2)])
def test_powers_to_an_integer_have_no_gradient_of_the_exponent(x, n, kind):
    actual = gradients(F.pow, kind(x), n)
    assert float(actual[0]) == (n * x ** (n - 1) if n else 0.0)
    assert actual[1] is None


@every_kind
def test_gradient_of_the_exponent_of_zero_is_zero(kind):
    assert float(gradients(F.pow, kind(0.0), kind(2.0))[1]) == 0.0


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_all_derivatives_of_a_power_at_zero_are_finite(n):
    expected = [float(n == k) * math.factorial(k) for k in range(5)]
    assert derivatives(lambda x: x**n, 0.0, 4) == expected


def test_derivatives_of_a_power_of_a_negative_number():
    x = np.asarray(-2.0)
    assert derivatives(lambda x: F.pow(x, 3), x, 4) == [-8.0, 12.0, -12.0, 6.0, 0.0]


# --- Products --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
        ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
        ([0.0, 3.0, 0.0], [0.0, 0.0, 0.0]),
        ([0.0], [1.0]),
    ],
)
def test_gradient_of_a_product_with_zeros(x, expected):
    np.testing.assert_array_equal(gradient(F.prod, np.array(x)), expected)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 0.0, 4.0], [[0, 4, 0], [4, 0, 2], [0, 2, 0]]),
        ([0.0, 3.0, 0.0], [[0, 0, 3], [0, 0, 0], [3, 0, 0]]),
        ([0.0, 0.0, 0.0], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        ([0.0, 0.0], [[0, 1], [1, 0]]),
    ],
)
def test_second_derivative_of_a_product_with_zeros(x, expected):
    np.testing.assert_array_equal(hessian(F.prod, np.array(x)), expected)


@pytest.mark.parametrize("x", [[2.0, 0.0, 4.0, 5.0], [0.0, 3.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]])
def test_gradient_of_running_products_with_zeros(x):
    x, dy = np.array(x), np.array([2.0, 3.0, 5.0, 7.0])
    expected = [
        sum(dy[k] * np.prod(np.delete(x[: k + 1], j)) for k in range(j, len(x)))
        for j in range(len(x))
    ]
    np.testing.assert_array_equal(gradient(F.cumulative_prod, x, dy=dy), expected)


def hessian(f, x):
    """Return the matrix of second derivatives of a function of a vector, a row at a time."""

    def slope(x, row):
        _, back = gg.pullback(f, x)
        return back(1.0)[1][row]

    return [gg.pullback(slope, x, row)[1](1.0)[1] for row in range(x.size)]


# --- Complex numbers -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [complex, np.complex128, np.asarray])
def test_gradient_of_a_squared_modulus_is_twice_the_number(kind):
    _, back = gg.pullback(lambda z: abs(z) ** 2, kind(1 + 2j))
    assert complex(back(1.0)[1]) == pytest.approx(2 + 4j, rel=1e-15)


HOLOMORPHIC = [
    (F.exp, np.exp),
    (F.sin, np.cos),
    (F.log, lambda z: 1 / z),
    (F.square, lambda z: 2 * z),
    (F.sqrt, lambda z: 0.5 / np.sqrt(z)),
    (F.reciprocal, lambda z: -1 / z**2),
    (F.tanh, lambda z: 1 - np.tanh(z) ** 2),
]


@pytest.mark.parametrize(("f", "slope"), HOLOMORPHIC, ids=[f.__name__ for f, _ in HOLOMORPHIC])
@pytest.mark.parametrize("kind", [complex, np.complex64, np.complex128, np.asarray])
def test_pullback_of_a_holomorphic_function_multiplies_by_the_conjugate(f, slope, kind):
    z, dy = 0.5 + 1.2j, 0.7 - 0.3j
    _, back = gg.rrule(f, kind(z))
    actual = back(kind(dy))[1]
    assert type(actual) is type(kind(z))
    tolerance = 1e-6 if kind is np.complex64 else 1e-14
    assert complex(actual) == pytest.approx(dy * np.conj(slope(z)), rel=tolerance)


@pytest.mark.parametrize("f", [F.add, F.subtract, F.multiply, F.divide, F.matmul, F.vecdot])
def test_real_with_complex_keeps_the_real_gradient_real(f):
    x, z = np.array([0.5, 2.0]), np.array([1 + 2j, 3 - 1j])
    dx, dz = gradients(f, x, z, dy=1 + 1j)
    assert (dx.dtype, dz.dtype) == (np.float64, np.complex128)
    complex_dx, _ = gradients(f, x + 0j, z, dy=1 + 1j)
    np.testing.assert_allclose(dx, complex_dx.real)


@pytest.mark.parametrize("z", [1 + 2j, np.complex128(1 + 2j), np.array([1 + 2j])])
@pytest.mark.parametrize("x", [2.0, np.float32(2.0), np.array(2.0)])
@pytest.mark.parametrize("f", [F.add, F.multiply, F.divide])
def test_real_number_with_a_complex_one_keeps_its_gradient_real(f, x, z):
    dx, dz = gradients(f, x, z, dy=1 + 1j)
    assert type(dx) is type(x)
    assert type(dz) is type(z)
    assert dx == pytest.approx(complex(gradients(f, 2.0 + 0j, 1 + 2j, dy=1 + 1j)[0]).real)


def test_parts_of_a_complex_number():
    z = np.array([1 + 2j])
    assert gradient(F.real, z, dy=3.0) == 3
    assert gradient(F.imag, z, dy=3.0) == 3j
    assert gradient(F.conj, z, dy=1 + 2j) == 1 - 2j
    assert gradient(F.real, 2.0) == 1.0
    assert gradient(F.imag, 2.0) is None


# --- Far out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["number", "array"])
@pytest.mark.parametrize(
    ("f", "x", "y", "slope"),
    [
        (gg.sigmoid, 1000.0, 1.0, 0.0),
        (gg.sigmoid, -1000.0, 0.0, 0.0),
        (gg.sigmoid, 0.0, 0.5, 0.25),
        (F.tanh, 1000.0, 1.0, 0.0),
        (F.tanh, -1000.0, -1.0, 0.0),
        (F.atan, 1e30, math.pi / 2, 0.0),
        (F.log1p, 1e-20, 1e-20, 1.0),
        (F.expm1, 1e-20, 1e-20, 1.0),
        (F.log1p, 0.0, 0.0, 1.0),
        (gg.relu, -1e30, 0.0, 0.0),
    ],
    ids=str,
)
def test_no_overflow_far_out(f, x, y, slope, kind, dtype):
    x = float(x) if kind == "number" else np.asarray(x, dtype)
    with np.errstate(over="ignore"):  # 1e30 squared is inf in float32, and its reciprocal 0
        value, back = gg.rrule(f, x)
        actual = back(1.0 if kind == "number" else np.ones_like(value))[1]
    assert float(value) == pytest.approx(y, rel=1e-6)
    assert float(actual) == pytest.approx(slope, rel=1e-6, abs=1e-30)


LOGITS = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4], [1e4, 1e4, 0.0]])
P = np.array([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]])
DY = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 0.0], [5.0, 3.0, 1.0]])


def test_softmax_far_out():
    y, back = gg.rrule(gg.softmax, LOGITS)
    np.testing.assert_allclose(y, P, rtol=1e-15)
    expected = P * (DY - np.sum(P * DY, axis=1, keepdims=True))
    np.testing.assert_allclose(back(DY)[1], expected, rtol=1e-14, atol=1e-15)


def test_logsoftmax_far_out():
    y, back = gg.rrule(gg.logsoftmax, LOGITS)
    expected = [[0, -1e4, -2e4], [-math.log(3)] * 3, [-math.log(2), -math.log(2), -1e4]]
    np.testing.assert_allclose(y, expected, atol=0.7)
    np.testing.assert_allclose(y[:2], expected[:2], rtol=1e-15)
    expected = DY - P * np.sum(DY, axis=1, keepdims=True)
    np.testing.assert_allclose(back(DY)[1], expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("y", [np.array([0, 1, 2]), np.eye(3)], ids=["labels", "one-hot"])
def test_logit_cross_entropy_far_out(y):
    loss, back = gg.rrule(gg.logit_cross_entropy, LOGITS, y)
    assert loss == pytest.approx((0 + math.log(3) + 1e4 + math.log(2)) / 3, rel=1e-14)
    np.testing.assert_allclose(back(1.0)[1], (P - np.eye(3)) / 3, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("shape", [(3,), (4, 5)])
def test_softmax_is_blind_to_a_common_shift_of_its_sensitivity(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(gradient(gg.softmax, np.ones(shape)), np.zeros(shape))
    np.testing.assert_allclose(gradient(gg.softmax, x), np.zeros(shape), atol=1e-15)
    np.testing.assert_allclose(gradient(gg.softmax, x, dy=7.0), np.zeros(shape), atol=1e-14)


def test_cross_entropy_of_a_certain_mistake_is_finite():
    yhat, y = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    loss, back = gg.rrule(gg.cross_entropy, yhat, y)
    assert loss == pytest.approx(-math.log(1e-6))
    np.testing.assert_allclose(back(1.0)[1], [[-1e6, 0.0]])


@every_kind
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1e4, 1e4, (0.5, 0.5)),
        (-1e4, -1e4, (0.5, 0.5)),
        (1e4, -1e4, (1.0, 0.0)),
        (0.0, 1e4, (0.0, 1.0)),
        (-INF, 2.0, (0.0, 1.0)),
    ],
)
def test_logaddexp_far_out(a, b, expected, kind):
    actual = gradients(F.logaddexp, kind(a), kind(b))
    assert [float(g) for g in actual] == pytest.approx(expected, rel=1e-15)


# --- Inf and NaN -----------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("f", [F.sin, F.exp, F.log, F.sqrt, F.tanh, F.square, gg.sigmoid])
def test_nan_gives_nan(f, kind):
    y, back = gg.rrule(f, kind(NAN))
    assert np.isnan(y)
    assert np.isnan(back(kind(1.0))[1])


@every_kind
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.exp, INF, INF),
        (F.exp, -INF, 0.0),
        (F.log, INF, 0.0),
        (F.tanh, INF, 0.0),
        (F.atan, -INF, 0.0),
        (F.abs, -INF, -1.0),
        (gg.relu, INF, 1.0),
        (F.sqrt, INF, 0.0),
        (F.sqrt, 0.0, INF),
        (F.log, 0.0, INF),
        (F.log1p, -1.0, INF),
        (F.asin, 1.0, INF),
        (F.acos, 1.0, -INF),
        (F.atanh, 1.0, INF),
        (F.acosh, 1.0, INF),
        (F.reciprocal, 0.0, -INF),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_infinite_arguments_and_slopes(f, x, expected, kind):
    with np.errstate(divide="ignore", invalid="ignore"):
        assert float(gradient(f, kind(x))) == expected


@pytest.mark.parametrize("f", [F.sum, F.mean, F.prod, F.max])
def test_nan_in_a_reduction_makes_the_value_nan_and_leaves_linear_gradients_alone(f):
    x = np.array([1.0, NAN, 2.0])
    y, back = gg.rrule(f, x)
    assert np.isnan(y)
    if f in (F.sum, F.mean):
        assert np.isfinite(back(1.0)[1]).all()


def test_nan_of_the_branch_not_taken_stays_there():
    x = np.array([-1.0, 4.0])
    with np.errstate(invalid="ignore"):
        _, back = gg.pullback(lambda x: F.where(x > 0, x, F.full_like(x, NAN)), x)
        np.testing.assert_array_equal(back(np.ones(2))[1], [0.0, 1.0])


# --- Data types ------------------------------------------------------------------------------

TWO_OPERANDS = [F.add, F.subtract, F.multiply, F.divide, F.pow, F.maximum, F.matmul, F.vecdot]


@pytest.mark.parametrize("f", TWO_OPERANDS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_gradients_keep_their_data_types_where_types_mix(f, narrow):
    x, y = np.array([0.5, 2.0], dtype=narrow), np.array([1.5, 3.0])
    dx, dy = gradients(f, x, y)
    assert (dx.dtype, dy.dtype) == (narrow, np.float64)
    dy, dx = gradients(f, y, x)
    assert (dx.dtype, dy.dtype) == (narrow, np.float64)


@pytest.mark.parametrize("join", [F.concat, F.stack], ids=lambda f: f.__name__)
def test_joined_arrays_get_gradients_of_their_own_data_types(join):
    ((dx, dy),) = gradients(join, [np.ones(2, np.float32), np.ones(2)])
    assert (dx.dtype, dy.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize(
    "f", [F.add, F.subtract, F.multiply, F.divide, F.pow, F.maximum, F.atan2, F.logaddexp]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_python_float_beside_an_array_gets_a_python_float(f, dtype):
    x = np.array([[0.5, 2.0, 1.5]], dtype)
    for arguments, place in [((x, 1.25), 1), ((1.25, x), 0)]:
        found = gradients(f, *arguments)
        number, array = found[place], found[1 - place]
        assert type(number) is float
        assert array.dtype == dtype
        assert array.shape == x.shape
        as_array = [np.full_like(x, a) if type(a) is float else a for a in arguments]
        expected = gradients(f, *as_array)[place]
        assert number == pytest.approx(float(np.sum(expected)), rel=5e-3)


@pytest.mark.parametrize("scalar", [np.float32, np.float64])
def test_numpy_scalar_gets_a_numpy_scalar(scalar):
    dx, _ = gradients(F.multiply, scalar(2.0), np.ones(3))
    assert type(dx) is scalar
    assert dx == 3
    assert type(gradient(F.sin, scalar(2.0))) is scalar


@pytest.mark.parametrize(
    "constant",
    [3, True, np.int64(3), np.array([1, 2, 3]), np.array([True, True, True])],
    ids=["int", "bool", "int64", "integers", "booleans"],
)
@pytest.mark.parametrize("f", [F.add, F.multiply, F.divide, F.maximum, F.pow, F.where])
def test_integers_and_booleans_have_no_gradient(f, constant):
    x = np.array([0.5, 2.0, 1.5])
    arguments = (np.array([True, False, True]), x, constant) if f is F.where else (x, constant)
    *_, dx, dconstant = gradients(f, *arguments)
    assert dx.dtype == np.float64
    assert dconstant is None


@pytest.mark.parametrize("f", [F.sum, F.prod, F.negative, F.square, F.reshape, F.cumulative_sum])
def test_functions_of_integers_have_no_gradient(f):
    arguments = (np.array([1, 2, 3]), (3, 1)) if f is F.reshape else (np.array([1, 2, 3]),)
    y, back = gg.rrule(f, *arguments)
    assert back(np.ones(np.shape(y)))[1] is None


@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_astype_takes_the_gradient_back(narrow):
    assert gradient(F.astype, np.ones(3), narrow).dtype == np.float64
    assert gradient(F.astype, np.ones(3, narrow), np.float64).dtype == narrow
    assert gradient(F.astype, np.ones(3), np.int64) is None


@pytest.mark.parametrize("f", [F.sum, F.cumulative_sum, F.prod, F.mean])
def test_wider_sum_of_narrow_numbers_has_narrow_gradients(f):
    x = np.ones(3, np.float32)
    kwargs = {} if f is F.mean else {"dtype": np.float64}
    assert gradient(f, x, **kwargs).dtype == np.float32


# --- Indexing --------------------------------------------------------------------------------

REPEATS = [
    (F.getitem, (np.array([1, 1, 0, 1]),), {}),
    (F.getitem, ([1, 1, 0, 1],), {}),
    (F.take, (np.array([1, 1, 0, 1]),), {}),
    (F.take, (np.array([1, 1, 0, 1]),), {"axis": 0}),
    (F.take_along_axis, (np.array([1, 1, 0, 1]),), {"axis": 0}),
]


@pytest.mark.parametrize(("f", "args", "kwargs"), REPEATS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_of_repeated_positions_add_up(f, args, kwargs, dtype):
    actual = gradient(f, np.zeros(3, dtype), *args, dy=[1.0, 2.0, 4.0, 8.0], **kwargs)
    np.testing.assert_array_equal(actual, np.array([4.0, 11.0, 0.0], dtype))


def test_scatter_add_adds_up_and_broadcasts():
    index = np.array([1, 1, 0, 1])
    np.testing.assert_array_equal(F.scatter_add(np.ones(4), index, (3,)), [1.0, 3.0, 0.0])
    y, back = gg.rrule(F.scatter_add, np.array([1.0, 2.0, 4.0, 8.0]), index, (3,))
    np.testing.assert_array_equal(y, [4.0, 11.0, 0.0])
    np.testing.assert_array_equal(back(np.array([10.0, 20.0, 30.0]))[1], [20.0, 20.0, 10.0, 20.0])


def test_index_set_overwrites_and_does_not_touch_its_argument():
    x = np.zeros((2, 3))
    y, back = gg.rrule(F.index_set, x, (0, slice(1, None)), np.array([5.0, 6.0]))
    np.testing.assert_array_equal(x, np.zeros((2, 3)))
    np.testing.assert_array_equal(y, [[0, 5, 6], [0, 0, 0]])
    dy = np.arange(6.0).reshape(2, 3)
    _, dx, _, dvalues = back(dy)
    np.testing.assert_array_equal(dx, [[0, 0, 0], [3, 4, 5]])
    np.testing.assert_array_equal(dvalues, [1, 2])
    np.testing.assert_array_equal(dy, np.arange(6.0).reshape(2, 3))


# --- Arrays like another ---------------------------------------------------------------------


@pytest.mark.parametrize("f", [F.zeros_like, F.ones_like, F.empty_like], ids=lambda f: f.__name__)
def test_arrays_like_another_have_no_gradient(f):
    x = np.ones((2, 3))
    y, back = gg.rrule(f, x)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert back(np.ones((2, 3))) == (None, None)


@pytest.mark.parametrize("fill", [2.5, np.asarray(2.5), np.float64(2.5)])
def test_full_like_gives_its_fill_value_the_sum(fill):
    x = np.ones((2, 3))
    y, back = gg.rrule(F.full_like, x, fill)
    np.testing.assert_array_equal(y, np.full((2, 3), 2.5))
    df, dx, dfill = back(np.arange(6.0).reshape(2, 3))
    assert df is dx is None
    assert type(dfill) is type(fill)
    assert dfill == 15.0


# --- Python's own ----------------------------------------------------------------------------


def test_map_has_gradients_of_its_function_and_of_each_item():
    slope = 3.0
    ys, back = gg.rrule(map, lambda x: slope * x * x, [1.0, 2.0])
    assert list(ys) == [3.0, 12.0]
    df, dg, dxs = back([1.0, 10.0])
    assert df is None
    assert dg == gg.Tangent(slope=1.0 + 10 * 4.0)
    assert dxs == [6.0, 120.0]


# --- Values without their repetitions --------------------------------------------------------


@pytest.mark.parametrize("f", [F.unique_all, F.unique_counts, F.unique_inverse, F.unique_values])
def test_the_gradient_of_a_unique_value_goes_to_where_it_is_first(f):
    x = np.array([[3.0, 1.0], [1.0, 2.0]])

    def values(x):
        found = f(x)
        return getattr(found, "values", found)

    y, back = gg.pullback(values, x)
    np.testing.assert_array_equal(y, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(back(np.array([10.0, 20.0, 30.0]))[1], [[30, 10], [0, 20]])


@pytest.mark.parametrize("f", [F.unique_all, F.unique_counts, F.unique_inverse])
def test_counts_and_indices_of_unique_values_are_those_of_the_plain_array(f):
    x = np.array([[3.0, 1.0], [1.0, 2.0]])
    seen = []
    gg.pullback(lambda x: seen.append(f(x)) or F.sum(x), x)
    expected = f(x)
    assert seen[0]._fields == expected._fields
    for name in set(expected._fields) - {"values"}:
        np.testing.assert_array_equal(plain(getattr(seen[0], name)), getattr(expected, name))


# --- Closed forms ----------------------------------------------------------------------------

X = np.random.default_rng(6).standard_normal((3, 4))
A, B = X[:, :2], X[:2, :]

CLOSED_FORMS = [
    ("sum", F.sum, (X,), np.ones_like(X)),
    ("mean", F.mean, (X,), np.full_like(X, 1 / 12)),
    ("variance", F.var, (X,), 2 * (X - X.mean()) / 12),
    ("deviation", F.std, (X,), (X - X.mean()) / 12 / X.std()),
    ("product", F.prod, (X,), np.prod(X) / X),
    ("matrix product", F.matmul, (A, B), np.ones((3, 4)) @ B.T),
    ("mean squared error", gg.mse, (X, 2 * X), -X / 6),
    ("tensordot", F.tensordot, (X, 3 * X), 3 * X),
]


@pytest.mark.parametrize(
    ("f", "args", "expected"), [c[1:] for c in CLOSED_FORMS], ids=[c[0] for c in CLOSED_FORMS]
)
def test_closed_forms(f, args, expected):
    np.testing.assert_allclose(gradient(f, *args), expected, rtol=1e-13, atol=1e-15)


def test_many_derivatives_of_a_sine():
    expected = [math.sin(0.7), math.cos(0.7), -math.sin(0.7), -math.cos(0.7)] * 2
    assert derivatives(F.sin, 0.7, 7) == pytest.approx(expected, rel=1e-15)


def test_many_derivatives_of_tanh_at_zero():
    assert derivatives(F.tanh, 0.0, 5) == [0.0, 1.0, 0.0, -2.0, 0.0, 16.0]
