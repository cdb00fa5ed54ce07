"""The recorded value: what a function sees while a tape records it."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NoReturn

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, Index
from gpugrad.dispatch.levels import Level, LevelValue, plain
from gpugrad.dispatch.libraries import library_of
from gpugrad.errors import ArgumentError, ConversionError
from gpugrad.functions.operators import Operators
from gpugrad.tracing.assignment import Assignable, check_not_assigned
from gpugrad.tracing.methods import Methods
from gpugrad.tracing.protocols import Protocols


class Tracked(Methods, Protocols, Operators, Assignable):
    """A recorded value: an array or a number together with its place on a tape.

    It has the operators, methods and attributes of the arrays it stands for, and every function
    of NumPy, CuPy or `gpugrad.xp` called on it is recorded. `value` is the plain array or number
    (on nested tapes, a recorded value of the tape outside).

    Branches and loops work on its value: `if x > 0:`, `while`, `float(x)`, `for row in x:`. A
    number got by `float(x)` has left the tape: nothing flows back through it.

    What no gradient flows through, such as `x > 0` and `xp.argmax(x)`, is a *constant*: it goes
    where plain arrays go, and leaves the recorded function as one: see
    `gpugrad/tracing/constants.py`.
    """

    __slots__ = ()

    def __init__(self, value: Any, level: Level, slot: Any) -> None:
        self.value = value
        self.level = level
        self.slot = slot

    # --- What it is --------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; () for a number."""
        try:
            return self.value.shape
        except AttributeError:  # Python's numbers have none
            return ()

    @property
    def dtype(self) -> Any:
        """The data type of the value; a Python number has that of NumPy's number of its type."""
        dtype = getattr(self.value, "dtype", None)
        return np.dtype(type(self.value)) if dtype is None else dtype

    @property
    def device(self) -> Any:
        """The device the value is on."""
        if isinstance(self.value, LevelValue):
            return self.value.device  # type: ignore[attr-defined]
        return "cpu" if library_of(self.value) is None else array_api_compat.device(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentError("len() of a recorded number: it has no axes")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Tracked({self.value!r})"

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return self.level.namespace

    # --- Leaving the tape --------------------------------------------------------------------

    def __bool__(self) -> bool:
        self.check_single("bool")
        return bool(self.value)

    def __float__(self) -> float:
        self.check_single("float")
        if not self.level.constant:
            check_not_assigned()
        self.level.left = True
        return float(self.value)

    def __int__(self) -> int:
        self.check_single("int")
        if not self.level.constant:
            check_not_assigned()
        return int(self.value)

    def __complex__(self) -> complex:
        self.check_single("complex")
        if not self.level.constant:
            check_not_assigned()
        return complex(self.value)

    def __index__(self) -> int:
        self.check_current("index")
        if self.level.constant:
            return operator.index(self.value)
        raise ConversionError(
            f"a recorded array of shape {self.shape} and data type {self.dtype} was about to be an "
            f"index or a count, which are integers. Write int(x), through which nothing flows back"
        )

    def __copy__(self) -> Any:
        return self.copy()

    def __reduce__(self) -> NoReturn:
        raise ConversionError(
            f"a recorded array of shape {self.shape} was about to be pickled, which would drop its "
            f"gradient. Pickle x.value, the plain array"
        )

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()  # of the value, and not of the tape

    def check_single(self, name: str) -> None:
        """Raise ConversionError where this has not one element alone; bring it up to date."""
        self.check_current(name)
        if self.size != 1:
            raise ConversionError(
                f"{name}() of a recorded array of shape {self.shape}: only one element has a "
                f"truth value or is a number. Write for instance xp.any(x), xp.all(x) or x[0]"
            )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        if self.level.constant:
            return np.asarray(self.value, *args, **kwargs)
        raise ConversionError(
            f"a recorded array of shape {self.shape} was about to become a plain NumPy array, "
            f"which would drop its gradient. Use xp.asarray(x), or xp.stack([...]) for a list of "
            f"recorded numbers; to write into a buffer make it by xp.zeros_like(x) or collect and "
            f"stack; x.value is the plain array, with no gradient"
        )

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: Any = None,
    ) -> Any:
        if self.level.constant:
            options = dict(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)
            return self.value.__dlpack__(**{k: v for k, v in options.items() if v is not None})
        raise ConversionError(
            f"a recorded array of shape {self.shape} was about to be handed to another library by "
            f"DLPack, which would drop its gradient. Hand over x.value, the plain array"
        )

    @property
    def __cuda_array_interface__(self) -> Any:
        """CuPy's, of a constant, for `plain[x > 0]`; of what is recorded it would be a way out."""
        if self.level.constant:
            return self.value.__cuda_array_interface__
        raise AttributeError("a recorded array has no __cuda_array_interface__")

    def __dlpack_device__(self) -> Any:
        return plain(self).__dlpack_device__()

    # --- Indexing and iteration --------------------------------------------------------------

    def __getitem__(self, index: Index) -> Any:
        y = self.level.call(F.getitem, (self, index), {})
        if type(y) is Tracked and hasattr(y, "alias"):
            y.alias.taken = self.slot, index, self.alias.root is None
        return y

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise ArgumentError("iteration over a recorded number: it has no axes")
        return iter(F.unstack(self))

    def __contains__(self, x: Array) -> bool:
        return bool(F.any(self == x))
