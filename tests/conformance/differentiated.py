"""What it means that a function of another library is differentiated unchanged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from tests.numeric import derivative, inner


def like(y, rng):
    """Return random numbers of the shape of `y`, complex where that is."""
    y = np.asarray(y)
    if np.iscomplexobj(y):
        return like(y.real, rng) + 1j * like(y.imag, rng)
    return rng.normal(size=y.shape) if y.shape else rng.normal()


def moved(args, place=None, step=0.0):
    """Return copies of arrays (some functions write into theirs), one of them moved by a step."""
    return [x + step if i == place else x.copy() for i, x in enumerate(args)]


def assert_differentiated(f, *args):
    """The value is that on plain arrays; pullback and pushforward agree with differences of it."""
    rng = np.random.default_rng(0)
    y, back = gg.pullback(f, *args)
    assert_allclose(y, f(*moved(args)), rtol=1e-12, atol=1e-14)
    weight = like(y, rng)
    directions = [0.1 * like(x, rng) for x in args]  # short, for the differences' sake
    slopes = [
        derivative(lambda t, i=i, dx=dx: inner(weight, f(*moved(args, i, t * dx))))
        for i, dx in enumerate(directions)
    ]
    gradients = back(weight)[1:]
    for x, gradient, dx, slope in zip(args, gradients, directions, slopes, strict=True):
        assert gradient.dtype == x.dtype
        assert gradient.shape == x.shape
        assert inner(gradient, dx) == pytest.approx(slope, rel=1e-7, abs=1e-9)
    if not hasattr(gg, "pushforward"):
        return
    _, dy = gg.pushforward(f, args, directions)
    assert inner(weight, dy) == pytest.approx(sum(slopes), rel=1e-7, abs=1e-9)


def assert_twice_differentiated(f, x):
    """The gradient, itself a function, is differentiated right; of the square, if f is linear."""
    weight = like(f(x), np.random.default_rng(1))
    assert_differentiated(lambda x: gg.pullback(lambda x: f(x) ** 2, x)[1](weight)[1], x)
