"""What once gave a wrong gradient, none, or an error that said nothing."""

import collections
import copy
import dataclasses
import enum
import pickle
import types
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad.errors import ArgumentError, ConversionError, OutputError
from gpugrad.testing import derivative, inner

X = np.array([[1.5, -0.3, 2.2], [0.7, 3.1, -1.2]])
V = np.array([0.5, 1.5, 2.5])


def check(f, x):
    """Check the gradient of the array function f at x along a random direction."""
    y, back = gg.pullback(f, x)
    assert_allclose(y, f(np.copy(x)))
    rng = np.random.default_rng(0)
    dy, direction = rng.normal(size=np.shape(y)), rng.normal(size=x.shape)
    _, dx = back(np.asarray(dy))
    expected = derivative(lambda t: inner(dy, f(x + t * direction)))
    assert inner(dx, direction) == pytest.approx(expected, rel=1e-8)


# --- Keyword arguments that change a value behind the rule's back ----------------------------


@pytest.mark.parametrize(
    ("f", "options"),
    [
        (np.mean, {"out": np.zeros(())}),
        (np.prod, {"out": np.zeros(())}),
        (np.cumsum, {"axis": 1, "out": np.zeros((2, 3))}),
        (np.cumprod, {"axis": 1, "out": np.zeros((2, 3))}),
        (np.reshape, {"shape": (3, 2), "order": "A"}),
    ],
    ids=lambda x: x.__name__ if callable(x) else "-".join(x),
)
def test_what_a_rule_does_not_know_is_an_error(f, options):
    with pytest.raises(ArgumentError, match=f"numpy.{f.__name__} of a recorded array: .*xp"):
        gg.grad(lambda x: np.sum(f(x, **options)))(X)


def test_data_types_of_reductions():
    for f in (np.sum, np.prod, np.mean, np.var, np.std):
        y, back = gg.pullback(lambda x, f=f: f(x, dtype=np.float32), X)
        assert y.dtype == np.float32
        assert back(1.0)[1].dtype == X.dtype


@pytest.mark.parametrize("f", [np.var, np.std])
def test_a_variance_without_degrees_of_freedom(f):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's "Degrees of freedom <= 0"
        y, back = gg.pullback(lambda x: f(x, ddof=1), np.ones(1))
        assert np.isnan([y, *back(1.0)[1]]).all()


# --- Numbers, lists and tuples where arrays are more usual -----------------------------------

CALLS = {
    "repeat by a NumPy integer": lambda x: np.repeat(x, np.int64(2)) ** 2,
    "repeat by a list": lambda x: np.repeat(x, [1, 0, 2]) ** 2,
    "repeat by an array of one": lambda x: np.repeat(x, np.array([2])) ** 2,
    "tile by a NumPy integer": lambda x: np.tile(x, np.int64(2)) ** 2,
    "tile by an array": lambda x: np.tile(x, np.array([2, 1])) ** 2,
    "tensordot over a NumPy integer": lambda x: np.tensordot(x, x, axes=np.int64(1)),
    "tensordot over NumPy integers": lambda x: np.tensordot(x, x, (np.int64(0), np.int64(0))),
    "diff with a number before": lambda x: np.diff(x, prepend=1.0) ** 2,
}


@pytest.mark.parametrize("f", CALLS.values(), ids=CALLS.keys())
def test_calls(f):
    check(f, V)


def test_where_of_a_list_says_what_it_expects():
    with pytest.raises(ArgumentError, match="where: expected an array or a number, got list"):
        gg.pullback(lambda x: np.where(x > 0, x, [1.0, 2.0, 3.0]), V)


@pytest.mark.parametrize("x", [3.0, V], ids=["number", "array"])
def test_numbers_of_classes_derived_from_pythons(x):
    class Order(enum.IntEnum):
        SECOND = 2

    _, back = gg.pullback(lambda x: x**Order.SECOND * Order.SECOND, x)
    assert_allclose(back(1.0)[1], 4 * x)


