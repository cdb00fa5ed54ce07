"""The steps of the optimisers: how a model's values and moments follow from its gradients.

All parameters are stepped in one call, so that a device has one kernel to run and not some for
each. The arguments are lists with an array or a number for every parameter that has a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import SCALAR_TYPES, CudaArray, kind_of
from gpugrad.dispatch.primitive import Composite, implement
from gpugrad.kernels.optimisers import StepKernel

Arrays = Sequence[Any]


class Step(Composite):
    """A step, as a function of lists."""

    def __call__(self, gradients: Arrays, values: Arrays, *moments: Arrays, **numbers: Any) -> Any:
        """Return the new values and moments."""
        # NumPy's are excluded first: of small models, to look for a kernel takes long.
        if self.definition is not None and set(map(type, values)) == {np.ndarray}:
            return self.definition(gradients, values, *moments, **numbers)
        return super().__call__(gradients, values, *moments, **numbers)


def _step(kernel: str) -> Callable[[Callable[..., Any]], Step]:
    """Return a decorator that makes a function of a step, with its kernel for CuPy's arrays."""

    def decorator(definition: Callable[..., Any]) -> Step:
        step = named(Step, module="optim")(definition)
        implement(step, CudaArray)(StepKernel(kernel, definition))
        return step

    return decorator


@_step("Descent")
def descent(gradients: Arrays, values: Arrays, *, rate: Any) -> tuple[list[Any]]:
    """Return the values one step on: x - rate g."""
    pairs = zip(gradients, values, strict=True)
    return ([in_dtype_of(x, x - rate * g) for g, x in pairs],)


@_step("Momentum")
def momentum(
    gradients: Arrays, values: Arrays, velocities: Arrays, *, rate: Any, momentum: Any
) -> tuple[list[Any], list[Any]]:
    """Return the values and the velocities one step on: v ← momentum v - rate g, x + v."""
    pairs = zip(gradients, velocities, strict=True)
    velocities = [in_dtype_of(v, momentum * v - rate * g) for g, v in pairs]
    moved = zip(values, velocities, strict=True)
    return [in_dtype_of(x, x + v) for x, v in moved], velocities


@_step("Adam")
def adam(
    gradients: Arrays,
    values: Arrays,
    means: Arrays,
    squares: Arrays,
    *,
    rate: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the values and the moments one step on: x - rate m / (√v + epsilon)."""
    new_values: list[Any] = []
    new_means: list[Any] = []
    new_squares: list[Any] = []
    for g, x, m, v in zip(gradients, values, means, squares, strict=True):
        m = in_dtype_of(m, beta1 * m + (1 - beta1) * g)
        v = in_dtype_of(v, beta2 * v + (1 - beta2) * _square(g))
        new_values.append(in_dtype_of(x, x - rate * m / (F.sqrt(v) + epsilon)))
        new_means.append(m)
        new_squares.append(v)
    return new_values, new_means, new_squares


def _square(g: Any) -> Any:
    return F.real(g * F.conj(g)) if kind_of(g) == "c" else g * g


def in_dtype_of(old: Any, new: Any) -> Any:
    """Return `new` in the data type of `old`: a rate that is a NumPy float64 has widened it."""
    if type(old) is type(new) is np.ndarray and old.dtype is new.dtype:  # nearly always
        return new
    if type(old) in SCALAR_TYPES:
        return type(old)(new) if isinstance(new, np.generic) else new
    dtype = old.dtype
    return new if new.dtype == dtype else F.astype(new, dtype)
