"""Attention against loops and its definition; masks; bad input."""

import tracemalloc

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.special")

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


def test_attention_is_what_loops_compute():
    q, k, v, bias = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 2), normal(3, 5)
    mask = RNG.random((2, 3, 5)) < 0.7
    mask[..., 0] = True
    y = nn.dot_product_attention(q, k, v, bias, mask=mask)
    weights = nn.dot_product_attention_scores(q, k, bias, mask=mask)
    for n in range(2):
        for i in range(3):
            seen = mask[n, i]
            scores = k[n, seen] @ q[n, i] / 2 + bias[i, seen]
            p = scipy.special.softmax(scores)
            np.testing.assert_allclose(y[n, i], p @ v[n, seen])
            np.testing.assert_allclose(weights[n, i, seen], p)
            np.testing.assert_array_equal(weights[n, i, ~seen], 0)


def test_causal_queries_see_what_is_before_them():
    q, k, v = normal(4, 3), normal(5, 3), normal(5, 2)
    y = nn.dot_product_attention(q, k, v, causal=True)
    for i in range(4):
        expected = nn.dot_product_attention(q[i : i + 1], k[: i + 1], v[: i + 1])
        np.testing.assert_allclose(y[i : i + 1], expected)
    mask = np.ones((4, 5), bool)
    mask[3, 1] = False
    both = nn.dot_product_attention_scores(q, k, mask=mask, causal=True)
    np.testing.assert_array_equal(both > 0, np.tril(np.ones((4, 5))) * mask)


def test_query_that_sees_no_key_gives_zero_and_has_no_gradient():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)
    mask = np.array([[False] * 4, [True] * 4])
    y, back = gg.pullback(lambda *qkv: nn.dot_product_attention(*qkv, mask=mask), q, k, v)
    np.testing.assert_array_equal(y[0], 0)
    _, dq, dk, dv = back(np.array([[1.0, 2.0], [0.0, 0.0]]))
    for gradient in (dq, dk, dv):
        np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def test_no_keys_give_zero():
    y, back = gg.pullback(nn.dot_product_attention, normal(2, 3), normal(0, 3), normal(0, 2))
    np.testing.assert_array_equal(y, np.zeros((2, 2)))
    np.testing.assert_array_equal(back(y + 1)[1], np.zeros((2, 3)))


def test_bias_of_minus_infinity_is_a_mask():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)
    mask = np.array([[True, False, True, False], [False] * 4])
    bias = np.where(mask, 0.0, -np.inf)
    attention = nn.dot_product_attention
    expected = gg.grad(lambda q: gg.xp.sum(attention(q, k, v, mask=mask) ** 2))(q)
    actual = gg.grad(lambda q: gg.xp.sum(attention(q, k, v, bias) ** 2))(q)
    np.testing.assert_allclose(actual, expected, atol=1e-15)


def test_hidden_keys_and_values_may_be_anything():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)
    mask = np.array([True, False, True, True])
    far = k.copy()
    far[1] = 1e300
    expected = nn.dot_product_attention(q, k, v, mask=mask)
    np.testing.assert_allclose(nn.dot_product_attention(q, far, v, mask=mask), expected)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_large_scores_neither_overflow_nor_change_the_data_type(dtype):
    q = np.array([[100.0], [-100.0]], dtype)
    v = np.array([[1.0], [5.0]], dtype)
    y, back = gg.pullback(lambda q: nn.dot_product_attention(q, q, v), q)
    np.testing.assert_array_equal(y, v)
    assert y.dtype == back(y)[1].dtype == dtype


def test_integers_are_scaled_as_numbers():
    q, k = RNG.integers(-3, 4, (2, 3)), RNG.integers(-3, 4, (4, 3))
    weights = nn.dot_product_attention_scores(q, k)
    np.testing.assert_allclose(weights, scipy.special.softmax(q @ k.T / np.sqrt(3), axis=-1))
    y = nn.dot_product_attention(q, k, normal(4, 2))
    assert y.dtype == np.float64


@pytest.mark.parametrize("scale", [0.5, np.float64(0.5)])
def test_scale_does_not_change_the_data_type(scale):
    q = np.array([[1.0], [2.0]], "float16")
    options = {"scale": scale}
    y, back = gg.pullback(
        lambda q, options=options: nn.dot_product_attention(q, q, q, **options), q
    )
    assert y.dtype == back(y)[1].dtype == np.float16


