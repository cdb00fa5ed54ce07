"""CuPy's arrays without a GPU: their memory is the host's, and NumPy computes what kernels would.

Everything up to the launch of a kernel is CuPy's own: its functions and methods, their checks of
shapes and types, and what they refuse. Where CuPy has a hook, by which an argument may answer in
place of a kernel, these arrays compute by NumPy. What needs a device and has no hook raises one of
`NO_DEVICE`, and the method that was called, or the function (`tests.host_functions`), is NumPy's.
A user's ElementwiseKernel is computed by its own source: `tests.kernels` builds it for the host.

`watch` tells what a device would have been asked to do.
"""

import contextlib
import ctypes
import importlib
import math
import re
import sys
import types
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np
import pytest

from gpugrad.dispatch.kinds import CudaArray
from tests import host_memory

cupy = pytest.importorskip("cupy")


class Unhooked(Exception):
    """A kernel of CuPy's own would have been launched, in a function that NumPy then computes."""


NO_DEVICE = (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError, Unhooked)


class AbsentLibrary(types.ModuleType):
    """One of CUDA's libraries that is not installed: CuPy can import it, and not call it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name.isupper():  # a constant
            return 0

        def call(*_, **__):
            raise Unhooked(f"{self.__name__}.{name}")

        return call


for _package, _name in (
    *(("cupy_backends.cuda.libs", name) for name in ("cublas", "cusolver", "cusparse", "curand")),
    ("cupy.cuda", "cufft"),
):
    try:
        importlib.import_module(f"{_package}.{_name}")
    except ImportError:
        _library = AbsentLibrary(f"{_package}.{_name}")
        sys.modules[_library.__name__] = _library
        setattr(sys.modules[_package], _name, _library)


# --- What a device would do -----------------------------------------------------------------------


class Event(NamedTuple):
    """One thing that a device would be asked to do.

    Attributes:
        kind: "launch" of a kernel; "product", which cuBLAS computes; "upload" of an array; "wait",
            for a number to be read; "numpy" for a whole function, of which no more is known.
        name: of the kernel or function.
    """

    kind: str
    name: str


_watching = []


@contextlib.contextmanager
def watch():
    """Return a list that is filled with the events there are."""
    events = []
    _watching.append(events)
    try:
        yield events
    finally:
        _watching.remove(events)


def happened(kind, name):
    for events in _watching:
        events.append(Event(kind, name))


# --- Memory ---------------------------------------------------------------------------------------


class HostPointer(cupy.cuda.MemoryPointer):
    """A place in the host's memory, which CuPy takes for a device's."""

    def __add__(self, offset):
        return HostPointer(self.mem, self.ptr - self.mem.ptr + offset)

    def copy_from_device_async(self, source, size, stream=None):
        happened("launch", "copy")
        ctypes.memmove(self.ptr, source.ptr, size)

    def memset_async(self, value, size, stream=None):
        happened("launch", "memset")
        ctypes.memset(self.ptr, value, size)


def allocate(size):
    """Return so many bytes of the host's memory as CuPy holds memory of the current device."""
    block = host_memory.allocate(size)
    memory = cupy.cuda.memory.UnownedMemory(block.address, max(size, 1), block, HostDevice.current)
    return HostPointer(memory, 0)


class HostDevice(cupy.cuda.Device):
    """A device by its number, as far as CuPy's arrays tell which one they are on."""

    __module__ = "cupy.cuda.device"
    current = 0
    before: ClassVar = []

    def __enter__(self):
        HostDevice.before.append(HostDevice.current)
        HostDevice.current = self.id
        return self

    def __exit__(self, *_):
        HostDevice.current = HostDevice.before.pop()


def numpy_of(x):
    """Return NumPy's view of such an array, also in a list or a tuple; all else as it is."""
    if type(x) in (list, tuple):
        return type(x)(map(numpy_of, x))
    if not isinstance(x, cupy.ndarray):
        return x
    if x.size == 0:
        return np.empty(x.shape, x.dtype)
    block = x.data.mem._owner
    memory = (ctypes.c_char * max(block.size, 1)).from_address(block.address)
    memory.block = block  # the view keeps it
    return np.ndarray(x.shape, x.dtype, memory, x.data.ptr - block.address, x.strides)


OF_PLACES = {"cupy_arange", "cupy_linspace"}  # ufuncs that ask where an element is


# --- Arrays ---------------------------------------------------------------------------------------


