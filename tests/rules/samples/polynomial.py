"""Samples of polynomials."""

import gpugrad as gg
from tests.rows import (
    BOTH,
    anything,
    number,
    row,
)

POLYNOMIAL = [
    row(gg.evalpoly, anything(3, 4), anything(5), takes=BOTH),
    row(gg.evalpoly, anything(), anything(3), takes=BOTH),
    row(gg.evalpoly, number(anything), anything(3)),
    row(gg.evalpoly, anything(0), anything(3)),
    row(gg.evalpoly, anything(3), anything(1)),
]
