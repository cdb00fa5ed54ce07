"""Samples of NumPy's functions beyond the standard."""

from gpugrad.functions import beyond as B
from tests.rules.samples.rows import (
    anything,
    unary_rows,
)

BEYOND = [
    *unary_rows(B.deg2rad, anything),
]
