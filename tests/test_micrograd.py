"""What MicroGrad.jl's own tests and its talk say, number by number.

Classes are on axis 0 there, and the batch is in the columns.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import xp

A = np.array([[4.4, 6.9, 6.2, 8.4], [9.2, 7.4, 8.0, 0.3], [0.6, 0.4, 0.5, 0.7]])
X = np.array([[1.1, 6.5], [3.7, 8.5], [9.8, 6.6], [6.1, 2.4]])
B = np.array([[10.0], [20.0], [30.0]])


def assert_gradients(actual, expected, **tolerance):
    """Compare gradients, None where none flows, to the digits that are printed in the issue."""
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        if b is None:
            assert a is None
        else:
            assert_allclose(a, b, **tolerance)


# --- rrule and pullback ----------------------------------------------------------------------


def test_rrules_of_cos_and_sin_chain_by_hand():
    y, cos_back = gg.rrule(np.cos, 0.6)
    z, sin_back = gg.rrule(np.sin, y)
    assert (y, z) == (math.cos(0.6), math.sin(math.cos(0.6)))
    assert (round(y, 6), round(z, 6)) == (0.825336, 0.734775)
    dsin, dy = sin_back(1.0)
    dcos, dx = cos_back(dy)
    assert (dsin, round(dy, 5)) == (None, 0.67831)
    assert (dcos, round(dx, 5)) == (None, -0.38300)


def test_pullback_of_a_rule_is_exact():
    y, back = gg.pullback(np.sin, 0.6)
    assert y == pytest.approx(0.5646424733950354, rel=1e-15)
    assert back(1.0) == (None, math.cos(0.6))


def test_pullback_of_a_composition():
    y, back = gg.pullback(lambda x: np.sin(np.cos(x)), 0.6)
    assert y == pytest.approx(0.7347754747082689, rel=1e-15)
    df, dx = back(1.0)
    assert df is None
    assert dx == pytest.approx(-math.cos(math.cos(0.6)) * math.sin(0.6), rel=1e-15)


def test_matrix_product():
    y, back = gg.pullback(np.matmul, A, X)
    assert_allclose(y, [[142.37, 148.33], [117.73, 176.22], [11.31, 12.28]], atol=1e-6)
    dy = np.array([[5.6, 5.3], [2.8, 6.9], [8.9, 1.0]])
    df, da, dx = back(dy)
    assert df is None
    assert_array_equal(da, dy @ X.T)
    assert_array_equal(dx, A.T @ dy)


def test_what_was_broadcast_is_summed():
    y, back = gg.pullback(lambda x, y: x + y, A, B)
    assert_allclose(y, [[14.4, 16.9, 16.2, 18.4], [29.2, 27.4, 28, 20.3], [30.6, 30.4, 30.5, 30.7]])
    dy = np.array([[10.0, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]])
    df, da, db = back(dy)
    assert df is None
    assert_array_equal(da, dy)
    assert_array_equal(db, [[46], [86], [126]])


def test_dense_layer():
    y, back = gg.pullback(lambda x, w, b: w @ x + b, X, A, B)
    assert_allclose(y, [[152.37, 158.33], [137.73, 196.22], [41.31, 42.28]], atol=1e-6)
    dy = np.array([[10.0, 11], [20, 21], [30, 31]])
    df, dx, dw, db = back(dy)
    assert df is None
    assert_array_equal(dx, A.T @ dy)
    assert_array_equal(dw, dy @ X.T)
    assert_array_equal(db, [[21], [41], [61]])


def bar(a, b):
    return a / (a + b * b)


def test_a_variable_used_twice_collects_both_gradients():
    y, back = gg.pullback(bar, 2.1, 3.2)
    assert y == pytest.approx(0.17017828200972446, rel=1e-15)
    denominator = (2.1 + 3.2**2) ** 2
    assert_gradients(
        back(1.0), (None, 3.2**2 / denominator, -2 * 2.1 * 3.2 / denominator), rtol=1e-14
    )


def test_map_of_a_rule():
    x = np.array([0.1, 0.2, 0.5])
    y, back = gg.pullback(map, np.sin, x)
    assert_array_equal(y, np.sin(x))
    expected = (None, None, [0.9950041652780258, 0.9800665778412416, 0.8775825618903728])
    assert_gradients(back(np.ones(3)), expected, rtol=1e-15)


@pytest.mark.parametrize("kind", [np.asarray, list, tuple])
def test_map_of_a_function_of_two(kind):
    y, back = gg.pullback(map, bar, kind([2.1, 4.0]), kind([3.2, 5.0]))
    df, dbar, da, db = back(kind([1.0, 1.0]))
    assert type(y) is type(da) is type(db) is type(kind([1.0]))
    expected = (
        None,
        None,
        [0.06724649254378245, 0.029726516052318668],
        [-0.08826102146371445, -0.047562425683709865],
    )
    assert_gradients((df, dbar, da, db), expected, rtol=1e-14)


@dataclass
class Boo:
    x: Any
    y: Any
    z: Any


def test_getattr():
    boo = Boo(1, "aaa", [1, 2, 3])
    y, back = gg.rrule(getattr, boo, "x")
    assert y == 1
    assert back(1.0) == (None, gg.Tangent(x=1.0, y=None, z=None), None)
    z, back = gg.rrule(getattr, boo, "z")
    assert z == [1, 2, 3]
    assert back(1.0) == (None, gg.Tangent(x=None, y=None, z=1.0), None)


def test_pullback_of_getattr():
    boo = Boo(1.0, "aaa", [1.0, 2.0, 3.0])
    y, back = gg.pullback(getattr, boo, "x")
    assert y == 1.0
    assert back(1.0) == (None, gg.Tangent(x=1.0, y=None, z=None), None)
    _, back = gg.pullback(getattr, boo, "z")
    assert back([1.0, None, 2.0])[1] == gg.Tangent(x=None, y=None, z=[1.0, None, 2.0])


@dataclass
class Layer:
    weight: object
    dtype: str = "float32"


def test_gradients_of_objects_with_any_names_add_up():
    """Also such as those of an array's attributes."""
    first = gg.grad(lambda layer: layer.weight * 2.0)(Layer(3.0))
    assert first + first == gg.Tangent(weight=4.0, dtype=None)
    both = gg.grad(lambda layer: layer.weight * getattr(layer, "weight"))(Layer(3.0))  # noqa: B009
    assert both.weight == 6.0


