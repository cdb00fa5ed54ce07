"""The halves of a check, with programs in place of those that need a GPU."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.gpu import check, reports, steps
from tests.gpu.steps import HALVES, LeftOutError, Run, Step

ROOT = Path(__file__).parents[2]
FILES = {
    *("check.txt", "check.json", "tests.xml", "profile.csv"),
    *("quick.json", "quick.md", "gpu.json", "gpu.md"),
}


def python(program):
    return lambda run, seconds: [sys.executable, "-c", program]


def checked(out, *chosen):
    """Give steps their turns; return whether all went well, and what each came to."""
    well = check.half(chosen, Run(out, out))
    return well, json.loads((out / "check.json").read_text(encoding="utf-8"))


# --- What is asked -----------------------------------------------------------------------------


@pytest.mark.parametrize("half", HALVES)
def test_a_half_takes_less_than_five_minutes(half):
    assert sum(step.seconds for step in HALVES[half]) == check.HALF
    assert check.HALF + check.STOPPING + 1 < 300


def test_results_are_few_files():
    assert len(FILES) <= 8
    documented = check.__doc__
    assert all(name in documented for name in FILES)


def commands(half, run):
    found = {}
    for step in HALVES[half]:
        try:
            found[step.name] = [str(word) for word in step.command(run, 60.0)]
        except LeftOutError as error:
            found[step.name] = str(error)
    return found


def test_programs_are_those_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "program", lambda name: f"/cuda/{name}")
    (tmp_path / "tests.xml").write_text(REPORT, encoding="utf-8")
    found = commands("first", Run(tmp_path, tmp_path)) | commands("full", Run(tmp_path, tmp_path))
    for words in found.values():
        python = words.index(sys.executable)
        module = words[python + 2 if words[python + 1] == "-m" else python + 1]
        file = module if "/" in module else module.replace(".", "/") + ".py"
        assert module == "pytest" or (ROOT / file).is_file()
    assert found["quick"][-4:] == ["quick", "--quick", "--only", "G3,G5,G6,G8"]
    assert found["memcheck"][:3] == ["/cuda/compute-sanitizer", "--tool", "memcheck"]
    assert "--report-api-errors" in found["memcheck"]
    assert found["profile"][0] == "/cuda/ncu"
    failed = ["tests/gpu/test_kernels.py::test_a[x.y-(7, 33)]", "tests/nn.py"]
    assert found["again"][-3:-1] == failed


def test_what_there_is_not_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "program", lambda name: None)
    found = commands("full", Run(tmp_path, tmp_path))
    assert found["profile"] == "ncu is not on the PATH"
    assert found["memcheck"] == found["racecheck"] == "compute-sanitizer is not on the PATH"
    assert found["again"].endswith("Its folder is --first DIR")
    (tmp_path / "tests.xml").write_text("<testsuites />", encoding="utf-8")
    assert commands("full", Run(tmp_path, tmp_path))["again"].startswith("no test failed")


# --- A half ------------------------------------------------------------------------------------


def test_a_step_that_fails_does_not_keep_the_next_from_its_turn(tmp_path):
    def nothing(run, seconds):
        raise LeftOutError("there is nothing to do")

    well, found = checked(
        tmp_path,
        Step("bad", 5, python("print('not so'); raise SystemExit(3)")),
        Step("idle", 5, nothing),
        Step("good", 5, python("print('so')")),
    )
    assert not well
    assert [result["outcome"] for result in found.values()] == [
        *("failed: exit status 3", "left out: there is nothing to do", "passed")
    ]
    log = (tmp_path / "check.txt").read_text(encoding="utf-8")
    assert log.index("===== bad") < log.index("not so\n") < log.index("===== good")
    assert checked(tmp_path, Step("good", 5, python("")))[0]


def test_a_step_has_the_seconds_that_those_before_it_left(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "HALF", 100)
    given = []

    def asked(run, seconds):
        given.append(round(seconds))
        raise LeftOutError("")

    checked(tmp_path, Step("a", 60, asked), Step("b", 10, asked), Step("c", 30, asked))
    assert given == [60, 70, 100]


SLOW = "import time\nprint('here', flush=True)\ntime.sleep(60)"
STUBBORN = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{SLOW}"


@pytest.mark.parametrize("program", [SLOW, STUBBORN], ids=["slow", "stubborn"])
def test_a_step_that_takes_too_long_is_stopped(tmp_path, monkeypatch, program):
    monkeypatch.setattr(check, "HALF", 1)
    monkeypatch.setattr(check, "STOPPING", 1)
    start = time.monotonic()
    well, found = checked(tmp_path, Step("slow", 1, python(program)))
    assert time.monotonic() - start < 10
    assert not well
    assert found["slow"]["outcome"] == "stopped after 1 s"
    assert "here" in (tmp_path / "check.txt").read_text(encoding="utf-8")


def test_what_a_step_leaves_running_ends_with_it(tmp_path):
    child = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    parent = f"import subprocess, sys; print(subprocess.Popen({child}).pid)"
    checked(tmp_path, Step("parent", 5, python(parent)))
    pid = (tmp_path / "check.txt").read_text(encoding="utf-8").split()[-1]
    for _ in range(50):
        if not runs(pid):
            break
        time.sleep(0.1)
    assert not runs(pid)


def runs(pid):
    said = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True).stdout
    return bool(said) and "Z" not in said


def test_no_file_grows_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "LARGEST", 1000)
    talk = "print('begin'); [print(i) for i in range(5000)]; print('end')"
    checked(tmp_path, Step("talk", 5, python(talk)), Step("next", 5, python("print('next one')")))
    log = (tmp_path / "check.txt").read_text(encoding="utf-8")
    assert len(log) < 2000
    assert log.index("begin") < log.index("[...]") < log.index("4999") < log.index("next one")


# --- Tests, and their reports --------------------------------------------------------------------

ENDLESS = """
import time
import pytest

