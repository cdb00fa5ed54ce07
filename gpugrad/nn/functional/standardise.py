"""Values of mean 0 and variance 1, and vectors of length 1: what normalisations are made of."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, CudaArray
from gpugrad.dispatch.primitive import implement
from gpugrad.kernels import normalisation as kernels
from gpugrad.kernels.launch import is_like
from gpugrad.kernels.normalisation import rows_of, standardised, standardised_back
from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.arguments import narrowed, widened
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.reverse import falling_back_on
from gpugrad.structure.spaces import Projection
from gpugrad.structure.tangent import accumulate

Axes = int | tuple[int, ...]


class Standardised:
    """What standardised values and their derivatives have in common: y = s (x − μ)."""

    def __init__(self, x: Array, axis: Axes, epsilon: float, *, centre: bool = True) -> None:
        x = widened(x)
        self.axis = axis
        self.centre = centre
        self.mean = F.mean(x, axis=axis, keepdims=True) if centre else None
        self.deviation = x - self.mean if centre else x
        self.variance = F.mean(F.square(self.deviation), axis=axis, keepdims=True)
        self.scale = 1 / F.sqrt(self.variance + epsilon)
        self.y = self.deviation * self.scale

    def moved(self, dx: Array) -> Any:
        """Return J dx = s (dx − mean(dx) − y mean(y dx)); J is symmetric, so this is Jᵀ dx too."""
        dx = widened(dx)
        along = F.mean(dx * self.y, axis=self.axis, keepdims=True)
        if self.centre:
            dx = dx - F.mean(dx, axis=self.axis, keepdims=True)
        return (dx - along * self.y) * self.scale


@named()
def standardise(x: Array, /, *, axis: Axes = -1, epsilon: float = 1e-5, centre: bool = True) -> Any:
    """Return (x − μ) / √(σ² + ε), with the mean μ and the variance σ² over some axes.

    Args:
        x: array, real floating.
        axis: the axis, or axes, over which the values get mean 0 and variance 1.
        epsilon: keeps the quotient finite where all values are equal.
        centre: False leaves the mean where it is: x / √(mean(x²) + ε).

    Returns:
        Array of the shape and data type of `x`.
    """
    return narrowed(Standardised(x, axis, epsilon, centre=centre).y, x)


@rrule.register(standardise)
def standardise_rrule(
    _: Any, x: Array, *, axis: Axes = -1, epsilon: float = 1e-5, centre: bool = True
) -> Answer:
    found, project = Standardised(x, axis, epsilon, centre=centre), Projection(x)

    def standardise_back(dy: Array) -> Cotangents:
        return None, project(found.moved(dy))

    return narrowed(found.y, x), standardise_back


@frule.register(standardise)
def standardise_frule(
    _: Any,
    args: Any,
    tangents: Any,
    *,
    axis: Axes = -1,
    epsilon: float = 1e-5,
    centre: bool = True,
) -> Answer:
    (x,), (dx,) = args, tangents
    found = Standardised(x, axis, epsilon, centre=centre)
    return narrowed(found.y, x), narrowed(found.moved(dx), x)


# --- With the moments ------------------------------------------------------------------------


@named()
def standardise_with_moments(x: Array, /, *, axis: Axes = -1, epsilon: float = 1e-5) -> Any:
    """Return what `standardise` does, with the mean and the variance, their axes of length 1.

    Of float16 these are float32, which holds the square of what float16 does.
    """
    found = Standardised(x, axis, epsilon)
    return narrowed(found.y, x), found.mean, found.variance


@rrule.register(standardise_with_moments)
def standardise_with_moments_rrule(
    _: Any, x: Array, *, axis: Axes = -1, epsilon: float = 1e-5
) -> Answer:
    """∂μ/∂x = 1/n and ∂σ²/∂x = 2 (x − μ)/n."""
    found, project, shape = Standardised(x, axis, epsilon), Projection(x), x.shape
    count = x.size / max(found.variance.size, 1)

    def standardise_with_moments_back(dy: Array) -> Cotangents:
        dy, dmean, dvariance = dy
        dx = 0.0 if dy is None else found.moved(dy)
        if dmean is not None:
            dx = dx + dmean / count
        if dvariance is not None:
            dx = dx + (dvariance * (2 / count)) * found.deviation
        return None, project(F.broadcast_to(dx, shape))

    return (narrowed(found.y, x), found.mean, found.variance), standardise_with_moments_back


@frule.register(standardise_with_moments)
def standardise_with_moments_frule(
    _: Any, args: Any, tangents: Any, *, axis: Axes = -1, epsilon: float = 1e-5
) -> Answer:
    (x,), (dx,) = args, tangents
    found, dx = Standardised(x, axis, epsilon), widened(dx)
    dmean = F.mean(dx, axis=axis, keepdims=True)
    dvariance = 2 * F.mean(dx * found.deviation, axis=axis, keepdims=True)
    moments = (found.mean, found.variance)
    return (narrowed(found.y, x), *moments), (narrowed(found.moved(dx), x), dmean, dvariance)


# --- Scaled and shifted ----------------------------------------------------------------------


@named()
def standardise_affine(
    x: Array, weight: Array, bias: Array, /, *, axis: Axes, epsilon: float, centre: bool
) -> Any:
    """Return `standardise(x) * weight + bias`, with weight and bias, or None, along `axis`."""
    y = standardise(x, axis=axis, epsilon=epsilon, centre=centre)
    return scaled_and_shifted(y, weight, bias, axis)


def scaled_and_shifted(y: Array, weight: Array, bias: Array, axis: Axes) -> Any:
    """Return `y * weight + bias`, either of which may be None."""
    if weight is not None:
        y = y * beside(weight, y, axis)
    return y if bias is None else y + beside(bias, y, axis)


def beside(parameter: Any, y: Array, axis: Axes) -> Any:
    """Return an array of the lengths of some axes of `y` with length 1 along the others."""
    places = places_of(axis, len(y.shape))
    return F.reshape(parameter, tuple(n if i in places else 1 for i, n in enumerate(y.shape)))


def places_of(axis: Axes, count: int) -> set[int]:
    """Return some axes as a set of numbers from 0 to count − 1."""
    return {a % count for a in (axis if isinstance(axis, tuple) else (axis,))}


@rrule.register(standardise_affine)
def standardise_affine_rrule(
    _: Any,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    axis: Axes,
    epsilon: float,
    centre: bool,
    needs: tuple[bool, bool, bool],
) -> Answer:
    """With y = z w + b: dz = w dy, dw = Σ z dy and db = Σ dy."""
    found, project = Standardised(x, axis, epsilon, centre=centre), Projection(x)
    z = narrowed(found.y, x)
    w = None if weight is None else beside(weight, z, axis)
    project_weight, project_bias = (_along(p, z, axis) for p in (weight, bias))

    def standardise_affine_back(dy: Array) -> Cotangents:
        dy = widened(dy)
        dx = project(found.moved(dy if w is None else dy * w)) if needs[0] else None
        dweight = project_weight(dy * found.y) if needs[1] else None
        return None, dx, dweight, project_bias(dy) if needs[2] else None

    return scaled_and_shifted(z, weight, bias, axis), standardise_affine_back


def _along(parameter: Any, y: Array, axis: Axes) -> Any:
    """Return what takes gradients to a parameter along some axes of `y`, whatever the axes."""
    if parameter is None:
        return None
    project, shape = Projection(beside(parameter, y, axis)), parameter.shape
    return lambda dy: F.reshape(project(dy), shape)


@frule.register(standardise_affine)
def standardise_affine_frule(
    _: Any, args: Any, tangents: Any, *, axis: Axes, epsilon: float, centre: bool
) -> Answer:
    (x, weight, bias), (dx, dweight, dbias) = args, tangents
    found = Standardised(x, axis, epsilon, centre=centre)
    z = narrowed(found.y, x)
    moved = None
    if dx is not None:
        moved = scaled_and_shifted(narrowed(found.moved(dx), x), weight, None, axis)
    if dweight is not None:
        moved = accumulate(moved, z * beside(dweight, z, axis))
    if dbias is not None:
        moved = accumulate(moved, beside(dbias, z, axis))
    y = scaled_and_shifted(z, weight, bias, axis)
    return y, F.broadcast_to(moved, y.shape)


# --- By kernels ------------------------------------------------------------------------------

implement(standardise, CudaArray)(kernels.standardise)
implement(standardise_affine, CudaArray)(kernels.standardise_affine)


@rrule.register(standardise_affine, CudaArray)
@falling_back_on(standardise_affine_rrule)
def standardise_affine_rrule_on_cuda(
    _: Any,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    axis: Axes,
    epsilon: float,
    centre: bool,
    needs: tuple[bool, bool, bool],
) -> Answer:
    """One kernel forward; backward one, and one more that adds what blocks found of dw and db."""
    rows = rows_of(x, weight, bias, axis)
    if rows is None:
        return NotImplemented
    y, means, scales = standardised(rows, epsilon=epsilon, centre=centre, keep=True)

    def standardise_affine_back(dy: Array) -> Cotangents:
        if not is_like(dy, x, x.shape):  # it is recorded, or a number
            return NotImplemented
        return None, *standardised_back(rows, dy, means, scales, needs)

    return y, standardise_affine_back


@rrule.register(standardise, CudaArray)
def standardise_rrule_on_cuda(
    f: Any, x: Array, *, axis: Axes = -1, epsilon: float = 1e-5, centre: bool = True
) -> Answer:
    options = {"axis": axis, "epsilon": epsilon, "centre": centre}
    answer = standardise_affine_rrule_on_cuda(
        f, x, None, None, **options, needs=(True, False, False)
    )
    if answer is NotImplemented:
        return NotImplemented
    y, back = answer

    def standardise_back(dy: Array) -> Cotangents:
        return back(dy)[:2]

    return y, standardise_back


# --- Vectors of length 1 ---------------------------------------------------------------------


@named()
def l2_normalise(x: Array, /, *, axis: Axes = -1) -> Array:
    """Return x / ‖x‖ with the Euclidean norm over some axes; where that is 0, 0 with gradient 0.

    Args:
        x: array, real floating.
        axis: the axis, or axes, of the vectors.

    Returns:
        Array of the shape and data type of `x`.
    """
    wide = widened(x)
    return narrowed(wide * inverse_norm(wide, axis), x)


def inverse_norm(x: Array, axis: Axes) -> Any:
    """Return 1 / ‖x‖ over some axes, kept with length 1, and 0 where the norm is 0."""
    squares = F.sum(F.square(x), axis=axis, keepdims=True)
    zero = squares == 0
    return F.where(zero, 0.0, 1 / F.sqrt(F.where(zero, 1.0, squares)))


class _Direction:
    """What a vector of length 1 and its derivatives have in common."""

    def __init__(self, x: Array, axis: Axes) -> None:
        x = widened(x)
        self.axis = axis
        self.scale = inverse_norm(x, axis)
        self.y = x * self.scale

    def moved(self, dx: Array) -> Any:
        """Return J dx = (dx − y Σ y dx) / ‖x‖; J is symmetric."""
        dx = widened(dx)
        along = F.sum(dx * self.y, axis=self.axis, keepdims=True)
        return (dx - along * self.y) * self.scale


@rrule.register(l2_normalise)
def l2_normalise_rrule(_: Any, x: Array, *, axis: Axes = -1) -> Answer:
    found, project = _Direction(x, axis), Projection(x)

    def l2_normalise_back(dy: Array) -> Cotangents:
        return None, project(found.moved(dy))

    return narrowed(found.y, x), l2_normalise_back


@frule.register(l2_normalise)
def l2_normalise_frule(_: Any, args: Any, tangents: Any, *, axis: Axes = -1) -> Answer:
    (x,), (dx,) = args, tangents
    found = _Direction(x, axis)
    return narrowed(found.y, x), narrowed(found.moved(dx), x)
