"""What is called first on a GPU, and for compute-sanitizer: as far as to the launches."""

from types import SimpleNamespace

import numpy as np
import pytest

from gpugrad.kernels import launch
from tests.gpu import cases, smoke
from tests.host_cupy import host
from tests.kernels.test_dropout import Generator

CUPY = SimpleNamespace(
    float32=np.float32,
    asarray=host,
    ones=lambda shape, dtype: host(np.ones(shape, dtype)),
    random=SimpleNamespace(default_rng=Generator),
    cuda=SimpleNamespace(
        set_allocator=lambda allocate: None,
        runtime=SimpleNamespace(deviceSynchronize=lambda: None),
    ),
)


@pytest.fixture
def launched(simulator, monkeypatch):
    """The names of the kernels that are launched; their results are left as they were."""
    seen = set()

    def launch_nothing(expression, *_):
        seen.add(expression.removeprefix("gpugrad::").partition("<")[0])

    monkeypatch.setattr(simulator, "load", lambda text, expression, **_: expression)
    monkeypatch.setattr(simulator, "launch", launch_nothing)
    monkeypatch.setattr(simulator, "multiply", lambda *_: None)
    with np.errstate(all="ignore"):
        yield seen


def test_every_kernel_is_launched(launched):
    for call in smoke.CALLS.values():
        call(CUPY)
    names = {kernel.name for kernel in launch.KERNELS}
    assert not names - launched, "add a Case to tests/gpu/cases.py that launches it"
    assert launched == names


def test_compute_sanitizer_sees_every_kernel(launched, capsys):
    assert cases.main(CUPY, seconds=60) == 0
    assert launched == {kernel.name for kernel in launch.KERNELS}
    *names, last = capsys.readouterr().out.splitlines()
    assert last == f"called {len(names)} of {len(names)}, failed: 0"


def test_no_call_is_begun_late(capsys):
    assert cases.main(CUPY, seconds=-1) == 0
    assert capsys.readouterr().out.startswith("called 0 of ")


def test_a_call_that_fails_does_not_keep_the_next_from_its_turn(monkeypatch, capsys):
    def fails(cupy):
        raise RuntimeError("cudaErrorLaunchFailure")

    calls = {"bad": fails, "good": lambda cupy: None}
    monkeypatch.setattr(cases, "calls", lambda *_: calls)
    assert cases.main(CUPY, seconds=60) == 1
    said = ["bad", "RuntimeError: cudaErrorLaunchFailure", "good", "called 2 of 2, failed: 1"]
    assert capsys.readouterr().out.splitlines() == said
