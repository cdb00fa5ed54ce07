"""Special functions: each derivative is written once, as an expression.

Where the textbook's formula divides by something that may be zero, or takes the difference of
nearly equal numbers, a power series stands in near that point, so that derivatives of derivatives
are right there too. The formulas are in the Digital Library of Mathematical Functions,
https://dlmf.nist.gov: chapters 5 (gamma), 6 (integrals), 7 (error function), 8 (incomplete gamma
and beta), 10 (Bessel), 25 (zeta).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, CudaArray
from gpugrad.dispatch.primitive import implement
from gpugrad.errors import ArgumentError
from gpugrad.functions import special as S
from gpugrad.kernels import softmax as kernels
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.reverse import falling_back_on
from gpugrad.rulebook.scalar_rule import scalar_rule
from gpugrad.rules.elementwise import LN10, conj, nonzero
from gpugrad.rules.reductions import Reduction
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate

SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2 * math.pi)


def constant_in(f: Any, *names: str) -> None:
    """Refuse derivatives of `f` in its first arguments, parameters of these names."""

    def check(wanted: tuple[bool, ...]) -> Any:
        for name, is_wanted in zip(names, wanted, strict=False):
            if is_wanted:
                raise ArgumentError(
                    f"{f.name}: its derivative in {name} is not known here. Where none is wanted, "
                    f"pass gpugrad.stop_gradient({name}), or an integer"
                )
        return NotImplemented  # the rule for the other arguments answers

    @rrule.register(f, object)
    def constant_rrule(_: Any, *args: Any, needs: tuple[bool, ...]) -> Answer:
        return check(needs)

    @frule.register(f, object)
    def constant_frule(_: Any, args: Any, tangents: Any) -> Answer:
        return check(tuple(tangent is not None for tangent in tangents))


def series(x: Array, coefficients: Sequence[float]) -> Any:
    """Return c₀ + c₁ x + c₂ x² + …"""
    return functools.reduce(lambda y, c: y * x + c, reversed(coefficients))


def near_zero(
    x: Array, radius: float, near: Callable[[Any], Any], far: Callable[[Any], Any]
) -> Any:
    """Return near(x) where |x| < radius and far(x) elsewhere, neither seeing the other's x."""
    is_near = F.abs(x) < radius
    return F.where(is_near, near(F.where(is_near, x, 0.0)), far(F.where(is_near, 1.0, x)))


# --- Exponentials and logarithms -------------------------------------------------------------
scalar_rule(S.cosm1, lambda y, x: -F.sin(x), real=True)
scalar_rule(S.exp10, lambda y, x: y * LN10, real=True)
scalar_rule(S.expit, lambda y, x: y * (1 - y), real=True)
scalar_rule(S.log_expit, lambda y, x: S.expit(-x), real=True)
scalar_rule(S.logit, lambda y, x: 1 / (x * (1 - x)), real=True)


def _exprel_slope(x: Array) -> Any:
    """Return d/dx (eˣ − 1) / x = Σ (k + 1) / (k + 2)! xᵏ."""
    return near_zero(
        x,
        0.5,
        lambda x: series(x, [(k + 1) / math.factorial(k + 2) for k in range(14)]),
        lambda x: S.exprel(x) * (1 - 1 / x) + 1 / x,
    )


scalar_rule(S.exprel, lambda y, x: _exprel_slope(x), real=True)


def _absent(y: Array, a: Array, b: Array) -> Any:
    """Return 1 where a and b are 0 and 0 elsewhere: a term 0 log 0 is absent, without gradient."""
    return F.indicator(F.logical_and(a == 0, b == 0), y)


scalar_rule(
    S.xlogy,
    lambda y, a, b: F.log(b + _absent(y, a, b)),
    lambda y, a, b: a / (b + _absent(y, a, b)),
)
scalar_rule(
    S.xlog1py,
    lambda y, a, b: F.log1p(b + _absent(y, a, 1 + b)),
    lambda y, a, b: a / (1 + b + _absent(y, a, 1 + b)),
)


