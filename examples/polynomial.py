"""Fit a cubic to noisy points, with a reverse rule of our own for the polynomial.

python examples/polynomial.py --device auto --out out/polynomial.png
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from _shared import BLUE, GREY, ORANGE, arguments, figure, save
from tqdm import tqdm

import gpugrad as gg
from gpugrad import nn, optim, xp

TRUE_WEIGHTS = np.array([0.5, -2.0, 1.0, 3.0], np.float32)
POWERS = ("", "x", "x²", "x³")


@dataclass(frozen=True)
class Polynomial:
    """weights[0] + weights[1] x + weights[2] x² + …"""

    weights: Any

    @gg.primitive
    def __call__(self, x: Any) -> Any:
        return self.value_and_slope(x)[0]

    def value_and_slope(self, x: Any) -> tuple[Any, Any]:
        """Return p(x) and p'(x) by Horner's scheme: it does not divide, so x may be 0."""
        value = slope = xp.zeros_like(x)
        for i in range(self.weights.shape[0] - 1, -1, -1):
            slope = slope * x + value
            value = value * x + self.weights[i]
        return value, slope


@gg.rrule.register(Polynomial)
def polynomial_rrule(self: Polynomial, x: Any) -> Any:
    """dx = p'(x) dy, and dweights[i] = Σ xⁱ dy."""
    value, slope = self.value_and_slope(x)

    def polynomial_back(dy: Any) -> Any:
        terms = [dy]
        for _ in range(self.weights.shape[0] - 1):
            terms.append(terms[-1] * x)
        return gg.Tangent(weights=xp.stack([xp.sum(term) for term in terms])), dy * slope

    return value, polynomial_back


class Result(NamedTuple):
    """What a fit ends with: the polynomial, and its weights before each update."""

    polynomial: Polynomial
    history: np.ndarray


def loss(polynomial: Polynomial, x: Any, y: Any) -> Any:
    return gg.mse(polynomial(x), y)


def fit(polynomial: Polynomial, x: Any, y: Any, steps: int) -> Result:
    optimiser = optim.Descent(0.5)
    gradient = gg.grad(loss)
    history = []
    for _ in tqdm(range(steps), desc="polynomial"):
        history.append(polynomial.weights)
        polynomial, _ = optimiser.update(polynomial, gradient(polynomial, x, y))
    return Result(polynomial, nn.to_device(xp.stack(history), "cpu"))


def formula(weights: Any) -> str:
    terms = [f"{weight:+.2f}{power}" for weight, power in zip(weights, POWERS, strict=True)]
    return " ".join(terms).replace("+", "+ ").replace("-", "− ").removeprefix("+ ")


def draw(result: Result, x: np.ndarray, y: np.ndarray) -> Any:
    drawn = figure("A cubic from noisy points, by gradient descent")
    left, right = drawn.subplots(1, 2, width_ratios=(1.25, 1))

    fitted = nn.to_device(result.polynomial, "cpu")
    curve = np.linspace(-1, 1, 200, dtype=np.float32)
    left.scatter(x, y, s=18, color=GREY, alpha=0.6, linewidths=0, label="points")
    left.plot(curve, Polynomial(TRUE_WEIGHTS)(curve), "--", color=ORANGE, label="true")
    left.plot(curve, fitted(curve), color=BLUE, linewidth=2, label="fitted")
    left.set(title="The curve", xlabel="x", ylabel="y", xlim=(-1, 1))
    left.legend(loc="upper center")

    for i, (true, path) in enumerate(zip(TRUE_WEIGHTS, result.history.T, strict=True)):
        right.axhline(true, linestyle="--", color=ORANGE, linewidth=1)
        right.plot(path, color=BLUE, linewidth=1.8)
        end = (len(path), path[-1])
        right.annotate(POWERS[i] or "1", end, (5, -4), textcoords="offset points", color=BLUE)
    right.set(title="The weights on their way", xlabel="step", xlim=(0, len(result.history)))
    return drawn


def main(argv: Sequence[str] | None = None) -> Result:
    args = arguments("Fit a cubic.", argv, steps=600, seed=0, out="out/polynomial.png")
    rng = np.random.default_rng(args.seed)
    x = rng.uniform(-1, 1, 200).astype(np.float32)
    y = Polynomial(TRUE_WEIGHTS)(x) + rng.normal(0, 0.2, 200).astype(np.float32)

    start = Polynomial(np.zeros(4, np.float32))
    result = fit(*nn.to_device((start, x, y), args.device), args.steps)
    print(f"true:   {formula(TRUE_WEIGHTS)}")
    print(f"fitted: {formula(nn.to_device(result.polynomial.weights, 'cpu'))}")
    save(draw(result, x, y), args.out)
    return result


if __name__ == "__main__":
    main()
