"""The differentiable numbers of a model, each with its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from gpugrad.dispatch.kinds import shape_of
from gpugrad.errors import ArgumentError, SensitivityError
from gpugrad.structure.spaces import zero_of
from gpugrad.structure.walk import Walk

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

    def stepped(self, step: Any, *moments: Sequence[Any], **numbers: Any) -> tuple[Any, ...]:
        """Return the model one step on, and its moments.

        Args:
            step: a function of `gpugrad/optim/steps.py`.
            moments: what it takes beside the gradients and the values, for each parameter.
            numbers: its keywords.
        """
        lists = [self.values, *map(self._checked, moments)]
        places = [place for place, g in enumerate(self.gradients) if g is not None]
        if len(places) == len(self.gradients):
            lists = step(self.gradients, *lists, **numbers)
        else:
            picked = [[old[place] for place in places] for old in (self.gradients, *lists)]
            lists = [list(old) for old in lists]
            for old, news in zip(lists, step(*picked, **numbers), strict=True):
                for place, new in zip(places, news, strict=True):
                    old[place] = new
        new, *new_moments = lists
        return self.node.rebuild(self.old, iter(new)), *map(tuple, new_moments)

    def zeros(self) -> tuple[Any, ...]:
        """Return a zero for every parameter, of its shape, data type and device."""
        return tuple(map(zero_of, self.values))

    def _checked(self, moments: Sequence[Any]) -> Sequence[Any]:
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
