"""CuPy's functions where gpugrad has its own: on CuPy's arrays in the host's memory."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp

cupy = pytest.importorskip("cupy")

from tests.host_cupy import BareArray, HostDevice, bare, numpy_of, watch  # noqa: E402
from tests.host_functions import cupy_on_host  # noqa: E402

X = np.random.default_rng(0).normal(size=(3, 4))


@pytest.fixture(autouse=True)
def _on_host():
    with cupy_on_host(BareArray):
        yield


BOUNDS = [(-0.5, 0.5), (None, 0.5), (-0.5, None), (None, None), (0.5, -0.5), (np.nan, 0.5)]


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("arrange", [lambda x: x, lambda x: x.T, lambda x: x[::2, 1:]])
def test_clip_neither_uploads_nor_waits(bounds, arrange):
    x = np.where(X > 1, np.nan, X)
    there = arrange(bare(x))
    with watch() as events:
        y = xp.clip(there, *bounds)
    assert [kind for kind, _ in events] == ["launch"] * max(2 - bounds.count(None), 1)
    np.testing.assert_array_equal(numpy_of(y), np.clip(arrange(x), *bounds))


def test_clip_takes_arrays_for_bounds_and_keeps_the_data_type():
    low, x = np.array([[-0.3], [0.0], [0.4]]), X.astype(np.float32)
    y = xp.clip(bare(x), bare(low), 1.0)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(numpy_of(y), np.clip(x, low, 1.0).astype(np.float32))


def test_clip_of_a_number_between_arrays():
    y = xp.clip(0.1, bare(X), bare(X + 1))
    np.testing.assert_array_equal(numpy_of(y), np.clip(0.1, X, X + 1))


def test_clip_of_integers_takes_bounds_beyond_their_type():
    x = np.array([0, 7, 255], np.uint8)
    np.testing.assert_array_equal(numpy_of(xp.clip(bare(x), -1, 300)), x)
    np.testing.assert_array_equal(numpy_of(xp.clip(bare(x), 1, 300)), [1, 7, 255])


def test_sign_is_one_kernel():
    x = np.array([-2.0, 0.0, np.nan, 3.0])
    with watch() as events:
        y = xp.sign(bare(x))
    assert events == [("launch", "cupy_sign")]
    np.testing.assert_array_equal(numpy_of(y), np.sign(x))
    z = np.array([3 + 4j, 0, -2j])
    np.testing.assert_allclose(numpy_of(xp.sign(bare(z))), np.sign(z))


@pytest.mark.parametrize("condition", [True, False])
def test_where_takes_one_of_pythons_booleans(condition):
    y = xp.where(condition, bare(X), 0.0)
    np.testing.assert_array_equal(numpy_of(y), X if condition else 0 * X)


@pytest.mark.parametrize("other", [-np.inf, 0, "array"])
def test_where_of_bfloat16_stays_such(other):
    x = X.astype(pytest.importorskip("ml_dtypes").bfloat16)
    beside = bare(x[::-1].copy()) if other == "array" else other
    y = xp.where(bare(X > 0), bare(x), beside)
    assert y.dtype == x.dtype
    expected = np.where(
        X > 0, x.astype(float), x[::-1].astype(float) if other == "array" else other
    )
    np.testing.assert_array_equal(numpy_of(y).astype(float), expected)


@pytest.mark.parametrize("index", [np.array([2, 0, 2]), (slice(None), np.array([1, 1]))], ids=str)
@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "float16", "float32", "complex64"])
def test_scatter_adds_in_every_data_type(dtype, index):
    x = (10 * X).astype(dtype)
    expected = np.zeros_like(x)
    np.add.at(expected, index, x[index])
    there = (index[0], bare(index[1])) if isinstance(index, tuple) else bare(index)
    y = F.scatter_add(bare(x[index]), there, x.shape)
    assert y.dtype == dtype
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-3)


def test_scattered_integers_do_not_lose_digits():
    x = np.array([2**24 + 1, 1, 2**24 + 1])
    y = F.scatter_add(bare(x), bare(np.array([0, 1, 0])), (2,))
    np.testing.assert_array_equal(numpy_of(y), [2**25 + 2, 1])
    small = F.scatter_add(bare(np.full(3, 100, np.int16)), bare(np.array([0, 1, 0])), (2,))
    np.testing.assert_array_equal(numpy_of(small), [200, 100])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_scatter_takes_the_maximum_in_every_floating_data_type(dtype):
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    x, index = X.astype(dtype), np.array([1, 0, 1])
    y = gg.nn.scatter("max", bare(x), bare(index), 2)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(numpy_of(y), [x[1], np.maximum(x[0], x[2])])


@pytest.mark.parametrize("condition", [X > 0, X[0] > 0, X > 9], ids=["some", "row", "none"])
def test_where_without_choices_says_where(condition):
    found = xp.where(bare(condition))
    for places, expected in zip(found, np.where(condition), strict=True):
        np.testing.assert_array_equal(numpy_of(places), expected)


def test_gradients_of_complex_elements_are_collected():
    z = X + 1j * X[::-1]
    index = np.array([2, 0, 2])
    expected = gg.grad(lambda z: xp.sum(abs(z[index]) ** 2))(z)
    actual = gg.grad(lambda z: xp.sum(abs(z[bare(index)]) ** 2))(bare(z))
    np.testing.assert_allclose(numpy_of(actual), expected)


def test_arrays_are_created_on_the_device_that_is_asked_for():
    device = HostDevice(1)
    made = [f(3, device=device) for f in (xp.zeros, xp.ones, xp.empty, xp.arange, xp.eye)]
    made += [xp.full((2, 2), 1.5, device=device), xp.linspace(0, 1, 3, device=device)]
    assert [y.device for y in made] == [device] * len(made)
    assert xp.zeros(3, device=HostDevice(0)).device == HostDevice(0)


def test_a_sensitivity_is_on_the_device_of_the_value():
    seen = []

    @gg.primitive
    def kept(x):
        return x.copy()

    gg.rrule.register(kept)(lambda f, x: (x.copy(), lambda dy: (None, seen.append(dy) or dy)))
    with HostDevice(1):
        _, back = gg.pullback(kept, bare(X))
    back(1.0)
    assert seen[0].device == HostDevice(1)
    np.testing.assert_array_equal(numpy_of(seen[0]), np.ones_like(X))


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("jv", r"special\.jv.*special\.j0 and j1.*cupy\.asnumpy"),
        ("kve", r"special\.kve.*cupy\.asnumpy"),
        ("fresnel", r"special\.fresnel.*cupy\.asnumpy"),
    ],
)
def test_what_cupy_lacks_says_what_to_do(name, match):
    f = getattr(xp.special, name)
    with pytest.raises(gg.GpugradError, match=match):
        f(1, bare(X)) if name != "fresnel" else f(bare(X))


def test_a_type_that_cupy_refuses_says_what_to_do():
    with pytest.raises(gg.GpugradError, match=r"special\.erf: CuPy says .*cupy\.asnumpy"):
        gg.grad(lambda z: xp.real(xp.sum(xp.special.erf(z))))(bare(X + 1j))
