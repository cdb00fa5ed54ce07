"""The functions gpugrad knows by name, and which ones of NumPy, `math` and `operator` they are.

A new differentiable function is a line here and a rule in `gpugrad/rules/`.
"""

from __future__ import annotations

import builtins
import cmath
import math
import operator
from typing import Any

import array_api_compat
import numpy as np

from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import composite as _composite
from gpugrad.dispatch.declare import constant as _constant
from gpugrad.dispatch.declare import function as _function
from gpugrad.dispatch.declare import math_function as _math
from gpugrad.dispatch.declare import operator_function as _operator
from gpugrad.dispatch.kinds import shape_of
from gpugrad.dispatch.levels import plain
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = low if low is not None and x < low else x  # NaN stays
    return high if high is not None and x > high else x


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else x


def _indicator(condition: Any, like: Any) -> Any:
    if type(condition) is bool:
        return float(condition)
    convert = builtins.getattr(condition, "astype", None)
    return astype(condition, like.dtype) if convert is None else convert(like.dtype)


def _where(condition: Any, x: Any, y: Any) -> Any:
    return x if condition else y


# --- Elementwise -----------------------------------------------------------------------------

abs = _operator("abs", operator.abs, builtins.abs, math.fabs)
acos = _math("acos")
acosh = _math("acosh")
add = _operator("add", operator.add, operator.iadd)
asin = _math("asin")
asinh = _math("asinh")
atan = _math("atan")
atan2 = _math("atan2")
atanh = _math("atanh")
clip = _function("clip", keywords=("x", "min", "max"), scalar=_clip)
conj = _function("conj", scalar=lambda x: x.conjugate())
copysign = _math("copysign")
cos = _math("cos")
cosh = _math("cosh")
divide = _operator("divide", operator.truediv, operator.itruediv)
exp = _math("exp")
expm1 = _math("expm1")
hypot = _math("hypot")
imag = _function("imag", view=True, scalar=lambda x: x.imag)
log = _math("log")
log10 = _math("log10")
log1p = _math("log1p")
log2 = _math("log2")
logaddexp = _function("logaddexp")
maximum = _function("maximum")
minimum = _function("minimum")
multiply = _operator("multiply", operator.mul, operator.imul)
add_into = Primitive("add_into", default=operator.add)
negative = _operator("negative", operator.neg)
positive = _operator("positive", operator.pos)
pow = _operator("pow", operator.pow, builtins.pow, math.pow, operator.ipow)
real = _function("real", view=True, scalar=lambda x: x.real)
reciprocal = _function("reciprocal", scalar=lambda x: 1 / x, default=lambda x: 1 / x)
remainder = _operator("remainder", operator.mod)
sign = _function("sign", scalar=_sign)
sin = _math("sin")
sinh = _math("sinh")
sqrt = _math("sqrt")
square = _function("square", scalar=lambda x: x * x)
subtract = _operator("subtract", operator.sub, operator.isub)
tan = _math("tan")
tanh = _math("tanh")
where = _function("where", scalar=_where)
indicator = Primitive("indicator", default=_indicator, scalar=_indicator, differentiable=False)

# --- Reductions and scans --------------------------------------------------------------------

cumulative_prod = _function("cumulative_prod")
cumulative_sum = _function("cumulative_sum")
max = _function("max")
mean = _function("mean")
min = _function("min")
prod = _function("prod", math.prod)
std = _function("std")
sum = _function("sum")
var = _function("var")

# --- Linear algebra --------------------------------------------------------------------------


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    product = matmul_of(x, weight)(x, weight)
    if product.dtype != bias.dtype or not product.shape:
        return product + bias
    product += bias  # into the product's own memory
    return product


def matmul_of(a: Any, b: Any) -> Any:
    """Return what multiplies such matrices: of NumPy's, the operator, which asks for no kernels."""
    return operator.matmul if type(a) is type(b) is np.ndarray else matmul


linear = Primitive("linear", default=_linear)
matmul = _operator("matmul", operator.matmul)
matrix_transpose = _function("matrix_transpose", view=True)
tensordot = _function("tensordot")
vecdot = _function("vecdot")

# --- Shape, order and choice -----------------------------------------------------------------

astype = _function("astype", arrays=(0,))
broadcast_to = _function("broadcast_to", arrays=(0,), view=True)
concat = _function("concat", sequence=True)
expand_dims = _function("expand_dims", arrays=(0,), view=True)
flip = _function("flip", arrays=(0,), view=True)
moveaxis = _function("moveaxis", arrays=(0,), view=True)
permute_dims = _function("permute_dims", arrays=(0,), keywords=("x", "axes"), view=True)
repeat = _function("repeat", arrays=(0,))
reshape = _function("reshape", arrays=(0,), view=True)
roll = _function("roll", arrays=(0,))
squeeze = _function("squeeze", arrays=(0,), view=True)
stack = _function("stack", sequence=True)
take = _function("take", arrays=(0,))
take_along_axis = _function("take_along_axis", arrays=(0,))
tile = _function("tile", arrays=(0,))
tril = _function("tril", arrays=(0,))
triu = _function("triu", arrays=(0,))
unstack = _function("unstack", arrays=(0,), view=True)


def slice_along(x: Any, axis: int, start: int | None, end: int | None) -> Any:
    """Return x[..., start:end, ...] along an axis."""
    return x[(*(slice(None),) * (axis % len(x.shape)), slice(start, end), ...)]


def ravelled(x: Any, axis: int | None) -> tuple[Any, int]:
    """Return an array and the axis to go along; where that is None, the array with one axis."""
    return (reshape(x, (-1,)), 0) if axis is None else (x, axis)


