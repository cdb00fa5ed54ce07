"""The elementwise kernels, those of a file of rules in one source, to be built at once.

In use each function has a kernel of its own, made of the same operations.
"""

from pathlib import Path

from gpugrad.kernels.elementwise import map_kernel
from gpugrad.kernels.fused import operations
from gpugrad.kernels.launch import FLOATS
from gpugrad.rulebook.scalar_rule import SCALAR_RULES


def kernels():
    """Return a kernel for each file of rules, and make it that of its operations."""
    found = {}
    for rule in SCALAR_RULES:
        found.setdefault(Path(rule.source.rpartition(":")[0]).stem, []).extend(operations(rule))
    return {name: _together(members) for name, members in found.items()}


def _together(members):
    variants = [(f"gpugrad::{operation.name}", kind, 0) for operation in members for kind in FLOATS]
    kernel = map_kernel(members, variants)
    for operation in members:
        operation.kernel = kernel
    return kernel


KERNELS = kernels()
