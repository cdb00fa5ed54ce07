"""CuPy's functions where they differ from the standard, wait for the device, or are missing.

CuPy is imported in `gpugrad.namespace` alone, and handed over to these.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

# What `add.at` and `maximum.at` of CuPy take; in float32 they compute for what has 16 bits.
_ATOMIC = {"add": "efdilqILQ", "maximum": "fdilqILQ"}
_REAL_CREATIONS = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
CREATIONS = frozenset((*_REAL_CREATIONS, "empty_like", "full_like", "ones_like", "zeros_like"))


class CupyFunctions:
    """Functions by their array-API names, with "_" for ".".

    Args:
        cupy: the module.
        compat: array_api_compat's module of the standard's functions on CuPy's arrays.
    """

    def __init__(self, cupy: Any, compat: Any) -> None:
        self.cupy = cupy
        self.compat = compat

    def clip(self, x: Any, min: Any = None, max: Any = None) -> Any:
        """Return `x` within bounds: without a mask, whose size would have to be waited for."""
        y = x
        if min is not None and not self._is_beyond(min, x, -1):
            y = self.cupy.maximum(y, min)
        if max is not None and not self._is_beyond(max, x, 1):
            y = self.cupy.minimum(y, max)
        return x.copy() if y is x else y.astype(x.dtype, copy=False)

    @staticmethod
    def _is_beyond(bound: Any, x: Any, side: int) -> bool:
        """Say whether no integer of the type of `x` can lie on that side of a Python integer."""
        if type(bound) is not int or x.dtype.kind not in "iu":
            return False
        limits = np.iinfo(x.dtype)
        return bound <= limits.min if side < 0 else bound >= limits.max

    def sign(self, x: Any) -> Any:
        """Return the sign by one kernel; array_api_compat has it treat NaN apart."""
        return self.cupy.sign(x)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Return one or the other, of a condition that may be one of Python's booleans."""
        if type(condition) is bool:
            condition = self.cupy.asarray(condition)
        chosen = self.cupy.where(condition, x, y)
        dtypes = {v.dtype for v in (x, y) if hasattr(v, "dtype")}
        if {dtype.name for dtype in dtypes} == {"bfloat16"}:  # CuPy has a kernel for float32 alone
            return chosen.astype(*dtypes)
        return chosen

    def linalg_solve(self, a: Any, b: Any) -> Any:
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
        ufunc = getattr(self.cupy, name)
        if out.dtype.kind == "c":
            self.scatter(name, out.real, index, values.real)
            self.scatter(name, out.imag, index, values.imag)
        elif out.dtype.char in _ATOMIC[name]:
            ufunc.at(out, index, values)
        else:
            wide = np.int64 if out.dtype.kind in "biu" else np.float32
            sums = out.astype(wide)
            ufunc.at(sums, index, values.astype(wide))
            out = sums.astype(out.dtype)
        return out
