"""Elementwise functions: each derivative is written once, as an expression.

`scalar_rule(f, ∂f/∂x₀, ∂f/∂x₁, …)` takes them as functions of the value y and the arguments. What
is not holomorphic, or has arguments that are no numbers, has a rule written out at the end.
"""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, DType, kind_of
from gpugrad.functions.elementwise import cbrt, exp2, fmod
from gpugrad.modes.rules import frule, rrule
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import linear
from gpugrad.rulebook.scalar_rule import scalar_rule
from gpugrad.structure.spaces import Projection

LN2 = 0.6931471805599453
LN10 = 2.302585092994046


def nonzero(y: Array) -> Any:
    """Return `y` with 1 in place of 0, to divide by where the quotient's convention is 0."""
    return F.where(y == 0, 1, y)


def conj(x: Array) -> Any:
    """Return the complex conjugate; a real array as it is."""
    return F.conj(x) if kind_of(x) == "c" else x


# --- Arithmetic ------------------------------------------------------------------------------
scalar_rule(F.add, 1, 1)
scalar_rule(F.subtract, 1, -1)
scalar_rule(F.multiply, lambda y, a, b: b, lambda y, a, b: a)
scalar_rule(F.divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b)
scalar_rule(F.negative, -1)
scalar_rule(F.positive, 1)
scalar_rule(F.reciprocal, lambda y, x: -y * y)
scalar_rule(F.square, lambda y, x: 2 * x)
scalar_rule(F.sqrt, lambda y, x: 0.5 / y)
scalar_rule(
    F.pow,
    lambda y, x, n: n * x ** F.where(n == 0, 1, n - 1),  # 0 · x, not 0 · x⁻¹, at n = 0
    lambda y, x, n: y * F.log(nonzero(x)),  # 0 · log 1, not 0 · log 0, at x = 0
)
scalar_rule(cbrt, lambda y, x: 1 / (3 * y * y), real=True)
scalar_rule(fmod, 1, lambda y, a, b: -F.trunc(a / b), real=True)
scalar_rule(F.remainder, 1, lambda y, a, b: -F.floor_divide(a, b), real=True)
scalar_rule(
    F.hypot,
    lambda y, a, b: a / nonzero(y),
    lambda y, a, b: b / nonzero(y),
    real=True,
)
scalar_rule(F.copysign, lambda y, a, b: F.sign(a) * F.sign(y), None, real=True)
scalar_rule(
    F.maximum,
    lambda y, a, b: 0.5 * (F.indicator(a > b, y) + F.indicator(a >= b, y)),
    lambda y, a, b: 0.5 * (F.indicator(b > a, y) + F.indicator(b >= a, y)),
    real=True,
)
scalar_rule(
    F.minimum,
    lambda y, a, b: 0.5 * (F.indicator(a < b, y) + F.indicator(a <= b, y)),
    lambda y, a, b: 0.5 * (F.indicator(b < a, y) + F.indicator(b <= a, y)),
    real=True,
)

# --- Exponentials and logarithms -------------------------------------------------------------
scalar_rule(F.exp, lambda y, x: y)
scalar_rule(exp2, lambda y, x: LN2 * y)
scalar_rule(F.expm1, lambda y, x: y + 1)
scalar_rule(F.log, lambda y, x: 1 / x)
scalar_rule(F.log1p, lambda y, x: 1 / (1 + x))
scalar_rule(F.log2, lambda y, x: 1 / (x * LN2))
scalar_rule(F.log10, lambda y, x: 1 / (x * LN10))
scalar_rule(F.logaddexp, lambda y, a, b: F.exp(a - y), lambda y, a, b: F.exp(b - y), real=True)

# --- Trigonometry ----------------------------------------------------------------------------
scalar_rule(F.sin, lambda y, x: F.cos(x))
scalar_rule(F.cos, lambda y, x: -F.sin(x))
scalar_rule(F.tan, lambda y, x: 1 + y * y)
scalar_rule(F.asin, lambda y, x: 1 / F.sqrt(1 - x * x))
scalar_rule(F.acos, lambda y, x: -1 / F.sqrt(1 - x * x))
scalar_rule(F.atan, lambda y, x: 1 / (1 + x * x))
scalar_rule(
    F.atan2,
    lambda y, a, b: b / (a * a + b * b),
    lambda y, a, b: -a / (a * a + b * b),
    real=True,
)
scalar_rule(F.sinh, lambda y, x: F.cosh(x))
scalar_rule(F.cosh, lambda y, x: F.sinh(x))
scalar_rule(F.tanh, lambda y, x: 1 - y * y)
scalar_rule(F.asinh, lambda y, x: 1 / F.sqrt(1 + x * x))
scalar_rule(F.acosh, lambda y, x: 1 / (F.sqrt(x - 1) * F.sqrt(x + 1)))
scalar_rule(F.atanh, lambda y, x: 1 / (1 - x * x))


