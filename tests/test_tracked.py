"""The recorded value: its operators, methods and attributes, and NumPy's functions called on it.

Each row is run on plain arrays and on recorded ones, and its gradient is held against differences.
"""

import operator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import Tracked, xp
from gpugrad.errors import ArgumentError, ConversionError
from gpugrad.testing import derivative, inner

RNG = np.random.default_rng(0)
M = RNG.uniform(0.5, 1.5, (3, 4))
N = RNG.uniform(0.5, 1.5, (3, 4))
V = RNG.uniform(0.5, 1.5, 4)
C = RNG.normal(size=(3, 4)) + 1j * RNG.normal(size=(3, 4))


def recorded(f, *args):
    """Run f on recorded arguments, and say that it saw such and returned such."""

    def seen(*args):
        assert all(isinstance(x, Tracked) for x in args)
        y = f(*args)
        assert isinstance(y, Tracked)
        return y

    return gg.pullback(seen, *args)


def check(f, *args, expected=None):
    """Check value, data type and gradients of f on recorded arrays by f on plain ones."""
    expected = f(*args) if expected is None else expected
    y, back = recorded(f, *args)
    assert_allclose(y, expected, rtol=1e-14)
    assert type(y) is type(expected) or np.ndim(y) == 0
    assert np.asarray(y).dtype == np.asarray(expected).dtype
    rng = np.random.default_rng(1)
    dy = np.asarray(rng.normal(size=np.shape(y)))
    if np.iscomplexobj(y):
        dy = dy + 1j * rng.normal(size=np.shape(y))
    _, *gradients = back(dy if np.ndim(y) or isinstance(y, np.ndarray) else dy.item())
    for i, (x, dx) in enumerate(zip(args, gradients, strict=True)):
        assert np.shape(dx) == np.shape(x)
        direction = np.asarray(rng.normal(size=np.shape(x)))
        if np.iscomplexobj(x):
            direction = direction + 1j * rng.normal(size=np.shape(x))

        def moved(t, i=i, x=x, direction=direction):
            return f(*args[:i], x + t * direction, *args[i + 1 :])

        assert inner(dx, direction) == pytest.approx(
            derivative(lambda t, moved=moved: inner(dy, moved(t))), rel=1e-7, abs=1e-9
        )


# --- Operators -------------------------------------------------------------------------------

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
]
named = pytest.mark.parametrize("op", ARITHMETIC, ids=lambda op: op.__name__)


@named
def test_arithmetic_of_recorded_arrays(op):
    check(op, M, N + (op is operator.mod) * 4)
    check(op, M, V + (op is operator.mod) * 4)


@named
@pytest.mark.parametrize(
    "other", [3.25, 4, np.float64(3.25), np.array(3.25), V + 4, np.arange(2, 6)]
)
def test_arithmetic_with_what_is_not_recorded_on_either_side(op, other):
    other = other if op is not operator.mod else other + 4
    check(lambda x: op(x, other), M)
    check(lambda x: op(other, x), M)


@named
def test_arithmetic_of_recorded_numbers(op):
    check(op, 1.25, 3.5)
    check(lambda x: op(x, 3), 1.25)
    check(lambda x: op(3, x), 1.25)
    check(lambda x: op(np.float64(3.5), x), 1.25)
    check(lambda x: op(x, np.float64(3.5)), 1.25)


@named
def test_arithmetic_of_a_recorded_number_with_an_array(op):
    check(lambda x: op(x, M), 2.25)
    check(lambda x: op(M, x), 2.25)


@pytest.mark.parametrize("f", [operator.neg, operator.pos, abs])
def test_unary_operators(f):
    check(f, M - 1)
    check(f, -2.5)


@pytest.mark.parametrize(("a", "b"), [(M, N.T), (M, V), (V, N.T), (V, V), (np.stack([M, N]), N.T)])
def test_matrix_product_on_either_side(a, b):
    check(operator.matmul, a, b)
    check(lambda x: x @ b, a)
    check(lambda x: a @ x, b)


@pytest.mark.parametrize(
    "op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
)
@pytest.mark.parametrize("other", [V, 1.0, np.float64(1.0)])
def test_comparisons_are_constants_on_either_side(op, other):
    def f(x):
        for found, expected in ((op(x, other), op(M, other)), (op(other, x), op(other, M))):
            assert found.level.constant
            assert type(found.value) is np.ndarray
            assert_array_equal(found, expected)
        assert_array_equal(op(x, x), op(M, M))
        return x

    recorded(f, M)