def test_facts_take_recorded_arrays_by_keyword():
    assert gg.grad(lambda x: np.sum(x) * np.allclose(x, b=x) * np.shape(a=x)[0])(V)[0] == 3.0


def test_grad_takes_a_list_of_places():
    assert gg.grad(lambda x, y: x * y, argnums=[0, 1])(2.0, 5.0) == (5.0, 2.0)


# --- Indices ---------------------------------------------------------------------------------

REPEATED = {
    "list": [1, 0, 1],
    "tuple of a tuple": ((0, 0),),
    "tuples": ((0, 0), (1, 1)),
    "integer and list": (1, [2, 2]),
    "arrays": (np.array([0, 0, 1]), np.array([1, 1, 1])),
    "array and slice": (np.array([0, 0]), slice(1, 3)),
    "new axis": (None, [0, 0]),
    "range": range(2),
}


@pytest.mark.parametrize("index", REPEATED.values(), ids=REPEATED.keys())
def test_taking_a_place_more_than_once(index):
    def f(x):
        y = x[index]
        return y * y * (1 + np.arange(y.size).reshape(y.shape))

    check(f, X)


@pytest.mark.parametrize("index", REPEATED.values(), ids=REPEATED.keys())
def test_of_what_is_assigned_to_one_place_the_last_stays(index):
    def f(x):
        y = x * 1.0
        v = x[index] * (1 + np.arange(x[index].size).reshape(x[index].shape))
        y[index] = v
        return y * y

    check(f, X)


def test_many_views_of_an_array_cost_no_more_than_linear_time():
    def f(x):
        y = x * 1.0
        views, lists = [], []
        for i in range(1000):
            views.append(y[i])
            lists.append(y.alias.views)
        assert len({id(found) for found in lists}) <= 11  # walked through at powers of two alone
        return views[-1]

    assert gg.grad(f)(np.ones(1000)).sum() == 1.0


# --- Ways off the tape -----------------------------------------------------------------------


@dataclasses.dataclass
class Pair:
    a: object
    b: object = 3.0


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda x: dataclasses.asdict(Pair(x))["a"],
        lambda x: dataclasses.astuple(Pair(x))[0],
    ],
    ids=["copy", "deepcopy", "asdict", "astuple"],
)
def test_a_copy_is_recorded(copied):
    check(lambda x: copied(x) ** 2, V)


@pytest.mark.parametrize("dtype", [float, complex, int])
def test_a_recorded_number_in_a_plain_array(dtype):
    def f(x):
        buffer = np.zeros(3, dtype)
        buffer[0] = x[0]
        return buffer * x

    with pytest.raises((ConversionError, ValueError)) as error:
        gg.pullback(f, V)
    ours = error.value.__cause__ or error.value  # NumPy wraps it, of real numbers
    assert isinstance(ours, ConversionError)
    assert "xp.zeros_like" in str(ours)


def test_a_number_that_has_left_the_tape_may_be_assigned():
    def f(x):
        buffer = np.zeros(2)
        buffer[0], buffer[int(x[1])] = float(x[0]), x[1].item()
        return np.sum(buffer * x[:2])

    assert_array_equal(gg.grad(f)(V), [0.5, 1.5, 0.0])


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (
            lambda x, c: np.sum(np.var(x, axis=0, correction=c)),
            "var: .* keyword .axis, correction.",
        ),
        (lambda x, c: gg.cross_entropy(x, V, epsilon=c), "cross_entropy: .* keyword .epsilon."),
    ],
    ids=["var", "cross_entropy"],
)
def test_a_recorded_keyword_argument_says_what_to_write(call, advice):
    with pytest.raises(ArgumentError, match=f"{advice}.*stop_gradient"):
        gg.pullback(call, V, 0.25)
    _, back = gg.pullback(lambda x, c: call(x, gg.stop_gradient(c)), V, 0.25)
    assert back(1.0)[2] is None


def test_a_recorded_array_is_not_pickled():
    with pytest.raises(ConversionError, match="pickle"):
        gg.pullback(lambda x: pickle.loads(pickle.dumps(x)), V)


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


