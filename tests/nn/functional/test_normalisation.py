"""Normalisations: values against plain formulas, the state they leave, errors."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors, nn

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
