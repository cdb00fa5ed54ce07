"""Structures as arguments: their gradients are of their form."""

import collections
import dataclasses
import functools
import math
import types
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp
from tests.gradients import gradients
from tests.structures import Pair, Point

# --- Arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, tuple])
def test_sequences(kind):
    _, (dxs) = gradients(lambda xs: xs[0] * xs[2], kind([2.0, 3.0, 5.0]))
    assert dxs == kind([5.0, None, 2.0])


def test_namedtuples():
    untyped = namedtuple("untyped", "a b")
    assert gradients(lambda p: p.a * p.b, untyped(2.0, 3.0)) == (None, untyped(3.0, 2.0))
    assert type(gradients(lambda p: p.first, Pair(2.0, 3.0))[1]) is Pair


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_dicts(kind):
    _, dxs = gradients(lambda d: d["a"] * d["b"], kind(a=2.0, b=3.0, c=4.0))
    assert dxs == {"a": 3.0, "b": 2.0, "c": None}


def test_nested_containers():
    args = {"layers": [(2.0, "relu"), (3.0, None)], "scale": np.array([1.0, 2.0])}

    def f(p):
        y = p["scale"]
        for weight, _ in p["layers"]:
            y = weight * y
        return xp.sum(y)

    _, dp = gradients(f, args)
    assert dp["layers"] == [(9.0, None), (6.0, None)]
    assert_array_equal(dp["scale"], [6, 6])


def test_frozen_dataclass_with_other_fields():
    _, dp = gradients(lambda p: p.x * p.y, Point(2.0, 3.0, "name"))
    assert dp == gg.Tangent(x=3.0, y=2.0, name=None)


def test_slots_dataclass():
    @dataclass(slots=True)
    class Slotted:
        x: Any
        names: list = field(default_factory=list)

        def twice(self):
            return self.x + self.x

    given = Slotted(2.0)
    assert gradients(lambda p: p.twice(), given) == (None, gg.Tangent(x=2.0, names=None))
    assert given.x == 2.0


def test_dataclass_methods_properties_and_replace():
    @dataclass(frozen=True)
    class Circle:
        radius: float

        @property
        def area(self):
            return math.pi * self.radius**2

        def grown(self, by):
            return dataclasses.replace(self, radius=self.radius + by)

    _, dcircle, dby = gradients(lambda c, by: c.grown(by).area, Circle(2.0), 1.0)
    assert dcircle.radius == pytest.approx(6 * math.pi)
    assert dby == pytest.approx(6 * math.pi)


def test_plain_objects_and_inheritance():
    class Base:
        def __init__(self, a):
            self.a = a
            self.label = "b"

    class Derived(Base):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b

        def __call__(self, x):
            return self.a * x + self.b

    model = Derived(2.0, 1.0)
    dmodel, dx = gradients(model, 5.0)
    assert (dmodel, dx) == (gg.Tangent(a=5.0, label=None, b=1.0), 2.0)
    assert (model.a, model.b) == (2.0, 1.0)


def test_bound_methods():
    class Scale:
        def __init__(self, by):
            self.by = by

        def apply(self, x):
            return self.by * x

        @staticmethod
        def double(x):
            return 2 * x

    assert gradients(Scale(3.0).apply, 5.0) == (gg.Tangent(by=5.0), 3.0)
    assert gradients(Scale(3.0).double, 5.0) == (None, 2.0)


def test_partials():
    def f(a, b, c=1.0):
        return a * b * c

    df, db = gradients(functools.partial(f, 2.0, c=5.0), 3.0)
    assert df == gg.Tangent(func=None, args=(15.0,), keywords={"c": 6.0})
    assert db == 10.0


def test_default_arguments_are_constants():
    def f(x, a=2.0, *, b=3.0):
        return x * a * b

    assert gradients(f, 1.0) == (None, 6.0)
    assert gradients(f, 1.0, b=5.0) == (None, 10.0)


def test_var_arguments():
    assert gradients(lambda *xs, **kw: sum(xs) * kw["by"], 1.0, 2.0, by=4.0) == (None, 4.0, 4.0)


def test_objects_that_hold_themselves():
    class Knot:
        def __init__(self):
            self.x = 2.0
            self.me = self

    assert gradients(lambda k: k.x * k.x, Knot()) == (None, gg.Tangent(x=4.0, me=None))


# --- Objects of less usual classes -----------------------------------------------------------


class Slots:
    __slots__ = ("b", "unset", "w")

    def __init__(self):
        self.w, self.b = 2.0, 3.0


class SlotsAndMore(Slots):
    def __init__(self):
        super().__init__()
        self.c = 1.0


@dataclasses.dataclass(slots=True)
class SlottedData:
    w: float = 2.0
    b: float = 3.0


class DerivedFromSlottedData(SlottedData):
    """Has a dictionary beside the slots."""


@dataclasses.dataclass
class Unset:
    w: float = 2.0
    b: float = 3.0
    later: object = dataclasses.field(init=False)


@pytest.mark.parametrize("kind", [Slots, SlotsAndMore, SlottedData, DerivedFromSlottedData, Unset])
def test_objects_with_slots_or_unset_fields(kind):
    model = kind()
    y, back = gg.pullback(lambda model, x: model.w * x + model.b, model, 4.0)
    _, dmodel, dx = back(1.0)
    assert (y, dmodel.w, dmodel.b, dx) == (11.0, 4.0, 1.0, 2.0)
    assert (type(model.w), type(model.b)) == (float, float)


def test_namespaces():
    model = types.SimpleNamespace(w=2.0, name="line")
    y, back = gg.pullback(lambda model, x: types.SimpleNamespace(y=model.w * x), model, 4.0)
    assert y == types.SimpleNamespace(y=8.0)
    assert back({"y": 1.0}) == (None, gg.Tangent(w=4.0, name=None), 2.0)


class Attributes(dict):
    __getattr__ = dict.__getitem__


class Named(list):
    def __init__(self, name, *items):
        super().__init__(items)
        self.name = name


class Line(tuple):
    __slots__ = ()

    def __new__(cls, w, b):
        return super().__new__(cls, (w, b))


@pytest.mark.parametrize(
    ("model", "f"),
    [
        (Attributes(w=2.0), lambda model, x: model.w * x),
        (collections.defaultdict(float, w=2.0), lambda model, x: model["w"] * x + model["b"]),
        (Named("line", 2.0), lambda model, x: model[0] * x * len(model.name) / 4),
        (Line(2.0, 3.0), lambda model, x: model[0] * x),
    ],
    ids=lambda x: type(x).__name__,
)
def test_classes_derived_from_pythons_containers(model, f):
    y, back = gg.pullback(f, model, 4.0)
    assert (y, back(1.0)[2]) == (8.0, 2.0)
    dmodel = back(1.0)[1]
    assert (dmodel["w"] if isinstance(dmodel, dict) else dmodel[0]) == 4.0


def test_a_captured_pullback_is_no_structure():
    _, back = gg.pullback(lambda x: x**3, 2.0)
    df, ddy = gg.pullback(lambda dy: back(dy)[1], 1.0)[1](1.0)
    assert (df, ddy) == (None, 12.0)
    assert gg.pullback(lambda back, dy: back(dy)[1], back, 1.0)[1](1.0) == (None, None, 12.0)
