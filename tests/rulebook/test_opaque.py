"""Rules of one's own: primitive, rrule.register, and which rule answers."""

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import primitive, xp
from gpugrad.dispatch.primitive import ALIASES
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import NoRuleError
from gpugrad.testing import derivative

V = np.array([1.0, 2.0, 4.0])


def make_square(times=1.0):
    """Return an opaque square, whose gradient is that of the square times `times`."""

    @primitive
    def square(x):
        return x * x

    @gg.rrule.register(square)
    def square_rrule(f, x):
        def square_back(dy):
            return None, dy * x * (2 * times)

        return square(x), square_back

    return square


def make_tagged():
    """Return an opaque identity, and a function that registers a rule which multiplies by a tag."""

    @primitive
    def identity(*args):
        return args[0]

    def register(tag, *types):
        def rule(f, *args):
            return args[0], lambda dy: (None, dy * tag, *(None for _ in args[1:]))

        gg.rrule.register(identity, *types)(rule)

    return identity, register


# --- Functions -------------------------------------------------------------------------------


def test_an_opaque_function_computes_what_it_did_and_keeps_its_name():
    square = make_square()
    assert square(3.0) == 9.0
    assert_array_equal(square(V), V * V)
    assert square.__name__ == "square"
    assert repr(gg.pullback(square, 3.0)[1]) == "∂(square)"


@pytest.mark.parametrize("kind", [float, np.float64, np.asarray])
def test_a_recording_takes_the_rule_and_does_not_look_inside(kind):
    square = make_square(times=100.0)
    assert gg.grad(lambda x: 3 * square(x + 1))(kind(1.0)) == 3 * 100 * 4.0
    assert gg.rrule(square, kind(2.0))[1](kind(1.0)) == (None, 400.0)
    assert gg.pullback(square, kind(2.0))[1](1.0) == (None, 400.0)


def test_second_order_goes_through_the_rule():
    square = make_square(times=10.0)
    assert gg.grad(gg.grad(square))(3.0) == 20.0
    assert gg.grad(gg.grad(gg.grad(lambda x: square(x) * x)))(3.0) == 60.0


def test_a_rule_may_be_registered_under_the_decorator():
    square = make_square()

    @gg.rrule.register(square)
    def again(f, x):
        return x * x, lambda dy: (None, dy * 7.0)

    assert again(None, 3.0)[0] == 9.0
    assert gg.grad(square)(3.0) == 7.0


def test_registering_anew_replaces_and_later_calls_see_it():
    square = make_square()
    assert gg.grad(square)(3.0) == 6.0
    gg.rrule.register(square)(lambda f, x: (x * x, lambda dy: (None, dy * -1.0)))
    assert gg.grad(square)(3.0) == -1.0
    assert len(square.rrules) == 1


def test_the_first_argument_of_a_rule_is_the_function():
    square = make_square()
    seen = []
    gg.rrule.register(square)(lambda f, x: (seen.append(f), (x, lambda dy: (None, dy)))[1])
    gg.rrule(square, 1.0)
    gg.grad(square)(1.0)
    assert seen == [square, square]


def test_keyword_arguments_reach_function_and_rule():
    @primitive
    def scaled(x, *, by=1.0):
        return x * by

    @gg.rrule.register(scaled)
    def scaled_rrule(f, x, *, by=1.0):
        return f(x, by=by), lambda dy: (None, dy * by)

    assert gg.value_and_grad(lambda x: scaled(x, by=3.0))(2.0) == (6.0, 3.0)
    assert gg.value_and_grad(scaled)(2.0) == (2.0, 1.0)
    assert gg.value_and_grad(lambda x: scaled(x, by=3.0) * scaled(x, by=5.0))(2.0) == (60.0, 60.0)


def test_a_rule_may_say_that_no_gradient_flows():
    square = make_square()
    gg.rrule.register(square)(lambda f, x: (x * x, None))
    assert gg.rrule(square, 3.0)[1](1.0) == (None, None)
    assert gg.grad(square)(3.0) == 0.0
    assert gg.pullback(lambda x: square(x) + x, 3.0)[1](1.0) == (None, 1.0)


def test_the_gradients_of_a_rule_are_projected():
    @primitive
    def double(x):
        return 2 * x

    gg.rrule.register(double)(lambda f, x: (2 * x, lambda dy: (None, 2.0 * np.float64(1) * dy)))
    x = np.ones(3, np.float32)
    assert gg.rrule(double, x)[1](np.ones(3))[1].dtype == np.float32
    assert gg.pullback(double, x)[1](1.0)[1].dtype == np.float32
    assert type(gg.grad(double)(1.0)) is float


