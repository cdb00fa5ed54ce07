"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpugrad.optim import steps
from gpugrad.optim.parameters import Model, Parameters


@dataclass(frozen=True)
class Descent:
    """Gradient descent: x ← x - rate · g. It has no state.

    Args:
        rate: the learning rate.

    Source: Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées",
    1847; with the gradient of a part of the data, Robbins and Monro, "A stochastic approximation
    method", 1951.

    Example:
        >>> Descent(0.5).update({"x": 3.0}, {"x": 2.0})
        ({'x': 2.0}, None)
    """

    rate: float

    def init(self, model: Any) -> None:
        """Return the state for a fresh start: None."""

    def update(self, model: Model, gradient: Any, state: None = None) -> tuple[Model, None]:
        """Return the model one step on, and None.

        Raises:
            ArgumentError: the gradient is not one of this model.
        """
        parameters = Parameters(self, model, gradient)
        (new,) = parameters.stepped(steps.descent, rate=self.rate)
        return new, None
