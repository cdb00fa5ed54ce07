"""gpugrad on a GPU, beside PyTorch, JAX, Triton and CuPy by hand, in one run.

    python benchmarks/gpu.py --out DIR [--name gpu] [--only G3] [--quick]

DIR gets gpu.json, with every number, and gpu.md, a table of them. Both are renewed after every
way: what stops the run leaves what was measured before. What a peer cannot do is written down in
its row, and the run goes on. `on_gpu/works.py` has what is measured and its goals.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from on_gpu import report
from on_gpu.in_jax import Jax  # before JAX itself is imported: it sets how much memory it takes
from on_gpu.in_torch import Torch
from on_gpu.libraries import Cupy, Library, Peer
from on_gpu.timing import Times, difference, measure, sets_of
from on_gpu.works import WORKS, Step, Work

Way = Callable[..., Step]

ROOT = Path(__file__).resolve().parents[1]
PEERS: list[type[Peer]] = [Torch, Jax]
IMPORTANT = ["G3", "G5", "G6", "G8"]  # those with goals come first, should time run out
COMPILING = 15  # seconds that a way may take that compiles: with less left it is not begun


class Run:
    """A run over works, by libraries, whose rows are written down as they come."""

    def __init__(
        self,
        out: Path,
        name: str,
        home: Library,
        peers: Sequence[Library],
        *,
        about: dict[str, Any],
        copy: float | None,
        missing: dict[str, str],
        seconds: float,
        minutes: float,
    ) -> None:
        self.out = out
        self.name = name
        self.home = home
        self.libraries = [home, *peers]
        self.copy = copy
        self.missing = missing
        self.seconds = seconds
        self.end = time.monotonic() + 60 * minutes
        self.cache = about["cache"]
        self.report: dict[str, Any] = {
            "machine": report.machine(ROOT, about),
            "copy": copy,
            "unfinished": "the run was stopped",
            "rows": [],
        }
        self.rows: dict[Work, list[dict[str, Any]]] = {}

    def __call__(self, works: Sequence[Work]) -> None:
        """Measure the works: the ordinary ways first, so that none waits for one that compiles."""
        self.rows = {work: [] for work in works}
        ordered = sorted(works, key=lambda work: work.figure not in IMPORTANT)
        late = sorted(ordered, key=lambda work: not work.compiled)
        turns = [(False, work) for work in ordered] + [(True, work) for work in late]
        for compiled, work in turns:
            say(f"{work.name}{', compiled' if compiled else ''}")
            self.measure_work(work, compiled=compiled)
        self.write("")

    def measure_work(self, work: Work, *, compiled: bool) -> None:
        """Measure some ways of a work; what goes wrong is a row, too."""
        rows = self.rows[work]
        if not compiled:
            rows += [report.row(work, name, skipped=why) for name, why in self.missing.items()]
        ways = self.ways(work, compiled=compiled)
        if not ways:
            return
        try:
            inputs = self.inputs(work)
            expected = self.expected(work, inputs[0])
        except Exception as error:
            failed = f"its inputs: {text_of(error)}"
            rows += [report.row(work, name, failed=failed) for _, name, _ in ways]
            return
        for library, name, make in ways:
            left = self.end - time.monotonic()
            if left < (COMPILING if compiled else 0):
                found: dict[str, Any] = {"skipped": "there was no time left"}
            else:
                found = self.measure_way(library, work, make, inputs, expected)
            row = report.row(work, name, remark=work.remark, **found)
            if "seconds" in found:
                row = report.with_rates(row, self.copy)
            rows.append(row)
            self.write("the run was stopped")
        del inputs, expected, ways
        gc.collect()
        self.free()

    def ways(self, work: Work, *, compiled: bool) -> list[tuple[Library, str, Way]]:
        """Return all ways, each with its library and its name; a library's failure is a row."""
        ways: list[tuple[Library, str, Way]] = []
        for library in self.libraries:
            try:
                found = library.ways(work, compiled=compiled)
            except Exception as error:
                failed = report.row(work, library.name, failed=text_of(error))
                self.rows[work].append(failed)
            else:
                ways += [(library, name, make) for name, make in found.items()]
        return ways

    def inputs(self, work: Work) -> list[list[Any]]:
        """Return sets of inputs, all different."""
        xp = self.home.xp
        rng = xp.random.default_rng(0)
        return [work.inputs(xp, rng) for _ in range(sets_of(work, self.cache))]

    def expected(self, work: Work, arrays: list[Any]) -> list[Any]:
        """Return the results by hand, in float32 where the inputs are narrower."""
        xp = self.home.xp
        wide = [x.astype(xp.float32) if x.dtype.itemsize == 2 else x for x in arrays]
        return work.by_hand(*wide)()

    def measure_way(
        self,
        library: Library,
        work: Work,
        make: Way,
        inputs: list[list[Any]],
        expected: list[Any],
    ) -> dict[str, Any]:
        """Return the times of a way and how far off it is, or what went wrong."""
        stage, steps = "its first call: ", []
        try:
            with library.precision(work.precision):
                step, off_by, first = self.begun(library, make, inputs[0], expected)
                stage = ""
                steps = [step, *(make(*map(library.array, arrays)) for arrays in inputs[1:])]
                times = measure(library, work, steps, self.seconds)
        except Exception as error:
            return {"failed": stage + text_of(error)}
        finally:
            step, steps = None, []
            self.free()
        return entry(work, times, off_by, len(inputs), first)

    def begun(
        self, library: Library, make: Way, arrays: list[Any], expected: list[Any]
    ) -> tuple[Step, float, float]:
        """Return a step, how far off it is, and how many seconds its first call took."""
        start = time.perf_counter()
        step = make(*map(library.array, arrays))
        results = step()
        library.wait()
        seconds = time.perf_counter() - start
        found = [library.result(y) for y in results]
        return step, difference(self.home.xp, found, expected), seconds

    def free(self) -> None:
        """Give every library's unused memory back: they share the device's."""
        for library in self.libraries:
            with contextlib.suppress(Exception):  # a row says what went wrong before
                library.free()

    def write(self, unfinished: str) -> None:
        """Write down what is there, the works in their order, with the goals marked."""
        self.report["unfinished"] = unfinished
        self.report["rows"] = []
        for work, rows in self.rows.items():
            for row in rows:
                if row["way"] == "gpugrad":
                    row["mark"] = report.mark(work, rows)
            self.report["rows"] += rows
        report.write(self.out, self.name, self.report)


