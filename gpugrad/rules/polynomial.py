"""The polynomial of MicroGrad.jl's examples."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array
from gpugrad.functions.polynomial import evalpoly
from gpugrad.modes.rules import rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rules.elementwise import conj
from gpugrad.structure.spaces import Projection


@rrule.register(evalpoly)
def evalpoly_rrule(_: Any, x: Array, weights: Array, *, needs: tuple[bool, bool]) -> Answer:
    """∂/∂wᵢ = xⁱ, and p'(x) by Horner's scheme: no division, so x = 0 is no special point."""
    degree = weights.shape[0] - 1
    project = Projection(weights)

    def evalpoly_back(dy: Array) -> Cotangents:
        dx = dweights = None
        if needs[0]:
            slope = 0 * x
            for i in range(degree, 0, -1):
                slope = slope * x + i * weights[i]
            dx = dy * conj(slope)
        if needs[1]:
            terms, power, xbar = [], dy, conj(x)
            for _ in range(degree + 1):
                terms.append(F.sum(power))
                power = power * xbar
            dweights = project(F.stack(terms))
        return None, dx, dweights

    return evalpoly(x, weights), evalpoly_back
