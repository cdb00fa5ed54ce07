"""NumPy's functions beyond the standard through which no gradient flows.

Of floating-point values they say what is true, count, or tell places.
"""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import function
from gpugrad.dispatch.levels import LevelValue, has_levels, youngest
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive


class WithoutGradient(Primitive):
    """A function that no gradient flows through, wherever among its arguments arrays are."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function on the plain arrays."""
        args, kwargs = stopped(args), stopped(kwargs)
        values = (*args, *kwargs.values())
        if has_levels(values):
            return youngest(values).call(self, args, kwargs)
        return self.on(libraries.library_among(values) or NUMPY)(*args, **kwargs)


def stopped(x: Any) -> Any:
    """Return what no gradient flows through, of a value or of those in lists, tuples and dicts."""
    if isinstance(x, LevelValue):
        return F.stop_gradient(x)
    if type(x) in (list, tuple):
        return type(x)([stopped(item) for item in x])
    return {key: stopped(value) for key, value in x.items()} if type(x) is dict else x


def _function(name: str) -> Primitive:
    return function(name, kind=WithoutGradient, differentiable=False, home=__name__)


# --- What is true ----------------------------------------------------------------------------

allclose = _function("allclose")
array_equal = _function("array_equal")
array_equiv = _function("array_equiv")
isclose = _function("isclose")
iscomplex = _function("iscomplex")
iscomplexobj = _function("iscomplexobj")
isin = _function("isin")
isneginf = _function("isneginf")
isposinf = _function("isposinf")
isreal = _function("isreal")
isrealobj = _function("isrealobj")

# --- Whole numbers ---------------------------------------------------------------------------

bitwise_count = _function("bitwise_count")
gcd = _function("gcd")
lcm = _function("lcm")
rint = _function("rint")
spacing = _function("spacing")

# --- Places and counts -----------------------------------------------------------------------

argpartition = _function("argpartition")
argwhere = _function("argwhere")
diag_indices_from = _function("diag_indices_from")
digitize = _function("digitize")
flatnonzero = _function("flatnonzero")
histogram_bin_edges = _function("histogram_bin_edges")
ix_ = _function("ix_")
lexsort = _function("lexsort")
nanargmax = _function("nanargmax")
nanargmin = _function("nanargmin")
ravel_multi_index = _function("ravel_multi_index")
tril_indices_from = _function("tril_indices_from")
triu_indices_from = _function("triu_indices_from")
unravel_index = _function("unravel_index")
