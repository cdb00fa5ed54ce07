"""The attributes and methods of the recorded value.

Each row is run on plain arrays and on recorded ones, and its gradient is held against differences.
"""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from tests.tracing.checked import C, M, N, V, check, recorded


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
