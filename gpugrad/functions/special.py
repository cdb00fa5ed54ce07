"""Special functions, by SciPy's names: of scipy.special, or cupyx.scipy.special on the device."""

from __future__ import annotations

from gpugrad.primitive import function as _function

erf = _function("erf", module="special")
