"""Bad input: each is a GpugradError that names the function and the shapes, and what to write."""

import math
import operator
import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import GpugradError, errors, xp
from gpugrad.dispatch import libraries

M = np.arange(1.0, 7.0).reshape(2, 3)


def raises(kind, *parts):
    """Expect an error of gpugrad's whose message holds these parts in order."""
    assert issubclass(kind, GpugradError)
    return pytest.raises(kind, match=r"(?s)" + ".*".join(parts))


def test_every_error_is_a_gpugrad_error_and_one_of_pythons():
    kinds = [x for x in vars(errors).values() if isinstance(x, type)]
    assert all(issubclass(kind, GpugradError) for kind in kinds)
    for kind in kinds:
        if kind is not GpugradError:
            assert issubclass(kind, (TypeError, ValueError, RuntimeError))


# --- Sensitivities ---------------------------------------------------------------------------


def scaled(x):
    return 2 * x


SENSITIVITIES = {
    "shape": (np.ones((3, 2)), r"float64\[2, 3\]", r"float64\[3, 2\]", "a number to broadcast"),
    "rank": (np.ones(3), r"float64\[2, 3\]", r"float64\[3\]"),
    "single element": (np.ones(1), r"float64\[2, 3\]", r"float64\[1\]"),
    "data type": (np.ones((2, 3), np.float32), r"float64\[2, 3\]", r"float32\[2, 3\]"),
    "integers": (np.ones((2, 3), np.int64), r"float64\[2, 3\]", r"int64\[2, 3\]"),
    "complex array": (np.ones((2, 3), complex), r"float64\[2, 3\]", r"complex128\[2, 3\]"),
    "complex number": (1j, r"float64\[2, 3\]", "complex", "Give one of"),
    "list": ([[1.0] * 3] * 2, r"float64\[2, 3\]", "list", "Give one of"),
    "string": ("1", r"float64\[2, 3\]", "str"),
    "tuple": ((1.0,), r"float64\[2, 3\]", "tuple"),
}


@pytest.mark.parametrize("case", SENSITIVITIES.values(), ids=SENSITIVITIES.keys())
def test_sensitivity_that_does_not_fit_an_array(case):
    dy, *parts = case
    _, back = gg.pullback(scaled, M)
    with raises(errors.SensitivityError, r"∂\(scaled\)", *parts):
        back(dy)


@pytest.mark.parametrize(
    ("dy", "part"),
    [(1j, "complex"), (np.ones(3), r"float64\[3\]"), ("1", "str"), ([1.0], "list"), ({}, "dict")],
)
def test_sensitivity_that_does_not_fit_a_number(dy, part):
    with raises(errors.SensitivityError, r"∂\(scaled\)", "float", part):
        gg.pullback(scaled, 2.0)[1](dy)


@pytest.mark.parametrize("dy", [3, np.float32(3), np.int64(3), np.array(3.0), True])
def test_numbers_broadcast(dy):
    _, back = gg.pullback(scaled, M)
    dx = back(dy)[1]
    assert (dx == 2.0 * dy).all()
    assert (dx.shape, dx.dtype) == ((2, 3), np.float64)
    assert gg.pullback(scaled, 2.0)[1](3) == (None, 6.0)


@dataclass
class Point:
    x: float
    y: float


STRUCTURES = {
    "number for a tuple": (lambda x: (x, x), 1.0, "a sequence of 2", "float"),
    "longer tuple": (lambda x: (x, x), (1.0, 1.0, 1.0), "a sequence of 2", "tuple"),
    "dict for a list": (lambda x: [x, x], {}, "a sequence of 2", "dict"),
    "tuple for a dict": (lambda x: {"a": x}, (1.0,), r"a dict with keys of \['a'\]", "tuple"),
    "unknown key": (lambda x: {"a": x}, {"b": 1.0}, r"a dict with keys of \['a'\]", "dict"),
    "number for an object": (lambda x: Point(x, x), 1.0, r"fields of \['x', 'y'\]", "float"),
    "unknown field": (
        lambda x: Point(x, x),
        gg.Tangent(z=1.0),
        r"fields of \['x', 'y'\]",
        "Tangent",
    ),
}


