"""What recording an operation costs the host on CuPy's arrays, up to CUDA's driver.

Run by `make bench`, on any machine: CuPy's arrays are of its own type and lie in the host's memory,
of which each gets the same piece, and a launch does nothing. By hand it is the same kernels, called
one after another, without a tape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from table import Figure

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.dispatch.kinds import CudaArray
from gpugrad.dispatch.primitive import implementation
from gpugrad.kernels import launch

cupy = pytest.importorskip("cupy")

from tests.host_cupy import allocate  # noqa: E402

TURNS = 3
CHAIN = 100
TANH = Figure("host's time of tanh on CuPy's arrays", per=CHAIN, below=9)
MULTIPLY = Figure("host's time of x * a on CuPy's arrays", per=CHAIN)


class Idle:
    """A driver with nothing behind it."""

    def device(self) -> int:
        return 0

    def enter(self) -> None:
        pass

    def processors(self) -> int:
        return 132

    def load(self, text: str, expression: str, *, large_shared: bool) -> int:
        return 1

    def launch(self, *_: Any) -> None:
        pass


@pytest.fixture
def array(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An array of CuPy's type."""
    memory = allocate(1 << 12)
    monkeypatch.setattr(launch, "driver", Idle())
    with cupy.cuda.using_allocator(lambda size: memory):
        yield cupy.ndarray((64,), np.float32)
    for kernel in launch.KERNELS:
        for instance in kernel.instances.values():
            instance.functions.clear()


def bent(x: Any) -> Any:
    for _ in range(CHAIN):
        x = xp.tanh(x)
    return x


def multiplied(x: Any, a: Any) -> Any:
    for _ in range(CHAIN):
        x = x * a
    return x


CASES = [(TANH, F.tanh, bent), (MULTIPLY, F.multiply, multiplied)]


@pytest.mark.parametrize(("figure", "f", "chain"), CASES, ids=["tanh", "multiply"])
@pytest.mark.parametrize("way", ["by hand", "gpugrad"])
@pytest.mark.parametrize("turn", range(TURNS))
def test_chain(
    measure: Any, array: Any, figure: Figure, f: Any, chain: Any, way: str, turn: int
) -> None:
    kernel: Any = implementation(f, CudaArray)
    launcher = kernel.operation.launcher(type(array), array.dtype)
    inputs = [array] * len(kernel.operation.inputs)
    options = {"a": array} if f is F.multiply else {}

    def by_hand() -> None:
        for _ in range(2 * CHAIN):  # forward and backward an array is made by one launch
            launcher(array.shape, array.size, *inputs)

    def recorded() -> None:
        _, back = gg.pullback(chain, array, **options)
        back(array)

    measure(figure, way, recorded if way == "gpugrad" else by_hand)
