"""Kernels: compiled once for each type and device, and launched with as little work as may be.

A kernel is a template of `cuda_kernels/`, whose parameters all have 8 bytes: a pointer, a
`long long` or a `double`, or a struct of these. So its arguments are a row of 8-byte slots,
whatever the kernel, and a launch writes them and calls CUDA's driver: about a tenth of the work
that a call of one of CuPy's kernels is.

All that touches the device is in `Driver`; the tests put one in its place that runs the same source
on the host.
"""

from __future__ import annotations

import ctypes
import functools
import operator
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import Array, DType
from gpugrad.errors import DeviceError
from gpugrad.kernels.source import expanded, source

# The C++ types of the data types that kernels are compiled for, by name.
C_TYPES = {
    "float16": "__half",
    "bfloat16": "__nv_bfloat16",
    "float32": "float",
    "float64": "double",
}

FLOATS = tuple(C_TYPES.values())
VECTOR_BYTES = 16  # as in cuda_kernels/common.cuh
OPTIONS = ("-std=c++17",)

# Of cuBLAS: data types, ways to compute, and the algorithm that it chooses itself.
_CUBLAS_TYPES = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 14}
_COMPUTE_32F, _COMPUTE_32F_PEDANTIC, _COMPUTE_TF32 = 68, 69, 77
_COMPUTE_64F, _COMPUTE_64F_PEDANTIC = 70, 71
_DEFAULT = -1
_CUPY_PEDANTIC, _CUPY_TF32 = 2, 7  # what CuPy calls two of these
# The factors 1 and 0 of a product and of what was there before, as float and as double.
_NUMBERS = [(kind(1), kind(0)) for kind in (ctypes.c_float, ctypes.c_double)]
_SCALARS = [tuple(map(ctypes.addressof, pair)) for pair in _NUMBERS]

_DOUBLE = struct.Struct("d")
_LONG = struct.Struct("q")


class Slots:
    """The 8-byte arguments of a launch, and the pointers to them that the driver takes."""

    __slots__ = ("address", "pointers", "values")

    def __init__(self, count: int) -> None:
        self.values = (ctypes.c_longlong * count)()
        start = ctypes.addressof(self.values)
        self.pointers = (ctypes.c_void_p * count)(*range(start, start + 8 * count, 8))
        self.address = ctypes.addressof(self.pointers)


class _Mine:
    """What a thread has of its own.

    Attributes:
        slots: to reuse, by their number: the driver copies arguments before a launch returns.
        entered: the devices on which it has launched something.
    """

    def __init__(self) -> None:
        self.slots: dict[int, Slots] = {}
        self.entered: set[int] = set()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.mine = _Mine()  # looked up once for each launch: that of a thread's own takes long


_thread = _Thread()


