"""The device in these tests: the simulator, which runs kernels on arrays in the host's memory."""

import pytest

from gpugrad.kernels import launch
from tests.kernels.simulator import Simulator, missing


@pytest.fixture
def simulator(monkeypatch):
    """Let kernels run on the host, and CuPy's functions compute there."""
    pytest.importorskip("cupy")
    if missing():
        pytest.skip(missing())
    from tests.host_cupy import HostArray
    from tests.host_functions import cupy_on_host

    simulator = Simulator()
    monkeypatch.setattr(launch, "driver", simulator)
    forget()
    with cupy_on_host(HostArray):
        yield simulator
    forget()


@pytest.fixture
def launches(simulator, monkeypatch):
    """Return a list of what is launched: the numbers of blocks."""
    seen = []
    real = simulator.launch

    def launched(function, blocks, *rest):
        seen.append(blocks)
        real(function, blocks, *rest)

    monkeypatch.setattr(simulator, "launch", launched)
    return seen


def forget():
    """Forget the functions of another driver."""
    for kernel in launch.KERNELS:
        for instance in kernel.instances.values():
            instance.functions.clear()
