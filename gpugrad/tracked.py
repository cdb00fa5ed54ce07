"""The recorded value: what a function sees while a tape records it."""

from __future__ import annotations

import dis
import operator
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NoReturn

import array_api_compat
import numpy as np

from gpugrad import functions as F
from gpugrad import namespace
from gpugrad.errors import AliasError, ArgumentError, ConversionError
from gpugrad.functions.numpy_calls import IN_PLACE
from gpugrad.namespace import Level, LevelValue, kind_of, library_of, plain, shape_of, youngest
from gpugrad.operators import Operators
from gpugrad.primitive import BY_NAME, Primitive
from gpugrad.protocols import Protocols, recorded


class Tracked(Protocols, Operators):
    """A recorded value: an array or a number together with its place on a tape.

    It has the operators, methods and attributes of the arrays it stands for, and every function
    of NumPy, CuPy or `gpugrad.xp` called on it is recorded. `value` is the plain array or number
    (on nested tapes, a recorded value of the tape outside).

    Branches and loops work on its value: `if x > 0:`, `while`, `float(x)`, `for row in x:`. A
    number got by `float(x)` has left the tape: nothing flows back through it.

    What no gradient flows through, such as `x > 0` and `xp.argmax(x)`, is a *constant*: it goes
    where plain arrays go, and leaves the recorded function as one; see `gpugrad/constants.py`.
    """

    __slots__ = ("base", "news", "owed", "slot", "taken", "views", "writer")

    namespace: ClassVar[Any]  # gpugrad.xp, as it is to recorded arrays
    slot: Any  # what the level keeps for it: on a tape, its line; in forward mode, its tangent
    base: Tracked  # set where this may be a view of another recorded array
    views: list[weakref.ref[Tracked]]  # set where there may be views of this
    taken: tuple[Any, Any, bool]  # of x[index]: the slot of x, the index, if x is itself no view
    writer: weakref.ref[Tracked] | None  # which view's assignment left this out of date
    news: list[Tracked]  # of such a view: its state, which the array that it is of can look up
    owed: tuple[Level, Any, list[Tracked]]  # of that array: its level, the index, and the news

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
        return self.namespace

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
        self._check_not_assigned()
        self.level.left = True
        return float(self.value)

    def __int__(self) -> int:
        self._check_single("int")
        self._check_not_assigned()
        return int(self.value)

    def __complex__(self) -> complex:
        self._check_single("complex")
        self._check_not_assigned()
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

    def check_current(self, name: str) -> None:
        """Raise AliasError where an assignment through another name left this out of date."""
        if self.level is _STALE:
            self._bring_up_to_date(name)

    def _check_not_assigned(self) -> None:
        if not self.level.constant:
            _check_not_assigned()

    def _check_single(self, name: str) -> None:
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

    # --- Indexing, iteration, assignment -----------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        y = self.level.call(F.getitem, (self, index), {})
        if type(y) is Tracked:
            y.taken = self.slot, index, not hasattr(self, "base")
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
            self._forget("owed")
        self._renew(F.index_set(self, index, values))
        if written_back:
            values.level, values.writer = _STALE, None

    def _is_own_view(self, index: Any, values: Any) -> bool:
        """Say whether `values` was taken from here at `index`, and was alone in changing this."""
        if type(values) is not Tracked or self.writer is None or self.writer() is not values:
            return False
        slot, taken_index, _ = getattr(values, "taken", (None, None, False))
        return slot is self.slot and taken_index is index

    def _renew(self, new: Any) -> None:
        """Take over the place of `new`: this value was assigned into.

        The array itself is not written to. Whoever looks at its memory through a view would not
        see the assignment, so the views, or what this is a view of, may not be used any more. What
        this was taken from by x[index] alone is brought up to date when it is used next.
        """
        if new.level is not self.level and not self.level.constant:
            raise AliasError(
                "x[...] = v or x += v: x was recorded outside of the function that is being "
                "differentiated here, v inside of it. Pass x to the function as an argument, or "
                "make a new array, with xp.where or xp.concat"
            )
        root: Tracked = getattr(self, "base", self)
        _, index, is_direct = getattr(self, "taken", (None, None, False))
        if hasattr(self, "news"):
            self.news[0] = new
        members = [root, *(view() for view in getattr(root, "views", []))]
        for member in members:
            if member is not None and member is not self and _share(member.value, self.value):
                if member.level is _STALE:
                    member.writer = None
                    member._forget("owed")
                    continue
                if member is root and is_direct and F.is_basic(index):
                    self.news = [new]
                    root.owed = root.level, index, self.news
                member.level, member.writer = _STALE, weakref.ref(self)
        self._forget("base", "views")
        self.value, self.level, self.slot = new.value, new.level, new.slot

    def _forget(self, *names: str) -> None:
        for name in names:
            if hasattr(self, name):
                delattr(self, name)

    def _bring_up_to_date(self, name: str) -> None:
        """Assign here what a view of this was assigned; raise AliasError where that is not known.

        The view may not be used any more: it would not see what is assigned here from now on.
        """
        if not hasattr(self, "owed"):
            raise _STALE.error(name)
        view = self.writer() if self.writer is not None else None
        self.level, index, (new,) = self.owed
        self._forget("owed")
        self._renew(F.index_set(self, index, new))
        if view is not None:
            view.level, view.writer = _STALE, None

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
        if result.level.constant:  # the function is one that no gradient flows through
            result = F.index_set(self, ..., result)
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

    def __ifloordiv__(self, other: Any) -> Tracked:
        return self._in_place(self // other, "//")

    def __iand__(self, other: Any) -> Tracked:
        return self._in_place(self & other, "&")

    def __ior__(self, other: Any) -> Tracked:
        return self._in_place(self | other, "|")

    def __ixor__(self, other: Any) -> Tracked:
        return self._in_place(self ^ other, "^")

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

    def copy(self, order: str = "C") -> Any:
        """Return a copy that shares no memory; the order in memory is the library's choice."""
        return F.astype(self, self.dtype) if kind_of(self) == "b" else F.positive(self)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
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
        self._check_single("item")
        self.level.left = True
        number = plain(self.value)
        return number if type(number) in namespace.SCALAR_TYPES else number.item()

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

    def compress(self, condition: Any, axis: int | None = None, out: None = None) -> Any:
        """Return the slices along an axis of which a condition holds."""
        return np.compress(condition, self, axis, out)

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


def _method(f: Primitive, name: str = "") -> Any:
    """Return the method that is the function `f`, with the arguments NumPy's has."""

    def method(self: Tracked, *args: Any, **kwargs: Any) -> Any:
        return recorded(f, f, (self, *args), kwargs, name)

    method.__name__ = method.__qualname__ = name or f.name
    method.__doc__ = f"Return xp.{f.name} of the array."
    return method


def _numpy_method(function: Callable[..., Any]) -> Any:
    """Return the method that is a NumPy function called on the array."""

    def method(self: Tracked, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"Return xp.{function.__name__} of the array."
    return method


def _renewing_method(function: Callable[..., Any]) -> Any:
    """Return the method by which NumPy writes into an array: this one is renewed."""

    def method(self: Tracked, *args: Any, **kwargs: Any) -> None:
        self[...] = function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"Write xp.{function.__name__} of the array into it."
    return method


for _f in (F.sum, F.prod, F.mean, F.std, F.var, F.max, F.min, F.repeat, F.take):
    setattr(Tracked, _f.name, _method(_f))
for _f in (F.all, F.any, F.argmax, F.argmin, F.argsort, F.nonzero, F.searchsorted, F.round):
    setattr(Tracked, _f.name, _method(_f))
for _f in (np.argpartition, np.choose, np.diagonal, np.ptp, np.trace):
    setattr(Tracked, _f.__name__, _numpy_method(_f))
for _f in (np.partition, IN_PLACE["put"], np.sort):
    setattr(Tracked, _f.__name__, _renewing_method(_f))
Tracked.cumsum = _method(F.cumulative_sum, "cumsum")  # type: ignore[attr-defined]
Tracked.cumprod = _method(F.cumulative_prod, "cumprod")  # type: ignore[attr-defined]


_STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]


def _check_not_assigned() -> None:
    """Raise ConversionError where it is `array[i] = x` that asks `x` for its number.

    NumPy asks by `float(x)`, as users do who want to leave the tape: the bytecode tells them apart.
    """
    frame = sys._getframe(3)  # pyright: ignore[reportPrivateUsage]
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

    def call(self, f: Any, args: Any, kwargs: Any) -> Any:
        """Call `f` once the arrays are brought up to date, if they can be."""
        _check_all(f.name, args)
        return youngest(args).call(f, args, kwargs)

    def binary(self, f: Any, a: Any, b: Any) -> Any:
        """Call `f` once the arrays are brought up to date, if they can be."""
        return self.call(f, (a, b), {})

    @staticmethod
    def error(name: str) -> AliasError:
        """Return the error for a use of such an array in a function."""
        return AliasError(
            f"{name}: a recorded array shares its memory with another one that was assigned to "
            f"since (x[...] = v or x += v). NumPy would show the assignment here, a recording "
            f"cannot. Assign to the array itself, x[i, j] = v instead of x[i][j] = v, or take the "
            f"view after the assignment, or take a copy: x[i].copy()"
        )


def _check_all(name: str, args: Any) -> None:
    for x in args:
        if type(x) is Tracked:
            x.check_current(name)
        elif type(x) in (list, tuple):
            _check_all(name, x)


_STALE = _Stale()