@pytest.mark.parametrize("case", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_sensitivity_of_another_structure(case):
    f, dy, *parts = case
    _, back = gg.pullback(f, 2.0)
    with raises(errors.SensitivityError, "∂", *parts, "structure of the value"):
        back(dy)


def test_sensitivity_inside_a_structure_is_checked():
    _, back = gg.pullback(lambda x: {"a": (x, x)}, M)
    with raises(errors.SensitivityError, r"float64\[2, 3\]", r"float64\[3\]"):
        back({"a": (None, np.ones(3))})


def test_sensitivity_on_another_device_or_of_another_library():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray([1.0, 2.0], device=strict.Device("device1"))
    _, back = gg.pullback(scaled, x)
    with raises(errors.SensitivityError, r"∂\(scaled\)", "device1", "CPU_DEVICE", "to_device"):
        back(strict.asarray([1.0, 2.0]))
    with raises(errors.SensitivityError, r"∂\(scaled\)", r"float64\[2\]"):
        back(np.ones(2))


# --- Functions and arguments -----------------------------------------------------------------


def test_function_without_a_rule():
    @gg.primitive
    def opaque(x):
        return 2 * x

    advice = (r"rrule\.register\(opaque\)",)
    with raises(errors.NoRuleError, r"opaque: no rule for \(float\)", *advice):
        gg.pullback(lambda x: opaque(x), 2.0)
    with raises(errors.NoRuleError, r"opaque: no rule for \(ndarray\)", *advice):
        gg.rrule(opaque, M)


def test_rrule_of_a_plain_function():
    with raises(
        errors.NoRuleError, r"scaled: no rule for \(float\)", r"pullback\(scaled, \.\.\.\)"
    ):
        gg.rrule(scaled, 2.0)


@pytest.mark.parametrize("x", ["text", {1: 2}, {1, 2}, object()])
def test_arguments_that_are_no_arrays(x):
    with raises(errors.ArgumentError, "sin", type(x).__name__, r"xp\.asarray"):
        xp.sin(x)
    with raises(errors.ArgumentError, "sin", type(x).__name__, r"xp\.asarray"):
        gg.pullback(xp.sin, x)


def test_an_operand_that_is_no_array():
    with raises(errors.ArgumentError, "add", "str", r"xp\.asarray"):
        gg.pullback(lambda x: x + "1", 2.0)
    with raises(errors.ArgumentError, "multiply", "dict", r"xp\.asarray"):
        gg.pullback(lambda x: {} * x, M)


@pytest.mark.parametrize("f", [xp.concat, xp.stack])
@pytest.mark.parametrize("arrays", [[], 3.0, "text"])
def test_joining_what_is_no_sequence_of_arrays(f, arrays):
    with raises(errors.ArgumentError, f.__name__, "non-empty sequence of arrays"):
        f(arrays)


@pytest.mark.parametrize("convert", [bool, float, int, complex])
def test_many_elements_are_no_number(convert):
    with raises(
        errors.ConversionError, convert.__name__, r"shape \(2, 3\)", r"xp\.any\(x\), xp\.all\(x\)"
    ):
        gg.pullback(convert, M)


def test_item_of_many_elements():
    with raises(errors.ConversionError, "item", r"shape \(2, 3\)"):
        gg.pullback(lambda x: x.item(), M)


@pytest.mark.parametrize("f", [len, iter])
def test_a_number_has_no_axes(f):
    with raises(errors.ArgumentError, "recorded number", "no axes"):
        gg.pullback(f, 2.0)


def test_in_place_into_a_plain_buffer():
    def augmented(x):
        total = np.zeros((2, 3))
        total += x
        return total

    def assigned(x):
        total = np.zeros((2, 3))
        total[0] = x[0]
        return total

    def out(x):
        return np.add(x, x, out=np.zeros((2, 3)))

    with raises(errors.ArgumentError, r"numpy\.add", "drop the gradient", r"y = xp\.add"):
        gg.pullback(augmented, M)
    with raises(errors.ArgumentError, r"numpy\.add", "drop the gradient", r"y = xp\.add"):
        gg.pullback(out, M)
    with raises(errors.ConversionError, "drop its gradient", r"xp\.zeros_like"):
        gg.pullback(assigned, M)


@pytest.mark.parametrize("f", [math.sin, np.sin, xp.sin])
def test_maths_functions_of_an_array(f):
    if f is math.sin:
        with raises(errors.ConversionError, r"float\(\)", r"shape \(2, 3\)"):
            gg.pullback(lambda x: f(x), M)
    else:
        assert gg.pullback(lambda x: f(x), M)[0].shape == (2, 3)


def test_recorded_values_passed_by_keyword():
    @gg.primitive
    def scale(x, *, by):
        return x * by

    with raises(errors.ArgumentError, "scale: a recorded value", r"keyword \(by\)", "by position"):
        gg.pullback(lambda x: scale(x, by=x), 2.0)
    with raises(errors.ArgumentError, "repeat", r"keyword \(repeats\)", "by position"):
        gg.pullback(lambda x: xp.repeat(x, repeats=x), M)


# --- Libraries that are mixed ----------------------------------------------------------------


@pytest.mark.parametrize("f", [operator.add, xp.multiply, xp.matmul, xp.where, xp.concat])
def test_numpy_arrays_with_those_of_another_library(f):
    strict = pytest.importorskip("array_api_strict")
    x, y = np.ones((2, 2)), strict.ones((2, 2))
    calls = {
        xp.where: lambda x, y: f(x > 0, x, y),
        xp.concat: lambda x, y: f([x, y]),
    }
    call = calls.get(f, f)
    with raises(errors.MixedArraysError, "NumPy", "array_api_strict", r"cupy\.asnumpy\(x\)"):
        gg.pullback(call, x, y)
    with raises(errors.MixedArraysError, "array_api_strict", "NumPy", "Move one over"):
        gg.pullback(lambda y: call(y, x), y)


@pytest.fixture
def cupy_array(monkeypatch):
    """A stand-in for a CuPy array, where CuPy itself cannot be."""
    array = type("ndarray", (), {"__module__": "cupy", "shape": (2,), "dtype": np.dtype(float)})
    for name in ("cupy", "array_api_compat.cupy"):
        module = types.ModuleType(name)
        module.ndarray = array
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(libraries, "cupy_library", libraries.cupy_library.__wrapped__)
    yield array()
    libraries._libraries.pop(array)


def test_numpy_arrays_with_cupy_arrays(cupy_array):
    with raises(errors.MixedArraysError, "multiply", "NumPy and CuPy", r"cupy\.asarray\(x\)"):
        xp.multiply(np.ones(2), cupy_array)
    with raises(errors.MixedArraysError, "multiply", "NumPy and CuPy"):
        gg.pullback(lambda x: x * cupy_array, np.ones(2))
    with raises(errors.MixedArraysError, "stack", "CuPy and NumPy"):
        xp.stack([cupy_array, np.ones(2)])


# --- What functions return -------------------------------------------------------------------


def test_function_that_returns_nothing():
    def forgot(x):
        x * x

    for call in (lambda: gg.pullback(forgot, 2.0), lambda: gg.grad(forgot)(2.0)):
        with raises(errors.OutputError, "forgot returned None", "return", "forgot"):
            call()


@pytest.mark.parametrize(
    ("f", "x", "parts"),
    [
        (lambda x: x * x, M, (r"float64\[2, 3\]", "Sum it")),
        (lambda x: x[:1, 0], M, (r"float64\[1\]", "Sum it")),
        (lambda x: x * 1j, 2.0, ("complex", "real part")),
        (lambda x: (x * 1j)[0, 0], M, (r"complex128\[\]", "real part")),
        (lambda x: (x, x), 2.0, ("tuple", r"pullback\(")),
        (lambda x: {"loss": x}, 2.0, ("dict", r"pullback\(")),
        (lambda x: 3, 2.0, ("int", "Return the number")),
        (lambda x: "text", 2.0, ("str",)),
        (lambda x: xp.argmax(x), M, ("int64",)),
    ],
)
@pytest.mark.parametrize("transformation", [gg.grad, gg.value_and_grad])
def test_gradient_of_what_is_no_real_number(transformation, f, x, parts):
    def loss(x):
        return f(x)

    with raises(errors.OutputError, r"grad\(loss\): loss returned", *parts):
        transformation(loss)(x)


@pytest.mark.parametrize("transformation", [lambda f: lambda x: gg.pullback(f, x), gg.grad])
def test_a_value_that_escaped_from_an_inner_recording(transformation):
    def f(x):
        escaped = []
        gg.grad(lambda y: (escaped.append(y * x), y * y)[1])(2.0)
        return escaped[0] * x

    with raises(errors.OutputError, "inner pullback or grad", "has_aux=True"):
        transformation(f)(3.0)


def test_has_aux_without_aux():
    with raises(errors.OutputError, r"grad\(scaled, has_aux=True\)", r"return \(value, aux\)"):
        gg.grad(scaled, has_aux=True)(2.0)


# --- Arguments to differentiate by -----------------------------------------------------------


@pytest.mark.parametrize("argnums", [1, 2, -2, (0, 1), ()])
def test_argnums_out_of_range(argnums):
    with raises(errors.ArgumentError, r"grad\(scaled\): argnums=", "1 positional argument"):
        gg.grad(scaled, argnums)(2.0)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2)])
