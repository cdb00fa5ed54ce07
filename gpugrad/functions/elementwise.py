"""NumPy's elementwise functions beyond the array-API standard, by NumPy's names and signatures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.kinds import Array, kind_of, shape_of
from gpugrad.dispatch.levels import has_levels, plain
from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError
from gpugrad.functions.without_gradient import WithoutGradient

LN2 = 0.6931471805599453


def finfo(x: Array) -> Any:
    """Return what NumPy knows of the floating-point numbers of an array, of whichever library."""
    return np.finfo(_numpy_dtype(x))


def double(x: Array) -> Any:
    """Return an array in double precision, real or complex; a Python number as it is."""
    library = library_of(plain(x))
    if library is None:
        return x
    dtype = library.dtype(np.complex128 if kind_of(x) == "c" else np.float64)
    return x if x.dtype == dtype else F.astype(x, dtype)


def _numpy_dtype(x: Array) -> Any:
    """Return NumPy's data type of the name that an array's has, in whichever library."""
    return np.dtype(str(plain(x).dtype).rpartition(".")[2])


def beside_integers(x: Array) -> Any:
    """Return an array in the data type it has after a product with integers: float64 of float32."""
    dtype = np.promote_types(_numpy_dtype(x), np.int64)
    library = library_of(plain(x)) or NUMPY
    return x if dtype == _numpy_dtype(x) else F.astype(x, library.dtype(dtype))


def array_like(x: Array, like: Any) -> Any:
    """Return a list of numbers as an array on the device of `like`, what is no list as it is."""
    if not isinstance(x, (list, tuple)):
        return x
    if has_levels(x):
        return F.stack([array_like(item, like) for item in x])
    return libraries.create("asarray", x, like=like)


def check_no_out(name: str, out: Any) -> None:
    """Raise ArgumentError where a recorded value would be written into an array."""
    if out is not None:
        raise ArgumentError(
            f"{name}: out= cannot be recorded. Write y = xp.{name}(...), and use what it returns"
        )


# --- Arithmetic, powers and roots ------------------------------------------------------------


@_function("", math.cbrt, scalar=math.cbrt, body="default")
def cbrt(x: Array, /) -> Array:
    """Return the cube root of each element.

    The derivative at 0 is infinite.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape and data type.
    """
    return F.sign(x) * F.abs(x) ** (1 / 3)


@_function("", math.exp2, scalar=math.exp2, body="default")
def exp2(x: Array, /) -> Array:
    """Return 2 to the power of each element.

    Args:
        x: array of any shape, real or complex floating.

    Returns:
        Array of its shape and data type.
    """
    return 2.0**x


@_function("", math.fmod, scalar=math.fmod, body="default")
def fmod(x1: Array, x2: Array, /) -> Array:
    """Return what is left of a division rounded towards 0: it has the sign of the dividend.

    Args:
        x1: array of any shape, real: the dividend.
        x2: array that broadcasts with it: the divisor.

    Returns:
        Array of the shape that the two broadcast to.
    """
    return F.copysign(F.remainder(F.abs(x1), F.abs(x2)), x1)


@_composite()
def divmod(x1: Array, x2: Array, /) -> tuple[Any, Any]:
    """Return the quotient rounded down, through which no gradient flows, and the remainder.

    Args:
        x1: array, the dividend, real floating.
        x2: array that broadcasts with it, the divisor.
    """
    return F.floor_divide(x1, x2), F.remainder(x1, x2)


@_composite()
def fabs(x: Array, /) -> Array:
    """Return the absolute value of a real array; its derivative at 0 is 0."""
    return F.abs(x)


@_composite()
def float_power(x1: Array, x2: Array, /) -> Array:
    """Return x1 to the power x2, in double precision.

    Args:
        x1: array, the base.
        x2: array that broadcasts with it, the exponent.
    """
    return F.pow(double(x1), double(x2))


@_composite()
def logaddexp2(x1: Array, x2: Array, /) -> Array:
    """Return log2(2**x1 + 2**x2) of each two elements, without overflow.

    Args:
        x1: array of any shape, real floating.
        x2: array that broadcasts with it.
    """
    return F.logaddexp(x1 * LN2, x2 * LN2) / LN2


@_composite()
def ldexp(x1: Array, x2: Array, /) -> Array:
    """Return x1 · 2**x2 of each two elements.

    Args:
        x1: array of any shape, real floating.
        x2: array of integers that broadcasts with it, which has no gradient.
    """
    if shape_of(x2) or hasattr(x2, "dtype"):
        half = x2 // 2  # 2**x2 alone may overflow where the product does not
        halves = (F.astype(half, x1.dtype), F.astype(x2 - half, x1.dtype))
        return x1 * F.pow(2.0, halves[0]) * F.pow(2.0, halves[1])
    return x1 * 2.0 ** (x2 // 2) * 2.0 ** (x2 - x2 // 2)


_frexp = WithoutGradient("frexp", differentiable=False)


@_composite()
def frexp(x: Array, /) -> tuple[Any, Any]:
    """Return m and the integer e of x = m · 2**e with 1/2 ≤ |m| < 1; dm/dx is 2**−e."""
    _, exponent = _frexp(x)
    return ldexp(x, -exponent), exponent


@_composite()
def modf(x: Array, /) -> tuple[Any, Any]:
    """Return the fractional parts, and the whole parts, through which no gradient flows."""
    whole = F.trunc(x)
    return F.where(F.isinf(x), 0.0, x - whole), whole


@_composite()
def heaviside(x1: Array, x2: Array, /) -> Any:
    """Return 0 where x1 < 0, x2 where x1 = 0 and 1 where x1 > 0.

    Args:
        x1: array, real floating; its derivative is zero.
        x2: array that broadcasts with it: the values at 0.
    """
    return F.where(x1 == 0, x2, F.sign(F.stop_gradient(x1)) * 0.5 + 0.5)


@_composite()
def fmax(x1: Array, x2: Array, /) -> Array:
    """Return the larger of two values, the other one where one is NaN; half the gradient at a tie.

    Args:
        x1: array, real floating.
        x2: array that broadcasts with it.
    """
    return F.maximum(_unless_nan(x1, x2), _unless_nan(x2, x1))


@_composite()
def fmin(x1: Array, x2: Array, /) -> Array:
    """Return the smaller of two values, the other one where one is NaN; half the gradient at a tie.

    Args:
        x1: array, real floating.
        x2: array that broadcasts with it.
    """
    return F.minimum(_unless_nan(x1, x2), _unless_nan(x2, x1))


def _unless_nan(x: Array, other: Any) -> Any:
    missing = F.isnan(x)
    if isinstance(missing, bool):
        return other if missing else x
    return F.where(missing, other, x)


# --- Angles and waves ------------------------------------------------------------------------


@_composite()
def deg2rad(x: Array, /) -> Array:
    """Return angles in radians, x π/180, of angles in degrees.

    Args:
        x: array of any shape, real floating, in degrees.
    """
    return x * (math.pi / 180)


@_composite()
def rad2deg(x: Array, /) -> Array:
    """Return angles in degrees, x 180/π, of angles in radians.

    Args:
        x: array of any shape, real floating, in radians.
    """
    return x * (180 / math.pi)


@_composite()
def sinc(x: Array) -> Any:
    """Return sin(πx) / (πx), and 1 at 0, where its derivatives are those of its power series.

    Args:
        x: array of any shape, real floating or complex.
    """
    z = x * math.pi
    near = F.abs(z) < 0.1
    far_z = F.where(near, 1.0, z)
    u = F.where(near, z, 0.0)
    u = u * u
    series = 1 - u / 6 * (1 - u / 20 * (1 - u / 42 * (1 - u / 72)))
    return F.where(near, series, F.sin(far_z) / far_z)


@_composite()
def angle(z: Array, deg: bool = False) -> Array:
    """Return the angles of complex numbers, in (−π, π].

    Args:
        z: array of any shape; of real numbers the angle is 0 or π, with no gradient.
        deg: whether the angles are in degrees.
    """
    y = F.atan2(F.imag(z), F.real(z)) if kind_of(z) == "c" else F.atan2(0.0, F.stop_gradient(z))
    return y * (180 / math.pi) if deg else y


@_composite()
def unwrap(
    p: Any, discont: float | None = None, axis: int = -1, *, period: float = math.tau
) -> Array:
    """Return angles with multiples of `period` added where they jump: the gradient passes through.

    Args:
        p: array, real floating.
        discont: how large a jump is; half a period at least, and by default.
        axis: the axis to go along.
        period: the size of the interval the angles were wrapped into.
    """
    steps = F.diff(F.stop_gradient(p), axis=axis)
    wrapped = F.remainder(steps + period / 2, period) - period / 2
    wrapped = F.where((wrapped == -period / 2) & (steps > 0), period / 2, wrapped)
    least = period / 2 if discont is None else discont
    added = F.where(F.abs(steps) < least, 0.0, wrapped - steps)
    before = F.stop_gradient(F.slice_along(p, axis, None, 1)) * 0
    return p + F.concat([before, F.cumulative_sum(added, axis=axis)], axis=axis)


# --- Numbers in place of others --------------------------------------------------------------


@_composite()
def nan_to_num(
    x: Array,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Any:
    """Return an array with numbers in place of NaN and infinities, which get no gradient.

    Args:
        x: array of any shape; of complex numbers, each part.
        copy: must be True of a recorded array.
        nan: the number in place of NaN.
        posinf: the number in place of inf; the largest of the data type by default.
        neginf: the number in place of -inf; likewise.
    """
    if not copy:
        raise ArgumentError("nan_to_num: copy=False writes into x. Write x = xp.nan_to_num(x)")
    if kind_of(x) in "ib":
        return x
    if kind_of(x) == "c":
        parts = [
            nan_to_num(part(x), nan=nan, posinf=posinf, neginf=neginf) for part in (F.real, F.imag)
        ]
        return parts[0] + parts[1] * 1j
    limits = finfo(x) if hasattr(plain(x), "dtype") else np.finfo(float)
    y = F.where(F.isnan(x), nan, x)
    y = F.where(x == math.inf, float(limits.max) if posinf is None else posinf, y)
    return F.where(x == -math.inf, float(limits.min) if neginf is None else neginf, y)


@_composite()
def real_if_close(a: Array, tol: float = 100) -> Array:
    """Return the real part of complex numbers if all are nearly real, else the numbers.

    Args:
        a: array of any shape.
        tol: how large an imaginary part may be, in units of the smallest relative difference of
            two numbers (above 1), or as it is (up to 1).
    """
    if kind_of(a) != "c":
        return a
    least = tol * float(finfo(a).eps) if tol > 1 else tol
    return F.real(a) if bool(F.all(F.abs(F.imag(a)) < least)) else a
