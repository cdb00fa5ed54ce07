"""An array library: its functions by their array-API names, and the little that differs."""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Callable
from typing import Any, ClassVar

import array_api_compat
import numpy as np

from gpugrad.dispatch.kinds import kind_of


class Library:
    """An array library: its functions by their array-API names, and the little that differs.

    Args:
        name: what messages call it.
        modules: where its functions are, the first one that has a function giving it.
        extensions: modules, by name, that have more of "linalg" or "special"; imported when asked.
    """

    def __init__(self, name: str, *modules: Any, **extensions: str) -> None:
        self.name = name
        self.modules = modules
        self.extensions = extensions
        self._places: dict[str, list[Any]] = {"": list(modules)}

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function of that array-API name, such as linalg.solve, or None."""
        extension, _, name = path.rpartition(".")
        for module in self._places.get(extension) or self._extension(extension):
            found = getattr(module, name, None)
            if found is not None:
                return found
        return None

    def _extension(self, extension: str) -> list[Any]:
        """Return the modules that have the functions of an extension of the standard."""
        places = [getattr(module, extension, None) for module in self.modules]
        if extension in self.extensions:
            with contextlib.suppress(ImportError):  # SciPy is an extra
                places.append(importlib.import_module(self.extensions[extension]))
        self._places[extension] = places
        return places

    def advice(self, path: str) -> str:
        """Return what to do where the library has no function of that name."""
        missing = path.partition(".")[0] in self.extensions and not self.function("special.erf")
        return " Install SciPy: pip install 'gpugrad[scipy]'" if missing else ""

    def dtype(self, dtype: Any) -> Any:
        """Return this library's data type for a NumPy or Python one; its own pass through."""
        return dtype

    def create(self, name: str, *args: Any, like: Any, **options: Any) -> Any:
        """Call a creation function on the device of the array `like`."""
        function: Any = self.function(name)
        return function(*args, device=array_api_compat.device(like), **options)

    def arange(self, count: int, like: Any) -> Any:
        """Return 0, 1, … on the device of the array `like`."""
        return self.create("arange", count, like=like)

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Return `out`, with values added to it at an index, or the maximum taken with them.

        Args:
            name: "add" or "maximum".
            out: array, which may be changed in place.
            index: where; repeated positions all count.
            values: array that broadcasts to the shape of out[index].
        """
        getattr(self.modules[0], name).at(out, index, values)
        return out


class ForeignLibrary(Library):
    """Any other array-API library, which offers what the standard says and no more."""

    def dtype(self, dtype: Any) -> Any:
        """Return this library's data type of the same name."""
        if isinstance(dtype, (np.dtype, type)):
            return getattr(self.modules[0], np.dtype(dtype).name)
        return dtype

    take_dtypes: ClassVar[frozenset[str]] = frozenset(
        {
            *("arange", "asarray", "astype", "can_cast", "cumulative_prod", "cumulative_sum"),
            *("empty", "empty_like", "eye", "finfo", "full", "full_like", "iinfo", "isdtype"),
            *("linalg.trace", "linspace", "ones", "ones_like", "prod", "result_type", "sum"),
            *("zeros", "zeros_like"),
        }
    )

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function, which takes the data types of `gpugrad.xp` too."""
        if path == "getitem":
            return self.taken
        found = super().function(path)
        if found is None or path not in self.take_dtypes:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            named = {key: self.dtype(value) for key, value in kwargs.items()}
            return found(*map(self.dtype, args), **named)

        return call

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Combine the values with each place that they go to: the standard has no scatter.

        Slow, but right.
        """
        xp = self.modules[0]
        places = self.arange(out.size, out)
        taken = self.taken(xp.reshape(places, out.shape), index)
        hit = xp.reshape(taken, (-1, 1)) == places[None, :]
        values = xp.reshape(xp.broadcast_to(values, taken.shape), (-1,))
        if name == "add":
            sums = xp.matmul(values, xp.astype(hit, out.dtype))
            return out + xp.reshape(sums, out.shape)
        nothing = self.create("full", (), -math.inf, like=out, dtype=out.dtype)
        parts = xp.where(hit, values[:, None], nothing)
        every = xp.concat([xp.reshape(out, (1, -1)), parts], axis=0)
        return xp.reshape(xp.max(every, axis=0), out.shape)

    def taken(self, x: Any, index: Any) -> Any:
        """Return x[index]; integers for one of several axes, the standard has in `take` alone."""
        parts = index if isinstance(index, tuple) else (index,)
        *others, last = parts
        leading = all(isinstance(part, slice) and part == slice(None) for part in others)
        if leading and len(x.shape) > 1 and getattr(last, "shape", ()) and kind_of(last) == "i":
            return self.modules[0].take(x, last, axis=len(others))
        return x[index]
