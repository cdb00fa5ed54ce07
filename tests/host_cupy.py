"""CuPy's arrays without a GPU: their memory is the host's, and NumPy computes what kernels would.

Everything up to the launch of a kernel is CuPy's own: its functions, their checks of types, and the
hooks by which a kernel asks its arguments to answer instead. It is these hooks that compute here.
A user's ElementwiseKernel is computed by its own source: `tests.device` builds it for the host.
"""

import ctypes
import functools
import math
import re
import types

import array_api_compat.numpy
import numpy as np
import pytest

from gpugrad.namespace import CudaArray
from tests import host_memory

cupy = pytest.importorskip("cupy")


class BareArray(cupy.ndarray):
    """An array of CuPy's in the host's memory, which answers its hooks and little more."""

    def __new__(cls, shape, dtype=float, memptr=None, strides=None, order="C"):
        if memptr is None:
            memptr = allocate(math.prod(np.atleast_1d(shape).tolist()) * np.dtype(dtype).itemsize)
        return super().__new__(cls, shape, dtype, memptr, strides, order)

    def __cupy_override_elementwise_kernel__(self, kernel, *args, **kwargs):
        for x in args:  # an array on a device has no hook, and so would not come first
            if not isinstance(x, cupy.ndarray) and hasattr(x, "level"):
                return x.__cupy_override_elementwise_kernel__(kernel, *args, **kwargs)
        if isinstance(kernel, cupy.ufunc):
            return self.computed(ufunc_of_numpy(kernel), kernel.nin, args, **kwargs)
        from tests.device.cupy_kernels import elementwise

        return self.computed(elementwise(kernel), kernel.nin, args, **kwargs)

    def computed(self, f, inputs, args, out=None, **kwargs):
        """Return what a function of NumPy's arrays returns; results may be given after inputs."""
        outs = args[inputs:] or (out if isinstance(out, tuple) else () if out is None else (out,))
        with np.errstate(all="ignore"):  # CuPy has no warnings
            y = f(*map(numpy_of, args[:inputs]), **kwargs)
        if not outs:
            return like(self, y)
        for place, value in zip(outs, y if isinstance(y, tuple) else (y,), strict=True):
            numpy_of(place)[...] = value
        return outs if isinstance(y, tuple) else outs[0]

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        same = self.dtype == np.dtype(dtype) and not copy
        return self if same else like(self, numpy_of(self).astype(dtype))


def ufunc_of_numpy(kernel):
    """Return NumPy's or SciPy's function that computes what a ufunc of CuPy's does."""
    name = kernel.name.removeprefix("cupy_")
    if hasattr(np, name):
        return getattr(np, name)
    special = pytest.importorskip("scipy.special")
    return getattr(special, re.sub("^cupyx_scipy_(special_)?", "", name))


def _method(name):
    def method(self, *args, out=None, **kwargs):
        y = getattr(numpy_of(self), name)(*map(numpy_of, args), **kwargs)
        return like(self, y) if out is None else written(out, y)

    return method


for _name in ("argmax", "copy", "max", "mean", "min", "prod", "std", "sum", "var"):
    setattr(BareArray, _name, _method(_name))


class HostArray(BareArray):
    """The same, with all methods that code for a device may call."""

    def __getitem__(self, index):
        if copies(index):
            return like(self, numpy_of(self)[indices(index)])
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        numpy_of(self)[indices(index)] = numpy_of(value)

    def __matmul__(self, other):
        if hasattr(other, "level"):  # it is recorded, and answers
            return NotImplemented
        return like(self, numpy_of(self) @ numpy_of(other))

    def __rmatmul__(self, other):
        return like(self, numpy_of(other) @ numpy_of(self))

    def reshape(self, *shape, order="C"):
        try:
            return super().reshape(*shape, order=order)
        except cupy.cuda.runtime.CUDARuntimeError:  # not without a copy
            return host(numpy_of(self).reshape(*shape, order=order))

    def get(self, *_, **__):
        return numpy_of(self).copy()


def copies(index):
    """Say whether an index takes a copy: whether there is an array or a list in it."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, (cupy.ndarray, np.ndarray, list)) for part in parts)


def indices(index):
    return tuple(map(numpy_of, index)) if isinstance(index, tuple) else numpy_of(index)


_METHODS = ("all", "any", "argmin", "argsort", "clip", "cumprod", "cumsum", "dot", "flatten")
for _name in (*_METHODS, "nonzero", "ravel", "repeat", "round", "sort", "take", "trace"):
    setattr(HostArray, _name, _method(_name))


def allocate(size):
    """Return so many bytes of the host's memory as CuPy holds memory."""
    block = host_memory.allocate(size)
    memory = cupy.cuda.memory.UnownedMemory(block.address, max(size, 1), block, 0)
    return cupy.cuda.memory.MemoryPointer(memory, 0)


CudaArray.register(HostArray)  # gpugrad has kernels for these


def host(x, kind=HostArray):
    """Return a NumPy array as one of CuPy's in the host's memory."""
    x = np.asarray(x)
    y = kind(x.shape, x.dtype)
    numpy_of(y)[...] = x
    return y


def bare(x):
    """Return a NumPy array as one that has CuPy's own methods where they need no kernel."""
    return host(x, BareArray)


def like(array, y):
    """Return NumPy's arrays among what a function returned as arrays of the kind of `array`."""
    if isinstance(y, (np.ndarray, np.generic)):
        return host(y, type(array))
    if isinstance(y, (tuple, list)) and any(isinstance(x, np.ndarray) for x in y):
        parts = [like(array, x) for x in y]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)
    return y


def written(out, y):
    numpy_of(out)[...] = y
    return out


def numpy_of(x):
    """Return NumPy's view of such an array, also in a list or a tuple; all else as it is."""
    if type(x) in (list, tuple):
        return type(x)(map(numpy_of, x))
    if not isinstance(x, cupy.ndarray):
        return x
    block = x.data.mem._owner
    memory = (ctypes.c_char * max(block.size, 1)).from_address(block.address)
    memory.block = block  # the view keeps it
    return np.ndarray(x.shape, x.dtype, memory, x.data.ptr - block.address, x.strides)


@functools.cache
def host_functions():
    """Return what NumPy computes on the host in place of CuPy: (module, name, function)."""
    compat = pytest.importorskip("array_api_compat.cupy")
    pairs = [(compat, array_api_compat.numpy), (cupy, np)]
    pairs += [(ours.linalg, theirs.linalg) for ours, theirs in pairs]
    return [
        (module, name, by_numpy(found, getattr(numpy_module, name)))
        for module, numpy_module in pairs
        for name, found in vars(module).items()
        if not isinstance(found, (type, types.ModuleType, cupy.ufunc))
        and not name.startswith("_")
        and callable(found)
        and callable(getattr(numpy_module, name, None))
    ]


def by_numpy(of_cupy, of_numpy):
    """Return NumPy's function on arrays in the host's memory; on recorded ones CuPy's."""

    @functools.wraps(of_cupy)
    def call(*args, out=None, **kwargs):
        if any(hasattr(x, "level") for x in args):
            return of_cupy(*args, **kwargs)
        kwargs = {key: numpy_of(value) for key, value in kwargs.items() if key != "device"}
        with np.errstate(all="ignore"):
            y = of_numpy(*map(numpy_of, args), **kwargs)
        return like(HOST, y) if out is None else written(out, y)

    return call


def scatter_add(out, index, values):
    """Add into an array at an index, which CuPy does by a kernel that asks nobody."""
    np.add.at(numpy_of(out), indices(index), numpy_of(values))
    return out


HOST = host(0.0)
