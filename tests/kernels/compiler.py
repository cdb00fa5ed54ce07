"""NVRTC, as CuPy calls it, without a device: what it says of a kernel, and what that takes."""

import base64
import functools
import importlib
import io
import json
import multiprocessing
import os
import pkgutil
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import gpugrad.kernels
from gpugrad import functions as F
from gpugrad import gelu_tanh, relu
from gpugrad.kernels import dense, device_functions, launch
from gpugrad.kernels.epilogue import epilogue
from tests.kernels.simulator import CACHE, alone, hashed, written

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
TESTED = (75, 120)  # the oldest and the newest: the page on resources proves the rest


@dataclass(frozen=True)
class Resources:
    """What a function takes of a multiprocessor: registers for each thread, and bytes."""

    registers: int
    shared: int
    spill_stores: int
    spill_loads: int
    stack: int


@dataclass(frozen=True)
class Compiled:
    """What came of a compilation.

    Attributes:
        log: what the compiler said, apart from what the next two are taken from.
        resources: of each kernel, by its expression.
        functions: of each function that is called rather than inlined, by its name in the object.
    """

    log: str
    resources: dict[str, Resources]
    functions: dict[str, Resources]


@functools.cache
def compiled(text, expressions, architecture, options=launch.OPTIONS):
    """Return what the compiler makes of kernels.

    Args:
        text: the source.
        expressions: the kernels, such as gpugrad::softmax<float>.
        architecture: 80 for sm_80.
        options: beside those that CuPy adds.

    Raises cupy.cuda.compiler.CompileException where it is refused.
    """
    log, names, _ = remembered(text, expressions, architecture, tuple(options))
    said, resources = understood(log)
    by_expression = {name: resources.pop(names[name]) for name in expressions}
    return Compiled(said, by_expression, resources)


def remembered(text, expressions, architecture, options):
    """Return what `compilation` does, also of one in another session.

    The whole of device code takes minutes, and most of it is what it was when last compiled.
    """
    all_options = (*cupy_options(options), f"-arch=sm_{architecture}")
    key = hashed(text, *expressions, *all_options, *version())
    return cached(f"{key}.compiled", lambda: compilation(text, expressions, all_options))


def cached(name, compute):
    """Return what was computed, in this session or another one: it is kept in a file as JSON."""
    path = CACHE / f"{name}.json"
    with alone(path) as is_missing:
        if is_missing:
            written(path, json.dumps(compute()))
    return json.loads(path.read_text(encoding="utf-8"))


def compilation(text, expressions, options):
    """Return the log of the compiler, the names in the object, and this as text in base 64."""
    from cupy.cuda import compiler

    program = compiler._NVRTCProgram(
        text, "kernel.cu", name_expressions=expressions, method="cubin"
    )
    log = io.StringIO()
    cubin, names = program.compile(options, log)
    # CuPy takes the last byte for the end of a text.
    return log.getvalue(), names, base64.b64encode(cubin + b"\0").decode()


def disassembler():
    """Return the path of NVIDIA's disassembler, in its wheel or on the machine; None if missing."""
    spec = importlib.util.find_spec("nvidia")
    folders = map(Path, spec.submodule_search_locations if spec else ())
    found = [path for folder in folders for path in folder.glob("*/bin/nvdisasm")]
    return str(found[0]) if found else shutil.which("nvdisasm")


@functools.cache
def instructions(text, expressions, architecture, options=launch.OPTIONS):
    """Return how often each kernel has which instruction, such as LDG.E.128, by expression."""
    _, names, cubin = remembered(text, expressions, architecture, tuple(options))
    functions = cached(f"{hashed(cubin, disassembler())}.counted", lambda: disassembly(cubin))
    return {expression: functions[names[expression]] for expression in expressions}


SECTION = re.compile(r"^\.text\.(\S+):$", re.MULTILINE)
INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)", re.MULTILINE)