def test_a_rule_in_a_closure_and_in_a_loop():
    square = make_square()

    def f(x):
        for _ in range(3):
            x = square(x)
        return x

    assert gg.grad(f)(1.5) == pytest.approx(8 * 1.5**7)


# --- needs -----------------------------------------------------------------------------------


def test_a_rule_is_told_which_gradients_are_wanted():
    seen = []

    @primitive
    def times(a, b):
        return a * b

    @gg.rrule.register(times)
    def times_rrule(f, a, b, *, needs):
        seen.append(needs)

        def times_back(dy):
            return None, dy * b if needs[0] else None, dy * a if needs[1] else None

        return a * b, times_back

    assert gg.grad(lambda x: times(x, 3.0))(2.0) == 3.0
    assert gg.grad(lambda x: times(3.0, x))(2.0) == 3.0
    assert gg.grad(lambda x: times(x, x))(2.0) == 4.0
    assert gg.rrule(times, 2.0, 3.0)[1](1.0) == (None, 3.0, 2.0)
    assert seen == [(True, False), (False, True), (True, True), (True, True)]


# --- Types -----------------------------------------------------------------------------------

NARROWER = [((), (float,)), ((object,), (float,)), ((object, object), (float, object))]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("wide", "narrow"), NARROWER)
def test_the_narrowest_types_win_in_either_order_of_registration(wide, narrow, order):
    identity, register = make_tagged()
    for tag, types in [(10.0, wide), (20.0, narrow)][::order]:
        register(tag, *types)
    assert gg.grad(lambda x: identity(x, "a"))(1.0) == 20.0
    assert gg.grad(lambda x: identity(x, "a")[0])(V)[0] == 10.0


@pytest.mark.parametrize("order", [1, -1])
def test_a_class_is_narrower_than_its_base(order):
    class Base:
        pass

    class Derived(Base):
        pass

    identity, register = make_tagged()
    for tag, kind in [(10.0, Base), (20.0, Derived), (5.0, object)][::order]:
        register(tag, object, kind)
    found = [gg.grad(lambda x, k=k: identity(x, k()))(1.0) for k in (Base, Derived, object)]
    assert found == [10.0, 20.0, 5.0]


def test_unrelated_rules_do_not_hide_a_narrower_one():
    identity, register = make_tagged()
    register(10.0, float, float)
    register(30.0, np.ndarray)
    register(20.0, float)
    assert gg.grad(lambda x: identity(x, 1.0))(1.0) == 10.0
    assert gg.grad(lambda x: identity(x, "a"))(1.0) == 20.0


def test_a_rule_for_other_types_only():
    identity, register = make_tagged()
    register(10.0, np.ndarray)
    assert gg.grad(lambda x: identity(x)[0])(V)[0] == 10.0
    with pytest.raises(NoRuleError, match=r"identity: no rule for \(float\)"):
        gg.grad(identity)(1.0)


def test_registering_for_the_same_types_replaces():
    identity, register = make_tagged()
    register(10.0, float)
    register(1.0)
    register(20.0, float)
    assert gg.grad(identity)(1.0) == 20.0


def test_a_rule_may_decline():
    square = make_square()

    @gg.rrule.register(square, float)
    def positive_only(f, x):
        if x < 0:
            return NotImplemented
        return x * x, lambda dy: (None, dy * -1.0)

    assert [gg.grad(square)(x) for x in (3.0, -3.0, 3.0)] == [-1.0, -6.0, -1.0]
    assert [gg.rrule(square, x)[1](1.0)[1] for x in (3.0, -3.0)] == [-1.0, -6.0]


def test_no_rule_where_all_decline():
    @primitive
    def picky(x):
        return x

    gg.rrule.register(picky)(lambda f, x: NotImplemented)
    for call in (gg.rrule, gg.pullback, lambda f, x: gg.grad(f)(x)):
        with pytest.raises(NoRuleError, match=r"picky: no rule for \(float\)"):
            call(picky, 1.0)


# --- Structures ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    slope: Any
    offset: Any
    name: str = "l"


@primitive
def evaluate(line, xs):
    return {"y": [line.slope * x + line.offset for x in xs], "name": line.name}