def test_scale_and_bias_by_keyword_have_gradients():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)

    def loss(bias):
        return gg.xp.sum(nn.dot_product_attention(q, k, v, bias=bias, scale=0.3) ** 2)

    bias, step = normal(4), 1e-6
    dbias = gg.grad(loss)(bias)
    for i, shift in enumerate(step * np.eye(4)):
        expected = (loss(bias + shift) - loss(bias - shift)) / (2 * step)
        assert dbias[i] == pytest.approx(expected, rel=1e-6)


def test_dropout_is_of_the_softmax():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)
    kept = np.array([[2.0, 0.0, 2.0, 0.0], [0.0, 2.0, 2.0, 2.0]])

    def loss(q):
        return gg.xp.sum(nn.dot_product_attention(q, k, v, dropout=lambda p: p * kept) ** 2)

    def expected(q):
        return gg.xp.sum(((nn.dot_product_attention_scores(q, k) * kept) @ v) ** 2)

    assert loss(q) == expected(q)
    np.testing.assert_array_equal(gg.grad(loss)(q), gg.grad(expected)(q))


def test_weights_are_not_kept_for_the_pullback():
    x = normal(512, 2)
    tracemalloc.start()
    _, back = gg.pullback(nn.dot_product_attention, x, x, x)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert back is not None
    assert held < 512 * 512 * 8 / 10


def test_mask_may_depend_on_what_is_recorded():
    q, k, v = normal(2, 3), normal(4, 3), normal(4, 2)

    def loss(q):
        return gg.xp.sum(nn.dot_product_attention(q, k, v, mask=q[:, :1] > -9) ** 2)

    expected = gg.grad(lambda q: gg.xp.sum(nn.dot_product_attention(q, k, v) ** 2))(q)
    np.testing.assert_allclose(gg.grad(loss)(q), expected)


def test_shared_keys_are_broadcast_over_heads():
    q, k, v = normal(2, 3, 5, 4), normal(2, 1, 6, 4), normal(2, 1, 6, 4)
    y = nn.dot_product_attention(q, k, v)
    repeated = nn.dot_product_attention(q, k.repeat(3, axis=1), v.repeat(3, axis=1))
    np.testing.assert_allclose(y, repeated)


def test_heads_are_split_and_joined():
    x = normal(2, 5, 6)
    heads = nn.split_heads(x, 3)
    for h in range(3):
        np.testing.assert_array_equal(heads[:, h], x[:, :, 2 * h : 2 * h + 2])
    np.testing.assert_array_equal(nn.join_heads(heads), x)


def test_rotated_dot_products_depend_on_distances_alone():
    q, k = normal(1, 6), normal(1, 6)

    def product(i, j):
        return (nn.rotary_embedding(q, start=i) @ nn.rotary_embedding(k, start=j).T).item()

    assert product(3, 5) == pytest.approx(product(13, 15))
    assert product(3, 5) != pytest.approx(product(3, 6))
    assert product(4, 4) == pytest.approx((q @ k.T).item())


def test_rotation_is_by_the_angle_of_each_pair():
    x = normal(4, 6)
    z = (x[:, :3] + 1j * x[:, 3:]) * np.exp(
        1j * np.arange(4)[:, None] / 100.0 ** (np.arange(3) / 3)
    )
    actual = nn.rotary_embedding(x, base=100.0)
    np.testing.assert_allclose(actual, np.concatenate([z.real, z.imag], axis=1))


Q, K, V = np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 2))
REFUSED = [
    (
        lambda: nn.dot_product_attention(Q, K[:, :2], V),
        r"as many features, got \(2, 3\) and \(4, 2",
    ),
    (lambda: nn.dot_product_attention(Q[0], K, V), r"expected queries and keys of shape"),
    (lambda: nn.dot_product_attention(Q, K, V[:3]), r"as many values as keys, got \(3, 2\)"),
    (lambda: nn.dot_product_attention(Q, K, V, mask=np.ones(4)), r"of booleans.*float64"),
    (lambda: nn.split_heads(Q, 2), r"a multiple of 2 features, got \(2, 3\)"),
    (lambda: nn.join_heads(Q), r"join_heads: expected x of shape .* got \(2, 3\)"),
    (lambda: nn.rotary_embedding(Q), r"an even number of features, got \(2, 3\)"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
