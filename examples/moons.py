"""Train a small network to tell two moons apart.

    python examples/moons.py --device auto --out out/moons.png

The relu of the last layer makes the start a gamble, as in the examples it is taken from: an output
that is negative at every point has no gradient and stays at zero. Of the seeds 0 to 49, 37 tell the
moons apart; the others end at half of the points. Without that relu all do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from _shared import BLUE, GREY, ORANGE, arguments, figure, save
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_moons
from tqdm import tqdm

import gpugrad as gg
from gpugrad import nn, optim, xp


class Result(NamedTuple):
    """What a training ends with: the model, the loss before each update, and the accuracy."""

    model: nn.Chain
    losses: np.ndarray
    accuracy: float


def loss(model: nn.Chain, points: Any, labels: Any) -> Any:
    return gg.logit_cross_entropy(model(points), labels)


def train(model: nn.Chain, points: Any, labels: Any, steps: int) -> tuple[nn.Chain, np.ndarray]:
    optimiser = optim.Descent(0.5)
    state = optimiser.init(model)
    losses = []
    with tqdm(range(steps), desc="moons") as bar:
        for step in bar:
            # What is passed by keyword gets no gradient, and costs none.
            value, back = gg.pullback(loss, model, points=points, labels=labels)
            _, gradient = back(1.0)
            model, state = optimiser.update(model, gradient, state)
            losses.append(value)
            if step % 50 == 0:  # fetching a number makes the host wait for the device
                bar.set_postfix(loss=f"{float(value):.4f}")
    return model, nn.to_device(xp.stack(losses), "cpu")


def draw(result: Result, points: np.ndarray, labels: np.ndarray, device: str) -> Any:
    title = f"Two moons: {result.accuracy:.1%} of {len(labels)} points told apart"
    drawn = figure(title, height=4.1)
    left, right = drawn.subplots(1, 2, width_ratios=(1, 1.25))

    left.plot(result.losses, color=BLUE, linewidth=1.8)
    left.set(title="Cross entropy", xlabel="step", yscale="log", xlim=(0, len(result.losses)))
    left.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.6)

    (x_low, y_low), (x_high, y_high) = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
    x, y = np.meshgrid(np.linspace(x_low, x_high, 300), np.linspace(y_low, y_high, 200))
    grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    logits = result.model(nn.to_device(grid, device))
    probability = nn.to_device(gg.softmax(logits), "cpu")[:, 1].reshape(x.shape)
    shades = LinearSegmentedColormap.from_list("moons", [BLUE, "#f7f5f2", ORANGE])
    shown = right.imshow(
        probability,
        extent=(x_low, x_high, y_low, y_high),
        origin="lower",
        cmap=shades,
        vmin=0,
        vmax=1,
        alpha=0.75,
        interpolation="bilinear",
    )
    faint = right.contour(x, y, probability, [0.1, 0.9], colors="black", linewidths=0.7, alpha=0.5)
    faint.set_linestyle("dashed")
    right.contour(x, y, probability, [0.5], colors="black", linewidths=1.4)
    for label, color in enumerate((BLUE, ORANGE)):
        chosen = points[labels == label]
        right.scatter(*chosen.T, s=26, color=color, edgecolors="white", linewidths=0.7)
    right.set(title="What the network has learnt", xlabel="x", ylabel="y")
    bar = drawn.colorbar(shown, ax=right, ticks=[0, 0.1, 0.5, 0.9, 1], shrink=0.85)
    bar.set_label("probability of the orange moon")
    return drawn


def main(argv: Sequence[str] | None = None) -> Result:
    args = arguments("Train on two moons.", argv, steps=500, seed=5, out="out/moons.png")
    points, labels = make_moons(n_samples=200, noise=0.1, random_state=0)
    points = points.astype(np.float32)

    rng = np.random.default_rng(args.seed)
    model = nn.Chain(
        nn.Dense(2, 16, gg.relu, rng=rng),
        nn.Dense(16, 16, gg.relu, rng=rng),
        nn.Dense(16, 2, gg.relu, rng=rng),
    )
    model, points_there, labels_there = nn.to_device((model, points, labels), args.device)

    model, losses = train(model, points_there, labels_there, args.steps)
    chosen = nn.to_device(model(points_there), "cpu").argmax(axis=-1)
    result = Result(model, losses, accuracy=float((chosen == labels).mean()))
    print(f"loss: {losses[-1]:.4f}   accuracy: {result.accuracy:.1%}   device: {args.device}")
    save(draw(result, points, labels, args.device), args.out)
    return result


if __name__ == "__main__":
    main()
