"""Linear algebra: the array-API extension `linalg`, and what CuPy's users use beside it."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.functions import matmul as matmul
from gpugrad.functions import matrix_transpose as matrix_transpose
from gpugrad.functions import tensordot as tensordot
from gpugrad.functions import vecdot as vecdot
from gpugrad.primitive import composite as _composite
from gpugrad.primitive import function as _function

inv = _function("inv", module="linalg")


@_composite("linalg")
def outer(a: Any, b: Any, /) -> Any:
    """Return the outer product a bᵀ of two vectors.

    Args:
        a: array of shape (n,).
        b: array of shape (m,).

    Returns:
        Array of shape (n, m).
    """
    return F.expand_dims(a, axis=-1) * F.expand_dims(b, axis=0)