@gg.rrule.register(evaluate)
def evaluate_rrule(f, line, xs):
    def evaluate_back(dresult):
        dys = [0.0 if dy is None else dy for dy in dresult["y"]]
        dslope = sum(dy * x for dy, x in zip(dys, xs, strict=True))
        return (
            None,
            gg.Tangent(slope=dslope, offset=sum(dys)),
            tuple(line.slope * dy for dy in dys),
        )

    return evaluate(line, xs), evaluate_back


def test_structured_arguments_and_results():
    def f(line, xs):
        result = evaluate(line, xs)
        assert result["name"] == "l"
        return result["y"][0] * result["y"][1]

    line, xs = Line(2.0, 1.0), (3.0, 5.0)
    dline, dxs = gg.grad(f, (0, 1))(line, xs)
    assert dline == gg.Tangent(slope=3 * 11.0 + 5 * 7.0, offset=18.0, name=None)
    assert dxs == (22.0, 14.0)
    second = gg.grad(lambda s: gg.grad(f)(Line(s, 1.0), xs).slope)
    slope = derivative(lambda t: gg.grad(f)(Line(2.0 + t, 1.0), xs).slope)
    assert second(2.0) == pytest.approx(slope, rel=1e-9)


def test_unused_parts_of_a_structured_result():
    _, dline, dxs = gg.pullback(
        lambda line, xs: evaluate(line, xs)["y"][1], Line(2.0, 1.0), [3, 5]
    )[1](1.0)
    assert dline == gg.Tangent(slope=5.0, offset=1.0, name=None)
    assert dxs is None


def test_rrule_of_structures():
    y, back = gg.rrule(evaluate, Line(2.0, 1.0), [3.0])
    assert y == {"y": [7.0], "name": "l"}
    df, dline, dxs = back({"y": [1.0]})
    assert (df, dxs) == (None, [2.0])
    assert (dline.slope, dline.offset) == (3.0, 1.0)


def test_pullback_of_a_function_with_structures():
    y, back = gg.pullback(evaluate, Line(2.0, 1.0), [3.0, 4.0])
    assert y == {"y": [7.0, 9.0], "name": "l"}
    assert back({"y": [1.0, None]})[1] == gg.Tangent(slope=3.0, offset=1.0, name=None)


def test_results_without_a_number_in_them():
    @primitive
    def name(x):
        return "name"

    gg.rrule.register(name)(lambda f, x: ("name", lambda dy: (None, None)))
    assert gg.grad(lambda x: x * len(name(x)))(2.0) == 4.0


# --- Methods ---------------------------------------------------------------------------------


def make_power():
    @dataclass(frozen=True)
    class Power:
        exponent: Any

        @primitive
        def __call__(self, x):
            return x**self.exponent

    @gg.rrule.register(Power)
    def power_rrule(self, x):
        y = x**self.exponent

        def power_back(dy):
            dexponent = gg.Tangent(exponent=xp.sum(dy * y * xp.log(x)))
            return dexponent, dy * self.exponent * x ** (self.exponent - 1)

        return y, power_back

    return Power


def test_the_call_of_a_dataclass():
    power = make_power()(3.0)
    assert power(2.0) == 8.0
    expected = (gg.Tangent(exponent=8 * np.log(2.0)), 12.0)
    assert gg.rrule(power, 2.0)[1](1.0) == expected
    assert gg.pullback(power, 2.0)[1](1.0) == expected
    assert gg.grad(power)(2.0) == 12.0
    assert gg.grad(lambda m: m(2.0))(power) == expected[0]
    assert gg.grad(gg.grad(power))(2.0) == pytest.approx(12.0)
    assert gg.grad(lambda m: gg.grad(m)(2.0))(power).exponent == pytest.approx(
        derivative(lambda t: (3 + t) * 2.0 ** (2 + t))
    )


def test_the_call_of_a_dataclass_on_arrays():
    dpower, dx = gg.pullback(make_power()(3.0), V)[1](np.ones(3))
    assert_allclose(dx, 3 * V**2)
    assert dpower.exponent == pytest.approx(np.sum(V**3 * np.log(V)))


def test_each_class_has_its_own_rule():
    first, second = make_power(), make_power()
    gg.rrule.register(second)(lambda self, x: (x, lambda dy: (None, dy * 5.0)))
    assert gg.grad(first(2.0))(3.0) == 6.0
    assert gg.grad(second(2.0))(3.0) == 5.0


