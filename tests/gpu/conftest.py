"""The device in these tests: a GPU. Where there is none, they skip."""

from functools import partial
from types import SimpleNamespace

import pytest

from gpugrad import nn
from tests.gpu.capture import captured


@pytest.fixture
def gpu():
    """How arrays get to the device and back, and how a step is proven not to wait for it."""
    cupy = pytest.importorskip("cupy")
    try:
        nn.find_device("cuda")
    except nn.DeviceError as error:
        pytest.skip(str(error))
    return SimpleNamespace(
        cupy=cupy, array=cupy.asarray, numpy=cupy.asnumpy, captured=partial(captured, cupy)
    )


@pytest.fixture
def torch():
    """PyTorch, where it has a GPU."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no GPU")
    return torch
