"""Steps of optimisers for many parameters at once, against the steps of one array after another."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad import optim
from gpugrad.dispatch.kinds import CudaArray
from gpugrad.dispatch.primitive import implementation
from gpugrad.errors import DeviceError
from gpugrad.kernels import optimisers
from gpugrad.kernels.optimisers import CHUNK, LINE, NUMBERS, ROWS, step_parameters
from gpugrad.optim import steps

cupy = pytest.importorskip("cupy")
from tests.host_cupy import HostArray, host, numpy_of  # noqa: E402 (needs CuPy)

OPTIMISERS = [
    optim.Descent(0.3),
    optim.Momentum(0.3, momentum=0.5),
    optim.Adam(0.3, betas=(0.5, 0.75), epsilon=0.1),
]
every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS, ids=repr)

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
SHAPES = [(), (0,), (1,), (2, 3), (5, 0), (129,), (CHUNK - 1,), (3, CHUNK), (7,), (2, CHUNK // 2)]


@pytest.fixture
def launches(simulator, monkeypatch):
    """Return a list of what is launched: data types and steps."""
    seen = []

    class Watched:
        def __getitem__(self, parameters):
            def launch(*args, **kwargs):
                seen.append(parameters)
                step_parameters[parameters](*args, **kwargs)

            return launch

    monkeypatch.setattr(optimisers, "step_parameters", Watched())
    return seen


def arrays(shapes, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def hosted(values):
    return [host(x) if isinstance(x, np.ndarray) else x for x in values]


def wide(values):
    return [np.asarray(x, np.float64) for x in values]


def run(optimiser, model, gradients, state=None):
    for gradient in gradients:
        model, state = optimiser.update(model, gradient, state)
    return model, state


def leaves(state):
    if isinstance(state, (tuple, list)):
        return [leaf for part in state for leaf in leaves(part)]
    return [state]


def moments_of(state):
    return [leaf for leaf in leaves(state) if hasattr(leaf, "shape")]


def assert_close(found, expected, dtype, steps):
    """Compare with a float64 computation: each of the steps rounds a few numbers of about 1."""
    ulp = float(ml_dtypes.finfo(dtype).eps)
    for x, y in zip(found, expected, strict=True):
        assert type(x) is HostArray
        assert x.dtype == dtype
        assert x.shape == y.shape
        x = np.asarray(numpy_of(x), np.float64)
        np.testing.assert_allclose(x, y, rtol=4 * steps * ulp, atol=4 * steps * ulp)


# --- Values ----------------------------------------------------------------------------------


@every_optimiser
@pytest.mark.parametrize("dtype", DTYPES)
def test_steps_are_those_of_each_array(launches, optimiser, dtype):
    x, gradients = arrays(SHAPES, dtype), [arrays(SHAPES, dtype, seed=s) for s in (1, 2)]
    expected, state = run(optimiser, wide(x), map(wide, gradients))
    found, found_state = run(optimiser, hosted(x), map(hosted, gradients))
    assert_close(found, expected, dtype, 2)
    assert_close(moments_of(found_state), moments_of(state), dtype, 2)
    assert len(launches) == 2


@every_optimiser
@pytest.mark.parametrize("count", [ROWS - 1, ROWS, ROWS + 1, 3 * ROWS])
def test_more_parameters_than_a_launch_has(launches, optimiser, count):
    shapes = [((97 * i + 1) % 801,) for i in range(count)]
    x, gradients = arrays(shapes, np.float32), arrays(shapes, np.float32, seed=1)
    found, _ = run(optimiser, hosted(x), [hosted(gradients)])
    assert_close(found, run(optimiser, wide(x), [wide(gradients)])[0], np.float32, 1)
    assert len(launches) == -(-count // ROWS)


@every_optimiser
@pytest.mark.parametrize("schedule", [1, 2, 3])
def test_order_of_warps_and_blocks(simulator, optimiser, schedule):
    shapes = [(1000,), (CHUNK,), (3,), (5, CHUNK)]
    x, g = hosted(arrays(shapes, np.float32)), hosted(arrays(shapes, np.float32, seed=1))
    first, _ = run(optimiser, x, [g])
    simulator.schedule = schedule
    again, _ = run(optimiser, x, [g])
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(numpy_of(a), numpy_of(b))


@every_optimiser
def test_float32_is_the_definition_to_the_bit_or_nearly(launches, optimiser):
    x, g = arrays(SHAPES, np.float32), arrays(SHAPES, np.float32, seed=1)
    found, _ = run(optimiser, hosted(x), [hosted(g)])
    for a, b in zip(found, run(optimiser, x, [g])[0], strict=True):
        np.testing.assert_array_max_ulp(numpy_of(a), b, 1) if a.size else None


@every_optimiser
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_extreme_numbers(simulator, optimiser, dtype):
    info = np.finfo(dtype)
    extremes = [0, -0.0, np.inf, -np.inf, np.nan, info.max / 4, info.tiny, info.tiny / 4, 1]
    x, g = (a.ravel().astype(dtype) for a in np.meshgrid(extremes, extremes))
    with np.errstate(all="ignore"):
        expected, _ = run(optimiser, x.astype(np.float64), [g.astype(np.float64)])
        found, _ = run(optimiser, host(x), [host(g)])
        if isinstance(optimiser, optim.Adam):  # the square overflows: the step is 0, not 0.3
            expected = np.where(np.isfinite(g) & (abs(g) > 1e19), x - 0.0 * g, expected)
        expected = expected.astype(dtype)
    tolerance = {"rtol": 4 * info.eps, "atol": 4 * info.tiny}
    np.testing.assert_allclose(numpy_of(found), expected, **tolerance)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_adam_of_16_bits_computes_in_float32(simulator, dtype):
    """The usual epsilon is 0 in float16, and a small square is, too: yet the step is finite."""
    g = np.array([0, 1e-6, 1e-3, 1], dtype)
    x, _ = run(optim.Adam(), host(np.ones(4, dtype)), [host(g)])
    expected, _ = run(optim.Adam(), np.ones(4), [g.astype(np.float64)])
    np.testing.assert_allclose(np.asarray(numpy_of(x), float), expected, rtol=1e-2)


# --- What is passed, and what comes back -----------------------------------------------------


@every_optimiser
def test_parts_of_arrays_of_any_alignment(launches, optimiser):
    whole, g = arrays([(40,), (40,)], np.float32)
    parts = [slice(start, start + n) for start in range(5) for n in (0, 1, 3, 8, 17)]
    x_host, g_host = host(whole), host(g)
    found, _ = run(optimiser, [x_host[p] for p in parts], [[g_host[p] for p in parts]])
    expected, _ = run(optimiser, [whole[p] for p in parts], [[g[p] for p in parts]])
    assert_close(found, wide(expected), np.float32, 1)
    assert len(launches) == 1


@every_optimiser
def test_strided_arrays(launches, optimiser):
    x, g = arrays([(6, 8), (6, 8)], np.float32)
    found, _ = run(optimiser, [host(x).T, host(x)[:, ::2]], [[host(g).T, host(g)[:, ::2]]])
    expected, _ = run(optimiser, [x.T, x[:, ::2]], [[g.T, g[:, ::2]]])
    assert_close(found, wide(expected), np.float32, 1)
    assert len(launches) == 1


@every_optimiser
def test_results_start_at_lines_of_one_buffer(launches, optimiser):
    x, g = (hosted(arrays([(1,), (3,), (100,)], np.float32, seed)) for seed in (0, 1))
    new, state = run(optimiser, x, [g])
    for group in (new, *(part for part in state or () if isinstance(part, tuple))):
        assert len({id(y.data.mem) for y in group}) == 1
        first = group[0].data.ptr
        assert [y.data.ptr - first for y in group] == [0, LINE, 2 * LINE]


@every_optimiser
def test_nothing_is_written_to(simulator, optimiser):
    x, g = (hosted(arrays([(5,), (300,)], np.float32, seed)) for seed in (0, 1))
    model, state = run(optimiser, x, [g])
    old = [y for y in leaves([x, g, model, state]) if isinstance(y, HostArray)]
    copies = [numpy_of(y).copy() for y in old]
    optimiser.update(model, g, state)
    for y, copy in zip(old, copies, strict=True):
        np.testing.assert_array_equal(numpy_of(y), copy)


@every_optimiser
def test_what_has_no_gradient_is_shared(launches, optimiser):
    x, g = (hosted(arrays([(5,), (6,), (7,)], np.float32, seed)) for seed in (0, 1))
    model, state = run(optimiser, x, [g])
    again, new_state = optimiser.update(model, [g[0], None, g[2]], state)
    assert again[1] is model[1]
    for new, old in zip(new_state or (), state or (), strict=True):
        if isinstance(new, tuple):
            assert new[1] is old[1]
            assert new[0] is not old[0]
    before = len(launches)
    unmoved, _ = optimiser.update(model, None, state)
    assert all(a is b for a, b in zip(unmoved, model, strict=True))
    assert len(launches) == before


@every_optimiser
def test_kinds_of_parameters_side_by_side(launches, optimiser):
    """Two data types of the kernel's, a complex array, a number, and a gradient of another type."""

    def model(seed):
        rng = np.random.default_rng(seed)
        return {
            "half": rng.normal(size=5).astype(np.float16),
            "single": rng.normal(size=(3, 4)).astype(np.float32),
            "complex": rng.normal(size=4) + 1j * rng.normal(size=4),
            "number": 2.0 + seed,
            "wider": rng.normal(size=3).astype(np.float32 if seed == 0 else np.float64),
            "double": rng.normal(size=3),
        }

    def on_device(model):
        return dict(zip(model, hosted(model.values()), strict=True))

    found, _ = run(optimiser, on_device(model(0)), [on_device(model(1))])
    expected, _ = run(optimiser, model(0), [model(1)])
    for name, y in expected.items():
        ulp = 1e-2 if name == "half" else 1e-6
        np.testing.assert_allclose(numpy_of(found[name]), y, rtol=ulp, err_msg=name)
        assert getattr(found[name], "dtype", float) == getattr(y, "dtype", float)
    assert len(launches) == 3


