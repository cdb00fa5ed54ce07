"""What a GPU machine is asked, in two halves of less than five minutes.

    python -m tests.gpu.check first full --out DIR
    python -m tests.gpu.check full --out DIR --first DIR

`first` says whether it works, and takes the measurements that have goals. `full` looks closer: at
the tests that failed, at each access to memory, at counters of the hardware, and at all there is to
measure. A step that fails or has to be stopped does not keep the next from its turn.

DIR gets check.txt, with what the steps print, as they print it; check.json, with what each came to;
tests.xml; profile.csv; and of the benchmark quick.json, quick.md, gpu.json and gpu.md. The steps
and their time are in steps.py.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from tests.gpu import reports
from tests.gpu.steps import HALVES, LeftOutError, Run

ROOT = Path(__file__).resolve().parents[2]
HALF = 280  # seconds, after which the last step is stopped
STOPPING = 15  # seconds for what is stopped to write down what it has
LARGEST = 1_500_000  # bytes of what a step prints that are kept

NEEDED = ("numpy", "cupy", "array_api_compat", "pytest")
WELCOME = {
    "ml_dtypes": "bfloat16 is not tested",
    "xdist": "tests run in one process, and not all before its time is up",
}

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    "PYTHONUNBUFFERED": "1",
    "OPENBLAS_NUM_THREADS": "1",  # there are as many processes as cores
    "OMP_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # each process would import whatever is installed
}


def main(argv=None):
    args = arguments(argv)
    if why := obstacle():
        print(why, file=sys.stderr)
        return 2
    for name, then in WELCOME.items():
        if find_spec(name) is None:
            say(f"there is no {name}: {then}")
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(args.out.resolve(), (args.first or args.out).resolve())
    for number in (signal.SIGINT, signal.SIGTERM):
        # What runs is to end with this program, and not to ignore signals that this one ignores.
        signal.signal(number, signal.default_int_handler)
    went_well = [half(chosen(HALVES[name], args.only), run) for name in args.halves]
    return 0 if all(went_well) else 1


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("halves", choices=HALVES, nargs="+", metavar="first|full")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results")
    parser.add_argument("--first", type=Path, help="that of the first half, where it is another")
    parser.add_argument("--only", default="", help="steps such as smoke, or smoke,kernels")
    args = parser.parse_args(argv)
    args.only = {name for name in args.only.split(",") if name}
    known = [step.name for name in args.halves for step in HALVES[name]]
    if unknown := args.only.difference(known):
        parser.error(f"--only: no step is {', '.join(unknown)}. Write {', '.join(known)}")
    return args


def chosen(steps, only):
    return [step for step in steps if not only or step.name in only]


def obstacle():
    """Return why nothing can be asked of this machine, or nothing."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        return (
            f"{sys.executable} has no {', '.join(absent)}. Bring them as wheels, and name the "
            f"folder in PYTHONPATH: the commands are in CONTRIBUTING.md, under On a GPU machine"
        )
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # whatever an installation without a driver comes up with
        return f"CuPy finds no device here ({type(error).__name__}: {error})"
    return "" if count else "CuPy finds no device here"


def half(steps, run):
    """Give every step its turn, and return whether all went well."""
    end = time.monotonic() + HALF
    path = run.out / "check.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def write(step, result):
        results[step.name] = result
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")

    for i, step in enumerate(steps):
        seconds = end - time.monotonic() - sum(later.seconds for later in steps[i + 1 :])
        say(f"{step.name}, for {seconds:.0f} s at most")
        write(step, {"outcome": "was running when all was stopped"})
        result = turn(step, run, seconds)
        write(step, result)
        say(f"{step.name} {described(result)}")
    return all(results[s.name]["outcome"].startswith(("passed", "left out")) for s in steps)


def turn(step, run, seconds):
    """Run a step, and return what came of it."""
    try:
        command = [str(word) for word in step.command(run, seconds)]
    except LeftOutError as error:
        return {"outcome": f"left out: {error}"}
    start = time.monotonic()
    log = run.out / "check.txt"
    with log.open("ab") as file:
        file.write(f"\n===== {step.name}: {' '.join(command)[:1000]}\n\n".encode())
        file.flush()
        begin = file.tell()
        outcome = ended(command, file, seconds)
    shorten(log, begin)
    result = {"outcome": outcome, "seconds": round(time.monotonic() - start, 1)}
    if run.session.exists():
        result |= reports.keep(run.session, run.out / "tests.xml", step.name)
        run.session.unlink()
        if outcome == "passed" and result["tests"] == result["skipped"]:
            result["outcome"] = "failed: all tests were skipped"
    return result


def ended(command, file, seconds):
    """Run a command for so long, and return how it ended."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=file,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    try:
        status = process.wait(seconds)
        return "passed" if status == 0 else f"failed: exit status {status}"
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds:.0f} s"
    finally:
        stop(process)


def stop(process):
    """End a program, if it has not, and whatever it leaves behind."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(STOPPING)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)


def shorten(log, begin):
    """Leave out the middle of what stands behind a place, where it is too much."""
    with log.open("r+b") as file:
        file.seek(begin)
        printed = file.read()
        if len(printed) > LARGEST:
            file.seek(begin)
            file.write(printed[: LARGEST // 2] + b"\n[...]\n" + printed[-LARGEST // 2 :])
            file.truncate()


def described(result):
    counts = [f"{result[key]} {key}" for key in reports.COUNTS if key in result]
    return ", ".join([result["outcome"], *counts, f"{result.get('seconds', 0)} s"])


def say(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
