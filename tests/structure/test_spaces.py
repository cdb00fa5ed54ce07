"""The space of a value: what it is, how it is shown, and the three ways into it."""

import array_api_strict
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors, xp
from gpugrad.structure.spaces import Projection, Space, as_tangent, fit, project, show, sketch

ELSEWHERE = array_api_strict.Device("device1")


def strict(shape, dtype=array_api_strict.float32, device=ELSEWHERE):
    return array_api_strict.ones(shape, dtype=dtype, device=device)


VALUES = {
    "float": (1.5, "float"),
    "complex": (1j, "complex"),
    "integer": (3, "int"),
    "number of NumPy": (np.float32(1), "float32[]"),
    "0-d": (np.ones(()), "float64[]"),
    "empty": (np.ones((0, 3), np.complex64), "complex64[0, 3]"),
    "matrix": (np.ones((200, 2), np.float16), "float16[200, 2]"),
    "another library": (strict((2, 1)), "float32[2, 1]"),
}


@pytest.mark.parametrize(("x", "text"), VALUES.values(), ids=VALUES)
def test_what_a_space_is_and_how_it_is_shown(x, text):
    space = Space.of(x)
    assert str(space) == text == show(sketch(x))
    assert space.kind is type(x)
    assert space.shape == getattr(x, "shape", ())
    assert space == Space.of(x)
    assert hash(space) == hash(Space.of(x))


def test_spaces_tell_type_data_type_shape_and_device_apart():
    spaces = [Space.of(x) for x, _ in VALUES.values()]
    spaces += [Space.of(strict((2, 1), device=array_api_strict.Device("CPU_DEVICE")))]
    spaces += [Space.of(strict((2, 1), array_api_strict.float64)), Space.of(np.float64(1))]
    assert len(set(spaces)) == len(spaces)
    assert Space.of(np.ones(2)) == Space.of(np.zeros(2))


def test_the_space_of_a_recorded_value_is_that_of_its_plain_one():
    found = []

    def f(x):
        found.append(Space.of(x))
        return x * x

    gg.grad(lambda x: gg.grad(f)(x))(2.0)
    gg.pullback(f, np.ones(3))
    assert found == [Space.of(2.0), Space.of(np.ones(3))]


def test_sketches_of_tuples():
    assert show(sketch((1.0, np.ones(2)))) == "(float, float64[2])"


# --- Into a space -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (2, 1), (2, 3), (1, 1), (0, 3)])
def test_projection_is_the_adjoint_of_broadcasting(shape):
    rng = np.random.default_rng(0)
    result = (4, 0, 3) if 0 in shape else (4, 2, 3)
    x, v, dy = (rng.normal(size=s) for s in (shape, shape, result))
    dx = project(dy, x)
    assert Space.of(dx) == Space.of(x)
    assert np.vdot(np.broadcast_to(v, dy.shape), dy) == pytest.approx(np.vdot(v, dx), rel=1e-12)
    np.testing.assert_array_equal(Projection(x)(dy), dx)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_projection_keeps_the_data_type_and_real_numbers_real(dtype):
    x, dx = np.ones(3, dtype), np.full(3, 2 + 1j)
    assert Space.of(project(dx, x)) == Space.of(x)
    np.testing.assert_array_equal(project(dx, x), dx if x.dtype.kind == "c" else dx.real)
    assert type(project(np.asarray(2 + 1j), 1.0)) is float
    assert type(project(np.asarray(2.0), 1j)) is complex


def test_projection_gives_elements_that_share_memory_memory_of_their_own():
    dx = project(np.broadcast_to(np.ones(()), (3,)), np.ones(3))
    dx[0] = 5.0
    np.testing.assert_array_equal(dx, [5.0, 1.0, 1.0])


def test_a_projection_stays_on_the_device():
    x = strict((2, 1))
    dx = project(strict((3, 2, 4)), x)
    assert Space.of(dx) == Space.of(x)
    assert float(dx[0, 0]) == 12.0


def test_tangents_broadcast_to_their_value():
    y = np.ones((2, 3), np.float32)
    for dy in (2.0, np.full(3, 2.0), np.full((2, 3), 2.0), np.float64(2.0)):
        moved = as_tangent(dy, y)
        assert Space.of(moved) == Space.of(y)
        np.testing.assert_array_equal(moved, np.full((2, 3), 2.0, np.float32))
    assert as_tangent(None, y) is None
    assert as_tangent(2.0, np.arange(3)) is None
    assert as_tangent((1.0, None), (2.0, 3)) == (1.0, None)


FITS = {
    "number": (2.0, np.ones((2, 3), np.float32)),
    "integer": (2, np.ones((2, 3))),
    "number of NumPy": (np.float32(2), np.ones(2)),
    "0-d": (np.asarray(2.0), np.ones((2, 3))),
    "array": (np.full((2, 3), 2.0), np.ones((2, 3))),
    "elsewhere": (2.0, strict((2, 3))),
    "Python": (2.0, 1.0),
    "complex": (2.0, np.ones(2, complex)),
}


@pytest.mark.parametrize(("dy", "y"), FITS.values(), ids=FITS)
def test_what_fits(dy, y):
    found = fit(dy, y)
    assert Space.of(found) == Space.of(y)
    assert bool(xp.all(found == 2)) if hasattr(found, "shape") else found == 2


MISFITS = {
    "shape": (np.ones(3), np.ones((2, 3)), r"value is float64\[2, 3\].*float64\[3\]"),
    "data type": (np.ones(2, np.float32), np.ones(2), r"float64\[2\].*float32\[2\]"),
    "complex number": (1j, np.ones(2), "complex"),
    "complex array": (np.ones(2, complex), np.ones(2), r"complex128\[2\]"),
    "another library": (np.ones(2), strict((2,), array_api_strict.float64), r"float64\[2\]"),
    "another device": (strict((2,), device=None), strict((2,)), "Move it first"),
    "no number": ("one", np.ones(2), "a str"),
}


@pytest.mark.parametrize(("dy", "y", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit(dy, y, message):
    with pytest.raises(errors.SensitivityError, match=message):
        fit(dy, y)
