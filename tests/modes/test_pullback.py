"""pullback of Python: whatever a function does, and whatever it returns."""

import math
import operator
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import xp
from gpugrad.errors import OutputError
from tests.gradients import gradients
from tests.structures import Pair, Point


def derivatives(f, x, count):
    """Return f(x), f'(x), … by pullbacks of pullbacks."""

    def derivative_of(g):
        return lambda x: gg.pullback(g, x)[1](1.0)[1]

    found = []
    for _ in range(count + 1):
        found.append(f(x))
        f = derivative_of(f)
    return found


# --- Control flow ----------------------------------------------------------------------------


def test_repr_names_the_function():
    def foo(x):
        return x * x

    assert repr(gg.pullback(foo, 1.0)[1]) == "∂(foo)"
    assert repr(gg.pullback(np.sin, 1.0)[1]) == "∂(sin)"


@pytest.mark.parametrize(("x", "dx"), [(2.0, 4.0), (-2.0, -1.0)])
def test_if(x, dx):
    def f(x):
        if x > 0:
            return x * x
        return -x

    assert gradients(f, x) == (None, dx)


def test_loops_with_break_and_continue():
    def f(x):
        total = 0.0
        for i in range(10):
            if i % 2:
                continue
            if i > 4:
                break
            total += i * x**i
        return total

    assert gradients(f, 1.5) == (None, pytest.approx(2 * 2 * 1.5 + 4 * 4 * 1.5**3))


def test_while_on_a_recorded_condition():
    def root(x):  # Newton's iteration
        r = x
        while abs(r * r - x) > 1e-14:
            r = 0.5 * (r + x / r)
        return r

    assert gradients(root, 2.0) == (None, pytest.approx(0.5 / math.sqrt(2)))


def test_recursion():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert gradients(power, 2.0, 5) == (None, 80.0, None)


def test_recursive_closure():
    scale = 3.0

    def power(x, n):
        return scale if n == 0 else x * power(x, n - 1)

    assert gradients(power, 2.0, 5) == (gg.Tangent(power=None, scale=32.0), 240.0, None)


def test_mutually_recursive_closures():
    a, b = 2.0, 3.0

    def even(x, n):
        return x if n == 0 else a * odd(x, n - 1)

    def odd(x, n):
        return x if n == 0 else b * even(x, n - 1)

    y, back = gg.pullback(even, 5.0, 3)
    assert y == 2.0 * 3.0 * 2.0 * 5.0
    df, dx, dn = back(1.0)
    assert (df.a, df.odd.b, dx, dn) == (2 * 2 * 3 * 5.0, 2 * 2 * 5.0, 12.0, None)
    assert (even(5.0, 3), gg.grad(even)(5.0, 3)) == (60.0, 12.0)  # the closures are as they were


def test_exceptions_inside_are_part_of_the_control_flow():
    def f(x):
        try:
            [x * x][1]
        except IndexError:
            return 3.0 * x

    assert gradients(f, 2.0) == (None, 3.0)


def test_an_exception_leaves_nothing_behind():
    def f(x):
        gg.pullback(g, x)
        return x

    def g(x):
        x * x
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        gg.pullback(f, 2.0)
    assert gradients(lambda x: x * x, 3.0) == (None, 6.0)


def test_generators_and_comprehensions():
    def terms(x):
        power = 1.0
        for n in range(1, 5):
            power = power * x / n
            yield power

    assert gradients(lambda x: sum(terms(x)), 2.0)[1] == pytest.approx(1 + 2 + 2 + 8 / 6)
    assert gradients(lambda x: sum([x * i for i in range(4)]), 2.0) == (None, 6.0)
    assert gradients(lambda x: max(x, 3.0) + min(x, 3.0), 2.0) == (None, 1.0)


def test_dropped_results_and_dead_branches():
    def f(x, unused):
        x * unused
        y = xp.sin(unused)
        return x * x if x > 0 else y

    assert gradients(f, 3.0, 1.0) == (None, 6.0, None)


def test_shadowed_names():
    def f(x):
        x = x * x
        x, y = x + 1.0, x
        return x * y

    assert gradients(f, 2.0) == (None, 2 * 2 * 4 * 2.0 + 2 * 2)


def test_reassigning_an_argument_in_an_inner_scope():
    def f(x):
        def inner(x):
            x = 2 * x
            return x

        return inner(x) * x

    assert gradients(f, 3.0) == (None, 12.0)


