"""Elementwise operations, as kernels.

An operation has two: one of gpugrad's own (`cuda_kernels/map.cuh`) for contiguous arrays of one
shape, in vectors of 16 bytes and with a launch that is prepared; and a `cupy.ElementwiseKernel` for
all others: strided, broadcast or complex.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from gpugrad.kernels import launch
from gpugrad.kernels.launch import VECTOR_BYTES, Kernel
from gpugrad.kernels.source import expanded
from gpugrad.namespace import cupy_library


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
        self.instances: dict[Any, launch.Instance] = {}
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

    def __call__(self, *inputs: Any) -> list[Any]:
        """Return an array for each output.

        Args:
            inputs: arrays of one data type whose shapes broadcast together, and Python numbers;
                at least one array.
        """
        results = self.prepared(inputs)
        return self.general(inputs) if results is None else results

    def prepared(self, inputs: Sequence[Any]) -> list[Any] | None:
        """Compute it by gpugrad's own kernel, if there is one for such arrays; else return None.

        They are contiguous, of one shape and of one real data type.
        """
        first: Any = None
        shape: Any = None
        dtype: Any = None
        numbers = size = 0
        for i, x in enumerate(inputs):
            if type(x) is float or type(x) is int:
                numbers |= 1 << i
            # What x.flags.c_contiguous says, but without an object; what is no array has none.
            elif not getattr(x, "_c_contiguous", False):
                return None
            elif first is None:
                first, size, shape, dtype = x, x.size, x.shape, x.dtype
            elif x.size != size or x.shape != shape or x.dtype != dtype:
                return None
        instance = self.instances.get((dtype, numbers))
        if instance is None:
            if getattr(dtype, "name", "") not in launch.C_TYPES:
                return None
            instance = self.kernel[f"gpugrad::{self.name}", dtype, numbers]
            self.instances[(dtype, numbers)] = instance
        kind = type(first)
        results = [kind(shape, dtype) for _ in self.outputs]
        if size:
            if numbers:  # which the kernel takes as `double`
                inputs = [float(x) if type(x) is int else x for x in inputs]
            vectors = -(-size * first.itemsize // VECTOR_BYTES)
            instance(grid(vectors), THREADS, [size, *results, *inputs])
        return results

    def general(self, inputs: Sequence[Any]) -> list[Any]:
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
        return [results] if len(self.outputs) == 1 else list(results)


def map_kernel(operations: Sequence[Operation], variants: Sequence[Any] = ()) -> Kernel:
    """Return the kernel for contiguous arrays, of these operations."""
    includes = '#include "map.cuh"\n#include "elementwise.cuh"\n'
    text = "\n".join([includes, *(operation.text() for operation in operations)])
    return Kernel("map", text=text, variants=variants)


THREADS = 256
BLOCKS_PER_PROCESSOR = 16  # enough to keep a multiprocessor's memory pipeline full


def grid(threads: int) -> int:
    """Return how many blocks share out work for that many threads."""
    blocks = -(-threads // THREADS)
    if blocks <= BLOCKS_PER_PROCESSOR:  # whatever the device has: it need not be asked
        return blocks
    return min(blocks, launch.driver.processors() * BLOCKS_PER_PROCESSOR)
