"""How a way is timed: warmed up, in batches over inputs that take turns, the median of all."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from on_gpu.libraries import Library
from on_gpu.works import Step, Work

BATCH = 0.01  # seconds: a batch of many short calls, or of one long one
LARGEST_BATCH = 1000
WARM_UP = 5
FEWEST = 3
MOST_SETS = 64
MEMORY = 6 << 30  # bytes of inputs at most, unless one set has more


class Times(NamedTuple):
    """Seconds of a call: the median, the quartiles, and of how many batches of how many calls."""

    median: float
    quartiles: tuple[float, float]
    batches: int
    calls: int


def sets_of(work: Work, cache: int) -> int:
    """Return how many sets of inputs take turns, so that they are four times the cache."""
    if not work.rotates:
        return 1
    needed = -(-4 * cache // max(work.size, 1))
    return max(1, min(needed, MOST_SETS, MEMORY // max(work.size, 1)))


def measure(library: Library, work: Work, steps: list[Step], seconds: float) -> Times:
    """Time steps that take turns, for about so many seconds after they are warm."""
    turn = itertools.cycle(steps)
    start = time.perf_counter()
    for done in range(max(WARM_UP, len(steps))):
        if done >= FEWEST and time.perf_counter() - start > 10 * seconds:
            break
        next(turn)()
        library.wait()
    if work.host:
        batches, calls = host_times(library, turn, seconds), 1
    else:
        once = library.batch(turn, 1)
        calls = max(1, min(LARGEST_BATCH, int(BATCH / max(once, 1e-9))))
        batches = [once / calls for once in device_times(library, turn, calls, seconds)]
    low, median, high = np.percentile(batches, [25, 50, 75])
    return Times(float(median), (float(low), float(high)), len(batches), calls)


def device_times(library: Library, turn: Iterator[Step], calls: int, seconds: float) -> list[float]:
    end = time.perf_counter() + seconds
    found: list[float] = []
    while len(found) < FEWEST or time.perf_counter() < end:
        found.append(library.batch(turn, calls))
    return found


def host_times(library: Library, turn: Iterator[Step], seconds: float) -> list[float]:
    """Return what each call took the host, up to where it returns; the device is idle before."""
    end = time.perf_counter() + seconds
    found: list[float] = []
    while len(found) < FEWEST or time.perf_counter() < end:
        library.wait()
        start = time.perf_counter()
        result = next(turn)()
        found.append(time.perf_counter() - start)
        del result
    return found


def difference(xp: Any, results: list[Any], expected: list[Any]) -> float:
    """Return the largest relative difference ‖a − b‖ / ‖b‖ of any result; NaN if one has any."""
    if len(results) != len(expected):
        raise ValueError(f"{len(results)} results, and {len(expected)} by hand")
    worst = 0.0
    for actual, known in zip(results, expected, strict=True):
        known = widened(xp, known)
        distance = widened(xp, actual).reshape(known.shape) - known
        ratio = norm(xp, distance) / max(norm(xp, known), 1e-30)
        worst = float(np.maximum(worst, ratio))  # which keeps NaN
    return worst


def widened(xp: Any, x: Any) -> Any:
    x = xp.asarray(x)
    return x.astype(xp.float32) if x.dtype.itemsize < 4 else x


def norm(xp: Any, x: Any) -> float:
    flat = x.reshape(-1)
    return float(xp.sqrt(xp.vdot(flat, flat)))
