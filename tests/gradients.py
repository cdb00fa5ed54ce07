"""Gradients in a word, and held against differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from gpugrad.testing import derivative, inner


def gradients(f, *args, dy=1.0, **kwargs):
    """Return the gradients of the function and its arguments."""
    return gg.pullback(f, *args, **kwargs)[1](dy)


def check(f, x):
    """Check the gradient of the array function f at x along a random direction."""
    y, back = gg.pullback(f, x)
    assert_allclose(y, f(np.copy(x)))
    rng = np.random.default_rng(0)
    dy, direction = rng.normal(size=np.shape(y)), rng.normal(size=x.shape)
    _, dx = back(np.asarray(dy))
    expected = derivative(lambda t: inner(dy, f(x + t * direction)))
    assert inner(dx, direction) == pytest.approx(expected, rel=1e-8)
