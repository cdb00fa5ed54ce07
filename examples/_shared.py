"""What the examples share: their flags, and how their pictures look."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from gpugrad import nn

BLUE, ORANGE, GREY = "#2b6ca3", "#d9622b", "#8a8f98"

STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "font.size": 10.5,
    "legend.frameon": False,
}


def arguments(
    description: str, argv: Sequence[str] | None, *, steps: int, seed: int, out: str
) -> Namespace:
    """Read the command line; a device that is not there ends the program with a message."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto (the default)")
    parser.add_argument("--steps", type=int, default=steps, help=f"updates (default: {steps})")
    parser.add_argument("--seed", type=int, default=seed, help=f"of all chance (default: {seed})")
    parser.add_argument("--out", type=Path, default=Path(out), help=f"picture (default: {out})")
    args = parser.parse_args(argv)
    try:
        args.device = nn.find_device(args.device)
    except nn.DeviceError as error:
        parser.error(str(error))  # exits with the code 2
    return args


def figure(title: str, *, width: float = 11, height: float = 4.8) -> Figure:
    """Return an empty figure in the examples' style."""
    matplotlib.rcParams.update(STYLE)
    drawn = Figure(figsize=(width, height), layout="constrained")
    drawn.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold")
    return drawn


def save(drawn: Figure, out: Path) -> None:
    """Write a figure to a file, making its folder."""
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(out, dpi=160)
    print(f"picture: {out}")
