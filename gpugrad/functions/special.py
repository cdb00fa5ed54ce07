"""Special functions, by SciPy's names and signatures.

On NumPy's arrays scipy.special computes them (the extra `gpugrad[scipy]`), on CuPy's
cupyx.scipy.special. What can be written in elementary functions has a definition here, which runs
where there is neither.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.declare import named as _named
from gpugrad.dispatch.kinds import kind_of
from gpugrad.dispatch.primitive import BY_NAME, Primitive
from gpugrad.dispatch.primitive import Composite as _Composite
from gpugrad.errors import ArgumentError
from gpugrad.functions import expm1 as expm1
from gpugrad.functions import log1p as log1p
from gpugrad.functions.elementwise import cbrt as cbrt
from gpugrad.functions.elementwise import exp2 as exp2

for _f in (cbrt, exp2, expm1, log1p):  # SciPy's of that name are the same functions
    BY_NAME[f"special.{_f.name}"] = _f


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


def _exprel(x: Any) -> Any:
    # eˣ alone decides where x is infinite
    by = F.where(F.logical_or(x == 0, x == math.inf), 1.0, x)
    return F.where(x == 0, 1.0, F.expm1(x) / by)


def _xlogy(x: Any, y: Any) -> Any:
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log(y))


def _xlog1py(x: Any, y: Any) -> Any:
    zero = F.logical_and(x == 0, F.logical_not(F.isnan(y)))
    return F.where(zero, 0.0, x * F.log1p(y))


cosm1 = _function("cosm1", module="special", definition=lambda x: -2 * F.square(F.sin(x / 2)))
exp10 = _function("exp10", module="special", definition=lambda x: 10.0**x)
expit = _function("expit", module="special", definition=logistic)
exprel = _function("exprel", module="special", definition=_exprel)
log_expit = _function("log_expit", module="special", definition=_log_expit)
logit = _function("logit", module="special", definition=lambda x: F.log(x / (1 - x)))
xlog1py = _function("xlog1py", module="special", definition=_xlog1py)
xlogy = _function("xlogy", module="special", definition=_xlogy)


def _logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """Return log |Σ b eᵃ|, its sign beside it where that is asked for, else NaN where negative."""
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


def _squeezed(y: Any, axis: Any) -> Any:
    """Return a reduction without the axes that it was made with `keepdims` over."""
    return F.reshape(y, ()) if axis is None else F.squeeze(y, axis=axis)


# One definition on every library: SciPy's takes several times as long.
logsumexp = _function(
    "logsumexp",
    module="special",
    kind=Several,
    keywords=("a", "axis", "b"),
    arrays=(0, 2),
    operator=_logsumexp,
)


@_composite("special")
def softmax(x: Any, axis: Any = None) -> Any:
    """Return eˣ / Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.softmax`, the last).
    """
    e = F.exp(x - F.stop_gradient(F.max(x, axis=axis, keepdims=True)))
    return e / F.sum(e, axis=axis, keepdims=True)


@_composite("special")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """Return x − log Σ eˣ over axes.

    Args:
        x: array, real floating.
        axis: the axis or axes; all by default (of `gpugrad.logsoftmax`, the last).
    """
    z = x - F.stop_gradient(F.max(x, axis=axis, keepdims=True))
    return z - F.log(F.sum(F.exp(z), axis=axis, keepdims=True))


# --- Entropies and losses --------------------------------------------------------------------


def _entr(x: Any) -> Any:
    inside = x > 0
    y = -x * F.log(F.where(inside, x, 1.0))
    return F.where(x < 0, -math.inf, y)


def _rel_entr(x: Any, y: Any) -> Any:
    inside = F.logical_and(x > 0, y > 0)
    nothing = F.logical_and(x == 0, y >= 0)
    product = x * F.log(F.where(inside, x / y, 1.0))
    found = F.where(inside, product, F.where(nothing, product, math.inf))
    return F.where(F.isnan(x + y), math.nan, found)


def _huber(delta: Any, r: Any) -> Any:
    size = F.abs(r)
    y = F.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return F.where(F.minimum(delta, size) < 0, math.inf, y)


def _pseudo_huber(delta: Any, r: Any) -> Any:
    h = F.hypot(delta, r)
    y = delta * r * (r / F.where(h == 0, 1.0, delta + h))
    return F.where(F.minimum(delta, F.abs(r)) < 0, math.inf, y)


entr = _function("entr", module="special", definition=_entr)
huber = _function("huber", module="special", definition=_huber)
kl_div = _function("kl_div", module="special", definition=lambda x, y: rel_entr(x, y) - x + y)
pseudo_huber = _function("pseudo_huber", module="special", definition=_pseudo_huber)
rel_entr = _function("rel_entr", module="special", definition=_rel_entr)

# --- Box and Cox's transformation ------------------------------------------------------------


def _boxcox(x: Any, lmbda: Any) -> Any:
    return _boxcox_of_log(F.log(x), lmbda)


def _boxcox1p(x: Any, lmbda: Any) -> Any:
    return _boxcox_of_log(F.log1p(x), lmbda)


def _boxcox_of_log(z: Any, lmbda: Any) -> Any:
    product = lmbda * z
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, z, F.expm1(product) / (lmbda + F.indicator(zero, product)))


def _log_of_boxcox(y: Any, lmbda: Any) -> Any:
    product = lmbda * y
    zero = F.zeros_like(product) == lmbda
    return F.where(zero, y, F.log1p(product) / (lmbda + F.indicator(zero, product)))


def _inv_boxcox(y: Any, lmbda: Any) -> Any:
    return F.exp(_log_of_boxcox(y, lmbda))


def _inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    return F.expm1(_log_of_boxcox(y, lmbda))


boxcox = _function("boxcox", module="special", definition=_boxcox)
boxcox1p = _function("boxcox1p", module="special", definition=_boxcox1p)
inv_boxcox = _function("inv_boxcox", module="special", definition=_inv_boxcox)
inv_boxcox1p = _function("inv_boxcox1p", module="special", definition=_inv_boxcox1p)

# --- The normal distribution, and the error function -----------------------------------------

dawsn = _function("dawsn", module="special")
erf = _function("erf", module="special")
erfc = _function("erfc", module="special")
erfcinv = _function("erfcinv", module="special")
erfcx = _function("erfcx", module="special")
erfinv = _function("erfinv", module="special")
log_ndtr = _function("log_ndtr", module="special")
ndtr = _function("ndtr", module="special")
ndtri = _function("ndtri", module="special")

# --- The gamma function and its kin ----------------------------------------------------------

beta = _function("beta", module="special")
betainc = _function("betainc", module="special")
betaln = _function("betaln", module="special")
binom = _function("binom", module="special")
digamma = _function("digamma", module="special")
gamma = _function("gamma", module="special")
gammainc = _function("gammainc", module="special")
gammaincc = _function("gammaincc", module="special")
gammaln = _function("gammaln", module="special")
loggamma = _function("loggamma", module="special")
poch = _function("poch", module="special")
polygamma = _function("polygamma", module="special")
psi = BY_NAME["special.psi"] = digamma
rgamma = _function("rgamma", module="special")
zeta = _function("zeta", module="special")


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

i0 = _function("i0", module="special")
i0e = _function("i0e", module="special")
i1 = _function("i1", module="special")
i1e = _function("i1e", module="special")
iv = _function("iv", module="special")
ive = _function("ive", module="special")
j0 = _function("j0", module="special")
j1 = _function("j1", module="special")
jv = _function("jv", module="special")
jn = jv
k0 = _function("k0", module="special")
k0e = _function("k0e", module="special")
k1 = _function("k1", module="special")
k1e = _function("k1e", module="special")
kv = _function("kv", module="special")
kve = _function("kve", module="special")
y0 = _function("y0", module="special")
y1 = _function("y1", module="special")
yn = _function("yn", module="special")
yv = _function("yv", module="special")

# --- Integrals -------------------------------------------------------------------------------

exp1 = _function("exp1", module="special")
expi = _function("expi", module="special")
fresnel = _function("fresnel", module="special", kind=Several)
shichi = _function("shichi", module="special", kind=Several)
sici = _function("sici", module="special", kind=Several)
spence = _function("spence", module="special")
