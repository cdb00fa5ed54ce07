"""Convolution: each factor's gradient is the correlation of the sensitivity with the other."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.functions.calculus import convolve, full_of
from gpugrad.modes.rules import rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import bilinear
from gpugrad.rules.elementwise import conj
from gpugrad.structure.spaces import Projection


@rrule.register(convolve)
def convolve_rrule(_: Any, a: Array, v: Array, *, mode: str = "full") -> Answer:
    """∂/∂aᵢ Σ dy[k] a[i] v[k − i] is the correlation Σₖ dy[k] conj v[k − i] where i is in a."""
    n, m = a.shape[0], v.shape[0]
    project_a, project_v = Projection(a), Projection(v)

    def convolve_back(dy: Array) -> Cotangents:
        dy = full_of(dy, n, m, mode)
        da = convolve(dy, F.flip(conj(v)), mode="valid")
        dv = convolve(dy, F.flip(conj(a)), mode="valid")
        return None, project_a(da), project_v(dv)

    return convolve(a, v, mode=mode), convolve_back


bilinear(convolve)
