"""Adam: gradient descent with a step for each parameter from its moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from gpugrad.optim import steps
from gpugrad.optim.parameters import Model, Parameters


class AdamState(NamedTuple):
    """The moments of the gradients so far, with an array for each parameter, and the steps done."""

    mean: tuple[Any, ...]
    square: tuple[Any, ...]
    steps: int


@dataclass(frozen=True)
class Adam:
    """Adam: a step along the running mean of the gradient, by the root of its running square.

    Args:
        rate: the learning rate.
        betas: how much of the running mean, and of the running square, a step keeps.
        epsilon: what keeps the quotient finite.

    The state is an AdamState. For complex parameters the square is that of the magnitude.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1. The
    corrections of the bias are taken out of the arrays, as the end of its section 2 shows.

    Example:
        >>> model, state = Adam(0.5).update({"x": 3.0}, {"x": 2.0}, None)
        >>> round(model["x"], 6), state.steps  # the first step is as long as the rate
        (2.5, 1)
    """

    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def init(self, model: Any) -> AdamState:
        """Return the state for a fresh start: moments of zero."""
        zeros = Parameters(self, model).zeros()
        return AdamState(zeros, tuple(map(abs, zeros)), 0)

    def update(
        self, model: Model, gradient: Any, state: AdamState | None
    ) -> tuple[Model, AdamState]:
        """Return the model one step on, and its state; the state None is a fresh start.

        Raises:
            ArgumentError: the gradient, or the state, is not one of this model.
        """
        parameters = Parameters(self, model, gradient)
        state = self.init(model) if state is None else state
        count = state.steps + 1
        beta1, beta2 = self.betas
        correction = (1 - beta2**count) ** 0.5
        new, mean, square = parameters.stepped(
            steps.adam,
            state.mean,
            state.square,
            rate=self.rate * correction / (1 - beta1**count),
            beta1=beta1,
            beta2=beta2,
            epsilon=self.epsilon * correction,
        )
        return new, AdamState(mean, square, count)
