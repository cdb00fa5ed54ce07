"""The Dockerfile, as far as there is something to run without Docker: its layers, step by step.

What installs runs word for word in a fresh environment, and pip is told by variables to fetch
nothing: it builds and installs the project itself, and takes its dependencies for granted.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VENV = "/opt/venv"
LOCAL = {  # a checkout has these, and .dockerignore leaves them out
    *(".git", ".venv", ".hypothesis", ".benchmarks", ".coverage", "__pycache__", "dist", "out"),
    *(".pytest_cache", ".ruff_cache", ".import_linter_cache"),
}


def stages():
    """Return the instructions of each stage, as pairs, by the stage's name; FROM comes first."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {}
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            rest, _, name = rest.partition(" AS ")
            steps = found[name] = []
        steps.append((instruction, re.sub(r"\s+", " ", rest)))
    return found


STAGES = stages()


def of(stage, instruction):
    return [rest for found, rest in STAGES[stage] if found == instruction]


class Image:
    """A fresh environment and a working folder, in which steps are taken."""

    def __init__(self, folder):
        self.venv, self.src = folder / "venv", folder / "src"
        self.src.mkdir()
        self.output = ""

    def take(self, stage):
        for instruction, rest in STAGES[stage]:
            if instruction == "COPY":
                self.copy(*rest.split())
            elif instruction == "RUN":
                self.run(rest)

    def copy(self, *words):
        option, source, target = words
        assert option == "--chown=1001"
        if source == ".":
            assert target == "."
            shutil.copytree(
                ROOT, self.src, ignore=lambda _, names: LOCAL & {*names}, dirs_exist_ok=True
            )
        else:
            shutil.copy(ROOT / source, self.src / target)

    def run(self, command):
        variables = {
            "PATH": os.pathsep.join(
                [str(self.venv / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # of the option "no": this means that there is none
            "PYTHONPATH": sysconfig.get_path("purelib"),  # which has hatchling
        }
        done = subprocess.run(
            ["sh", "-ec", command.replace(VENV, str(self.venv))],
            cwd=self.src,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        self.output += done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{self.output}"

    def python(self, program):
        """Run a program outside of the sources, by the environment alone and NumPy beside it."""
        done = subprocess.run(
            [self.venv / "bin" / "python", "-c", program],
            cwd=self.venv,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory):
    """The image up to the layer of dependencies."""
    image = Image(tmp_path_factory.mktemp("image"))
    (environment,) = [step for step in of("base", "RUN") if VENV in step and "apt-get" not in step]
    image.run(environment)
    image.take("dependencies")
    return image


INSTALLED = """
import importlib.metadata, json
files = importlib.metadata.files("gpugrad")
print(json.dumps(sorted(str(f) for f in files if f.suffix in (".py", ".cu", ".cuh"))))
"""


def test_layer_of_dependencies_installs_an_empty_package(dependencies):
    assert "does not provide the extra" not in dependencies.output
    assert "Successfully installed gpugrad" in dependencies.output
    assert json.loads(dependencies.python(INSTALLED)) == ["gpugrad/__init__.py"]


def test_test_image_has_the_development_tools_and_the_tests(dependencies, tmp_path):
    image = dependencies
    for step in of("test", "RUN"):
        image.run(step)
    assert "does not provide the extra" not in image.output
    (entry,), (default,) = of("test", "ENTRYPOINT"), of("test", "CMD")
    command = [*json.loads(entry), *json.loads(default)]
    assert command[:2] == ["make", "gpu-check"]
    done = subprocess.run(
        [*command[:-1], "--dry-run", f"OUT={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'python -m tests.gpu.check first full --out "{tmp_path}"' in done.stdout


def test_built_image_has_the_package_and_its_device_code(dependencies):
    dependencies.take("build")
    files = json.loads(dependencies.python(INSTALLED))
    sources = [path.name for path in (ROOT / "cuda_kernels").glob("*.cu*")]
    assert {f"gpugrad/cuda_kernels/{name}" for name in sources} <= {*files}
    assert "gpugrad/kernels/launch.py" in files
    assert not [name for name in files if not name.startswith("gpugrad/")]


def test_images_are_small_run_as_a_user_and_cache_dependencies():
    assert [steps[0][1] for steps in STAGES.values()] == [
        *("nvidia/cuda:12.9.1-base-ubuntu24.04", "base", "dependencies", "dependencies", "base")
    ]
    assert list(STAGES)[-1] == "runtime"
    base = STAGES["base"]
    assert base.index(("USER", "1001")) < base.index(("RUN", f"python3 -m venv {VENV}"))
    assert [step for steps in STAGES.values() for step in steps if step[0] == "USER"] == [
        ("USER", "1001")
    ]
    assert "rm -rf /var/lib/apt/lists/*" in of("base", "RUN")[0]
    # What changes often is copied after what takes long.
    assert of("dependencies", "COPY") == ["--chown=1001 pyproject.toml ./"]
    names = [instruction for instruction, _ in STAGES["test"]]
    assert names == ["FROM", "RUN", "COPY", "ENTRYPOINT", "CMD"]
    (runtime,) = of("runtime", "COPY")
    assert runtime == f"--from=build {VENV} {VENV}"


def test_extras_of_the_images_are_those_of_the_project():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installs = [step for name in STAGES for step in of(name, "RUN") if "pip install" in step]
    asked = {e for step in installs for m in re.findall(r"\.\[(.*?)\]", step) for e in m.split(",")}
    assert asked == {"cuda12x", "dev"}
    assert asked <= {*project["optional-dependencies"]}
