"""Which primitive a function of another library is: by its identity, or by where it is found."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gpugrad.dispatch.primitive import ALIASES, BY_NAME, NEW_NAMES, Primitive


def primitive_of(f: Any) -> Primitive | None:
    """Return the primitive that `f` is: itself, an alias, or an array library's function."""
    if isinstance(f, Primitive):
        return f
    try:
        found = ALIASES.get(f)
    except TypeError:  # an unhashable callable
        return None
    return found or _library_function(f)


def _library_function(f: Any) -> Primitive | None:
    """Recognise a function of CuPy, or of another array library, by where it is found."""
    root = (getattr(f, "__module__", None) or type(f).__module__).partition(".")[0]
    if root not in _ROOTS and not hasattr(sys.modules.get(root), "__array_api_version__"):
        return None
    for extension, places in _PLACES.items():
        for place in places:
            for name in _names_of(f, sys.modules.get(place.format(root))):
                if root == "scipy" and hasattr(np.linalg, name):
                    continue  # scipy.linalg has other defaults: cholesky(x) is the upper triangle
                name = NEW_NAMES.get(name, name)
                found = BY_NAME.get(f"{extension}{name}") or BY_NAME.get(name)
                if found:
                    ALIASES[f] = found
                    return found
    return None


def _names_of(f: Any, module: Any) -> list[str]:
    """Return the names by which a module knows a function, or what dispatches in its place."""
    if module is None:
        return []
    found = [
        name
        for name, value in vars(module).items()
        if value is f or getattr(value, "__wrapped__", None) is f
    ]
    if not found and type(f).__name__ == "ufunc" and f.__name__.startswith("cupy_"):
        found = [f.__name__.removeprefix("cupy_")]  # behind a function, as behind cupy.where
    return found


_ROOTS = frozenset({"cupy", "cupyx", "numpy", "scipy"})
_PLACES = {
    "": ("{}",),
    "linalg.": ("{}.linalg", "cupyx.scipy.linalg"),
    "fft.": ("{}.fft", "cupyx.scipy.fft"),
    "special.": ("scipy.special", "cupyx.scipy.special"),
}
