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
from gpugrad.dispatch.kinds import Array, Axis, kind_of
from gpugrad.dispatch.primitive import Primitive
from gpugrad.errors import ArgumentError
from gpugrad.functions import expm1 as expm1
from gpugrad.functions import log1p as log1p
from gpugrad.functions.bessel import i0 as i0
from gpugrad.functions.bessel import i0e as i0e
from gpugrad.functions.bessel import i1 as i1
from gpugrad.functions.bessel import i1e as i1e
from gpugrad.functions.bessel import iv as iv
from gpugrad.functions.bessel import ive as ive
from gpugrad.functions.bessel import j0 as j0
from gpugrad.functions.bessel import j1 as j1
from gpugrad.functions.bessel import jn as jn
from gpugrad.functions.bessel import jv as jv
from gpugrad.functions.bessel import k0 as k0
from gpugrad.functions.bessel import k0e as k0e
from gpugrad.functions.bessel import k1 as k1
from gpugrad.functions.bessel import k1e as k1e
from gpugrad.functions.bessel import kv as kv
from gpugrad.functions.bessel import kve as kve
from gpugrad.functions.bessel import y0 as y0
from gpugrad.functions.bessel import y1 as y1
from gpugrad.functions.bessel import yn as yn
from gpugrad.functions.bessel import yv as yv
from gpugrad.functions.elementwise import cbrt as cbrt
from gpugrad.functions.elementwise import exp2 as exp2
from gpugrad.functions.gamma import beta as beta
from gpugrad.functions.gamma import betainc as betainc
from gpugrad.functions.gamma import betaln as betaln
from gpugrad.functions.gamma import binom as binom
from gpugrad.functions.gamma import digamma as digamma
from gpugrad.functions.gamma import gamma as gamma
from gpugrad.functions.gamma import gammainc as gammainc
from gpugrad.functions.gamma import gammaincc as gammaincc
from gpugrad.functions.gamma import gammaln as gammaln
from gpugrad.functions.gamma import loggamma as loggamma
from gpugrad.functions.gamma import multigammaln as multigammaln
from gpugrad.functions.gamma import poch as poch
from gpugrad.functions.gamma import polygamma as polygamma
from gpugrad.functions.gamma import psi as psi
from gpugrad.functions.gamma import rgamma as rgamma
from gpugrad.functions.gamma import zeta as zeta

_also_in("special", cbrt, exp2, expm1, log1p)  # SciPy's of that name are the same functions


class Several(Primitive):
    """A function of one argument with several results."""

    def _call_level_implementation(self, count: int) -> Any:
        return self._call_youngest  # which records each of the results


# --- Exponentials and logarithms -------------------------------------------------------------


def logistic(x: Array) -> Any:
    """Return 1 / (1 + e⁻ˣ) without overflow, and with full relative accuracy."""
    t = F.exp(-F.abs(x))
    return F.where(x >= 0, 1, t) / (1 + t)


def _log_expit(x: Array) -> Any:
    return F.where(x < 0, x, 0.0) - F.log1p(F.exp(-F.abs(x)))


@_function("special", body="definition")
def cosm1(x: Array, /) -> Array:
    """Return cos(x) − 1 of each element, with full accuracy near 0.

    Args:
        x: array of any shape, real floating, in radians.
    """
    return -2 * F.square(F.sin(x / 2))


@_function("special", body="definition")
def exp10(x: Array, /) -> Array:
    """Return 10 to the power of each element.

    Args:
        x: array of any shape, real floating.
    """
    return 10.0**x


@_function("special", definition=logistic)
def expit(x: Array, /) -> Array:
    """Return 1 / (1 + e⁻ˣ) of each element, the logistic function.

    Args:
        x: array of any shape, real floating.
    """


@_function("special", body="definition")
def exprel(x: Array, /) -> Any:
    """Return (eˣ − 1) / x of each element, and 1 at 0.

    Args:
        x: array of any shape, real floating.
    """
    # eˣ alone decides where x is infinite
    by = F.where(F.logical_or(x == 0, x == math.inf), 1.0, x)
    return F.where(x == 0, 1.0, F.expm1(x) / by)


@_function("special", definition=_log_expit)
def log_expit(x: Array, /) -> Array:
    """Return log(1 / (1 + e⁻ˣ)) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special", body="definition")
def logit(x: Array, /) -> Array:
    """Return log(x / (1 − x)) of each element, the inverse of `expit`.

    Args:
        x: array of any shape, real floating, in [0, 1]; NaN outside.
    """
    return F.log(x / (1 - x))


@_function("special", body="definition")
def xlog1py(x: Array, y: Array, /) -> Any:
    """Return x log(1 + y) of each two elements, and 0 where x is 0.

    Where x is 0 and y is −1, the derivatives are 0.

    Args:
        x: array of any shape, real or complex floating.
        y: array that broadcasts with it.
    """
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log1p(y))


@_function("special", body="definition")
def xlogy(x: Array, y: Array, /) -> Any:
    """Return x log y of each two elements, and 0 where x is 0.

    Where both are 0, so are the derivatives.

    Args:
        x: array of any shape, real or complex floating.
        y: array that broadcasts with it.
    """
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log(y))


def _squeezed(y: Array, axis: Axis) -> Any:
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
    a: Array, axis: Axis = None, b: Array = None, keepdims: bool = False, return_sign: bool = False
) -> Array:
    """Return log |Σ b eᵃ| over axes, without overflow.

    Args:
        a: array of any shape, real floating.
        axis: the axis or axes to go over; None is all.
        b: array that broadcasts with it: the factors; 1 by default.
        keepdims: whether the axes stay, with length 1.
        return_sign: whether to return the sign of the sum beside it, without which it is NaN
            where the sum is negative.

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
def softmax(x: Array, axis: Axis = None) -> Array:
    """Return eˣ / Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.softmax`, the last).
    """
    e = F.exp(x - F.stop_gradient(F.max(x, axis=axis, keepdims=True)))
    return e / F.sum(e, axis=axis, keepdims=True)


