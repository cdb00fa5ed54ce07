"""Optimisers, held against the papers' algorithms written out for one array."""

from collections import namedtuple
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, optim

OPTIMISERS = [
    optim.Descent(0.3),
    optim.Momentum(0.3),
    optim.Momentum(0.3, momentum=0.5),
    optim.Adam(),
    optim.Adam(0.3, betas=(0.5, 0.75), epsilon=0.1),
]

every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS, ids=repr)


# --- The papers' algorithms, as far as the step t, from the gradients g₁ … gₜ ----------------


def cauchy(optimiser, x, gradients):
    return x - optimiser.rate * sum(gradients)


def sutskever(optimiser, x, gradients):
    """Velocities unrolled: vₜ = -ε Σ μᵗ⁻ⁱ gᵢ."""
    steps = range(1, len(gradients) + 1)
    return x - optimiser.rate * sum(
        optimiser.momentum ** (t - i) * gradients[i - 1] for t in steps for i in range(1, t + 1)
    )


def kingma_and_ba(optimiser, x, gradients):
    """Algorithm 1, with the moments as the weighted sums of section 3."""
    beta1, beta2 = optimiser.betas
    for t in range(1, len(gradients) + 1):
        weighted = [(t - i, g) for i, g in enumerate(gradients[:t], start=1)]
        m = (1 - beta1) * sum(beta1**age * g for age, g in weighted)
        v = (1 - beta2) * sum(beta2**age * abs(g) ** 2 for age, g in weighted)
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        x = x - optimiser.rate * m_hat / (np.sqrt(v_hat) + optimiser.epsilon)
    return x


PAPERS = {optim.Descent: cauchy, optim.Momentum: sutskever, optim.Adam: kingma_and_ba}


def by_the_paper(optimiser, x, gradients):
    return PAPERS[type(optimiser)](optimiser, x, gradients)


def run(optimiser, model, gradients, state=None):
    """Return the model after an update with each gradient in turn."""
    for gradient in gradients:
        model, state = optimiser.update(model, gradient, state)
    return model


def normal(*shape, seed=0, count=None):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) if count is None else list(rng.normal(size=(count, *shape)))


# --- Steps -----------------------------------------------------------------------------------


@every_optimiser
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_updates_are_the_papers(optimiser, steps):
    x, gradients = normal(2, 3), normal(2, 3, seed=1, count=steps)
    expected = by_the_paper(optimiser, x, gradients)
    np.testing.assert_allclose(run(optimiser, x, gradients), expected, rtol=1e-12)


@every_optimiser
def test_numbers_are_parameters_too(optimiser):
    x = run(optimiser, 3.0, [1.0, -2.0, 0.5])
    assert type(x) is float
    assert x == pytest.approx(by_the_paper(optimiser, 3.0, [1.0, -2.0, 0.5]), rel=1e-12)


@every_optimiser
@pytest.mark.parametrize("make", [complex, lambda z: np.full((2, 3), z)], ids=["number", "array"])
def test_complex_parameters(optimiser, make):
    x, gradients = make(3 - 1j), [make(1 + 2j), make(-2 + 0.5j), make(0.5j)]
    stepped = run(optimiser, x, gradients)
    assert type(stepped) is type(x)
    np.testing.assert_allclose(stepped, by_the_paper(optimiser, x, gradients), rtol=1e-12)


@every_optimiser
def test_a_bowl_is_descended(optimiser):
    def bowl(x):
        return np.sum(np.array([1.0, 0.2]) * x**2)

    start = np.array([1.0, -1.0])
    x, state = start, optimiser.init(start)
    for _ in range(100):
        x, state = optimiser.update(x, gg.grad(bowl)(x), state)
    assert bowl(x) < 0.85 * bowl(start)


@every_optimiser
def test_rate_itself_has_a_gradient(optimiser):
    def after_two_steps(optimiser, x):
        return run(optimiser, x, [x, 2 * x])

    h = 1e-6
    nearby = [type(optimiser)(**(vars(optimiser) | {"rate": optimiser.rate + d})) for d in (h, -h)]
    slope = (after_two_steps(nearby[0], 3.0) - after_two_steps(nearby[1], 3.0)) / (2 * h)
    assert gg.grad(after_two_steps)(optimiser, 3.0).rate == pytest.approx(slope, rel=1e-6)


# --- States ----------------------------------------------------------------------------------


