"""NumPy's functions called on recorded values, by NumPy's protocols.

Each row is run on plain arrays and on recorded ones, and its gradient is held against differences.
"""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import Tracked, xp
from gpugrad.errors import ArgumentError, ConversionError
from tests.tracing.checked import M, N, V, check, recorded

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


X = np.array([[1.5, -0.3, 2.2], [0.7, 3.1, -1.2]])


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
