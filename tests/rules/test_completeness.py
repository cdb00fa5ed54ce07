"""Nothing is forgotten: each function has a rule and a sample, each standard name a place."""

import re

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.dispatch.primitive import BY_NAME, Composite, Primitive
from gpugrad.tracing.constants import released
from tests.samples import SAMPLES

strict = pytest.importorskip("array_api_strict")

NAMES = {**vars(gg), **vars(gg.nn), **vars(F), **BY_NAME}
PRIMITIVES = {name: f for name, f in NAMES.items() if isinstance(f, Primitive)}
DIFFERENTIABLE = {name: f for name, f in PRIMITIVES.items() if f.differentiable}
CONSTANT = {name: f for name, f in PRIMITIVES.items() if not f.differentiable}
SAMPLED = {sample.function for sample in SAMPLES}

# What has no array among its results or its arguments needs rules and tests of its own.
WITHOUT_A_ROW = {
    "empty_like": "no gradient flows through it; tests/rules/test_conventions.py",
    "frexp": "whole numbers beside the mantissas; tests/functions/test_beyond.py",
    "getattr": "its argument is an object, its gradient a Tangent; test_fields below",
    "linalg.lstsq": "one of its results is a rank; sampled as lstsq_of",
    "histogram2d": "its weights may not be recorded; tests/functions/test_beyond.py",
    "histogramdd": "its weights may not be recorded; tests/functions/test_beyond.py",
    **dict.fromkeys(
        ["unique_all", "unique_counts", "unique_inverse"],
        "counts and indices beside the values of unique_values; tests/rules/test_conventions.py",
    ),
}

