"""What stands beside recorded arrays: comparisons, and what their namespace creates."""

import operator

import array_api_compat
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gpugrad as gg
from gpugrad import xp

V = np.array([1.0, -2.0, 4.0])
M = np.arange(12.0).reshape(3, 4)


def recorded(f, *args):
    """Run `f` on recorded arrays and return what it returned, as it is."""
    seen = []

    def g(*args):
        seen.append(f(*args))
        return args[0]

    gg.pullback(g, *args)
    return seen[0]


def is_constant(x):
    return isinstance(x, gg.Tracked) and x.level.constant


def test_constants_leave_as_plain_arrays():
    @gg.value_and_grad
    def loss(x):
        return xp.sum(x * (x > 0))

    value, gradient = loss(V)
    assert value == 5.0
    assert_array_equal(gradient, [1, 0, 1])

    def f(x):
        return {"mask": x > 0, "count": xp.argmax(x), "y": x * 2}

    y, back = gg.pullback(f, V)
    assert type(y["mask"]) is np.ndarray
    assert type(y["count"]) is np.int64
    assert_array_equal(back({"mask": None, "count": None, "y": V})[1], 2 * V)
    y, dy = gg.pushforward(f, (V,), (V,))
    assert type(y["mask"]) is np.ndarray
    assert dy["mask"] is dy["count"] is None


def test_comparisons_of_python_numbers_are_pythons():
    assert recorded(lambda x: (x > 1, x == 2.0), 2.0) == (True, True)
    assert recorded(lambda x: type(x > 1), 2.0) is bool


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0] * 2,
        lambda x: x[:, xp.argmax(x[0, :])],
        lambda x: x[xp.argsort(x[:, 0]), 1:],
        lambda x: xp.where(x > 3, x, -x),
        lambda x: xp.take(x, xp.argsort(x[0, :]), axis=1),
        lambda x: xp.take_along_axis(x, xp.argsort(x, axis=0), axis=0),
        lambda x: x * xp.astype((x > 2) & ~(x > 5) | (x == 7) ^ (x < 1), x.dtype),
        lambda x: xp.concat([x, xp.floor(x)]),
        lambda x: xp.clip(x, min=xp.floor(x) + 0.5),
        lambda x: xp.round(x) @ x[0, :],
        lambda x: x - gg.stop_gradient(x) * 2,
        lambda x: sum(x[int(i), 0] for i in xp.argsort(x[:, 0])),
        lambda x: [x[i, :] for i in range(xp.argmax(x[:, 0]))][1],
        lambda x: x * M[xp.argmax(x, axis=0), 0][None, :],
        lambda x: x * float(xp.count_nonzero(x)),
    ],
)
def test_constants_beside_recorded_arrays_are_plain(f):
    y, back = gg.pullback(f, M)
    assert_array_equal(y, f(M))
    assert isinstance(y, (np.ndarray, np.float64))
    _, dy = gg.pushforward(f, (M,), (np.ones_like(M),))
    assert np.sum(back(np.ones_like(y))[1]) == pytest.approx(np.sum(dy))


def test_functions_of_constants_alone_are_constants():
    def f(x):
        mask = x > 0
        return mask, ~mask, mask & (x < 3), xp.sum(mask), mask.astype(float), np.logical_not(mask)

    for found in recorded(f, V):
        assert is_constant(found)


def test_functions_of_numpy_that_have_no_rule_take_constants():
    counts = recorded(lambda x: np.bincount(np.argmax(x, axis=0), minlength=3), M)
    assert_array_equal(counts, [0, 0, 4])
    assert_array_equal(recorded(lambda x: np.add.reduce(x > 0, axis=0, dtype=int), M), [2, 3, 3, 3])
    with pytest.raises(gg.GpugradError, match="bincount"):
        recorded(np.bincount, V)


def test_plain_arrays_are_indexed_by_constants():
    labels = np.array(["a", "b", "c"])
    assert recorded(lambda x: str(labels[np.argmax(x)]), V) == "c"
    assert recorded(lambda x: ["a", "b", "c"][np.argmax(x)], V) == "c"
    assert_array_equal(recorded(lambda x: labels[x > 0], V), ["a", "c"])
    buffer = np.zeros(3, dtype=int)  # a captured array of floats would be recorded

    def write(x):
        buffer[0] = xp.argmax(x)
        buffer[1:] = xp.sign(x[1:])

    recorded(write, V)
    assert_array_equal(buffer, [2, -1, 1])


