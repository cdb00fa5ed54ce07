"""The programs that a GPU machine is asked to run, in two halves, and the seconds that each has.

A command is a function of the run and of the seconds after which it is stopped.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.gpu.reports import failed_tests

OTHERS = ("tests/rules", "tests/functions", "tests/nn", "tests/optim", "tests/examples")
MANY = 1000  # failed tests: those to come have no other cause
AGAIN = 200  # failed tests that are run once more

FOUND = 86  # compute-sanitizer's exit status where it finds something: no other program's
PROFILED = ("softmax", "logit_cross_entropy", "standardise_rows_back", "map", "step_parameters")
METRICS = (
    "gpu__time_duration.sum",
    "dram__throughput.avg.pct_of_peak_sustained_elapsed",
    "dram__bytes_read.sum",
    "dram__bytes_write.sum",
    "lts__t_sectors_op_write.sum",
)
STARTING = 15  # seconds that a program takes to import what it works with


class LeftOutError(Exception):
    """There is nothing for a step to do, or nothing to do it with."""


@dataclass(frozen=True)
class Run:
    """One run of a half.

    Attributes:
        out: the folder of the results.
        first: that of the first half.
    """

    out: Path
    first: Path

    @property
    def session(self):
        """The file that a session of pytest's writes its report to."""
        return self.out / "session.xml"


@dataclass(frozen=True)
class Step:
    """One program.

    Attributes:
        seconds: that it has, with what those before it leave of theirs.
        command: its words.
    """

    name: str
    seconds: int
    command: Callable[[Run, float], list[Any]]


def smoke(run, seconds):
    return [sys.executable, "-m", "tests.gpu.smoke"]


def kernels(run, seconds):
    return pytest(run, "kernels", 8, ["tests/gpu"])


def samples(run, seconds):
    return pytest(run, "samples", 12, OTHERS)


def again(run, seconds):
    tests = run.first / "tests.xml"
    if not tests.exists():
        raise LeftOutError(f"there is no {tests} of the first half. Its folder is --first DIR")
    failed = failed_tests(tests)
    if not failed:
        raise LeftOutError(f"no test failed, by {tests}")
    return [*pytest(run, "again", 8, failed[:AGAIN]), "--tb=long"]


def pytest(run, suite, workers, tests):
    """Return how tests are run with whatever versions there are: their warnings are shown."""
    words = [sys.executable, "-m", "pytest", "-m", "gpu", "-v", "-rfEs", "-W", "default"]
    words += ["-p", "no:cacheprovider", "-p", "tests.gpu.lost_device", "--tb=short"]
    words += ["--continue-on-collection-errors", f"--maxfail={MANY}", f"--junitxml={run.session}"]
    words += ["-o", f"junit_suite_name={suite}", "-o", "faulthandler_timeout=60"]
    if find_spec("xdist"):
        words += ["-p", "xdist", "-n", workers, "--dist", "worksteal"]
        words += ["--max-worker-restart", MANY]
    return [*words, *tests]


def quick(run, seconds):
    return [*benchmark(run, seconds), "--name", "quick", "--quick", "--only", "G3,G5,G6,G8"]


def benchmark(run, seconds):
    minutes = f"{(seconds - STARTING) / 60:.2f}"
    return [sys.executable, "benchmarks/gpu.py", "--out", run.out, "--minutes", minutes]


def memcheck(run, seconds):
    # An access out of bounds ends its kernel alone, so that others are looked at, too. CuPy makes
    # calls of CUDA that may fail, and knows what to do then: these are no findings.
    options = ["--destroy-on-device-error", "kernel", "--report-api-errors", "no"]
    return sanitizer(seconds, "memcheck", *options)


def racecheck(run, seconds):
    return sanitizer(seconds, "racecheck")


def sanitizer(seconds, tool, *options):
    words = [needed("compute-sanitizer"), "--tool", tool, "--error-exitcode", FOUND, *options]
    words += ["--kernel-name", "kns=gpugrad", "--show-backtrace", "device"]
    words += ["--launch-timeout", 0, "--target-processes", "application-only"]
    return [*words, sys.executable, "-m", "tests.gpu.cases", seconds - STARTING]


def profile(run, seconds):
    csv = run.out / "profile.csv"
    csv.unlink(missing_ok=True)
    words = [needed("ncu"), "--csv", "--page", "raw", "--print-units", "base", "--log-file", csv]
    words += ["--metrics", ",".join(METRICS), "--clock-control", "none"]
    words += ["--kernel-name", f"regex:^(.*::)?({'|'.join(PROFILED)})$"]
    return [*words, sys.executable, "benchmarks/profiled.py"]


def needed(name):
    path = program(name)
    if path is None:
        raise LeftOutError(f"{name} is not on the PATH")
    return path


def program(name):
    """Return where a program of CUDA's is, or None."""
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/local/cuda/bin"]))


# What tells most comes first, and last what is likely to be stopped. Estimated for 16 cores, where
# no kernel was compiled before and each takes 0.3 s: smoke 20 s, for 110 calls of three kernels by
# 8 processes; kernels 50 s, for 900 by 8 and what is computed on the host beside them; samples
# 80 s, for 1500 by 12, a quarter of them by several, for 470 tests, and 10 s to collect them.
HALVES = {
    "first": [
        Step("smoke", 30, smoke),
        Step("kernels", 80, kernels),
        Step("quick", 60, quick),
        Step("samples", 110, samples),
    ],
    "full": [
        Step("again", 30, again),
        Step("memcheck", 50, memcheck),
        Step("racecheck", 45, racecheck),
        Step("profile", 35, profile),
        Step("benchmark", 120, benchmark),
    ],
}
