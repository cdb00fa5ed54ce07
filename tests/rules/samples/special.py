"""Samples of special functions."""

from gpugrad.functions import special as S
from tests.rules.samples.rows import (
    anything,
    row,
)

NO_SPECIAL = {"strict": "it has no special functions"}

SPECIAL = [
    row(S.erf, anything(3, 4), not_in=NO_SPECIAL),
]