@every_optimiser
def test_no_state_is_a_fresh_start(optimiser):
    x, gradients = normal(3), normal(3, seed=1, count=3)
    fresh = run(optimiser, x, gradients, state=optimiser.init(x))
    np.testing.assert_array_equal(run(optimiser, x, gradients), fresh)


@every_optimiser
def test_state_is_a_structure_that_moves_to_a_device(optimiser):
    device = pytest.importorskip("array_api_strict").Device("device1")
    x, gradients = normal(3), normal(3, seed=1, count=4)
    expected = run(optimiser, x, gradients)

    x, state = optimiser.update(x, gradients[0], None)
    moved = nn.to_device((x, state, gradients[1:]), device)
    x, state, rest = moved
    x = run(optimiser, x, rest, state)
    assert x.device == device
    np.testing.assert_allclose(nn.to_device(x, "cpu"), expected, rtol=1e-14)


@pytest.mark.parametrize("optimiser", OPTIMISERS[1:], ids=repr)
@pytest.mark.parametrize("other", [np.ones(2), [np.ones(3), np.ones(3)], 1.0])
def test_state_of_another_model(optimiser, other):
    with pytest.raises(
        gg.GpugradError, match=r"update: the state is not one of this ndarray.*None"
    ):
        optimiser.update(np.ones(3), np.ones(3), optimiser.init(other))


# --- Structures ------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Layer:
    weight: Any
    name: str
    width: int


def structure(seed):
    return {
        "layers": [Layer(normal(2, 3, seed=seed), "first", 3), Layer(2.0, "second", 1)],
        "point": Point(normal(2, seed=seed + 1), (1.0, "fixed")),
        "labels": np.arange(3),
    }


def gradient_of_structure(seed):
    return {
        "layers": [gg.Tangent(weight=normal(2, 3, seed=seed), name=None, width=None), None],
        "point": Point(normal(2, seed=seed + 1), None),
        "labels": None,
    }


@every_optimiser
def test_any_structure_is_a_model(optimiser):
    model, gradients = structure(0), [gradient_of_structure(seed) for seed in (10, 20, 30)]
    new = run(optimiser, model, gradients)

    old_weight, weight_gradients = normal(2, 3), [normal(2, 3, seed=s) for s in (10, 20, 30)]
    expected = by_the_paper(optimiser, old_weight, weight_gradients)
    first, second = new["layers"]
    np.testing.assert_allclose(first.weight, expected, rtol=1e-12)
    assert (type(first), first.name, first.width) == (Layer, "first", 3)

    expected = by_the_paper(optimiser, normal(2, seed=1), [normal(2, seed=s) for s in (11, 21, 31)])
    np.testing.assert_allclose(new["point"].x, expected, rtol=1e-12)
    assert type(new["point"]) is Point

    # What has no gradient stays.
    assert second == model["layers"][1]
    assert new["point"].y == (1.0, "fixed")
    assert new["labels"] is model["labels"]


@every_optimiser
def test_no_gradient_at_all(optimiser):
    x = np.ones(3)
    stepped, state = optimiser.update({"x": x}, None, None)
    np.testing.assert_array_equal(stepped["x"], x)
    after, _ = optimiser.update(stepped, {"x": np.ones(3)}, state)
    assert not np.array_equal(after["x"], x)


@every_optimiser
def test_a_model_without_parameters(optimiser):
    assert optimiser.update({"name": "constant"}, None, None)[0] == {"name": "constant"}


@every_optimiser
def test_a_parameter_without_gradient_rests_with_its_moments(optimiser):
    """Two steps around a pause: what had no gradient did not move, nor did its velocity fade."""
    x, (first, second) = normal(3), normal(3, seed=1, count=2)
    once, state = optimiser.update({"x": x, "y": x}, {"x": first, "y": first}, None)
    paused, state = optimiser.update(once, {"x": None, "y": first}, state)
    np.testing.assert_array_equal(paused["x"], once["x"])
    resumed, _ = optimiser.update(paused, {"x": second, "y": None}, state)
    if not isinstance(optimiser, optim.Adam):  # whose count of steps is the whole model's
        expected = by_the_paper(optimiser, x, [first, second])
        np.testing.assert_allclose(resumed["x"], expected, rtol=1e-12)
    np.testing.assert_array_equal(resumed["y"], paused["y"])


