"""The package as its users get it: what the wheel carries, and what importing it costs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, cwd, **environment):
    """Run a command, and show all it printed if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    run(*build, str(ROOT), cwd=folder)
    (wheel,) = folder.glob("gpugrad-*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the installed wheel alone; its dependencies are this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    run(*install, "--target", str(folder), str(wheel), cwd=folder)
    return folder


def test_wheel_holds_what_a_wheel_should(wheel):
    run(sys.executable, "-m", "check_wheel_contents", "--no-config", str(wheel), cwd=wheel.parent)


def test_wheel_installs_the_package_and_nothing_else(installed):
    names = {path.name for path in installed.iterdir()}
    assert names == {"gpugrad", "gpugrad-0.1.0.dist-info"}
    assert (installed / "gpugrad" / "py.typed").is_file()


INSTALLED_PACKAGE_WORKS = """
import sys
from pathlib import Path

import numpy as np

import gpugrad
import gpugrad.kernels

package = Path(sys.argv[1]) / "gpugrad"
assert Path(gpugrad.__file__).parent == package, gpugrad.__file__

x = np.linspace(-2.0, 2.0, 7)
y, back = gpugrad.pullback(np.sin, x)
np.testing.assert_allclose(y, np.sin(x))
np.testing.assert_allclose(back(np.ones_like(x))[-1], np.cos(x))

folder = gpugrad.kernels.source_folder()
assert folder == package / "cuda_kernels", folder
assert any(folder.iterdir())
"""


def test_installed_package_works_and_finds_its_kernels(installed, tmp_path):
    command = [sys.executable, "-W", "error", "-c", INSTALLED_PACKAGE_WORKS, str(installed)]
    run(*command, cwd=tmp_path, PYTHONPATH=str(installed))


def test_source_tree_finds_its_kernels():
    from gpugrad.kernels import source_folder

    assert source_folder() == ROOT / "cuda_kernels"


def test_import_brings_in_nothing_heavy():
    program = "import gpugrad, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(run(sys.executable, "-c", program, cwd=ROOT).split())
    assert "gpugrad" in loaded
    assert not loaded & {"cupy", "cupyx", "jax", "matplotlib", "scipy", "sklearn", "torch"}


def test_hard_dependencies_are_numpy_and_array_api_compat():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {requirement.partition(">=")[0] for requirement in project["dependencies"]}
    assert names == {"array-api-compat", "numpy"}


def test_continuous_integration_tests_and_lints():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test", "make lint"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
