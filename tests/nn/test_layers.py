"""Dense and Chain: what they compute, their gradients, and what they say of bad input."""

import dataclasses
import pickle

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn


def dense(inputs=3, outputs=4, activation=nn.identity, seed=0, **options):
    return nn.Dense(inputs, outputs, activation, rng=np.random.default_rng(seed), **options)


def points(*shape, dtype=np.float64):
    return np.random.default_rng(7).normal(size=shape).astype(dtype)


def with_fields(layer, **fields):
    """A copy of a layer with other arrays in it, as an optimiser would make it."""
    copy = object.__new__(type(layer))
    vars(copy).update(vars(layer) | fields)
    return copy


# --- Dense: construction ---------------------------------------------------------------------


def test_dense_has_three_fields():
    layer = dense(3, 4, gg.relu)
    assert [field.name for field in dataclasses.fields(layer)] == ["weight", "bias", "activation"]
    assert (layer.weight.shape, layer.bias.shape, layer.activation) == ((3, 4), (4,), gg.relu)
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    assert not layer.bias.any()


def test_dense_is_frozen():
    layer = dense()
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.bias = np.ones(4)


def test_dense_starts_by_glorot_uniform():
    expected = nn.glorot_uniform(np.random.default_rng(5), (3, 4), np.float32)
    np.testing.assert_array_equal(dense(seed=5).weight, expected)


def test_dense_without_rng_is_random():
    assert not np.array_equal(nn.Dense(3, 4).weight, nn.Dense(3, 4).weight)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_dense_takes_initialiser_and_dtype(dtype):
    layer = dense(init=nn.zeros, dtype=dtype)
    assert not layer.weight.any()
    assert layer.weight.dtype == layer.bias.dtype == dtype


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 3), (3, 0), (-1, 3)])
def test_dense_has_a_feature_on_each_side(inputs, outputs):
    with pytest.raises(gg.GpugradError, match=rf"Dense\({inputs}, {outputs}\).*at least one"):
        nn.Dense(inputs, outputs)


# --- Dense: calls ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (1, 3), (5, 3), (2, 5, 3), (0, 3)])
def test_dense_computes_the_affine_map(shape):
    layer = dense(dtype=np.float64, init=nn.glorot_normal)
    layer = with_fields(layer, bias=points(4))
    x = points(*shape)
    expected = np.einsum("...i,io->...o", x, layer.weight) + layer.bias
    np.testing.assert_allclose(layer(x), expected, rtol=1e-14)


def test_dense_applies_its_activation_once_to_all_outputs():
    seen = []

    def activation(x):
        seen.append(x.shape)
        return 2 * x

    np.testing.assert_allclose(
        dense(activation=activation)(points(5, 3)), 2 * dense()(points(5, 3)), rtol=1e-14
    )
    assert seen == [(5, 4)]


def test_dense_keeps_float32():
    layer = dense(activation=gg.relu)
    assert layer(points(5, 3, dtype=np.float32)).dtype == np.float32


