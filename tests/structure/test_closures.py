"""What a function captured: it has gradients, and stays as it was."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp
from tests.gradients import gradients


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any
    name: str = "p"


def test_captured_arrays_lists_functions_and_objects():
    weight, parts, point = np.array([1.0, 2.0]), [2.0, [3.0]], Point(5.0, 7.0)

    def scaled(x):
        return weight * x

    def f(x):
        return xp.sum(scaled(x)) * parts[0] * parts[1][0] * point.x

    df, dx = gradients(f, 1.0)
    assert dx == 90.0
    assert df.parts == [45.0, [30.0]]
    assert df.point == gg.Tangent(x=18.0, y=None, name=None)
    assert_array_equal(df.scaled.weight, [30, 30])


def test_closures_within_closures():
    def outer(a):
        def middle(b):
            def inner(x):
                return a * b * x

            return inner

        return middle

    assert gradients(outer(2.0)(3.0), 5.0) == (gg.Tangent(a=15.0, b=10.0), 6.0)
    assert gradients(lambda a, b, x: outer(a)(b)(x), 2.0, 3.0, 5.0) == (None, 15.0, 10.0, 6.0)


def test_functions_as_arguments():
    def line_through(a, b):
        return lambda x: a * x + b

    _, df, dx = gradients(lambda f, x: f(x) * f(x), line_through(2.0, 1.0), 3.0)
    assert (df, dx) == (gg.Tangent(a=42.0, b=14.0), 28.0)


def test_nonlocal_variables_stay_the_functions_own():
    calls, last = 0, 0.0

    def f(x):
        nonlocal calls, last
        calls += 1
        last = 2.5
        return x * x

    assert gradients(f, 3.0) == (None, 6.0)
    assert (calls, last) == (1, 2.5)


def test_nonlocal_variables_of_inner_functions_stay_the_callers_own():
    calls = 0.0

    def f(x):
        def count():
            nonlocal calls
            calls += 1.0

        count()
        return calls * x

    assert gradients(f, 3.0) == (None, 1.0)
    assert calls == 1.0


def test_nonlocal_accumulation_is_differentiated():
    def f(x):
        total = 0.0

        def add(y):
            nonlocal total
            total = total + y * y

        add(x)
        add(3 * x)
        return total

    assert gradients(f, 2.0) == (None, 40.0)


def test_a_variable_that_a_captured_function_writes_is_one_variable():
    def make():
        total = 0.0

        def add(y):
            nonlocal total
            total = total + y

        def f(x):
            add(2 * x)
            return total * x

        return f

    y, back = gg.pullback(make(), 3.0)
    assert y == 18.0
    assert back(1.0)[1] == 12.0


def test_a_list_that_two_captured_functions_share_is_one_list():
    history = [1.0]

    def push(y):
        history.append(y)

    def f(x):
        push(2 * x)
        return history[-1] * x

    y, back = gg.pullback(f, 3.0)
    assert y == 18.0
    assert back(1.0)[1] == 12.0


def test_a_variable_that_two_captured_functions_share_has_one_gradient():
    w = 2.0

    def f(x):
        return w * x

    def g(x):
        return w * f(x)

    y, back = gg.pullback(g, 3.0)
    assert y == 12.0
    assert back(1.0) == (gg.Tangent(f=gg.Tangent(w=12.0), w=None), 4.0)


def test_a_closure_passed_twice_has_two_gradients():
    def scaled(w):
        return lambda x: w * x

    f = scaled(2.0)
    _, back = gg.pullback(lambda f, g, x: f(x) + 3 * g(x), f, f, 5.0)
    assert back(1.0) == (None, gg.Tangent(w=5.0), gg.Tangent(w=15.0), 8.0)


def test_what_was_captured_is_as_before():
    numbers, array = [1.0, 2.0], np.ones(2)

    def f(x):
        return xp.sum(array * numbers[0] * x)

    gradients(f, 2.0)
    assert numbers == [1.0, 2.0]
    assert all(type(n) is float for n in numbers)
    assert type(array) is np.ndarray
    assert f(2.0) == 4.0


def test_unassigned_captured_variables():
    def make():
        def f(x):
            return x * x if x > 0 else later

        if False:
            later = 1.0
        return f

    assert gradients(make(), 3.0)[1] == 6.0


def test_decorated_functions():
    def twice(f):
        @functools.wraps(f)
        def wrapper(x):
            return f(f(x))

        return wrapper

    @twice
    def cube(x):
        return x**3

    _, back = gg.pullback(cube, 1.5)
    assert repr(back) == "∂(cube)"
    assert back(1.0)[1] == pytest.approx(9 * 1.5**8)


def test_cached_functions_are_run():
    @functools.cache
    def constant(n):
        return float(n)

    assert gradients(lambda x: constant(3) * x, 2.0)[1] == 3.0
