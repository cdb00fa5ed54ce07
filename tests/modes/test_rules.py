"""frule: forward rules by every kind of name, and rules of users."""

import functools
import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp
from gpugrad.errors import ArgumentError


def f(x):
    return 5 * xp.sin(xp.log(x))


# --- frule -----------------------------------------------------------------------------------


def test_frule_of_every_kind_of_name():
    for cos in (math.cos, np.cos, xp.cos):
        assert gg.frule(cos, (0.5,), (2.0,)) == (math.cos(0.5), -2 * math.sin(0.5))


def test_frule_says_none_where_nothing_moves():
    assert gg.frule(np.multiply, (2.0, 3.0), (None, None)) == (6.0, None)
    assert gg.frule(xp.floor, (2.5,), (1.0,)) == (2.0, None)


def test_frule_takes_positional_options():
    x = np.arange(6.0).reshape(2, 3)
    y, dy = gg.frule(np.sum, (x, 0), (x, None))
    np.testing.assert_array_equal(y, x.sum(0))
    np.testing.assert_array_equal(dy, x.sum(0))


def make_cube(with_frule):
    @gg.primitive
    def cube(x):
        return x**3

    @gg.rrule.register(cube)
    def cube_rrule(_, x):
        return cube(x), lambda dy: (None, dy * 3 * x * x)

    calls = []
    if with_frule:

        @gg.frule.register(cube)
        def cube_frule(_, args, tangents):
            (x,), (dx,) = args, tangents
            calls.append(x)
            return cube(x), 3 * x * x * dx

    return cube, calls


@pytest.mark.parametrize("with_frule", [False, True])
def test_users_function(with_frule):
    cube, calls = make_cube(with_frule)
    x = np.array([1.0, 2.0])
    y, dy = gg.frule(cube, (x,), (x,))
    np.testing.assert_array_equal(y, x**3)
    np.testing.assert_array_equal(dy, 3 * x**3)
    _, dy = gg.pushforward(lambda x: 2 * cube(x), (x,), (x,))
    np.testing.assert_array_equal(dy, 6 * x**3)
    assert gg.D(functools.partial(gg.D, cube), 2.0) == 12.0
    assert gg.D(gg.grad(cube), 2.0) == 12.0
    assert bool(calls) == with_frule


def test_users_rules_of_a_function_that_has_a_definition(monkeypatch):
    hstack = gg.xp.hstack
    monkeypatch.setattr(hstack, "rrules", [])
    monkeypatch.setattr(hstack, "frules", [])
    calls = []

    @gg.rrule.register(hstack)
    def hstack_rrule(f, arrays):
        def hstack_back(dy):
            calls.append("rrule")
            return None, [dy[:2], dy[2:]]

        return f(arrays), hstack_back

    def g(x):
        return np.hstack([x, 2 * x])

    x, dy = np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(gg.pullback(g, x)[1](dy)[1], dy[:2] + 2 * dy[2:])
    np.testing.assert_array_equal(gg.pushforward(g, (x,), (x,))[1], g(x))
    _, moved = gg.frule(np.hstack, ([x, x],), ([x, None],))
    np.testing.assert_array_equal(moved, [1.0, 2.0, 0.0, 0.0])
    assert calls == ["rrule"] * 3

    @gg.frule.register(hstack)
    def hstack_frule(f, args, tangents):
        calls.append("frule")
        return f(*args), f(*tangents)

    np.testing.assert_array_equal(gg.pushforward(g, (x,), (x,))[1], g(x))
    assert calls.pop() == "frule"
    monkeypatch.setattr(hstack, "rrules", [])  # a recording goes by the definition
    np.testing.assert_array_equal(gg.pushforward(g, (x,), (x,))[1], g(x))
    np.testing.assert_array_equal(gg.pullback(g, x)[1](dy)[1], dy[:2] + 2 * dy[2:])
    assert calls == ["rrule"] * 3 + ["frule"]


def test_users_structures():
    @gg.primitive
    def area(box):
        return {"area": box["a"] * box["b"]}

    @gg.rrule.register(area)
    def area_rrule(_, box):
        def area_back(dy):
            return None, {"a": dy["area"] * box["b"], "b": dy["area"] * box["a"]}

        return area(box), area_back

    box, tangent = {"a": 2.0, "b": 3.0}, {"a": 1.0, "b": None}
    assert gg.pushforward(area, (box,), (tangent,)) == ({"area": 6.0}, {"area": 3.0})
    assert gg.frule(area, (box,), (tangent,)) == ({"area": 6.0}, {"area": 3.0})


def test_users_class():
    class Scale:
        def __init__(self, by):
            self.by = by

        @gg.primitive
        def __call__(self, x):
            return self.by * x

    @gg.frule.register(Scale)
    def scale_frule(_, args, tangents):
        (scale, x), (dscale, dx) = args, tangents
        dby = 0.0 if dscale is None else dscale.by
        return scale.by * x, dby * x + (0.0 if dx is None else scale.by * dx)

    assert gg.frule(Scale(3.0), (2.0,), (1.0,)) == (6.0, 3.0)
    _, dy = gg.pushforward(lambda s, x: s(x), (Scale(3.0), 2.0), (gg.Tangent(by=1.0), 1.0))
    assert dy == 5.0


def test_forward_rule_that_declines_leaves_it_to_the_reverse_rule():
    cube, _ = make_cube(with_frule=False)
    gg.frule.register(cube)(lambda f, args, tangents: NotImplemented)
    assert gg.frule(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    gg.frule.register(cube, float)(lambda f, args, tangents: NotImplemented)
    assert gg.frule(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    assert gg.D(cube, 2.0) == 12.0


# --- Errors ----------------------------------------------------------------------------------


def test_forward_rule_of_the_wrong_form():
    cube, _ = make_cube(with_frule=False)
    gg.frule.register(cube)(lambda f, args, tangents: 5.0)
    with pytest.raises(ArgumentError, match="forward rule returned a float"):
        gg.frule(cube, (2.0,), (1.0,))


@pytest.mark.parametrize(
    "dy",
    [np.ones((2, 2)), np.ones(1), 1j * np.ones(3), "x", {"y": 1.0}, (np.ones(3),)],
    ids=["shape", "broadcasting", "complex", "string", "dictionary", "tuple"],
)
def test_forward_rule_of_what_is_no_tangent_of_its_value(dy):
    cube, _ = make_cube(with_frule=False)
    gg.frule.register(cube)(lambda f, args, tangents: (f(*args), dy))
    x = np.ones(3)
    for push in (gg.pushforward, gg.frule):
        with pytest.raises(ArgumentError, match=r"cube: its forward rule returned .* in y\."):
            push(cube, (x,), (x,))


def test_forward_rule_of_another_structure():
    pair = gg.primitive(lambda x: (x, 2 * x))
    gg.frule.register(pair)(lambda f, args, tangents: (f(*args), tangents[0]))
    with pytest.raises(ArgumentError, match=r"its forward rule.*expected a sequence of 2"):
        gg.frule(pair, (1.0,), (1.0,))


def test_tangent_of_a_number_is_one_of_its_type():
    cube, _ = make_cube(with_frule=False)
    gg.frule.register(cube)(lambda f, args, tangents: (f(*args), np.float64(12.0)))
    assert type(gg.D(cube, 2.0)) is float