def test_closure():
    def line_through(a, b):
        return lambda x: a * x + b

    y, back = gg.pullback(line_through(2.0, 3.5), 4.0)
    assert y == 11.5
    assert back(1.0) == (gg.Tangent(a=4.0, b=1.0), 2.0)


# --- The polynomial --------------------------------------------------------------------------


@dataclass(frozen=True)
class Polynomial:
    weights: Any

    def __call__(self, x):
        if len(np.shape(x)):
            return xp.stack(list(map(self, x)))
        return gg.evalpoly(x, self.weights)


MODEL = Polynomial(np.array([3.0, 2.0, -3.0, 1.0]))
XS, YS = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 3.0, 15.0])


def assert_tangent(actual, weights):
    assert isinstance(actual, gg.Tangent)
    assert list(vars(actual)) == ["weights"]
    assert_array_equal(actual.weights, weights)


def test_callable_model():
    y, back = gg.pullback(MODEL, 2.5)
    assert y == 4.875
    dmodel, dx = back(1.0)
    assert_tangent(dmodel, [1, 2.5, 6.25, 15.625])
    assert dx == 5.75


def test_model_mapped_over_a_vector():
    y, back = gg.pullback(MODEL, XS)
    assert_array_equal(y, [3, 3, 9, 27])
    dmodel, dx = back(np.ones(4))
    assert_tangent(dmodel, [4, 10, 30, 100])
    assert_array_equal(dx, [-1, 2, 11, 26])


def test_loss_of_a_captured_model():
    y, back = gg.pullback(lambda x, y: gg.mse(MODEL(x), y), XS, YS)
    assert y == 46.25
    _, dx, dy = back(1.0)
    assert_array_equal(dx, [-0.5, 2, 33, 156])
    assert_array_equal(dy, [-0.5, -1, -3, -6])