def _logsumexp_slopes(a: Array, axis: Any, b: Array) -> tuple[Any, Any]:
    """Return b eᵃ / Σ b eᵃ and eᵃ / Σ b eᵃ; infinite terms, if they are the greatest, alone count.

    The greatest term is taken out, not the sum: of large numbers, a − y would have no digits left.
    """
    present = a if b is None else F.where(b == 0, -math.inf, a)
    greatest = F.stop_gradient(F.max(present, axis=axis, keepdims=True))
    infinite = F.isinf(greatest)
    e = F.exp(a - F.where(infinite, 0.0, greatest))
    e = F.where(infinite, F.indicator(a == greatest, a), e)
    if b is None:
        slope = e / F.sum(e, axis=axis, keepdims=True)
        return slope, slope
    product = b * F.where(F.isinf(e), 1.0, e)  # infinite are terms with b = 0 alone
    total = F.sum(product, axis=axis, keepdims=True)
    return product / total, e / total


@rrule.register(S.logsumexp)
def logsumexp_rrule(
    f: Any,
    a: Array,
    axis: Any,
    b: Array,
    *,
    keepdims: bool = False,
    return_sign: bool = False,
    needs: tuple[bool, ...],
) -> Answer:
    y = f(a, axis, b, keepdims=keepdims, return_sign=return_sign)
    project_a = Projection(a) if needs[0] else None
    project_b = Projection(b) if needs[2] else None

    def logsumexp_back(dy: Array) -> Cotangents:
        dy = dy[0] if return_sign else dy
        if dy is None:  # the sign does not move
            return None, None, None, None
        by_a, by_b = _logsumexp_slopes(a, axis, b)
        dy = Reduction(by_a, axis).beside(dy)
        da = project_a(dy * by_a) if project_a else None
        return None, da, None, project_b(dy * by_b) if project_b else None

    return y, logsumexp_back


implement(S.logsumexp, CudaArray)(kernels.logsumexp)


@rrule.register(S.logsumexp, CudaArray)
@falling_back_on(logsumexp_rrule)
def logsumexp_rrule_on_cuda(
    f: Any,
    a: Array,
    axis: Any,
    b: Array,
    *,
    keepdims: bool = False,
    needs: tuple[bool, ...],
    **rest: Any,
) -> Answer:
    """The gradient is of one kernel where there are no factors `b`, and no sign is asked for."""
    if b is not None or rest:
        return NotImplemented

    def logsumexp_back(dy: Array) -> Cotangents:
        da = kernels.logsumexp_back(a, dy, axis, keepdims)
        return NotImplemented if da is NotImplemented else (None, da, None, None)

    return f(a, axis, b, keepdims=keepdims), logsumexp_back


@frule.register(S.logsumexp)
def logsumexp_frule(f: Any, args: Any, tangents: Any, **options: Any) -> Answer:
    (a, axis, b), (da, _, db) = args, tangents
    by_a, by_b = _logsumexp_slopes(a, axis, b)
    parts = [None if t is None else by * t for by, t in ((by_a, da), (by_b, db))]
    dy = F.sum(accumulate(*parts), axis=axis, keepdims=options.get("keepdims", False))
    return f(*args, **options), (dy, None) if options.get("return_sign") else dy


# --- Entropies and losses --------------------------------------------------------------------
# At the edge x = 0 a derivative is its limit, though infinite; of absent terms, it is 0.
def _log_ratio(y: Array, a: Array, b: Array) -> Any:
    return F.log((a + _absent(y, a, b)) / (b + _absent(y, a, b)))