# --- Results ---------------------------------------------------------------------------------


def test_back_may_be_called_again():
    _, back = gg.pullback(lambda x, y: x * xp.sin(y), 2.0, 3.0)
    assert back(1.0) == back(1.0) == (None, math.sin(3.0), 2 * math.cos(3.0))
    assert back(2.0) == (None, 2 * math.sin(3.0), 4 * math.cos(3.0))


def test_unused_arguments_have_no_gradient():
    assert gradients(lambda x, y: x * 1.0, 2.0, np.ones(3)) == (None, 1.0, None)


@pytest.mark.parametrize("y", [1.5, 3, "text", np.ones(2)])
def test_constant_results_have_no_gradient(y):
    value, back = gg.pullback(lambda x: y, 2.0)
    assert value is y
    assert back(1.0)[1] is None


def test_an_argument_itself_as_the_result():
    assert gradients(lambda x: x, 2.0, dy=5.0) == (None, 5.0)
    assert gradients(lambda x: (x, x), 2.0, dy=(5.0, 7.0)) == (None, 12.0)


RESULTS = {
    "tuple": (lambda x: (x * x, 3 * x), (1.0, 10.0), (9.0, 9.0)),
    "list": (lambda x: [x * x, 3 * x], [1.0, 10.0], [9.0, 9.0]),
    "dict": (lambda x: {"a": x * x, "b": 3 * x}, {"a": 1.0, "b": 10.0}, {"a": 9.0, "b": 9.0}),
    "namedtuple": (lambda x: Pair(x * x, 3 * x), Pair(1.0, 10.0), Pair(9.0, 9.0)),
    "dataclass": (
        lambda x: Point(x * x, 3 * x),
        gg.Tangent(x=1.0, y=10.0, name=None),
        Point(9.0, 9.0),
    ),
    "nested": (
        lambda x: ({"a": [x * x]}, (3 * x,)),
        ({"a": [1.0]}, (10.0,)),
        ({"a": [9.0]}, (9.0,)),
    ),
}


@pytest.mark.parametrize("case", RESULTS.values(), ids=RESULTS.keys())
def test_structured_results(case):
    f, dy, expected = case
    y, back = gg.pullback(f, 3.0)
    assert y == expected
    assert type(y) is type(expected)
    assert back(dy) == (None, 36.0)


def test_parts_of_a_sensitivity_may_be_none():
    _, back = gg.pullback(lambda x: {"a": x * x, "b": (x, 3 * x)}, 3.0)
    assert back({"a": 1.0}) == (None, 6.0)
    assert back({"b": (None, 1.0)}) == (None, 3.0)
    assert back(None) == (None, None)


def test_results_beside_numbers():
    y, back = gg.pullback(lambda x: (x * x, "label", 3), 2.0)
    assert y == (4.0, "label", 3)
    assert back((1.0, None, None)) == (None, 4.0)


VECTOR = np.array([1.0, 2.0, 4.0])


# --- pullback of what is no Python function --------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (np.sin, (0.5,), (math.cos(0.5),)),
        (math.sin, (0.5,), (math.cos(0.5),)),
        (xp.sin, (0.5,), (math.cos(0.5),)),
        (np.power, (2.0, 3), (12.0, None)),
        (pow, (2.0, 3), (12.0, None)),
        (abs, (-2.0,), (-1.0,)),
        (operator.mul, (2.0, 3.0), (3.0, 2.0)),
        (operator.sub, (2.0, 3.0), (1.0, -1.0)),
        (operator.neg, (2.0,), (-1.0,)),
        (operator.itemgetter(1), ([2.0, 3.0],), ([None, 1.0],)),
        (operator.getitem, ({"a": 2.0, "b": 3.0}, "a"), ({"a": 1.0, "b": None}, None)),
        (operator.attrgetter("x"), (Point(2.0, 3.0),), (gg.Tangent(x=1.0, y=None, name=None),)),
        (getattr, (Point(2.0, 3.0), "x"), (gg.Tangent(x=1.0, y=None, name=None), None)),
        (max, (2.0, 3.0), (None, 1.0)),
        (sum, ([2.0, 3.0],), ([1.0, 1.0],)),
        (Point, (2.0, 3.0), (1.0, 2.0)),
    ],
)
def test_primitives_operators_builtins_and_classes(f, args, expected):
    _, back = gg.pullback(f, *args)
    dy = gg.Tangent(x=1.0, y=2.0) if f is Point else 1.0
    _, *dargs = back(dy)
    assert tuple(dargs) == expected


