"""Resampling against SciPy; bad input."""

import itertools

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.ndimage")

RNG = np.random.default_rng(0)


def test_upsampling_repeats_the_nearest_element():
    x = RNG.normal(size=(2, 1, 3, 4))
    y = nn.upsample_nearest(x, (2, 3))
    np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(3, axis=3))
    places = np.arange(5) * 3 // 5
    np.testing.assert_array_equal(nn.upsample_nearest(x, sizes=(5, 4)), x[:, :, places])


@pytest.mark.parametrize("sizes", [(6, 4), (5, 9), (2, 3), (1, 8)])
@pytest.mark.parametrize("align_corners", [True, False])
def test_upsampling_is_linear_interpolation(sizes, align_corners):
    x = RNG.normal(size=(1, 1, 3, 4))
    expected = x[0, 0]
    for axis, (old, new) in enumerate(zip((3, 4), sizes, strict=True)):
        if align_corners:
            places = np.linspace(0, old - 1, new)
        else:
            places = (np.arange(new) + 0.5) * old / new - 0.5
        expected = np.apply_along_axis(
            lambda line, p=places: np.interp(p, np.arange(len(line)), line), axis, expected
        )
    actual = nn.upsample_linear(x, sizes=sizes, align_corners=align_corners)
    np.testing.assert_allclose(actual[0, 0], expected, atol=1e-12)


def test_upsampling_is_zoom_of_scipy():
    x = RNG.normal(size=(3, 4, 2))
    actual = nn.upsample_linear(x[None, None], 2)[0, 0]
    np.testing.assert_allclose(actual, scipy.ndimage.zoom(x, 2, order=1), atol=1e-12)


def test_pixel_shuffle_takes_pixels_from_channels():
    x = RNG.normal(size=(2, 12, 2, 3))
    y = nn.pixel_shuffle(x, 2)
    assert y.shape == (2, 3, 4, 6)
    for c, i, j in itertools.product(range(3), range(2), range(2)):
        np.testing.assert_array_equal(y[:, c, i::2, j::2], x[:, 4 * c + 2 * i + j])


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize(("padding_mode", "mode"), [("zeros", "constant"), ("border", "nearest")])
def test_grid_sample_is_map_coordinates_of_scipy(align_corners, padding_mode, mode):
    x = RNG.normal(size=(2, 3, 4, 5))
    grid = RNG.uniform(-1.3, 1.3, (2, 6, 7, 2))
    y = nn.grid_sample(x, grid, padding_mode=padding_mode, align_corners=align_corners)
    ends = np.array([5, 4])
    places = (grid + 1) / 2 * (ends - 1) if align_corners else ((grid + 1) * ends - 1) / 2
    # SciPy's array has no half elements outside: zeros beside it make them.
    wide = np.pad(x, [(0, 0), (0, 0), (3, 3), (3, 3)]) if mode == "constant" else x
    places = places + 3 if mode == "constant" else places
    for n, c in itertools.product(range(2), range(3)):
        coordinates = np.moveaxis(places[n, ..., ::-1], -1, 0)
        expected = scipy.ndimage.map_coordinates(wide[n, c], coordinates, order=1, mode=mode)
        np.testing.assert_allclose(y[n, c], expected, atol=1e-12)