scalar_rule(S.entr, lambda y, x: -F.log(x) - 1, real=True)
scalar_rule(
    S.rel_entr,
    lambda y, a, b: _log_ratio(y, a, b) + 1 - _absent(y, a, b),
    lambda y, a, b: -a / (b + _absent(y, a, b)),
    real=True,
)
scalar_rule(
    S.kl_div,
    lambda y, a, b: _log_ratio(y, a, b),
    lambda y, a, b: 1 - a / (b + _absent(y, a, b)),
    real=True,
)
scalar_rule(
    S.huber,
    lambda y, delta, r: F.where(F.abs(r) <= delta, 0.0, F.abs(r) - delta),
    lambda y, delta, r: F.where(F.abs(r) <= delta, r, delta * F.sign(r)),
    real=True,
)


def _pseudo_huber_by_delta(delta: Any, r: Any) -> Any:
    """Return r⁴ / (h (δ + h)²) with h = √(δ² + r²), where 2 y/δ − r²/h would cancel."""
    h = nonzero(F.hypot(delta, r))
    return r * (r / h) * F.square(r / (delta + h))


scalar_rule(
    S.pseudo_huber,
    lambda y, delta, r: _pseudo_huber_by_delta(delta, r),
    lambda y, delta, r: delta * (r / nonzero(F.hypot(delta, r))),
    real=True,
)


# --- Box and Cox's transformation ------------------------------------------------------------
def _boxcox_by_lambda(y: Array, z: Array, lmbda: Array, zero: Any) -> Any:
    """Return d/dλ (e to the λz − 1) / λ; where `zero` is 1, z is not log 0, and it is y²."""
    return F.square(z) * _exprel_slope(lmbda * z) + zero * F.square(y)


def _at(point: float, x: Array, like: Any) -> Any:
    return F.indicator(x == point, like)


scalar_rule(
    S.boxcox,
    lambda y, x, lmbda: x ** (lmbda - 1),
    lambda y, x, lmbda: _boxcox_by_lambda(y, F.log(x + _at(0, x, y)), lmbda, _at(0, x, y)),
    real=True,
)
scalar_rule(
    S.boxcox1p,
    lambda y, x, lmbda: (1 + x) ** (lmbda - 1),
    lambda y, x, lmbda: _boxcox_by_lambda(y, F.log1p(x + _at(-1, x, y)), lmbda, _at(-1, x, y)),
    real=True,
)
scalar_rule(
    S.inv_boxcox,
    lambda y, x, lmbda: y ** (1 - lmbda),
    lambda y, x, lmbda: (
        -(y ** (1 - lmbda)) * _boxcox_by_lambda(x, F.log(y + _at(0, y, y)), lmbda, _at(0, y, y))
    ),
    real=True,
)
scalar_rule(
    S.inv_boxcox1p,
    lambda y, x, lmbda: (1 + y) ** (1 - lmbda),
    lambda y, x, lmbda: (
        -((1 + y) ** (1 - lmbda))
        * _boxcox_by_lambda(x, F.log1p(y + _at(-1, y, y)), lmbda, _at(-1, y, y))
    ),
    real=True,
)


# --- The normal distribution, and the error function -----------------------------------------
def _asymptotic(far: Any, x: Array, sign: int) -> Any:
    """Return Σ ±(2k − 1)!! / (2x²)ᵏ from k = 1 on, where x is far out."""
    x = F.where(far, x, 20.0)
    u = sign * 0.5 / x / x
    return u * functools.reduce(lambda y, odd: 1 + odd * u * y, range(19, 1, -2), 1.0)


def _dawsn_slope(y: Array, x: Array) -> Any:
    """Return 1 − 2xy, which cancels far out: there, but for exp(−x²), the series is the rest."""
    far = F.abs(F.real(x)) - F.abs(F.imag(x)) > 15
    return F.where(far, -_asymptotic(far, x, 1), 1 - 2 * x * y)


