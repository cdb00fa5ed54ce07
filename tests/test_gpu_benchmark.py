"""The benchmark for a GPU, as far as there is something to run without one: on NumPy, in small."""

import dataclasses
import importlib
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
try:
    gpu = importlib.import_module("gpu")
    from on_gpu import in_jax, libraries, report, timing, works

    profiled = importlib.import_module("profiled")
finally:
    sys.path.remove(str(ROOT / "benchmarks"))

SMALL = [
    works.Network("G1", (2, 16, 16, 2), 20, last_relu=True, rate=0.5),
    works.Network("G4", (7, 5, 4, 3), 6),
    works.Elementwise(100),
    works.CrossEntropy(6, 11),
    works.LayerNorm(5, 16),
    works.Adam(3, 10),
    works.Gather(50, 7),
    works.HostCost("multiply", operations=5, count=8),
    works.HostCost("tanh", operations=5, count=8),
]
every_work = pytest.mark.parametrize("work", SMALL, ids=lambda work: work.name)
DEVICE = {"device": "none", "driver": "1.2", "cuda": "3", "cache": 1 << 20}


def inputs_of(work, seed=0):
    return work.inputs(np, np.random.default_rng(seed))


# --- What is computed ------------------------------------------------------------------------


@every_work
def test_gpugrad_computes_what_is_derived_by_hand(work):
    arrays = inputs_of(work)
    before = [x.copy() for x in arrays]
    ours, by_hand = work.gpugrad(*arrays)(), work.by_hand(*arrays)()
    assert timing.difference(np, ours, by_hand) < 2e-6
    for result, other in zip(ours, by_hand, strict=True):
        assert np.shape(result) == np.shape(other)
        assert result.dtype == other.dtype == np.float32
    for x, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, old)


@pytest.mark.parametrize("work", SMALL[-2:], ids=lambda work: work.name)
def test_the_hosts_cost_is_of_one_gradient(work, monkeypatch):
    of_functions = []
    pullback = works.gg.pullback

    def watched(f, *args, **kwargs):
        y, back = pullback(f, *args, **kwargs)

        def seen(dy):
            gradients = back(dy)
            of_functions.append(gradients[0])
            return gradients

        return y, seen

    monkeypatch.setattr(works.gg, "pullback", watched)
    work.gpugrad(*inputs_of(work))()
    assert of_functions == [None]  # of what the function captured


def test_kernels_to_be_profiled_are_launched():
    assert profiled.launch(np, side=16, classes=7) is None


@every_work
def test_inputs_differ_from_set_to_set(work):
    rng = np.random.default_rng(0)
    first, second = work.inputs(np, rng), work.inputs(np, rng)
    assert any((a != b).any() for a, b in zip(first, second, strict=True))


def test_bfloat16_is_asked_of_ml_dtypes():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    work = works.CrossEntropy(6, 11, "bfloat16")
    arrays = inputs_of(work)
    assert arrays[0].dtype == bfloat16
    assert work.bytes == 2 * arrays[0].nbytes + arrays[1].nbytes
    by_hand = work.by_hand(arrays[0].astype(np.float32), arrays[1])()
    assert timing.difference(np, work.gpugrad(*arrays)(), by_hand) < report.tolerance(work)


READ_TWICE = {  # after the value, for the gradient; by their places among the inputs
    works.LayerNorm: (0, 1),
    works.Gather: (1,),
}


@every_work
def test_bytes_are_those_of_inputs_and_results(work):
    if isinstance(work, works.HostCost):
        assert work.bytes == 0
        return
    arrays = inputs_of(work)
    results = [y for y in work.by_hand(*arrays)() if y.ndim]
    again = [arrays[i] for i in READ_TWICE.get(type(work), ())]
    assert work.bytes == sum(x.nbytes for x in [*arrays, *results, *again])


def test_operations_of_a_network_are_those_of_its_products():
    work = works.Network("G4", (3, 5, 7), batch=2)
    forward = 2 * (2 * 3 * 5) + 2 * (2 * 5 * 7)
    weights = 2 * (3 * 2 * 5) + 2 * (5 * 2 * 7)
    hidden = 2 * (2 * 7 * 5)
    assert work.flops == forward + weights + hidden


