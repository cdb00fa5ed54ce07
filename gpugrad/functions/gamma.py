"""The gamma function and its kin, by SciPy's names and signatures; see `special`."""

from __future__ import annotations

import math
from typing import Any

from gpugrad.dispatch.declare import also_in as _also_in
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.declare import named as _named
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.primitive import Composite as _Composite


@_function("special")
def beta(a: Array, b: Array, /) -> Array:
    """Return Γ(a) Γ(b) / Γ(a + b) of each two elements.

    Args:
        a: array of any shape, real floating.
        b: array that broadcasts with it.
    """


@_function("special")
def betainc(a: Array, b: Array, x: Array, /) -> Array:
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
def betaln(a: Array, b: Array, /) -> Array:
    """Return log |B(a, b)| of each two elements, without overflow.

    Args:
        a: array of any shape, real floating.
        b: array that broadcasts with it.
    """


@_function("special")
def binom(n: Any, k: Any, /) -> Array:
    """Return the binomial coefficients of each two elements, which need not be whole.

    Args:
        n: array of any shape, real floating.
        k: array that broadcasts with it.
    """


@_function("special")
def digamma(x: Array, /) -> Array:
    """Return the derivative of log Γ of each element.

    Args:
        x: array of any shape, real or complex floating.

    Source: https://dlmf.nist.gov/5.2
    """


@_function("special")
def gamma(x: Array, /) -> Array:
    """Return the gamma function of each element: (n − 1)! of a whole number n.

    Args:
        x: array of any shape, real or complex floating.

    Source: https://dlmf.nist.gov/5.2
    """


@_function("special")
def gammainc(a: Array, x: Array, /) -> Array:
    """Return the regularised lower incomplete gamma function of each two elements.

    Args:
        a: array of any shape, real floating, above 0; its derivative is not known here.
        x: array that broadcasts with it, not negative.

    Raises:
        ArgumentError: the derivative by `a` is asked for.

    Source: https://dlmf.nist.gov/8.2
    """


@_function("special")
def gammaincc(a: Array, x: Array, /) -> Array:
    """Return 1 − gammainc(a, x) of each two elements, with full accuracy where it is small.

    Args:
        a: array of any shape, real floating, above 0; its derivative is not known here.
        x: array that broadcasts with it, not negative.

    Raises:
        ArgumentError: the derivative by `a` is asked for.
    """


@_function("special")
def gammaln(x: Array, /) -> Array:
    """Return log |Γ| of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def loggamma(x: Array, /) -> Array:
    """Return the logarithm of the gamma function, NaN of real elements below 0.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def poch(z: Array, m: Array, /) -> Array:
    """Return Γ(z + m) / Γ(z) of each two elements, Pochhammer's symbol.

    Args:
        z: array of any shape, real floating.
        m: array that broadcasts with it.
    """


@_function("special")
def polygamma(n: Any, x: Array, /) -> Array:
    """Return the n-th derivative of `digamma` of each two elements.

    Args:
        n: array of any shape, of whole numbers, not negative; it has no derivative.
        x: array that broadcasts with it, real floating.

    Raises:
        ArgumentError: the derivative by `n` is asked for.
    """


@_function("special")
def rgamma(x: Array, /) -> Array:
    """Return 1 / Γ of each element, which has no poles.

    Args:
        x: array of any shape, real or complex floating.
    """


@_function("special")
def zeta(x: Array, q: Array, /) -> Array:
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
def multigammaln(a: Array, d: int) -> Array:
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
