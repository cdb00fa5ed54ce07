"""The device in these tests: the simulator, which runs kernels on arrays in the host's memory."""

import pytest

from gpugrad import namespace
from gpugrad.kernels import launch
from gpugrad.primitive import BY_NAME
from tests.device.simulator import Simulator, missing


@pytest.fixture
def simulator(monkeypatch):
    """Let kernels run on the host, and CuPy's functions compute there."""
    cupy = pytest.importorskip("cupy")
    if missing():
        pytest.skip(missing())
    from tests.host_cupy import allocate, host_functions, scatter_add

    simulator = Simulator()
    monkeypatch.setattr(launch, "driver", simulator)
    for module, name, function in host_functions():
        monkeypatch.setattr(module, name, function)
    monkeypatch.setattr(namespace.cupy_library(), "scatter_add", scatter_add)
    forget()
    with cupy.cuda.using_allocator(allocate):
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
    """Forget what was found for CuPy's arrays, and the functions of another driver."""
    for kernel in launch.KERNELS:
        for instance in kernel.instances.values():
            instance.functions.clear()
    for primitive in BY_NAME.values():
        primitive.by_library.pop(namespace.cupy_library(), None)
        for key in list(primitive.implementations):
            kinds = key if isinstance(key, tuple) else (key,)
            if any(issubclass(kind, namespace.CudaArray) for kind in kinds):
                del primitive.implementations[key]