def test_map_gives_gradients_of_what_its_function_captured():
    scale = 3.0
    _, dmapped, dxs = gradients(map, lambda x: scale * x, [1.0, 2.0], dy=[1.0, 10.0])
    assert (dmapped, dxs) == (gg.Tangent(scale=21.0), [3.0, 30.0])


def test_map_inside_a_function():
    assert gradients(lambda xs: sum(map(np.sin, xs)), [0.1, 0.2])[1] == [
        math.cos(0.1),
        math.cos(0.2),
    ]


# --- Pullbacks of pullbacks ------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float64, np.asarray])
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x**4, [16, 32, 48, 48]),
        (xp.sin, [math.sin(2), math.cos(2), -math.sin(2), -math.cos(2)]),
        (lambda x: xp.exp(3 * x), [3**n * math.exp(6) for n in range(4)]),
        (lambda x: 1 / x, [1 / 2, -1 / 4, 1 / 4, -3 / 8]),
        (lambda x: xp.log(x) * x, [2 * math.log(2), 1 + math.log(2), 1 / 2, -1 / 4]),
    ],
)
def test_derivatives_to_third_order(f, expected, kind):
    found = derivatives(f, kind(2.0), 3)
    assert_allclose(found, expected, rtol=1e-14)
    assert all(type(d) is type(kind(2.0)) for d in found[1:])


def D(f):
    """The derivative of f, by pullback."""
    return lambda x: gg.pullback(f, x)[1](1.0)[1]


PERTURBATIONS = [
    (lambda x: x * D(lambda y: x + y)(1.0), 2.0, 1.0),
    (lambda x: x * D(lambda y: x * y)(2.0), 3.0, 6.0),
    (lambda x: D(lambda y: x * y * y)(x), 3.0, 12.0),
    (lambda x: D(lambda y: D(lambda z: x * y * z)(y))(x), 3.0, 1.0),
    (lambda x: D(lambda y: y * D(lambda z: z * x * y)(y))(x), 3.0, 12.0),
    (lambda x: D(lambda x: x * D(lambda x: x**3)(x))(x), 2.0, 36.0),
]


@pytest.mark.parametrize(("f", "x", "expected"), PERTURBATIONS)
def test_perturbations_are_not_confused(f, x, expected):
    assert D(f)(x) == pytest.approx(expected, rel=1e-15)
    assert gg.grad(f)(x) == pytest.approx(expected, rel=1e-15)


def test_pullback_with_respect_to_the_sensitivity():
    _, back = gg.pullback(xp.sin, 0.5)
    y, back_of_back = gg.pullback(lambda dy: back(dy)[1], 2.0)
    assert y == 2 * math.cos(0.5)
    assert back_of_back(1.0)[1] == math.cos(0.5)


def test_pullback_with_respect_to_point_and_sensitivity():
    def vjp(x, dy):
        return gg.pullback(xp.sin, x)[1](dy)[1]

    x, dy = np.array([0.5, 1.0]), np.array([2.0, 3.0])
    y, back = gg.pullback(vjp, x, dy)
    assert_allclose(y, dy * np.cos(x), rtol=1e-15)
    _, ddx, ddy = back(np.ones(2))
    assert_allclose(ddx, -dy * np.sin(x), rtol=1e-15)
    assert_allclose(ddy, np.cos(x), rtol=1e-15)


def test_forward_derivative_by_two_reverse_ones():
    def f(x):
        return xp.stack([x[0] * x[1], xp.sin(x[0])])

    x, dx = np.array([0.5, 2.0]), np.array([1.0, 3.0])
    _, back = gg.pullback(f, x)
    _, transposed = gg.pullback(lambda dy: back(dy)[1], np.zeros(2))
    assert_allclose(transposed(dx)[1], [2 * 1 + 0.5 * 3, math.cos(0.5)], rtol=1e-15)


def test_a_sensitivity_recorded_outside():
    _, back = gg.pullback(lambda x: xp.sum(x * x), VECTOR)
    y, outer = gg.pullback(lambda s: xp.sum(back(s * s)[1]), 3.0)
    assert y == 9 * 14
    assert outer(1.0)[1] == 6 * 14