pytestmark = pytest.mark.gpu

@pytest.mark.parametrize("x", [1, "(7, 33)"])
def test_fails(x):
    assert x == 1

@pytest.mark.parametrize("x", [1, 2])
def test_does_not_end(x):
    time.sleep(100)
"""

IDLE = """
import pytest

@pytest.mark.gpu
def test_skips():
    pytest.skip("there is nothing to do it with")
"""


def pytest_of(folder, tests):
    """Return a step that runs tests in three processes."""
    file = folder / "test_it.py"
    file.write_text(tests, encoding="utf-8")

    def command(run, seconds):
        ini = ["-c", os.devnull, "--rootdir", folder, "-o", "markers=gpu"]
        return [*steps.pytest(run, "kernels", 3, [file]), *ini]

    return Step("kernels", 60, command)


def test_a_report_survives_a_time_out(tmp_path, monkeypatch):
    """So it is in several processes, some of which are in a test that does not end."""
    pytest.importorskip("xdist")
    out = tmp_path / "out"
    out.mkdir()
    wait = subprocess.Popen.wait

    def until_one_failed(process, timeout=None):
        if timeout <= check.STOPPING:  # it is asked to end
            return wait(process, timeout)
        while "FAILED" not in (out / "check.txt").read_text(encoding="utf-8"):
            time.sleep(0.1)
        raise subprocess.TimeoutExpired("pytest", timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", until_one_failed)
    monkeypatch.setattr(check, "STOPPING", 60)  # other tests run beside this one
    _, found = checked(out, pytest_of(tmp_path, ENDLESS))
    assert found["kernels"]["outcome"].startswith("stopped after")
    assert found["kernels"]["failed"] == ["test_it.py::test_fails[(7, 33)]"]
    assert found["kernels"]["failures"] == 1
    assert "assert '(7, 33)' == 1" in (out / "check.txt").read_text(encoding="utf-8")
    assert {path.name for path in out.iterdir()} == {"check.txt", "check.json", "tests.xml"}


def test_tests_that_all_skip_have_not_passed(tmp_path):
    well, found = checked(tmp_path, pytest_of(tmp_path, IDLE))
    assert not well
    assert found["kernels"]["outcome"] == "failed: all tests were skipped"


REPORT = """<testsuites>
<testsuite name="kernels" tests="3" failures="1" errors="0" skipped="0">
  <testcase classname="tests.gpu.test_kernels" name="test_a[x.y-(7, 33)]"><failure/></testcase>
  <testcase classname="tests.gpu.test_kernels" name="test_a[x.y-(7, 33)]"><error/></testcase>
  <testcase classname="tests.gpu.test_kernels" name="test_b"/>