def _erfcx_slope(y: Array, x: Array) -> Any:
    """Return 2xy − 2/√π, which cancels far out to the right."""
    far = F.real(x) > 15
    return F.where(far, (2 / SQRT_PI) * _asymptotic(far, x, -1), 2 * x * y - 2 / SQRT_PI)


scalar_rule(S.dawsn, lambda y, x: _dawsn_slope(y, x))
scalar_rule(S.erf, lambda y, x: (2 / SQRT_PI) * F.exp(-x * x))
scalar_rule(S.erfc, lambda y, x: (-2 / SQRT_PI) * F.exp(-x * x))
scalar_rule(S.erfcinv, lambda y, x: (-SQRT_PI / 2) * F.exp(y * y), real=True)
scalar_rule(S.erfcx, lambda y, x: _erfcx_slope(y, x))
scalar_rule(S.erfinv, lambda y, x: (SQRT_PI / 2) * F.exp(y * y), real=True)
scalar_rule(S.ndtr, lambda y, x: F.exp(-0.5 * x * x) / SQRT_2PI)
scalar_rule(S.ndtri, lambda y, x: SQRT_2PI * F.exp(0.5 * y * y), real=True)


def _hazard(x: Array) -> Any:
    """Return φ(x) / Φ(x); where both vanish, on the left, by erfcx, which overflows right."""
    left = x < 0
    below, above = F.where(left, x, 0.0), F.where(left, 0.0, x)
    return F.where(
        left,
        math.sqrt(2 / math.pi) / S.erfcx(below * -math.sqrt(0.5)),
        F.exp(-0.5 * above * above) / (SQRT_2PI * S.ndtr(above)),
    )


scalar_rule(S.log_ndtr, lambda y, x: _hazard(x), real=True)

# --- The gamma function and its kin ----------------------------------------------------------
scalar_rule(S.digamma, lambda y, x: S.polygamma(1, x))
scalar_rule(S.gamma, lambda y, x: y * S.digamma(x))
scalar_rule(S.gammaln, lambda y, x: S.digamma(x), real=True)
scalar_rule(S.loggamma, lambda y, x: S.digamma(x))
scalar_rule(S.polygamma, None, lambda y, n, x: S.polygamma(n + 1, x), real=True)
scalar_rule(S.zeta, None, lambda y, x, q: -x * S.zeta(x + 1, q), real=True)
constant_in(S.polygamma, "n")
constant_in(S.zeta, "x")


def _rgamma_slope(y: Array, x: Array) -> Any:
    """Return −y ψ(x); on the left, with its poles, of y = Γ(1 − x) sin(πx) / π."""
    left = x < 0.5
    below, above = F.where(left, x, 0.0), F.where(left, 1.0, x)
    angle = math.pi * below
    reflected = F.cos(angle) - F.sin(angle) * S.digamma(1 - below) / math.pi
    return F.where(left, S.gamma(1 - below) * reflected, -y * S.digamma(above))


scalar_rule(S.rgamma, lambda y, x: _rgamma_slope(y, x), real=True)
scalar_rule(
    S.beta,
    lambda y, a, b: y * (S.digamma(a) - S.digamma(a + b)),
    lambda y, a, b: y * (S.digamma(b) - S.digamma(a + b)),
    real=True,
)
scalar_rule(
    S.betaln,
    lambda y, a, b: S.digamma(a) - S.digamma(a + b),
    lambda y, a, b: S.digamma(b) - S.digamma(a + b),
    real=True,
)


def _by_reciprocal_gamma(y: Array, z: Array, n: Any, k: Any) -> Any:
    """Return y ψ(z) for y = Γ(n + 1) / (Γ(z) Γ(k + 1)): finite at the poles of ψ, where y is 0."""
    pole = F.logical_and(z <= 0, z == F.floor(z))
    at, n, k = (F.where(pole, x, 1.0) for x in (z, n, k))
    rest = S.gamma(n + 1) * S.rgamma(k + 1)
    return F.where(
        pole, -rest * _rgamma_slope(S.rgamma(at), at), y * S.digamma(F.where(pole, 1.0, z))
    )


