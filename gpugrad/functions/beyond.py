"""NumPy's and CuPy's functions beyond the array-API standard, by NumPy's names and signatures."""

from __future__ import annotations

from typing import Any

from gpugrad.primitive import composite as _composite


@_composite()
def deg2rad(x: Any, /) -> Any:
    """Return angles in radians, x π/180, of angles in degrees.

    Args:
        x: array of any shape, real floating, in degrees.
    """
    return x * (3.141592653589793 / 180)
