"""On CuPy's arrays: every elementwise function and its gradients by fused kernels."""

from gpugrad.dispatch.kinds import CudaArray
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels.fused import FusedRule, FusedValue
from gpugrad.rulebook.reverse import REVERSE
from gpugrad.rulebook.scalar_rule import SCALAR_RULES
from gpugrad.rules import activations as activations
from gpugrad.rules import elementwise as elementwise
from gpugrad.rules import losses as losses
from gpugrad.rules import special as special

for _rule in SCALAR_RULES:
    REVERSE.add(_rule.f, FusedRule(_rule))
    implement(_rule.f, CudaArray)(FusedValue(_rule))
