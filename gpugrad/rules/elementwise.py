"""Elementwise functions: each derivative is written once, as an expression.

`scalar_rule(f, ∂f/∂x₀, ∂f/∂x₁, …)` takes them as functions of the value y and the arguments.
"""

from gpugrad import functions as F
from gpugrad.scalar import scalar_rule

LN2 = 0.6931471805599453
LN10 = 2.302585092994046

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
    lambda y, x, n: y * F.log(F.where(x == 0, 1, x)),  # 0 · log 1, not 0 · log 0, at x = 0
)
scalar_rule(F.remainder, 1, lambda y, a, b: -F.floor_divide(a, b))

# --- Exponentials and logarithms -------------------------------------------------------------
scalar_rule(F.exp, lambda y, x: y)
scalar_rule(F.expm1, lambda y, x: y + 1)
scalar_rule(F.log, lambda y, x: 1 / x)
scalar_rule(F.log1p, lambda y, x: 1 / (1 + x))
scalar_rule(F.log2, lambda y, x: 1 / (x * LN2))
scalar_rule(F.log10, lambda y, x: 1 / (x * LN10))
scalar_rule(F.logaddexp, lambda y, a, b: F.exp(a - y), lambda y, a, b: F.exp(b - y))

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
)
scalar_rule(F.sinh, lambda y, x: F.cosh(x))
scalar_rule(F.cosh, lambda y, x: F.sinh(x))
scalar_rule(F.tanh, lambda y, x: 1 - y * y)
scalar_rule(F.asinh, lambda y, x: 1 / F.sqrt(1 + x * x))
scalar_rule(F.acosh, lambda y, x: 1 / (F.sqrt(x - 1) * F.sqrt(x + 1)))
scalar_rule(F.atanh, lambda y, x: 1 / (1 - x * x))