scalar_rule(
    S.binom,
    lambda y, n, k: y * S.digamma(n + 1) - _by_reciprocal_gamma(y, n - k + 1, n, k),
    lambda y, n, k: (
        _by_reciprocal_gamma(y, n - k + 1, n, k) - _by_reciprocal_gamma(y, k + 1, n, n - k)
    ),
    real=True,
)
scalar_rule(
    S.poch,
    lambda y, z, m: y * (S.digamma(z + m) - S.digamma(z)),
    lambda y, z, m: y * S.digamma(z + m),
    real=True,
)


def _gamma_density(a: Array, x: Array) -> Any:
    """Return x to the a − 1, times e⁻ˣ / Γ(a): as a power near 0, by logarithms elsewhere."""
    near = x < 1
    small, large = F.where(near, x, 1.0), F.where(near, 1.0, x)
    power = small ** (a - 1) * F.exp(-small) * S.rgamma(a)
    return F.where(near, power, F.exp((a - 1) * F.log(large) - large - S.gammaln(a)))


def _beta_density(a: Array, b: Array, x: Array) -> Any:
    """Return the density of the beta distribution: as powers at its ends, else by logarithms."""
    end = F.logical_or(x == 0, x == 1)
    left, right = F.where(end, x, 1.0), F.where(end, 1 - x, 1.0)
    scale = S.betaln(a, b)
    power = left ** (a - 1) * right ** (b - 1) * F.exp(F.where(end, -scale, 0.0))
    inner = F.where(end, 0.5, x)
    logarithm = (a - 1) * F.log(inner) + (b - 1) * F.log1p(-inner) - scale
    return F.where(end, power, F.exp(logarithm))


scalar_rule(S.betainc, None, None, lambda y, a, b, x: _beta_density(a, b, x), real=True)
scalar_rule(S.gammainc, None, lambda y, a, x: _gamma_density(a, x), real=True)
scalar_rule(S.gammaincc, None, lambda y, a, x: -_gamma_density(a, x), real=True)
constant_in(S.betainc, "a", "b")
constant_in(S.gammainc, "a")
constant_in(S.gammaincc, "a")


# --- Bessel functions ------------------------------------------------------------------------
def _by_x(y: Array, x: Array, sign: int, factor: Callable[[Any], Any] = lambda x: 1.0) -> Any:
    """Return y / x for y = J₁(x), or I₁(x) by the other sign, times a factor."""
    terms = [sign**k / (2 * math.factorial(k) * math.factorial(k + 1)) for k in range(9)]
    return near_zero(x, 1.0, lambda x: factor(x) * series(x * x / 4, terms), lambda x: y / x)


def _but_at_zero(y: Array, x: Array) -> Any:
    """Return y, but 0 where x is 0: there it is ∞, and so is what is taken from it."""
    return F.where(x == 0, 0.0, y)


scalar_rule(S.i0, lambda y, x: S.i1(x), real=True)
scalar_rule(S.i0e, lambda y, x: S.i1e(x) - F.sign(x) * y, real=True)
scalar_rule(S.i1, lambda y, x: S.i0(x) - _by_x(y, x, 1), real=True)
scalar_rule(
    S.i1e,
    lambda y, x: S.i0e(x) - F.sign(x) * y - _by_x(y, x, 1, lambda x: F.exp(-F.abs(x))),
    real=True,
)
scalar_rule(S.j0, lambda y, x: -S.j1(x), real=True)
scalar_rule(S.j1, lambda y, x: S.j0(x) - _by_x(y, x, -1), real=True)
scalar_rule(S.k0, lambda y, x: -S.k1(x), real=True)
scalar_rule(S.k0e, lambda y, x: _but_at_zero(y, x) - S.k1e(x), real=True)
scalar_rule(S.k1, lambda y, x: -S.k0(x) - y / x, real=True)
scalar_rule(S.k1e, lambda y, x: _but_at_zero(y, x) - S.k0e(x) - y / x, real=True)
scalar_rule(S.y0, lambda y, x: -S.y1(x), real=True)
scalar_rule(S.y1, lambda y, x: S.y0(x + _at(0, x, y)) - y / x, real=True)

