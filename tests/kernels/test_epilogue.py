"""A bias and an activation in one kernel, and back, against the rules they are made of."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.kernels.device_functions import device_functions
from gpugrad.kernels.epilogue import epilogue
from gpugrad.nn.functional.dense import bias_activation
from gpugrad.rulebook.reverse import bind
from gpugrad.symbolic.expression import variables_in
from gpugrad.testing import check_frule, check_rrule
from tests.host_cupy import host, numpy_of
from tests.kernels.compiler import compiled, expressions, needs_nvrtc

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
ACTIVATIONS = [
    *(F.tanh, gg.relu, gg.sigmoid, gg.gelu_tanh, gg.gelu_erf, gg.swish, gg.leakyrelu, gg.elu),
]
FEW = [F.tanh, gg.swish]  # one keeps its value, the other its argument


def random(*shape, dtype=np.float32):
    return (2 * np.random.default_rng(0).normal(size=shape)).astype(dtype)


def reference(activation, z, bias, dy):
    """Return the value and the gradients in double precision."""
    z, bias, dy = (a.astype(float) for a in (z, bias, dy))
    y, back = gg.pullback(lambda z, b: activation(z + b), z, bias)
    return y, *back(dy)[1:]


def tolerance(dtype):
    """Return what a value of order 1 may err by: it is rounded once, and computed in float."""
    return float(max(2 * ml_dtypes.finfo(dtype).eps, 8e-6 if dtype != np.float64 else 1e-13))


def check(activation, z, bias, dy):
    dtype = z.dtype
    found = epilogue(activation)
    y = found(host(z), host(bias))
    dz, dbias = found.back(host(dy), found.kept(host(z), y), host(bias))
    expected = reference(activation, z, bias, dy)
    for actual, wanted in zip((y, dz, dbias), expected, strict=True):
        actual = numpy_of(actual)
        assert actual.dtype == dtype
        assert actual.shape == wanted.shape
        bound = tolerance(dtype) * max(1, np.sqrt(z.size // max(z.shape[-1], 1)))
        np.testing.assert_allclose(actual.astype(float), wanted, rtol=2 * bound, atol=4 * bound)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.name)
def test_activation(simulator, activation):
    check(activation, random(20, 8), random(8), random(20, 8)[::-1].copy())


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 33), (70, 8), (2, 3, 16), (5,)])
def test_each_type(simulator, activation, dtype, shape):
    z, bias, dy = random(*shape, dtype=dtype), random(shape[-1], dtype=dtype), random(*shape)
    check(activation, z, bias, dy[::-1].astype(dtype))


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
@pytest.mark.parametrize("width", [1, 2, 3, 10, 31, 33, 512])
@pytest.mark.parametrize("rows", [0, 1, 2, 300])
def test_shape(simulator, activation, rows, width):
    simulator.schedule = (rows + width) % 4
    check(activation, random(rows, width), random(width), random(rows, width)[::-1].copy())


def test_no_columns(simulator):
    check(F.tanh, random(3, 0), random(0), random(3, 0))


@pytest.mark.parametrize("place", range(3))
def test_array_that_begins_anywhere(simulator, place):
    arrays = [random(1 + 30 * 8), random(1 + 8), random(1 + 30 * 8)[::-1].copy()]
    starts = [1 if i == place else 0 for i in range(3)]
    shapes = [(30, 8), (8,), (30, 8)]
    z, bias, dy = (
        a[start : start + np.prod(shape)].reshape(shape)
        for a, start, shape in zip(arrays, starts, shapes, strict=True)
    )
    on_host = [
        host(a)[start : start + int(np.prod(shape))].reshape(shape)
        for a, start, shape in zip(arrays, starts, shapes, strict=True)
    ]
    found = epilogue(gg.swish)
    y = found(*on_host[:2])
    dz, dbias = found.back(on_host[2], on_host[0], on_host[1])
    for actual, wanted in zip((y, dz, dbias), reference(gg.swish, z, bias, dy), strict=True):
        np.testing.assert_allclose(numpy_of(actual), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.name)
def test_extreme_values(simulator, activation):
    edges = [0.0, -0.0, 1e-30, 1e4, -1e4, 3e38, -3e38, np.inf, -np.inf, np.nan]
    z = np.array([edges], np.float32)
    bias = np.zeros(len(edges), np.float32)
    y, back = gg.pullback(bias_activation, host(z), host(bias), activation)
    _, dz, _, _ = back(host(np.ones_like(z)))
    with np.errstate(all="ignore"):
        expected, expected_back = gg.pullback(activation, z.astype(float))
        slope = expected_back(np.ones_like(z, float))[1]
        expected = expected.astype(np.float32)
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-5, atol=1e-37)
    np.testing.assert_allclose(numpy_of(dz), slope, rtol=1e-5, atol=1e-6)


# --- What is kept, and what has no kernel ----------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.name)
def test_value_is_kept_alone_where_it_says_the_derivative(activation):
    rule = device_functions()[activation.path].rule
    assert epilogue(activation).from_value == ("x" not in variables_in([rule.partials[0]]))


@pytest.mark.parametrize("f", [gg.softmax, F.add, F.sum, F.where, lambda x: x, F.negative])
def test_function_that_is_no_activation_of_the_device(f):
    """The derivative of the last one is a number: there is nothing to gain."""
    assert epilogue(f) is None


@pytest.mark.parametrize(
    ("z", "bias"),
    [
        (random(4, 6), random(6).astype(np.float64)),
        (random(4, 6) + 0j, random(6) + 0j),
        (random(4, 6), random(1)),
        (random(4, 6), random(4, 6)),
        (random(4, 6).T, random(4)),
        (random(4, 12)[:, ::2], random(6)),
        (random(4, 6), random(12)[::2]),
    ],
)
def test_other_arrays_are_left_to_the_rules_it_is_made_of(simulator, monkeypatch, z, bias):
    monkeypatch.setattr("gpugrad.kernels.epilogue.new", None)
    views = [host(np.ascontiguousarray(a)) for a in (z, bias)]
    if z.strides[0] < z.strides[-1]:
        views[0] = host(np.ascontiguousarray(z.T)).T
    elif not z.flags.c_contiguous:
        views[0] = host(np.repeat(z, 2, axis=1))[:, ::2]
    if not bias.flags.c_contiguous:
        views[1] = host(np.repeat(bias, 2))[::2]
    y, back = gg.pullback(bias_activation, *views, F.tanh)
    expected, expected_back = gg.pullback(lambda z, b: F.tanh(z + b), z, bias)
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-5)
    for actual, wanted in zip(back(host(expected))[1:3], expected_back(expected)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(actual), wanted, rtol=1e-4, atol=1e-6)


# --- In layers -------------------------------------------------------------------------------


def layer(activation, weight, bias):
    dense = gg.nn.Dense(*weight.shape, activation)
    vars(dense).update(weight=weight, bias=bias)
    return dense


@pytest.mark.parametrize("activation", [*FEW, gg.leakyrelu, lambda x: x], ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(7, 40), (40,), (2, 5, 40)])
def test_layer(simulator, activation, shape):
    """Of more features than have a kernel for all of it."""
    x, bias, dy = random(*shape), random(4), random(*shape[:-1], 4)
    weight = random(40, 4) / 8
    y, back = gg.pullback(layer(activation, host(weight), host(bias)), host(x))
    dlayer, dx = back(host(dy))
    expected, expected_back = gg.pullback(
        layer(activation, weight.astype(float), bias.astype(float)), x.astype(float)
    )
    wanted, wanted_dx = expected_back(dy.astype(float))
    np.testing.assert_allclose(numpy_of(y), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numpy_of(dx), wanted_dx, rtol=1e-4, atol=1e-5)
    for name in ("weight", "bias"):
        np.testing.assert_allclose(numpy_of(dlayer[name]), wanted[name], rtol=1e-4, atol=1e-5)


def test_layer_on_the_tape_is_a_product_and_an_epilogue(simulator):
    dense = layer(F.tanh, host(random(33, 4)), host(random(4)))
    _, back = gg.pullback(dense, host(random(7, 33)))
    listing = str(back.tape)
    assert "matmul(x3, x1)" in listing
    assert "bias_activation(y1, x2, tanh)" in listing


def test_layer_outside_of_a_recording(simulator):
    x, weight, bias = random(7, 40), random(40, 4) / 8, random(4)
    y = layer(F.tanh, host(weight), host(bias))(host(x))
    np.testing.assert_allclose(numpy_of(y), np.tanh(x @ weight + bias), rtol=1e-5, atol=1e-6)


def test_layer_on_numpy_is_as_ever():
    dense = layer(F.tanh, random(3, 4), random(4))
    _, back = gg.pullback(dense, random(7, 3))
    assert "linear" in str(back.tape)


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_second_derivative_and_forward_mode(simulator, activation):
    x, weight, bias = random(7, 40), random(40, 4) / 8, random(4)

    def f(weight, bias, x):
        return F.sum(layer(activation, weight, bias)(x) ** 2)

    def directional(weight, bias, x, v):
        return F.sum(gg.grad(f)(weight, bias, x) * v)

    arrays = (weight, bias, x, weight[::-1].copy())
    expected = gg.grad(directional, argnums=(0, 1))(*(a.astype(float) for a in arrays))
    actual = gg.grad(directional, argnums=(0, 1))(*map(host, arrays))
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(numpy_of(a), b, rtol=1e-3, atol=1e-4)
    _, wanted = gg.pushforward(f, arrays[:3], arrays[:3])
    _, moved = gg.pushforward(f, tuple(map(host, arrays[:3])), tuple(map(host, arrays[:3])))
    np.testing.assert_allclose(numpy_of(moved), wanted, rtol=1e-4)


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_sensitivity_of_another_kind(simulator, activation):
    """Recorded, a number, of another data type, or strided."""
    z, bias, dy = random(6, 4), random(4), random(6, 4)[::-1].copy()
    _, expected_z, expected_bias = reference(activation, z, bias, dy)
    _, back = gg.pullback(bias_activation, host(z), host(bias), activation)
    wide = host(np.repeat(dy, 2, axis=1))[:, ::2]
    for given in (wide, host(dy)):
        _, dz, dbias, _ = back(given)
        np.testing.assert_allclose(numpy_of(dz), expected_z, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(numpy_of(dbias), expected_bias, rtol=1e-4, atol=1e-5)
    slope = reference(activation, z, bias, np.ones_like(z))[1]
    np.testing.assert_allclose(numpy_of(back(1.0)[1]), slope, rtol=1e-4, atol=1e-5)

    def through(dy):
        _, back = gg.rrule(bias_activation, host(z), host(bias), activation)
        _, dz, dbias, _ = back(dy)
        return F.sum(dz) + F.sum(dbias)

    moved = gg.grad(through)(host(dy))
    np.testing.assert_allclose(numpy_of(moved), 2 * slope, rtol=1e-4, atol=1e-5)
    _, back = bind(bias_activation, 3, (host(z), host(bias), activation))(
        host(z), host(bias), activation
    )
    _, dz, dbias, _ = back(host(dy.astype(np.float64)))
    assert dz.dtype == dbias.dtype == np.float32
    np.testing.assert_allclose(numpy_of(dz), expected_z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_rules_it_is_made_of(activation):
    """On NumPy's arrays: the rules beside the kernels, in both modes and to second order."""
    arrays = random(3, 4).astype(float), random(4).astype(float)
    check_rrule(bias_activation, *arrays, activation)
    check_frule(bias_activation, *arrays, activation)


@needs_nvrtc
@pytest.mark.parametrize("architecture", [75, 90, 120])
@pytest.mark.parametrize("activation", FEW, ids=lambda f: f.name)
def test_kernels_compile_without_spilling(activation, architecture):
    """They are made when an activation is first used, so that the test of all does not see them."""
    for kernel in (epilogue(activation).kernel, epilogue(activation).back_kernel):
        found = compiled(kernel.text(), expressions(kernel), architecture)
        assert found.log == ""
        assert not any(r.spill_stores or r.spill_loads for r in found.resources.values())