def test_gradient_of_a_captured_model():
    model, x = MODEL, XS
    _, back = gg.pullback(lambda y: gg.mse(model(x), y), YS)
    dcaptured, _ = back(1.0)
    assert_tangent(dcaptured.model, [10.5, 35.5, 127.5, 473.5])
    assert_array_equal(dcaptured.x, [-0.5, 2, 33, 156])


def test_loss_of_a_model():
    y, back = gg.pullback(lambda model: gg.mse(model(XS), YS), MODEL)
    assert y == 46.25
    assert_tangent(back(1.0)[1], [10.5, 35.5, 127.5, 473.5])


# --- Activations -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "y", "dx"),
    [
        (gg.sigmoid, 0.6224593312018546, 0.2350037122015945),
        (gg.tanh_act, 0.46211715726000974, 0.7864477329659274),
    ],
)
def test_activation_of_a_number(f, y, dx):
    actual, back = gg.pullback(f, 0.5)
    assert actual == pytest.approx(y, rel=1e-14)
    assert back(1.0) == (None, pytest.approx(dx, rel=1e-14))


@pytest.mark.parametrize(
    ("f", "dx"),
    [
        (gg.sigmoid, [[0.177894, 0.235004], [0.0971947, 0.235004]]),
        (gg.tanh_act, [[0.30502, 0.786448], [0.058223, 0.786448]]),
    ],
)
def test_scalar_sensitivity_broadcasts(f, dx):
    _, back = gg.pullback(lambda x: f(x), np.array([[-1.2, 0.5], [2.1, -0.5]]))
    assert_allclose(back(1.0)[1], dx, atol=1e-6)
    assert_array_equal(back(1.0)[1], back(np.ones((2, 2)))[1])


LOGITS = np.array([2.0, -1.0, 0.5])
LOGIT_COLUMNS = np.array([[2.0, 2.0], [-1.0, 0.4], [0.5, 9.0]])


def test_softmax():
    y, back = gg.pullback(gg.softmax, LOGITS)
    assert_allclose(y, [0.7855970345892759, 0.03911257327068745, 0.1752903921400367], rtol=1e-14)
    assert_array_equal(back(np.ones(3))[1], 0)
    expected = [-0.04655011041061041, 0.01837295773064898, 0.028177152679961473]
    assert_allclose(back(np.array([0.46, 0.989, 0.68]))[1], expected, rtol=1e-13)


def test_logsoftmax():
    y, back = gg.pullback(gg.logsoftmax, LOGITS)
    expected = [-0.24131129665715703, -3.241311296657157, -1.7413112966571571]
    assert_allclose(y, expected, rtol=1e-14)
    expected = [-1.3567911037678275, 0.8826622801879377, 0.47412882357988995]
    assert_allclose(back(np.ones(3))[1], expected, rtol=1e-14)


def test_softmax_of_columns():
    y, back = gg.pullback(lambda x: gg.softmax(x, axis=0), LOGIT_COLUMNS)
    expected = [[0.785597, 0.000910884], [0.0391126, 0.000183904], [0.17529, 0.998905]]
    assert_allclose(y, expected, atol=1e-6)
    assert_allclose(back(np.ones((3, 2)))[1], 0, atol=1e-15)
    dy = np.array([[0.46, -0.95], [0.989, -8.6], [0.68, 6.3]])
    expected = [[-0.0465501, -0.0065954], [0.018373, -0.00273845], [0.0281772, 0.00933385]]
    assert_allclose(back(dy)[1], expected, atol=1e-6)


def test_logsoftmax_of_columns():
    y, back = gg.pullback(lambda x: gg.logsoftmax(x, axis=0), LOGIT_COLUMNS)
    expected = [[-0.241311, -7.0011], [-3.24131, -8.6011], [-1.74131, -0.00109539]]
    assert_allclose(y, expected, atol=1e-5)
    expected = [
        [-1.3567911037678275, 0.997267349055322],
        [0.8826622801879377, 0.9994482872893747],
        [0.47412882357988995, -1.996715636344697],
    ]
    assert_allclose(back(np.ones((3, 2)))[1], expected, rtol=1e-13)