def test_a_subclass_inherits_the_rule_and_may_have_its_own():
    base = make_power()

    class Plain(base):
        pass

    class Special(base):
        pass

    gg.rrule.register(Special)(lambda self, x: (x, lambda dy: (None, dy * 5.0)))
    assert gg.grad(Plain(2.0))(3.0) == 6.0
    assert gg.grad(Special(2.0))(3.0) == 5.0
    assert gg.grad(base(2.0))(3.0) == 6.0


def test_rules_of_a_class_by_the_argument_types():
    power = make_power()
    gg.rrule.register(power, np.ndarray)(lambda self, x: (x, lambda dy: (None, dy * 5.0)))
    assert gg.grad(power(2.0))(3.0) == 6.0
    assert_array_equal(gg.pullback(power(2.0), V)[1](np.ones(3))[1], [5, 5, 5])


# --- Functions of other libraries ------------------------------------------------------------


@pytest.fixture
def forget():
    """Forget the rules that a test registers for the functions it appends here."""
    functions = []
    yield functions
    for f in functions:
        del ALIASES[f]


def without_rules(monkeypatch, f):
    """Take away the rules that a function has, as long as a test runs."""
    for name, nothing in (("rrules", []), ("bound_rules", {})):
        monkeypatch.setattr(primitive_of(f), name, nothing)


def test_a_rule_of_ones_own_for_a_ufunc(monkeypatch):
    without_rules(monkeypatch, np.cbrt)

    @gg.rrule.register(np.cbrt)
    def cbrt_rrule(f, x):
        y = f(x)
        return y, lambda dy: (None, dy / (3 * y * y))

    x = np.array([1.0, 8.0])
    y, back = gg.pullback(lambda x: np.cbrt(x) * 2, x)
    assert_allclose(y, [2, 4])
    assert_allclose(back(1.0)[1], [2 / 3, 2 / 12])
    assert gg.rrule(np.cbrt, 8.0)[1](1.0)[1] == pytest.approx(1 / 12)
    second = gg.grad(gg.grad(lambda x: np.cbrt(x)))(np.float64(8.0))
    assert second == pytest.approx(-2 / 9 * 8.0 ** (-5 / 3))


def test_a_rule_for_a_numpy_function_that_has_none(forget):
    forget.append(np.emath.sqrt)

    @gg.rrule.register(np.emath.sqrt)
    def sqrt_rrule(f, x):
        y = f(x)
        return y, lambda dy: (None, dy / (2 * y))

    assert_allclose(gg.grad(lambda x: np.sum(np.emath.sqrt(x) * 2))(V), 1 / np.sqrt(V))
    assert np.emath.sqrt(V[0]) == pytest.approx(V[0] ** 0.5)


def test_a_rule_of_ones_own_for_a_scipy_ufunc(monkeypatch):
    special = pytest.importorskip("scipy.special")
    without_rules(monkeypatch, special.erf)

    @gg.rrule.register(special.erf)
    def erf_rrule(f, x):
        return f(x), lambda dy: (None, dy * xp.exp(-x * x) * (2 / np.pi**0.5))

    gradient = gg.grad(lambda x: xp.sum(special.erf(x)))
    assert_allclose(gradient(V), np.exp(-V * V) * 2 / np.pi**0.5)
    second = gg.grad(lambda x: xp.sum(gradient(x)))(V)
    assert_allclose(second, -2 * V * np.exp(-V * V) * 2 / np.pi**0.5)


def test_a_rule_for_a_known_function_at_ones_own_type():
    class Marked(np.ndarray):
        pass

    gg.rrule.register(np.sin, Marked)(lambda f, x: (0 * x, lambda dy: (None, dy * 5.0)))
    try:
        assert_array_equal(gg.rrule(xp.sin, V.view(Marked))[1](np.ones(3))[1], [5, 5, 5])
        assert_array_equal(gg.grad(lambda x: xp.sum(np.sin(x)))(V.view(Marked)), [5, 5, 5])
        assert_array_equal(gg.rrule(xp.sin, V)[1](np.ones(3))[1], np.cos(V))
    finally:
        xp.sin.rrules[:] = [rule for rule in xp.sin.rrules if Marked not in rule.types]
        xp.sin.bound_rules.clear()


def test_operators_find_the_rules_of_their_functions():
    assert gg.rrule(operator.mul, 2.0, 3.0)[1](1.0) == (None, 3.0, 2.0)
