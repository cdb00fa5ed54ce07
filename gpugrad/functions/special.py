"""Special functions, by SciPy's names and signatures.

On NumPy's arrays scipy.special computes them (the extra `gpugrad[scipy]`), on CuPy's
cupyx.scipy.special. What can be written in elementary functions has a definition here, which runs
where there is neither.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import also_in as _also_in
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.declare import named as _named
from gpugrad.dispatch.kinds import Axis, kind_of
from gpugrad.dispatch.primitive import Composite as _Composite
from gpugrad.dispatch.primitive import Primitive
from gpugrad.errors import ArgumentError
from gpugrad.functions import expm1 as expm1
from gpugrad.functions import log1p as log1p
from gpugrad.functions.elementwise import cbrt as cbrt
from gpugrad.functions.elementwise import exp2 as exp2

_also_in("special", cbrt, exp2, expm1, log1p)  # SciPy's of that name are the same functions


class Several(Primitive):
    """A function of one argument with several results."""

    def _call_level_implementation(self, count: int) -> Any:
        return self._call_youngest  # which records each of the results


# --- Exponentials and logarithms -------------------------------------------------------------


def logistic(x: Any) -> Any:
    """Return 1 / (1 + e⁻ˣ) without overflow, and with full relative accuracy."""
    t = F.exp(-F.abs(x))
    return F.where(x >= 0, 1, t) / (1 + t)


def _log_expit(x: Any) -> Any:
    return F.where(x < 0, x, 0.0) - F.log1p(F.exp(-F.abs(x)))


@_function("special", body="definition")
def cosm1(x: Any, /) -> Any:
    """Return cos(x) − 1 of each element, with full accuracy near 0.

    Args:
        x: array of any shape, real floating, in radians.
    """
    return -2 * F.square(F.sin(x / 2))


@_function("special", body="definition")
def exp10(x: Any, /) -> Any:
    """Return 10 to the power of each element.

    Args:
        x: array of any shape, real floating.
    """
    return 10.0**x


@_function("special", definition=logistic)
def expit(x: Any, /) -> Any:
    """Return 1 / (1 + e⁻ˣ) of each element, the logistic function.

    Args:
        x: array of any shape, real floating.
    """


@_function("special", body="definition")
def exprel(x: Any, /) -> Any:
    """Return (eˣ − 1) / x of each element, and 1 at 0.

    Args:
        x: array of any shape, real floating.
    """
    # eˣ alone decides where x is infinite
    by = F.where(F.logical_or(x == 0, x == math.inf), 1.0, x)
    return F.where(x == 0, 1.0, F.expm1(x) / by)


@_function("special", definition=_log_expit)
def log_expit(x: Any, /) -> Any:
    """Return log(1 / (1 + e⁻ˣ)) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special", body="definition")
def logit(x: Any, /) -> Any:
    """Return log(x / (1 − x)) of each element, the inverse of `expit`.

    Args:
        x: array of any shape, real floating, in [0, 1]; NaN outside.
    """
    return F.log(x / (1 - x))


@_function("special", body="definition")
def xlog1py(x: Any, y: Any, /) -> Any:
    """Return x log(1 + y) of each two elements, and 0 where x is 0.

    Where x is 0 and y is −1, the derivatives are 0.

    Args:
        x: array of any shape, real or complex floating.
        y: array that broadcasts with it.
    """
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log1p(y))


@_function("special", body="definition")
def xlogy(x: Any, y: Any, /) -> Any:
    """Return x log y of each two elements, and 0 where x is 0.

    Where both are 0, so are the derivatives.

    Args:
        x: array of any shape, real or complex floating.
        y: array that broadcasts with it.
    """
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log(y))


def _squeezed(y: Any, axis: Axis) -> Any:
    """Return a reduction without the axes that it was made with `keepdims` over."""
    return F.reshape(y, ()) if axis is None else F.squeeze(y, axis=axis)


