"""Discrete Fourier transforms: their definitions against NumPy's, and frequencies."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.errors import ArgumentError
from gpugrad.functions import fft as T

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(2, 3, 4))
COMPLEX = REAL + 1j * RNG.normal(size=(2, 3, 4))


# --- Definitions, against NumPy --------------------------------------------------------------

CALLS = [
    *(
        (name, x, options)
        for name, x in [("hfft", COMPLEX), ("hfft", REAL), ("ihfft", REAL)]
        for options in [
            {},
            {"n": 5},
            {"n": 2, "axis": 1},
            {"norm": "forward"},
            {"norm": "backward"},
            {"n": 6, "axis": 0, "norm": "ortho"},
        ]
    ),
    *(
        (name, x, options)
        for name, x in [("fft2", COMPLEX), ("ifft2", REAL), ("rfft2", REAL), ("irfft2", COMPLEX)]
        for options in [
            {},
            {"norm": "forward"},
            {"s": (3, 5), "axes": (0, 2), "norm": "ortho"},
            {"s": (-1, 4)},
        ]
    ),
    *(
        (name, x, options)
        for name in ("fftshift", "ifftshift")
        for x in (REAL, COMPLEX, np.arange(5))
        for options in [{}, {"axes": 0}, {"axes": (-1,)}]
    ),
]


@pytest.mark.parametrize(("name", "x", "options"), CALLS)
def test_definition_is_numpys_function(name, x, options):
    expected = getattr(np.fft, name)(x, **options)
    actual = getattr(T, name).definition(x, **options)
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-13)


def test_shift_of_an_empty_axis():
    assert T.fftshift.definition(np.ones((0, 3))).shape == (0, 3)


# --- Frequencies -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name, n):
    actual = getattr(xp.fft, name)(n, d=0.25)
    expected = getattr(np.fft, name)(n, d=0.25)
    np.testing.assert_allclose(actual, expected)
    assert actual.dtype == float
    assert getattr(xp.fft, name)(n, d=0.25, dtype=np.float32).dtype == np.float32


def test_frequencies_of_recorded_spacing():
    dd = gg.grad(lambda d: F.sum(xp.fft.rfftfreq(4, d=d)))(0.5)
    assert dd == pytest.approx(-(0.25 + 0.5) / 0.5**2)


def test_frequencies_on_another_device(library):
    y = xp.fft.fftfreq(4, dtype=library.dtype(np.float32), device=library.device)
    assert type(y) is library.array
    assert y.device == library.device
    np.testing.assert_allclose(library.to_numpy(y), np.fft.fftfreq(4))


def test_an_unknown_norm_is_refused():
    x = np.ones(4)
    for f in (xp.fft.fft, xp.fft.hfft, xp.fft.irfft):
        with pytest.raises(ArgumentError, match=r'norm is "backward".* got \'half\''):
            gg.pullback(lambda x, f=f: f(x, norm="half"), x)


def test_a_shift_takes_any_integer():
    x = np.arange(6.0).reshape(2, 3)
    y, _ = gg.pullback(lambda x: xp.fft.fftshift(x, np.int64(1)), x)
    np.testing.assert_array_equal(y, np.fft.fftshift(x, 1))
