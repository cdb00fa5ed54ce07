"""Convolution against loops, SciPy and its own definition; windows; bad input."""

import itertools
import tracemalloc

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.signal")
hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")


def brute_conv(x, w, stride, padding, dilation, groups):
    """Convolve element by element, with numbers for each axis."""
    x = np.pad(x, [(0, 0), (0, 0), *padding])
    batch, _, *sizes = x.shape
    outputs, inputs_of_group, *kernel = w.shape
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    y = np.zeros((batch, outputs, *counts))
    for n, o in itertools.product(range(batch), range(outputs)):
        first = o // (outputs // groups) * inputs_of_group
        for p in itertools.product(*map(range, counts)):
            for c, *k in itertools.product(*map(range, w.shape[1:])):
                place = [s * i + d * j for s, i, d, j in zip(stride, p, dilation, k, strict=True)]
                y[(n, o, *p)] += x[(n, first + c, *place)] * w[(o, c, *k)]
    return y


@st.composite
def convolutions(draw):
    """A convolution of one or two dimensions that fits."""
    ndim = draw(st.integers(1, 2))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    kernel, stride, dilation = each(1, 3), each(1, 3), each(1, 2)
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(ndim))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = [
        max(span - sum(pair), 1) + draw(st.integers(0, 3))
        for span, pair in zip(spans, padding, strict=True)
    ]
    groups = draw(st.sampled_from([1, 1, 2]))
    inputs, outputs = (groups * draw(st.integers(1, 2)) for _ in range(2))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    x = rng.normal(size=(draw(st.integers(0, 2)), inputs, *sizes))
    w = rng.normal(size=(outputs, inputs // groups, *kernel))
    return x, w, stride, padding, dilation, groups


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)
@hypothesis.given(convolutions())
def test_conv_is_what_loops_compute(case):
    x, w, stride, padding, dilation, groups = case
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    np.testing.assert_allclose(nn.conv(x, w, **options), brute_conv(*case), atol=1e-12)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)
@hypothesis.given(convolutions())
def test_conv_transpose_is_the_transpose_of_loops(case):
    x, w, stride, padding, dilation, groups = case
    y = np.random.default_rng(1).normal(size=brute_conv(*case).shape)
    lost = [  # by which the array is longer than what the windows reach
        (n + sum(pair) - d * (k - 1) - 1) % s
        for n, pair, k, s, d in zip(
            x.shape[2:], padding, w.shape[2:], stride, dilation, strict=True
        )
    ]
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    back = nn.conv_transpose(y, w, output_padding=tuple(lost), **options)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(back, x), np.vdot(y, brute_conv(*case)), atol=1e-10)


@pytest.mark.parametrize("shape", [(9,), (6, 7), (4, 5, 4)])
@pytest.mark.parametrize("mode", ["valid", "same"])
def test_one_channel_is_as_in_scipy(shape, mode):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=shape), rng.normal(size=(3,) * len(shape))
    expected = scipy.signal.correlate(x, w, mode)
    np.testing.assert_allclose(nn.conv(x[None, None], w[None, None], padding=mode)[0, 0], expected)
    flipped = nn.conv(x[None, None], w[None, None], padding=mode, flipped=True)
    np.testing.assert_allclose(flipped[0, 0], scipy.signal.convolve(x, w, mode), atol=1e-12)


def test_channels_are_summed_and_the_bias_is_added():
    rng = np.random.default_rng(0)
    x, w, bias = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 3, 2, 3)), np.arange(4.0)
    expected = [
        [sum(scipy.signal.correlate(c, k, "valid") for c, k in zip(image, kernel, strict=True))]
        for image in x
        for kernel in w
    ]
    expected = np.reshape(expected, (2, 4, 4, 4)) + bias[:, None, None]
    np.testing.assert_allclose(nn.conv(x, w, bias), expected)


@pytest.mark.parametrize(("size", "stride"), [(7, 1), (7, 2), (8, 2), (8, 3), (1, 4), (5, 7)])
def test_same_padding_gives_a_count_of_the_size_over_the_stride(size, stride):
    x, w = np.ones((1, 1, size)), np.ones((1, 1, 3))
    assert nn.conv(x, w, padding="same", stride=stride).shape[2] == -(-size // stride)


def test_odd_same_padding_is_at_the_end():
    y = nn.conv(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0]]]), padding="same")
    np.testing.assert_array_equal(y, [[[21.0, 42.0, 4.0]]])


def test_conv_transpose_is_flipped_too():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 4)), rng.normal(size=(2, 3, 3))
    np.testing.assert_allclose(
        nn.conv_transpose(x, w, flipped=True), nn.conv_transpose(x, w[:, :, ::-1])
    )