def disassembly(cubin):
    """Return how often each function in an object has which instruction, by its name there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(base64.b64decode(cubin))
        command = [disassembler(), "-c", str(path)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    _, *parts = SECTION.split(text)
    functions = zip(parts[::2], parts[1::2], strict=True)
    return {name: Counter(INSTRUCTION.findall(code)) for name, code in functions}


def version():
    from cupy_backends.cuda.libs import nvrtc

    return nvrtc.getVersion()


def has_nvrtc():
    try:
        return version() is not None
    except (ImportError, RuntimeError):
        return False


needs_nvrtc = pytest.mark.skipif(not has_nvrtc(), reason="NVRTC is missing: pip install -e .[dev]")


def cupy_options(options):
    """Return the options that CuPy compiles with, and that for the report on resources."""
    from cupy._core import core

    options = core.assemble_cupy_compiler_options(tuple(options))
    return (*options, "-ftz=true", "--device-as-default-execution-space", "--ptxas-options=-v")


PROPERTIES = re.compile(r"ptxas info +: Function properties for (\S+)$")
MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads$")
USED = re.compile(r"ptxas info +: Used (\d+) registers(?:.*?, (\d+) bytes smem)?")
OF_NO_INTEREST = re.compile(
    r"ptxas info +: (Compiling entry function|Compile time|\d+ bytes gmem|Overriding)"
)


def understood(log):
    """Return the lines of a log that are no report on resources, and that report by function."""
    said, reports, name = [], {}, None
    for line in log.rstrip("\0").splitlines():
        if found := PROPERTIES.match(line):
            name = found[1]
            reports[name] = {}
        elif (found := MEMORY.search(line)) and name:
            stack, stores, loads = map(int, found.groups())
            reports[name] |= {"stack": stack, "spill_stores": stores, "spill_loads": loads}
        elif (found := USED.match(line)) and name:
            reports[name] |= {"registers": int(found[1]), "shared": int(found[2] or 0)}
        elif not OF_NO_INTEREST.match(line):
            said.append(line)
    empty = dict.fromkeys(("registers", "shared", "spill_stores", "spill_loads", "stack"), 0)
    resources = {name: Resources(**{**empty, **report}) for name, report in reports.items()}
    return "\n".join(said).strip(), resources


def all_kernels():
    """Return every kernel there is, by name: the elementwise ones by their file of rules.

    Of those that are made for each activation there are three examples.
    """
    for module in pkgutil.iter_modules(gpugrad.kernels.__path__):
        importlib.import_module(f"gpugrad.kernels.{module.name}")
    from tests.kernels.elementwise import KERNELS as elementwise

    by_hand = {kernel.name: kernel for kernel in launch.KERNELS if kernel.file}
    generated = {f"map: {name}.py": kernel for name, kernel in elementwise.items()}
    for activation in (relu, F.tanh, gelu_tanh):
        found, small = epilogue(activation), dense.kernels_of(activation)
        for kernel in (found.kernel, found.back_kernel, small.kernel, small.back_kernel):
            generated[f"{kernel.name}: {activation.name}"] = kernel
    return dict(sorted(by_hand.items())) | generated


def compile_all(kernels, architectures, work=remembered):
    """Compile what was not yet compiled, on all of the machine's processors.

    With `work=instructions` it is disassembled, too.
    """
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for architecture in architectures:
            for kernel in kernels:
                pool.submit(work, *task(kernel, architecture))


def task(kernel, architecture):
    return kernel.text(), expressions(kernel), architecture, tuple(launch.OPTIONS)


def digest(kernels):
    """Return what changes with the source of any of these kernels, and with the compiler.

    What is generated from the rule book is left out, or each new rule would change it.
    """
    generated = device_functions.header().partition("namespace gpugrad {\n")[2]
    ours = [(k.text().replace(generated, ""), expressions(k)) for k in kernels if k.name != "map"]
    return hashed(*ours, launch.OPTIONS, version())


def expressions(kernel):
    """Return the expressions of a kernel at all template arguments that it is proven for."""
    return tuple(kernel.expression(variant) for variant in kernel.variants)
