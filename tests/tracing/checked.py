"""Functions on plain and on recorded arrays; their gradients are held against differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from gpugrad import Tracked
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