def test_argnums_that_repeat(argnums):
    with raises(errors.ArgumentError, r"grad\(mul\): argnums=\(0, ", "names an argument twice"):
        gg.grad(operator.mul, argnums)(2.0, 3.0)


def test_argument_passed_by_keyword():
    with raises(errors.ArgumentError, r"grad\(scaled\)", "0 positional", "by position"):
        gg.grad(scaled)(x=2.0)


@pytest.mark.parametrize(
    ("x", "kind"),
    [(2, "int"), (True, "bool"), (np.arange(3), "ndarray"), ("text", "str"), ([1, "2"], "list")],
)
def test_argument_without_a_floating_number(x, kind):
    with raises(
        errors.ArgumentError, r"grad\(scaled\): argument 0, of type " + kind, r"a float \(2\.0"
    ):
        gg.grad(scaled)(x)


# --- Rules of one's own ----------------------------------------------------------------------


def test_registering_a_rule_for_a_plain_function():
    with raises(
        errors.ArgumentError, r"rrule\.register", "scaled", r"@gpugrad\.primitive above scaled"
    ):
        gg.rrule.register(scaled)


def test_registering_a_rule_for_a_plain_class():
    class Model:
        def __call__(self, x):
            return x

    with raises(
        errors.ArgumentError, r"rrule\.register", "Model", r"primitive above Model\.__call__"
    ):
        gg.rrule.register(Model)


