"""Random numbers beside an array: of its library, on its device, from the caller's generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.libraries import create, library_of
from gpugrad.errors import ArgumentError


def uniform(name: str, rng: Any, shape: tuple[int, ...], x: Array) -> Any:
    """Return numbers between 0 and 1, as float32, where the array `x` is.

    Args:
        name: the function that asks, for its message.
        rng: a generator of the library of `x`; for a library that has none, NumPy's.
        shape: how many.
        x: an array, recorded or not.

    Raises:
        ArgumentError: `rng` is none of these, or `x` is no array.
    """
    if _draws_on_device(name, rng, x):
        return rng.random(shape, dtype=np.float32)
    return create("asarray", rng.random(shape, dtype=np.float32), like=x)


def key_of(name: str, rng: Any, x: Array) -> Any:
    """Return a key for `philox` from a generator that draws on a device, or None from another.

    Where drawing is a kernel of its own and what it draws is memory, numbers are better computed
    from a key, where and whenever they are needed.

    Args:
        name: the function that asks, for its message.
        rng: a generator of the library of `x`; for a library that has none, NumPy's.
        x: an array, recorded or not.

    Returns:
        Array of two unsigned 32-bit integers, on the device.

    Raises:
        ArgumentError: `rng` is none of these, or `x` is no array.
    """
    # A double is 53 random bits and one launch, as CuPy's integers are not. To Philox all keys
    # are alike, if only they differ.
    return rng.random(1).view(np.uint32) if _draws_on_device(name, rng, x) else None


def _draws_on_device(name: str, rng: Any, x: Array) -> bool:
    """Say whether a generator is CuPy's; raise ArgumentError where it is none for the array `x`."""
    library = library_of(plain(x))
    if library is None:
        raise ArgumentError(f"{name}: expected an array, got {type(plain(x)).__name__}")
    if library.name == "CuPy":
        if not _is_cupy_generator(rng):
            raise ArgumentError(
                f"{name}: an array of CuPy's takes a generator of CuPy's, which draws on the "
                f"device, got {type(rng).__name__}. Write cupy.random.default_rng(seed)"
            )
        return True
    if not isinstance(rng, np.random.Generator):
        raise ArgumentError(
            f"{name}: expected a numpy.random.Generator, got {type(rng).__name__}. "
            f"Write np.random.default_rng(seed)"
        )
    return False


def _is_cupy_generator(rng: Any) -> bool:
    kind = type(rng)
    return kind.__name__ == "Generator" and kind.__module__.partition(".")[0] == "cupy"


def philox(places: Any, key: Any) -> list[Any]:
    """Return four random words for each place: Philox4x32-10, with the place as the counter.

    Args:
        places: array of unsigned 64-bit integers: the lower half of the counter; the upper is 0.
        key: array of two unsigned 32-bit integers.

    Returns:
        Arrays of words from 0 to 2³² − 1, as unsigned 64-bit integers.

    Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    key = F.astype(key, places.dtype)
    zero = F.zeros_like(places)
    words = [places & _WORD, places >> 32, zero, zero]
    for round_number in range(10):
        a, b = _MULTIPLIERS[0] * words[0], _MULTIPLIERS[1] * words[2]
        key0, key1 = [(key[i] + round_number * _STEPS[i]) & _WORD for i in (0, 1)]
        words = [(b >> 32) ^ words[1] ^ key0, b & _WORD, (a >> 32) ^ words[3] ^ key1, a & _WORD]
    return words


_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_STEPS = (0x9E3779B9, 0xBB67AE85)  # of the key, from round to round