def test_mixed_levels_in_one_call():
    def f(x, y):
        def g(z):
            return x * z + y * z * z + x * y

        return D(g)(y) * x

    # g'(y) = x + 2 y², so f = x² + 2 x y²
    assert gradients(f, 3.0, 2.0)[1:] == (6.0 + 8.0, 24.0)


def test_hessian_vector_product():
    def f(x):
        return xp.sum(xp.sin(x) * x[::-1])

    def hvp(x, v):
        return D(lambda x: xp.vecdot(gg.pullback(f, x)[1](1.0)[1], v))(x)

    h = 1e-5
    v = np.array([1.0, -2.0, 0.5])
    expected = (D(f)(VECTOR + h * v) - D(f)(VECTOR - h * v)) / (2 * h)
    assert_allclose(hvp(VECTOR, v), expected, rtol=1e-8)


def test_gradient_of_a_gradient_of_a_model():
    model = gg.nn.Dense(2, 3, xp.tanh, rng=np.random.default_rng(0), dtype=np.float64)

    def penalty(model, x):
        dx = gg.pullback(lambda x: xp.sum(model(x)), x)[1](1.0)[1]
        return xp.sum(dx * dx)

    x = np.array([[0.5, -1.0]])
    _, dmodel, dx = gradients(penalty, model, x)
    h = 1e-6
    for i in range(2):
        step = np.eye(2)[i : i + 1] * h
        slope = (penalty(model, x + step) - penalty(model, x - step)) / (2 * h)
        assert dx[0, i] == pytest.approx(slope, rel=1e-6)
    assert dmodel.weight.shape == (2, 3)
    assert np.all(dmodel.weight != 0)


def test_a_nested_pullback_does_not_record_outside_what_is_constant_there():
    def f(x):
        slope = D(lambda y: y * y)(3.0)
        return slope * x

    _, back = gg.pullback(f, 2.0)
    assert back(1.0) == (None, 6.0)
    assert len(repr(back.tape).splitlines()) == 2


# --- Threads ---------------------------------------------------------------------------------


def run_in_threads(work, count=8):
    """Run work(i) in threads that start together; return the results, or raise what one raised."""
    results, barrier = [None] * count, threading.Barrier(count)

    def target(i):
        barrier.wait()
        try:
            results[i] = work(i)
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=target, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def test_threads_with_pullbacks_of_their_own():
    def work(i):
        def f(x):
            y = x
            for _ in range(50):
                y = xp.sin(y) + i * x
            return xp.sum(y)

        x = np.linspace(0, 1, 5) + i
        return [D(f)(x) for _ in range(20)][-1], D(f)(x)

    for concurrent, i in zip(run_in_threads(work), range(8), strict=True):
        assert_array_equal(concurrent[0], work(i)[0])
        assert_array_equal(*concurrent)


def test_threads_with_nested_pullbacks():
    def work(i):
        return [derivatives(lambda x: x**5 * (i + 1), 2.0, 3) for _ in range(30)][-1]

    for i, found in enumerate(run_in_threads(work)):
        assert found == [factor * (i + 1) for factor in (32.0, 80.0, 160.0, 240.0)]


def test_threads_inside_a_recorded_function():
    def f(x):
        return sum(run_in_threads(lambda i: D(lambda y: y**3 * x * (i + 1))(x), count=4))

    assert D(f)(2.0) == pytest.approx(10 * 9 * 2.0**2)  # Σ(i + 1) · d/dx 3 x³


def test_one_back_called_from_many_threads():
    _, back = gg.pullback(lambda x: xp.sum(xp.exp(x) * x), VECTOR)
    expected = back(1.0)[1]
    for found in run_in_threads(lambda i: back(1.0)[1]):
        assert_array_equal(found, expected)


V = np.array([0.5, 1.5, 2.5])


# --- What is no value ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["generator", "map", "filter", "zip"])
def test_what_is_not_computed_yet_is_no_value(kind):
    lazily = {
        "generator": lambda x: (v * v for v in x),
        "map": lambda x: map(abs, x),
        "filter": lambda x: filter(None, x),
        "zip": lambda x: zip(x, x, strict=True),
    }
    with pytest.raises(OutputError, match=rf"{kind}.*return list\(\.\.\.\)"):
        gg.pullback(lazily[kind], V)