@every_optimiser
@pytest.mark.parametrize("rate", [np.float64(0.1), np.float32(0.1), 1])
def test_kinds_of_rates(launches, optimiser, rate):
    optimiser = type(optimiser)(**(vars(optimiser) | {"rate": rate}))
    x, g = arrays([(5,), (5,)], np.float32)
    found, _ = run(optimiser, host(x), [host(g)])
    assert_close([found], wide([run(optimiser, x, [g])[0]]), np.float32, 1)
    assert len(launches) == 1


def test_a_rate_on_the_device_is_not_waited_for(launches):
    x, g = (host(a) for a in arrays([(5,), (5,)], np.float32))
    found, _ = optim.Descent(host(np.float32(0.5))).update(x, g)
    np.testing.assert_array_equal(numpy_of(found), numpy_of(x) - np.float32(0.5) * numpy_of(g))
    assert not launches


def test_a_step_is_differentiated_by_its_definition(launches):
    x, g = arrays([(5,), (5,)], np.float64)

    def moved(x, g):
        return gg.xp.sum(run(OPTIMISERS[2], x, [g, g])[0] ** 2)

    expected = gg.grad(moved, argnums=(0, 1))(x, g)
    found = gg.grad(moved, argnums=(0, 1))(host(x), host(g))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(numpy_of(a), b, rtol=1e-12)
    assert not launches


