"""compute-sanitizer finds nothing wrong with any kernel: no access out of bounds, and no race."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
FOUND = 86  # an exit status that nothing else has
SECONDS = 180


@pytest.mark.parametrize("tool", ["memcheck", "racecheck"])
def test_no_kernel_is_found_at_fault(gpu, tool):
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not on the PATH")
    program = [sys.executable, "-W", "ignore", "-m", "tests.gpu.cases"]
    done = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", str(FOUND), *program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path()},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert done.returncode == 0, said
    assert "all cases were called" in done.stdout, said


def path():
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
