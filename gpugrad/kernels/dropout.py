"""Dropout on CuPy's arrays, forward and backward: one pass over the array, and no mask."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.kinds import Array, CudaArray
from gpugrad.kernels import launch
from gpugrad.kernels.launch import C_TYPES, Kernel, contiguous, new

THREADS = 256
BLOCKS = 16  # of a processor: some to run, and some to follow as these end

dropped_kernel = Kernel("dropped", "dropout.cu")


def threshold(p: float) -> int:
    """Return how many of the 2³² words are below a share p of them: elements with these are 0."""
    return round(p * 2**32)


def dropped(x: Array, key: Any, p: float) -> Any:
    """Return what `nn.functional.dropout.dropped` returns, or NotImplemented."""
    if not issubclass(type(x), CudaArray) or x.dtype.name not in C_TYPES:
        return NotImplemented
    x = contiguous(x)
    y = new(x, x.shape)
    group = max(4, 16 // x.dtype.itemsize)  # elements of a thread, as in cuda_kernels/dropout.cu
    blocks = min(-(-x.size // (group * THREADS)), BLOCKS * launch.driver.processors())
    arguments = (x, key, y, x.size, threshold(p), 1 / (1 - float(p)))
    dropped_kernel[x.dtype](blocks, THREADS, arguments)
    return y