def test_every_figure_is_measured_at_its_sizes():
    names = [work.name for work in works.WORKS]
    assert len(set(names)) == len(names)
    assert [work.figure for work in works.WORKS] == sorted(work.figure for work in works.WORKS)
    assert {work.figure for work in works.WORKS} == {f"G{i}" for i in range(1, 9)}
    assert {work.figure for work in works.WORKS if work.quick} == {f"G{i}" for i in range(1, 9)}
    with_goals = {work.figure for work in works.WORKS if work.share or work.microseconds}
    assert with_goals == set(gpu.IMPORTANT)
    assert works.MOONS.name == "moons step 2-16-16-2, batch 200, float32"


# --- How it is timed -------------------------------------------------------------------------


def test_inputs_take_turns_until_they_exceed_the_cache():
    work = works.CrossEntropy(64, 256)
    assert work.size == 64 * 256 * 4 + 64 * 4
    assert timing.sets_of(work, cache=work.size) == 4
    assert timing.sets_of(work, cache=0) == 1
    assert timing.sets_of(work, cache=1 << 40) == timing.MOST_SETS
    large = works.CrossEntropy(4096, 262144)
    assert timing.sets_of(large, cache=50 << 20) == 1
    assert timing.sets_of(works.MOONS, cache=1 << 40) == 1


def test_steps_take_turns_and_warm_up_first():
    calls = []
    steps = [lambda i=i: calls.append(i) or [] for i in range(7)]
    times = timing.measure(libraries.Library(), SMALL[2], steps, seconds=0.001)
    assert calls[:14] == [*range(7), *range(7)]
    assert times.batches >= timing.FEWEST
    assert times.quartiles[0] <= times.median <= times.quartiles[1]
    assert 1 <= times.calls <= timing.LARGEST_BATCH


def test_the_hosts_time_of_a_call_is_taken_with_the_device_idle():
    library, waits = libraries.Library(), []
    library.wait = lambda: waits.append(len(calls))
    calls = []
    times = timing.measure(library, SMALL[-1], [lambda: calls.append(1) or []], seconds=0.001)
    assert times.calls == 1
    assert waits[-times.batches :] == list(range(len(calls) - times.batches, len(calls)))


def test_jax_is_waited_for_after_every_call(monkeypatch):
    waited = []
    library = object.__new__(gpu.Jax)  # without JAX
    library.last = None
    library.jax = SimpleNamespace(
        jit=lambda f: f, tree=SimpleNamespace(leaves=list), block_until_ready=waited.append
    )
    monkeypatch.setitem(in_jax.MAKERS, works.Elementwise, lambda work, *arrays: arrays)
    steps = [make(1, 2) for make in library.ways(SMALL[2], compiled=True).values()]
    timing.measure(library, SMALL[2], steps, seconds=0.001)
    assert waited[: timing.WARM_UP] == [[1, 2]] * timing.WARM_UP
    assert waited[-1] == [1, 2]


def test_difference_is_that_of_the_worst_result():
    a, b = np.ones(4, np.float32), np.arange(4, dtype=np.float32)
    assert timing.difference(np, [a, b], [a, b]) == 0
    assert timing.difference(np, [a, 1.5 * b, a], [a, b, a]) == pytest.approx(0.5)
    assert np.isnan(timing.difference(np, [a * np.nan, 2 * b], [a, b]))
    with pytest.raises(ValueError, match="1 results, and 2 by hand"):
        timing.difference(np, [a], [a, b])


# --- The goals -------------------------------------------------------------------------------


def measured(work, way, seconds, copy=1e9, *, correct=True):
    row = report.row(work, way, seconds=seconds, correct=correct)
    return report.with_rates(row, copy)


def test_rates_follow_from_the_time():
    work = works.Network("G4", (3, 5, 7), batch=2)
    row = measured(work, "gpugrad", 2.0, copy=1e3)
    assert row["microseconds"] == 2e6
    assert row["gigabytes_per_second"] == work.bytes / 2e9
    assert row["share_of_copy"] == work.bytes / 2e3
    assert row["teraflops"] == work.flops / 2e12
    assert "share_of_copy" not in measured(work, "gpugrad", 2.0, copy=None)
    host = works.HostCost("multiply", operations=5)
    assert measured(host, "gpugrad", 1e-5)["microseconds"] == pytest.approx(2)


def test_goals_of_bandwidth_are_marked():
    work = works.CrossEntropy(100, 1000)
    least = work.bytes / 1e9
    ours = measured(work, "gpugrad", least / 0.9)
    slower, faster = measured(work, "A", least), measured(work, "B", least / 0.6)
    assert report.mark(work, [ours]) == report.mark(work, [ours, faster]) == "met"
    assert report.mark(work, [ours, slower]) == "NOT MET: 1.11 times the time of A"
    assert report.mark(work, [ours, slower | {"correct": False}]) == "met"
    assert report.mark(work, [ours, measured(work, "A", least / 0.91)]) == "met"  # that is noise
    skipped = report.row(work, "C", skipped="not installed")
    assert report.mark(work, [skipped, ours]) == "met"

    ours = measured(work, "gpugrad", least / 0.5)
    assert report.mark(work, [ours]) == "NOT MET: 50% of the copy, the goal is 85%"
    wrong = measured(work, "gpugrad", least, correct=False)
    assert report.mark(work, [wrong]) == "NOT MET: the result is wrong"
    failed = report.row(work, "gpugrad", failed="MemoryError: 4 GB")
    assert report.mark(work, [failed, slower]) == "NOT MET: not measured"


def test_goal_of_the_host_is_marked():
    work = works.HostCost("tanh")
    by_hand = measured(work, "CuPy by hand", 1e-4)
    assert report.mark(work, [measured(work, "gpugrad", 12e-4), by_hand]) == "met"
    slow = measured(work, "gpugrad", 15e-4)
    assert report.mark(work, [slow, by_hand]) == "NOT MET: 15.0 µs, the goal is 12 µs"


def test_what_has_no_goal_has_no_mark():
    assert report.mark(works.Gather(50, 7), []) == ""


# --- A whole run, on the host ----------------------------------------------------------------


class Broken(libraries.Library):
    name = "Broken"

    def ways(self, work, *, compiled):
        def fails(*arrays):
            raise RuntimeError("no such\nkernel | here")

        def wrong(*arrays):
            return lambda: [y * 0 for y in work.by_hand(*arrays)()]

        return {"late": fails} if compiled else {"broken": fails, "wrong": wrong}


def run(out, works, *, name="gpu", peers=(), missing=None, minutes=1.0, home=None):
    gpu.Run(
        out,
        name,
        home or libraries.Library(),
        peers,
        about=DEVICE,
        copy=1e10,
        missing=missing or {},
        seconds=0.001,
        minutes=minutes,
    )(works)
    return json.loads((out / f"{name}.json").read_text(encoding="utf-8"))


def test_a_run_writes_every_number_and_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "ROOT", tmp_path)  # no checkout
    monkeypatch.setattr(gpu, "COMPILING", 0)
    monkeypatch.setenv("COMMIT", "0123abc")
    missing = {"JAX": "not installed (jax)"}
    found = run(tmp_path / "new" / "out", SMALL, peers=[Broken()], missing=missing)

    ways = ["JAX", "gpugrad", "NumPy by hand", "broken", "wrong", "late"]
    assert [row["way"] for row in found["rows"]] == ways * len(SMALL)
    assert [row["work"] for row in found["rows"][:: len(ways)]] == [w.name for w in SMALL]
    for row in found["rows"]:
        assert (row["way"] in ("JAX", "broken", "late")) is ("seconds" not in row)
        if "seconds" in row:
            assert row["correct"] is (row["way"] != "wrong")
            assert row["microseconds"] > 0
        if row["way"] == "gpugrad":
            assert bool(row["mark"]) is (row["figure"] in gpu.IMPORTANT)
    assert found["unfinished"] == ""
    assert found["copy"] == 1e10
    about = found["machine"]
    assert (about["device"], about["driver"], about["commit"]) == ("none", "1.2", "0123abc")
    assert about["versions"]["numpy"] == np.__version__
    assert about["date"].endswith("+00:00")

    lines = (tmp_path / "new" / "out" / "gpu.md").read_text(encoding="utf-8").splitlines()
    bars = {line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}
    assert bars == {12}  # of eleven cells
    text = "\n".join(lines)
    assert "| JAX | – | | | | | | | | skipped: not installed (jax) |" in text
    broken = "failed: its first call: RuntimeError: no such kernel \\| here"
    assert f"| broken | – | | | | | | | | {broken} |" in text
    assert text.count("**wrong**") == len(SMALL)
    assert "A copy on the device moves 10 GB/s" in text
    assert "Not finished" not in text


class Compiling(libraries.Library):
    """A library whose first calls take most of a minute, of a clock that stands still otherwise."""

    name = "Compiling"
    now = 0.0

    def ways(self, work, *, compiled):
        done = []

        def compiles(*arrays):
            if not done:
                self.now += 50
            done.append(work)
            return work.by_hand(*arrays)

        def fails(*arrays):
            raise RuntimeError("no such instruction")

        return {"fails": fails, "compiles": compiles} if compiled else {}


def test_what_compiles_is_timed_apart_and_delays_no_other(tmp_path, monkeypatch):
    peer = Compiling()
    clock = SimpleNamespace(
        monotonic=lambda: peer.now,
        perf_counter=lambda: peer.now + time.perf_counter(),
        strftime=time.strftime,
    )
    monkeypatch.setattr(gpu, "time", clock)
    rows = run(tmp_path, SMALL[2:5], peers=[peer], minutes=1.0)["rows"]
    by_way = {way: [row for row in rows if row["way"] == way] for way in ("gpugrad", "compiles")}
    assert all(row["compile_seconds"] < 10 for row in by_way["gpugrad"])
    first, *others = sorted(by_way["compiles"], key=lambda row: "skipped" in row)
    assert first["compile_seconds"] == pytest.approx(50, abs=5)
    assert first["seconds"] < 1
    assert {row["skipped"] for row in others} == {"there was no time left"}
    (failed,) = {row["failed"] for row in rows if row.get("failed")}
    assert failed == "its first call: RuntimeError: no such instruction"
    assert f"| {first['compile_seconds']:.1f} s |" in (tmp_path / "gpu.md").read_text("utf-8")


class Hopeless(libraries.Library):
    name = "Hopeless"

    def ways(self, work, *, compiled):
        raise ImportError("libcudart.so")


def test_a_library_that_does_not_know_its_ways_is_a_row(tmp_path):
    rows = run(tmp_path, SMALL[2:3], peers=[Hopeless()])["rows"]
    failed = ["ImportError: libcudart.so", None, None, "ImportError: libcudart.so"]
    assert [row.get("failed") for row in rows] == failed


def test_triton_is_imported_in_its_first_call(monkeypatch):
    monkeypatch.setitem(sys.modules, "on_gpu.in_triton", None)
    peer = object.__new__(gpu.Torch)  # without PyTorch
    peer.xp = None
    for work in SMALL[3:5]:
        (make,) = peer.kernels(work).values()
        with pytest.raises(ImportError, match="in_triton"):
            make(*inputs_of(work))
    assert peer.kernels(SMALL[0]) == {}


def test_what_there_is_no_time_for_is_skipped(tmp_path):
    found = run(tmp_path, SMALL[2:4], name="quick", minutes=0)
    assert {path.name for path in tmp_path.iterdir()} == {"quick.json", "quick.md"}
    assert {row["skipped"] for row in found["rows"]} == {"there was no time left"}
    (mark,) = {row["mark"] for row in found["rows"] if row.get("mark")}
    assert mark == "NOT MET: not measured"