@_composite()
def diff(x: Any, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Return the differences of neighbours along an axis, taken `n` times.

    Args:
        x: array with at least one axis.
        n: how often to take them; the axis is shorter by as many, by what is joined longer.
        axis: the axis.
        prepend: array to join before `x` along the axis; a number stands for a slice of it.
        append: array to join after `x`.
    """
    ends = [None if end is None else _edge(end, x, axis) for end in (prepend, append)]
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    y = x if len(parts) == 1 else concat(parts, axis=axis)
    for _ in range(builtins.min(n, y.shape[axis])):
        y = slice_along(y, axis, 1, None) - slice_along(y, axis, None, -1)
    return y


def _edge(end: Any, x: Any, axis: int) -> Any:
    """Return what is joined to `x` for its differences as an array."""
    if shape_of(end):
        return end
    shape = list(x.shape)
    shape[axis] = 1
    return broadcast_to(reshape(end, (1,) * len(shape)), tuple(shape))


# --- Values without their repetitions: the gradient of each goes to where it is first ---------


@_composite()
def unique_all(x: Any, /) -> Any:
    """Return the values of `x`, where each is first, which one is where, and how often each is."""
    found = unique_all(plain(x))
    return found._replace(values=take(reshape(x, (-1,)), found.indices))


@_composite()
def unique_counts(x: Any, /) -> Any:
    """Return the values of `x`, and how often each occurs."""
    found = unique_all(x)
    return unique_counts(plain(x))._replace(values=found.values, counts=found.counts)


@_composite()
def unique_inverse(x: Any, /) -> Any:
    """Return the values of `x`, and which one is where."""
    found = unique_all(x)
    return unique_inverse(plain(x))._replace(
        values=found.values, inverse_indices=found.inverse_indices
    )


@_composite()
def unique_values(x: Any, /) -> Any:
    """Return the values of `x`, each once."""
    return unique_all(x).values


# --- Indexing --------------------------------------------------------------------------------


def is_basic(index: Any) -> bool:
    """Say whether an index picks every position at most once by integers and slices alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return not builtins.any(
        isinstance(p, (list, tuple, range)) or (hasattr(p, "shape") and p.shape) for p in parts
    )


def _copy(x: Any) -> Any:
    return array_api_compat.array_namespace(x).asarray(x, copy=True)


def _index_set(x: Any, index: Any, values: Any) -> Any:
    y = _copy(x)
    y[index] = values
    return y


def _scatter_add(values: Any, index: Any, shape: tuple[int, ...]) -> Any:
    library = libraries.common_library([values], "scatter_add") or NUMPY
    dtype = values.dtype if hasattr(values, "dtype") else type(values)
    out = library.create("zeros", shape, like=values, dtype=dtype)
    if is_basic(index):
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple([part for part in parts if part is not None])
        out[parts] = library.modules[0].reshape(values, out[parts].shape)
        return out
    return library.scatter("add", out, index, values)


getitem = _operator("getitem", operator.getitem, arrays=(0,), view=True)
index_set = Primitive("index_set", default=_index_set, arrays=(0, 2))
scatter_add = Primitive("scatter_add", default=_scatter_add, arrays=(0,))

# --- Arrays like another: recorded where that is, so that they can be assigned into ----------

empty_like = _function("empty_like")
ones_like = _function("ones_like")
zeros_like = _function("zeros_like")


@_composite()
def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array like `x`, filled with a number, whose gradient is the sum of all.

    Args:
        x: array of any shape; no gradient flows to it.
        fill_value: a number, or an array that broadcasts to the shape of `x`.
        dtype: the data type; that of `x` by default.
        device: that of `x`: a recorded array cannot be made elsewhere.
    """
    zeros = zeros_like(x, dtype=dtype)
    y = zeros + fill_value
    return y if y.dtype == zeros.dtype else astype(y, zeros.dtype)


# --- Python's own ----------------------------------------------------------------------------

getattr = Primitive("getattr", builtins.getattr, default=builtins.getattr)

# --- No gradient flows through these ---------------------------------------------------------

all = _constant("all")
any = _constant("any")
argmax = _constant("argmax")
argmin = _constant("argmin")
argsort = _constant("argsort")
bitwise_and = _constant("bitwise_and", operator.and_)
bitwise_invert = _constant("bitwise_invert", operator.invert)
bitwise_left_shift = _constant("bitwise_left_shift", operator.lshift)
bitwise_or = _constant("bitwise_or", operator.or_)
bitwise_right_shift = _constant("bitwise_right_shift", operator.rshift)
bitwise_xor = _constant("bitwise_xor", operator.xor)
ceil = _constant("ceil")
count_nonzero = _constant("count_nonzero")
equal = _operator("equal", operator.eq, differentiable=False)
floor = _constant("floor")
floor_divide = _operator("floor_divide", operator.floordiv, differentiable=False)
greater = _operator("greater", operator.gt, differentiable=False)
greater_equal = _operator("greater_equal", operator.ge, differentiable=False)
isfinite = _constant("isfinite", math.isfinite, cmath.isfinite)
isinf = _constant("isinf", math.isinf, cmath.isinf)
isnan = _constant("isnan", math.isnan, cmath.isnan)
less = _operator("less", operator.lt, differentiable=False)
less_equal = _operator("less_equal", operator.le, differentiable=False)
logical_and = _constant("logical_and")
logical_not = _constant("logical_not")
logical_or = _constant("logical_or")
logical_xor = _constant("logical_xor")
nextafter = _constant("nextafter", math.nextafter)
nonzero = _constant("nonzero")
not_equal = _operator("not_equal", operator.ne, differentiable=False)
round = _constant("round", builtins.round)
searchsorted = _constant("searchsorted")
signbit = _constant("signbit")
stop_gradient = Primitive("stop_gradient", default=lambda x: x, differentiable=False)
trunc = _constant("trunc")
