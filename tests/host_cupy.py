"""CuPy's arrays without a GPU: their memory is NumPy's, and NumPy computes what kernels would.

Everything up to the launch of a kernel is CuPy's own: its functions, their checks of types, and the
hooks by which a kernel asks its arguments to answer instead. It is these hooks that compute here.
"""

import numpy as np
import pytest

cupy = pytest.importorskip("cupy")


class HostArray(cupy.ndarray):
    """An array of CuPy's in the host's memory."""

    def __cupy_override_elementwise_kernel__(self, kernel, *args, **kwargs):
        for x in args:  # an array on a device has no hook, and so would not come first
            if not isinstance(x, cupy.ndarray) and hasattr(x, "level"):
                return x.__cupy_override_elementwise_kernel__(kernel, *args, **kwargs)
        return host(getattr(np, kernel.name.removeprefix("cupy_"))(*map(numpy_of, args), **kwargs))

    def astype(self, dtype, *_, **__):
        return host(numpy_of(self).astype(dtype))

    def copy(self, order="C"):
        return host(numpy_of(self))


def _method(name):
    return lambda self, *args, **kwargs: host(getattr(numpy_of(self), name)(*args, **kwargs))


for _name in ("argmax", "max", "mean", "min", "prod", "std", "sum", "var"):
    setattr(HostArray, _name, _method(_name))


def host(x):
    """Return a NumPy array as one of CuPy's in the host's memory."""
    x = np.array(x)
    memory = cupy.cuda.memory.UnownedMemory(x.ctypes.data, max(x.nbytes, 1), x, 0)
    return HostArray(x.shape, x.dtype, memptr=cupy.cuda.memory.MemoryPointer(memory, 0))


def numpy_of(array):
    """Return NumPy's view of such an array; all else as it is."""
    if not isinstance(array, cupy.ndarray):
        return array
    owner = array.data.mem._owner
    offset = array.data.ptr - owner.ctypes.data
    return np.ndarray(array.shape, array.dtype, owner.data, offset, array.strides)
