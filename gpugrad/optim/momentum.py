"""Gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpugrad.optim import steps
from gpugrad.optim.parameters import Model, Parameters

Velocity = tuple[Any, ...]


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with momentum: v ← momentum · v - rate · g, then x ← x + v.

    Its state is the velocity v: a tuple with an array for each of the model's parameters.

    Args:
        rate: the learning rate.
        momentum: how much of the velocity a step keeps.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; in
    the form of Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and
    momentum in deep learning", ICML 2013, equations 1 and 2.

    Example:
        >>> Momentum(0.5, momentum=0.5).update({"x": 3.0}, {"x": 2.0}, state=(4.0,))
        ({'x': 4.0}, (1.0,))
    """

    rate: float
    momentum: float = 0.9

    def init(self, model: Any) -> Velocity:
        """Return the state for a fresh start: a velocity of zero."""
        return Parameters(self, model).zeros()

    def update(self, model: Model, gradient: Any, state: Velocity | None) -> tuple[Model, Velocity]:
        """Return the model one step on, and its velocity; the state None is a fresh start.

        Raises:
            ArgumentError: the gradient, or the state, is not one of this model.
        """
        parameters = Parameters(self, model, gradient)
        state = parameters.zeros() if state is None else state
        new, velocity = parameters.stepped(
            steps.momentum, state, rate=self.rate, momentum=self.momentum
        )
        return new, velocity