def test_registering_a_rule_for_what_cannot_be_called():
    for thing in (Point, 3, "sin"):
        with raises(errors.ArgumentError, r"rrule\.register"):
            gg.rrule.register(thing)


# --- Losses, polynomials ---------------------------------------------------------------------


@pytest.mark.parametrize("loss", [gg.mse, gg.cross_entropy, gg.hinge_loss, gg.logit_cross_entropy])
@pytest.mark.parametrize("other", [(3, 2), (3,), (2, 1), ()])
@pytest.mark.parametrize("recorded", [False, True])
def test_losses_of_shapes_that_differ(loss, other, recorded):
    call = (lambda *args: gg.pullback(loss, *args)) if recorded else loss
    other_shape = r"\(" + ", ".join(map(str, other))
    with raises(
        errors.ArgumentError, loss.__name__, r"shape \(2, 3\)", other_shape, r"xp\.reshape\(yhat"
    ):
        call(M, np.ones(other))


def test_labels_of_another_shape():
    with raises(
        errors.ArgumentError, "logit_cross_entropy", r"\(2, 3\)", r"labels, of .*\(2,\)", r"\(3,"
    ):
        gg.logit_cross_entropy(M, np.array([0, 1, 2]))


@pytest.mark.parametrize("label", [3, -1])
def test_labels_out_of_range_give_nan(label):
    labels = np.array([0, label])
    assert math.isnan(gg.logit_cross_entropy(M, labels))
    value, gradient = gg.value_and_grad(gg.logit_cross_entropy)(M, labels)
    assert math.isnan(value)
    assert np.isnan(gradient[1]).all()
    assert np.isfinite(gradient[0]).all()


@pytest.mark.parametrize("weights", [np.ones((2, 2)), np.ones(0), 1.0])
def test_polynomial_of_weights_that_are_none(weights):
    with raises(errors.ArgumentError, "evalpoly", r"shape \(degree \+ 1,\)", r"got \("):
        gg.evalpoly(2.0, weights)
