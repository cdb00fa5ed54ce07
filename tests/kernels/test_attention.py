"""Attention on CuPy's arrays, of 16 bits too: products are cuBLAS's, and softmax is a kernel."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from tests.host_cupy import HostArray, host, numpy_of, watch

SHAPES = {"q": (2, 3, 5, 8), "k": (2, 3, 7, 8), "v": (2, 3, 7, 4)}
MASKS = {
    "none": None,
    "some": np.random.default_rng(9).random((5, 7)) < 0.6,
    "all of a query": np.arange(5)[:, None] != np.array([[2] * 7]),
}


def inputs(dtype):
    rng = np.random.default_rng(0)
    return [
        rng.normal(size=shape).astype(ml_dtypes.finfo(dtype).dtype) for shape in SHAPES.values()
    ]


def pulled(arrays, dy, array, **options):
    """Return the value and the gradients, where `array` takes NumPy's arrays."""
    given = {key: None if mask is None else array(mask) for key, mask in options.items()}
    y, back = gg.pullback(
        lambda q, k, v, **options: nn.dot_product_attention(q, k, v, **options),
        *map(array, arrays),
        **given,
    )
    return y, *back(array(dy))[1:]


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_values_and_gradients(simulator, dtype, mask):
    arrays = inputs(dtype)
    dy = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype(arrays[0].dtype)
    exact = [x.astype(float) for x in arrays]
    expected = pulled(exact, dy.astype(float), np.asarray, mask=mask)
    with watch() as events:
        found = pulled(arrays, dy, host, mask=mask)
    kinds = [kind for kind, _ in events]
    assert kinds.count("product") == 2 + 5  # the scores again, and four gradients
    assert {"wait", "upload"}.isdisjoint(kinds)
    for actual, near in zip(found, expected, strict=True):
        assert (type(actual), actual.dtype) == (HostArray, arrays[0].dtype)
        bound = 16 * float(ml_dtypes.finfo(dtype).eps) * max(1.0, np.max(np.abs(near)))
        np.testing.assert_allclose(numpy_of(actual).astype(float), near, rtol=0, atol=bound)


def test_the_weights_are_one_kernel(simulator):
    q, k, _ = map(host, inputs("float16"))
    with watch() as events:
        weights = nn.dot_product_attention_scores(q, k)
    assert launched(events) == ["gpugrad::map", "gpugrad::softmax"]  # the scale, and the softmax
    np.testing.assert_allclose(numpy_of(weights).sum(axis=-1), 1, atol=4e-3)


def launched(events):
    return [name.partition("<")[0] for kind, name in events if kind == "launch"]


def test_those_of_a_mask_are_one_kernel_more(simulator):
    q, k, _ = map(host, inputs("float32"))
    mask = host(MASKS["all of a query"])
    with watch() as events:
        weights = nn.dot_product_attention_scores(q, k, mask=mask)
    assert launched(events) == ["gpugrad::map", "cupy_where", "gpugrad::softmax"]
    sums = numpy_of(weights).sum(axis=-1)
    np.testing.assert_array_equal(sums[..., 2], 0)
    np.testing.assert_allclose(np.delete(sums, 2, axis=-1), 1, rtol=1e-6)


def test_heads_that_were_split_are_copied_once(simulator):
    q, k, v = (np.random.default_rng(i).normal(size=(2, 5, 12)) for i in range(3))

    def attention(q, k, v):
        return nn.join_heads(nn.dot_product_attention(*[nn.split_heads(x, 3) for x in (q, k, v)]))

    with watch() as events:
        y, back = gg.pullback(attention, *map(host, (q, k, v)))
        gradients = back(y)[1:]
    # q, k and v; y, whose heads are joined; its sensitivity; and the gradients, which are joined.
    assert launched(events).count("cupy_copy") == 3 + 1 + 1 + 3
    expected, expected_back = gg.pullback(attention, q, k, v)
    for actual, near in zip(gradients, expected_back(expected)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(actual), near, rtol=1e-12, atol=1e-14)
