"""The table that the benchmarks end with."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import NamedTuple

import numpy as np

COLUMNS = "{:37} {:>10} {:>11} {:>7} {:>11}   {:17} {}"


class Figure(NamedTuple):
    """What is measured, for how many operations at a time, and what it is held against."""

    name: str
    per: int = 1
    ratio: float | None = None  # at most so many times the gradient by hand
    beyond: float | None = None  # at most so many µs more than the gradient by hand
    below: float | None = None  # at most so many µs

    def goal(self) -> str:
        if self.ratio is not None:
            return f"ratio ≤ {self.ratio:g}"
        if self.beyond is not None:
            return f"beyond ≤ {self.beyond:g} µs"
        return "" if self.below is None else f"gpugrad < {self.below:g} µs"

    def verdict(self, ours: float, by_hand: float) -> str:
        if self.ratio is not None:
            met = ours <= self.ratio * by_hand
        elif self.beyond is not None:
            met = ours - by_hand <= self.beyond
        elif self.below is not None:
            met = ours < self.below
        else:
            return ""
        return "met" if met else "NOT MET"


class Table:
    """The best times in microseconds, by figure and by the way it was computed; and remarks."""

    def __init__(self) -> None:
        self.best: dict[Figure, dict[str, float]] = {}
        self.remarks: list[str] = []

    def add(self, figure: Figure, way: str, seconds: float) -> None:
        ways = self.best.setdefault(figure, {})
        microseconds = seconds * 1e6 / figure.per
        ways[way] = min(microseconds, ways.get(way, microseconds))

    def lines(self) -> list[str]:
        lines = [
            machine(),
            "Best of all rounds; `beyond` is what is spent beyond the gradient by hand.",
            COLUMNS.format("figure", "by hand", "gpugrad", "ratio", "beyond", "goal", "").rstrip(),
        ]
        for figure, ways in self.best.items():
            by_hand = ways.get("by hand")
            if by_hand is None:
                continue
            for way, time in ways.items():
                if way == "by hand":
                    continue
                numbers = f"{time:.2f} µs", f"{time / by_hand:.2f}", f"{time - by_hand:.2f} µs"
                if way == "gpugrad":
                    name, goal = figure.name, (figure.goal(), figure.verdict(time, by_hand))
                else:
                    name, goal = f"    with {way}", ("", "")
                lines.append(COLUMNS.format(name, f"{by_hand:.2f} µs", *numbers, *goal).rstrip())
        return [*lines, *self.remarks]


def machine() -> str:
    """Name what the figures were measured on."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "any number of")
    malloc = "pinned" if "MALLOC_TRIM_THRESHOLD_" in os.environ else "not pinned"
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{processor()}, {os.cpu_count()} cores; {python}, NumPy {np.__version__}, "
        f"{blas} with {threads} thread(s), malloc {malloc}"
    )


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
