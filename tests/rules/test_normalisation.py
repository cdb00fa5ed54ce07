"""Normalisations and dropout: values against plain formulas, the state they leave, errors."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors, nn
from gpugrad.nn.functional.standardise import standardise_with_moments

RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, size=(4, 6, 3, 2))
EPSILON = 1e-5


def standard(x, axis):
    """Return x − mean over the standard deviation."""
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(var + EPSILON)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


# --- Values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 1, (1, 3), (0, 1, 2, 3)])
def test_standardise(axis):
    close(nn.standardise(X, axis=axis), standard(X, axis))
    square = np.mean(X**2, axis=axis, keepdims=True)
    close(nn.standardise(X, axis=axis, centre=False), X / np.sqrt(square + EPSILON))


def test_standardised_values_have_mean_zero_and_variance_one():
    y = nn.standardise(1e6 + X, axis=1, epsilon=0.0)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(y.var(axis=1), 1, rtol=1e-9)


def test_values_that_are_all_equal_are_zero_with_a_finite_gradient():
    y, back = gg.pullback(nn.standardise, np.full((2, 3), 7.0))
    np.testing.assert_array_equal(y, 0)
    assert np.isfinite(back(X[:2, 0, :, 0])[1]).all()


def test_layer_norm():
    weight, bias = RNG.normal(size=(2, 3, 2))
    expected = standard(X, (2, 3)) * weight + bias
    close(nn.layer_norm(X, weight, bias, axis=(2, 3)), expected)
    close(nn.layer_norm(X, weight, bias, axis=(-1, -2)), expected)
    close(nn.layer_norm(X, weight[0], axis=-1), standard(X, -1) * weight[0])
    close(nn.layer_norm(X, None, bias[0]), standard(X, -1) + bias[0])
    channels = RNG.normal(size=6)
    close(nn.layer_norm(X, channels, axis=1), standard(X, 1) * channels[:, None, None])


def test_rms_norm():
    weight = RNG.normal(size=6)
    scale = np.sqrt(np.mean(X**2, axis=1, keepdims=True) + EPSILON)
    close(nn.rms_norm(X, weight, axis=1), X / scale * weight[:, None, None])


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm(groups):
    weight, bias = RNG.normal(size=(2, 6))
    parts = np.split(X, groups, axis=1)
    expected = np.concatenate([standard(part, (1, 2, 3)) for part in parts], axis=1)
    expected = expected * weight[:, None, None] + bias[:, None, None]
    close(nn.group_norm(X, groups, weight, bias), expected)
    last = nn.group_norm(np.moveaxis(X, 1, -1), groups, weight, bias, axis=-1)
    close(last, np.moveaxis(expected, 1, -1))


def test_group_norm_without_space():
    flat = X[:, :, 0, 0]
    expected = np.concatenate([standard(flat[:, :3], 1), standard(flat[:, 3:], 1)], axis=1)
    close(nn.group_norm(flat, 2), expected)


def test_instance_norm():
    weight, bias = RNG.normal(size=(2, 6))
    expected = standard(X, (2, 3)) * weight[:, None, None] + bias[:, None, None]
    close(nn.instance_norm(X, weight, bias), expected)
    close(nn.instance_norm(np.moveaxis(X, 1, 3), weight, bias, axis=3), np.moveaxis(expected, 1, 3))


@pytest.mark.parametrize("axis", [-1, (1, 2)])
def test_l2_normalise(axis):
    close(nn.l2_normalise(X, axis=axis), X / np.sqrt(np.sum(X**2, axis=axis, keepdims=True)))


def test_l2_normalise_at_zero():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    y, back = gg.pullback(nn.l2_normalise, x)
    close(y, [[0, 0], [0.6, 0.8]])
    close(back(np.array([[1.0, 2.0], [1.0, 0.0]]))[1], [[0, 0], [0.128, -0.096]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_data_types_are_kept(dtype):
    x, one = X.astype(dtype), np.ones(6, dtype)
    for f in [
        lambda x: nn.layer_norm(x, one, one, axis=1),
        lambda x: nn.rms_norm(x, one, axis=1),
        lambda x: nn.group_norm(x, 2, one, one),
        lambda x: nn.instance_norm(x, one, one),
        lambda x: nn.batch_norm(x, one, one, one, one, training=True)[0],
        lambda x: nn.batch_norm(x, one, one, one, one, training=False)[0],
        lambda x: nn.l2_normalise(x),
    ]:
        y, back = gg.pullback(f, x)
        assert y.dtype == back(np.ones_like(y))[1].dtype == dtype


# --- Batches, and the state they leave -------------------------------------------------------


def test_batch_norm_in_training():
    weight, bias, mean, var = RNG.uniform(1, 2, size=(4, 6))
    y, new_mean, new_var = nn.batch_norm(X, weight, bias, mean, var, training=True, momentum=0.2)
    close(y, standard(X, (0, 2, 3)) * weight[:, None, None] + bias[:, None, None])
    close(new_mean, 0.8 * mean + 0.2 * X.mean(axis=(0, 2, 3)))
    close(new_var, 0.8 * var + 0.2 * X.var(axis=(0, 2, 3), ddof=1))


def test_batch_norm_in_use():
    weight, bias, mean, var = RNG.uniform(1, 2, size=(4, 6))
    y, new_mean, new_var = nn.batch_norm(X, weight, bias, mean, var, training=False)
    assert new_mean is mean
    assert new_var is var
    beside = (slice(None), None, None)
    expected = (X - mean[beside]) / np.sqrt(var + EPSILON)[beside] * weight[beside] + bias[beside]
    close(y, expected)
    last = nn.batch_norm(np.moveaxis(X, 1, -1), weight, bias, mean, var, training=False, axis=-1)
    close(np.moveaxis(last[0], -1, 1), expected)


def test_batch_norm_of_features():
    x, zero, one = X[:, :, 0, 0], np.zeros(6), np.ones(6)
    y, new_mean, new_var = nn.batch_norm(x, None, None, zero, one, training=True, momentum=1.0)
    close(y, standard(x, 0))
    close(new_mean, x.mean(axis=0))
    close(new_var, x.var(axis=0, ddof=1))


def test_state_is_returned_beside_a_gradient():
    zero, one = np.zeros(6), np.ones(6)

    def loss(x):
        y, new_mean, new_var = nn.batch_norm(x, None, None, zero, one, training=True)
        return np.sum(y**3), (new_mean, new_var)

    dx, (new_mean, new_var) = gg.grad(loss, has_aux=True)(X)
    assert dx.shape == X.shape
    assert type(new_mean) is type(new_var) is np.ndarray
    close(new_mean, 0.1 * X.mean(axis=(0, 2, 3)))
    np.testing.assert_array_equal(zero, 0)


def test_a_batch_of_one_value_leaves_a_finite_state():
    x = np.ones((1, 2))
    _, _, new_var = nn.batch_norm(x, None, None, np.zeros(2), np.ones(2), training=True)
    np.testing.assert_allclose(new_var, 0.9)


# --- Errors ----------------------------------------------------------------------------------

SIX, TWO = np.ones(6), np.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.layer_norm(X, SIX), r"layer_norm: the weight has shape \(6,\), .* \(2,\)"),
        (lambda: nn.layer_norm(X, TWO, SIX), r"layer_norm: the bias has shape \(6,\), .* \(2,\)"),
        (lambda: nn.layer_norm(X, TWO, axis=(1, 3)), r"layer_norm: .* \(2,\), .* \(6, 2\)"),
        (lambda: nn.rms_norm(X, SIX), r"rms_norm: the weight has shape \(6,\), .* \(2,\)"),
        (lambda: nn.group_norm(X, 4), r"group_norm: 4 groups do not divide the 6 channels"),
        (lambda: nn.group_norm(X, 0), r"group_norm: 0 groups"),
        (lambda: nn.group_norm(X, 2, TWO), r"group_norm: the weight has shape \(2,\), .* \(6,\)"),
        (lambda: nn.group_norm(SIX, 2), r"group_norm: .* got shape \(6,\). .* x\[None\]"),
        (lambda: nn.group_norm(X, 2, axis=0), r"group_norm: .* axis 0, got shape \(4, 6"),
        (lambda: nn.instance_norm(X[:, :, 0, 0]), r"instance_norm: .* no axis of space"),
        (lambda: nn.instance_norm(X, TWO), r"instance_norm: the weight has shape \(2,\)"),
        (
            lambda: nn.batch_norm(X, SIX, SIX, TWO, SIX, training=True),
            r"batch_norm: the running_mean has shape \(2,\), .* \(6,\)",
        ),
        (
            lambda: nn.batch_norm(X, SIX, SIX, SIX, TWO, training=False),
            r"batch_norm: the running_var has shape \(2,\), .* \(6,\)",
        ),
        (
            lambda: nn.batch_norm(X, SIX, TWO, SIX, SIX, training=False),
            r"batch_norm: the bias has shape \(2,\), .* \(6,\)",
        ),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(errors.ArgumentError, match=message):
        call()


# --- Dropout ---------------------------------------------------------------------------------


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
