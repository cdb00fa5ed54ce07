"""On a GPU: CuPy's own functions are recorded, and nothing waits or leaves the device."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn, xp
from tests.gpu.capture import captured

pytestmark = pytest.mark.gpu
cupy = pytest.importorskip("cupy")


@pytest.fixture(scope="module", autouse=True)
def _gpu():
    try:
        nn.find_device("cuda")
    except nn.DeviceError as error:
        pytest.skip(str(error))


X = np.random.default_rng(0).normal(size=(3, 4))

PROGRAMS = [
    lambda np, x: np.sum(np.exp(x) * np.sin(x)),
    lambda np, x: np.mean(np.tanh(x) + 2.0 * x, axis=0).sum(),
    lambda np, x: np.max(x, axis=1).sum() + np.var(x) + np.std(x, axis=0).sum(),
    lambda np, x: np.sum(np.maximum(x, 0.1) ** 2 / (1 + np.abs(x))),
    lambda np, x: np.sum(np.where(x > 0, x, 0.0) * np.clip(x, -0.5, 0.5)),
    lambda np, x: np.sum(np.reshape(x, (4, 3)) @ x),
    lambda np, x: np.sum(np.asarray(X) @ x.T),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_cupys_own_functions_are_recorded(program):
    expected = gg.grad(lambda x: program(np, x))(X)
    gradient = gg.grad(lambda x: program(cupy, x))(cupy.asarray(X))
    assert isinstance(gradient, cupy.ndarray)
    np.testing.assert_allclose(gradient.get(), expected, rtol=1e-12, atol=1e-12)


UNHOOKED = [
    lambda np, x: np.matmul(x, np.concatenate([x, x], axis=0).T).sum(),
    lambda np, x: np.sum(np.stack([x, x * x]) * np.expand_dims(np.broadcast_to(x[0], (3, 4)), 0)),
    lambda np, x: np.einsum("ij,kj->", x, np.asarray(X)) + np.tensordot(x, x),
    lambda np, x: np.sum(np.cumsum(x, axis=0) * np.sort(x, axis=1)),
    lambda np, x: np.linalg.norm(np.linalg.solve(x @ x.T, np.asarray(X))),
    lambda np, x: np.sum(np.linalg.inv(x @ x.T)) + np.linalg.slogdet(x @ x.T)[1],
    lambda np, x: np.sum(np.abs(np.fft.fft(x)) ** 2) + np.sum(np.fft.rfft(x).real),
    lambda np, x: np.sum(np.vstack((x, np.roll(x, 1, axis=0))) ** 2) + np.trace(np.dot(x, x.T)),
]


@pytest.mark.parametrize("program", UNHOOKED)
def test_the_patch_records_cupys_other_functions(program):
    expected = gg.grad(lambda x: program(np, x))(X)
    with pytest.raises(gg.GpugradError, match=r"xp\."):
        gg.grad(lambda x: program(cupy, x))(cupy.asarray(X))
    matmul = cupy.matmul
    with gg.patch_cupy():
        gradient = gg.grad(lambda x: program(cupy, x))(cupy.asarray(X))
    assert cupy.matmul is matmul
    assert isinstance(gradient, cupy.ndarray)
    np.testing.assert_allclose(gradient.get(), expected, rtol=1e-9, atol=1e-9)


def test_a_kernel_of_the_users_own_takes_a_rule():
    square = cupy.ElementwiseKernel("T x", "T y", "y = x * x", "square")
    gg.rrule.register(square)(lambda f, x: (square(x), lambda dy: (None, 2.0 * dy * x)))
    gradient = gg.grad(lambda x: cupy.sum(square(x) * x))(cupy.asarray(X))
    np.testing.assert_allclose(gradient.get(), 3 * X**2, rtol=1e-12)


def test_a_step_of_training_neither_waits_nor_copies():
    rng = np.random.default_rng(0)
    model = nn.Chain(nn.Dense(4, 8, gg.relu, rng=rng), nn.Dense(8, 2, rng=rng))
    labels = np.array([0, 1, 1])
    batch = (model, X.astype(np.float32), labels)

    def step(model, x, labels):
        _, back = gg.pullback(lambda m, x, y: gg.logit_cross_entropy(m(x), y), model, x, labels)
        _, gradient, _, _ = back(1.0)
        return gradient, gg.optim.Adam().update(model, gradient, None)

    there = nn.to_device(batch, "cuda")
    gradient, _ = captured(cupy, lambda: step(*there))
    expected, _ = step(*batch)
    weight = gradient.layers[0].weight
    assert weight.dtype == np.float32
    near = expected.layers[0].weight
    np.testing.assert_allclose(weight.get(), near, rtol=1e-5, atol=1e-6)


def test_numpy_and_cupy_do_not_mix():
    with pytest.raises(gg.GpugradError, match=r"NumPy and CuPy|CuPy and NumPy"):
        gg.grad(lambda x: xp.sum(x * X))(cupy.asarray(X))
