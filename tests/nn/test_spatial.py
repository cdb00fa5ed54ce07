"""Layers for images, sequences and tokens."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError


def rng():
    return np.random.default_rng(0)


def test_conv_is_the_function_with_its_parameters():
    layer = nn.Conv(4, 6, (3, 2), gg.relu, stride=(2, 1), padding=1, groups=2, rng=rng())
    x = rng().normal(size=(2, 4, 7, 5)).astype(np.float32)
    y = nn.conv(x, layer.weight, layer.bias, stride=(2, 1), padding=1, groups=2)
    np.testing.assert_array_equal(layer(x), np.maximum(y, 0))
    assert layer.weight.shape == (6, 2, 3, 2)
    assert layer(x).dtype == np.float32
    assert repr(layer) == "Conv(4, 6, (3, 2), relu)"


def test_conv_transpose_takes_back_the_shape():
    down = nn.Conv(4, 6, (3,), stride=2, rng=rng())
    up = nn.ConvTranspose(6, 4, (3,), stride=2, output_padding=1, groups=2, rng=rng())
    x = np.ones((2, 4, 8), np.float32)
    assert up(down(x)).shape == x.shape
    assert up.weight.shape == (6, 2, 3)
    assert repr(up) == "ConvTranspose(6, 4, (3,))"


def test_weights_of_a_kernel_of_one_element_are_those_of_a_dense_layer():
    conv = nn.Conv(3, 5, (1, 1), rng=rng(), init=nn.kaiming_normal)
    dense = nn.Dense(3, 5, rng=rng(), init=nn.kaiming_normal)
    np.testing.assert_array_equal(conv.weight[:, :, 0, 0], dense.weight.T)


def test_spread_of_a_weight_counts_the_kernel():
    weight = nn.Conv(16, 32, (3, 3), rng=rng(), init=nn.kaiming_normal).weight
    assert weight.var() == pytest.approx(2 / (16 * 9), rel=0.05)


def test_pools_are_the_functions():
    x = rng().normal(size=(2, 3, 6, 6))
    np.testing.assert_array_equal(nn.MaxPool(3, 1, 1)(x), nn.max_pool(x, 3, stride=1, padding=1))
    np.testing.assert_array_equal(nn.MeanPool(2)(x), nn.mean_pool(x, 2))


def test_embedding_takes_rows_of_its_weight():
    layer = nn.Embedding(7, 3, rng=rng(), dtype=np.float64)
    tokens = np.array([[6, 0], [1, 1]])
    np.testing.assert_array_equal(layer(tokens), layer.weight[tokens])
    assert repr(layer) == "Embedding(7, 3)"
    assert layer.weight.dtype == np.float64


def test_multi_head_attention_is_attention_of_each_head():
    layer = nn.MultiHeadAttention(6, 3, rng=rng(), dtype=np.float64)
    x, memory = rng().normal(size=(2, 4, 6)), rng().normal(size=(2, 5, 6))
    mask = rng().random((4, 5)) < 0.7
    parts = []
    for h in range(3):
        part = slice(2 * h, 2 * h + 2)
        q, k, v = layer.query(x), layer.key(memory), layer.value(memory)
        parts.append(nn.dot_product_attention(q[..., part], k[..., part], v[..., part], mask=mask))
    expected = layer.output(np.concatenate(parts, axis=-1))
    np.testing.assert_allclose(layer(x, memory, mask=mask), expected)
    assert repr(layer) == "MultiHeadAttention(6, 3)"


def test_a_network_for_images_learns():
    """Lines that go down or across, told apart by a small convolutional network."""
    generator = rng()
    x = 0.1 * generator.normal(size=(32, 1, 6, 6)).astype(np.float32)
    labels = np.arange(32) % 2
    for image, label in zip(x, labels, strict=True):
        place = generator.integers(6)
        image[0, place if label else slice(None), slice(None) if label else place] += 1
    model = nn.Chain(
        nn.Conv(1, 4, (3, 3), gg.relu, padding="same", rng=generator),
        nn.MaxPool(2),
        nn.flatten,
        nn.Dense(36, 2, rng=generator),
    )

    def loss(model):
        return gg.logit_cross_entropy(model(x), labels)

    optimiser = gg.optim.Adam(0.02)
    state = None
    start = loss(model)
    for _ in range(40):
        model, state = optimiser.update(model, gg.grad(loss)(model), state)
    assert loss(model) < 0.1 * start
    assert model.layers[0].padding == "same"


REFUSED = [
    (lambda: nn.Conv(0, 1, (3,)), r"Conv\(0, 1, \(3,\)\): expected at least one channel"),
    (lambda: nn.Conv(1, 1, 3), r"a kernel with a length for each spatial axis"),
    (lambda: nn.Conv(1, 1, ()), r"a kernel with a length for each spatial axis"),
    (lambda: nn.Conv(3, 4, (3,), groups=2), r"cannot be divided into 2 groups"),
    (lambda: nn.ConvTranspose(4, 3, (3,), groups=2), r"ConvTranspose\(4, 3.*into 2 groups"),
    (lambda: nn.Embedding(0, 1), r"at least one token"),
    (lambda: nn.MultiHeadAttention(5, 2), r"a multiple of 2 features"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_sizes_are_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
