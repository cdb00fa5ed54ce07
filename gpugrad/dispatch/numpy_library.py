"""NumPy, as a library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import array_api_compat.numpy as compat_numpy
import numpy as np

from gpugrad.dispatch import numpy_reductions
from gpugrad.dispatch.library import Library


class NumpyLibrary(Library):
    """NumPy, whose main namespace follows the standard, with array_api_compat for the gaps."""

    only_compat: ClassVar[set[str]] = {"argsort", "sort"}  # `descending` is the standard's alone
    if np.lib.NumpyVersion(np.__version__) < "2.1.0":
        only_compat |= {"astype", "clip", "count_nonzero", "reshape", "take_along_axis"}
    faster: ClassVar[dict[str, Any]] = {"max": numpy_reductions.max, "sum": numpy_reductions.sum}

    def create(self, name: str, *args: Any, like: Any, **options: Any) -> Any:
        """Call a creation function: there is one device."""
        return getattr(np, name)(*args, **options)

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return a faster function of arrays, or NumPy's."""
        return self.faster.get(path) or self.numpys(path)

    def numpys(self, path: str) -> Callable[..., Any] | None:
        """Return NumPy's function, or array_api_compat's where NumPy's differs or is missing."""
        if path in self.only_compat:
            return getattr(compat_numpy, path, None)
        return super().function(path)


NUMPY = NumpyLibrary("NumPy", np, compat_numpy, linalg="scipy.linalg", special="scipy.special")