@_function(
    "special",
    body="operator",  # on every library: SciPy's takes several times as long
    kind=Several,
    keywords=("a", "axis", "b"),
    arrays=(0, 2),
)
def logsumexp(
    a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log |Σ b eᵃ| over axes, without overflow.

    Args:
        a: array of any shape, real floating.
        axis: the axis or axes to go over; None is all.
        b: array that broadcasts with it: the factors; 1 by default.
        keepdims: whether the axes stay, with length 1.
        return_sign: whether to return the sign of the sum beside it; else it is NaN where that is
            −.

    Raises:
        ArgumentError: `a` or `b` is complex.
    """
    if kind_of(a) == "c" or (b is not None and kind_of(b) == "c"):
        raise ArgumentError(
            "logsumexp: the arrays are complex. Write xp.log(xp.sum(b * xp.exp(a), axis=axis))"
        )
    if b is not None:
        a = F.where(b == 0, -math.inf, a)
    largest = F.max(a, axis=axis, keepdims=True)
    shift = F.where(F.isinf(largest), 0.0, largest)
    terms = F.exp(a - shift)
    total = F.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    sign = F.sign(total)
    total = F.abs(total) if return_sign or b is None else F.where(total < 0, math.nan, total)
    nothing = total == 0
    y = F.where(nothing, -math.inf, F.log(F.where(nothing, 1.0, total)) + shift)
    if not keepdims:
        y, sign = (_squeezed(part, axis) for part in (y, sign))
    return (y, sign) if return_sign else y


@_composite("special")
def softmax(x: Any, axis: Axis = None) -> Any:
    """Return eˣ / Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.softmax`, the last).
    """
    e = F.exp(x - F.stop_gradient(F.max(x, axis=axis, keepdims=True)))
    return e / F.sum(e, axis=axis, keepdims=True)


@_composite("special")
def log_softmax(x: Any, axis: Axis = None) -> Any:
    """Return x − log Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.logsoftmax`, the last).
    """
    z = x - F.stop_gradient(F.max(x, axis=axis, keepdims=True))
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))


# --- Entropies and losses --------------------------------------------------------------------


@_function("special", body="definition")
def entr(x: Any, /) -> Any:
    """Return −x log x of each element, 0 at 0 and −∞ below.

    The derivative at 0 is infinite.

    Args:
        x: array of any shape, real floating.
    """
    inside = x > 0
    y = -x * F.log(F.where(inside, x, 1.0))
    return F.where(x < 0, -math.inf, y)


@_function("special", body="definition")
def huber(delta: Any, r: Any, /) -> Any:
    """Return r² / 2 where |r| ≤ δ, and δ (|r| − δ / 2) beyond: Huber's loss.

    Args:
        delta: array of any shape, real floating: how large a residual counts by its absolute value;
            below 0 the loss is ∞.
        r: array that broadcasts with it: the residuals.
    """
    size = F.abs(r)
    y = F.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return F.where(F.minimum(delta, size) < 0, math.inf, y)


@_function("special", body="definition")
def kl_div(x: Any, y: Any, /) -> Any:
    """Return x log(x / y) − x + y of each two elements: terms of a Kullback–Leibler divergence.

    Where both are 0, so are the value and the derivatives.

    Args:
        x: array of any shape, real floating, not negative.
        y: array that broadcasts with it, not negative.
    """
    return rel_entr(x, y) - x + y


@_function("special", body="definition")
def pseudo_huber(delta: Any, r: Any, /) -> Any:
    """Return δ² (√(1 + (r / δ)²) − 1), which is smooth and close to Huber's loss.

    Args:
        delta: array of any shape, real floating: how large a residual counts by its absolute value;
            below 0 the loss is ∞.
        r: array that broadcasts with it: the residuals.
    """
    h = F.hypot(delta, r)
    y = delta * r * (r / F.where(h == 0, 1.0, delta + h))
    return F.where(F.minimum(delta, F.abs(r)) < 0, math.inf, y)


@_function("special", body="definition")
def rel_entr(x: Any, y: Any, /) -> Any:
    """Return x log(x / y) of each two elements: terms of a relative entropy.

    Where both are 0, so are the value and the derivatives.

    Args:
        x: array of any shape, real floating, not negative.
        y: array that broadcasts with it, not negative.
    """
    inside = F.logical_and(x > 0, y > 0)
    nothing = F.logical_and(x == 0, y >= 0)
    product = x * F.log(F.where(inside, x / y, 1.0))
    found = F.where(inside, product, F.where(nothing, product, math.inf))
    return F.where(F.isnan(x + y), math.nan, found)


# --- Box and Cox's transformation ------------------------------------------------------------


def _boxcox_of_log(z: Any, lmbda: Any) -> Any:
    product = lmbda * z
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, z, F.expm1(product) / (lmbda + F.indicator(zero, product)))


def _log_of_boxcox(y: Any, lmbda: Any) -> Any:
    product = lmbda * y
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, y, F.log1p(product) / (lmbda + F.indicator(zero, product)))


@_function("special", body="definition")
def boxcox(x: Any, lmbda: Any, /) -> Any:
    """Return (x to the power λ, minus 1) / λ of each two elements, and log x where λ is 0.

    Args:
        x: array of any shape, real floating, not negative.
        lmbda: array that broadcasts with it: the parameter.
    """
    return _boxcox_of_log(F.log(x), lmbda)


@_function("special", body="definition")
def boxcox1p(x: Any, lmbda: Any, /) -> Any:
    """Return `boxcox` of 1 + x, with full accuracy near 0.

    Args:
        x: array of any shape, real floating, −1 at least.
        lmbda: array that broadcasts with it: the parameter.
    """
    return _boxcox_of_log(F.log1p(x), lmbda)


@_function("special", body="definition")
def inv_boxcox(y: Any, lmbda: Any, /) -> Any:
    """Return x of y = boxcox(x, λ).

    Args:
        y: array of any shape, real floating.
        lmbda: array that broadcasts with it: the parameter.
    """
    return F.exp(_log_of_boxcox(y, lmbda))


@_function("special", body="definition")
def inv_boxcox1p(y: Any, lmbda: Any, /) -> Any:
    """Return x of y = boxcox1p(x, λ).

    Args:
        y: array of any shape, real floating.
        lmbda: array that broadcasts with it: the parameter.
    """
    return F.expm1(_log_of_boxcox(y, lmbda))


# --- The normal distribution, and the error function -----------------------------------------


@_function("special")
def dawsn(x: Any, /) -> Any:
    """Return Dawson's integral, e^(−x²) ∫₀ˣ e^(t²) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erf(x: Any, /) -> Any:
    """Return the error function, (2/√π) ∫₀ˣ e^(−t²) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfc(x: Any, /) -> Any:
    """Return 1 − erf(x) of each element, with full accuracy where it is small.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfcinv(x: Any, /) -> Any:
    """Return the inverse of `erfc` of each element.

    Args:
        x: array of any shape, real floating, in [0, 2]; NaN outside.
    """


