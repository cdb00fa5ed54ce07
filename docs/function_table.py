"""Writes docs/functions.md: public functions, where their derivatives come from, what is checked.

    make docs

It reads gpugrad's rule books, and the table of samples that the tests run. A test compares the
file with what this would write.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import gpugrad as gg
from gpugrad.dispatch.primitive import Primitive
from gpugrad.rulebook.forward import _bilinear_frule, _linear_frule
from gpugrad.rulebook.scalar_rule import ForwardScalarRule, ScalarRule
from tests.samples import SAMPLES

CONSTANT_DEFINITIONS = {"histogram2d", "histogramdd", "one_hot"}
CREATION = "gpugrad.functions.creation"
DEFINITIONS = ("gpugrad.functions.", "gpugrad.nn.functional.", "gpugrad.nn.spatial")
FILE = Path(__file__).parent / "functions.md"

MODULES = {
    "gpugrad.xp": gg.xp,
    "gpugrad.xp.linalg": gg.xp.linalg,
    "gpugrad.xp.fft": gg.xp.fft,
    "gpugrad.xp.special": gg.xp.special,
    "gpugrad": gg,
    "gpugrad.nn": gg.nn,
}

HEAD = """# Functions and their derivatives

Written by `make docs` from the rule books and the table of samples; do not edit.

- **reverse** and **forward** say where the derivative comes from: an *expression* (one symbolic
  derivative, from which both modes are generated), a *rule* (written by hand), the *linear*
  function itself, the *definition* (the function is written in terms of others and recorded as
  them), or the *transposed* reverse rule.
- **order** is that to which the samples hold it against numerical derivatives.
- **checked on** names the libraries its samples run on without a GPU: NumPy, and array_api_strict
  on a device that refuses copies to the host, as *array API*. The same samples run on CuPy by
  `make gpu-check`.
- Functions of the last list have no gradient: their derivative is zero, or has no meaning.
"""


def functions() -> dict[str, dict[str, Any]]:
    """Return the public functions of arrays, by module and name, each once."""
    seen: set[int] = set()
    found: dict[str, dict[str, Any]] = {}
    for module_name, module in MODULES.items():
        found[module_name] = {}
        for name, f in sorted(vars(module).items()):
            if (isinstance(f, Primitive) or _is_definition(f)) and id(f) not in seen:
                seen.add(id(f))
                found[module_name][name] = f
    return found


def _is_definition(f: Any) -> bool:
    """Say whether `f` is a Python function of arrays: recorded as what it calls."""
    if not isinstance(f, types.FunctionType) or f.__module__ == CREATION:
        return False
    return f.__module__.startswith(DEFINITIONS)


def has_gradient(name: str, f: Any) -> bool:
    """Say whether a gradient flows through a function."""
    return name not in CONSTANT_DEFINITIONS and getattr(f, "differentiable", True)


def unlisted() -> list[str]:
    """Return the public functions that are in no table."""
    return sorted(
        f"{module_name}.{name}"
        for module_name, module in MODULES.items()
        for name, f in vars(module).items()
        if isinstance(f, types.FunctionType) and not name.startswith("_") and not _is_definition(f)
    )


def reverse(f: Any) -> str:
    """Return where the reverse derivative comes from."""
    if not isinstance(f, Primitive):
        return "definition"
    if any(isinstance(rule, ScalarRule) for rule in f.rrules):
        return "expression"
    return "rule" if f.rrules else "definition"


def forward(f: Any) -> str:
    """Return where the forward derivative comes from."""
    if not isinstance(f, Primitive):
        return "definition"
    if any(isinstance(rule, ForwardScalarRule) for rule in f.frules):
        return "expression"
    if f.frules:
        applies_itself = f.frules[0].rule in (_linear_frule, _bilinear_frule)
        return "linear" if applies_itself else "rule"
    return "transposed" if f.rrules else "definition"


def table() -> str:
    """Return the text of docs/functions.md."""
    libraries: dict[int, set[str]] = {}
    for sample in SAMPLES:
        ran = libraries.setdefault(id(sample.function), {"NumPy"})
        if "strict" not in sample.not_in:
            ran.add("array API")
    lines = [HEAD]
    constants: list[str] = []
    count = 0
    for module_name, members in functions().items():
        differentiable = {name: f for name, f in members.items() if has_gradient(name, f)}
        prefix = module_name.removeprefix("gpugrad.") + "."
        prefix = "gg." if prefix == "gpugrad." else prefix
        constants += [
            f"`{prefix}{name}`" for name in sorted(members.keys() - differentiable.keys())
        ]
        count += len(differentiable)
        lines += [
            f"## {module_name}: {len(differentiable)} functions\n",
            "| function | reverse | forward | order | checked on |",
            "|---|---|---|---|---|",
        ]
        for name, f in differentiable.items():
            checked = libraries.get(id(f))
            on = ", ".join(sorted(checked, reverse=True)) if checked else "tests of its own"
            order = "2" if checked else "1"
            lines.append(f"| `{prefix}{name}` | {reverse(f)} | {forward(f)} | {order} | {on} |")
        lines.append("")
    lines += [
        f"{count} differentiable functions.\n",
        f"## Without a gradient: {len(constants)} functions\n",
        ", ".join(constants) + ".",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
