"""Each kernel once, each awaited: `python -m tests.gpu.smoke` says which of them is at fault.

A kernel at fault spoils the process that launched it. So processes of their own call the cases,
several at a time since most of the time goes to compiling, and one that is spoilt, or gives no
answer, is replaced.
"""

import multiprocessing
import os
import platform
import queue
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import PackageNotFoundError, version

from gpugrad.kernels import launch
from tests.gpu.cases import CASES, MIDDLE, SMALL, calls
from tests.gpu.lost_device import fault
from tests.gpu.steps import program

CALLS = calls(CASES, [("float32", MIDDLE), ("float16", SMALL)])
PROCESSES = 8
SECONDS = 30  # for a call, with the start of its process, all compiling, and loading cuBLAS
FRAMES = 8  # of a traceback, from where it broke

DISTRIBUTIONS = [
    *("numpy", "cupy-cuda13x", "cupy-cuda12x", "array-api-compat", "ml_dtypes", "pytest"),
    *("pytest-xdist", "torch", "triton", "jax"),
]
PROGRAMS = ["nvidia-smi", "ncu", "compute-sanitizer"]


def serve(connection):
    """Make the calls that are asked for by name; answer what went wrong and what was launched."""
    import cupy

    launched = watched(cupy.cuda.runtime)
    while True:
        name = connection.recv()
        launched.clear()
        try:
            CALLS[name](cupy)
            cupy.cuda.runtime.deviceSynchronize()
            problem = ""
        except Exception:
            problem = traceback.format_exc(limit=-FRAMES)
        connection.send((problem, bool(fault()), sorted(launched)))


def watched(runtime):
    """Wait for each kernel that gpugrad launches from now on; return the set that has its name."""
    launched, expressions = set(), {}
    driver = launch.driver
    load, launch_it = driver.load, driver.launch

    def load_and_note(text, expression, **options):
        function = load(text, expression, **options)
        expressions[function] = expression
        return function

    def launch_and_wait(function, *args):
        expression = expressions[function]
        launched.add(expression.removeprefix("gpugrad::").partition("<")[0])
        try:
            launch_it(function, *args)
            runtime.deviceSynchronize()
        except Exception as error:
            error.add_note(f"The kernel is {expression}")
            raise

    driver.load, driver.launch = load_and_note, launch_and_wait
    return launched


class Caller:
    """A process that makes calls, and is replaced once it is spoilt."""

    def __init__(self, serve=serve, seconds=SECONDS):
        self.serve = serve
        self.seconds = seconds
        self.process = None

    def __call__(self, name):
        """Return what went wrong, or nothing, and the names of the kernels that were launched."""
        if self.process is None:
            self.start()
        try:
            self.connection.send(name)
            if not self.connection.poll(self.seconds):
                return self.stop(f"no answer after {self.seconds} s"), []
            problem, spoilt, launched = self.connection.recv()
        except (EOFError, OSError):
            return self.stop("the process ended by itself"), []
        if spoilt:
            self.stop()
        return problem, launched

    def start(self):
        spawn = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(target=self.serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # so that its end is noticed

    def stop(self, problem=""):
        if self.process is not None:
            self.process.kill()
            self.process.join(1)
            self.process = None
        return problem


def called(names, callers):
    """Yield each name with what its call came to, as they come, by several callers at a time."""
    idle = queue.SimpleQueue()
    for caller in callers:
        idle.put(caller)

    def answer(name):
        caller = idle.get()
        try:
            return caller(name)
        finally:
            idle.put(caller)

    with ThreadPoolExecutor(len(callers)) as pool:
        pending = {pool.submit(answer, name): name for name in names}
        for done in as_completed(pending):
            yield pending[done], *done.result()


def about():
    """Return what the machine has, a line each."""
    import cupy

    runtime = cupy.cuda.runtime
    device = runtime.getDeviceProperties(0)["name"].decode()
    lines = [
        f"device: {device}",
        f"CUDA: runtime {runtime.runtimeGetVersion()}, driver {runtime.driverGetVersion()}",
        f"python: {platform.python_version()}",
    ]
    return lines + [f"{name}: {version_of(name)}" for name in [*DISTRIBUTIONS, *PROGRAMS]]


def version_of(name):
    try:
        return said_by(name) if name in PROGRAMS else version(name)
    except (PackageNotFoundError, OSError, subprocess.SubprocessError) as error:
        return f"unknown ({type(error).__name__})"


def said_by(name):
    done = subprocess.run(
        [program(name) or name, "--version"], capture_output=True, text=True, timeout=5, check=True
    )
    return " ".join(done.stdout.split())[-160:]


def main():
    os.environ["CUDA_LAUNCH_BLOCKING"] = "1"
    print(*about(), sep="\n", flush=True)
    callers = [Caller() for _ in range(PROCESSES)]
    failed, launched = [], set()
    for name, problem, kernels in called(CALLS, callers):
        print(f"{'FAILED' if problem else 'right '} {name}\n{problem}".rstrip(), flush=True)
        launched.update(kernels)
        if problem:
            failed.append(name)
    for caller in callers:
        caller.stop()
    unseen = {kernel.name for kernel in launch.KERNELS} - launched
    print(f"{len(CALLS)} calls, failed: {'; '.join(failed) or 'none'}")
    print(f"kernels that were not launched: {', '.join(sorted(unseen)) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