BAD_GRADIENTS = [
    ([np.ones(3)], "expected a dict"),
    ({"weights": np.ones(3)}, "expected a dict with keys of"),
    ({"weight": np.ones(3), "bias": np.ones((1, 3))}, r"shape \(3,\), its gradient \(1, 3\)"),
    ({"weight": np.float64(1), "bias": None}, r"shape \(3,\), its gradient \(\)"),
    ({"weight": 1.0, "bias": None}, r"shape \(3,\), its gradient \(\)"),
]


@every_optimiser
@pytest.mark.parametrize(("gradient", "message"), BAD_GRADIENTS)
def test_gradient_of_another_model(optimiser, gradient, message):
    model = {"weight": np.ones(3), "bias": np.ones(3)}
    name = type(optimiser).__name__
    with pytest.raises(
        gg.GpugradError, match=rf"{name}.update: the gradient is not one of this dict: .*{message}"
    ):
        optimiser.update(model, gradient, None)


# --- Purity, data types, devices -------------------------------------------------------------


@every_optimiser
def test_nothing_is_written_to(optimiser):
    x, gradient = normal(3), normal(3, seed=1)
    _, state = optimiser.update(x, gradient, None)
    arrays = [x, gradient, *[a for a in leaves(state) if isinstance(a, np.ndarray)]]
    for array in arrays:
        array.flags.writeable = False
    copies = [array.copy() for array in arrays]

    first, _ = optimiser.update(x, gradient, state)
    again, _ = optimiser.update(x, gradient, state)
    np.testing.assert_array_equal(first, again)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not np.shares_memory(first, array)


def leaves(state):
    if isinstance(state, (tuple, list)):
        return [leaf for part in state for leaf in leaves(part)]
    return [state]


@every_optimiser
def test_optimisers_are_frozen(optimiser):
    with pytest.raises(FrozenInstanceError):
        optimiser.rate = 1.0


@every_optimiser
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1)], ids=["float", "float64"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_keep_their_dtype(optimiser, rate, dtype):
    optimiser = type(optimiser)(**(vars(optimiser) | {"rate": rate}))
    model = {"array": np.ones(3, dtype), "scalar": dtype(1), "number": 1.0}
    gradient = {"array": np.ones(3, dtype), "scalar": dtype(1), "number": 1.0}
    state = None
    for _ in range(3):
        model, state = optimiser.update(model, gradient, state)
    assert model["array"].dtype == model["scalar"].dtype == dtype
    assert type(model["number"]) is float
    for leaf in leaves(state):
        assert getattr(leaf, "dtype", None) in (None, dtype)
    assert [a.dtype for a in leaves(state) if np.shape(a)] in ([], [dtype], [dtype, dtype])


@every_optimiser
def test_arrays_stay_on_their_device(optimiser):
    strict = pytest.importorskip("array_api_strict")
    device = strict.Device("device1")
    x, gradients = normal(3), normal(3, seed=1, count=3)
    there = nn.to_device((x.astype(np.float32), [g.astype(np.float32) for g in gradients]), device)
    stepped = run(optimiser, *there)
    assert (stepped.device, stepped.dtype) == (device, strict.float32)
    expected = by_the_paper(optimiser, x, gradients)
    np.testing.assert_allclose(nn.to_device(stepped, "cpu"), expected, rtol=1e-5)


@every_optimiser
@pytest.mark.gpu
def test_updates_on_the_gpu(optimiser):
    cupy = pytest.importorskip("cupy")
    if nn.find_device("auto") != "cuda":
        pytest.skip("CuPy finds no device")
    x, gradients = normal(3), normal(3, seed=1, count=3)
    stepped = run(optimiser, *nn.to_device((x, gradients), "cuda"))
    assert isinstance(stepped, cupy.ndarray)
    expected = by_the_paper(optimiser, x, gradients)
    np.testing.assert_allclose(nn.to_device(stepped, "cpu"), expected, rtol=1e-12)


# --- Together --------------------------------------------------------------------------------


@every_optimiser
def test_a_network_learns(optimiser):
    rng = np.random.default_rng(0)
    model = nn.Chain(nn.Dense(2, 8, gg.tanh_act, rng=rng), nn.Dense(8, 1, rng=rng))
    x = rng.normal(size=(50, 2)).astype(np.float32)
    y = x[:, :1] * x[:, 1:]

    def loss(model):
        return gg.mse(model(x), y)

    before, state = loss(model), None
    for _ in range(100):
        model, state = optimiser.update(model, gg.grad(loss)(model), state)
    assert loss(model) < 0.9 * before
    assert model[0].weight.dtype == np.float32
