"""Dropout: its mask, its share, and what it refuses."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors, nn
from gpugrad.nn.functional.normalisation import standardise_with_moments

RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, size=(4, 6, 3, 2))


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


def test_dropout_keeps_the_mean_and_drops_the_share():
    x = np.ones((200, 500), np.float32)
    y = nn.dropout(x, 0.3, np.random.default_rng(0))
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=5e-3)
    np.testing.assert_array_equal(nn.dropout(x, 0.3, np.random.default_rng(0)), y)


def test_the_gradient_of_dropout_is_its_mask(library):
    rng = np.random.default_rng(1)
    if library.xp.__name__.endswith("cupy"):
        rng = library.xp.random.default_rng(1)
    x = library.asarray(X)
    y, back = gg.pullback(lambda x: nn.dropout(x, 0.5, rng), x)
    assert type(y) is library.array
    assert y.device == library.device
    mask = library.to_numpy(back(library.asarray(np.ones_like(X)))[1])
    assert set(np.unique(mask)) == {0.0, 2.0}
    close(library.to_numpy(y), X * mask)


@pytest.mark.parametrize(
    ("axis", "mask_shape"),
    [(None, (4, 6, 3, 2)), ((0, 1), (4, 6, 1, 1)), (-1, (1, 1, 1, 2)), ((0, -1), (4, 1, 1, 2))],
)
def test_dropout_of_whole_slices(axis, mask_shape):
    y = nn.dropout(np.ones_like(X), 0.5, np.random.default_rng(3), axis=axis)
    others = tuple(i for i, n in enumerate(mask_shape) if n == 1)
    mask = y.max(axis=others, keepdims=True)
    assert mask.shape == mask_shape
    np.testing.assert_array_equal(y, np.broadcast_to(mask, y.shape))
    assert set(np.unique(y)) == {0.0, 2.0}


def test_dropout_of_nothing_and_of_everything():
    rng = np.random.default_rng(0)
    assert nn.dropout(X, 0, rng) is X
    assert nn.dropout(X, 0.0, None) is X
    np.testing.assert_array_equal(nn.dropout(X, 1, rng), np.zeros_like(X))
    np.testing.assert_array_equal(
        gg.grad(lambda x: np.sum(x) + np.sum(nn.dropout(x, 1.0, rng)))(X), np.ones_like(X)
    )
    assert nn.dropout(np.ones((0, 3)), 0.5, rng).shape == (0, 3)


def test_dropout_of_complex_numbers():
    y = nn.dropout(np.ones(100, np.complex64), 0.5, np.random.default_rng(0))
    assert y.dtype == np.complex64
    assert set(np.unique(y)) == {0, 2}


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(errors.ArgumentError, match=r"dropout: .* from 0 to 1, got"):
        nn.dropout(X, p, np.random.default_rng(0))


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)], ids=str)
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(errors.ArgumentError, match=r"dropout: expected a numpy.random.Generator"):
        nn.dropout(X, 0.5, rng)


class FakeArray:
    """An array of CuPy's, as far as the choice of a generator goes."""

    shape = (3,)


def test_an_array_on_the_device_takes_a_generator_there(monkeypatch):
    from gpugrad.dispatch.library import Library
    from gpugrad.nn.functional import randomness

    monkeypatch.setattr(randomness, "library_of", lambda x: Library("CuPy"))
    generator = type("Generator", (), {"random": lambda self, shape, dtype: (shape, dtype)})
    generator.__module__ = "cupy.random._generator_api"
    drawn = randomness.uniform("dropout", generator(), (3,), FakeArray())
    assert drawn == ((3,), np.float32)
    with pytest.raises(errors.ArgumentError, match=r"dropout: .* cupy\.random\.default_rng"):
        randomness.uniform("dropout", np.random.default_rng(0), (3,), FakeArray())


HALVES = {
    "layer_norm": lambda x: nn.layer_norm(x, axis=1),
    "rms_norm": nn.rms_norm,
    "group_norm": lambda x: nn.group_norm(x, 2),
    "instance_norm": nn.instance_norm,
    "batch_norm": lambda x: nn.batch_norm(x, None, None, np.zeros(6), np.ones(6), training=True)[0],
    "l2_normalise": nn.l2_normalise,
}


@pytest.mark.parametrize("size", [300.0, 1e-2])
@pytest.mark.parametrize("name", HALVES)
def test_squares_of_halves_neither_overflow_nor_vanish(name, size):
    f, x = HALVES[name], (X * size).astype(np.float16)
    dy = RNG.normal(size=x.shape).astype(np.float16)
    y, back = gg.pullback(f, x)
    exact_y, exact_back = gg.pullback(f, x.astype(float))
    expected = exact_back(dy.astype(float))[1]
    _, moved = gg.pushforward(f, (x,), (dy,))
    assert y.dtype == moved.dtype == np.float16
    np.testing.assert_allclose(y, exact_y, rtol=0, atol=3e-3)
    tolerance = 3e-3 * np.abs(expected).max()
    np.testing.assert_allclose(back(dy)[1], expected, rtol=0, atol=tolerance)


def test_running_statistics_keep_their_data_types():
    mean, var = np.zeros(6, np.float32), np.ones(6, np.float32)
    for training in (True, False):
        for dtype in (np.float16, np.float64):
            x = (100 * X).astype(dtype)
            y, new_mean, new_var = nn.batch_norm(x, None, None, mean, var, training=training)
            assert y.dtype == dtype
            assert new_mean.dtype == new_var.dtype == np.float32
            assert np.isfinite(new_var).all()


def test_dropout_along_an_axis_that_is_none_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(errors.ArgumentError, match=r"dropout: .* has no axis 5"):
        nn.dropout(np.ones((2, 2)), 0.5, rng, axis=5)
    with pytest.raises(errors.ArgumentError, match=r"dropout: expected an array, got float"):
        nn.dropout(2.0, 0.5, rng)


def test_moments_alone_have_gradients():
    x = np.random.default_rng(0).normal(size=(4, 3))
    (_, mean, variance), back = gg.rrule(standardise_with_moments, x, axis=0)
    ones = np.ones_like(mean)
    np.testing.assert_allclose(back((None, ones, None))[1], np.full((4, 3), 1 / 4), rtol=1e-14)
    expected = 2 / 4 * (x - np.mean(x, axis=0))
    np.testing.assert_allclose(back((None, None, np.ones_like(variance)))[1], expected, rtol=1e-13)


@pytest.mark.parametrize("norm", [nn.layer_norm, nn.rms_norm])
def test_norm_of_an_array_without_axes(norm):
    with pytest.raises(np.exceptions.AxisError):
        norm(np.array(1.0))