@_function("special")
def erfcx(x: Any, /) -> Any:
    """Return e^(x²) erfc(x) of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfinv(x: Any, /) -> Any:
    """Return the inverse of `erf` of each element.

    Args:
        x: array of any shape, real floating, in [−1, 1]; NaN outside.
    """


@_function("special")
def log_ndtr(x: Any, /) -> Any:
    """Return the logarithm of `ndtr` of each element, with full accuracy far to the left.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def ndtr(x: Any, /) -> Any:
    """Return the standard normal distribution function of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def ndtri(x: Any, /) -> Any:
    """Return the quantiles of the standard normal distribution, the inverse of `ndtr`.

    Args:
        x: array of any shape, real floating, in [0, 1]; NaN outside.
    """


# --- The gamma function and its kin ----------------------------------------------------------


@_function("special")
def beta(a: Any, b: Any, /) -> Any:
    """Return Γ(a) Γ(b) / Γ(a + b) of each two elements.

    Args:
        a: array of any shape, real floating.
        b: array that broadcasts with it.
    """


@_function("special")
def betainc(a: Any, b: Any, x: Any, /) -> Any:
    """Return the regularised incomplete beta function of each three elements.

    Args:
        a: array of any shape, real floating, above 0; its derivative is not known here.
        b: array that broadcasts with it, above 0; likewise.
        x: array that broadcasts with both, in [0, 1].

    Raises:
        ArgumentError: the derivative by `a` or `b` is asked for.

    Source: https://dlmf.nist.gov/8.17
    """


@_function("special")
def betaln(a: Any, b: Any, /) -> Any:
    """Return log |B(a, b)| of each two elements, without overflow.

    Args:
        a: array of any shape, real floating.
        b: array that broadcasts with it.
    """


@_function("special")
def binom(n: Any, k: Any, /) -> Any:
    """Return the binomial coefficients of each two elements, which need not be whole.

    Args:
        n: array of any shape, real floating.
        k: array that broadcasts with it.
    """


@_function("special")
def digamma(x: Any, /) -> Any:
    """Return the derivative of log Γ of each element.

    Args:
        x: array of any shape, real or complex floating.

    Source: https://dlmf.nist.gov/5.2
    """


@_function("special")
def gamma(x: Any, /) -> Any:
    """Return the gamma function of each element: (n − 1)! of a whole number n.

    Args:
        x: array of any shape, real or complex floating.

    Source: https://dlmf.nist.gov/5.2
    """


@_function("special")
def gammainc(a: Any, x: Any, /) -> Any:
    """Return the regularised lower incomplete gamma function of each two elements.

    Args:
        a: array of any shape, real floating, above 0; its derivative is not known here.
        x: array that broadcasts with it, not negative.

    Raises:
        ArgumentError: the derivative by `a` is asked for.

    Source: https://dlmf.nist.gov/8.2
    """


@_function("special")
def gammaincc(a: Any, x: Any, /) -> Any:
    """Return 1 − gammainc(a, x) of each two elements, with full accuracy where it is small.

    Args:
        a: array of any shape, real floating, above 0; its derivative is not known here.
        x: array that broadcasts with it, not negative.

    Raises:
        ArgumentError: the derivative by `a` is asked for.
    """


@_function("special")
def gammaln(x: Any, /) -> Any:
    """Return log |Γ| of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def loggamma(x: Any, /) -> Any:
    """Return the logarithm of the gamma function, NaN of real elements below 0.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def poch(z: Any, m: Any, /) -> Any:
    """Return Γ(z + m) / Γ(z) of each two elements, Pochhammer's symbol.

    Args:
        z: array of any shape, real floating.
        m: array that broadcasts with it.
    """


@_function("special")
def polygamma(n: Any, x: Any, /) -> Any:
    """Return the n-th derivative of `digamma` of each two elements.

    Args:
        n: array of any shape, of whole numbers, not negative; it has no derivative.
        x: array that broadcasts with it, real floating.

    Raises:
        ArgumentError: the derivative by `n` is asked for.
    """


@_function("special")
def rgamma(x: Any, /) -> Any:
    """Return 1 / Γ of each element, which has no poles.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def zeta(x: Any, q: Any, /) -> Any:
    """Return Hurwitz' zeta function Σ 1 / (q + n)ˣ of each two elements.

    Args:
        x: array of any shape, real floating, above 1; its derivative is not known here.
        q: array that broadcasts with it.

    Raises:
        ArgumentError: the derivative by `x` is asked for.

    Source: https://dlmf.nist.gov/25.11
    """