def test_floor_division_has_no_gradient():
    y, back = gg.pullback(lambda x: (x // 0.5, 3 // x), M)
    assert_array_equal(y[0], M // 0.5)
    assert_array_equal(y[1], 3 // M)
    assert back((M, M)) == (None, None)


# --- Attributes ------------------------------------------------------------------------------


def test_what_it_is():
    def f(x, number):
        assert (x.shape, x.ndim, x.size, len(x)) == ((3, 4), 2, 12, 3)
        assert (x.dtype, x.device) == (np.float32, "cpu")
        assert (number.shape, number.ndim, number.size) == ((), 0, 1)
        assert (number.dtype, number.device) == (np.float64, "cpu")
        assert type(x.value) is np.ndarray
        assert number.value == 2.0
        return x * number

    gg.pullback(f, M.astype(np.float32), 2.0)


def test_repr_and_format_show_the_value():
    def f(x, v):
        assert (repr(x), str(x)) == ("Tracked(2.5)", "Tracked(2.5)")
        assert (f"{x:.2f}", f"{x}") == ("2.50", "2.5")
        assert repr(v) == "Tracked(array([1., 2.]))"
        return x

    gg.pullback(f, 2.5, np.array([1.0, 2.0]))


def test_recorded_values_are_unhashable_as_arrays_are():
    with pytest.raises(TypeError, match="unhashable"):
        gg.pullback(lambda x: {x: 1}, 2.0)


ATTRIBUTES_AND_METHODS = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "reshape(tuple)": lambda x: x.reshape((4, 3)),
    "reshape(ints)": lambda x: x.reshape(2, 6),
    "reshape(-1)": lambda x: x.reshape(-1),
    "reshape(list)": lambda x: x.reshape([6, 2]),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "transpose()": lambda x: x.transpose(),
    "transpose(None)": lambda x: x.transpose(None),
    "transpose(ints)": lambda x: x.transpose(1, 0),
    "transpose(tuple)": lambda x: x.transpose((1, 0)),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "squeeze()": lambda x: x[:, None].squeeze(),
    "squeeze(axis)": lambda x: x[:, None].squeeze(1),
    "squeeze(axis=)": lambda x: x[None, :, None].squeeze(axis=(0, 2)),
    "sum()": lambda x: x.sum(),
    "sum(axis)": lambda x: x.sum(axis=0),
    "sum(0)": lambda x: x.sum(0),
    "sum(keepdims)": lambda x: x.sum(axis=-1, keepdims=True),
    "mean": lambda x: x.mean(),
    "mean(axis)": lambda x: x.mean(axis=(0, 1)),
    "prod": lambda x: x.prod(axis=1),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "var": lambda x: x.var(axis=0),
    "std": lambda x: x.std(),
    "std(ddof)": lambda x: x.std(axis=0, ddof=1),
    "mean(0)": lambda x: x.mean(0),
    "max(0)": lambda x: x.max(0),
    "cumsum(0)": lambda x: x.cumsum(0),
    "repeat(2, 0)": lambda x: x.repeat(2, 0),
    "cumsum": lambda x: x.cumsum(axis=1),
    "cumprod": lambda x: x.cumprod(axis=0),
    "dot": lambda x: x.dot(N.T),
    "dot(vector)": lambda x: x.dot(V),
    "dot(number)": lambda x: x.dot(2.5),
    "clip": lambda x: x.clip(0.75, 1.25),
    "clip(min)": lambda x: x.clip(min=0.75),
    "repeat": lambda x: x.repeat(2, axis=0),
    "take": lambda x: x.take(np.array([2, 0, 2]), axis=0),
    "copy": lambda x: x.copy(),
    "astype": lambda x: x.astype(np.float64),
    "astype(str)": lambda x: x.astype("float64"),
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "real": lambda x: x.real,
    "x[i]": lambda x: x[1],
    "x[i, j]": lambda x: x[1, -1],
    "x[slice]": lambda x: x[::2, 1:],
    "x[None]": lambda x: x[None, ..., 0],
    "x[array]": lambda x: x[np.array([0, 0, 2])],
    "x[list]": lambda x: x[[0, 0, 2]],
    "x[mask]": lambda x: x[M > 1],
    "x[arrays]": lambda x: x[np.array([0, 1]), np.array([3, 3])],
    "iteration": lambda x: sum(row * (i + 1) for i, row in enumerate(x)),
}


@pytest.mark.parametrize("f", ATTRIBUTES_AND_METHODS.values(), ids=ATTRIBUTES_AND_METHODS.keys())
def test_attributes_and_methods(f):
    check(f, M)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z.real * 2.0,
        lambda z: z.imag * 2.0,
        lambda z: z.conj() * z,
        abs,
        lambda z: z * (1 + 2j),
        lambda z: z.T @ z,
        lambda z: z[0] / z[1],
    ],
)
def test_complex_arrays(f):
    check(f, C)


def test_methods_that_leave_the_tape():
    def f(x):
        assert (x.argmax(), x.argmin(axis=0).shape) == (M.argmax(), (4,))
        assert_array_equal(x.argsort(axis=1), M.argsort(axis=1))
        assert (x > 1).any()
        assert x.all()
        assert type(x[0, 0].item()) is float
        assert x[0, 0].item() == M[0, 0]
        return x

    recorded(f, M)


def test_a_change_of_data_type_returns_gradients_of_the_old_one():
    x = M.astype(np.float32)
    y, back = recorded(lambda x: x.astype(np.float64) * np.pi, x)
    assert y.dtype == np.float64
    dx = back(np.ones((3, 4)))[1]
    assert dx.dtype == np.float32
    assert_array_equal(dx, np.float32(np.pi))


def test_a_change_to_integers_leaves_the_tape():
    y, back = gg.pullback(lambda x: x.astype(np.int64), M)
    assert y.dtype == np.int64
    assert back(1) == (None, None)


# --- NumPy's functions -----------------------------------------------------------------------

NUMPY_FUNCTIONS = {
    "sin": np.sin,
    "power": lambda x: np.power(x, 3),
    "true_divide": lambda x: np.true_divide(V, x),
    "arctan2": lambda x: np.arctan2(x, V),
    "hypot": lambda x: np.hypot(V, x),
    "maximum": lambda x: np.maximum(x, 1.0),
    "logaddexp": lambda x: np.logaddexp(0, x),
    "absolute": np.absolute,
    "matmul": lambda x: np.matmul(x, N.T),
    "sum": np.sum,
    "sum(axis)": lambda x: np.sum(x, axis=1),
    "sum(positional axis)": lambda x: np.sum(x, 1),
    "sum(keepdims)": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, axis=0),
    "prod": lambda x: np.prod(x, axis=0),
    "max": lambda x: np.max(x, axis=1),
    "amin": lambda x: np.amin(x, axis=1),
    "var": lambda x: np.var(x, axis=0),
    "var(ddof)": lambda x: np.var(x, axis=0, ddof=1),
    "mean(positional axis)": lambda x: np.mean(x, 1),
    "concatenate(positional axis)": lambda x: np.concatenate([x, N], 1),
    "stack(positional axis)": lambda x: np.stack([x, N], 1),
    "repeat(positional axis)": lambda x: np.repeat(x, 2, 1),
    "roll(positional axis)": lambda x: np.roll(x, 1, 1),
    "take(positional axis)": lambda x: np.take(x, np.array([1, 1]), 1),
    "flip(positional axis)": lambda x: np.flip(x, 1),
    "diff(positional n)": lambda x: np.diff(x, 2),
    "diff(positional n, axis)": lambda x: np.diff(x, n=2, axis=0),
    "tensordot(positional axes)": lambda x: np.tensordot(x, N.T, 1),
    "triu(positional k)": lambda x: np.triu(x, 1),
    "std(ddof)": lambda x: np.std(x, axis=0, correction=1),
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "cumulative_prod": lambda x: np.cumulative_prod(x, axis=1),
    "concatenate": lambda x: np.concatenate([x, N, x], axis=1),
    "concat": lambda x: np.concat([N, x * x]),
    "stack": lambda x: np.stack([x, N], axis=-1),
    "where": lambda x: np.where(M > 1, x, x * x),
    "where(number)": lambda x: np.where(M > 1, x, 0.0),
    "reshape": lambda x: np.reshape(x, (2, 6)),
    "transpose": np.transpose,
    "transpose(axes)": lambda x: np.transpose(x, (1, 0)),
    "permute_dims": lambda x: np.permute_dims(x, (1, 0)),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(x[None], axis=0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "flip": lambda x: np.flip(x, axis=0),
    "roll": lambda x: np.roll(x, 1, axis=0),
    "repeat": lambda x: np.repeat(x, 2, axis=1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "tensordot": lambda x: np.tensordot(x, N, axes=((1,), (1,))),
    "vecdot": lambda x: np.vecdot(x, N),
    "take": lambda x: np.take(x, np.array([1, 1]), axis=0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1], [1]]), axis=1),
    "clip": lambda x: np.clip(x, 0.75, 1.25),
    "clip(keywords)": lambda x: np.clip(x, min=0.75, max=1.25),
    "clip(a_min)": lambda x: np.clip(x, a_min=0.75, a_max=1.25),
    "diff": lambda x: np.diff(x, axis=1),
    "tril": np.tril,
    "triu(k)": lambda x: np.triu(x, k=1),
    "real": lambda x: np.real(x) * 2,
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce(axis)": lambda x: np.add.reduce(x, axis=1, keepdims=True),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1),
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=None),
    "ufunc of a list of NumPy's": lambda x: np.add(x, V),
}


