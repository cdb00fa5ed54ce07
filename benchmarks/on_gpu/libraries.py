"""The libraries that are measured: how each takes the inputs, and how its time is taken.

A time is that of a batch of calls, one after another as in a training, divided by their number.
CuPy and PyTorch launch on their current streams, and two events of the same stream enclose the
batch. JAX has streams of its own and no events: there the host's clock runs from an idle device to
the last result being ready, and batches are long enough for that to weigh nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from on_gpu.works import Step, Work

Ways = dict[str, Callable[..., Step]]


def version_of(*distributions: str) -> str | None:
    """Return the version of the first of these distributions that is installed."""
    for name in distributions:
        with contextlib.suppress(PackageNotFoundError):
            return version(name)
    return None


class Library:
    """A library by whose means works are done. This one is NumPy, on the host."""

    name = "NumPy"
    xp: Any = np

    def ways(self, work: Work, *, compiled: bool) -> Ways:
        """Return the ways to do a work by name: the ordinary ones, or those that compile it."""
        return {} if compiled else {"gpugrad": work.gpugrad, "NumPy by hand": work.by_hand}

    def array(self, x: Any) -> Any:
        """Return an input as this library's array, sharing memory where that can be."""
        return x

    def result(self, y: Any) -> Any:
        """Return a result as an array of the library that made the inputs."""
        return y

    def batch(self, turn: Iterator[Step], count: int) -> float:
        """Return how many seconds so many steps take, one after another."""
        start = time.perf_counter()
        for _ in range(count):
            next(turn)()
        self.wait()
        return time.perf_counter() - start

    def wait(self) -> None:
        """Wait until the device is idle."""

    def free(self) -> None:
        """Give unused memory back."""

    @contextlib.contextmanager
    def precision(self, name: str) -> Iterator[None]:
        """Compute products of float32 in "float32" or in "tf32"; "default" leaves it be."""
        yield


class Cupy(Library):
    """gpugrad on CuPy's arrays, and CuPy by hand."""

    name = "CuPy"

    def __init__(self) -> None:
        import cupy

        self.xp = cupy
        self.start, self.end = cupy.cuda.Event(), cupy.cuda.Event()

    def ways(self, work: Work, *, compiled: bool) -> Ways:
        return {} if compiled else {"gpugrad": work.gpugrad, "CuPy by hand": work.by_hand}

    def batch(self, turn: Iterator[Step], count: int) -> float:
        self.start.record()
        for _ in range(count):
            next(turn)()
        self.end.record()
        self.end.synchronize()
        return self.xp.cuda.get_elapsed_time(self.start, self.end) / 1e3

    def wait(self) -> None:
        self.xp.cuda.runtime.deviceSynchronize()

    def free(self) -> None:
        self.xp.get_default_memory_pool().free_all_blocks()

    @contextlib.contextmanager
    def precision(self, name: str) -> Iterator[None]:
        from cupy._core import _routines_linalg as products

        if name != "tf32":
            yield
            return
        before = products.get_compute_type(np.float32)
        products.set_compute_type(np.float32, products.COMPUTE_TYPE_TF32)
        try:
            yield
        finally:
            products.set_compute_type(np.float32, before)

    def copy_bandwidth(self, size: int = 1 << 30, rounds: int = 25) -> float:
        """Return the bytes a second of a copy on the device, read and written ones together."""
        source = self.xp.random.default_rng(0).random(size // 8)
        target = self.xp.empty_like(source)

        def copy() -> list[Any]:
            target.data.copy_from_device_async(source.data, size, self.xp.cuda.get_current_stream())
            return []

        turn = itertools.repeat(copy)
        self.batch(turn, 5)
        return 2 * size / float(np.median([self.batch(turn, 1) for _ in range(rounds)]))


class Peer(Library):
    """A library that users might take instead."""

    distributions: tuple[str, ...] = ()

    @classmethod
    def missing(cls) -> str:
        """Return why it is left out, or nothing."""
        if version_of(*cls.distributions) is None:
            return f"not installed ({' or '.join(cls.distributions)})"
        return ""