def test_dense_gradients_are_the_textbooks():
    layer = dense(dtype=np.float64)
    x, dy = points(5, 3), np.random.default_rng(8).normal(size=(5, 4))
    _, back = gg.pullback(layer, x)
    dlayer, dx = back(dy)
    np.testing.assert_allclose(dlayer.weight, np.einsum("bi,bo->io", x, dy), rtol=1e-13)
    np.testing.assert_allclose(dlayer.bias, dy.sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(dx, np.einsum("bo,io->bi", dy, layer.weight), rtol=1e-13)
    assert dlayer.activation is None


def test_activation_may_have_parameters():
    @dataclasses.dataclass(frozen=True)
    class LeakyRelu:
        slope: float

        def __call__(self, x):
            return np.where(x > 0, x, self.slope * x)

    layer = dense(activation=LeakyRelu(0.1), dtype=np.float64)
    x = points(5, 3)
    below = x @ layer.weight
    gradient = gg.grad(lambda layer: layer(x).sum())(layer)
    assert gradient.activation.slope == pytest.approx(below[below < 0].sum())


BAD_INPUT = [
    (points(5, 2), r"Dense\(3, 4\): x has the shape \(5, 2\).* make Dense\(2, 4\)"),
    (points(3, 5), r"Dense\(3, 4\): x has the shape \(3, 5\).* write x\.T"),
    (points(5), r"Dense\(3, 4\): x has the shape \(5,\).* shape \(batch, 3\)"),
    (points(), r"Dense\(3, 4\): x has the shape \(\).* shape \(batch, 3\)"),
    ([[1.0, 2.0, 3.0]], r"Dense\(3, 4\): expected an array .*got list.*asarray"),
]


@pytest.mark.parametrize(("x", "message"), BAD_INPUT)
def test_dense_says_what_is_wrong_with_its_input(x, message):
    with pytest.raises(gg.GpugradError, match=message):
        dense()(x)


def test_dense_says_so_of_recorded_input_too():
    with pytest.raises(gg.GpugradError, match=r"Dense\(3, 4\): x has the shape \(5, 2\)"):
        gg.pullback(dense(), points(5, 2))


# --- Chain -----------------------------------------------------------------------------------


def test_chain_applies_its_layers_in_order():
    chain = nn.Chain(lambda x: x + 1, lambda x: 2 * x)
    assert chain(3.0) == 8.0
    assert nn.Chain()(3.0) == 3.0


def test_chain_is_a_sequence_of_layers():
    first, second, third = dense(2, 3), gg.relu, dense(3, 1)
    chain = nn.Chain(first, second, third)
    assert chain.layers == (first, second, third)
    assert (len(chain), list(chain), chain[-1]) == (3, [first, second, third], third)
    assert isinstance(chain[1:], nn.Chain)
    assert chain[1:].layers == (second, third)


def test_chain_names_the_layer_that_does_not_fit():
    chain = nn.Chain(dense(2, 3), dense(5, 1))
    with pytest.raises(gg.GpugradError, match=r"Dense\(5, 1\): x has the shape \(7, 3\)"):
        chain(points(7, 2))


def test_chain_gradient_has_its_structure():
    chain = nn.Chain(dense(2, 3, gg.relu), dense(3, 1))
    _, back = gg.pullback(chain, points(5, 2, dtype=np.float32))
    dchain, dx = back(1.0)
    assert isinstance(dchain, gg.Tangent)
    assert isinstance(dchain.layers, tuple)
    assert [layer.weight.shape for layer in dchain.layers] == [(2, 3), (3, 1)]
    assert {layer.bias.dtype for layer in dchain.layers} == {np.dtype(np.float32)}
    assert dx.shape == (5, 2)


# --- Models as values ------------------------------------------------------------------------


def model(**options):
    rng = np.random.default_rng(0)
    return nn.Chain(nn.Dense(2, 3, gg.relu, rng=rng, **options), nn.Dense(3, 2, rng=rng, **options))


def test_repr_is_what_was_written():
    assert repr(model()) == "Chain(Dense(2, 3, relu), Dense(3, 2))"
    assert repr(nn.Chain(gg.relu, len)) == "Chain(relu, len)"


def test_models_are_told_apart_by_identity():
    one, other = model(), model()
    assert one == one
    assert one != other
    assert len({one, other}) == 2


def test_model_survives_pickle():
    x = points(5, 2, dtype=np.float32)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model()))(x), model()(x))


def test_pickles_name_activations_and_losses_by_their_public_place():
    """So that models are still found when the files behind it move."""
    for f in (gg.relu, gg.swish, gg.gelu, gg.softmax, gg.softmin, gg.mse, gg.cross_entropy):
        assert f.__module__ == "gpugrad"
        assert pickle.loads(pickle.dumps(f)) is f