def test_depthwise_convolutions_are_of_each_channel():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 6)), rng.normal(size=(6, 1, 3))
    y = nn.depthwise_conv(x, w)
    for n, o in itertools.product(range(2), range(6)):
        np.testing.assert_allclose(y[n, o], np.correlate(x[n, o // 2], w[o, 0]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_data_types_stay(dtype):
    x, w = np.ones((1, 2, 4), dtype), np.ones((2, 2, 3), dtype)
    assert nn.conv(x, w, w[:, 0, 0]).dtype == dtype
    assert nn.conv_transpose(x, w).dtype == dtype


def test_real_arrays_have_real_gradients_beside_complex_ones():
    x, w = np.ones((1, 1, 3)), np.full((1, 1, 2), 1j)
    dx, dw = gg.grad(lambda x, w: gg.xp.sum(gg.xp.abs(nn.conv(x, w)) ** 2), argnums=(0, 1))(x, w)
    assert dx.dtype == np.float64
    np.testing.assert_allclose(dx, [[[4.0, 8.0, 4.0]]])
    np.testing.assert_allclose(dw, np.full((1, 1, 2), 8j))


def test_third_derivative_of_a_product_of_convolutions():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 1, 4)), rng.normal(size=(1, 1, 2))

    def cubed(t):
        return gg.xp.sum(nn.conv(x + t, w + t) ** 3)

    third = gg.grad(gg.grad(gg.grad(cubed)))(0.3)
    grid = np.linspace(-1, 1, 9)
    values = [np.sum(nn.conv(x + 0.3 + t, w + 0.3 + t) ** 3) for t in grid]
    exact = np.polynomial.Polynomial.fit(grid, values, 6).convert().coef[3] * 6
    assert third == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_fold_counts_how_often_unfold_takes_an_element(ndim):
    x = np.ones((1, 2, *(5,) * ndim))
    columns = nn.unfold(x, 3, stride=2, padding=1)
    assert columns.shape == (1, 2 * 3**ndim, 3**ndim)
    line = np.array([1, 2, 1, 2, 1])
    expected = line
    for _ in range(ndim - 1):
        expected = np.multiply.outer(expected, line)
    folded = nn.fold(columns, (5,) * ndim, 3, stride=2, padding=1)
    np.testing.assert_array_equal(folded[0, 1], expected)


def test_a_product_with_columns_is_the_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(4, 3, 2, 3))
    y = w.reshape(4, 18) @ nn.unfold(x, (2, 3), stride=(2, 1), padding=1)
    expected = nn.conv(x, w, stride=(2, 1), padding=1)
    np.testing.assert_allclose(y.reshape(expected.shape), expected)


def test_windows_are_not_kept_for_the_pullback():
    x, w = np.ones((1, 1, 64, 64)), np.ones((1, 1, 9, 9))
    tracemalloc.start()
    _, back = gg.pullback(nn.conv, x, w)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert back is not None
    assert held < 81 * 56 * 56 * 8 / 10


X, W = np.ones((2, 4, 5)), np.ones((6, 4, 3))
REFUSED = [
    (lambda: nn.conv(X, np.ones((6, 3, 3))), r"\(2, 4, 5\) has 4 channels.*\(6, 3, 3\)"),
    (lambda: nn.conv(X, W, groups=2), r"in 2 groups they take.*\(outputs, 2, \*kernel\)"),
    (lambda: nn.conv(X, np.ones((3, 2, 3)), groups=2), r"a multiple of 2 outputs.*\(3, 2, 3\)"),
    (lambda: nn.conv(X, W, groups=0), r"at least one group"),
    (lambda: nn.conv(X[0], W), r"A batch of one is x\[None\]"),
    (lambda: nn.conv(X, W[0]), r"\(2, 4, 5\) and \(4, 3\)"),
    (lambda: nn.conv(X, W, np.ones(5)), r"6 outputs take a bias of shape \(6,\), got \(5,\)"),
    (lambda: nn.conv(X, W, dilation=3), r"spans \(7,\) and is larger than the array's \(5,\)"),
    (lambda: nn.conv(X, W, stride=0), r"stride is a whole number from 1 on.*got 0"),
    (lambda: nn.conv(X, W, stride=(1, 1)), r"one for each of 1 spatial axes, got \(1, 1\)"),
    (lambda: nn.conv(X, W, padding=-1), r"padding is a whole number from 0 on.*got -1"),
    (lambda: nn.conv(X, W, padding="full"), r"padding is a whole number.*got 'full'"),
    (lambda: nn.conv(X, W, padding=((1, 2, 3),)), r"\(before, after\) pairs"),
    (lambda: nn.conv(X, np.ones((6, 4, 0))), r"a weight with elements.*\(6, 4, 0\)"),
    (lambda: nn.conv_transpose(X, W), r"has 4 channels.*\(4, outputs / groups, \*kernel\)"),
    (lambda: nn.conv_transpose(X, W[:4], padding="same"), r"padding is in numbers, got 'same'"),
    (lambda: nn.conv_transpose(X, W[:4], padding=4), r"of a result of \(7,\).*leaves \(-1,\)"),
    (lambda: nn.depthwise_conv(X, W), r"in 4 groups they take a weight of shape \(outputs, 1"),
    (lambda: nn.unfold(np.ones(3), 2), r"expected an array of shape \(batch, channels, \*spatial"),
    (lambda: nn.fold(np.ones((1, 4, 3)), (3, 3), 2), r"at 4 positions.*got \(1, 4, 3\)"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