@_composite("special")
def log_softmax(x: Array, axis: Axis = None) -> Array:
    """Return x − log Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.logsoftmax`, the last).
    """
    z = x - F.stop_gradient(F.max(x, axis=axis, keepdims=True))
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))


# --- Entropies and losses --------------------------------------------------------------------


@_function("special", body="definition")
def entr(x: Array, /) -> Any:
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
def kl_div(x: Array, y: Array, /) -> Array:
    """Return x log(x / y) − x + y of each two elements: terms of a Kullback–Leibler divergence.

    Where both are 0 the value is 0, and the derivatives are 0 and 1.

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
def rel_entr(x: Array, y: Array, /) -> Array:
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


def _boxcox_of_log(z: Array, lmbda: Array) -> Any:
    product = lmbda * z
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, z, F.expm1(product) / (lmbda + F.indicator(zero, product)))


def _log_of_boxcox(y: Array, lmbda: Array) -> Any:
    product = lmbda * y
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, y, F.log1p(product) / (lmbda + F.indicator(zero, product)))


@_function("special", body="definition")
def boxcox(x: Array, lmbda: Array, /) -> Any:
    """Return (x to the power λ, minus 1) / λ of each two elements, and log x where λ is 0.

    Args:
        x: array of any shape, real floating, not negative.
        lmbda: array that broadcasts with it: the parameter.
    """
    return _boxcox_of_log(F.log(x), lmbda)


@_function("special", body="definition")
def boxcox1p(x: Array, lmbda: Array, /) -> Array:
    """Return `boxcox` of 1 + x, with full accuracy near 0.

    Args:
        x: array of any shape, real floating, −1 at least.
        lmbda: array that broadcasts with it: the parameter.
    """
    return _boxcox_of_log(F.log1p(x), lmbda)


@_function("special", body="definition")
def inv_boxcox(y: Array, lmbda: Array, /) -> Array:
    """Return x of y = boxcox(x, λ).

    Args:
        y: array of any shape, real floating.
        lmbda: array that broadcasts with it: the parameter.
    """
    return F.exp(_log_of_boxcox(y, lmbda))


@_function("special", body="definition")
def inv_boxcox1p(y: Array, lmbda: Array, /) -> Array:
    """Return x of y = boxcox1p(x, λ).

    Args:
        y: array of any shape, real floating.
        lmbda: array that broadcasts with it: the parameter.
    """
    return F.expm1(_log_of_boxcox(y, lmbda))


# --- The normal distribution, and the error function -----------------------------------------


@_function("special")
def dawsn(x: Array, /) -> Array:
    """Return Dawson's integral, e^(−x²) ∫₀ˣ e^(t²) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erf(x: Array, /) -> Array:
    """Return the error function, (2/√π) ∫₀ˣ e^(−t²) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfc(x: Array, /) -> Array:
    """Return 1 − erf(x) of each element, with full accuracy where it is small.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfcinv(x: Array, /) -> Array:
    """Return the inverse of `erfc` of each element.

    Args:
        x: array of any shape, real floating, in [0, 2]; NaN outside.
    """


@_function("special")
def erfcx(x: Array, /) -> Array:
    """Return e^(x²) erfc(x) of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def erfinv(x: Array, /) -> Array:
    """Return the inverse of `erf` of each element.

    Args:
        x: array of any shape, real floating, in [−1, 1]; NaN outside.
    """


@_function("special")
def log_ndtr(x: Array, /) -> Array:
    """Return the logarithm of `ndtr` of each element, with full accuracy far to the left.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def ndtr(x: Array, /) -> Array:
    """Return the standard normal distribution function of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def ndtri(x: Array, /) -> Array:
    """Return the quantiles of the standard normal distribution, the inverse of `ndtr`.

    Args:
        x: array of any shape, real floating, in [0, 1]; NaN outside.
    """


# --- Integrals -------------------------------------------------------------------------------


@_function("special")
def exp1(x: Array, /) -> Array:
    """Return ∫ₓ^∞ e⁻ᵗ / t dt of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def expi(x: Array, /) -> Array:
    """Return the principal value of ∫ eᵗ / t dt from −∞ to x, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special", kind=Several)
def fresnel(x: Array, /) -> Any:
    """Return Fresnel's integrals: those of sin(πt²/2) and of cos(πt²/2) from 0 to x.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape.
    """


@_function("special", kind=Several)
def shichi(x: Array, /) -> Any:
    """Return the hyperbolic sine and cosine integrals of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape: ∫₀ˣ sinh t / t dt, and γ + log x + ∫₀ˣ (cosh t − 1) / t dt.

    Source: https://dlmf.nist.gov/6.2
    """


@_function("special", kind=Several)
def sici(x: Array, /) -> Any:
    """Return the sine and cosine integrals of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Two arrays of its shape: ∫₀ˣ sin t / t dt, and γ + log x + ∫₀ˣ (cos t − 1) / t dt.

    Source: https://dlmf.nist.gov/6.2
    """


@_function("special")
def spence(x: Array, /) -> Array:
    """Return Spence's function, −∫₁ˣ log t / (t − 1) dt, of each element.

    Args:
        x: array of any shape, real or complex floating.
    """
