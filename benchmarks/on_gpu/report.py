"""What is written down: every number as JSON, and a table as Markdown, with the goals marked."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from on_gpu.libraries import version_of
from on_gpu.timing import MOST_SETS
from on_gpu.works import Work

NOISE = 1.02  # two medians nearer than this are one
TOLERANCES = {"float32": 1e-4, "tf32": 1e-2, "bfloat16": 3e-2}
DISTRIBUTIONS = {
    "numpy": ("numpy",),
    "cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"),
    "torch": ("torch",),
    "triton": ("triton",),
    "jax": ("jax",),
    "jaxlib": ("jaxlib",),
    "ml_dtypes": ("ml_dtypes",),
    "array-api-compat": ("array-api-compat",),
}


def row(work: Work, way: str, **found: Any) -> dict[str, Any]:
    """Return what is known of a way before it is measured; `found` says what came of it."""
    return {
        "figure": work.figure,
        "work": work.name,
        "way": way,
        "bytes": work.bytes,
        "flops": work.flops,
        "operations": work.operations,
        **found,
    }


def tolerance(work: Work) -> float:
    """Return how far a result may be from the one by hand."""
    return TOLERANCES["tf32" if work.precision == "tf32" else work.dtype]


def with_rates(row: dict[str, Any], copy: float | None) -> dict[str, Any]:
    """Return a measured row with its bandwidth, its share of a copy's, and its arithmetic."""
    seconds = row["seconds"]
    rates: dict[str, Any] = {"microseconds": seconds * 1e6 / row["operations"]}
    if row["bytes"]:
        rates["gigabytes_per_second"] = row["bytes"] / seconds / 1e9
        if copy:
            rates["share_of_copy"] = row["bytes"] / seconds / copy
    if row["flops"]:
        rates["teraflops"] = row["flops"] / seconds / 1e12
    return row | rates


def mark(work: Work, rows: list[dict[str, Any]]) -> str:
    """Return "met" or "NOT MET" with the reasons for gpugrad's row, "" where there is no goal."""
    if work.share is None and work.microseconds is None:
        return ""
    ours = next((row for row in rows if row["way"] == "gpugrad"), {})
    if "seconds" not in ours:
        return "NOT MET: not measured"
    misses: list[str] = []
    if not ours["correct"]:
        misses.append("the result is wrong")
    if work.microseconds is not None and ours["microseconds"] > work.microseconds:
        misses.append(f"{ours['microseconds']:.1f} µs, the goal is {work.microseconds:g} µs")
    if work.share is not None:
        share = ours.get("share_of_copy", 0.0)
        if share < work.share:
            misses.append(f"{share:.0%} of the copy, the goal is {work.share:.0%}")
        for peer in rows:
            if peer is not ours and peer.get("correct"):
                ratio = ours["seconds"] / peer["seconds"]
                if ratio > NOISE:
                    misses.append(f"{ratio:.2f} times the time of {peer['way']}")
    return "NOT MET: " + "; ".join(misses) if misses else "met"


def machine(root: Path, device: dict[str, Any]) -> dict[str, Any]:
    """Name what the numbers are of."""
    versions = {name: version_of(*names) for name, names in DISTRIBUTIONS.items()}
    return {
        **device,
        "processor": processor(),
        "python": platform.python_version(),
        "versions": {name: version or "not installed" for name, version in versions.items()},
        "commit": commit(root),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit(root: Path) -> str:
    """Return the commit that is measured: that of the checkout, or the variable COMMIT."""
    try:
        found = git(root, "rev-parse", "--short=12", "HEAD")
        return found + (", with changes" if git(root, "status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("COMMIT", "unknown")


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def write(out: Path, name: str, report: dict[str, Any]) -> None:
    """Write a file `.json` and another `.md`, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    texts = {"json": json.dumps(report, indent=1, ensure_ascii=False), "md": table(report)}
    for kind, text in texts.items():
        part = out / f"{name}.{kind}.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(out / f"{name}.{kind}")


COLUMNS = ("time", "spread", "compiling", "moved", "GB/s", "of the copy", "TFLOP/s", "off by")
HEAD = f"| computation | way | {' | '.join(COLUMNS)} | |"
RULE = f"|---|---|{'--:|' * len(COLUMNS)}---|"


def table(report: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    about = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    lines = [
        "# Measured on a GPU",
        "",
        f"{about['device']}; driver {about['driver']}, CUDA {about['cuda']}, "
        f"{about['cache'] / 2**20:.0f} MiB of cache; {about['processor']}; "
        f"Python {about['python']}; {versions}.",
        f"Commit {about['commit']}, {about['date']}.",
        "",
        f"A copy on the device moves {report['copy'] / 1e9:.0f} GB/s, bytes read and bytes written."
        if report["copy"]
        else "A copy on the device was not measured.",
        "",
        "Time: the median, after a warm-up, of batches of calls in a row. CuPy and PyTorch have an "
        "event before and after a batch, JAX the host's clock from an idle device to a ready "
        f"result. Inputs take turns, up to {MOST_SETS} sets, until they are four times the cache. "
        "Spread: half the distance of the quartiles. Compiling: what the first call takes beyond "
        "that time, libraries to be loaded included. Moved: the least there is, each input read "
        "once and each result written once. Off by: the relative distance from the result by hand "
        "in float32.",
    ]
    if report["unfinished"]:
        lines += ["", f"**Not finished**: {report['unfinished']}."]
    figure = ""
    for row in report["rows"]:
        if row["figure"] != figure:
            figure = row["figure"]
            lines += ["", f"## {figure}", "", HEAD, RULE]
        lines.append(line(row))
    remarks = dict.fromkeys(
        f"- {row['figure']}: {row['remark']}." for row in report["rows"] if row.get("remark")
    )
    if remarks:
        lines += ["", "## Remarks", "", *remarks]
    return "\n".join(lines)


def line(row: dict[str, Any]) -> str:
    first = f"| {row['work']} | {row['way']} |"
    note = row.get("skipped") and f"skipped: {row['skipped']}"
    note = note or (row.get("failed") and f"failed: {row['failed']}") or row.get("mark", "")
    if "seconds" not in row:
        return f"{first} – {'| ' * len(COLUMNS)}{one_line(note)} |"
    low, high = row["quartiles"]
    cells = [
        duration(row["microseconds"]),
        f"{(high - low) / 2 / row['seconds']:.1%}",
        f"{row['compile_seconds']:.1f} s",
        size(row["bytes"]),
        f"{row['gigabytes_per_second']:.0f}" if row["bytes"] else "",
        f"{row['share_of_copy']:.0%}" if "share_of_copy" in row else "",
        f"{row['teraflops']:.1f}" if row["flops"] else "",
        f"{row['off_by']:.0e}" + ("" if row["correct"] else " **wrong**"),
        one_line(note),
    ]
    return f"{first} {' | '.join(cells)} |"


def one_line(text: str) -> str:
    """Return a text as it fits into a cell of a table."""
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= 160 else text[:159] + "…"


def duration(microseconds: float) -> str:
    return f"{microseconds:.2f} µs" if microseconds < 1000 else f"{microseconds / 1000:.3f} ms"


def size(count: int) -> str:
    if not count:
        return ""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} B"