X = np.ones((2, 4, 5))
REFUSED = [
    (lambda: nn.max_pool(X, 6), r"window of \(6,\).*larger than the array's \(5,\)"),
    (lambda: nn.max_pool(X, 2, padding=2), r"padding \(\(2, 2\),\).*in the padding alone"),
    (lambda: nn.mean_pool(X[0], 2), r"expected an array of shape \(batch, channels, \*spatial\)"),
    (lambda: nn.mean_pool(X, (2, 2)), r"mean_pool: window is a whole number.*got \(2, 2\)"),
    (lambda: nn.lp_pool(X, 0.5, 2), r"p from 1 on, got 0.5"),
    (lambda: nn.adaptive_max_pool(X, 6), r"\(6,\) windows are more than an array's \(5,\)"),
    (lambda: nn.global_mean_pool(X[0]), r"global_mean_pool: expected.*got \(4, 5\)"),
    (lambda: nn.pad_reflect(X, 5), r"axis 2 .*\(2, 4, 5\) takes a padding of at most 4"),
    (lambda: nn.pad_symmetric(X, 6), r"at most 5 elements, got \(6, 6\)"),
    (lambda: nn.pad_circular(X, ((0, 6),)), r"at most 5 elements, got \(0, 6\)"),
    (lambda: nn.pad_repeat(np.ones((1, 1, 0)), 1), r"at most 0"),
    (lambda: nn.pad_zeros(X[0], 1), r"pad_constant: expected an array of shape"),
    (lambda: nn.pad_zeros(X, (1, 2)), r"padding is a whole number.*got \(1, 2\)"),
    (lambda: nn.upsample_nearest(X), r"either scale or sizes, got None and None"),
    (lambda: nn.upsample_linear(X, 2, sizes=3), r"either scale or sizes, got 2 and 3"),
    (lambda: nn.upsample_linear(X, 1.5), r"scale is a whole number"),
    (lambda: nn.pixel_shuffle(X, 3), r"a multiple of 3 for each spatial axis, got \(2, 4, 5\)"),
    (lambda: nn.grid_sample(X, np.ones((2, 3, 2))), r"a grid of shape \(2, \*counts, 1\)"),
    (lambda: nn.grid_sample(X, np.ones((2, 3, 1)), padding_mode="x"), r"padding_mode is .zeros"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_the_largest_of_what_has_no_least_is_refused():
    x = np.arange(4).reshape(1, 1, 4)
    np.testing.assert_array_equal(nn.max_pool(x, 2), [[[1, 3]]])
    with pytest.raises(ArgumentError, match=r"max_pool: .* got int64.*astype"):
        nn.max_pool(x, 2, padding=1)
    with pytest.raises(ArgumentError, match=r"max_pool: .* got complex128"):
        nn.max_pool(x.astype(complex), 2)


def test_an_infinite_norm_is_refused():
    with pytest.raises(ArgumentError, match=r"lp_pool: .* from 1 on, got inf.*max_pool"):
        nn.lp_pool(np.ones((1, 1, 4)), np.inf, 2)


def test_fractions_of_integers_are_refused():
    x = np.arange(4).reshape(1, 1, 4)
    with pytest.raises(ArgumentError, match="upsample_linear: expected an array of floating"):
        nn.upsample_linear(x, 2)
    with pytest.raises(ArgumentError, match="rotary_embedding: expected an array of floating"):
        nn.rotary_embedding(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.pixel_shuffle(np.ones(4), 2),
        lambda: nn.pixel_shuffle(np.ones((1, 4, 2)), 0),
        lambda: nn.pixel_shuffle(np.ones((1, 4, 2)), 2.0),
        lambda: nn.grid_sample(np.ones(3), np.ones((1, 1, 1))),
        lambda: nn.upsample_nearest(np.ones((1, 1, 0)), 2),
        lambda: nn.fold(np.ones((1, 2, 3)), 4, 2),
        lambda: nn.conv([[[1.0]]], np.ones((1, 1, 1))),
    ],
    ids=["no space", "factor 0", "factor 2.0", "no space", "empty", "sizes 4", "list"],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ArgumentError):
        call()


def test_a_place_that_is_no_number_is_outside():
    x, grid = np.ones((1, 1, 3)), np.array([[[np.nan], [0.0]]])
    np.testing.assert_array_equal(nn.grid_sample(x, grid), [[[0.0, 1.0]]])


def test_padding_has_no_part_in_a_tie():
    x = np.array([[[0.0, 0.0, -2.0]]])
    gradient = gg.grad(lambda x: np.sum(gg.nn.max_pool(x, 2, padding=1)))(x)
    np.testing.assert_array_equal(gradient, [[[1.0, 1.0, 0.0]]])
