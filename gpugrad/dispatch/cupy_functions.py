"""CuPy's functions where they differ from the standard, wait for the device, or are missing.

CuPy is imported in `gpugrad.dispatch.cupy_library` alone, and handed over to these.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

_ATOMIC = {"add": "efdilqILQ", "maximum": "fdilqILQ"}  # the data types of CuPy's `at`
_REAL_CREATIONS = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
CREATIONS = frozenset((*_REAL_CREATIONS, "empty_like", "full_like", "ones_like", "zeros_like"))


class CupyFunctions:
    """These functions.

    Args:
        cupy: the module.
        compat: array_api_compat's module of the standard's functions on CuPy's arrays.

    Attributes:
        by_path: those that stand for one of the standard's, by its path.
    """

    def __init__(self, cupy: Any, compat: Any) -> None:
        self.cupy = cupy
        self.compat = compat
        self.by_path = {
            "clip": self.clip,
            "linalg.solve": self.solve,
            "sign": self.sign,
            "where": self.where,
        }

    def clip(self, x: Any, min: Any = None, max: Any = None) -> Any:
        """Return `x` within bounds: without a mask, whose size would have to be waited for."""
        dtype = getattr(x, "dtype", None)  # None of a number, between bounds that are arrays
        y = x
        if min is not None and not self._is_beyond(min, dtype, -1):
            y = self.cupy.maximum(y, min)
        if max is not None and not self._is_beyond(max, dtype, 1):
            y = self.cupy.minimum(y, max)
        if dtype is None:
            return y
        return x.copy() if y is x else y.astype(dtype, copy=False)

    @staticmethod
    def _is_beyond(bound: Any, dtype: Any, side: int) -> bool:
        """Say whether no integer of that type can lie on that side of a Python integer."""
        if type(bound) is not int or dtype is None or dtype.kind not in "iu":
            return False
        limits = np.iinfo(dtype)
        return bound <= limits.min if side < 0 else bound >= limits.max

    def sign(self, x: Any) -> Any:
        """Return the sign by one kernel; array_api_compat treats NaN apart, for older CuPy."""
        return self.cupy.sign(x)

    def where(self, condition: Any, *choices: Any) -> Any:
        """Return one or the other, of a condition that may be one of Python's booleans.

        Without any, return where the condition holds.
        """
        if type(condition) is bool:
            condition = self.cupy.full((), condition)
        chosen = self.cupy.where(condition, *choices)
        dtypes = {v.dtype for v in choices if hasattr(v, "dtype")}
        if {dtype.name for dtype in dtypes} == {"bfloat16"}:  # CuPy has a kernel for float32 alone
            return chosen.astype(*dtypes)
        return chosen

    def solve(self, a: Any, b: Any) -> Any:
        """Return a⁻¹ b of stacks that broadcast; CuPy takes those of one shape."""
        if b.ndim > 1:
            lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
            a = self.cupy.broadcast_to(a, lead + a.shape[-2:])
            b = self.cupy.broadcast_to(b, lead + b.shape[-2:])
        return self.compat.linalg.solve(a, b)

    def create(self, name: str, *args: Any, device: Any = None, **options: Any) -> Any:
        """Call a creation function on a device, which array_api_compat's functions pass over."""
        with contextlib.nullcontext() if device is None else device:
            return getattr(self.compat, name)(*args, **options)

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Return `out`, perhaps changed, into which `values` are added or of which the maximum is.

        Args:
            name: "add" or "maximum".
            out: CuPy array.
            index: where; repeated positions all count.
            values: CuPy array that broadcasts to the shape of out[index].
        """
        if out.dtype.kind == "c":
            self.scatter(name, out.real, index, values.real)
            self.scatter(name, out.imag, index, values.imag)
        elif out.dtype.char in _ATOMIC[name]:
            self.combine_at(name, out, index, values)
        else:
            wide = np.int64 if out.dtype.kind in "biu" else np.float32
            sums = out.astype(wide)
            self.combine_at(name, sums, index, values.astype(wide))
            out = sums.astype(out.dtype)
        return out

    def combine_at(self, name: str, out: Any, index: Any, values: Any) -> None:
        """Do so in place, for the data types that CuPy has it for."""
        getattr(self.cupy, name).at(out, index, values)
