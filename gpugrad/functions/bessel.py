"""Bessel functions, by SciPy's names and signatures; see `special`."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import also_in as _also_in
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array


@_function("special")
def i0(x: Array, /) -> Any:
    """Return the modified Bessel function of the first kind and order 0 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i0e(x: Array, /) -> Array:
    """Return e^(−|x|) I₀(x) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i1(x: Array, /) -> Any:
    """Return the modified Bessel function of the first kind and order 1 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def i1e(x: Array, /) -> Array:
    """Return e^(−|x|) I₁(x) of each element, without overflow.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def iv(v: Array, z: Array, /) -> Any:
    """Return the modified Bessel function of the first kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def ive(v: Array, z: Array, /) -> Array:
    """Return e^(−|Re z|) Iᵥ(z) of each two elements, without overflow.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def j0(x: Array, /) -> Any:
    """Return the Bessel function of the first kind and order 0 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def j1(x: Array, /) -> Any:
    """Return the Bessel function of the first kind and order 1 of each element.

    Args:
        x: array of any shape, real floating.
    """


@_function("special")
def jv(v: Array, z: Array, /) -> Any:
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
def k0(x: Array, /) -> Any:
    """Return the modified Bessel function of the second kind and order 0 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k0e(x: Array, /) -> Array:
    """Return eˣ K₀(x) of each element, without underflow.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k1(x: Array, /) -> Any:
    """Return the modified Bessel function of the second kind and order 1 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def k1e(x: Array, /) -> Array:
    """Return eˣ K₁(x) of each element, without underflow.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def kv(v: Array, z: Array, /) -> Any:
    """Return the modified Bessel function of the second kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def kve(v: Array, z: Array, /) -> Array:
    """Return eᶻ Kᵥ(z) of each two elements, without underflow.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """


@_function("special")
def y0(x: Array, /) -> Any:
    """Return the Bessel function of the second kind and order 0 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def y1(x: Array, /) -> Any:
    """Return the Bessel function of the second kind and order 1 of each element.

    Args:
        x: array of any shape, real floating, above 0.
    """


@_function("special")
def yn(n: Any, x: Array, /) -> Any:
    """Return the Bessel function of the second kind and whole order n of each two elements.

    Args:
        n: array of any shape, of whole numbers; it has no derivative.
        x: array that broadcasts with it, real floating, above 0.

    Raises:
        ArgumentError: the derivative by `n` is asked for.
    """


@_function("special")
def yv(v: Array, z: Array, /) -> Any:
    """Return the Bessel function of the second kind and order v of each two elements.

    Args:
        v: array of any shape, real floating: the order; its derivative is not known here.
        z: array that broadcasts with it, real or complex floating.

    Raises:
        ArgumentError: the derivative by `v` is asked for.
    """