@every_optimiser
def test_arrays_of_another_device(simulator, optimiser, monkeypatch):
    x, g = (host(a) for a in arrays([(5,), (5,)], np.float32))
    monkeypatch.setattr(simulator, "device", lambda: 1)
    name = type(optimiser).__name__
    with pytest.raises(DeviceError, match=rf"optim\.{name}: an array is on device 0, .* is 1"):
        optimiser.update(x, g, None if name == "Descent" else zeros(optimiser, x))


def zeros(optimiser, x):
    zero = host(np.zeros(x.shape, x.dtype))
    return (
        (zero,)
        if isinstance(optimiser, optim.Momentum)
        else optim.adam.AdamState((zero,), (zero,), 0)
    )


def test_arguments_are_few_enough_for_every_version_of_cuda():
    for name, numbers in NUMBERS.items():
        arrays_of_a_row = {"Descent": 2, "Momentum": 3, "Adam": 4}[name]
        slots = len(numbers) + arrays_of_a_row - 1 + 1 + ROWS * (arrays_of_a_row + 2)
        assert 8 * slots <= 4096
    assert "constexpr int ROWS = 80;" in step_parameters.text()
    assert ROWS == 80
    assert f"constexpr int CHUNK = {CHUNK};" in step_parameters.text()


def test_every_step_has_a_kernel():
    kernels = [implementation(f, CudaArray) for f in (steps.descent, steps.momentum, steps.adam)]
    names = {kernel.name for kernel in kernels}
    assert names == set(NUMBERS)
