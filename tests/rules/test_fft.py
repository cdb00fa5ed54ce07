"""Gradients of discrete Fourier transforms, their options and their edges."""

import warnings

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(2, 3, 4))
COMPLEX = REAL + 1j * RNG.normal(size=(2, 3, 4))


# --- Gradients, against the matrix of the transform ------------------------------------------


def matrix_of(f, m):
    """Return the matrix of a linear function of m numbers."""
    return np.stack([f(row) for row in np.eye(m)], axis=1)


NORMS = ["backward", "forward", "ortho", None]
LENGTHS = [None, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("name", ["fft", "ifft"])
def test_gradient_of_a_complex_transform_is_the_adjoint(name, n, norm):
    f = getattr(np.fft, name)
    matrix = matrix_of(lambda x: f(x, n=n, norm=norm), 5)
    dy = RNG.normal(size=matrix.shape[0]) + 1j * RNG.normal(size=matrix.shape[0])
    _, back = gg.rrule(f, COMPLEX[0, :, 0].repeat(2)[:5], n=n, norm=norm)
    np.testing.assert_allclose(back(dy)[1], matrix.conj().T @ dy, atol=1e-14)
    _, back = gg.rrule(f, REAL[0, :, 0].repeat(2)[:5], n=n, norm=norm)
    dx = back(dy)[1]
    assert dx.dtype == float
    np.testing.assert_allclose(dx, (matrix.conj().T @ dy).real, atol=1e-14)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("name", ["rfft", "ihfft"])
def test_gradient_of_a_transform_to_a_half_spectrum(name, n, norm):
    f = getattr(np.fft, name)
    matrix = matrix_of(lambda x: f(x, n=n, norm=norm), 5)
    dy = RNG.normal(size=matrix.shape[0]) + 1j * RNG.normal(size=matrix.shape[0])
    dx = gg.pullback(lambda x: f(x, n=n, norm=norm), REAL[0, :, 0].repeat(2)[:5])[1](dy)[1]
    assert dx.dtype == float
    np.testing.assert_allclose(dx, (matrix.conj().T @ dy).real, atol=1e-14)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("name", ["irfft", "hfft"])
def test_gradient_of_a_transform_from_a_half_spectrum(name, n, norm):
    f = getattr(np.fft, name)
    of_real = matrix_of(lambda x: f(x, n=n, norm=norm), 4)
    of_imaginary = matrix_of(lambda x: f(1j * x, n=n, norm=norm), 4)
    dy = RNG.normal(size=of_real.shape[0])
    _, dx = gg.pullback(lambda x: f(x, n=n, norm=norm), COMPLEX[0, 0])[1](dy)
    np.testing.assert_allclose(dx, of_real.T @ dy + 1j * (of_imaginary.T @ dy), atol=1e-14)


# --- Calls -----------------------------------------------------------------------------------


def power(x, transform, *args, **kwargs):
    y = transform(x, *args, **kwargs)
    return xp.sum(xp.abs(y) ** 2)


@pytest.mark.parametrize("name", ["fft", "fftn", "fft2", "ifft", "rfft", "rfftn", "rfft2", "ihfft"])
def test_numpys_functions_are_recorded(name):
    numpys, ours = (gg.grad(power)(REAL, getattr(module, name)) for module in (np.fft, xp.fft))
    np.testing.assert_array_equal(numpys, ours)
    assert numpys.shape == REAL.shape
    assert numpys.dtype == float


def test_energy_is_kept():
    np.testing.assert_allclose(gg.grad(power)(REAL, np.fft.fft, norm="ortho"), 2 * REAL)


def test_options_by_position():
    by_position = gg.grad(power)(REAL, np.fft.rfft, 6, 1, "ortho")
    by_keyword = gg.grad(power)(REAL, np.fft.rfft, n=6, axis=1, norm="ortho")
    np.testing.assert_array_equal(by_position, by_keyword)


def test_own_length_by_minus_one():
    x = COMPLEX[0]
    with_minus_one = gg.grad(power)(x, np.fft.irfftn, (-1, -1), (0, 1))
    with_length = gg.grad(power)(x, np.fft.irfftn, (3, 4), (0, 1))
    np.testing.assert_array_equal(with_minus_one, with_length)


def test_lengths_without_axes_are_of_the_last_ones():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        without = gg.grad(power)(REAL, np.fft.fftn, (2, 5))
    np.testing.assert_array_equal(without, gg.grad(power)(REAL, np.fft.fftn, (2, 5), (1, 2)))


@pytest.mark.parametrize("precise", [False, True])
def test_data_types_stay(precise):
    x = REAL.astype(np.float64 if precise else np.float32)
    y, back = gg.pullback(lambda x: xp.fft.irfft(xp.fft.rfft(x) * 2, n=4), x)
    np.testing.assert_allclose(y, 2 * x, rtol=1e-5)
    dx = back(x)[1]
    assert dx.dtype == x.dtype
    np.testing.assert_allclose(dx, 2 * x, rtol=1e-5)


def test_convolution_by_the_theorem():
    kernel = RNG.normal(size=3)

    def convolved(x, k):
        n = x.shape[0] + k.shape[0] - 1
        return xp.fft.irfft(xp.fft.rfft(x, n=n) * xp.fft.rfft(k, n=n), n=n)

    x, dy = REAL[0, 0], RNG.normal(size=6)
    y, back = gg.pullback(convolved, x, kernel)
    np.testing.assert_allclose(y, np.convolve(x, kernel))
    _, dx, dk = back(dy)
    np.testing.assert_allclose(dx, np.correlate(dy, kernel, "valid"))
    np.testing.assert_allclose(dk, np.correlate(dy, x, "valid"))


def test_shift_and_back():
    np.testing.assert_array_equal(xp.fft.ifftshift(xp.fft.fftshift(REAL)), REAL)
    dx = gg.grad(lambda x: xp.fft.fftshift(x)[0] * 3)(np.arange(5.0))
    np.testing.assert_array_equal(dx, [0, 0, 0, 3, 0])
