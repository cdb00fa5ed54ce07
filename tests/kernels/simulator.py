"""CUDA kernels run on the host: g++ compiles their source, and fibers are their threads.

`Simulator` stands in for `gpugrad.kernels.launch.Driver`. What it can tell and what it cannot:

- an access behind or before an array of `tests.host_cupy`, a misaligned one, an index outside of an
  array in the kernel, a barrier that not all threads reach, a shuffle from a lane that takes no
  part: each is an error of the launch;
- a missing barrier shows in the result under some `schedule`, and so does shared memory that was
  never written, which is NaN at the start of a block;
- blocks run one after another, so what they do to each other at the same time is not seen. Nor is
  the device's rounding of its fast functions, nor that it takes a subnormal float for 0.
"""

import contextlib
import ctypes
import functools
import getpass
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from gpugrad.kernels import launch
from tests import host_memory
from tests.host_cupy import happened

HERE = Path(__file__).parent
CACHE = Path(tempfile.gettempdir()) / f"gpugrad-simulator-{getpass.getuser()}"

# No device gives a block more dynamic shared memory without being asked.
USUAL_SHARED_LIMIT = 48 * 1024

SOURCE = "kernel"  # the name of a kernel's file in messages
FLAGS = ("-std=c++17", "-O1", "-g1", "-fPIC", "-w")
# Code for a device takes memory as it likes, and a * b + c is not the compiler's to fuse.
FLAGS += ("-fno-strict-aliasing", "-ffp-contract=off")
# A kernel's shared variables are those of its own library, though others have the same names.
FLAGS += ("-fno-gnu-unique", "-fvisibility=hidden")
CHECKS = ("alignment", "bounds", "integer-divide-by-zero", "shift", "signed-integer-overflow")
CHECKED = (f"-fsanitize={','.join(CHECKS)}", "-fsanitize-undefined-trap-on-error")

_DYNAMIC_SHARED = re.compile(
    r"extern\s+__shared__\s+(?:(?:__align__|alignas)\(\w+\)\s+)?([\w:][\w: ]*?)\s+(\w+)\[\]\s*;"
)


class Built:
    """A kernel that was built for the host.

    Args:
        path: the library that it is in.
        place: its place among the kernels there.
        text: its source.
    """

    def __init__(self, path, place, text):
        self.path = path
        self.entry = ctypes.PyDLL(path)[f"launch_{place}"]
        self.entry.restype = ctypes.c_char_p
        self.lines = text.splitlines()

    def launch(self, blocks, threads, shared, schedule, arguments):
        """Run the kernel; `arguments` is the address of the pointers to its arguments."""
        sizes = (ctypes.c_longlong * 4)(blocks, threads, shared, schedule)
        error = self.entry(sizes, ctypes.c_void_p(arguments))
        if error:
            raise RuntimeError(f"simulated kernel: {self.with_lines(error.decode())}")

    def with_lines(self, error):
        """Say in which line of the source a fault was, and quote the lines that are named."""
        error = re.sub(r" at \+(\d+)", lambda found: self.line_at(int(found[1])), error)
        numbers = sorted({int(number) for number in re.findall(r"line (\d+)", error)})
        quoted = [f"\n{n:5} {self.lines[n - 1]}" for n in numbers if 0 < n <= len(self.lines)]
        return error + "".join(quoted)

    def line_at(self, offset):
        command = ["addr2line", "-e", self.path, hex(offset)]
        if shutil.which(command[0]) is None:
            return ""
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        # With a precompiled header, g++ numbers the lines as it is told, but not the file.
        found = re.search(rf"({SOURCE}|{Path(self.path).stem}\.cpp):(\d+)", said)
        return f" in line {found[2]}" if found else ""


class Simulator:
    """What `gpugrad.kernels.launch.Driver` is to a device.

    Attributes:
        schedule: which warp runs when there are several: 0 the first, 1 the last, 2 each in turn, a
            higher number one chosen at random by that seed. All but 0 and 2 change the order of the
            blocks too.
    """

    def __init__(self):
        self.schedule = 0
        self.functions = []

    def device(self):
        return 0

    def enter(self):
        pass

    def processors(self):
        return 3

    def shared_limit(self):
        return 232448

    def load(self, text, expression, *, large_shared):
        limit = self.shared_limit() if large_shared else USUAL_SHARED_LIMIT
        built = kernels(text, proven_together(text, expression))[expression]
        self.functions.append((built, limit, expression))
        return len(self.functions) - 1

    def launch(self, function, blocks, threads, shared, slots):
        built, limit, expression = self.functions[function]
        happened("launch", expression)
        if shared > limit:
            raise RuntimeError(f"{shared} bytes of shared memory: write Kernel(large_shared=True)")
        built.launch(blocks, threads, shared, self.schedule, slots.address)
        host_memory.check()

    def multiply(self, dtype, shape, a, b, c, count):
        """Do what cuBLAS does with these arguments, whose matrices are stored by columns."""
        happened("product", "cublas")
        m, n, k = shape
        (left, at, lda, stride_a), (right, bt, ldb, stride_b), (ct, ldc, stride_c) = a, b, c
        for i in range(count):
            x = stored(dtype, at + i * stride_a * dtype.itemsize, (k, m) if left else (m, k), lda)
            y = stored(dtype, bt + i * stride_b * dtype.itemsize, (n, k) if right else (k, n), ldb)
            z = stored(dtype, ct + i * stride_c * dtype.itemsize, (m, n), ldc)
            wide = np.float32 if dtype.itemsize == 2 else dtype
            z[...] = (x.T if left else x).astype(wide) @ (y.T if right else y).astype(wide)
        host_memory.check()