class BareArray(cupy.ndarray):
    """An array of CuPy's in the host's memory."""

    def __new__(cls, shape, dtype=float, memptr=None, strides=None, order="C"):
        if memptr is None:
            memptr = allocate(math.prod(np.atleast_1d(shape).tolist()) * np.dtype(dtype).itemsize)
        return super().__new__(cls, shape, dtype, memptr, strides, order)

    @property
    def device(self):
        return HostDevice(self.data.device_id)

    # --- CuPy's hooks

    def __cupy_override_elementwise_kernel__(self, kernel, *args, **kwargs):
        for x in args:  # an array on a device has no hook, and so would not come first
            if not isinstance(x, cupy.ndarray) and hasattr(x, "level"):
                return x.__cupy_override_elementwise_kernel__(kernel, *args, **kwargs)
        check_arguments(kernel, args)
        is_ufunc = isinstance(kernel, cupy.ufunc)
        if kernel.name in OF_PLACES if is_ufunc else kernel.name.startswith("cupy"):
            raise Unhooked(kernel.name)
        happened("launch", kernel.name)
        if is_ufunc:
            f = partial(by_numpy, kernel, results_of(kernel, args, kwargs.pop("dtype", None)))
            return self.computed(f, kernel.nin, args, **kwargs)
        from tests.kernels.cupy_kernels import elementwise

        return self.computed(elementwise(kernel), kernel.nin, args, **kwargs)

    def __cupy_override_reduction_kernel__(self, kernel, axis, dtype, out, keepdims):
        name = re.sub("^cupy_|_with_dtype$|_complex_dtype$", "", kernel.name)
        if not hasattr(np, name):
            raise Unhooked(kernel.name)
        happened("launch", kernel.name)
        options = {"axis": axis, "keepdims": keepdims} | ({"dtype": dtype} if dtype else {})
        return self.computed(getattr(np, name), 1, (self,), out=out, **options)

    def computed(self, f, inputs, args, out=None, **kwargs):
        """Return what a function of NumPy's arrays returns; results may be given after inputs."""
        outs = args[inputs:] or (out if isinstance(out, tuple) else () if out is None else (out,))
        with np.errstate(all="ignore"):  # CuPy has no warnings
            y = f(*map(numpy_of, args[:inputs]), **kwargs)
        if not outs:
            return like(type(self), y)
        for place, value in zip(outs, y if isinstance(y, tuple) else (y,), strict=True):
            if not np.can_cast(value.dtype, place.dtype, "same_kind"):
                raise TypeError(f"output {value.dtype} could not be coerced to {place.dtype}")
            numpy_of(place)[...] = value
        return outs if isinstance(y, tuple) else outs[0]

    # --- Methods that would need a device

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if self.dtype == np.dtype(dtype) and not copy:
            return self
        happened("launch", "cupy_copy")
        return like(type(self), numpy_of(self).astype(dtype, order))

    def copy(self, order="C"):
        happened("launch", "cupy_copy")
        return like(type(self), numpy_of(self).copy(order))

    def get(self, *_, **__):
        happened("wait", "get")
        return numpy_of(self).copy()

    def __getitem__(self, index):
        if any(getattr(part, "dtype", None) == MASK for part in parts_of(index)):
            happened("wait", "getitem of a mask")  # for how many there are
        return first(type(self), cupy.ndarray.__getitem__, taken, (self, index))

    def __setitem__(self, index, value):
        if any(getattr(part, "dtype", None) == MASK for part in parts_of(index)):
            happened("wait", "setitem of a mask")
        first(type(self), cupy.ndarray.__setitem__, put, (self, index, value))

    def __matmul__(self, other):
        if hasattr(other, "level"):  # it is recorded, and answers
            return NotImplemented
        return cupy.matmul(self, other)

    def __rmatmul__(self, other):
        return cupy.matmul(other, self)


MASK = np.dtype(bool)


def taken(x, index):
    return x[index]


def put(x, index, value):
    x[index] = value


def parts_of(index):
    return index if isinstance(index, tuple) else (index,)


def _method(name):
    def method(self, *args, **kwargs):
        of_cupy = getattr(cupy.ndarray, name)
        return first(type(self), of_cupy, getattr(np.ndarray, name), (self, *args), kwargs)

    return method


