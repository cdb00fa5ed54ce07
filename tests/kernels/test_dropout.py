"""Dropout by a key: its random numbers, its shares, and that forward and backward agree."""

import math

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn
from gpugrad.errors import ArgumentError, DeviceError
from gpugrad.nn.functional import dropout as network
from gpugrad.nn.functional.randomness import philox
from gpugrad.testing import check_frule, check_rrule
from tests import host_memory

cupy = pytest.importorskip("cupy")
from tests.host_cupy import HostArray, host, numpy_of  # noqa: E402 (needs CuPy)

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
KEY = np.array([0xA4093822, 0x299F31D0], np.uint32)

# --- The generator ---------------------------------------------------------------------------


def philox_of_the_paper(counter, key):
    """Philox4x32-10 of one counter, by section 3 of the paper, in Python's integers."""
    words, (key0, key1) = list(counter), key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * words[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * words[2], 2**32)
        words = [high1 ^ words[1] ^ key0, low1, high0 ^ words[3] ^ key1, low0]
        key0, key1 = (key0 + 0x9E3779B9) % 2**32, (key1 + 0xBB67AE85) % 2**32
    return words


ONES = 0xFFFFFFFF
# From the file kat_vectors of Random123, the authors' own implementation.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONES,) * 4, (ONES,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_the_reference_of_these_tests_gives_the_known_answers(counter, key, words):
    assert " ".join(f"{word:08x}" for word in philox_of_the_paper(counter, key)) == words


