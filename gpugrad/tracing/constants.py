"""Constants: what stands beside recorded arrays, and what no gradient flows through.

Code written to the array-API standard mixes recorded arrays with comparisons of them (`x > 0`) and
with arrays that it creates by their namespace (`xp.zeros(...)`); it refuses arrays of two
namespaces in one call, and writes recorded numbers into what it created. So these are recorded
values too, of one level that is older than every other: alone they are computed at once, beside
others they are plain arrays, and where recorded numbers are assigned into one, it is recorded.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad import xp
from gpugrad.dispatch.kinds import SCALAR_TYPES, rebuild_sequence
from gpugrad.dispatch.levels import Level, youngest
from gpugrad.dispatch.libraries import is_array
from gpugrad.tracing.value import Tracked


class Constants(Level):
    """The level of the constants."""

    constant = True

    def __init__(self) -> None:
        super().__init__(-0.5)  # after no level at all, before all others

    @property
    def namespace(self) -> Any:
        """The namespace of recorded arrays."""
        return NAMESPACE

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `f`, a function of any library, on the plain arrays."""
        return with_views(f, args, constant(f(*released(args), **released(kwargs))))

    def binary(self, f: Any, a: Any, b: Any) -> Any:
        """Call `f` by the younger one's level."""
        return youngest((a, b)).call(f, (a, b), {})


CONSTANTS = Constants()
MAY_HOLD = frozenset({Tracked, tuple, list, dict})  # the types of what `released` changes


def constant(y: Any) -> Any:
    """Return an array, or a tuple of arrays, as a constant; Python's numbers as they are."""
    kind = type(y)
    if kind is np.ndarray:  # by far the most frequent
        return Tracked(y, CONSTANTS, None)
    if kind in SCALAR_TYPES or kind is Tracked:
        return y
    if isinstance(y, (tuple, list)):
        return rebuild_sequence(kind, [constant(item) for item in y])
    return Tracked(y, CONSTANTS, None) if is_array(y) else y


def released(x: Any) -> Any:
    """Return the plain array of a constant; look for constants in tuples, lists and dicts."""
    kind = type(x)
    if kind is Tracked:
        return x.value if x.level is CONSTANTS else x
    if kind is tuple or kind is list:
        for item in x:
            if type(item) in MAY_HOLD:
                return kind([released(item) for item in x])
        return x
    return {key: released(value) for key, value in x.items()} if kind is dict else x


def with_views(f: Any, args: tuple[Any, ...], y: Any) -> Any:
    """Return the recorded value of a call; where it may be a view, its array knows of it."""
    if getattr(f, "view", False) and type(args[0]) is Tracked:
        for view in y if isinstance(y, tuple) else (y,):
            args[0].add_view(view)
    return y


class Namespace(types.ModuleType):
    """gpugrad.xp as recorded arrays name it: what it creates are constants.

    It lacks what NumPy has as functions that write into their first argument: others ask for them
    by `hasattr(xp, "put_along_axis")`, and drop the new array that gpugrad's return.
    """

    def __init__(self, module: types.ModuleType, created: frozenset[str]) -> None:
        super().__init__(module.__name__, module.__doc__)
        self._module = module
        self._created = created

    def __getattr__(self, name: str) -> Any:
        if name in _IN_PLACE_IN_NUMPY:
            raise AttributeError(f"the namespace of recorded arrays has no {name}")
        found = getattr(self._module, name)
        if name in self._created:
            found = _creation(found)
        elif isinstance(found, types.ModuleType):
            found = Namespace(found, self._created)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._module) if name not in _IN_PLACE_IN_NUMPY]


def _creation(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def create(*args: Any, **kwargs: Any) -> Any:
        return constant(f(*args, **kwargs))

    return create


_IN_PLACE_IN_NUMPY = frozenset(
    {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
)
_CREATED = frozenset(
    {
        *("arange", "asarray", "empty", "eye", "fftfreq", "from_dlpack", "full", "geomspace"),
        *("linspace", "logspace", "ones", "rfftfreq", "zeros"),
    }
)

NAMESPACE = Namespace(xp, _CREATED)
