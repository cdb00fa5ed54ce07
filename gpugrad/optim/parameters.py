"""The differentiable numbers of a model, each with its gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from gpugrad import functions as F
from gpugrad.errors import ArgumentError, SensitivityError
from gpugrad.namespace import SCALAR_TYPES, shape_of
from gpugrad.structure import Walk
from gpugrad.tangent import zero_of

Model = TypeVar("Model")


class Parameters:
    """A model's parameters in order, and their gradients, None where there is none.

    Args:
        optimiser: who asks, for the messages.
        model: any structure of arrays and numbers.
        gradient: its gradient, of the same structure.

    Raises:
        ArgumentError: the gradient is not one of this model.
    """

    def __init__(self, optimiser: Any, model: Any, gradient: Any = None) -> None:
        self.optimiser = type(optimiser).__name__
        self.model = type(model).__name__
        self.old = model
        walk = Walk()
        self.node = walk.node(model)
        self.values = walk.leaves
        try:
            self.gradients = self.node.scatter(gradient)
        except SensitivityError as error:
            raise self._misfit(str(error)) from None
        for x, g in zip(self.values, self.gradients, strict=True):
            if g is not None and shape_of(g) != shape_of(x):
                shapes = f"{shape_of(x)}, its gradient {shape_of(g)}"
                raise self._misfit(f"a parameter has the shape {shapes}")

    def rebuild(self, values: Iterable[Any]) -> Any:
        """Return the model with these values in place of its own, in their data types."""
        kept = [
            y if type(y) is type(x) is np.ndarray and y.dtype is x.dtype else in_dtype_of(x, y)
            for x, y in zip(self.values, values, strict=True)
        ]
        return self.node.rebuild(self.old, iter(kept))

    def zeros(self) -> tuple[Any, ...]:
        """Return a zero for every parameter, of its shape, data type and device."""
        return tuple(map(zero_of, self.values))

    def checked(self, moments: Sequence[Any]) -> Sequence[Any]:
        """Return a state's arrays; raise ArgumentError where they are not those of this model."""
        if list(map(shape_of, moments)) != list(map(shape_of, self.values)):
            raise ArgumentError(
                f"{self.optimiser}.update: the state is not one of this {self.model}: its shapes "
                f"differ. Start with init(model) or with None, and pass on what update returned"
            )
        return moments

    def _misfit(self, detail: str) -> ArgumentError:
        return ArgumentError(
            f"{self.optimiser}.update: the gradient is not one of this {self.model}: {detail}. "
            f"Write gradient = grad(loss)(model, x), or _, gradient, _ = back(1.0)"
        )


def in_dtype_of(old: Any, new: Any) -> Any:
    """Return `new` in the data type of `old`: a rate that is a NumPy float64 has widened it."""
    if type(old) in SCALAR_TYPES:
        return type(old)(new) if isinstance(new, np.generic) else new
    dtype = old.dtype
    return new if new.dtype is dtype or new.dtype == dtype else F.astype(new, dtype)