# --- Losses ----------------------------------------------------------------------------------

YHAT = np.array([4.0, 2.0, -3.0, 1.5])
Y = np.array([6.0, -2.0, -1.0, 1.5])


def test_mse():
    loss, back = gg.pullback(gg.mse, YHAT, Y)
    assert loss == 6.0
    df, dyhat, dy = back(1.0)
    assert df is None
    assert_array_equal(dyhat, [-1, 2, -1, 0])
    assert_array_equal(dy, [1, -2, 1, 0])


CROSS_ENTROPIES = {
    "vectors": (
        YHAT,
        Y,
        -6.3613271992582145,
        [-2.306426003013708, 2.4998708830375276, 1.003368103516293, -1.1968129835401118],
        [0.1974828446092856, 2.1974828446092856, 7.197482844609286, 2.6974828446092856],
    ),
    "two classes": (
        np.array([[-0.5, 0.6, -1.0], [1.0, 0.3, 0.4]]),
        np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
        1.3920619774565768,
        [
            [-0.2725248253978812, 0.19148083893721968, -0.2673946295195272],
            [0.2725248253978812, -0.19148083893721962, 0.26739462951952725],
        ],
        [
            [0.5671377593275841, 0.184785081489509, 0.5401391366394835],
            [0.06713775932758415, 0.284785081489509, 0.07347246997281694],
        ],
    ),
    "three classes": (
        np.array([[-0.5, 0.6, -1.0, 0.2], [1.0, 0.3, 0.4, 0.3], [0.3, 0.4, -0.8, 0.9]]),
        np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]),
        1.4586026625211166,
        [
            [-0.21756292467748672, 0.09767345831745393, -0.2101695358216563, 0.06069546870193611],
            [0.14537288594664036, -0.17764172240143383, 0.16152049701542742, 0.06707886686835046],
            [0.07219003873084633, 0.07996826408397993, 0.04864903880622885, -0.12777433557028658],
        ],
        [
            [0.5105397122996742, 0.23495776521111503, 0.4592072166871397, 0.3538979683231878],
            [0.13553971229967415, 0.309957765211115, 0.10920721668713967, 0.3288979683231878],
            [0.31053971229967414, 0.28495776521111504, 0.40920721668713966, 0.1788979683231878],
        ],
    ),
}


@pytest.mark.parametrize("case", CROSS_ENTROPIES.values(), ids=CROSS_ENTROPIES.keys())
def test_logit_cross_entropy(case):
    logits, targets, loss, dlogits, dtargets = case
    value, back = gg.pullback(lambda a, b: gg.logit_cross_entropy(a, b, axis=0), logits, targets)
    assert value == pytest.approx(loss, rel=1e-14)
    assert_gradients(back(1.0), (None, dlogits, dtargets), rtol=1e-13)


# --- What MicroGrad.jl cannot do -------------------------------------------------------------


@pytest.mark.parametrize(("x", "expected"), [(-5.0, (0.0, 0.0)), (5.0, (5.0, 1.0))])
def test_branches(x, expected):
    def relu(x):
        return x if x > 0 else 0 * x

    assert gg.value_and_grad(relu)(x) == expected


@pytest.mark.parametrize("x", [3.2, 2.0])
def test_loops_and_integer_arguments(x):
    def power(x, n):
        r = 1.0
        while n > 0:
            n -= 1
            r *= x
        return r

    y, back = gg.pullback(power, x, 5)
    assert y == pytest.approx(x**5, rel=1e-15)
    assert back(1.0) == (None, pytest.approx(5 * x**4, rel=1e-15), None)


def test_superfluous_calls():
    def confuse(x):
        y = x * 3
        z = y + 2
        z * x
        return y

    y, back = gg.pullback(confuse, 3.0)
    assert (y, back(1.0)) == (9.0, (None, 3.0))