# Names of the standard that are no functions of arrays, or compositions of some that are.
NOT_OURS = {
    "constants": {"e", "inf", "nan", "newaxis", "pi"},
    "data types": {
        *("bool", "complex64", "complex128", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    },
    "asked about data types and shapes, not about values": {
        *("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype", "result_type"),
    },
    "made from nothing recorded": {
        *("arange", "empty", "eye", "from_dlpack", "full", "linspace", "ones", "zeros"),
    },
    "modules, whose functions are named linalg.solve and so on": {"fft", "linalg"},
    "array_api_strict's own": {
        *("ArrayAPIStrictFlags", "Device", "get_array_api_strict_flags"),
        *("reset_array_api_strict_flags", "set_array_api_strict_flags"),
    },
    "written with other functions, in gpugrad.xp": {"asarray"},
}

PUBLIC = [
    *("sigmoid", "tanh_act", "relu", "softmax", "logsoftmax"),
    *("mse", "cross_entropy", "logit_cross_entropy", "hinge_loss"),
]


@pytest.mark.parametrize("name", sorted(DIFFERENTIABLE))
def test_differentiable_function_has_a_rule(name):
    f = DIFFERENTIABLE[name]
    assert f.rrules or isinstance(f, Composite), (
        f"gpugrad/functions/ says that {name} is differentiable, but no file of gpugrad/rules/ "
        f"or gpugrad/nn/functional/ has a rule for it: add one, or make it @constant(...)"
    )


@pytest.mark.parametrize("name", sorted(DIFFERENTIABLE))
def test_differentiable_function_has_a_sample(name):
    assert DIFFERENTIABLE[name] in SAMPLED or name in WITHOUT_A_ROW, (
        f"{name} has no row in tests/rules/samples/ or tests/nn/functional/samples/: without one "
        f"its rule is not tested"
    )


@pytest.mark.parametrize("name", sorted(WITHOUT_A_ROW))
def test_exception_is_needed(name):
    assert DIFFERENTIABLE[name] not in SAMPLED


@pytest.mark.parametrize("name", PUBLIC)
def test_public_function_is_sampled(name):
    assert getattr(gg, name) in SAMPLED, f"no row of tests/samples.py is of gpugrad.{name}"


def standard_names():
    names = [n for n in strict.__all__ if not n.startswith("__")]
    return sorted(set(names) - set().union(*NOT_OURS.values()))


@pytest.mark.parametrize("name", standard_names())
def test_function_of_the_standard_has_a_place(name):
    assert name in PRIMITIVES, (
        f"the array-API standard has {name}. Add a def to gpugrad/functions/, a rule to "
        f"gpugrad/rules/ and a row to tests/rules/samples/; or name it in NOT_OURS, here"
    )


@pytest.mark.parametrize("names", NOT_OURS.values(), ids=NOT_OURS)
def test_exclusion_is_of_something_that_is_there(names):
    assert names <= {*strict.__all__}
    assert not names & PRIMITIVES.keys()


def test_rows_have_names_of_their_own():
    names = [sample.name for sample in SAMPLES]
    repeated = {name for name in names if names.count(name) > 1}
    assert not repeated, "rows of tests/samples.py that a note must tell apart"


# --- Functions through which no gradient flows -----------------------------------------------

INTEGERS = np.array([[3, 1, 2], [1, 5, 1]])


def with_itself(f, x):
    return f(x, x)


def with_integers(f, x):
    return f(F.astype(x, np.int64), INTEGERS)


CALLS_OF_CONSTANTS = {  # what a call needs besides one array of floats
    "argpartition": lambda f, x: f(x, 1),
    "bitwise_count": lambda f, x: f(F.astype(x, np.int64)),
    "bitwise_invert": lambda f, x: f(F.astype(x, np.int64)),
    "diag_indices_from": lambda f, x: f(x[:, :2]),
    "digitize": lambda f, x: f(x, np.array([1.0, 2.0])),
    "indicator": lambda f, x: f(x > 1, x),
    "ix_": lambda f, x: f(F.astype(x[0], np.int64)),
    "ravel_multi_index": lambda f, x: f((INTEGERS[0], F.astype(x[1], np.int64)), (9, 9)),
    "searchsorted": lambda f, x: f(np.array([1.0, 2.0]), F.reshape(x, (-1,))),
    "unravel_index": lambda f, x: f(F.astype(x, np.int64), (9, 9)),
    **dict.fromkeys(["allclose", "array_equal", "array_equiv", "isclose", "isin"], with_itself),
    **dict.fromkeys(["gcd", "lcm"], with_integers),
}
BINARY = re.compile("(equal|greater|less|logical_|floor_divide|nextafter|not_equal).*")


def call_constant(name, f, x):
    if name in CALLS_OF_CONSTANTS:
        return CALLS_OF_CONSTANTS[name](f, x)
    if name.startswith("bitwise"):
        return f(F.astype(x, np.int64), INTEGERS)
    if BINARY.fullmatch(name) and name != "logical_not":
        return f(x, x + 1.0)
    return f(x)


@pytest.mark.parametrize("name", sorted(CONSTANT))
def test_function_without_a_gradient_returns_constants(name):
    seen = []

    def f(x):
        seen.append(call_constant(name, CONSTANT[name], x))
        return F.sum(x)

    x = INTEGERS.astype(float)
    gg.pullback(f, x)
    (result,) = seen
    for item in result if isinstance(result, tuple) else (result,):
        assert type(item) is bool or item.level.constant
    result = released(result)
    np.testing.assert_equal(result, call_constant(name, CONSTANT[name], x))


@pytest.mark.parametrize("name", sorted(CONSTANT))
def test_function_without_a_gradient_has_none(name):
    def f(x):
        return call_constant(name, CONSTANT[name], x)

    x = INTEGERS.astype(float)
    y, back = gg.pullback(f, x)
    dy = None if isinstance(y, tuple) else 1.0
    assert back(dy) == (None, None)


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def test_fields():
    y, back = gg.rrule(getattr, Point(2.0, np.ones(3)), "x")
    assert y == 2.0
    df, dpoint, dname = back(5.0)
    assert df is dname is None
    assert dpoint == gg.Tangent(x=5.0, y=None)
