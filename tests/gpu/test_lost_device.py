"""A worker that has lost its device ends, and others run what it would have failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gpu import reports

ROOT = Path(__file__).parents[2]

CUPY = """
from types import SimpleNamespace

class CUDARuntimeError(RuntimeError):
    pass

error = ""

def deviceSynchronize():
    global error
    found = error
    if found != "cudaErrorIllegalAddress":  # any other is reported once
        error = ""
    if found:
        raise CUDARuntimeError(f"{found}: an error")

cuda = SimpleNamespace(runtime=SimpleNamespace(**globals()))
"""

TESTS = """
import cupy
import pytest

@pytest.mark.parametrize("i", range(12))
def test_kernel(i):
    cupy.cuda.runtime.deviceSynchronize()
    if i in (2, 3, 11):
        cupy.error = "cudaErrorIllegalAddress"
        assert i != 3, "so it is wrong, too"

def test_that_has_no_effect():
    cupy.cuda.runtime.deviceSynchronize()
    cupy.error = "cudaErrorStreamCaptureInvalidated"
"""


def run(folder, *options):
    """Run the tests by a stand-in for CuPy; return the tests that failed, and what was printed."""
    (folder / "cupy.py").write_text(CUPY, encoding="utf-8")
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    report = folder / "report.xml"
    variables = {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", folder),
            *("-p", "tests.gpu.lost_device", "-p", "no:cacheprovider", f"--junitxml={report}"),
            *(*options, folder / "test_it.py"),
        ],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return reports.failed_tests(report), done.stdout


def test_another_worker_takes_over(tmp_path):
    pytest.importorskip("xdist")
    workers = ["-p", "xdist", "-n", "2", "--dist", "worksteal", "--max-worker-restart", "9"]
    failed, printed = run(tmp_path, *workers)
    assert sorted(failed) == [f"test_it.py::test_kernel[{i}]" for i in (11, 2, 3)]
    assert "10 passed" in printed
    assert "6 failed" in printed  # each is said to have failed, and to have ended its worker
    assert "DeviceLostError: cudaErrorIllegalAddress" in printed
    assert "so it is wrong, too" in printed


def test_without_other_workers_the_run_ends(tmp_path):
    failed, printed = run(tmp_path)
    assert failed == ["test_it.py::test_kernel[2]"]
    assert "2 passed" in printed
    assert "the device is lost after test_it.py::test_kernel[2]: cudaErrorIllegal" in printed