def entry(work: Work, times: Times, off_by: float, sets: int, first: float) -> dict[str, Any]:
    return {
        "seconds": times.median,
        "compile_seconds": max(0.0, first - times.median),
        "quartiles": times.quartiles,
        "batches": times.batches,
        "calls_in_a_batch": times.calls,
        "sets_of_inputs": sets,
        "off_by": off_by,
        "correct": off_by <= report.tolerance(work),
    }


def text_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def chosen(works: Sequence[Work], only: str, *, quick: bool) -> list[Work]:
    """Return the works of the figures named in `only`, such as "G3,G5"; all by default."""
    figures = {name for name in only.upper().split(",") if name}
    unknown = figures - {work.figure for work in works}
    if unknown:
        raise SystemExit(f"--only: there is no {', '.join(sorted(unknown))}. Write G1 to G8")
    return [
        work
        for work in works
        if (not figures or work.figure in figures) and (work.quick or not quick)
    ]


def about_device(cupy: Any) -> dict[str, Any]:
    """Name the current device, its driver and CUDA, and how many bytes its cache holds."""
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(cupy.cuda.Device().id)
    return {
        "device": properties["name"].decode(),
        "driver": driver_version(),
        "cuda": f"{runtime.runtimeGetVersion()} (the driver's {runtime.driverGetVersion()})",
        "cache": int(properties["l2CacheSize"]),
        "memory": int(properties["totalGlobalMem"]),
        "processors": int(properties["multiProcessorCount"]),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
    }


def driver_version() -> str:
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        done = subprocess.run(query, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()[0].strip()
    return "of unknown version"


def connected() -> Cupy:
    """Return CuPy, or end the program where it cannot compute."""
    try:
        home = Cupy()
        home.xp.ones(2).sum().get()
    except Exception as error:  # whatever an installation without driver or compiler comes up with
        raise SystemExit(
            f"benchmarks/gpu.py measures on an NVIDIA GPU, and CuPy finds none that works here "
            f"({text_of(error)}). Without one, make bench measures the tape on NumPy"
        ) from None
    return home


def with_peers(xp: Any) -> tuple[list[Library], dict[str, str]]:
    """Return the peers that there are, and why others are left out."""
    found: list[Library] = []
    missing: dict[str, str] = {}
    for peer in PEERS:
        why = peer.missing()
        if not why:
            try:
                found.append(peer(xp))
            except Exception as error:
                why = f"its import: {text_of(error)}"
        if why:
            missing[peer.name] = why
    return found, missing


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results")
    parser.add_argument("--name", default="gpu", help="that of their files")
    parser.add_argument("--only", default="", help="figures such as G3, or G3,G5")
    parser.add_argument("--quick", action="store_true", help="fewer sizes, shorter batches")
    parser.add_argument("--minutes", type=float, default=6, help="after these no way is begun")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = arguments(argv)
    works = chosen(WORKS, args.only, quick=args.quick)
    home = connected()
    peers, missing = with_peers(home.xp)
    run = Run(
        args.out,
        args.name,
        home,
        peers,
        about=about_device(home.xp),
        copy=home.copy_bandwidth(),
        missing=missing,
        seconds=0.1 if args.quick else 0.3,
        minutes=args.minutes,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers; the table is what is read
        run(works)
    print((args.out / f"{args.name}.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
