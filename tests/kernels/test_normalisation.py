"""Kernels of normalisations, against their definition in double precision."""

import weakref

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError

cupy = pytest.importorskip("cupy")
from tests.host_cupy import host, numpy_of  # noqa: E402 (needs CuPy)

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
# Rows for a warp, for a block, too long for registers, not aligned, and single ones.
SHAPES = [(1, 1), (3, 1), (5, 7), (9, 64), (2, 513), (4, 3, 8), (7, 1024), (2, 4100)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def random(*shape, dtype=np.float64, seed=0):
    return (1 + np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def wide(x):
    return None if x is None else x.astype(np.float64)


def hosted(x):
    return None if x is None else host(x)


def arguments(shape, dtype, *, weight=True, bias=True):
    w = random(shape[-1], dtype=dtype, seed=1) if weight else None
    b = random(shape[-1], dtype=dtype, seed=2) if bias else None
    return random(*shape, dtype=dtype), w, b


def close(actual, expected, dtype, size=1.0):
    """Compare with a result of double precision, to some units in the last place of its size."""
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    eps = float(ml_dtypes.finfo(dtype).eps)
    computed = min(eps, float(np.finfo(np.float32).eps))
    bound = eps * np.abs(expected) + 30 * computed * size
    np.testing.assert_array_less(np.abs(wide(actual) - expected), bound + 1e-300)


def check_gradients(call, args, dtype):
    """Compare values and gradients of all arguments with those of the rule of all arrays."""
    values = [x for x in args if x is not None]

    def f(*given):
        rest = iter(given)
        return call(*[None if x is None else next(rest) for x in args])

    y, back = gg.pullback(f, *map(host, values))
    expected, expected_back = gg.pullback(f, *map(wide, values))
    close(y, expected, dtype, np.abs(expected).max())
    dy = random(*y.shape, dtype=dtype, seed=5)
    for dx, dx_expected in zip(back(host(dy))[1:], expected_back(wide(dy))[1:], strict=True):
        size = np.abs(wide(dy)).sum(axis=tuple(range(dy.ndim - dx_expected.ndim))).max()
        close(dx, dx_expected, dtype, max(size, np.abs(dx_expected).max()))


@every_dtype
@every_shape
def test_layer_norm(simulator, launches, dtype, shape):
    simulator.schedule = (len(shape) + shape[-1]) % 4
    check_gradients(nn.layer_norm, arguments(shape, dtype), dtype)
    assert len(launches) == 3  # the value, the gradient of x, and those of weight and bias


@every_dtype
@every_shape
def test_rms_norm(simulator, launches, dtype, shape):
    x, weight, _ = arguments(shape, dtype)
    check_gradients(nn.rms_norm, (x, weight), dtype)
    assert len(launches) == 3


# More than registers hold: read again; more than shared memory holds: summed where there is room.
@pytest.mark.parametrize("large_shared", [True, False])
@pytest.mark.parametrize(
    ("dtype", "length"),
    [
        *(
            (np.float16, 10240),
            (np.float16, 16384),
            (np.float16, 32768),
            (ml_dtypes.bfloat16, 12288),
        ),
        *(
            (ml_dtypes.bfloat16, 65536),
            (np.float32, 10240),
            (np.float32, 20000),
            (np.float32, 30001),
        ),
        *((np.float64, 5120), (np.float64, 8192), (np.float64, 16384)),
    ],
)
def test_long_rows(simulator, launches, monkeypatch, dtype, length, large_shared):
    if not large_shared:
        monkeypatch.setattr(simulator, "shared_limit", lambda: 64 * 1024)
    check_gradients(nn.layer_norm, arguments((2, length), dtype), dtype)
    assert len(launches) == 3


@pytest.mark.parametrize(
    ("dtype", "length", "count"),
    [
        *((np.float16, 10240, 2), (ml_dtypes.bfloat16, 12288, 2)),
        *((np.float32, 8192, 2), (np.float32, 12288, 1), (np.float64, 6144, 1)),
    ],
)
def test_multiprocessor_has_room_for_two_blocks(simulator, monkeypatch, dtype, length, count):
    """So it is forward; of two rows of more than 16 bits, there are not as many registers."""
    threads, launch = [], simulator.launch

    def launched(function, blocks, size, *rest):
        threads.append(size)
        launch(function, blocks, size, *rest)

    monkeypatch.setattr(simulator, "launch", launched)
    _, back = gg.pullback(nn.layer_norm, *map(host, arguments((2, length), dtype)))
    back(host(random(2, length, dtype=dtype)))
    assert max(threads[:count]) <= 512


@pytest.mark.parametrize("shape", [(150, 8), (70, 13), (60, 1024)])
def test_many_rows_for_each_block(simulator, launches, shape):
    """The gradients of weight and bias are sums over blocks, and over the rows of each."""
    check_gradients(nn.layer_norm, arguments(shape, np.float32), np.float32)
    assert launches[1] < shape[0]


@pytest.mark.parametrize("shape", [(150, 8), (30, 900)])
@pytest.mark.parametrize("schedule", range(4))
def test_each_order_gives_the_same_sums(simulator, schedule, shape):
    args = [host(x) for x in arguments(shape, np.float32)]
    dy = host(random(*shape, dtype=np.float32, seed=5))
    first = [numpy_of(dx).copy() for dx in gg.pullback(nn.layer_norm, *args)[1](dy)[1:]]
    simulator.schedule = schedule
    for dx, expected in zip(gg.pullback(nn.layer_norm, *args)[1](dy)[1:], first, strict=True):
        np.testing.assert_array_equal(numpy_of(dx), expected)


@every_dtype
def test_arrays_that_begin_anywhere(simulator, launches, dtype):
    for begin in range(2):
        x, w, b = (random(65, dtype=dtype, seed=i) for i in range(3))
        args = [host(a)[begin : begin + n] for a, n in ((x, 64), (w, 16), (b, 16))]
        expected = [wide(a)[begin : begin + n] for a, n in ((x, 64), (w, 16), (b, 16))]
        y = nn.layer_norm(args[0].reshape(4, 16), *args[1:])
        close(y, nn.layer_norm(expected[0].reshape(4, 16), *expected[1:]), dtype, 4)
    assert len(launches) == 2


def test_strided_arrays(simulator, launches):
    x, w, b = arguments((6, 10), np.float32)
    y, back = gg.pullback(nn.layer_norm, host(x.T.copy()).T, host(np.repeat(w, 2))[::2], host(b))
    expected, expected_back = gg.pullback(nn.layer_norm, wide(x), wide(w), wide(b))
    close(y, expected, np.float32)
    dy = random(10, 6, dtype=np.float32)
    for dx, dx_expected in zip(back(host(dy).T)[1:], expected_back(wide(dy).T)[1:], strict=True):
        close(dx, dx_expected, np.float32, 10)
    assert len(launches) == 3


@pytest.mark.parametrize(("weight", "bias"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("length", [7, 16, 2000])
def test_without_weight_or_bias(simulator, launches, weight, bias, length):
    args = arguments((3, length), np.float64, weight=weight, bias=bias)
    check_gradients(nn.layer_norm, args, np.float64)
    assert len(launches) == (3 if weight or bias else 2)


def test_what_has_no_gradient_is_not_computed(simulator, launches):
    x, w, b = arguments((5, 12), np.float64)
    expected = gg.pullback(nn.layer_norm, x, w, b)[1](x)[1:]
    for i in range(3):
        given = [host(a) for a in (x, w, b)]

        def f(a, i=i, given=given):
            return nn.layer_norm(*given[:i], a, *given[i + 1 :])

        _, back = gg.pullback(f, given[i])
        close(back(host(x))[1], expected[i], np.float64, 10)
    assert len(launches) == 2 + 3 + 3


@pytest.mark.parametrize("axis", [-1, 2, (1, 2), (-1, -2), (0, 1, 2)])
@pytest.mark.parametrize("centre", [True, False])
def test_last_axes(simulator, launches, axis, centre):
    def f(x):
        return nn.standardise(x, axis=axis, centre=centre)

    check_gradients(f, (random(3, 4, 6, dtype=np.float32),), np.float32)
    assert len(launches) == 2


@pytest.mark.parametrize("axis", [0, (0, 2), 1])
def test_other_axes_are_left_to_the_definition(simulator, axis):
    x = random(3, 4, 6)
    y, back = gg.pullback(lambda x: nn.standardise(x, axis=axis), host(x))
    expected, expected_back = gg.pullback(lambda x: nn.standardise(x, axis=axis), x)
    close(y, expected, np.float64)
    close(back(host(x))[1], expected_back(x)[1], np.float64)


def test_norms_of_groups_and_instances(simulator):
    x, w, b = random(2, 4, 3, 5), random(4), random(4)
    for f in (lambda *a: nn.group_norm(a[0], 2, *a[1:]), nn.instance_norm):
        close(f(host(x), host(w), host(b)), f(x, w, b), np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_extremes(simulator, dtype):
    """Equal values, large ones, ∞ and NaN: the kernels give what the rule of all arrays does."""
    x = random(8, 16, dtype=dtype)
    x[0] = 3
    x[1] = 0
    x[2] += 1e4
    x[3] *= 1e-18
    x[4, 3] = np.inf
    x[5, 2] = np.nan
    x[6] *= 1e15
    dy = random(8, 16, dtype=dtype, seed=1)
    for f in (nn.layer_norm, nn.rms_norm):
        y, back = gg.pullback(f, host(x))
        expected, expected_back = gg.pullback(f, wide(x))
        eps = np.finfo(dtype).eps
        y, dx = numpy_of(y), numpy_of(back(host(dy))[1])
        np.testing.assert_allclose(y, expected, rtol=1e5 * eps, atol=1e5 * eps)
        scale = np.abs(wide(expected_back(wide(dy))[1])).max(1, keepdims=True)
        dx_expected = expected_back(wide(dy))[1]
        np.testing.assert_allclose(dx / scale, dx_expected / scale, rtol=0, atol=2e5 * eps)


def test_squares_may_be_larger_than_float16(simulator):
    x = random(3, 40, dtype=np.float16) * np.float16(3000)
    for f in (nn.layer_norm, nn.rms_norm):
        close(f(host(x)), f(wide(x)), np.float16)


def test_empty_arrays(simulator):
    x, w, b = np.zeros((0, 4)), random(4), random(4)
    y, back = gg.pullback(nn.layer_norm, host(x), host(w), host(b))
    assert y.shape == (0, 4)
    shapes = [dx.shape for dx in back(y)[1:]]
    assert shapes == [(0, 4), (4,), (4,)]
    np.testing.assert_array_equal(numpy_of(back(y)[2]), np.zeros(4))


def test_second_derivatives_go_by_the_rule_of_all_arrays(simulator):
    args = arguments((3, 5), np.float64)

    def curvature(x, w, b):
        _, dx, dw, db = gg.pullback(nn.layer_norm, x, w, b)[1](x)
        return (x * dx).sum() + (w * dw).sum() + (b * db).sum()

    actual = gg.grad(curvature, argnums=(0, 1, 2))(*map(host, args))
    for dx, expected in zip(actual, gg.grad(curvature, argnums=(0, 1, 2))(*args), strict=True):
        close(dx, expected, np.float64, 10)


def test_recorded_sensitivity(simulator):
    x, w, b = arguments((3, 5), np.float64)

    def f(dy, x, w, b):
        _, dx, dw, _ = gg.pullback(nn.layer_norm, x, w, b)[1](dy)
        return (dy * dx).sum() + (w * dw).sum()

    given = random(3, 5, seed=4), x, w, b
    close(gg.grad(f)(*map(host, given)), gg.grad(f)(*given), np.float64, 10)


def test_forward_mode(simulator):
    args = arguments((3, 5), np.float64)
    tangents = tuple(map(np.cos, args))
    hosted = tuple(map(host, args)), tuple(map(host, tangents))
    y, dy = gg.pushforward(nn.layer_norm, *hosted)
    expected, expected_dy = gg.pushforward(nn.layer_norm, args, tangents)
    close(y, expected, np.float64)
    close(dy, expected_dy, np.float64, 10)


def test_arrays_of_several_types_are_left_to_the_definition(simulator):
    x, w, b = arguments((3, 5), np.float64)
    w = w.astype(np.float32)
    y, back = gg.pullback(nn.layer_norm, host(x), host(w), host(b))
    expected, expected_back = gg.pullback(nn.layer_norm, x, w, b)
    close(y, expected, np.float64)
    close(back(host(x))[2], expected_back(x)[2], np.float32)


def test_wrong_shapes(simulator):
    x, w, _ = map(host, arguments((3, 5), np.float32))
    with pytest.raises(ArgumentError, match="layer_norm: the weight has shape"):
        nn.layer_norm(x, w[:3])
    with pytest.raises(ArgumentError, match="rms_norm: the weight has shape"):
        gg.pullback(nn.rms_norm, x, w[:3])


@pytest.mark.parametrize("axis", [2, -3, (1, 1), (1, -1)])
def test_axes_that_there_are_not_are_refused_as_by_numpy(simulator, axis):
    with pytest.raises(ValueError, match=r"axis|axes"):
        nn.standardise(host(np.ones((2, 3), np.float32)), axis=axis)


def test_the_value_is_not_kept_for_the_pullback(simulator):
    values = []

    def f(x):
        y = nn.layer_norm(x)
        values.append(weakref.ref(y.value))
        return y + 1.0

    _, back = gg.pullback(f, host(np.ones((2, 3), np.float32)))
    assert values[0]() is None
    assert callable(back)
