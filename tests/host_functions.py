"""CuPy's functions without a GPU: CuPy's own, as far as they go without a device, then NumPy's.

So what CuPy refuses is refused here: arguments that it does not take, shapes, a function that it
does not have. Where a device would be needed, the whole function is NumPy's instead.
"""

import contextlib
import functools
import importlib
import types

import array_api_compat.cupy as compat
import array_api_compat.numpy
import numpy as np
import pytest
from cupy._core import get_routine_accelerators, set_routine_accelerators

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.primitive import BY_NAME
from tests.host_cupy import allocate, cupy, first, happened, numpy_of

UPLOADS = {"array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray"}


@contextlib.contextmanager
def cupy_on_host(kind):
    """Let CuPy's functions compute in the host's memory; arrays that they make are of that kind."""
    if cupy.cuda.is_available():
        pytest.skip(
            "a GPU would be given addresses of the host's memory: set CUDA_VISIBLE_DEVICES="
        )
    with pytest.MonkeyPatch.context() as patch, cupy.cuda.using_allocator(allocate):
        for module, name, function in host_functions(kind):
            patch.setattr(module, name, function)
        library = cupy_library()
        patch.setattr(library.functions, "combine_at", combine_at)
        accelerators = get_routine_accelerators()
        set_routine_accelerators([])  # what is left asks its arguments
        forget()
        yield
        set_routine_accelerators(accelerators)
    forget()


def forget():
    """Forget which functions of CuPy's compute the primitives."""
    for primitive in BY_NAME.values():
        primitive.by_library.pop(cupy_library(), None)
        for key in list(primitive.implementations):
            kinds = (key,) if isinstance(key, type) else key
            if any(issubclass(kind, cupy.ndarray) for kind in kinds):
                del primitive.implementations[key]


def modules():
    """Return the modules of CuPy's functions, each with NumPy's or SciPy's of the same names."""
    pairs = [(compat, array_api_compat.numpy), (cupy, np)]
    pairs += [
        (getattr(ours, part), getattr(theirs, part))
        for ours, theirs in pairs
        for part in ("linalg", "fft")
    ]
    for part in ("linalg", "special"):
        pairs.append(
            [importlib.import_module(f"{root}.{part}") for root in ("cupyx.scipy", "scipy")]
        )
    return pairs


@functools.cache
def host_functions(kind):
    """Return what there is to put in CuPy's place: (module, name, function).

    Arrays that the functions make are of the given kind.
    """
    return [
        (module, name, on_host(found, getattr(numpy_module, name, None), kind))
        for module, numpy_module in modules()
        for name, found in vars(module).items()
        if not isinstance(found, (type, types.ModuleType, cupy.ufunc))
        and not name.startswith("_")
        and callable(found)
        and callable(getattr(numpy_module, name, None))
    ]


def on_host(of_cupy, of_numpy, kind):
    """Return a function of CuPy's on arrays in the host's memory; recorded arrays are for CuPy."""

    @functools.wraps(of_cupy)
    def call(*args, **kwargs):
        if any(hasattr(x, "level") for x in args):
            return of_cupy(*args, **kwargs)
        check_refusals(of_cupy.__name__, args)
        if of_cupy.__name__ in UPLOADS and not is_there(args[0]):
            happened("upload", of_cupy.__name__)
        return first(kind, of_cupy, of_numpy, args, kwargs)

    return call


def check_refusals(name, args):
    """Raise where CuPy would, but only with a device at hand."""
    if name == "matmul" and max(x.ndim for x in args) > 2 and all(x.size for x in args):
        dtype = np.result_type(*(x.dtype for x in args))
        if dtype.char not in "?bBhHiIlLqQefdFD":  # a kernel for integers is compiled
            raise TypeError(f"Type {dtype} is not supported")


ATOMIC = {  # the data types of CuPy's `at`, by its message where it is given another
    "add": {"int32", "int64", "float16", "float32", "float64", "uint32", "uint64"},
    "maximum": {"int32", "int64", "float32", "float64", "uint32", "uint64"},
}


def combine_at(name, out, index, values):
    if out.dtype.name not in ATOMIC[name]:
        raise TypeError(f"cupy.{name}.at does not support {out.dtype}")
    happened("launch", f"{name}.at")
    getattr(np, name).at(*map(numpy_of, (out, index, values)))


def is_there(x):
    """Say whether an array, or all in a list of some, are CuPy's."""
    return all(map(is_there, x)) if isinstance(x, (list, tuple)) else isinstance(x, cupy.ndarray)