# --- Complex numbers -------------------------------------------------------------------------
@rrule.register(F.abs)
def abs_rrule(_: Any, x: Array) -> Answer:
    """d|x| = sign(x) dx, and 0 at 0; for complex x the gradient is x / |x|."""
    y = F.abs(x)

    def abs_back(dy: Array) -> Cotangents:
        if kind_of(x) == "c":
            return None, x * (dy / nonzero(y))
        return None, dy * F.sign(x)

    return y, abs_back


@rrule.register(F.sign)
def sign_rrule(_: Any, x: Array) -> Answer:
    """For complex x sign is x / |x|, which turns with x; for real x it does not move."""
    y = F.sign(x)
    if kind_of(x) != "c":
        return y, None

    def sign_back(dy: Array) -> Cotangents:
        return None, (dy - y * F.real(F.conj(y) * dy)) / nonzero(F.abs(x))

    return y, sign_back


@rrule.register(F.conj)
def conj_rrule(_: Any, x: Array) -> Answer:
    def conj_back(dy: Array) -> Cotangents:
        return None, conj(dy)

    return F.conj(x), conj_back


@rrule.register(F.real)
def real_rrule(_: Any, x: Array) -> Answer:
    project = Projection(x)

    def real_back(dy: Array) -> Cotangents:
        return None, project(dy)

    return F.real(x), real_back


@rrule.register(F.imag)
def imag_rrule(_: Any, x: Array) -> Answer:
    y = F.imag(x)
    if kind_of(x) != "c":
        return y, None
    project = Projection(x)

    def imag_back(dy: Array) -> Cotangents:
        return None, project(dy * 1j)

    return y, imag_back


# --- Choice ----------------------------------------------------------------------------------
@rrule.register(F.where)
def where_rrule(_: Any, condition: Array, a: Array, b: Array, *, needs: tuple[bool, ...]) -> Answer:
    _, need_a, need_b = needs
    project_a = Projection(a) if need_a else None
    project_b = Projection(b) if need_b else None

    def where_back(dy: Array) -> Cotangents:
        da = project_a(F.where(condition, dy, 0.0)) if project_a else None
        db = project_b(F.where(condition, 0.0, dy)) if project_b else None
        return None, None, da, db

    return F.where(condition, a, b), where_back


@rrule.register(F.clip)
def clip_rrule(
    _: Any, x: Array, low: Any = None, high: Any = None, *, needs: tuple[bool, ...]
) -> Answer:
    """The gradient is 1 inside the interval and at its edges; outside, the bound has it."""
    y = F.clip(x, low, high)
    need_low, need_high = (*needs, False, False)[1:3]
    project_x = Projection(x)
    project_low = Projection(low) if need_low else None
    project_high = Projection(high) if need_high else None
    below = None if low is None else x < low
    above = None if high is None else x > high

    def clip_back(dy: Array) -> Cotangents:
        dx = dy
        for outside in (below, above):
            dx = dx if outside is None else F.where(outside, 0.0, dx)
        dlow = project_low(F.where(below, dy, 0.0)) if project_low else None
        dhigh = project_high(F.where(above, dy, 0.0)) if project_high else None
        return (None, project_x(dx), dlow, dhigh)[: len(needs) + 1]

    return y, clip_back


@rrule.register(F.astype)
def astype_rrule(_: Any, x: Array, dtype: DType, **kwargs: Any) -> Answer:
    y = F.astype(x, dtype, **kwargs)
    if kind_of(y) not in "fc":
        return y, None
    project = Projection(x)

    def astype_back(dy: Array) -> Cotangents:
        return None, project(dy), None

    return y, astype_back


# --- Forward, of those above that are no expressions ------------------------------------------
linear(F.astype, F.conj, F.imag, F.real)


@frule.register(F.abs)
def abs_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x,), (dx,) = args, tangents
    y = F.abs(x)
    if kind_of(x) == "c":
        return y, F.real(F.conj(x) * dx) / nonzero(y)
    return y, F.sign(x) * dx


@frule.register(F.sign)
def sign_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (x,), (dx,) = args, tangents
    y = F.sign(x)
    if kind_of(x) != "c":
        return y, None
    return y, (dx - y * F.real(F.conj(y) * dx)) / nonzero(F.abs(x))


@frule.register(F.where)
def where_frule(_: Any, args: Any, tangents: Any) -> Answer:
    (condition, a, b), (_, da, db) = args, tangents
    da, db = (0.0 if d is None else d for d in (da, db))
    return F.where(condition, a, b), F.where(condition, da, db)


@frule.register(F.clip)
def clip_frule(_: Any, args: Any, tangents: Any) -> Answer:
    x, low, high = (*args, None, None)[:3]
    dx, dlow, dhigh = (0.0 if d is None else d for d in (*tangents, None, None)[:3])
    y = F.clip(x, low, high)
    dy = dx if low is None else F.where(x < low, dlow, dx)
    return y, dy if high is None else F.where(x > high, dhigh, dy)