@pytest.mark.parametrize("f", NUMPY_FUNCTIONS.values(), ids=NUMPY_FUNCTIONS.keys())
def test_numpy_functions(f):
    check(f, M)


@pytest.mark.parametrize("f", [np.sin, np.square, lambda x: np.maximum(x, 1.0), np.sum])
def test_numpy_functions_of_recorded_numbers(f):
    check(f, 1.25)


def test_numpy_functions_that_have_no_gradient_give_constants():
    def f(x):
        assert_array_equal(np.argmax(x, axis=0), np.argmax(M, axis=0))
        assert_array_equal(np.sign(x), np.sign(M))
        assert_array_equal(np.floor(x), np.floor(M))
        assert_array_equal(np.isnan(x), np.isnan(M))
        assert_array_equal(np.argsort(x), np.argsort(M))
        assert_array_equal(np.round(x), np.round(M))
        assert np.all(x > 0)
        assert np.any(np.isfinite(x))
        assert np.floor(x).level is np.argmax(x, axis=0).level
        assert np.floor(x).level.constant
        return x

    recorded(f, M)


def test_questions_that_numpy_answers_of_recorded_arrays():
    def f(x):
        assert (np.shape(x), np.ndim(x), np.size(x)) == ((3, 4), 2, 12)
        assert np.allclose(x, M)
        assert np.array_equal(M, x)
        assert np.result_type(x, np.complex64) == np.complex128
        assert (np.iscomplexobj(x), np.isrealobj(x)) == (False, True)
        return x

    recorded(f, M)


