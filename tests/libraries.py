"""The array libraries that functions are run on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Library:
    """An array library, and how arrays get there from NumPy and back."""

    name: str
    xp: Any
    array: Any
    device: Any
    to_numpy: Any

    def asarray(self, x):
        """Return a NumPy array as one of this library, not on the host where there is a choice."""
        return self.xp.asarray(np.array(x), device=self.device)

    def dtype(self, dtype):
        """Return this library's data type of a NumPy one."""
        return getattr(self.xp, np.dtype(dtype).name)


def strict_library():
    """array_api_strict, on a device from which it refuses to copy to the host."""
    strict = pytest.importorskip("array_api_strict")
    host = strict.Device("CPU_DEVICE")
    return Library(
        "strict",
        strict,
        type(strict.asarray(0.0)),
        strict.Device("device1"),
        lambda x: np.asarray(x.to_device(host)),
    )


def cupy_library():
    """CuPy, on the current device."""
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy finds no device")
    import array_api_compat.cupy as xp

    return Library("cupy", xp, cupy.ndarray, cupy.cuda.Device(), cupy.asnumpy)


def numpy_library():
    """NumPy."""
    return Library("numpy", np, np.ndarray, "cpu", np.asarray)
