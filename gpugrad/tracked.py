"""The recorded value: what a function sees while a tape records it."""

from __future__ import annotations

import dis
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad import namespace
from gpugrad.errors import AliasError, ArgumentError, ConversionError, GpugradError
from gpugrad.namespace import Level, LevelValue, library_of, plain, shape_of
from gpugrad.operators import Operators
from gpugrad.primitive import BY_NAME, Primitive, primitive_of


class Tracked(Operators, LevelValue):
    """A recorded value: an array or a number together with its place on a tape.

    It has the operators, methods and attributes of the arrays it stands for, and every function
    of NumPy, CuPy or `gpugrad.xp` called on it is recorded. `value` is the plain array or number
    (on nested tapes, a recorded value of the tape outside).

    Branches and loops work on its value: `if x > 0:`, `while`, `float(x)`, `for row in x:`. A
    number got by `float(x)` has left the tape: nothing flows back through it.
    """

    __slots__ = ("base", "slot", "taken", "views", "writer")

    slot: Any  # what the level keeps for it: on a tape, its line; in forward mode, its tangent
    base: Tracked  # set where this may be a view of another recorded array
    views: list[weakref.ref[Tracked]]  # set where there may be views of this
    taken: tuple[Any, Any]  # set where this is x[index]: the slot of x, and the index
    writer: weakref.ref[Tracked] | None  # which view's assignment left this out of date

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
        from gpugrad import xp

        return xp

    # --- Hot operators: straight to the tape -------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return self.level.binary(F.add, self, other)

    def __sub__(self, other: Any) -> Any:
        return self.level.binary(F.subtract, self, other)

    def __mul__(self, other: Any) -> Any:
        return self.level.binary(F.multiply, self, other)

    def __truediv__(self, other: Any) -> Any:
        return self.level.binary(F.divide, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.level.binary(F.add, other, self)

    def __rsub__(self, other: Any) -> Any:
        return self.level.binary(F.subtract, other, self)

    def __rmul__(self, other: Any) -> Any:
        return self.level.binary(F.multiply, other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return self.level.binary(F.divide, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.level.binary(F.pow, self, other)

    def __matmul__(self, other: Any) -> Any:
        return self.level.binary(F.matmul, self, other)

    # --- Leaving the tape --------------------------------------------------------------------

    def __bool__(self) -> bool:
        self._check_single("bool")
        return bool(self.value)

    def __float__(self) -> float:
        self._check_single("float")
        _check_not_assigned()
        return float(self.value)

    def __int__(self) -> int:
        self._check_single("int")
        _check_not_assigned()
        return int(self.value)

    def __complex__(self) -> complex:
        self._check_single("complex")
        _check_not_assigned()
        return complex(self.value)

    def __copy__(self) -> Any:
        return self.copy()

    def __reduce__(self) -> NoReturn:
        raise ConversionError(
            f"a recorded array of shape {self.shape} was about to be pickled, which would drop its "
            f"gradient. Pickle x.value, the plain array"
        )

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()  # of the value, and not of the tape

    def check_current(self, name: str) -> None:
        """Raise AliasError where an assignment through another name left this out of date."""
        if self.level is _STALE:
            raise _STALE.error(name)

    def _check_single(self, name: str) -> None:
        self.check_current(name)
        if self.size != 1:
            raise ConversionError(
                f"{name}() of a recorded array of shape {self.shape}: only one element has a "
                f"truth value or is a number. Write for instance xp.any(x), xp.all(x) or x[0]"
            )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ConversionError(
            f"a recorded array of shape {self.shape} was about to become a plain NumPy array, "
            f"which would drop its gradient. Use xp.asarray(x), or xp.stack([...]) for a list of "
            f"recorded numbers; to write into a buffer make it by xp.zeros_like(x) or collect and "
            f"stack; x.value is the plain array, with no gradient"
        )

    # --- Indexing, iteration, assignment -----------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        y = self.level.call(F.getitem, (self, index), {})
        if type(y) is Tracked:
            y.taken = self.slot, index
        return y

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise ArgumentError("iteration over a recorded number: it has no axes")
        return iter(F.unstack(self))

    def __contains__(self, x: Any) -> bool:
        return bool(F.any(self == x))

    def __setitem__(self, index: Any, values: Any) -> None:
        written_back = self.level is _STALE and self._is_own_view(index, values)
        if written_back:  # x[index] += v, which changed the view and now hands it back
            self.level = values.level
        self._renew(F.index_set(self, index, values))
        if written_back:
            values.level, values.writer = _STALE, None

    def _is_own_view(self, index: Any, values: Any) -> bool:
        """Say whether `values` was taken from here at `index`, and was alone in changing this."""
        if type(values) is not Tracked or self.writer is None or self.writer() is not values:
            return False
        slot, taken_index = getattr(values, "taken", (None, None))
        return slot is self.slot and taken_index is index

    def _renew(self, new: Any) -> None:
        """Take over the place of `new`: this value was assigned into.

        The array itself is not written to. Whoever looks at its memory through a view would not
        see the assignment, so the views, or what this is a view of, may not be used any more.
        """
        if new.level is not self.level:
            raise AliasError(
                "x[...] = v or x += v: x was recorded outside of the function that is being "
                "differentiated here, v inside of it. Pass x to the function as an argument, or "
                "make a new array, with xp.where or xp.concat"
            )
        root: Tracked = getattr(self, "base", self)
        members = [root, *(view() for view in getattr(root, "views", []))]
        for member in members:
            if member is not None and member is not self and _share(member.value, self.value):
                member.writer = None if member.level is _STALE else weakref.ref(self)
                member.level = _STALE
        for name in ("base", "views"):
            if hasattr(self, name):
                delattr(self, name)
        self.value, self.level, self.slot = new.value, new.level, new.slot

    def add_view(self, view: Tracked) -> None:
        """Remember that `view` may share this array's memory."""
        root: Tracked = getattr(self, "base", self)
        count = len(root.views) if hasattr(root, "views") else 0
        if count & (count - 1) == 0:  # at powers of two alone, or n views would cost n² steps
            root.views = [ref for ref in root.views if ref() is not None] if count else []
        root.views.append(weakref.ref(view))
        view.base = root

    def _in_place(self, result: Any, symbol: str) -> Tracked:
        if isinstance(plain(self.value), (float, complex, int, np.generic)):
            return result  # numbers are immutable: the name is bound anew
        if result.shape != self.shape:
            raise ArgumentError(
                f"x {symbol}= v: x of shape {self.shape} cannot hold the result's shape "
                f"{result.shape}. Write x = x {symbol} v"
            )
        self._renew(result if result.dtype == self.dtype else F.astype(result, self.dtype))
        return self

    def __iadd__(self, other: Any) -> Tracked:
        return self._in_place(self + other, "+")

    def __isub__(self, other: Any) -> Tracked:
        return self._in_place(self - other, "-")

    def __imul__(self, other: Any) -> Tracked:
        return self._in_place(self * other, "*")

    def __itruediv__(self, other: Any) -> Tracked:
        return self._in_place(self / other, "/")

    def __ipow__(self, other: Any) -> Tracked:  # type: ignore[misc]
        return self._in_place(self**other, "**")

    def __imatmul__(self, other: Any) -> Tracked:
        return self._in_place(self @ other, "@")

    def __imod__(self, other: Any) -> Tracked:
        return self._in_place(self % other, "%")

    # --- The array's own attributes and methods ----------------------------------------------

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

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return the array in another data type."""
        return self if not copy and dtype == self.dtype else F.astype(self, dtype, copy=copy)

    def copy(self) -> Any:
        """Return a copy that shares no memory."""
        return F.positive(self)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Return the array in another shape, given as one tuple or as integers."""
        if order != "C":
            raise ArgumentError(f"reshape: order={order!r} is not recorded. Transpose first")
        (shape,) = shape if len(shape) == 1 and type(shape[0]) in (tuple, list) else (shape,)
        return F.reshape(self, tuple(shape))

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
        self._check_single("item")
        number = plain(self.value)
        return number if type(number) in namespace.SCALAR_TYPES else number.item()

    def dot(self, other: Any) -> Any:
        """Return the product over the last axis of this and the last but one of `other`."""
        if not self.shape or not shape_of(other):
            return self * other
        return F.tensordot(self, other, axes=((-1,), (-1 if len(shape_of(other)) == 1 else -2,)))

    def clip(self, min: Any = None, max: Any = None, out: None = None) -> Any:
        """Return the array limited to an interval; CuPy passes `out`, which must be None."""
        return _recorded(F.clip, F.clip, (self, min, max), {"out": out})

    def conj(self) -> Any:
        """Return the complex conjugate."""
        return F.conj(self)

    conjugate = conj

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.item(), ndigits)

    # --- Calls from other libraries ----------------------------------------------------------

    __array_priority__ = 1000.0

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        f = primitive_of(ufunc)
        if not kwargs and method == "__call__" and f is not None:
            return f(*args)
        if method == "reduce" and ufunc in _REDUCTIONS:
            return _recorded(_REDUCTIONS[ufunc], ufunc, args, {"axis": 0, **kwargs})
        if method != "__call__":
            raise ArgumentError(
                f"numpy.{ufunc.__name__}.{method} of a recorded array cannot be recorded. "
                f"Write it with functions of gpugrad.xp"
            )
        if f is None:
            raise _not_recorded(ufunc)
        if kwargs.get("out"):
            raise ArgumentError(
                f"numpy.{ufunc.__name__} into a plain array would drop the gradient of the "
                f"recorded one. Write y = xp.{f.name}(...), without out= and not in place"
            )
        return _recorded(f, ufunc, args, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if function in _FACTS:
            return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        f = primitive_of(function)
        if f is None:
            raise _not_recorded(function)
        return _recorded(f, function, args, kwargs)

    # CuPy asks for these two: of its ufuncs and elementwise kernels, and of its reductions.
    # They are not documented; tests marked `gpu` hold them.

    def __cupy_override_elementwise_kernel__(self, kernel: Any, *args: Any, **kwargs: Any) -> Any:
        f = primitive_of(kernel)
        if f is None:
            raise _not_recorded(kernel)
        return _recorded(f, kernel, args, kwargs)

    def __cupy_override_reduction_kernel__(
        self, kernel: Any, axis: Any, dtype: Any, out: Any, keepdims: Any
    ) -> Any:
        f = BY_NAME.get(kernel.name.removeprefix("cupy_"))
        if f is None:
            raise _not_recorded(kernel)
        return _recorded(f, f, (self,), {"axis": axis, "dtype": dtype, "keepdims": keepdims})


def _method(f: Primitive, *positions: str) -> Any:
    """Return a method that is the function `f`, its arguments in the order of `positions`."""

    def method(self: Tracked, *args: Any, **kwargs: Any) -> Any:
        if positions:
            kwargs |= zip(positions, args, strict=False)
            args = args[len(positions) :]
        return _recorded(f, f, (self, *args), kwargs)

    method.__name__ = method.__qualname__ = f.name
    method.__doc__ = f"Return xp.{f.name} of the array."
    return method


# Methods take by position what the standard's functions take by keyword, in NumPy's order.
for _f in (F.sum, F.prod, F.mean, F.argmax, F.argmin):
    setattr(Tracked, _f.name, _method(_f, "axis", "dtype", "out", "keepdims"))
for _f in (F.max, F.min, F.all, F.any):
    setattr(Tracked, _f.name, _method(_f, "axis", "out", "keepdims"))
for _f in (F.std, F.var):
    setattr(Tracked, _f.name, _method(_f, "axis", "dtype", "out", "ddof", "keepdims"))
for _f in (F.argsort, F.repeat, F.take):
    setattr(Tracked, _f.name, _method(_f))
Tracked.cumsum = _method(F.cumulative_sum, "axis", "dtype", "out")  # type: ignore[attr-defined]
Tracked.cumprod = _method(F.cumulative_prod, "axis", "dtype", "out")  # type: ignore[attr-defined]

_NO_VALUE = inspect.signature(np.sum).parameters["keepdims"].default  # NumPy's mark of absence

# What these say of an array is no number that a gradient could flow through.
_FACTS = {
    *(np.allclose, np.array_equal, np.iscomplexobj, np.isrealobj),
    *(np.ndim, np.result_type, np.shape, np.size),
}

# The standard's names of arguments that NumPy also calls otherwise.
_NEW_KEYWORDS = {"a_max": "max", "a_min": "min", "ddof": "correction"}

_REDUCTIONS = {np.add: F.sum, np.multiply: F.prod, np.maximum: F.max, np.minimum: F.min}


def _recorded(f: Any, original: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a primitive with the arguments that NumPy's function of that name was called with."""
    given = {k: v for k, v in kwargs.items() if v is not None and v is not _NO_VALUE}
    kwargs = {_NEW_KEYWORDS.get(k, k): v for k, v in given.items()}
    try:
        return f(*args, **kwargs)
    except GpugradError:
        raise
    except TypeError as error:
        raise ArgumentError(
            f"{_shown(original)} of a recorded array: {error}. "
            f"Write it as xp.{f.name}(...), with the array-API standard's arguments"
        ) from error


def _not_recorded(function: Any) -> GpugradError:
    name = _shown(function)
    return ArgumentError(
        f"{name} has no rule and cannot be recorded. Write it with functions of gpugrad.xp, or "
        f"give it a rule with gpugrad.rrule.register({name})"
    )


def _shown(function: Any) -> str:
    """Return a function's name as callers know it: numpy.sum, or x.sum for the method."""
    name = function.__name__
    if isinstance(function, Primitive):
        return f"x.{name}"
    is_numpy = vars(np).get(name) is function
    module = "numpy" if is_numpy else getattr(function, "__module__", None)
    return f"{module}.{name}" if module else name


_STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]


def _check_not_assigned() -> None:
    """Raise ConversionError where it is `array[i] = x` that asks `x` for its number.

    NumPy asks by `float(x)`, as users do who want to leave the tape: the bytecode tells them apart.
    """
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
    if frame.f_code.co_code[frame.f_lasti] == _STORE_SUBSCR:
        raise ConversionError(
            "array[i] = x: x is recorded and the array is not, which would drop the gradient of "
            "x. Make the array by xp.zeros_like(x), or collect the numbers and xp.stack([...]) "
            "them; where no gradient is wanted write array[i] = float(x)"
        )


def _share(a: Any, b: Any) -> bool:
    """Say whether two arrays may share memory; where their library cannot tell, say yes."""
    a, b = plain(a), plain(b)
    library = library_of(a)
    function = library.function("may_share_memory") if library is not None else None
    return True if function is None else bool(function(a, b))


class _Stale(Level):
    """The level of recorded arrays that an assignment through another name left out of date."""

    def __init__(self) -> None:
        super().__init__()
        self.birth = float("inf")

    def call(self, f: Any, args: Any, kwargs: Any) -> NoReturn:
        raise self.error(f.name)

    def binary(self, f: Any, a: Any, b: Any) -> NoReturn:
        raise self.error(f.name)

    @staticmethod
    def error(name: str) -> AliasError:
        """Return the error for a use of such an array in a function."""
        return AliasError(
            f"{name}: a recorded array shares its memory with another one that was assigned to "
            f"since (x[...] = v or x += v). NumPy would show the assignment here, a recording "
            f"cannot. Assign to the array itself, x[i, j] = v instead of x[i][j] = v, or take the "
            f"view after the assignment, or take a copy: x[i].copy()"
        )


_STALE = _Stale()
