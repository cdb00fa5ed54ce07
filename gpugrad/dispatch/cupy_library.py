"""CuPy, as a library. The one place where CuPy is imported, and only once it is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gpugrad.dispatch.cupy_functions import CREATIONS, CupyFunctions
from gpugrad.dispatch.library import Library
from gpugrad.errors import ArgumentError


class CupyLibrary(Library):
    """CuPy, with array_api_compat's functions for its arrays.

    Args:
        compat: the module array_api_compat.cupy.
        cupy: the module cupy.
    """

    def __init__(self, compat: Any, cupy: Any) -> None:
        places = {"linalg": "cupyx.scipy.linalg", "special": "cupyx.scipy.special"}
        super().__init__("CuPy", compat, cupy, **places)
        self.functions = CupyFunctions(cupy, compat)

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Return `out`, with values added to it at an index, or the maximum taken with them."""
        return self.functions.scatter(name, out, index, values)

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function, or one of `CupyFunctions` in its place."""
        if path in self.functions.by_path:
            return self.functions.by_path[path]
        if path in CREATIONS:
            return functools.partial(self.functions.create, path)
        # Of Fourier transforms, array_api_compat's take n and axis by keyword alone.
        if path.startswith("fft.") and not path.endswith("freq"):
            return getattr(self.modules[1].fft, path.removeprefix("fft."), None)
        found = super().function(path)
        return self._special(path, found) if found and path.startswith("special.") else found

    def _special(self, path: str, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return a special function that says what to do where CuPy refuses its arguments."""

        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return f(*args, **kwargs)
            except TypeError as error:
                if not str(error).startswith("Wrong type"):
                    raise
                raise ArgumentError(f"{path}: CuPy says {error}.{self.advice(path)}") from error

        return call

    def advice(self, path: str) -> str:
        """Return what to write in the place of a special function that CuPy does not have."""
        extension, _, name = path.rpartition(".")
        if extension != "special":
            return ""
        orders = f" Of the orders 0 and 1 there are special.{name[0]}0 and {name[0]}1."
        return (
            f"{orders if name in _BESSEL else ''} On the host SciPy has it: call "
            f"xp.special.{name} with cupy.asnumpy(x)"
        )


_BESSEL = frozenset({"iv", "jv", "kv", "yv"})


@functools.cache
def cupy_library() -> CupyLibrary:
    """Return CuPy as a library. The one place where CuPy is imported."""
    import array_api_compat.cupy as compat_cupy  # pyright: ignore[reportMissingImports]
    import cupy  # pyright: ignore[reportMissingImports]

    return CupyLibrary(compat_cupy, cupy)