_METHODS = ("all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "dot")
_METHODS += (
    "fill",
    "flatten",
    "max",
    "mean",
    "min",
    "nonzero",
    "prod",
    "ravel",
    "repeat",
    "reshape",
)
_METHODS += ("round", "sort", "std", "sum", "take", "trace", "var")
for _name in _METHODS:
    setattr(BareArray, _name, _method(_name))


class HostArray(BareArray):
    """One for which gpugrad has kernels."""


CudaArray.register(HostArray)


def first(kind, of_cupy, of_numpy, args, kwargs=None):
    """Return what CuPy's function does with arrays; from where it needs a device, NumPy's.

    Arrays that they make are of the given kind.
    """
    kwargs = kwargs or {}
    try:
        return hosted(of_cupy(*args, **kwargs), kind)
    except NO_DEVICE:
        pass
    except ImportError as error:
        if "shared object" not in str(error):
            raise
    happened("numpy", of_numpy.__name__)
    options = {key: numpy_of(value) for key, value in kwargs.items() if key != "device"}
    with np.errstate(all="ignore"):  # CuPy has no warnings
        y = of_numpy(*map(numpy_of, args), **options)
        if of_numpy.__name__ in ("dot", "matmul"):  # of bfloat16 NumPy's are float32
            y = y.astype(np.result_type(*(x.dtype for x in args)))
    return like(kind, y) if kwargs.get("out") is None else kwargs["out"]


def hosted(y, kind):
    """Return arrays that CuPy made, also in a list or a tuple, as ones of that kind."""
    if type(y) is cupy.ndarray:
        return kind(y.shape, y.dtype, y.data, y.strides)
    if isinstance(y, (list, tuple)):
        return rebuilt(y, [hosted(x, kind) for x in y])
    return y


def like(kind, y):
    """Return arrays that NumPy made, also in a list or a tuple, as ones of that kind."""
    if isinstance(y, (np.ndarray, np.generic)):
        return host(y, kind)
    if isinstance(y, (list, tuple)):
        return rebuilt(y, [like(kind, x) for x in y])
    return y


def rebuilt(sequence, items):
    kind = type(sequence)
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def host(x, kind=HostArray):
    """Return a NumPy array as one of CuPy's in the host's memory."""
    x = np.asarray(x)
    y = kind(x.shape, x.dtype, order="F" if x.flags.fnc else "C")
    numpy_of(y)[...] = x
    return y


def bare(x):
    """Return a NumPy array as one that gpugrad has no kernels for."""
    return host(x, BareArray)


def check_arguments(kernel, args):
    """Raise where CuPy does before it launches: for what is no array of its own, or elsewhere."""
    if len(args) > kernel.nin + kernel.nout:
        raise TypeError(f"Wrong number of arguments for {kernel.name!r}")
    for x in args:
        if isinstance(x, np.ndarray) and x.ndim:
            raise TypeError(f"Unsupported type {type(x)}")
        if isinstance(x, cupy.ndarray) and x.data.device_id != HostDevice.current:
            raise ValueError(f"Array device must be same as the current device: {x.device}")


def gives_way(types, weak):
    """Say whether Python's numbers among arguments leave the data type to the arrays, as CuPy does.

    They do not where they are of a higher kind: truth values, then integers, then all others.
    """

    def rank(kind):
        lower = (np.bool_, (np.integer, int))
        return next((i for i, kinds in enumerate(lower) if issubclass(kind, kinds)), len(lower))

    numbers = [rank(w) for w in weak if w]
    arrays = [rank(t.type) for t, w in zip(types, weak, strict=True) if not w]
    return bool(numbers and arrays) and max(arrays) >= max(numbers)


def results_of(kernel, args, dtype):
    """Return the data types of what a ufunc of CuPy's gives; raise TypeError where it refuses."""
    if dtype is not None:
        found = kernel._ops._guess_routine_from_dtype(np.dtype(dtype))
    else:
        inputs = args[: kernel.nin]
        weak = tuple(type(x) if type(x) in (bool, int, float, complex) else False for x in inputs)
        of_numbers = {bool: "?", int: "q", float: "d", complex: "D"}
        types = [
            np.dtype(of_numbers[w]) if w else x.dtype for x, w in zip(inputs, weak, strict=True)
        ]
        weak = weak if gives_way(types, weak) else (False,) * len(types)
        found = kernel._ops._guess_routine_from_in_types(tuple(types), weak)
    if found is None:
        raise TypeError(f"Wrong type of arguments for {kernel.name}")
    if found.error_func is not None:
        found.error_func()
    return found.out_types


def by_numpy(kernel, dtypes, *arrays, **kwargs):
    """Return what NumPy's or SciPy's function of a ufunc's name does, in these data types."""
    name = kernel.name.removeprefix("cupy_")
    if hasattr(np, name):
        f = getattr(np, name)
    else:
        special = pytest.importorskip("scipy.special")
        f = getattr(special, re.sub("^cupyx_scipy_(special_)?", "", name))
    results = f(*arrays, **kwargs)
    if kernel.nout == 1:
        return np.asarray(results).astype(dtypes[0])
    return tuple(np.asarray(y).astype(t) for y, t in zip(results, dtypes, strict=True))