def test_cupy_is_given_constants_alone():
    class OnDevice(np.ndarray):
        __cuda_array_interface__ = "where it is"

    found = recorded(lambda x: [x, x > 0], V.view(OnDevice))
    assert [hasattr(x, "__cuda_array_interface__") for x in found] == [False, True]
    assert found[1].__cuda_array_interface__ == "where it is"


def test_constants_as_lists():
    assert recorded(lambda x: (x > 0).tolist(), V) == [True, False, True]
    with pytest.raises(gg.GpugradError, match=r"list\(x\)"):
        recorded(lambda x: x.tolist(), V)


def test_a_recorded_number_is_no_index():
    with pytest.raises(gg.GpugradError, match="int\\(x\\)"):
        recorded(lambda x: [1, 2][x], 1.0)


CREATED = {
    "arange": lambda library: library.arange(3),
    "asarray": lambda library: library.asarray(V),
    "empty": lambda library: library.empty(3),
    "eye": lambda library: library.eye(3),
    "fft.fftfreq": lambda library: library.fft.fftfreq(3),
    "from_dlpack": lambda library: library.from_dlpack(V),
    "full": lambda library: library.full(3, 1.0),
    "geomspace": lambda library: library.geomspace(1, 2, 3),
    "logspace": lambda library: library.logspace(0, 1, 3),
    "fft.rfftfreq": lambda library: library.fft.rfftfreq(3),
    "linspace": lambda library: library.linspace(0, 1, 3),
    "ones": lambda library: library.ones(3),
    "zeros": lambda library: library.zeros(3),
}


@pytest.mark.parametrize("name", CREATED)
def test_the_namespace_of_recorded_arrays_creates_constants(name):
    create = CREATED[name]
    found = recorded(lambda x: create(array_api_compat.array_namespace(x)), V)
    assert is_constant(found)
    assert type(create(xp)) is np.ndarray
    if name != "empty":
        assert_array_equal(found.value, create(xp))


def test_the_namespace_of_recorded_arrays_has_what_xp_has():
    library = recorded(lambda x: x.__array_namespace__(), V)
    in_place = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
    assert set(dir(xp)) - set(dir(library)) == in_place
    assert not any(hasattr(library, name) for name in in_place)
    assert library.linalg.outer is xp.linalg.outer
    assert not hasattr(library, "no_such_function")


def test_recorded_numbers_are_written_into_what_is_created():
    def f(x):
        library = array_api_compat.array_namespace(x)
        y = library.zeros((2, 3))
        y[0, :] = x
        y[1, 0] = library.sum(x) * 2
        y[1, 1:] += 1.0
        return y

    y, back = gg.pullback(f, V)
    assert_array_equal(y, [V, [6, 1, 1]])
    assert_array_equal(back(np.ones((2, 3)))[1], [3, 3, 3])


def test_assignment_to_a_view_of_a_constant_is_not_lost():
    def f(x):
        y = array_api_compat.array_namespace(x).zeros((2, 3))
        row = y[0, :]
        row[...] = x
        return y * 1.0

    y, back = gg.pullback(f, V)
    assert_array_equal(y, [V, 0 * V])
    assert_array_equal(back(np.ones((2, 3)))[1], np.ones(3))


@pytest.mark.parametrize(
    ("in_place", "out_of_place"),
    [
        (operator.iand, operator.and_),
        (operator.ior, operator.or_),
        (operator.ixor, operator.xor),
    ],
)
def test_masks_are_changed_in_place(in_place, out_of_place):
    def f(x):
        mask = alias = x > 0
        in_place(mask, x < 3)
        return alias

    assert_array_equal(recorded(f, V).value, out_of_place(V > 0, V < 3))


def test_constants_from_outside_in_a_nested_function():
    def outer(x):
        mask, scale = x > 0, gg.stop_gradient(x)
        inner = gg.grad(lambda y: xp.sum(y[mask] ** 2 * scale[mask]))
        return xp.sum(inner(x) * x)

    assert_array_equal(gg.grad(outer)(V), [4, 0, 64])


def test_the_gradient_by_a_constant():
    def outer(x):
        scale = array_api_compat.array_namespace(x).asarray(V)
        return xp.sum(gg.grad(lambda s: xp.sum(s**2))(scale) * x)

    assert_array_equal(gg.grad(outer)(V), 2 * V)
    with pytest.raises(gg.GpugradError, match="floating"):
        gg.pullback(lambda x: gg.grad(lambda n: n * 1.0)(xp.argmax(x)), V)