class Driver:
    """CUDA's driver, by way of CuPy."""

    def __init__(self) -> None:
        self.modules: list[Any] = []  # a function is valid as long as its module lives
        self._processors: dict[int, int] = {}

    @functools.cached_property
    def device(self) -> Callable[[], int]:
        """What returns the number of the current device: it is asked once for each launch."""
        return self._cupy().cuda.runtime.getDevice

    def enter(self) -> None:
        """Make the current device's context that of this thread: a launch alone does not."""
        self._cupy().cuda.runtime.memGetInfo()

    def processors(self) -> int:
        """Return how many multiprocessors the current device has."""
        device = self.device()
        found = self._processors.get(device)
        if found is None:
            attributes = self._cupy().cuda.Device(device).attributes
            found = self._processors[device] = attributes["MultiProcessorCount"]
        return found

    def shared_limit(self) -> int:
        """Return how many bytes of shared memory a block may have on the current device."""
        attributes = self._cupy().cuda.Device(self.device()).attributes
        return attributes["MaxSharedMemoryPerBlockOptin"]

    def load(self, text: str, expression: str, *, large_shared: bool) -> int:
        """Compile a kernel for the current device, and return the address of its function."""
        module = self._cupy().RawModule(code=text, options=OPTIONS, name_expressions=(expression,))
        function = module.get_function(expression)
        if large_shared:
            # The limit is one for both kinds of shared memory together.
            limit = self.shared_limit() - function.shared_size_bytes
            function.max_dynamic_shared_size_bytes = limit
        self.modules.append((module, function))
        return function.kernel.ptr

    @functools.cached_property
    def launch(self) -> Callable[[int, int, int, int, Slots], None]:
        """What launches a function, for the blocks, their threads and shared bytes, and the slots.

        It does so on the current stream of the current device.
        """
        cuda = self._cupy().cuda
        launch, current = cuda.driver.launchKernel, cuda.get_current_stream

        # fmt: off
        def prepared(function: int, blocks: int, threads: int, shared: int, slots: Slots) -> None:
            launch(function, blocks, 1, 1, threads, 1, 1, shared, current().ptr, slots.address, 0)
        # fmt: on

        return prepared

    def multiply(
        self,
        dtype: DType,
        shape: tuple[int, int, int],
        a: tuple[bool, int, int, int],
        b: tuple[bool, int, int, int],
        c: tuple[int, int, int],
        count: int,
    ) -> None:
        """Multiply matrices by columns, as cuBLAS has them: c = a b, in each of a stack.

        Args:
            dtype: of all three, one of `C_TYPES`; 16 bits are summed up in 32.
            shape: the rows of a, the columns of b, and the length of the sums.
            a: whether it is transposed, its address, the distance of its columns, and that of the
                matrices in the stack.
            b: likewise.
            c: its address and distances.
            count: how many products there are.
        """
        cuda = self._cupy().cuda
        m, n, k = shape
        kind, compute = _CUBLAS_TYPES[dtype.name], self._compute_type(dtype)
        (left, at, lda, stride_a), (right, bt, ldb, stride_b), (ct, ldc, stride_c) = a, b, c
        one, zero = _SCALARS[dtype.name == "float64"]
        handle = cuda.get_cublas_handle()
        # fmt: off
        if count == 1:
            cuda.cublas.gemmEx(
                handle, int(left), int(right), m, n, k,
                one, at, kind, lda, bt, kind, ldb,
                zero, ct, kind, ldc, compute, _DEFAULT,
            )
        else:
            cuda.cublas.gemmStridedBatchedEx(
                handle, int(left), int(right), m, n, k,
                one, at, kind, lda, stride_a, bt, kind, ldb, stride_b,
                zero, ct, kind, ldc, stride_c, count, compute, _DEFAULT,
            )
        # fmt: on

    def _compute_type(self, dtype: DType) -> int:
        """Return how products are computed: as CuPy would, which may be told so for each type."""
        chosen = self._cupy()._core.get_compute_type(dtype)
        if dtype.name == "float64":
            return _COMPUTE_64F_PEDANTIC if chosen == _CUPY_PEDANTIC else _COMPUTE_64F
        if chosen == _CUPY_PEDANTIC:
            return _COMPUTE_32F_PEDANTIC
        return _COMPUTE_TF32 if (chosen, dtype.name) == (_CUPY_TF32, "float32") else _COMPUTE_32F

    @staticmethod
    def _cupy() -> Any:
        return cupy_library().modules[1]


driver: Any = Driver()


class Kernel:
    """A kernel template of `cuda_kernels/`.

    Args:
        name: its name in the namespace gpugrad.
        file: the file it is in.
        text: its source, where that is generated; it may include the headers of `cuda_kernels/`.
        variants: the template arguments that it is proven for, each as `kernel[...]` takes them.
        large_shared: whether it asks for more than 48 KiB of shared memory.
    """

    def __init__(
        self,
        name: str,
        file: str = "",
        *,
        text: str = "",
        variants: Sequence[Any] = FLOATS,
        large_shared: bool = False,
    ) -> None:
        self.name = name
        self.file = file
        self.generated = text
        self.variants = variants
        self.large_shared = large_shared
        self.instances: dict[Any, Instance] = {}
        KERNELS.append(self)

    def __getitem__(self, parameters: Any) -> Instance:
        """Return the kernel at these template arguments: text, numbers, data types, or several."""
        found = self.instances.get(parameters)
        if found is None:
            found = self.instances[parameters] = Instance(self, self.expression(parameters))
        return found

    def expression(self, parameters: Any) -> str:
        """Return the C++ expression of the kernel at these template arguments."""
        several = parameters if isinstance(parameters, tuple) else (parameters,)
        texts = [C_TYPES.get(getattr(p, "name", "")) or _text(p) for p in several]
        return f"gpugrad::{self.name}<{', '.join(texts)}>"

    def text(self) -> str:
        """Return the source that the compiler gets."""
        return expanded(self.generated) if self.generated else source(self.file)


