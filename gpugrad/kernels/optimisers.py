"""One step of an optimiser for all parameters of a model, in as few launches as may be."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import CudaArray, DType
from gpugrad.kernels.launch import C_TYPES, FLOATS, Kernel, check_device, contiguous, new

ROWS = 80  # parameters of a launch: as in cuda_kernels/optimisers.cu, and so are the next two
CHUNK = 2048
NUMBERS = {
    "Descent": ("rate",),
    "Momentum": ("rate", "momentum"),
    "Adam": ("rate", "beta1", "beta2", "epsilon"),
}

THREADS = 256
LINE = 128  # bytes: in the buffers, the parameters start at a line of the cache

step_parameters = Kernel(
    "step_parameters",
    "optimisers.cu",
    variants=[(dtype, f"gpugrad::{name}") for dtype in FLOATS for name in NUMBERS],
)

Lists = Sequence[Sequence[Any]]


class StepKernel:
    """The step of an optimiser on CuPy's arrays.

    The results of a data type have one buffer for the values and one for each moment, of which
    they are views: for small parameters, allocations would take longer than all the rest. A
    buffer lives as long as one of its parameters.

    Args:
        name: of the step in `cuda_kernels/optimisers.cu`.
        definition: the step, by which it goes for what the kernel does not take: numbers, and
            arrays of other data types or of several.
    """

    def __init__(self, name: str, definition: Callable[..., Any]) -> None:
        self.name = name
        self.definition = definition

    def __call__(self, *lists: Sequence[Any], **numbers: Any) -> Any:
        """Return lists of the new values and moments, or NotImplemented.

        Args:
            lists: the gradients, the values, and the moments.
            numbers: what is in NUMBERS of this step.
        """
        ordered = [numbers[key] for key in NUMBERS[self.name]]
        if not all(isinstance(number, (float, int, np.floating)) for number in ordered):
            return NotImplemented  # of the device: its value is not to be waited for
        kind = next((type(x) for x in lists[1] if isinstance(x, CudaArray)), None)
        dtypes = [[x.dtype if type(x) is kind else None for x in arrays] for arrays in lists]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for place, of_arrays in enumerate(zip(*dtypes, strict=True)):
            groups.setdefault(of_arrays, []).append(place)
        stepped: list[list[Any]] = [list(old) for old in lists[1:]]
        others: list[int] = []
        for (dtype, *more), places in groups.items():
            if getattr(dtype, "name", None) in C_TYPES and all(other == dtype for other in more):
                news = self._launch(dtype, _picked(lists, places), list(map(float, ordered)))
                _put(stepped, places, news)
            else:
                others += places
        if len(others) == len(lists[0]):
            return NotImplemented
        if others:
            _put(stepped, others, self.definition(*_picked(lists, others), **numbers))
        return tuple(stepped)

    def _launch(self, dtype: DType, lists: Lists, numbers: list[float]) -> Lists:
        """Return the new values and moments of arrays of one data type."""
        for arrays in lists:
            check_device(f"optim.{self.name}", arrays)
        lists = [list(map(contiguous, arrays)) for arrays in lists]
        values = lists[1]
        bytes_each = dtype.itemsize
        line = LINE // bytes_each
        sizes = [x.size for x in values]
        ends = list(itertools.accumulate([-(-size // line) * line for size in sizes]))
        starts = [0, *ends[:-1]]
        buffers = [new(values[0], (ends[-1],), dtype) for _ in lists[1:]]
        addresses = [[x.data.ptr for x in arrays] for arrays in lists]
        step = step_parameters[dtype, f"gpugrad::{self.name}"]
        room = len(numbers) + len(buffers) + 1 + ROWS * (len(lists) + 2)
        for first in range(0, len(values), ROWS):
            part = slice(first, first + ROWS)
            origin, end = starts[first], ends[part][-1]
            places = [start - origin for start in starts[part]]
            rows = zip(*[column[part] for column in addresses], places, sizes[part], strict=True)
            step(
                -(-(end - origin) // CHUNK),
                THREADS,
                [
                    *numbers,
                    *[buffer.data.ptr + origin * bytes_each for buffer in buffers],
                    len(places),
                    *itertools.chain.from_iterable(rows),
                ],
                room=room,
            )
        offsets = [start * bytes_each for start in starts]
        return [
            _views(buffer, old, offsets) for buffer, old in zip(buffers, lists[1:], strict=True)
        ]


def _picked(lists: Lists, places: list[int]) -> Lists:
    return [[items[place] for place in places] for items in lists]


def _put(lists: list[list[Any]], places: list[int], news: Lists) -> None:
    for items, values in zip(lists, news, strict=True):
        for place, value in zip(places, values, strict=True):
            items[place] = value


def _views(buffer: Any, likes: Sequence[Any], offsets: list[int]) -> list[Any]:
    """Return arrays of the shapes of `likes`, from these bytes of a buffer on."""
    kind, dtype, memory = type(buffer), buffer.dtype, buffer.data
    return [kind(x.shape, dtype, memory + offset) for x, offset in zip(likes, offsets, strict=True)]
