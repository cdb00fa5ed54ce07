"""The attributes and methods that recorded arrays have of NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import SCALAR_TYPES, Array, Device, DType, Index, kind_of, shape_of
from gpugrad.dispatch.levels import LevelValue, plain
from gpugrad.dispatch.primitive import BY_NAME, Primitive
from gpugrad.errors import ArgumentError, ConversionError
from gpugrad.functions.numpy_calls import IN_PLACE
from gpugrad.tracing.protocols import recorded


def _method(f: Primitive, name: str = "") -> Any:
    """Return the method that is the function `f`, with the arguments NumPy's has."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return recorded(f, f, (self, *args), kwargs, name)

    method.__name__ = method.__qualname__ = name or f.name
    method.__doc__ = f"Return xp.{f.name} of the array."
    return method


def _numpy_method(function: Callable[..., Any]) -> Any:
    """Return the method that is a NumPy function called on the array."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"Return xp.{function.__name__} of the array."
    return method


def _renewing_method(function: Callable[..., Any]) -> Any:
    """Return the method by which NumPy writes into an array: this one is renewed."""

    def method(self: Any, *args: Any, **kwargs: Any) -> None:
        self[...] = function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"Write xp.{function.__name__} of the array into it."
    return method


class Methods(LevelValue):
    """A base for values that have the methods of arrays."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the values have besides
        shape: Any
        dtype: Any
        device: Any
        ndim: Any

        check_current: Callable[[str], None]
        check_single: Callable[[str], None]

        def __setitem__(self, index: Index, values: Any) -> None: ...
        def __mul__(self, other: Any) -> Any: ...

    @property
    def T(self) -> Any:
        """The array with its axes in reverse order."""
        return self.transpose()

    @property
    def mT(self) -> Any:
        """The array with its last two axes exchanged."""
        return F.matrix_transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return F.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return F.imag(self)

    def astype(self, dtype: DType, copy: bool = True) -> Any:
        """Return the array in another data type."""
        return self if not copy and dtype == self.dtype else F.astype(self, dtype, copy=copy)

    def copy(self, order: str = "C") -> Any:
        """Return a copy that shares no memory; the order in memory is the library's choice."""
        return F.astype(self, self.dtype) if kind_of(self) == "b" else F.positive(self)

    def to_device(self, device: Device, /, *, stream: Any = None) -> Any:
        """Return the array on a device: itself, where it is there already."""
        if device != self.device:
            raise ConversionError(
                f"a recorded array cannot be moved from {self.device} to {device}: its gradient "
                f"could not follow. Move it before the function is differentiated"
            )
        return self

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """Return the array in another shape, given as one tuple or as integers."""
        if order != "C":
            raise ArgumentError(f"reshape: order={order!r} is not recorded. Transpose first")
        (shape,) = shape if len(shape) == 1 and type(shape[0]) in (tuple, list) else (shape,)
        y = F.reshape(self, tuple(shape))
        return y.copy() if copy else y

    def ravel(self) -> Any:
        """Return the array with one axis."""
        return F.reshape(self, (-1,))

    flatten = ravel

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes permuted: reversed, or as given."""
        if len(axes) == 1 and (axes[0] is None or type(axes[0]) in (tuple, list)):
            (axes,) = axes
        return F.permute_dims(self, tuple(axes) if axes else tuple(range(self.ndim))[::-1])

    def swapaxes(self, a: int, b: int) -> Any:
        """Return the array with two axes exchanged."""
        axes = list(range(self.ndim))
        axes[a], axes[b] = axes[b], axes[a]
        return F.permute_dims(self, tuple(axes))

    def squeeze(self, axis: Any = None) -> Any:
        """Return the array without its axes of length one, or without those given."""
        if axis is None:
            axis = tuple(i for i, n in enumerate(self.shape) if n == 1)
        return F.squeeze(self, axis=axis)

    def item(self) -> Any:
        """Return the one element as a Python number, which has left the tape."""
        self.check_single("item")
        self.level.left = True
        number = plain(self.value)
        return number if type(number) in SCALAR_TYPES else number.item()

    def tolist(self) -> Any:
        """Return a constant as nested lists of Python's numbers."""
        self.check_current("tolist")
        if self.level.constant:
            return plain(self.value).tolist()
        raise ConversionError(
            f"tolist() of a recorded array of shape {self.shape} would drop its gradient. Write "
            f"list(x), whose items are recorded, or x.value.tolist()"
        )

    def dot(self, other: Any) -> Any:
        """Return the product over the last axis of this and the last but one of `other`."""
        if not self.shape or not shape_of(other):
            return self * other
        return F.tensordot(self, other, axes=((-1,), (-1 if len(shape_of(other)) == 1 else -2,)))

    def clip(self, min: Any = None, max: Any = None, out: None = None, **kwargs: Any) -> Any:
        """Return the array limited to an interval; CuPy passes `out`, which must be None."""
        return recorded(F.clip, F.clip, (self, min, max, out), kwargs)

    def compress(self, condition: Array, axis: int | None = None, out: None = None) -> Any:
        """Return the slices along an axis of which a condition holds."""
        array: Any = self
        return np.compress(condition, array, axis, out)

    def fill(self, value: Any) -> None:
        """Fill the array with one number."""
        self[...] = value

    def conj(self) -> Any:
        """Return the complex conjugate."""
        return F.conj(self)

    conjugate = conj

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.item(), ndigits)

    def __divmod__(self, other: Any) -> Any:
        return BY_NAME["divmod"](self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return BY_NAME["divmod"](other, self)

    # --- The functions that are methods, with NumPy's arguments --------------------------------

    all = _method(F.all)
    any = _method(F.any)
    argmax = _method(F.argmax)
    argmin = _method(F.argmin)
    argsort = _method(F.argsort)
    max = _method(F.max)
    mean = _method(F.mean)
    min = _method(F.min)
    nonzero = _method(F.nonzero)
    prod = _method(F.prod)
    repeat = _method(F.repeat)
    round = _method(F.round)
    searchsorted = _method(F.searchsorted)
    std = _method(F.std)
    sum = _method(F.sum)
    take = _method(F.take)
    var = _method(F.var)
    cumprod = _method(F.cumulative_prod, "cumprod")
    cumsum = _method(F.cumulative_sum, "cumsum")

    argpartition = _numpy_method(np.argpartition)
    choose = _numpy_method(np.choose)
    diagonal = _numpy_method(np.diagonal)
    ptp = _numpy_method(np.ptp)
    trace = _numpy_method(np.trace)

    partition = _renewing_method(np.partition)
    put = _renewing_method(IN_PLACE["put"])
    sort = _renewing_method(np.sort)
