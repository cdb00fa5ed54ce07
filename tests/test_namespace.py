"""Which function is meant: gpugrad.xp, the libraries' own functions, and the generated rules."""

import cmath
import linecache
import math
import operator
import pickle
import traceback
import types

import array_api_compat
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import Tracked, functions, xp
from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.symbolic.expression import Symbol
from gpugrad.symbolic.printer import to_python

# --- One primitive, many names ---------------------------------------------------------------

ALIASES = {
    xp.cos: (np.cos, math.cos, cmath.cos, functions.cos),
    xp.acos: (np.arccos, np.acos, math.acos),
    xp.abs: (abs, operator.abs, np.abs, np.absolute, math.fabs),
    xp.multiply: (operator.mul, operator.imul, np.multiply),
    xp.divide: (operator.truediv, np.divide, np.true_divide),
    xp.pow: (pow, operator.pow, math.pow, np.power, np.pow),
    xp.remainder: (operator.mod, np.mod, np.remainder),
    xp.matmul: (operator.matmul, np.matmul),
    xp.concat: (np.concatenate, np.concat),
    xp.permute_dims: (np.transpose, np.permute_dims),
    xp.cumulative_sum: (np.cumsum, np.cumulative_sum),
    xp.max: (np.max, np.amax),
    xp.conj: (np.conj, np.conjugate),
    functions.getattr: (getattr,),
    functions.getitem: (operator.getitem,),
}


@pytest.mark.parametrize("f", ALIASES, ids=lambda f: f.name)
def test_all_names_find_the_same_primitive(f):
    assert type(f) is Primitive
    assert {primitive_of(alias) for alias in (f, *ALIASES[f])} == {f}


def test_rrule_finds_the_same_rule_by_all_names():
    found = {gg.rrule(f, 0.6)[1](1.0) for f in (np.cos, math.cos, xp.cos)}
    assert found == {(None, -math.sin(0.6))}
    assert gg.rrule(operator.mul, 2.0, 3.0)[1](1.0) == gg.rrule(xp.multiply, 2.0, 3.0)[1](1.0)


def test_functions_of_another_library_find_it_too():
    strict = pytest.importorskip("array_api_strict")
    assert primitive_of(strict.cos) is xp.cos
    assert primitive_of(strict.permute_dims) is xp.permute_dims
    y, back = gg.rrule(strict.sin, strict.asarray([0.5, 1.0]))
    assert type(y) is type(strict.asarray(0.0))
    assert float(back(strict.ones(2))[1][0]) == math.cos(0.5)


def test_the_pullback_of_another_librarys_function():
    strict = pytest.importorskip("array_api_strict")
    y, back = gg.pullback(strict.cos, 0.6)
    assert (y, back(1.0)) == (math.cos(0.6), (None, -math.sin(0.6)))


def test_functions_of_ones_own_are_not_mistaken_for_them():
    def power(x, n):
        return x * n * 100.0

    def cos(x):
        return 3 * x

    power.__module__ = "array_api_strict"
    assert primitive_of(power) is primitive_of(cos) is None
    assert gg.grad(power)(2.0, 3.0) == 300.0
    assert gg.grad(cos)(2.0) == 3.0
    assert gg.pullback(cos, 2.0)[1](1.0) == (None, 3.0)


@pytest.mark.parametrize("thing", [3, "sin", None, [], {}, len, print, np.emath.sqrt, object])
def test_other_things_are_no_primitives(thing):
    assert primitive_of(thing) is None


def test_primitives_have_a_name_and_a_repr():
    assert (xp.sin.__name__, repr(xp.sin)) == ("sin", "<gpugrad function sin>")
    assert repr(gg.softmax) == "<gpugrad function softmax>"


@pytest.mark.parametrize("f", [xp.sin, functions.getitem, gg.relu, gg.softmax, gg.mse])
def test_primitives_pickle(f):
    assert pickle.loads(pickle.dumps(f)) is f


# --- gpugrad.xp as a namespace ---------------------------------------------------------------


