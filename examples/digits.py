"""Read handwritten digits: minibatches, Adam, and the accuracy on digits never seen in training.

python examples/digits.py --device auto --out out/digits.png
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from _shared import BLUE, GREY, ORANGE, arguments, figure, save
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import gpugrad as gg
from gpugrad import nn, optim

BATCH = 64


class Result(NamedTuple):
    """What a training ends with: the model, and how many digits of a row it read as each column."""

    model: nn.Chain
    confusion: np.ndarray
    accuracy: float


def loss(model: nn.Chain, images: Any, labels: Any) -> Any:
    return gg.logit_cross_entropy(model(images), labels)


def batches(rng: np.random.Generator, images: Any, labels: Any, device: str) -> Iterator[Any]:
    """Yield batches for ever; an epoch shuffles anew and leaves out what does not fill a batch."""
    count = len(labels) // BATCH
    while True:
        shuffled = rng.permutation(len(labels))[: count * BATCH].reshape(count, BATCH)
        for chosen in nn.to_device(shuffled, device):
            yield images[chosen], labels[chosen]


def train(model: nn.Chain, data: Iterator[Any], steps: int) -> nn.Chain:
    optimiser = optim.Adam(2e-3)
    state = optimiser.init(model)
    value_and_grad = gg.value_and_grad(loss)
    with tqdm(islice(data, steps), desc="digits", total=steps) as bar:
        for step, (images, labels) in enumerate(bar):
            value, gradient = value_and_grad(model, images, labels)
            model, state = optimiser.update(model, gradient, state)
            if step % 50 == 0:  # fetching a number makes the host wait for the device
                bar.set_postfix(loss=f"{float(value):.4f}")
    return model


def draw(result: Result, images: np.ndarray, labels: np.ndarray, read: np.ndarray) -> Any:
    title = f"Digits: {result.accuracy:.1%} of {len(labels)} unseen ones read correctly"
    drawn = figure(title, height=5.2)
    left, right = drawn.subfigures(1, 2, width_ratios=(1.15, 1))

    # Each row by its own size, so that colour means the rate; the numbers are counts.
    rates = result.confusion / result.confusion.sum(axis=1, keepdims=True)
    axes = left.subplots()
    shades = LinearSegmentedColormap.from_list("digits", ["#f7f5f2", BLUE])
    axes.imshow(rates**0.5, cmap=shades, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(result.confusion):
        if count:
            color = "white" if row == column else ORANGE
            weight = "normal" if row == column else "bold"
            axes.text(column, row, count, ha="center", va="center", color=color, weight=weight)
    axes.set(title="Confusion matrix", xlabel="read as", ylabel="is", xticks=range(10))
    axes.set(yticks=range(10))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)

    wrong = np.flatnonzero(read != labels)[:12]
    right.suptitle("Misread", x=0.04, ha="left", fontsize=12)
    ink = LinearSegmentedColormap.from_list("ink", ["#f7f5f2", "black"])
    grid = list(right.subplots(3, 4).flat)
    for axes in grid:
        axes.axis("off")
    for axes, i in zip(grid, wrong, strict=False):
        axes.imshow(images[i].reshape(8, 8), cmap=ink, vmin=0, vmax=1)
        axes.set_title(f"{labels[i]} as {read[i]}", loc="center", fontsize=10, pad=4, color=GREY)
    return drawn


def main(argv: Sequence[str] | None = None) -> Result:
    args = arguments("Read digits.", argv, steps=800, seed=0, out="out/digits.png")
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    images, test_images, labels, test_labels = train_test_split(
        images, labels, test_size=0.25, stratify=labels, random_state=args.seed
    )

    rng = np.random.default_rng(args.seed)
    model = nn.Chain(
        nn.Dense(64, 128, gg.relu, rng=rng, init=nn.kaiming_uniform, device=args.device),
        nn.Dense(128, 10, rng=rng, device=args.device),
    )
    images, labels = nn.to_device((images, labels), args.device)
    model = train(model, batches(rng, images, labels, args.device), args.steps)

    logits = model(nn.to_device(test_images, args.device))
    read = nn.to_device(logits, "cpu").argmax(axis=-1)
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (test_labels, read), 1)
    result = Result(model, confusion, accuracy=float((read == test_labels).mean()))
    print(f"test accuracy: {result.accuracy:.1%}   device: {args.device}")
    save(draw(result, test_images, test_labels, read), args.out)
    return result


if __name__ == "__main__":
    main()