def test_numpy_creation_like_a_recorded_array_is_recorded():
    def f(x):
        for y, number in ((np.zeros_like(x), 0), (np.ones_like(x), 1), (np.full_like(x, 3), 3)):
            assert isinstance(y, Tracked)
            assert_array_equal(y.value, np.full((3, 4), number))
        assert np.empty_like(x).shape == (3, 4)
        return np.ones_like(x) * x

    recorded(f, M)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (np.roots, "numpy.roots"),
        (np.sort_complex, "numpy.sort_complex"),
        (lambda x: np.polyfit(V, x, 1), "numpy.polyfit"),
        (lambda x: np.union1d(x, V), "numpy.union1d"),
    ],
)
def test_numpy_functions_without_a_rule_say_what_to_do(f, name):
    message = rf"^{name} has no rule.*gpugrad\.xp.*gpugrad\.rrule\.register\({name}\)"
    with pytest.raises(ArgumentError, match=message):
        gg.pullback(f, M)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (np.logaddexp.reduce, "numpy.logaddexp.reduce"),
        (lambda x: np.add.reduceat(x, [0, 1]), "numpy.add.reduceat"),
        (lambda x: np.multiply.at(x, 0, 1.0), "numpy.multiply.at"),
    ],
)
def test_methods_of_ufuncs_without_a_rule_say_what_to_do(f, name):
    with pytest.raises(ArgumentError, match=rf"^{name} of a recorded array.*gpugrad\.xp"):
        gg.pullback(f, M)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: np.sum(x, 0, out=np.zeros(4)), "numpy.sum"),
        (lambda x: x.sum(where=M > 1, like=x), "x.sum"),
        (lambda x: x.sum(0, None, np.zeros(4)), "x.sum"),
    ],
)
def test_arguments_that_the_standard_does_not_have_say_so(f, name):
    with pytest.raises(ArgumentError, match=rf"^{name} of a recorded array: .*xp\.sum\("):
        gg.pullback(f, M)


def test_methods_take_their_arguments_by_position_as_numpys_do():
    x = gg.pullback(lambda x: x.sum(0, None, None, True) + x.std(1, None, None, 1, True), M)[0]
    np.testing.assert_array_equal(x, M.sum(0, keepdims=True) + M.std(1, ddof=1, keepdims=True))


@pytest.mark.parametrize("convert", [np.array, np.asarray, lambda x: np.array([x, x])])
def test_conversion_to_a_plain_array_raises(convert):
    with pytest.raises(ConversionError, match=r"shape \(3, 4\).*drop its gradient.*xp\.asarray"):
        gg.pullback(convert, M)


def test_list_of_recorded_numbers_stacks():
    y, back = recorded(lambda v: xp.asarray([v[0] * v[1], 3.0, v[2]]), V)
    assert_array_equal(y, [V[0] * V[1], 3.0, V[2]])
    assert_array_equal(back(np.array([1.0, 2.0, 3.0]))[1], [V[1], V[0], 3, 0])