def test_xp_is_a_hashable_module_with_a_name():
    assert isinstance(xp, types.ModuleType)
    assert xp.__name__ == "gpugrad.xp"
    assert {xp: 1}[xp] == 1
    assert xp.__array_api_version__ == "2024.12"


def test_recorded_arrays_name_it_as_theirs():
    def f(x):
        library = array_api_compat.array_namespace(x)
        assert library.__name__ == "gpugrad.xp"
        assert library.sin is xp.sin
        assert array_api_compat.array_namespace(x, x * 2, x > 0, library.zeros(2)) is library
        assert x.__array_namespace__(api_version="2024.12") is library
        return x

    gg.pullback(f, np.ones(3))


def test_code_written_to_the_standard_is_recorded():
    def softplus(x):
        library = array_api_compat.array_namespace(x)
        return library.sum(library.logaddexp(x, library.zeros_like(x)), axis=0)

    x = np.array([0.5, -1.0])
    assert_array_equal(gg.grad(softplus)(x), np.exp(x - np.logaddexp(x, 0)))


def test_xp_has_every_function_of_numpys_array_api():
    missing = {
        name
        for name in dir(functions)
        if isinstance(getattr(functions, name), Primitive)
        and getattr(functions, name).name == name
        and hasattr(np, name)
        and not hasattr(xp, name)
    }
    assert not missing


@pytest.mark.parametrize(
    "name", ["pi", "e", "inf", "nan", "newaxis", "float32", "complex128", "bool", "bitwise_not"]
)
def test_constants_and_data_types(name):
    mine, numpys = getattr(xp, name), getattr(np, name)
    assert (
        mine == np.dtype(numpys)
        if isinstance(numpys, type)
        else (mine is numpys or mine == numpys or mine != mine or primitive_of(numpys) is mine)
    )


CREATION = {
    "zeros": lambda **kw: xp.zeros((2, 3), **kw),
    "ones": lambda **kw: xp.ones((2, 3), **kw),
    "full": lambda **kw: xp.full((2, 3), 2.5, **kw),
    "empty": lambda **kw: xp.empty((2, 3), **kw),
    "eye": lambda **kw: xp.eye(2, 3, **kw),
    "linspace": lambda **kw: xp.reshape(xp.linspace(0.0, 1.0, 6, **kw), (2, 3)),
    "arange": lambda **kw: xp.reshape(xp.arange(0.0, 6.0, **kw), (2, 3)),
    "asarray": lambda **kw: xp.asarray([[0.0, 1.0, 2.0]] * 2, **kw),
}
creation = pytest.mark.parametrize("create", CREATION.values(), ids=CREATION.keys())


@creation
def test_creation_is_numpys_by_default(create):
    for dtype in (np.float32, np.float64, xp.float32, np.dtype("float32")):
        y = create(dtype=dtype)
        assert type(y) is np.ndarray
        assert (y.shape, y.dtype) == ((2, 3), dtype)
    assert create().dtype == np.float64


@creation
def test_creation_follows_data_type_and_device(create):
    strict = pytest.importorskip("array_api_strict")
    device = strict.Device("device1")
    for options in (
        {"dtype": strict.float32},
        {"device": device},
        {"dtype": strict.float32, "device": device},
        {"dtype": np.float32, "device": device},
    ):
        y = create(**options)
        assert array_api_compat.is_array_api_strict_namespace(y.__array_namespace__())
        assert y.device == options.get("device", strict.Device("CPU_DEVICE"))
        assert y.dtype == (strict.float32 if "dtype" in options else strict.float64)


def test_creation_in_a_recorded_function_follows_its_argument():
    strict = pytest.importorskip("array_api_strict")
    x = strict.ones((2,), dtype=strict.float32, device=strict.Device("device1"))

    def f(x):
        ones = xp.ones(x.shape, dtype=x.dtype, device=x.device)
        assert not isinstance(ones, Tracked)
        assert ones.device == x.device
        return xp.sum(x * ones)

    assert gg.grad(f)(x).device == x.device == strict.Device("device1")
    assert gg.grad(f)(np.ones(2)).dtype == np.float64


