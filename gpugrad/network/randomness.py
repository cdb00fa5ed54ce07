"""Random numbers beside an array: of its library, on its device, from the caller's generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad.errors import ArgumentError
from gpugrad.namespace import create, library_of, plain


def uniform(name: str, rng: Any, shape: tuple[int, ...], x: Any) -> Any:
    """Return numbers between 0 and 1, as float32, where the array `x` is.

    Args:
        name: the function that asks, for its message.
        rng: a generator of the library of `x`; for a library that has none, NumPy's.
        shape: how many.
        x: an array, recorded or not.

    Raises:
        ArgumentError: `rng` is none of these, or `x` is no array.
    """
    library = library_of(plain(x))
    if library is None:
        raise ArgumentError(f"{name}: expected an array, got {type(plain(x)).__name__}")
    if library.name == "CuPy":
        if not _is_cupy_generator(rng):
            raise ArgumentError(
                f"{name}: an array of CuPy's takes a generator of CuPy's, which draws on the "
                f"device, got {type(rng).__name__}. Write cupy.random.default_rng(seed)"
            )
        return rng.random(shape, dtype=np.float32)
    if not isinstance(rng, np.random.Generator):
        raise ArgumentError(
            f"{name}: expected a numpy.random.Generator, got {type(rng).__name__}. "
            f"Write np.random.default_rng(seed)"
        )
    return create("asarray", rng.random(shape, dtype=np.float32), like=x)


def _is_cupy_generator(rng: Any) -> bool:
    kind = type(rng)
    return kind.__name__ == "Generator" and kind.__module__.partition(".")[0] == "cupy"
