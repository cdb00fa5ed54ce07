"""Expressions in print: Python of the same meaning, with nothing computed twice."""

import pytest

from gpugrad import xp
from gpugrad.symbolic.expression import Symbol
from gpugrad.symbolic.printer import to_python

X, Y, Z = Symbol("x"), Symbol("y"), Symbol("z")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (X + Y * Z, "x + y * z"),
        ((X + Y) * Z, "(x + y) * z"),
        (X - (Y - Z), "x - (y - z)"),
        (X - Y - Z, "x - y - z"),
        (X / (Y * Z), "x / (y * z)"),
        (X / Y * Z, "x / y * z"),
        (-(X + Y), "-(x + y)"),
        (-X * Y, "-x * y"),
        (X**Y**Z, "x ** (y ** z)"),
        ((X**Y) ** Z, "(x ** y) ** z"),
        ((-X) ** 2, "(-x) ** 2"),
        (-(X**2), "-x ** 2"),
        (X ** (-1), "x ** (-1)"),
        (2.5 * X + 1, "2.5 * x + 1"),
        (xp.sin(X + 1) ** 2, "sin(x + 1) ** 2"),
        (xp.where(X > 0, X, -X), "where(x > 0, x, -x)"),
        (xp.maximum(X, Y) == Z, "maximum(x, y) == z"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_expressions_print_as_python_with_the_same_meaning(expression, text):
    assignments, (printed,) = to_python([expression])
    assert (assignments, printed) == ([], text)


def test_expressions_that_occur_twice_are_computed_once():
    common = xp.exp(X * Y)
    assignments, printed = to_python([common + 1, common * Z])
    assert assignments == ["t0 = exp(x * y)"]
    assert printed == ["t0 + 1", "t0 * z"]