psi = digamma
_also_in("special", digamma, name="psi")


@_named(kind=_Composite)  # SciPy's makes float64 of float32
def multigammaln(a: Any, d: int) -> Any:
    """Return the logarithm of the multivariate gamma function of dimension `d`.

    Args:
        a: array of any shape, real floating, greater than (d − 1) / 2.
        d: the dimension.

    Source: https://en.wikipedia.org/wiki/Multivariate_gamma_function
    """
    y = gammaln(a) + 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(1, d):
        y = y + gammaln(a - 0.5 * j)
    return y


# --- Bessel functions ------------------------------------------------------------------------


@_function("special")
def i0(x: Any, /) -> Any:
    """Return the modified Bessel function of the first kind and order 0 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i0e(x: Any, /) -> Any:
    """Return e^(−|x|) I₀(x) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i1(x: Any, /) -> Any:
    """Return the modified Bessel function of the first kind and order 1 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i1e(x: Any, /) -> Any:
    """Return e^(−|x|) I₁(x) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def iv(v: Any, z: Any, /) -> Any:
    """Return the modified Bessel function of the first kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def ive(v: Any, z: Any, /) -> Any:
    """Return e^(−|Re z|) Iᵥ(z) of each two elements, without overflow.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def j0(x: Any, /) -> Any:
    """Return the Bessel function of the first kind and order 0 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def j1(x: Any, /) -> Any:
    """Return the Bessel function of the first kind and order 1 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def jv(v: Any, z: Any, /) -> Any:
    """Return the Bessel function of the first kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


jn = jv
_also_in("special", jv, name="jn")


@_function("special")
def k0(x: Any, /) -> Any:
    """Return the modified Bessel function of the second kind and order 0 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k0e(x: Any, /) -> Any:
    """Return eˣ K₀(x) of each element, without underflow.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k1(x: Any, /) -> Any:
    """Return the modified Bessel function of the second kind and order 1 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k1e(x: Any, /) -> Any:
    """Return eˣ K₁(x) of each element, without underflow.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def kv(v: Any, z: Any, /) -> Any:
    """Return the modified Bessel function of the second kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def kve(v: Any, z: Any, /) -> Any:
    """Return eᶻ Kᵥ(z) of each two elements, without underflow.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def y0(x: Any, /) -> Any:
    """Return the Bessel function of the second kind and order 0 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def y1(x: Any, /) -> Any:
    """Return the Bessel function of the second kind and order 1 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def yn(n: Any, x: Any, /) -> Any:
    """Return the Bessel function of the second kind and whole order n of each two elements.

    Args:
        n: array of any shape, of whole numbers; it has no derivative.
        x: array that broadcasts with it, real floating, above 0.

    Raises:
        ArgumentError: the derivative by `n` is asked for.
    """


@_function("special")
def yv(v: Any, z: Any, /) -> Any:
    """Return the Bessel function of the second kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


# --- Integrals -------------------------------------------------------------------------------


@_function("special")
def exp1(x: Any, /) -> Any:
    """Return ∫ₓ^∞ e⁻ᵗ / t dt of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def expi(x: Any, /) -> Any:
    """Return the principal value of ∫ eᵗ / t dt from −∞ to x, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special", kind=Several)
def fresnel(x: Any, /) -> Any:
    """Return Fresnel's integrals: those of sin(πt²/2) and of cos(πt²/2) from 0 to x.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape.
    """


@_function("special", kind=Several)
def shichi(x: Any, /) -> Any:
    """Return the hyperbolic sine and cosine integrals of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape: ∫₀ˣ sinh t / t dt, and γ + log x + ∫₀ˣ (cosh t − 1) / t dt.

    Source: https://dlmf.nist.gov/6.2
    """


@_function("special", kind=Several)
def sici(x: Any, /) -> Any:
    """Return the sine and cosine integrals of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape: ∫₀ˣ sin t / t dt, and γ + log x + ∫₀ˣ (cos t − 1) / t dt.

    Source: https://dlmf.nist.gov/6.2
    """


@_function("special")
def spence(x: Any, /) -> Any:
    """Return Spence's function, −∫₁ˣ log t / (t − 1) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """
