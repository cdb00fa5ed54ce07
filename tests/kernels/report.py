"""What every kernel takes of a multiprocessor, as a page of docs: `make kernels-report`."""

import os
from pathlib import Path

from tests.kernels.compiler import (
    ARCHITECTURES,
    all_kernels,
    compile_all,
    compiled,
    digest,
    expressions,
    task,
    version,
)

PAGE = Path(__file__).parents[2] / "docs" / "kernel_resources.md"

INTRODUCTION = """\
# What kernels take

Registers of each thread by architecture, and the bytes of static shared memory of a block: the
fewer, the more blocks a multiprocessor works on at a time. What spills goes to memory instead of
registers, bytes of stores and loads of a thread; the tests hold it at 0. A kernel's dynamic shared
memory is asked for at its launch and is not in the table.

Written by `make kernels-report`, which compiles all of it with NVRTC {version} as CuPy does, and
needs no GPU. It takes minutes, so `make test` compiles for two of them and holds the
sources against those that this page is of: {digest}. Of `map` they are generated from
the rule book, which may have more functions by now.
"""


def report(kernels):
    number, source = ".".join(map(str, version())), digest(kernels.values())
    parts = [INTRODUCTION.format(version=number, digest=source)]
    return "\n".join([*parts, *(section(name, kernel) for name, kernel in kernels.items())])


def section(name, kernel):
    """Return the table of one kernel; of elementwise ones, a row for each data type."""
    columns = [f"sm_{architecture}" for architecture in ARCHITECTURES]
    header = ["variant", *columns, "shared", "spills"]
    rows = [row(kernel, *shown) for shown in rows_of(kernel)]
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"## {name}\n\n{table}"


def rows_of(kernel):
    """Return what a row is called and which expressions it is of."""
    every = expressions(kernel)
    if kernel.name != "map":
        return [(f"`{variant(expression)}`", [expression]) for expression in every]
    by_type = {}
    for expression in every:
        by_type.setdefault(expression.split(", ")[1], []).append(expression)
    return [(f"all × `{kind}`", of) for kind, of in by_type.items()]


def row(kernel, title, of):
    found = [
        [compiled(*task(kernel, architecture)).resources[expression] for expression in of]
        for architecture in ARCHITECTURES
    ]
    registers = [between([resources.registers for resources in each]) for each in found]
    everything = [resources for each in found for resources in each]
    shared = max(resources.shared for resources in everything)
    spills = max(resources.spill_stores + resources.spill_loads for resources in everything)
    return [title, *registers, str(shared), str(spills)]


def between(numbers):
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def variant(expression):
    """Return the template arguments of a kernel's expression, without the namespace."""
    return expression.partition("<")[2].removesuffix(">").replace("gpugrad::", "")


def main():
    kernels = all_kernels()
    compile_all(kernels.values(), ARCHITECTURES)
    for name, kernel in kernels.items():
        for architecture in ARCHITECTURES:
            check(compiled(*task(kernel, architecture)), f"{name}, sm_{architecture}")
    PAGE.write_text(report(kernels), encoding="utf-8")
    print(f"wrote {os.path.relpath(PAGE)}")


def check(found, what):
    """Raise RuntimeError where the compiler has something to say, or spills registers."""
    functions = {**found.resources, **found.functions}
    spilling = {name: r for name, r in functions.items() if r.spill_stores or r.spill_loads}
    if found.log or spilling:
        raise RuntimeError(f"{what}: {found.log or spilling}")


if __name__ == "__main__":
    main()
