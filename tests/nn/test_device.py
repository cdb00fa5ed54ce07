"""Devices: where parameters start, and how models move."""

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn


def points(*shape, dtype=np.float64):
    return np.random.default_rng(7).normal(size=shape).astype(dtype)


def model(**options):
    rng = np.random.default_rng(0)
    return nn.Chain(nn.Dense(2, 3, gg.relu, rng=rng, **options), nn.Dense(3, 2, rng=rng, **options))


@pytest.fixture
def device():
    """A device from which array_api_strict refuses to copy to the host."""
    return pytest.importorskip("array_api_strict").Device("device1")


def test_model_starts_equal_on_every_device(device):
    there = model(device=device)
    assert there[0].weight.device == there[0].bias.device == device
    np.testing.assert_array_equal(nn.to_device(there, "cpu")[0].weight, model()[0].weight)


def test_training_stays_on_its_device(device):
    strict = pytest.importorskip("array_api_strict")
    there = model(device=device)
    x, labels = nn.to_device((points(5, 2, dtype=np.float32), np.array([0, 1, 1, 0, 1])), device)
    assert labels.dtype == strict.int64

    def loss(model):
        return gg.logit_cross_entropy(model(x), labels)

    value, gradient = gg.value_and_grad(loss)(there)
    assert value.device == device
    for layer in gradient.layers:
        assert layer.weight.device == layer.bias.device == device
        assert layer.weight.dtype == strict.float32


def test_to_device_moves_every_array_and_nothing_else(device):
    structure = {"model": model(), "labels": np.arange(3), "mask": np.ones(2, bool), "rate": 0.5}
    there = nn.to_device(structure, device)
    assert {there[name].device for name in ("labels", "mask")} == {device}
    assert there["model"][1].bias.device == device
    assert (there["rate"], there["model"][0].activation) == (0.5, gg.relu)
    back = nn.to_device(there, "cpu")
    np.testing.assert_array_equal(back["labels"], np.arange(3))
    np.testing.assert_array_equal(back["model"][0].weight, structure["model"][0].weight)


def test_to_device_moves_within_a_library(device):
    other = type(device)("device2")
    assert nn.to_device(nn.to_device(np.ones(3), device), other).device == other


def test_to_device_leaves_what_is_there():
    x = np.ones(3)
    assert nn.to_device(x, "cpu") is x


def test_to_device_is_not_differentiable():
    with pytest.raises(gg.GpugradError, match=r"to_device: no gradient.*then call pullback"):
        gg.pullback(lambda x: nn.to_device(x, "cpu"), np.ones(3))


def test_unknown_device():
    with pytest.raises(nn.DeviceError, match=r"'gpu'.*cpu, cuda, auto"):
        nn.find_device("gpu")


def test_a_machine_without_a_gpu_says_so(monkeypatch):
    monkeypatch.setattr(nn.device, "_cuda_obstacle", lambda: "there is no driver")
    assert nn.find_device("cpu") == nn.find_device("auto") == "cpu"
    with pytest.raises(nn.DeviceError, match=r"cuda: there is no driver\. Use the device cpu"):
        nn.to_device(np.ones(3), "cuda")


def test_without_cupy_the_message_says_what_to_install(monkeypatch):
    def no_cupy():
        raise ModuleNotFoundError("No module named 'cupy'")

    monkeypatch.setattr(nn.device, "cupy_library", no_cupy)
    assert "pip install 'gpugrad[cuda12x]'" in nn.device._cuda_obstacle.__wrapped__()


@pytest.mark.gpu
def test_model_goes_to_the_gpu_and_back():
    cupy = pytest.importorskip("cupy")
    if nn.find_device("auto") != "cuda":
        pytest.skip("CuPy finds no device")
    there = model(device="cuda")
    assert isinstance(there[0].weight, cupy.ndarray)
    x = points(5, 2, dtype=np.float32)
    y = there(nn.to_device(x, cupy.cuda.Device()))
    np.testing.assert_allclose(nn.to_device(y, "cpu"), model()(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(nn.to_device(there, "cpu")[0].weight, model()[0].weight)