def test_functions_out_of_a_tuple():
    def apply(layers, x):
        for layer in layers:
            x = layer(x)
        return x

    y, back = gg.pullback(apply, (np.cos, np.sin), 0.6)
    assert y == pytest.approx(0.7347754747082689, rel=1e-15)
    assert back(1.0) == (None, None, pytest.approx(-math.cos(math.cos(0.6)) * math.sin(0.6)))


def test_functions_out_of_a_dict():
    fs = {"sin": np.sin, "cos": np.cos}
    _, back = gg.pullback(lambda name, x: fs[name](x), "sin", 0.6)
    assert back(1.0) == (None, None, math.cos(0.6))


def test_softmax_does_not_overflow():
    y, back = gg.pullback(gg.softmax, np.array([1e4, 1e4, -1e4]))
    assert_array_equal(y, [0.5, 0.5, 0])
    assert_array_equal(back(np.array([1.0, 0.0, 0.0]))[1], [0.25, -0.25, 0])


def test_logsoftmax_does_not_overflow():
    y, back = gg.pullback(gg.logsoftmax, np.array([1e4, 0.0, -1e4]))
    assert_array_equal(y, [0, -1e4, -2e4])
    assert_array_equal(back(np.ones(3))[1], [-2, 1, 1])


def test_polynomial_at_zero():
    y, back = gg.pullback(MODEL, 0.0)
    assert y == 3.0
    dmodel, dx = back(1.0)
    assert_tangent(dmodel, [1, 0, 0, 0])
    assert dx == 2.0


def test_keyword_arguments():
    def scaled(x, *, by, shift=0.0):
        return x * by + shift

    y, back = gg.pullback(scaled, 3.0, by=2.0)
    assert (y, back(1.0)) == (6.0, (None, 2.0))


# --- Its mistakes ----------------------------------------------------------------------------


def test_exp_has_its_rule():
    y, back = gg.rrule(np.exp, 0.5)
    assert back(2.0) == (None, 2 * y)


def test_cross_entropy_divides_by_the_batch_and_keeps_epsilon_in_both_gradients():
    yhat = np.array([[0.7, 0.2, 0.0], [0.3, 0.8, 1.0]])
    y = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    loss, back = gg.pullback(lambda a, b: gg.cross_entropy(a, b, axis=0), yhat, y)
    assert loss == pytest.approx(-np.sum(y * np.log(yhat + 1e-6)) / 3, rel=1e-14)
    expected = (None, -y / (yhat + 1e-6) / 3, -np.log(yhat + 1e-6) / 3)
    assert_gradients(back(1.0), expected, rtol=1e-14)


def test_repeated_index_keeps_all_gradient():
    _, back = gg.pullback(lambda x: x[np.array([0, 0, 2])], np.array([1.0, 2.0, 3.0]))
    assert_array_equal(back(np.array([1.0, 10.0, 100.0]))[1], [11, 0, 100])


@pytest.mark.parametrize(("x", "dx"), [(-2.0, 0.0), (0.0, 0.0), (2.0, 1.0)])
def test_relu_of_a_number(x, dx):
    y, back = gg.rrule(gg.relu, x)
    assert (y, back(1.0)) == (max(x, 0.0), (None, dx))


# --- The talk --------------------------------------------------------------------------------


def test_derivatives_of_the_talk():
    def f(x):
        return 5 * xp.sin(xp.log(x))

    assert gg.grad(f)(3.0) == pytest.approx(0.7580540380443495, rel=1e-15)
    assert gg.grad(gg.grad(f))(3.0) == pytest.approx(-0.7474497024968648, rel=1e-14)


def test_an_adjoint_of_ones_own():
    @gg.primitive
    def add(a, b):
        return a + b

    @gg.rrule.register(add)
    def add_rrule(f, a, b):
        return a + b, lambda dy: (None, dy, dy)

    y, back = gg.pullback(lambda x: add(x, x * x), 3.0)
    assert (y, back(1.0)) == (12.0, (None, 7.0))
    assert gg.rrule(add, 1.0, 2.0)[1](0.5) == (None, 0.5, 0.5)
