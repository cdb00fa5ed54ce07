"""Which namespace answers a call.

A call is answered by the library its arrays come from: NumPy, CuPy (through array_api_compat),
any other library that follows the array-API standard, or Python's own `math` where there are only
Python scalars. Values that stand for others (recorded values, symbols) belong to a *level*, and the
youngest level among the arguments answers instead.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import array_api_compat
import array_api_compat.numpy as compat_numpy
import numpy as np

from gpugrad import numpy_reductions
from gpugrad.cupy_functions import CREATIONS, CupyFunctions
from gpugrad.errors import ArgumentError, MixedArraysError

SCALAR_TYPES = frozenset({float, complex, int, bool})
HOLDERS: set[type] = {list, tuple}  # of what is a value of a level, or may have one in it

_births = itertools.count()


class Level:
    """One layer of interpretation: a tape, or what else gives a meaning of its own to a call.

    Levels nest in any order. The youngest one among a call's arguments answers it by `call`,
    and passes what it computes on to the levels below by calling primitives on unwrapped values.
    """

    constant = False  # whether no gradient flows through its values
    left = False  # whether float(x) or x.item() took a number away from it

    def __init__(self) -> None:
        self.birth: float = next(_births)

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer the call of the primitive `f`."""
        raise NotImplementedError

    def has_rule(self, f: Any) -> bool:
        """Say whether there is a rule by which to call a function that has a definition, too."""
        return bool(f.rrules)

    def unary(self, f: Any, x: Any) -> Any:
        """Answer the call of a differentiable function of one value of this level."""
        return self.call(f, (x,), {})

    def binary(self, f: Any, a: Any, b: Any) -> Any:
        """Answer the call of a differentiable function of two values, at least one of this level.

        The other one may be of a younger level, which then answers.
        """
        return youngest((a, b)).call(f, (a, b), {})


NO_LEVEL = Level()
NO_LEVEL.birth = -1


class LevelValue:
    """A value that belongs to a level; `level` says to which."""

    __slots__ = ("__weakref__", "level", "value")

    level: Level
    value: Any

    def __init_subclass__(cls) -> None:
        HOLDERS.add(cls)


def plain(x: Any) -> Any:
    """Return the array or number inside a value of any number of levels."""
    while isinstance(x, LevelValue):
        x = x.value
    return x


def has_levels(args: Iterable[Any]) -> bool:
    """Say whether there is a level value among `args` or in a list or tuple among them."""
    for x in args:  # noqa: SIM110 (a loop takes half the time of any)
        if type(x) in HOLDERS and (isinstance(x, LevelValue) or has_levels(x)):
            return True
    return False


def youngest(args: Iterable[Any]) -> Level:
    """Return the youngest level among `args`, looking into lists and tuples."""
    found = NO_LEVEL
    for argument in args:
        if isinstance(argument, LevelValue):
            level = argument.level
        elif type(argument) in (list, tuple):
            level = youngest(argument)
        else:
            continue
        if level.birth > found.birth:
            found = level
    return found


