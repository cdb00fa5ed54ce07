"""grad and value_and_grad."""

import functools
import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp
from tests.structures import Model

V = np.array([1.0, 2.0, 4.0])


def product(x, y, z=1.0):
    return x * y * z


# --- argnums ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 15.0),
        (1, 10.0),
        (2, 6.0),
        (-1, 6.0),
        (-3, 15.0),
        ((0,), (15.0,)),
        ((0, 2), (15.0, 6.0)),
        ((2, 0), (6.0, 15.0)),
        ((-1, 0), (6.0, 15.0)),
        (np.int64(1), 10.0),
        (True, 10.0),
    ],
)
def test_argnums(argnums, expected):
    assert gg.grad(product, argnums)(2.0, 3.0, 5.0) == expected
    assert gg.value_and_grad(product, argnums)(2.0, 3.0, 5.0) == (30.0, expected)


def test_grad_takes_a_list_of_places():
    assert gg.grad(lambda x, y: x * y, argnums=[0, 1])(2.0, 5.0) == (5.0, 2.0)


def test_other_arguments_may_be_anything():
    def f(x, mode, n, *rest, scale=1.0):
        assert mode == "square"
        return x**n * scale + len(rest)

    assert gg.grad(f)(3.0, "square", 2, None, object(), scale=10.0) == 60.0


def test_keyword_arguments_are_passed_on_as_they_are():
    def f(x, *, weight):
        assert weight is V
        return xp.sum(x * weight)

    assert_array_equal(gg.grad(f)(V, weight=V), V)


def test_a_function_sees_plain_values_where_it_is_not_differentiated_by():
    def f(x, y):
        assert isinstance(x, gg.Tracked)
        assert type(y) is np.ndarray
        return xp.sum(x * y)

    assert_array_equal(gg.grad(f)(V, V), V)


# --- Values, aux, structures -----------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.asarray])
def test_the_type_of_value_and_gradient(kind):
    value, gradient = gg.value_and_grad(lambda x: x * x)(kind(3.0))
    assert (value, gradient) == (9.0, 6.0)
    assert type(gradient) is type(kind(3.0))
    assert getattr(gradient, "dtype", None) == getattr(kind(3.0), "dtype", None)
    assert getattr(value, "dtype", None) == getattr(kind(3.0), "dtype", None)


def test_value_is_the_functions_own():
    value, gradient = gg.value_and_grad(lambda x: xp.sum(x) * 2)(V)
    assert type(value) is np.float64
    assert type(gradient) is np.ndarray
    assert value == 14.0


def test_aux_comes_along_unrecorded():
    def f(x):
        y = x * x
        return xp.sum(y), {"y": y, "x": x, "label": "a", "none": None, "nested": (y[0], [1])}

    gradient, aux = gg.grad(f, has_aux=True)(V)
    assert_array_equal(gradient, 2 * V)
    assert type(aux["y"]) is type(aux["x"]) is np.ndarray
    assert_array_equal(aux["y"], V * V)
    assert (aux["label"], aux["none"], aux["nested"]) == ("a", None, (1.0, [1]))
    (value, again), gradient = gg.value_and_grad(f, has_aux=True)(V)
    assert (value, again["label"]) == (21.0, "a")
    assert_array_equal(gradient, 2 * V)


@pytest.mark.parametrize("aux", [None, 3, "text", {}])
def test_aux_may_be_anything(aux):
    assert gg.grad(lambda x: (x * x, aux), has_aux=True)(3.0) == (6.0, aux)


def test_structures_have_gradients_of_their_form():
    def f(p):
        return p["model"].weight * p["xs"][0] + p["model"].bias * p["xs"][1]

    gradient = gg.grad(f)({"model": Model(2.0, 3.0), "xs": [5.0, 7.0], "n": 3})
    assert gradient == {
        "model": gg.Tangent(weight=5.0, bias=7.0, name=None, steps=None),
        "xs": [2.0, 3.0],
        "n": None,
    }


def test_what_was_not_used_has_a_zero_gradient_of_its_own_kind():
    given = {
        "float": 2.0,
        "float32": np.ones((2, 3), np.float32),
        "number": np.float32(1),
        "complex": 1 + 2j,
        "complex array": np.ones(2, np.complex64),
        "integers": np.arange(3),
        "int": 3,
        "model": Model(np.ones(2), 1.0),
        "none": None,
    }
    gradient, dx = gg.grad(lambda p, x: x * x, (0, 1))(given, 3.0)
    assert dx == 6.0
    for key in ("float", "float32", "number", "complex", "complex array"):
        assert type(gradient[key]) is type(given[key])
        assert_array_equal(gradient[key], np.zeros_like(given[key]), strict=True)
    assert gradient["integers"] is gradient["int"] is gradient["none"] is None
    assert_array_equal(gradient["model"].weight, [0, 0])
    assert (gradient["model"].bias, gradient["model"].name) == (0.0, None)