def test_assigning_to_what_stop_gradient_returned_leaves_the_argument_alone():
    def f(x):
        y = gg.stop_gradient(x)
        y[0] = 9.0
        return np.sum(x * y)

    x = np.copy(V)
    assert_array_equal(gg.grad(f)(x), [9.0, 1.5, 2.5])
    assert_array_equal(x, V)


def test_astype_without_a_copy_is_the_array_itself():
    def f(x):
        y = x.astype(x.dtype, copy=False)
        y[0] = 9.0
        return x * y

    _, back = gg.pullback(f, V)
    assert_array_equal(back(1.0)[1], [0.0, 3.0, 5.0])


# --- Complex numbers and NumPy's float64, of which Python makes a complex of its own ----------


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array(2.0), np.float32(2.0)], ids=repr)
def test_a_number_times_a_complex_one(x):
    assert_allclose(gg.grad(lambda x: abs((1 + 2j) * x) ** 2)(x), 20.0)
    assert_allclose(gg.grad(lambda x: abs(x / (1 + 2j) - 1j) ** 2)(x), 1.6)
    assert_allclose(gg.grad(lambda x: np.imag((1j + x) ** 2))(x), 2.0)
    assert type(gg.grad(lambda x: np.imag(x * 1j))(x)) is type(x)


# --- Losses ----------------------------------------------------------------------------------


def test_losses_of_numbers():
    assert gg.grad(gg.mse)(2.0, 0.5) == 3.0
    assert gg.grad(gg.hinge_loss)(0.5, -1.0) == 1.0


@pytest.mark.parametrize("loss", [gg.mse, gg.hinge_loss])
def test_losses_of_nothing(loss):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's "Mean of empty slice"
        assert gg.grad(loss)(np.zeros(0), np.zeros(0)).shape == (0,)


def test_labels_that_are_no_array():
    with pytest.raises(ArgumentError, match="expected an array or a number, got list"):
        gg.logit_cross_entropy(X, [0, 1])


def test_one_hot_labels_of_booleans_keep_the_data_type():
    logits = X.astype(np.float32)
    value, gradient = gg.value_and_grad(gg.logit_cross_entropy)(logits, np.eye(3, dtype=bool)[:2])
    expected = gg.value_and_grad(gg.logit_cross_entropy)(logits, np.array([0, 1]))
    assert value.dtype == np.float32
    assert_allclose(value, expected[0])
    assert_allclose(gradient, expected[1])


# --- Rules of users --------------------------------------------------------------------------


def opaque_product(rule):
    @gg.primitive
    def product(a, b):
        return a * b

    gg.rrule.register(product)(rule)
    return product


@pytest.mark.parametrize(
    "answer",
    [(None, 1.0), (None, 1.0, 1.0, 1.0), None, 1.0],
    ids=["too few", "too many", "none", "a number"],
)
def test_a_rule_that_returns_a_wrong_number_of_gradients(answer):
    product = opaque_product(lambda f, a, b: (a * b, lambda dy: answer))
    with pytest.raises(ArgumentError, match=r"product_back returned .* for each of 2 arg"):
        gg.grad(product)(2.0, 3.0)


@pytest.mark.parametrize("answer", [None, 6.0], ids=["none", "the value alone"])
def test_a_rule_that_returns_no_pullback(answer):
    product = opaque_product(lambda f, a, b: answer)
    with pytest.raises(ArgumentError, match=r"product: its rule returned .* not \(y, back\)"):
        gg.grad(product)(2.0, 3.0)


def test_what_a_rule_broadcast_is_summed_where_it_was():
    product = opaque_product(lambda f, a, b: (a * b, lambda dy: (None, dy * b, dy * a)))
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    check(lambda x: product(x[:1] * 2.0, rows) * 1.0, V)
    assert gg.grad(lambda x: np.sum(product(x, rows)))(V.astype(np.float32)).dtype == np.float32


# --- Structures ------------------------------------------------------------------------------


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