</testsuite>
<testsuite name="samples" tests="1" failures="0" errors="1" skipped="0">
  <testcase classname="" name="tests.nn"><error/></testcase>
</testsuite>
</testsuites>"""


def test_reports_are_kept_together(tmp_path):
    tests, session = tmp_path / "tests.xml", tmp_path / "session.xml"
    tests.write_text(REPORT, encoding="utf-8")
    once_more = """<testsuites><testsuite name="{}" tests="1" failures="1" errors="0" skipped="0">
      <testcase classname="tests.test_c" name="test_c"><failure/></testcase>
    </testsuite></testsuites>"""
    for name in ("again", "kernels", "kernels"):
        session.write_text(once_more.format(name), encoding="utf-8")
        found = reports.keep(session, tests, name)
    assert found == {
        **{"tests": 1, "failures": 1, "errors": 0, "skipped": 0},
        "failed": ["tests/test_c.py::test_c"],
    }
    suites = ElementTree.parse(tests).getroot()
    assert [suite.get("name") for suite in suites] == ["samples", "again", "kernels"]
    assert reports.failed_tests(tests) == ["tests/nn.py", "tests/test_c.py::test_c"]


def test_a_report_that_is_cut_off_is_said_to_be(tmp_path):
    session = tmp_path / "session.xml"
    session.write_text(REPORT[:200], encoding="utf-8")
    assert "cut off" in reports.keep(session, tmp_path / "tests.xml", "kernels")["tests"]


# --- The program -------------------------------------------------------------------------------


def test_make_names_the_halves(tmp_path):
    make = ["make", "--dry-run", "PYTHON=python", "gpu-full", "OUT=out/b", "FIRST=out/a"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 'python -m tests.gpu.check full --out "out/b" --first "out/a"' in done.stdout
    done = subprocess.run(
        ["make", "gpu-first"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "say where results go: make gpu-first OUT=DIR" in done.stderr


def run(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-S", "-m", "tests.gpu.check", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def modules(folder, **sources):
    """Write modules to a folder."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


NO_DEVICE = """
from types import SimpleNamespace
cuda = SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 0))
"""


def test_what_is_missing_is_said_before_anything_else(tmp_path):
    half = ["first", "--out", str(tmp_path / "out")]
    done = run(*half)
    assert done.returncode == 2
    assert "has no numpy, cupy, array_api_compat, pytest" in done.stderr
    assert "CONTRIBUTING.md, under On a GPU machine" in done.stderr
    done = run(*half, **modules(tmp_path, numpy="", cupy=NO_DEVICE, pytest=""))
    assert "has no array_api_compat." in done.stderr
    done = run(*half, **modules(tmp_path, array_api_compat=""))
    assert (done.returncode, done.stderr) == (2, "CuPy finds no device here\n")
    done = run(*half, **modules(tmp_path, cupy="raise ImportError('libnvrtc.so')"))
    assert "CuPy finds no device here (ImportError: libnvrtc.so)" in done.stderr
    assert not (tmp_path / "out").exists()


def test_steps_are_chosen():
    done = run("first", "full", "--out", "out", "--only", "smoke,dance")
    assert done.returncode == 2
    assert "no step is dance. Write smoke, kernels, quick, samples, again, " in done.stderr
    args = check.arguments(["first", "--out", "out", "--only", "quick,smoke"])
    smoke, _, quick, _ = HALVES["first"]
    assert check.chosen(HALVES["first"], args.only) == [smoke, quick]
    assert check.chosen(HALVES["full"], set()) == HALVES["full"]


def test_both_halves_are_run_whatever_comes_of_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "obstacle", lambda: "")
    monkeypatch.setattr(check.signal, "signal", lambda *_: None)
    bad = Step("bad", 5, python("raise SystemExit(1)"))
    halves = {"first": [bad], "full": [Step("good", 5, python(""))]}
    monkeypatch.setattr(check, "HALVES", halves)
    out = tmp_path / "new" / "out"
    assert check.main(["first", "full", "--out", str(out)]) == 1
    assert list(json.loads((out / "check.json").read_text(encoding="utf-8"))) == ["bad", "good"]
    assert check.main(["full", "--out", str(out)]) == 0