class Library:
    """An array library: its functions by their array-API names, and the little that differs.

    Args:
        name: what messages call it.
        modules: where its functions are, the first one that has a function giving it.
        extensions: modules, by name, that have more of "linalg" or "special"; imported when asked.
    """

    def __init__(self, name: str, *modules: Any, **extensions: str) -> None:
        self.name = name
        self.modules = modules
        self.extensions = extensions
        self._places: dict[str, list[Any]] = {"": list(modules)}

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function of that array-API name, such as linalg.solve, or None."""
        extension, _, name = path.rpartition(".")
        for module in self._places.get(extension) or self._extension(extension):
            found = getattr(module, name, None)
            if found is not None:
                return found
        return None

    def _extension(self, extension: str) -> list[Any]:
        """Return the modules that have the functions of an extension of the standard."""
        places = [getattr(module, extension, None) for module in self.modules]
        if extension in self.extensions:
            with contextlib.suppress(ImportError):  # SciPy is an extra
                places.append(importlib.import_module(self.extensions[extension]))
        self._places[extension] = places
        return places

    def advice(self, path: str) -> str:
        """Return what to do where the library has no function of that name."""
        missing = path.partition(".")[0] in self.extensions and not self.function("special.erf")
        return " Install SciPy: pip install 'gpugrad[scipy]'" if missing else ""

    def own(self, name: str) -> Callable[..., Any] | None:
        """Return what computes a function here better than the library's own, or None."""
        return None

    def kernel(self, path: str, arrays: Iterable[Any]) -> Callable[..., Any] | None:
        """Return gpugrad's kernel for a function of such arrays, or None.

        It may decline a call: it then returns NotImplemented.
        """
        return None

    def dtype(self, dtype: Any) -> Any:
        """Return this library's data type for a NumPy or Python one; its own pass through."""
        return dtype

    def create(self, name: str, *args: Any, like: Any, **options: Any) -> Any:
        """Call a creation function on the device of the array `like`."""
        function: Any = self.function(name)
        return function(*args, device=array_api_compat.device(like), **options)

    def arange(self, count: int, like: Any) -> Any:
        """Return 0, 1, … on the device of the array `like`."""
        return self.create("arange", count, like=like)

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Return `out`, with values added to it at an index, or the maximum taken with them.

        Args:
            name: "add" or "maximum".
            out: array, which may be changed in place.
            index: where; repeated positions all count.
            values: array that broadcasts to the shape of out[index].
        """
        getattr(self.modules[0], name).at(out, index, values)
        return out


class ForeignLibrary(Library):
    """Any other array-API library, which offers what the standard says and no more."""

    def dtype(self, dtype: Any) -> Any:
        """Return this library's data type of the same name."""
        if isinstance(dtype, (np.dtype, type)):
            return getattr(self.modules[0], np.dtype(dtype).name)
        return dtype

    take_dtypes: ClassVar[frozenset[str]] = frozenset(
        {
            *("arange", "asarray", "astype", "can_cast", "cumulative_prod", "cumulative_sum"),
            *("empty", "empty_like", "eye", "finfo", "full", "full_like", "iinfo", "isdtype"),
            *("linalg.trace", "linspace", "ones", "ones_like", "prod", "result_type", "sum"),
            *("zeros", "zeros_like"),
        }
    )

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function, which takes the data types of `gpugrad.xp` too."""
        found = super().function(path)
        if found is None or path not in self.take_dtypes:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            named = {key: self.dtype(value) for key, value in kwargs.items()}
            return found(*map(self.dtype, args), **named)

        return call

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Combine the values with each place that they go to: the standard has no scatter.

        Slow, but right.
        """
        xp = self.modules[0]
        places = self.arange(out.size, out)
        taken = self.taken(xp.reshape(places, out.shape), index)
        hit = xp.reshape(taken, (-1, 1)) == places[None, :]
        values = xp.reshape(xp.broadcast_to(values, taken.shape), (-1,))
        if name == "add":
            sums = xp.matmul(values, xp.astype(hit, out.dtype))
            return out + xp.reshape(sums, out.shape)
        nothing = self.create("full", (), -math.inf, like=out, dtype=out.dtype)
        parts = xp.where(hit, values[:, None], nothing)
        every = xp.concat([xp.reshape(out, (1, -1)), parts], axis=0)
        return xp.reshape(xp.max(every, axis=0), out.shape)

    def own(self, name: str) -> Callable[..., Any] | None:
        """Return `taken` for what elsewhere is the operator x[index]."""
        return self.taken if name == "getitem" else None

    def taken(self, x: Any, index: Any) -> Any:
        """Return x[index]; integers for one of several axes, the standard has in `take` alone."""
        parts = index if isinstance(index, tuple) else (index,)
        *others, last = parts
        leading = all(isinstance(part, slice) and part == slice(None) for part in others)
        if leading and len(x.shape) > 1 and getattr(last, "shape", ()) and kind_of(last) == "i":
            return self.modules[0].take(x, last, axis=len(others))
        return x[index]


class NumpyLibrary(Library):
    """NumPy, whose main namespace follows the standard, with array_api_compat for the gaps."""

    only_compat: ClassVar[set[str]] = {"argsort", "sort"}  # `descending` is the standard's alone
    if np.lib.NumpyVersion(np.__version__) < "2.1.0":
        only_compat |= {"astype", "clip", "count_nonzero", "reshape", "take_along_axis"}
    faster: ClassVar[dict[str, Any]] = {"max": numpy_reductions.max, "sum": numpy_reductions.sum}

    def create(self, name: str, *args: Any, like: Any, **options: Any) -> Any:
        """Call a creation function: there is one device."""
        return getattr(np, name)(*args, **options)

    def own(self, name: str) -> Callable[..., Any] | None:
        """Return the functions of `numpy_reductions`."""
        return self.faster.get(name)

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return NumPy's function, or array_api_compat's where NumPy's differs or is missing."""
        if path in self.only_compat:
            return getattr(compat_numpy, path, None)
        return super().function(path)