def _text(parameter: Any) -> str:
    return str(parameter).lower() if isinstance(parameter, bool) else str(parameter)


KERNELS: list[Kernel] = []  # all there are, for the proofs


class Instance:
    """A kernel at its template arguments, compiled for each device when first launched there."""

    __slots__ = ("expression", "functions", "kernel")

    def __init__(self, kernel: Kernel, expression: str) -> None:
        self.kernel = kernel
        self.expression = expression
        self.functions: dict[int, int] = {}  # by device

    def __call__(
        self,
        blocks: int,
        threads: int,
        arguments: Sequence[Any],
        shared: int = 0,
        room: int = 0,
    ) -> None:
        """Launch on the current stream.

        Args:
            blocks: how many; none: nothing is launched.
            threads: how many threads a block has.
            arguments: arrays of the current device, integers and floats, in the kernel's order.
            shared: bytes of dynamic shared memory.
            room: how many slots the kernel's arguments are, where it reads no more than are given.
        """
        if not blocks:
            return
        device = driver.device()
        function, filled = self.ready(device, max(len(arguments), room))
        values = filled.values
        for place, argument in enumerate(arguments):
            kind = type(argument)
            if kind is int:
                values[place] = argument
            elif kind is float:
                (values[place],) = _LONG.unpack(_DOUBLE.pack(argument))
            else:
                data = argument.data
                if data.device_id != device:
                    raise elsewhere(self.kernel.name, data.device_id, device)
                values[place] = data.ptr
        driver.launch(function, blocks, threads, shared, filled)

    def ready(self, device: int, count: int) -> tuple[int, Slots]:
        """Return the kernel's function on the current device, and `count` slots to fill."""
        mine = _thread.mine
        if device not in mine.entered:
            driver.enter()
            mine.entered.add(device)
        function = self.functions.get(device)
        if function is None:
            kernel = self.kernel
            function = driver.load(kernel.text(), self.expression, large_shared=kernel.large_shared)
            self.functions[device] = function
        slots = mine.slots.get(count)
        if slots is None:
            slots = mine.slots[count] = Slots(count)
        return function, slots


def elsewhere(name: str, device: int, current: int) -> DeviceError:
    """Return the error for an array that is not on the current device."""
    return DeviceError(
        f"{name}: an array is on device {device}, and the current device is {current}. "
        f"Write with cupy.cuda.Device({device}): ..., or move it with xp.asarray(x)"
    )


def check_device(name: str, arrays: Iterable[Any]) -> None:
    """Raise DeviceError where an array, of which a kernel gets the address, is elsewhere."""
    current = driver.device()
    for x in arrays:
        if x.data.device_id != current:
            raise elsewhere(name, x.data.device_id, current)


def axes_of(axis: Any, ndim: int) -> list[int] | None:
    """Return axes counted from the front, in order; None where a kernel declines them.

    These are axes that there are not, the same one twice, and what is no number.
    """
    several = axis if type(axis) is tuple else (axis,)
    try:
        places = [operator.index(place) for place in several if type(place) is not bool]
    except TypeError:
        return None
    if not all(-ndim <= place < ndim for place in places):
        return None
    found = sorted({place % ndim for place in places})
    return found if len(found) == len(several) else None


def new(x: Array, shape: tuple[int, ...], dtype: DType = None) -> Any:
    """Return an array of the kind of `x` on the current device, its values not yet set."""
    return type(x)(shape, x.dtype if dtype is None else dtype)


def contiguous(x: Array) -> Any:
    """Return a CuPy array with its elements one after another: itself, or a copy."""
    # What x.flags.c_contiguous says, but without an object.
    return x if x._c_contiguous else x.copy()


def is_like(dy: Array, x: Array, shape: tuple[int, ...]) -> bool:
    """Say whether a sensitivity is a CuPy array of that shape and the data type of `x`."""
    return type(dy) is type(x) and dy.dtype == x.dtype and dy.shape == shape
