"""Discrete Fourier transforms: their definitions against NumPy's, their options and their edges."""

import warnings

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
