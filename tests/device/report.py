"""What every kernel takes of a multiprocessor, as a page of docs: `make kernels-report`."""

import os
from pathlib import Path

from tests.device.compiler import ARCHITECTURES, all_kernels, compiled, expressions, version

PAGE = Path(__file__).parents[2] / "docs" / "kernel_resources.md"

INTRODUCTION = """\
# What kernels take

Registers of each thread by architecture, and the bytes of static shared memory of a block: the
fewer, the more blocks a multiprocessor works on at a time. What spills goes to memory instead of
registers, bytes of stores and loads of a thread; the tests hold it at 0. A kernel's dynamic shared
memory is asked for at its launch and is not in the table.

Written by `make kernels-report`, which compiles with NVRTC {version} as CuPy does and needs no GPU.
"""


def report(kernels):
    parts = [INTRODUCTION.format(version=".".join(map(str, version())))]
    parts += [section(kernel) for kernel in sorted(kernels, key=lambda kernel: kernel.name)]
    return "\n".join(parts)


def section(kernel):
    """Return the table of one kernel."""
    columns = [f"sm_{architecture}" for architecture in ARCHITECTURES]
    header = ["variant", *columns, "shared", "spills"]
    rows = [row(kernel, expression) for expression in expressions(kernel)]
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"## {kernel.name}\n\n{table}"


def row(kernel, expression):
    found = [
        compiled(kernel.text(), expressions(kernel), architecture).resources[expression]
        for architecture in ARCHITECTURES
    ]
    registers = [str(resources.registers) for resources in found]
    shared = max(resources.shared for resources in found)
    spills = max(resources.spill_stores + resources.spill_loads for resources in found)
    return [f"`{variant(expression)}`", *registers, str(shared), str(spills)]


def variant(expression):
    """Return the template arguments of a kernel's expression, without the namespace."""
    return expression.partition("<")[2].removesuffix(">").replace("gpugrad::", "")


def main():
    PAGE.write_text(report(all_kernels()), encoding="utf-8")
    print(f"wrote {os.path.relpath(PAGE)}")


if __name__ == "__main__":
    main()
