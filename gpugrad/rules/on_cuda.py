"""On CuPy's arrays: every elementwise function and its gradients by fused kernels."""

from gpugrad.kernels.fused import FusedRule, FusedValue
from gpugrad.namespace import CupyLibrary
from gpugrad.registry import add_rrule
from gpugrad.rules import activations as activations
from gpugrad.rules import elementwise as elementwise
from gpugrad.rules import losses as losses
from gpugrad.rules import special as special
from gpugrad.scalar import SCALAR_RULES

for _rule in SCALAR_RULES:
    add_rrule(_rule.f, FusedRule(_rule))
    CupyLibrary.kernels[_rule.f.path] = FusedValue(_rule)
