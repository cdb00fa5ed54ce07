"""Kernels of CuPy's, by the very source that it would compile: built for the host instead."""

import ctypes
import math

import cupy
import numpy as np
import pytest
from cupy._core import _carray, _kernel, _reduction, _scalar, core

from tests.kernels import simulator

# What CuPy puts before each of its sources. Thrust, of which CuPy has the complex numbers, is told
# that there is no device; the version is that of the compiler that CuPy takes cuda_fp16.h for.
HEADERS = "".join(f"#include <{header}>\n" for header in core._cupy_header_list)
PREAMBLE = f"""
#define __CUDACC_VER_MAJOR__ 12
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
{HEADERS}"""

THREADS = 128
ARRAY, INDEXER, SCALAR = 1, 2, 3  # the kinds of arguments that CuPy's _ArgInfo knows


class Slots:
    """Arguments of any size, and the pointers to them that a launch takes."""

    def __init__(self, arguments):
        self.values = [ctypes.create_string_buffer(a, max(len(a), 1)) for a in arguments]
        self.pointers = (ctypes.c_void_p * len(arguments))(*map(ctypes.addressof, self.values))
        self.address = ctypes.addressof(self.pointers)


def carray(x):
    """Return an array as CuPy's kernels take it: its address, size, shape and strides."""
    return np.array([x.ctypes.data, x.size, *x.shape, *x.strides], np.int64).tobytes()


def indexer(shape):
    return np.array([np.prod(shape, dtype=np.int64), *shape, *[0] * len(shape)], np.int64).tobytes()


def array_info(x):
    return _kernel._ArgInfo(
        ARRAY, cupy.ndarray, x.dtype, x.ndim, x.flags.c_contiguous, x.nbytes < 2**31
    )


def scalar_info(dtype):
    return _kernel._ArgInfo(SCALAR, _scalar.CScalar, np.dtype(dtype), 0, True, True)


def indexer_info(shape):
    return _kernel._ArgInfo(INDEXER, _carray.Indexer, None, len(shape), True, True)


def run(source, name, blocks, threads, arguments, schedule=0):
    """Run a kernel of CuPy's templates; `arguments` are the bytes of each."""
    if simulator.missing():
        pytest.skip(simulator.missing())
    includes = (core._get_header_dir_path(), *cccl_folders())
    built = simulator.kernels(PREAMBLE + source, (name,), slots=False, includes=includes)[name]
    slots = Slots(arguments)
    built.launch(blocks, threads, 0, schedule, slots.address)


def cccl_folders():
    return tuple(option.removeprefix("-I") for option in core._get_cccl_include_options())


# --- ElementwiseKernel --------------------------------------------------------------------------


def elementwise(kernel):
    """Return what a cupy.ElementwiseKernel computes as a function of NumPy's arrays."""

    def call(*inputs, size=None, block_size=THREADS):
        dtypes = tuple(x.dtype if isinstance(x, np.ndarray) else None for x in inputs)
        in_dtypes, out_dtypes, types = kernel._decide_params_type(dtypes, ())
        looped = [
            isinstance(x, np.ndarray) and not p.raw
            for x, p in zip(inputs, kernel.in_params, strict=True)
        ]
        shapes = [x.shape for x, loops in zip(inputs, looped, strict=True) if loops]
        shape = np.broadcast_shapes(*shapes) if size is None else (size,)
        outs = [np.empty(shape, dtype) for dtype in out_dtypes]
        if 0 not in shape:
            spread = [
                np.broadcast_to(x, shape)
                if loops
                else x
                if isinstance(x, np.ndarray)
                else dtype.type(x)
                for x, loops, dtype in zip(inputs, looped, in_dtypes, strict=True)
            ]
            launch(kernel, types, spread + outs, [*looped, *[True] * len(outs)], shape, block_size)
        return outs[0] if len(outs) == 1 and not kernel.return_tuple else tuple(outs)

    return call


def launch(kernel, types, arguments, looped, shape, threads):
    """Run an ElementwiseKernel over arrays of one shape, as one row where all are contiguous."""
    loops = [x for x, is_looped in zip(arguments, looped, strict=True) if is_looped]
    if all(x.flags.c_contiguous for x in loops):
        size = math.prod(shape)
        arguments = [
            x.reshape(size) if is_looped else x
            for x, is_looped in zip(arguments, looped, strict=True)
        ]
        shape = (size,)
    infos = tuple(
        array_info(x) if isinstance(x, np.ndarray) else scalar_info(x.dtype) for x in arguments
    )
    source = _kernel._get_elementwise_kernel_code(
        *((*infos, indexer_info(shape)), types, kernel.params),
        *(kernel.operation, kernel.name, kernel.preamble),
        **{
            key: value for key, value in kernel.kwargs.items() if key in ("loop_prep", "after_loop")
        },
    )
    slots = [carray(x) if isinstance(x, np.ndarray) else x.tobytes() for x in arguments]
    blocks = -(-math.prod(shape) // threads)
    run(source, kernel.name, blocks, threads, [*slots, indexer(shape)])


# --- ReductionKernel ------------------------------------------------------------------------------


def reduce_rows(kernel, x, threads=512):
    """Return what a cupy.ReductionKernel makes of each row of a contiguous matrix."""
    by_column = x.T  # the axes that are reduced come first
    out = np.empty(len(x), x.dtype)
    _, _, types = _kernel._decide_params_type(
        kernel.in_params, kernel.out_params, (x.dtype,), (out.dtype,)
    )
    types = _kernel._TypeMap((*types._pairs, ("IndexT", "int32")))
    infos = (array_info(by_column), array_info(out), indexer_info(by_column.shape))
    source = _reduction._ReductionKernel_get_cached_function_code(
        *(kernel.nin, kernel.nout, kernel._params),
        *((*infos, indexer_info(out.shape), scalar_info("int32")), types),
        *(kernel.name, threads, kernel.reduce_type, kernel.identity),
        *(kernel.map_expr, kernel.reduce_expr, kernel.post_map_expr),
        *(kernel.preamble, kernel.options),
    )
    threads_of_row = threads // 2 ** (max(1, threads // x.shape[1]).bit_length() - 1)
    rows = threads // threads_of_row
    slots = [carray(by_column), carray(out), indexer(by_column.shape), indexer(out.shape)]
    blocks = -(-len(x) // rows)
    run(source, kernel.name, blocks, threads, [*slots, np.int32(rows).tobytes()])
    return out