NUMPY = NumpyLibrary("NumPy", np, compat_numpy, linalg="scipy.linalg", special="scipy.special")

_libraries: dict[type, Library | None] = dict.fromkeys(SCALAR_TYPES)


class CupyLibrary(Library):
    """CuPy, with array_api_compat's functions for its arrays, and gpugrad's own kernels.

    Args:
        compat: the module array_api_compat.cupy.
        cupy: the module cupy.
    """

    kernels: ClassVar[dict[str, Callable[..., Any]]] = {}  # by the functions' paths

    def __init__(self, compat: Any, cupy: Any) -> None:
        places = {"linalg": "cupyx.scipy.linalg", "special": "cupyx.scipy.special"}
        super().__init__("CuPy", compat, cupy, **places)
        self.functions = CupyFunctions(cupy, compat)

    def own(self, name: str) -> Callable[..., Any] | None:
        """Return one of `CupyFunctions`."""
        return self.functions.by_path.get(name)

    def scatter(self, name: str, out: Any, index: Any, values: Any) -> Any:
        """Return `out`, with values added to it at an index, or the maximum taken with them."""
        return self.functions.scatter(name, out, index, values)

    def function(self, path: str) -> Callable[..., Any] | None:
        """Return the library's function; of Fourier transforms, array_api_compat's differ."""
        if path in CREATIONS:
            return functools.partial(self.functions.create, path)
        if path.startswith("fft.") and not path.endswith("freq"):  # n and axis by position
            return getattr(self.modules[1].fft, path.removeprefix("fft."), None)
        found = super().function(path)
        return self._special(path, found) if found and path.startswith("special.") else found

    def _special(self, path: str, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return a special function that says what to do where CuPy refuses its arguments."""

        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return f(*args, **kwargs)
            except TypeError as error:
                if not str(error).startswith("Wrong type"):
                    raise
                raise ArgumentError(f"{path}: CuPy says {error}.{self.advice(path)}") from error

        return call

    def advice(self, path: str) -> str:
        """Return what to write in the place of a special function that CuPy does not have."""
        extension, _, name = path.rpartition(".")
        if extension != "special":
            return ""
        orders = f" Of the orders 0 and 1 there are special.{name[0]}0 and {name[0]}1."
        return (
            f"{orders if name in _BESSEL else ''} On the host SciPy has it: call "
            f"xp.special.{name} with cupy.asnumpy(x)"
        )

    def kernel(self, path: str, arrays: Iterable[Any]) -> Callable[..., Any] | None:
        """Return gpugrad's kernel for a function of such arrays, or None."""
        found = self.kernels.get(path)
        return found if found and any(isinstance(x, CudaArray) for x in _items(arrays)) else None


_BESSEL = frozenset({"iv", "jv", "kv", "yv"})


def _items(values: Iterable[Any]) -> Iterator[Any]:
    """Yield values, and what is in the lists among them."""
    for value in values:
        if type(value) in (list, tuple):
            yield from _items(value)
        else:
            yield value


class CudaArray(abc.ABC):  # noqa: B024 (nothing inherits it: CuPy's arrays are recognised)
    """The type of CuPy's arrays, for the registration of rules: it is known without CuPy.

    Subclasses, which may compute otherwise, are none unless they are registered.
    """

    @classmethod
    def __subclasshook__(cls, kind: type) -> Any:
        is_array = kind.__name__ == "ndarray" and kind.__module__.partition(".")[0] == "cupy"
        return is_array or NotImplemented


@functools.cache
def cupy_library() -> CupyLibrary:
    """Return CuPy as a library. The one place where CuPy is imported."""
    import array_api_compat.cupy as compat_cupy  # pyright: ignore[reportMissingImports]
    import cupy  # pyright: ignore[reportMissingImports]

    return CupyLibrary(compat_cupy, cupy)


_foreign: dict[str, Library] = {}


def library_of(x: Any) -> Library | None:
    """Return the library of the array `x`, or None for a Python scalar.

    Raises ArgumentError where `x` is neither.
    """
    kind = type(x)
    try:
        return _libraries[kind]
    except KeyError:
        found = _find_library(x)
        _libraries[kind] = found
        return found


def _find_library(x: Any) -> Library | None:
    if isinstance(x, (np.ndarray, np.generic)):
        return NUMPY
    if isinstance(x, (float, complex, int)):
        return None
    if array_api_compat.is_cupy_array(x):
        return cupy_library()
    if not isinstance(x, type) and hasattr(x, "__array_namespace__"):
        module = x.__array_namespace__()
        name = module.__name__
        return _foreign.setdefault(name, ForeignLibrary(name, module))
    raise not_an_array(x)


def not_an_array(x: Any) -> ArgumentError:
    """Return the error for something that is neither an array nor a number."""
    return ArgumentError(
        f"expected an array or a number, got {type(x).__name__}: convert it first, "
        f"for instance with xp.asarray(...)"
    )


def common_library(args: Iterable[Any], name: str) -> Library | None:
    """Return the one library of the arrays among `args`; None where all are Python scalars.

    NumPy's scalars (not its arrays) give way to another library's arrays.
    """
    found: Library | None = None
    weak: Library | None = None
    for argument in args:
        try:
            library = library_of(argument)
        except ArgumentError as error:
            raise ArgumentError(f"{name}: {error}") from None
        if library is None:
            continue
        if isinstance(argument, np.generic):
            weak = library
        elif found is None:
            found = library
        elif found is not library:
            raise MixedArraysError(
                f"{name}: arrays of {found.name} and {library.name} in one call. Move one over "
                f"first, for instance with cupy.asarray(x) or cupy.asnumpy(x)"
            )
    return found or weak


def library_among(values: Iterable[Any]) -> Library | None:
    """Return the library of the arrays among `values`, looking into lists and tuples.

    None where there is no array. What is no array, such as an option, is passed over.
    """
    found: Library | None = None
    for value in values:
        if type(value) in (list, tuple):
            kinds = {type(item): item for item in value}  # a model's parameters are of few types
            nested = list in kinds or tuple in kinds
            library = library_among(value if nested else kinds.values())
        else:
            library = library_of(value) if is_array(value) else None
        if library is not None and (found is None or found is NUMPY):
            found = library
    return found


def create(name: str, *args: Any, like: Any, **options: Any) -> Any:
    """Call a creation function (arange, zeros, eye, full …) by the library and device of `like`.

    Args:
        name: the standard's name of the function.
        args: its arguments.
        like: an array, recorded or not; of a Python number, NumPy answers.
        options: its keywords; a dtype may be `like`'s own, NumPy's or Python's.
    """
    like = plain(like)
    library = library_of(like) or NUMPY
    if "dtype" in options:
        options["dtype"] = library.dtype(options["dtype"])
    return library.create(name, *args, like=like, **options)


def library_for(dtype: Any = None, device: Any = None) -> Library:
    """Return the library that `dtype` or `device` belong to, NumPy where neither says."""
    for thing in (device, dtype):
        root = type(thing).__module__.partition(".")[0]
        if root == "cupy":
            return cupy_library()
        if root not in {"numpy", "builtins"} and thing is not None:
            module = sys.modules[root]
            return _foreign.setdefault(root, ForeignLibrary(root, module))
    return NUMPY


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, and () for a Python scalar."""
    if type(x) in SCALAR_TYPES:
        return ()
    try:
        return x.shape
    except AttributeError:
        raise not_an_array(x) from None


def is_array(x: Any) -> bool:
    """Say whether `x` is an array of some library; NumPy's scalars are, Python's are not."""
    try:
        return library_of(x) is not None
    except ArgumentError:
        return False


_SCALAR_KINDS: dict[Any, str] = {float: "f", complex: "c", int: "i", bool: "b"}
_KINDS = {"f": "f", "c": "c", "i": "i", "u": "i", "b": "b"}


def kind_of(x: Any) -> str:
    """Return "f" for real floating, "c" for complex, "i" for integer and "b" for boolean values."""
    try:
        return _KINDS[x.dtype.kind]
    except (AttributeError, KeyError):
        return _SCALAR_KINDS.get(type(x)) or _foreign_kind(x)


@functools.cache
def _kind_named(name: str) -> str:
    if "bfloat" in name or "float8" in name:
        return "f"
    return _KINDS.get(np.dtype(name).kind, "o")


def _foreign_kind(x: Any) -> str:
    """Tell the kind of a foreign library's data type by its name, as of bfloat16 and its kin."""
    if not hasattr(x, "dtype"):
        raise not_an_array(x)
    return _kind_named(str(x.dtype).rpartition(".")[2])
