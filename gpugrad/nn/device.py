"""Devices by name: which there are, and moving a model to one."""

from __future__ import annotations

import functools
from typing import Any

import array_api_compat
import numpy as np

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array, Device
from gpugrad.dispatch.levels import LevelValue
from gpugrad.dispatch.libraries import is_array, library_for, library_of
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError, DeviceError
from gpugrad.structure.nodes import LEAF, Node
from gpugrad.structure.walk import Walk


def find_device(name: str) -> str:
    """Return "cpu" or "cuda" for a name that a user gave; "auto" is "cuda" where there is one.

    Raises:
        DeviceError: "cuda" was asked for and CuPy cannot be used here, or the name is another.

    Example:
        >>> find_device("cpu")
        'cpu'
    """
    if name not in ("cpu", "cuda", "auto"):
        raise DeviceError(f"no device is called {name!r}. Write one of cpu, cuda, auto")
    if name == "cpu":
        return name
    obstacle = _cuda_obstacle()
    if name == "cuda" and obstacle is not None:
        raise DeviceError(f"cuda: {obstacle}. Use the device cpu, or auto to take what there is")
    return "cpu" if obstacle is not None else "cuda"


@functools.cache
def _cuda_obstacle() -> str | None:
    """Return why CuPy cannot be used here; None where it can."""
    try:
        cupy = cupy_library()
    except ImportError:
        return "CuPy is not installed: pip install 'gpugrad[cuda12x]', or [cuda13x]"
    # CuPy imports without a driver and counts GPUs that it cannot use, so compute something.
    try:
        cupy.modules[0].ones(2).sum().get()
    except Exception as error:  # whatever driver, toolkit and compiler come up with
        return f"CuPy cannot use a GPU here ({type(error).__name__}: {error})"
    return None


def to_device(structure: Any, device: Device) -> Any:
    """Return a model, or any structure, with every array in it on `device`.

    Args:
        structure: an array or a structure of arrays of any data type: a model, an optimiser's
            state, a batch. What is no array stays as it is, and so do arrays that are there.
        device: "cpu" for NumPy, "cuda" for CuPy on its current GPU, or a device of an array
            library, such as `cupy.cuda.Device(1)`.

    Example:
        >>> import gpugrad as gg
        >>> model = gg.nn.to_device(gg.nn.Dense(2, 3), "cpu")
        >>> type(model.weight).__name__
        'ndarray'
    """
    if isinstance(device, str):
        library = NUMPY if find_device(device) == "cpu" else cupy_library()
        options = {}
    else:
        library = library_for(device=device)
        options = {"device": device}
    walk = _Arrays()
    node = walk.node(structure)
    return node.rebuild(structure, iter([_moved(leaf, library, options) for leaf in walk.leaves]))


class _Arrays(Walk):
    """A walk whose leaves are all arrays, of integers too, and all numbers."""

    def node(self, x: Array) -> Node:
        if isinstance(x, LevelValue):
            raise ArgumentError(
                "to_device: no gradient flows from one device to another. Move the arguments "
                "first, then call pullback"
            )
        if not is_array(x):
            return super().node(x)
        self.leaves.append(x)
        return LEAF


def _moved(x: Array, library: Library, options: dict[str, Any]) -> Any:
    source = library_of(x)
    if source is None:
        return x
    if source is library:
        return array_api_compat.to_device(x, options["device"]) if options else x
    return library.modules[0].asarray(_host(x), **options)


def _host(x: Array) -> Any:
    """Return an array of any library as NumPy's."""
    if array_api_compat.is_cupy_array(x):
        return x.get()
    return x if isinstance(x, (np.ndarray, np.generic)) else np.from_dlpack(x)
