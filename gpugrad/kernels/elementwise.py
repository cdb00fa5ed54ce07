"""Elementwise operations, as kernels.

An operation has two: one of gpugrad's own (`cuda_kernels/map.cuh`) for contiguous arrays of one
shape, in vectors of 16 bytes and with a launch that is prepared; and a `cupy.ElementwiseKernel` for
all others: strided, broadcast or complex.
"""

from __future__ import annotations

import functools
import linecache
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array, DType
from gpugrad.kernels import launch
from gpugrad.kernels.launch import VECTOR_BYTES, Kernel, elsewhere
from gpugrad.kernels.source import expanded

# Computes an operation: of the results' shape, their size, and the inputs, a tuple of results.
Launcher = Callable[..., tuple[Any, ...]]


class Operation:
    """What one kernel computes of each element.

    Args:
        name: the name of its struct in device code.
        inputs: the names of its inputs.
        outputs: the C++ texts of its outputs, of type T.
    """

    def __init__(self, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.launchers: dict[tuple[Any, ...], Launcher | None] = {}
        self._general: Any = None

    @functools.cached_property
    def kernel(self) -> Kernel:
        """The kernel for contiguous arrays."""
        return map_kernel([self])

    def text(self) -> str:
        """Return the struct that the kernel is made with."""
        inputs = [f"const T {name} = in[{i}];" for i, name in enumerate(self.inputs)]
        outputs = [f"out[{i}] = {text};" for i, text in enumerate(self.outputs)]
        body = "\n".join(f"    {line}" for line in (*inputs, *outputs))
        counts = f"inputs = {len(self.inputs)}, outputs = {len(self.outputs)}"
        return (
            f"namespace gpugrad {{\nstruct {self.name} {{\n"
            f"  static constexpr int {counts};\n"
            f"  template <class T>\n  __device__ static void apply(const T* in, T* out) {{\n"
            f"{body}\n  }}\n}};\n}}  // namespace gpugrad\n"
        )

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """Return an array for each output.

        Args:
            inputs: arrays of one data type whose shapes broadcast together, and Python numbers;
                at least one array.
        """
        return self.prepared(inputs) or self.general(inputs)

    def prepared(self, inputs: Sequence[Any]) -> tuple[Any, ...] | None:
        """Compute it by gpugrad's own kernel, if there is one for such arrays; else return None.

        They have one real data type, and are contiguous and of one shape, but for those that have
        one element for all.
        """
        found = arrangement(inputs)
        if found is None:
            return None
        full, numbers, singles = found
        launcher = self.launcher(type(full), full.dtype, numbers, singles)
        return launcher and launcher(full.shape, full.size, *inputs)

    def launcher(
        self, kind: type, dtype: DType, numbers: int = 0, singles: int = 0
    ) -> Launcher | None:
        """Return what launches the kernel, None where there is none; see `arrangement`."""
        try:
            return self.launchers[(kind, dtype, numbers, singles)]
        except KeyError:
            known = getattr(dtype, "name", "") in launch.C_TYPES
            found = self._launcher(kind, dtype, numbers, singles) if known else None
            self.launchers[(kind, dtype, numbers, singles)] = found
            return found

    def instance(self, dtype: DType, numbers: int = 0, singles: int = 0) -> launch.Instance:
        """Return the kernel for such inputs; see `arrangement`."""
        return self.kernel[
            (f"gpugrad::{self.name}", dtype, numbers, *((singles,) if singles else ()))
        ]

    def _launcher(self, kind: type, dtype: DType, numbers: int, singles: int) -> Launcher:
        """Return a function that allocates the results and launches, with no loop and no question.

        All its lines together take as long as an allocation.
        """
        source = launcher_source(len(self.inputs), len(self.outputs), numbers)
        filename = f"<gpugrad {self.name}, {len(self.launchers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        instance = self.instance(dtype, numbers, singles)
        # A number is a `double` for the kernel, all else 8 bytes of an integer.
        formats = ["d" if numbers >> i & 1 else "q" for i in range(len(self.inputs))]
        slots = struct.Struct("q" * (1 + len(self.outputs)) + "".join(formats))
        scope: dict[str, Any] = {
            **{"kind": kind, "dtype": dtype, "ready": instance.ready, "name": self.name},
            **{"launch": launch, "grid": grid, "elsewhere": elsewhere, "pack": slots.pack_into},
            **{"PER_BLOCK": THREADS * VECTOR_BYTES // dtype.itemsize, "THREADS": THREADS},
            "FEW": BLOCKS_PER_PROCESSOR,
        }
        exec(compile(source, filename, "exec"), scope)
        return scope["launcher"]

    def into(self, result: Any, *inputs: Any) -> None:
        """Compute an operation of one output into an array, which may be one of the inputs.

        Args:
            result: array, contiguous, of a data type of `C_TYPES`.
            inputs: arrays like it.
        """
        blocks = grid(-(-result.nbytes // (THREADS * VECTOR_BYTES)))
        self.instance(result.dtype)(blocks, THREADS, [result.size, result, *inputs])

    def general(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Compute it by a `cupy.ElementwiseKernel`: of arrays of any strides and shapes."""
        if self._general is None:
            declared = ", ".join(f"T {name}" for name in self.inputs)
            returned = ", ".join(f"T out{i}" for i in range(len(self.outputs)))
            stores = "".join(f" out{i} = T(_out[{i}]);" for i in range(len(self.outputs)))
            operation = (
                f"typedef gpugrad::computed_t<T> C; "
                f"const C _in[] = {{{', '.join(f'C({name})' for name in self.inputs)}}}; "
                f"C _out[{len(self.outputs)}]; "
                f"gpugrad::{self.name}::apply(_in, _out);{stores}"
            )
            preamble = expanded(f'#include "elementwise.cuh"\n\n{self.text()}')
            self._general = (
                cupy_library()
                .modules[1]
                .ElementwiseKernel(
                    declared, returned, operation, f"gpugrad_{self.name}", preamble=preamble
                )
            )
        results = self._general(*inputs)
        return (results,) if len(self.outputs) == 1 else tuple(results)


def arrangement(inputs: Sequence[Any]) -> tuple[Any, int, int] | None:
    """Return how a kernel for contiguous arrays takes inputs; None where it does not.

    Returns:
        An array of the result's shape and data type; and two sets of inputs as bits: those that
        are Python's numbers, and those that are arrays of one element for all.
    """
    numbers = 0
    mixed = False
    full: Any = None
    shape: Any = None
    dtype: Any = None
    for i, x in enumerate(inputs):
        if type(x) is float or type(x) is int:
            numbers |= 1 << i
        elif not hasattr(x, "_c_contiguous"):
            return None
        elif full is None:
            full, shape, dtype = x, x.shape, x.dtype
            mixed = not x._c_contiguous  # what x.flags.c_contiguous says, but without an object
        elif x.dtype != dtype:
            return None
        elif not x._c_contiguous or x.shape != shape:
            mixed = True
    return _with_singles(inputs, numbers) if mixed else (full, numbers, 0)


def _with_singles(inputs: Sequence[Any], numbers: int) -> tuple[Any, int, int] | None:
    arrays = [x for i, x in enumerate(inputs) if not numbers >> i & 1]
    full = max(arrays, key=lambda x: (x.size, x.ndim))
    singles = 0
    for i, x in enumerate(inputs):
        if numbers >> i & 1:
            continue
        if is_single(x):
            singles |= 1 << i
        elif not x._c_contiguous or x.shape != full.shape:
            return None
    fits = np.broadcast_shapes(*[x.shape for x in arrays]) == full.shape
    return (full, numbers, singles) if fits else None


def is_single(x: Array) -> bool:
    """Say whether all elements of a CuPy array are one place in memory."""
    return x.size == 1 or (x.size > 0 and not any(x.strides))


def launcher_source(inputs: int, outputs: int, numbers: int) -> str:
    """Return the source of a function that computes an operation by its kernel."""
    ins, outs = ([f"{name}{i}" for i in range(n)] for name, n in (("in", inputs), ("out", outputs)))
    lines = [f"{out} = kind(shape, dtype)" for out in outs]
    lines += ["if size:", "    device = out0.data.device_id  # the current one"]
    lines.append(f"    function, slots = ready(device, {1 + inputs + outputs})")
    values = ["size", *[f"{out}.data.ptr" for out in outs]]
    for i, name in enumerate(ins):
        if numbers >> i & 1:
            values.append(name)
            continue
        lines += [f"    data{i} = {name}.data", f"    if data{i}.device_id != device:"]
        lines.append(f"        raise elsewhere(name, data{i}.device_id, device)")
        values.append(f"data{i}.ptr")
    lines.append(f"    pack(slots.values, 0, {', '.join(values)})")
    lines.append("    blocks = -(-size // PER_BLOCK)")
    lines.append("    blocks = blocks if blocks <= FEW else grid(blocks)")
    lines.append("    launch.driver.launch(function, blocks, THREADS, 0, slots)")
    lines.append(f"return {', '.join(outs)},")
    body = "\n".join(f"    {line}" for line in lines)
    return f"def launcher(shape, size, {', '.join(ins)}):\n{body}\n"


def map_kernel(operations: Sequence[Operation], variants: Sequence[Any] = ()) -> Kernel:
    """Return the kernel for contiguous arrays, of these operations."""
    includes = '#include "map.cuh"\n#include "elementwise.cuh"\n'
    text = "\n".join([includes, *(operation.text() for operation in operations)])
    return Kernel("map", text=text, variants=variants)


THREADS = 256
BLOCKS_PER_PROCESSOR = 16  # enough to keep a multiprocessor's memory pipeline full


def grid(blocks: int) -> int:
    """Return how many blocks share out the work of so many."""
    if blocks <= BLOCKS_PER_PROCESSOR:  # whatever the device has: it need not be asked
        return blocks
    return min(blocks, launch.driver.processors() * BLOCKS_PER_PROCESSOR)