# The neighbouring orders' formulas divide by nothing. (CuPy has `yn` alone of these.)
scalar_rule(S.iv, None, lambda y, v, x: 0.5 * (S.iv(v - 1, x) + S.iv(v + 1, x)))
scalar_rule(
    S.ive,
    None,
    lambda y, v, x: 0.5 * (S.ive(v - 1, x) + S.ive(v + 1, x)) - F.sign(x) * y,
    real=True,
)
scalar_rule(S.jv, None, lambda y, v, x: 0.5 * (S.jv(v - 1, x) - S.jv(v + 1, x)))
scalar_rule(S.kv, None, lambda y, v, x: -0.5 * (S.kv(v - 1, x) + S.kv(v + 1, x)))
scalar_rule(S.kve, None, lambda y, v, x: y - 0.5 * (S.kve(v - 1, x) + S.kve(v + 1, x)))
scalar_rule(S.yn, None, lambda y, n, x: 0.5 * (S.yn(n - 1, x) - S.yn(n + 1, x)), real=True)
scalar_rule(S.yv, None, lambda y, v, x: 0.5 * (S.yv(v - 1, x) - S.yv(v + 1, x)))
for _f in (S.iv, S.ive, S.jv, S.kv, S.kve, S.yn, S.yv):
    constant_in(_f, "the order")


# --- Integrals -------------------------------------------------------------------------------
def _spence_slope(x: Array) -> Any:
    """Return log(x) / (1 − x)."""
    near = F.abs(x - 1) < 0.05
    t, far = F.where(near, x - 1, 0.0), F.where(near, 2.0, x)
    power_series = series(t, [(-1) ** (k + 1) / (k + 1) for k in range(14)])
    return F.where(near, power_series, F.log(far) / (1 - far))


scalar_rule(S.exp1, lambda y, x: -F.exp(-x) / x)
scalar_rule(S.expi, lambda y, x: F.exp(x) / x)
scalar_rule(S.spence, lambda y, x: _spence_slope(x))


def _several_rules(f: Any, *slopes: Callable[[Any], Any]) -> None:
    """Register the rules of a function of one argument with several results, by their slopes."""

    @rrule.register(f)
    def several_rrule(_: Any, x: Array) -> Answer:
        project = Projection(x)

        def several_back(dys: Any) -> Cotangents:
            parts = [
                None if dy is None else dy * conj(slope(x))
                for dy, slope in zip(dys, slopes, strict=True)
            ]
            return None, project(functools.reduce(accumulate, parts))

        return f(x), several_back

    @frule.register(f)
    def several_frule(_: Any, args: Any, tangents: Any) -> Answer:
        (x,), (dx,) = args, tangents
        return f(x), tuple(slope(x) * dx for slope in slopes)


def _by_own_argument(f: Any, x: Array, sign: int) -> Any:
    """Return sin(x) / x, or sinh(x) / x by the other sign."""
    terms = [sign**k / math.factorial(2 * k + 1) for k in range(9)]
    return near_zero(x, 1.0, lambda x: series(x * x, terms), lambda x: f(x) / x)


_several_rules(
    S.fresnel,
    lambda x: F.sin(math.pi / 2 * x * x),
    lambda x: F.cos(math.pi / 2 * x * x),
)
_several_rules(S.shichi, lambda x: _by_own_argument(F.sinh, x, 1), lambda x: F.cosh(x) / x)
_several_rules(S.sici, lambda x: _by_own_argument(F.sin, x, -1), lambda x: F.cos(x) / x)