def test_asarray_of_recorded_numbers():
    def f(a, b):
        y = xp.asarray([[a, 1.0], [b, a * b]])
        assert isinstance(y, Tracked)
        assert y.shape == (2, 2)
        assert xp.asarray(y) is y
        assert xp.asarray(y, dtype=np.float32).dtype == np.float32
        assert xp.asarray(y, copy=True) is not y
        return xp.sum(y * np.array([[1.0, 2.0], [3.0, 4.0]]))

    assert gg.grad(f, (0, 1))(2.0, 3.0) == (1 + 4 * 3.0, 3 + 4 * 2.0)


def test_asarray_of_plain_things():
    assert type(xp.asarray(1.0)) is np.ndarray
    x = np.ones(2)
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=True) is not x
    assert xp.asarray([1, 2], dtype=np.float32).dtype == np.float32


def test_meshgrid_and_broadcast_arrays_are_recorded():
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    for indexing in ("xy", "ij"):
        y, back = gg.pullback(lambda a, b, i=indexing: xp.meshgrid(a, b, indexing=i), a, b)
        expected = np.meshgrid(a, b, indexing=indexing)
        assert_array_equal(y[0], expected[0])
        assert_array_equal(y[1], expected[1])
        _, da, db = back((np.ones(y[0].shape), None))
        assert_array_equal(da, [3, 3])
        assert db is None
    y, back = gg.pullback(lambda a, b: xp.broadcast_arrays(a[:, None], b), a, b)
    assert [x.shape for x in y] == [(2, 3), (2, 3)]
    assert_array_equal(back((None, np.ones((2, 3))))[2], [2, 2, 2])


def test_questions_about_data_types():
    def f(x):
        assert xp.result_type(x, xp.float64) == np.float64
        assert xp.isdtype(x.dtype, "real floating")
        assert xp.can_cast(x, xp.float64)
        assert xp.finfo(x).eps == np.finfo(np.float32).eps
        assert xp.iinfo(xp.int32).max == 2**31 - 1
        return x

    gg.pullback(f, np.ones(2, np.float32))


@pytest.mark.parametrize("x", [2.0, 2, True, 1 + 2j])
def test_functions_of_pythons_numbers_are_pythons(x):
    for f in (xp.sin, xp.exp, xp.square):
        assert type(f(x)) in (float, complex, int)
        assert f(x) == pytest.approx(getattr(np, f.name)(x))


def test_overflow_of_numbers_is_that_of_arrays():
    assert xp.exp(1e4) == math.inf
    assert math.isnan(xp.log(-1.0))
    assert gg.grad(xp.exp)(1e4) == math.inf


def test_a_library_is_asked_for_once():
    assert library_of(np.ones(2)) is NUMPY
    assert library_of(np.float32(1)) is NUMPY
    assert library_of(1.0) is None


# --- The generated rules ---------------------------------------------------------------------


def test_the_source_of_a_generated_rule_is_in_the_traceback():
    class Refusing(np.ndarray):
        refuse = False

        def __mul__(self, other):
            if Refusing.refuse:
                raise RuntimeError("refused")
            return super().__mul__(other)

        __rmul__ = __mul__

    _, back = gg.pullback(np.sin, np.ones(2).view(Refusing))
    Refusing.refuse = True
    with pytest.raises(RuntimeError, match="refused") as caught:
        back(np.ones(2).view(Refusing))
    text = "".join(traceback.format_exception(caught.value))
    assert '"<gpugrad sin' in text
    assert "in sin_back" in text
    assert "dx = dy * cos(x)" in text


def test_the_source_of_a_generated_rule_can_be_looked_up():
    gg.rrule(xp.tanh, np.ones(2))
    names = [name for name in linecache.cache if name.startswith("<gpugrad tanh ")]
    sources = ["".join(linecache.getlines(name)) for name in names]
    rules = [source for source in sources if "def tanh_rrule(x):" in source]  # others are forward
    assert any("def tanh_back(dy):" in source for source in rules)


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


def test_an_expression_has_no_truth_value():
    with pytest.raises(TypeError, match=r"write where\(condition, a, b\)"):
        bool(X > 0)