def proven_together(text, expression):
    """Return the expressions of the variants that `expression` is one of: to be built at once.

    Raises RuntimeError where the kernel is written by hand, and not proven at those arguments.
    """
    for kernel in launch.KERNELS:
        if f"::{kernel.name}<" in expression and kernel.text() == text:
            variants = tuple(kernel.expression(variant) for variant in kernel.variants)
            if expression in variants:
                return variants
            if kernel.file:
                raise RuntimeError(f"{expression} is none of the variants of {kernel.name}")
    return (expression,)


def stored(dtype, address, shape, distance):
    """Return the matrix at an address, stored by columns that are so many elements apart."""
    rows, columns = shape
    assert distance >= rows, "cuBLAS refuses columns that overlap"
    memory = (ctypes.c_char * (((columns - 1) * distance + rows) * dtype.itemsize)).from_address(
        address
    )
    strides = dtype.itemsize, distance * dtype.itemsize
    return np.ndarray(shape, dtype, memory, strides=strides)


# --- Building -------------------------------------------------------------------------------------


def missing():
    """Return what is missing to build kernels for the host, or ""."""
    if shutil.which("g++") is None:
        return "g++ is missing"
    if not include_folders():
        return "the wheels with CUDA's headers are missing: pip install -e .[dev]"
    return ""


@functools.cache
def include_folders():
    """Return where CUDA's headers are: in CuPy's wheel and in two of NVIDIA's."""
    roots = [
        Path(place)
        for package in ("cupy", "nvidia")
        if (spec := importlib.util.find_spec(package))
        for place in spec.submodule_search_locations
    ]
    parts = ("nv/target", "cuda_fp16.h", "crt/host_defines.h")
    places = ("_core/include/cupy/_cccl/libcudacxx", "cuda_runtime/include", "cuda_nvcc/include")
    found = [
        next((root / place for root in roots if (root / place / part).exists()), None)
        for place, part in zip(places, parts, strict=True)
    ]
    return tuple(map(str, found)) if all(found) else ()


@functools.cache
def kernels(text, expressions, *, slots=True, includes=()):
    """Return these kernels of a source, built for the host, by expression.

    Args:
        text: the source.
        expressions: the kernels, such as gpugrad::softmax<float>.
        slots: whether each of their parameters must have 8 bytes.
        includes: more folders to look for headers in.
    """
    path = library(on_host(text, expressions, slots), includes)
    return {expression: Built(path, i, text) for i, expression in enumerate(expressions)}


def on_host(text, expressions, slots):
    """Return a kernel's source with a C function for each expression that launches it."""
    text = _DYNAMIC_SHARED.sub(
        r"\1* \2 = static_cast<\1*>(simulator::dynamic_shared_memory());", text
    )
    lines = [f'#line 1 "{SOURCE}"', text]
    for i, expression in enumerate(expressions):
        if slots:
            lines.append(f'static_assert(simulator::has_slots(&{expression}), "8 bytes each");')
        lines.append(
            f'extern "C" SIMULATOR_EXPORT const char* launch_{i}(const simulator::Launch* launch, '
            f"void** arguments) {{ return simulator::launch(&{expression}, *launch, arguments); }}"
        )
    return "\n".join(lines) + "\n"


def library(source, includes=()):
    """Return the path of a library of kernels, built unless it was before."""
    header, runtime = parts()
    flags = (*FLAGS, *CHECKED, *map("-I{}".format, includes))
    path = CACHE / f"{hashed(source, header, runtime, *flags)}.so"
    with alone(path) as is_missing:
        if is_missing:
            cpp = written(path.with_suffix(".cpp"), source)
            compile_to(path, "-shared", *flags, "-include", header, cpp, runtime)
    return str(path)


@functools.cache
def parts():
    """Return the paths of the header, precompiled beside itself, and of the built simulator."""
    code = [(HERE / name).read_text(encoding="utf-8") for name in ("simulator.h", "simulator.cpp")]
    folder = CACHE / hashed(*code, *FLAGS, *CHECKED, *include_folders())
    header, runtime = folder / "simulator.h", folder / "simulator.so"
    with alone(runtime) as is_missing:
        if is_missing:
            written(header, code[0])
            cpp = written(folder / "simulator.cpp", code[1])
            compile_to(folder / "simulator.h.gch", *FLAGS, *CHECKED, "-x", "c++-header", header)
            compile_to(runtime, *FLAGS, "-shared", cpp)
    return header, runtime


@contextlib.contextmanager
def alone(path):
    """Say whether there is nothing at a path, once no other process is about to put it there."""
    if path.exists():
        yield False
        return
    import fcntl  # which is not everywhere, as g++ is not

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not path.exists()


def hashed(*things):
    return hashlib.sha256("\0".join(map(str, things)).encode()).hexdigest()[:24]


def written(path, text):
    """Write a file at once, and return its path: what is half written is not to be found there."""
    unfinished = path.with_suffix(f".{os.getpid()}{path.suffix}")
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(path)


def compile_to(path, *arguments):
    """Run g++, and put what it makes in place at once."""
    unfinished = path.with_suffix(f".{os.getpid()}{path.suffix}")
    includes = map("-I{}".format, include_folders())
    command = ["g++", *map(str, arguments), *includes, "-o", str(unfinished)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"g++ refuses a kernel:\n{done.stderr[:5000]}")
    unfinished.replace(path)
