"""Special functions: each derivative is written once, as an expression."""

from __future__ import annotations

import math

from gpugrad import functions as F
from gpugrad.functions import special as S
from gpugrad.scalar import scalar_rule

scalar_rule(S.erf, lambda y, x: (2 / math.sqrt(math.pi)) * F.exp(-x * x))
