"""Ways off the tape: copies, conversions, and what is refused because it would drop a gradient."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad.errors import ArgumentError, ConversionError
from tests.gradients import check

V = np.array([0.5, 1.5, 2.5])


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