@pytest.mark.parametrize("key", [(0, 0), (ONES, ONES), tuple(map(int, KEY))])
def test_words_are_philoxs(key):
    places = np.array([0, 1, 2, 1000, 2**32 - 1, 2**32, 2**40 + 7, 2**64 - 1], np.uint64)
    found = np.stack(philox(places, np.array(key, np.uint32)), axis=-1)
    counters = [(int(n) % 2**32, int(n) // 2**32, 0, 0) for n in places]
    np.testing.assert_array_equal(found, [philox_of_the_paper(c, key) for c in counters])


def mask(size, p, key=KEY):
    """Return which elements are kept, by the reference."""
    key = tuple(map(int, key))
    counters = [(n, 0, 0, 0) for n in range(-(-size // 4))]
    words = [word for c in counters for word in philox_of_the_paper(c, key)]
    return np.array(words[:size], np.uint64) >= round(p * 2**32)


# --- The kernel ------------------------------------------------------------------------------


@pytest.fixture
def key(simulator):
    return host(KEY)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(), (0,), (3, 0), (1,), (3,), (4,), (7, 9), (8,), (257,), (64, 100)]
)
def test_values(key, shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    y = network.dropped(host(x), key, 0.3)
    assert type(y) is HostArray
    assert (y.shape, y.dtype) == (shape, dtype)
    kept = mask(math.prod(shape), 0.3).reshape(shape)
    found = np.asarray(numpy_of(y), np.float64)
    expected = np.where(kept, np.asarray(x, np.float64) / 0.7, 0)
    np.testing.assert_array_equal(found == 0, ~kept)
    np.testing.assert_allclose(found, expected, rtol=float(ml_dtypes.finfo(dtype).eps))


@pytest.mark.parametrize("p", [0.0, 1e-12, 0.1, 0.5, 0.999, 1 - 1e-12])
def test_shares(key, p):
    y = numpy_of(network.dropped(host(np.ones(20000)), key, p))
    kept = y != 0
    np.testing.assert_array_equal(kept, mask(20000, p))
    assert np.mean(kept) == pytest.approx(1 - p, abs=4 * math.sqrt(p * (1 - p) / 20000) + 1e-9)
    np.testing.assert_allclose(y[kept], 1 / (1 - p), rtol=1e-15)


def test_a_word_at_the_threshold_is_kept(key):
    word = philox_of_the_paper((0, 0, 0, 0), tuple(map(int, KEY)))[0]
    for p, kept in ((word / 2**32, True), ((word + 1) / 2**32, False)):
        for y in (network.dropped(host(np.ones(5)), key, p), network.dropped(np.ones(5), KEY, p)):
            assert bool(numpy_of(y)[0]) is kept


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("start", [1, 2, 3])
def test_parts_of_arrays_are_dropped_as_whole_ones(key, dtype, start):
    """One element after another, since not aligned, is the same as vectors."""
    x = np.arange(1, 60).astype(dtype)
    y = network.dropped(host(x)[start:], key, 0.5)
    whole = network.dropped(host(x[start:]), key, 0.5)
    np.testing.assert_array_equal(numpy_of(y), numpy_of(whole))


def test_the_definition_is_the_kernel(key):
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(0).normal(size=(33, 7)).astype(dtype)
        y = network.dropped(host(x), key, 0.4)
        np.testing.assert_array_equal(numpy_of(y), network.dropped(x, KEY, 0.4))


def test_what_is_not_finite(key):
    """It is times 0 and 1/(1 − p), as on NumPy."""
    x = np.tile(np.array([np.inf, -np.inf, np.nan, -0.0], np.float32), 10)
    with np.errstate(invalid="ignore"):
        expected = network.dropped(x, KEY, 0.5)
    np.testing.assert_array_equal(numpy_of(network.dropped(host(x), key, 0.5)), expected)


@pytest.mark.parametrize("schedule", [1, 2, 3])
def test_order_of_warps_and_blocks(simulator, key, schedule):
    x = np.ones(13 * 1024 * 4 + 5, np.float32)  # more than all threads have at once
    first = numpy_of(network.dropped(host(x), key, 0.5))
    simulator.schedule = schedule
    np.testing.assert_array_equal(numpy_of(network.dropped(host(x), key, 0.5)), first)


def test_more_elements_than_threads(simulator, key, monkeypatch):
    monkeypatch.setattr(simulator, "processors", lambda: 1)
    monkeypatch.setattr("gpugrad.kernels.dropout.BLOCKS", 2)
    x = np.ones(3 * 2 * 256 * 4 + 5, np.float32)
    np.testing.assert_array_equal(
        numpy_of(network.dropped(host(x), key, 0.5)) != 0, mask(x.size, 0.5)
    )


def test_strided_arrays(key):
    x = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
    for part in (x.T, x[:, ::2], np.broadcast_to(x[:1], (5, 6))):
        y = network.dropped(host(np.ascontiguousarray(part)), key, 0.5)
        np.testing.assert_array_equal(numpy_of(y), network.dropped(part, KEY, 0.5))
    y = network.dropped(host(x).T, key, 0.5)
    np.testing.assert_array_equal(numpy_of(y), network.dropped(x.T, KEY, 0.5))


def test_complex_numbers_go_by_the_definition(key):
    x = np.arange(1, 50) * (1 + 2j)
    y = numpy_of(network.dropped(host(x), key, 0.5))
    np.testing.assert_array_equal(y, np.where(mask(49, 0.5), 2 * x, 0))


def test_array_of_another_device(simulator, key, monkeypatch):
    monkeypatch.setattr(simulator, "device", lambda: 1)
    with pytest.raises(DeviceError, match=r"dropped: an array is on device 0, .* is 1"):
        network.dropped(host(np.ones(3)), key, 0.5)


# --- Derivatives -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_has_the_mask_of_the_value(key, dtype):
    x = np.random.default_rng(0).normal(size=(9, 13)).astype(dtype)
    y, back = gg.pullback(lambda x: network.dropped(x, key, 0.5), host(x))
    _, dx = back(host(np.ones_like(x)))
    assert (type(dx), dx.dtype) == (HostArray, dtype)
    np.testing.assert_array_equal(numpy_of(dx) * x, numpy_of(y))
    _, again = back(host(np.ones_like(x)))
    np.testing.assert_array_equal(numpy_of(again), numpy_of(dx))


def test_sensitivities_of_other_forms(key):
    """A number that stands for all, and arrays that are broadcast or transposed."""
    kept = mask(24, 0.5).reshape(4, 6)
    x = np.random.default_rng(0).normal(size=(4, 6))
    _, back = gg.pullback(lambda x: network.dropped(x, key, 0.5), host(x))
    np.testing.assert_array_equal(numpy_of(back(1.0)[1]), 2.0 * kept)
    dy = np.random.default_rng(1).normal(size=(6, 4))
    np.testing.assert_array_equal(numpy_of(back(host(dy).T)[1]), 2 * dy.T * kept)
    gradient = gg.grad(lambda x: gg.xp.sum(network.dropped(x, key, 0.5)))(host(x))
    np.testing.assert_array_equal(numpy_of(gradient), 2.0 * kept)


def test_derivatives_of_derivatives_have_the_mask_too(key):
    def cubes(x, key):
        return gg.xp.sum(network.dropped(x * x * x, key, 0.5))

    def curvature(x, key):
        return gg.xp.sum(gg.grad(cubes)(x, key) * x)

    x = np.random.default_rng(0).normal(size=20)
    found = gg.grad(lambda x: curvature(x, key))(host(x))
    np.testing.assert_allclose(numpy_of(found), 2 * mask(20, 0.5) * 9 * x * x, rtol=1e-14)


def test_a_recorded_sensitivity_and_forward_mode(key):
    x, dx = np.random.default_rng(0).normal(size=(2, 15))
    _, back = gg.pullback(lambda x: network.dropped(x, key, 0.5), host(x))
    gradient = gg.grad(lambda dy: gg.xp.sum(back(dy)[1] * dy))(host(x))
    np.testing.assert_allclose(numpy_of(gradient), 4 * mask(15, 0.5) * x, rtol=1e-15)
    y, dy = gg.pushforward(lambda x: network.dropped(x, key, 0.5), (host(x),), (host(dx),))
    np.testing.assert_array_equal(numpy_of(y), 2 * x * mask(15, 0.5))
    np.testing.assert_array_equal(numpy_of(dy), 2 * dx * mask(15, 0.5))


def test_rules_on_numpy():
    x = np.random.default_rng(0).normal(size=(3, 5))
    check_rrule(network.dropped, x, KEY, 0.4)
    check_frule(network.dropped, x, KEY, 0.4)


# --- dropout(x, p, rng) ----------------------------------------------------------------------


class Generator:
    """A generator of CuPy's as far as dropout knows it."""

    __module__ = "cupy.random"

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.drawn = []

    def random(self, size, dtype=np.float64):
        self.drawn.append(size)
        return host(self.rng.random(size, dtype=dtype))


def test_a_key_is_all_that_is_drawn(simulator):
    x, rng = np.ones((64, 65), np.float32), Generator(0)
    y, back = gg.pullback(lambda x: nn.dropout(x, 0.3, rng), host(x))
    assert rng.drawn == [1]
    key = np.random.default_rng(0).random(1).view(np.uint32)
    kept = mask(x.size, 0.3, key).reshape(x.shape)
    np.testing.assert_array_equal(numpy_of(y) != 0, kept)
    np.testing.assert_array_equal(numpy_of(back(y)[1]) != 0, kept)
    assert rng.drawn == [1]


def test_no_mask_is_kept(simulator):
    def held():  # bytes; 0 where memory is not watched
        return sum(block.size for block in list(host_memory._blocks))

    x, rng = host(np.ones(10000)), Generator(0)
    before = held()
    y, back = gg.pullback(lambda x: nn.dropout(x, 0.5, rng), x)
    assert held() - before in (0, y.nbytes + 8)  # beside the value, a key
    back(y)


def test_each_call_draws_its_own_key(simulator):
    x, rng = host(np.ones(1000)), Generator(0)
    first, second = (numpy_of(nn.dropout(x, 0.5, rng)) for _ in range(2))
    assert 400 < np.sum(first != second) < 600
    again = numpy_of(nn.dropout(x, 0.5, Generator(0)))
    np.testing.assert_array_equal(again, first)


def test_all_axes_and_some(simulator):
    x, rng = host(np.ones((4, 5, 6))), Generator(0)
    y = numpy_of(nn.dropout(x, 0.5, rng, axis=(0, 1, -1)))
    np.testing.assert_array_equal(y, numpy_of(nn.dropout(x, 0.5, Generator(0))))
    y = numpy_of(nn.dropout(x, 0.5, rng, axis=(0, 1)))
    assert rng.drawn == [1, (4, 5, 1)]
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :, :1], y.shape))


def test_of_a_number_in_an_array(simulator):
    y = nn.dropout(host(np.ones(())), 0.5, Generator(0))
    assert y.shape == ()
    assert float(numpy_of(y)) in (0, 2)


def test_generator_of_another_library(simulator):
    with pytest.raises(ArgumentError, match=r"dropout: .*cupy\.random\.default_rng"):
        nn.dropout(host(np.ones(3)), 0.5, np.random.default_rng(0))
    with pytest.raises(ArgumentError, match=r"dropout: .*np\.random\.default_rng"):
        nn.dropout(np.ones(3), 0.5, Generator(0))


@pytest.mark.gpu
def test_on_the_gpu():
    if nn.find_device("auto") != "cuda":
        pytest.skip("CuPy finds no device")
    x = cupy.ones((1000, 1000), cupy.float32)
    y, back = gg.pullback(lambda x: nn.dropout(x, 0.3, cupy.random.default_rng(0)), x)
    _, dx = back(x)
    cupy.testing.assert_array_equal(dx, y)
    assert float((y == 0).mean()) == pytest.approx(0.3, abs=2e-3)
    _, dx = back(cupy.asfortranarray(x))
    cupy.testing.assert_array_equal(dx, y)
    z = nn.dropout(x.astype(complex), 0.3, cupy.random.default_rng(0))
    cupy.testing.assert_array_equal(z.real != 0, y != 0)