def test_zeros_are_on_the_device_of_the_argument():
    strict = pytest.importorskip("array_api_strict")
    device = strict.Device("device1")
    x = strict.ones((2, 3), dtype=strict.float32, device=device)
    zero = gg.grad(lambda x, y: y * y, (0, 1))(x, 3.0)[0]
    assert (zero.shape, zero.dtype, zero.device) == ((2, 3), strict.float32, device)


@pytest.mark.parametrize("f", [lambda x: 2.5, lambda x: gg.stop_gradient(x) * 2])
def test_constant_functions_have_zero_gradients(f):
    assert gg.value_and_grad(f)(3.0) == (f(3.0), 0.0)
    assert gg.value_and_grad(f)(np.float64(3.0)) == (f(3.0), 0.0)


def test_gradients_may_be_written_to():
    gradient = gg.grad(xp.sum)(V)
    gradient += 1.0
    assert_array_equal(gradient, [2, 2, 2])


# --- Composition -----------------------------------------------------------------------------


def test_derivatives_of_derivatives():
    assert gg.grad(gg.grad(gg.grad(xp.sin)))(0.5) == -math.cos(0.5)
    assert gg.grad(lambda x: gg.grad(product)(x, x * x, x))(2.0) == 3 * 2.0**2


def test_gradient_by_one_argument_of_the_gradient_by_another():
    def f(x, y):
        return x**2 * y**3

    assert gg.grad(gg.grad(f, 0), 1)(2.0, 3.0) == 2 * 2.0 * 3 * 3.0**2
    assert gg.grad(lambda x, y: gg.value_and_grad(f, 1)(x, y)[1])(2.0, 3.0) == 108.0


def test_grad_inside_pullback_and_pullback_inside_grad():
    _, back = gg.pullback(lambda x: gg.grad(lambda y: x * y * y)(x), 3.0)
    assert back(1.0)[1] == 4 * 3.0
    assert gg.grad(lambda x: gg.pullback(lambda y: x * y * y, x)[1](1.0)[1])(3.0) == 4 * 3.0


def test_gradient_of_a_function_that_returns_an_outer_variable():
    assert gg.grad(lambda x: x * gg.grad(lambda y: x)(2.0))(3.0) == 0.0


def test_grad_of_primitives_partials_methods_and_callable_objects():
    class Square:
        def __call__(self, x):
            return x * x

        def method(self, x):
            return self(x)

    for f in (np.square, Square(), Square().method, functools.partial(pow, exp=2)):
        assert gg.grad(f)(3.0) == 6.0


def test_names_and_docstrings():
    def loss(x):
        """Say what it is."""
        return x

    assert gg.grad(loss).__name__ == "grad(loss)"
    assert gg.value_and_grad(loss).__name__ == "value_and_grad(loss)"
    assert gg.grad(loss).__doc__ == "Say what it is."
    assert gg.grad(gg.grad(loss)).__name__ == "grad(grad(loss))"


# --- What was captured -----------------------------------------------------------------------


class Untouchable(np.ndarray):
    """An array that must not be looked at."""

    def __array_ufunc__(self, *args, **kwargs):
        raise AssertionError("a captured array was computed with")

    def __array_function__(self, *args, **kwargs):
        raise AssertionError("a captured array was computed with")


def test_captured_values_are_not_even_looked_at():
    captured = [np.ones(3).view(Untouchable), {"a": np.ones(3).view(Untouchable)}]

    def f(x):
        assert len(captured) == 2
        assert type(captured[0]) is Untouchable
        return x * x

    assert gg.grad(f)(3.0) == 6.0


def test_functions_without_a_rule_are_fine_on_captured_values():
    def f(x):
        return x * np.linalg.norm(V) * np.median(V) * float(np.sort(V)[0])

    assert gg.grad(f)(3.0) == pytest.approx(np.linalg.norm(V) * 2)


def test_what_is_computed_of_captured_values_is_not_recorded():
    def f(x):
        y = V
        for _ in range(100):
            y = xp.tanh(y)
        assert type(y) is np.ndarray
        return xp.sum(x * y)

    assert_array_equal(gg.grad(f)(V), functools.reduce(lambda y, _: np.tanh(y), range(100), V))
