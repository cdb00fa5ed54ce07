"""LayerNorm, RMSNorm and GroupNorm: their parameters, gradients and training."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors, nn

X = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
LAYERS = [
    (nn.LayerNorm(3), "LayerNorm(3)", lambda w, b: nn.layer_norm(X, w, b)),
    (nn.LayerNorm((4, 3)), "LayerNorm((4, 3))", lambda w, b: nn.layer_norm(X, w, b, axis=(1, 2))),
    (nn.LayerNorm([4, 3]), "LayerNorm((4, 3))", lambda w, b: nn.layer_norm(X, w, b, axis=(1, 2))),
    (nn.RMSNorm(3), "RMSNorm(3)", lambda w, b: nn.rms_norm(X, w)),
    (nn.GroupNorm(4, 2), "GroupNorm(4, 2)", lambda w, b: nn.group_norm(X, 2, w, b)),
]

every_layer = pytest.mark.parametrize(
    ("layer", "text", "function"), LAYERS, ids=[text for _, text, _ in LAYERS]
)


@every_layer
def test_layers_are_their_functions(layer, text, function):
    assert repr(layer) == text
    assert np.all(layer.weight == 1)
    assert layer.weight.dtype == np.float32
    bias = getattr(layer, "bias", None)
    assert bias is None or not bias.any()
    y = layer(X)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, function(layer.weight, bias))


@every_layer
def test_gradients_are_those_of_the_function(layer, text, function):
    dlayer = gg.grad(lambda layer: np.sum(layer(X) ** 3))(layer)
    bias = getattr(layer, "bias", None)
    dweight = gg.grad(lambda w: np.sum(function(w, bias) ** 3))(layer.weight)
    np.testing.assert_array_equal(dlayer.weight, dweight)
    if bias is not None:
        dbias = gg.grad(lambda b: np.sum(function(layer.weight, b) ** 3))(bias)
        np.testing.assert_array_equal(dlayer.bias, dbias)


@every_layer
def test_training_moves_the_parameters_and_nothing_else(layer, text, function):
    optimiser = gg.optim.Adam(0.1)
    state = optimiser.init(layer)
    before = np.sum((layer(X) - 2) ** 2)
    trained = layer
    for _ in range(20):
        dlayer = gg.grad(lambda layer: np.sum((layer(X) - 2) ** 2))(trained)
        trained, state = optimiser.update(trained, dlayer, state)
    assert np.sum((trained(X) - 2) ** 2) < before
    assert trained.epsilon == layer.epsilon == 1e-5


def test_epsilon_and_data_type_are_taken():
    layer = nn.LayerNorm(3, epsilon=0.5, dtype=np.float64)
    assert layer.weight.dtype == layer.bias.dtype == np.float64
    np.testing.assert_array_equal(layer(X), nn.layer_norm(X, layer.weight, layer.bias, epsilon=0.5))


@pytest.mark.parametrize(
    "make",
    [lambda: nn.LayerNorm(0), lambda: nn.RMSNorm(()), lambda: nn.GroupNorm(4, 3)],
)
def test_what_cannot_be_a_layer(make):
    with pytest.raises(errors.ArgumentError, match=r"at least one feature|do not divide"):
        make()
