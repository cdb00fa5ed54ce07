"""Which primitive a function of another library is: by its identity, or by where it is found."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gpugrad.dispatch.primitive import ALIASES, BY_NAME, NEW_NAMES, Primitive

_others: set[Any] = set()  # functions of libraries that are no primitives


def primitive_of(f: Any) -> Primitive | None:
    """Return the primitive that `f` is: itself, an alias, or an array library's function."""
    if isinstance(f, Primitive):
        return f
    try:
        found = ALIASES.get(f)
        if found is not None or f in _others:
            return found
    except TypeError:  # an unhashable callable
        return None
    return _library_function(f)


def forget_others() -> None:
    """Look again for functions that were no primitives: there is a new one."""
    global _others
    _others = set()  # not emptied: a search that began before adds to the old one


def _library_function(f: Any) -> Primitive | None:
    """Recognise a function of CuPy, or of another array library, by where it is found.

    What was found out is remembered of functions that stand in a library's module, which keeps
    them anyway: of its users' callables, such as a numpy.vectorize, nothing.
    """
    module = getattr(f, "__module__", None) or type(f).__module__
    root = module.partition(".")[0]
    if root not in _ROOTS and not hasattr(sys.modules.get(root), "__array_api_version__"):
        return None
    others = _others
    is_listed = _is_at(module, f)
    for extension, places in _PLACES.items():
        for place in places:
            names = _names_of(f, sys.modules.get(place.format(root)))
            is_listed = is_listed or bool(names)
            for name in names:
                if root == "scipy" and hasattr(np.linalg, name):
                    continue  # scipy.linalg has other defaults: cholesky(x) is the upper triangle
                name = NEW_NAMES.get(name, name)
                found = BY_NAME.get(f"{extension}{name}") or BY_NAME.get(name)
                if found:
                    ALIASES[f] = found
                    return found
    if is_listed:
        others.add(f)
    return None


def _is_at(module: str, f: Any) -> bool:
    """Say whether a function is where it says that it is."""
    names = getattr(sys.modules.get(module), "__dict__", {})
    return names.get(getattr(f, "__name__", None)) is f


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
