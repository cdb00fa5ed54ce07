"""The device in these tests: a GPU. Where there is none, they skip."""

from types import SimpleNamespace

import pytest

from gpugrad import nn


@pytest.fixture
def gpu():
    """How arrays get to the device and back, and how waiting for it is refused."""
    cupy = pytest.importorskip("cupy")
    try:
        nn.find_device("cuda")
    except nn.DeviceError as error:
        pytest.skip(str(error))
    from cupyx import allow_synchronize

    return SimpleNamespace(
        cupy=cupy,
        array=cupy.asarray,
        numpy=cupy.asnumpy,
        without_waiting=lambda: allow_synchronize(False),
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