def test_inputs_that_cannot_be_made_fail_every_way(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Impossible(works.Elementwise):
        def inputs(self, xp, rng):
            raise MemoryError("too large")

    found = run(tmp_path, [Impossible(10), works.Elementwise(10)])
    assert [row.get("failed") for row in found["rows"]] == [
        *["its inputs: MemoryError: too large"] * 2,
        *[None] * 2,
    ]


def test_what_was_measured_is_kept_when_a_run_is_stopped(tmp_path, monkeypatch):
    measure = gpu.measure

    def stopped(library, work, steps, seconds):
        if work is SMALL[3]:
            raise KeyboardInterrupt
        return measure(library, work, steps, seconds)

    monkeypatch.setattr(gpu, "measure", stopped)
    monkeypatch.setattr(gpu, "IMPORTANT", [])
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, SMALL[2:4])
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert found["unfinished"] == "the run was stopped"
    assert [row["work"] for row in found["rows"] if "seconds" in row] == [SMALL[2].name] * 2
    assert "**Not finished**" in (tmp_path / "gpu.md").read_text(encoding="utf-8")


def test_a_checkout_names_its_commit():
    commit = report.commit(ROOT)
    assert commit == "unknown" or len(commit.partition(",")[0]) == 12


# --- The program -----------------------------------------------------------------------------


def test_figures_are_chosen():
    quick = gpu.chosen(works.WORKS, "", quick=True)
    assert 0 < len(quick) < len(works.WORKS)
    assert {w.figure for w in gpu.chosen(works.WORKS, "g3,G5", quick=False)} == {"G3", "G5"}
    with pytest.raises(SystemExit, match="there is no G9"):
        gpu.chosen(works.WORKS, "G9", quick=False)


def test_without_a_gpu_the_program_says_so(tmp_path, monkeypatch):
    def no_cupy():
        raise ModuleNotFoundError("No module named 'cupy'")

    monkeypatch.setattr(gpu, "Cupy", no_cupy)
    with pytest.raises(SystemExit, match=r"on an NVIDIA GPU.*No module named 'cupy'.*make bench"):
        gpu.main(["--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_peers_that_are_missing_are_named(monkeypatch):
    class Absent(libraries.Peer):
        name = "Absent"
        distributions = ("no-such-distribution",)

    class Unusable(libraries.Peer):
        name = "Unusable"
        distributions = ("numpy",)

        def __init__(self, xp):
            raise ImportError("libcudart.so is missing")

    monkeypatch.setattr(gpu, "PEERS", [Absent, Unusable])
    found, missing = gpu.with_peers(np)
    assert found == []
    assert missing == {
        "Absent": "not installed (no-such-distribution)",
        "Unusable": "its import: ImportError: libcudart.so is missing",
    }


def test_cupy_computes_products_in_tf32_when_asked(monkeypatch):
    pytest.importorskip("cupy")
    from cupy._core import _routines_linalg as products

    asked = []  # of what itself asks the device whether it can
    monkeypatch.setattr(products, "set_compute_type", lambda *arguments: asked.append(arguments))
    library = object.__new__(libraries.Cupy)  # whose events would need a device
    before = products.get_compute_type(np.float32)
    for name in ("float32", "default"):
        with library.precision(name):
            assert asked == []
    with library.precision("tf32"):
        assert asked == [(np.float32, products.COMPUTE_TYPE_TF32)]
    assert asked[1:] == [(np.float32, before)]


# --- Peers, where they are installed ---------------------------------------------------------


@every_work
@pytest.mark.parametrize("peer", gpu.PEERS, ids=lambda peer: peer.name)
def test_peers_compute_the_same(peer, work):
    pytest.importorskip(peer.distributions[0])
    library = peer(np)
    arrays = inputs_of(work)
    by_hand = work.by_hand(*arrays)()
    ways = library.ways(work, compiled=peer is gpu.Jax)
    assert ways or (peer is gpu.Jax and isinstance(work, works.HostCost))
    for make in ways.values():
        with library.precision("float32"):
            results = make(*map(library.array, arrays))()
        library.wait()
        found = [library.result(y) for y in results]
        assert timing.difference(np, found, by_hand) < 5e-6
