"""CuPy's own functions on recorded arrays.

CuPy offers a protocol for its ufuncs, its users' elementwise kernels and simple reductions, which
recorded arrays answer. Its other functions check types, and refuse what is not a `cupy.ndarray`.
`patch_cupy` puts functions in their places that look for recorded arrays among the arguments first.
`explain` says what to write where it is not switched on.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType, TracebackType
from typing import Any, NoReturn

import numpy as np

from gpugrad import functions as F
from gpugrad import xp
from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.levels import HOLDERS, LevelValue, has_levels, plain, youngest
from gpugrad.dispatch.primitive import Function
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import ArgumentError, GpugradError
from gpugrad.functions.numpy_calls import CALLS, IN_PLACE
from gpugrad.tracing.protocols import FACTS, recorded
from gpugrad.tracing.value import Tracked

# What CuPy's checks of a type raise.
REFUSALS = (TypeError, AttributeError, ValueError)

_MODULES = {
    "cupy": np,
    "cupy.linalg": np.linalg,
    "cupy.fft": np.fft,
    "cupyx.scipy": None,
    "cupyx.scipy.fft": None,
    "cupyx.scipy.linalg": None,
    "cupyx.scipy.special": None,
}  # with NumPy's module of the same functions, which CuPy follows in names and arguments
_ROOTS = frozenset({"cupy", "cupyx"})
_CONVERSIONS = frozenset({"array", "asanyarray", "asarray", "ascontiguousarray"})


class Patch:
    """What `patch_cupy` returns: on from the start, off after `undo`, or at the end of a `with`."""

    def __init__(self) -> None:
        _patching.switch_on(self)

    def undo(self) -> None:
        """Take back this switching on; a second time does nothing."""
        _patching.switch_off(self)

    def __enter__(self) -> Patch:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()


def patch_cupy() -> Patch:
    """Let CuPy's own functions be recorded, so that CuPy code differentiates as it is.

    Without it, CuPy refuses recorded arrays in all but its ufuncs, its users' elementwise kernels,
    and the functions that call a method of their argument: `cupy.exp`, `cupy.sum` and `x @ y` are
    recorded, `cupy.matmul`, `cupy.concatenate`, `cupy.einsum`, `cupy.linalg.*` and `cupy.fft.*` are
    not. With it, these and those of `cupyx.scipy.special`, `.linalg` and `.fft` are. A function for
    which gpugrad has no derivative runs as CuPy wrote it, and is recorded as what it is made of;
    where CuPy refuses, the error says what to write.

    It is one switch for the process: other threads see it too. Every call counts, and CuPy is as
    it was once each has been undone. Where CuPy is not installed it does nothing.

    A function that was imported by name before (`from cupy import matmul`) stays CuPy's.

    Returns:
        The switch: `undo()` takes it back, and so does the end of a `with`.

    Example:
        >>> import gpugrad as gg
        >>> with gg.patch_cupy():
        ...     pass  # y, back = gg.pullback(lambda x: cupy.matmul(x, x), x)
    """
    return Patch()


class _Patching:
    """The one place that knows what is patched, and which switches want it to be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switches: set[Patch] = set()
        self._patched: list[tuple[ModuleType, str, Function]] = []
        self._dispatchers: dict[Function, Function] = {}

    def switch_on(self, switch: Patch) -> None:
        with self._lock:
            if not self._switches:
                for module, name, original in _functions():
                    self._patched.append((module, name, original))
                    setattr(module, name, self._dispatcher(module.__name__, name, original))
            self._switches.add(switch)

    def switch_off(self, switch: Patch) -> None:
        with self._lock:
            self._switches.discard(switch)
            while self._patched and not self._switches:
                module, name, original = self._patched.pop()
                # What somebody else put there since then stays.
                if vars(module).get(name) is self._dispatchers[original]:
                    setattr(module, name, original)

    def _dispatcher(self, module: str, name: str, original: Function) -> Function:
        """Return what takes a function's place: the same each time, whoever kept it."""
        found = self._dispatchers.get(original)
        if found is None:
            found = self._dispatchers[original] = _dispatcher(module, name, original)
        return found


_patching = _Patching()


def _functions() -> Iterator[tuple[ModuleType, str, Function]]:
    """Yield CuPy's functions, less those that ask for a protocol, and where they are."""
    try:
        cupy_library()
    except ImportError:
        return
    for place in _MODULES:
        try:
            module = importlib.import_module(place)
        except ImportError:  # it needs a library of CUDA that is not here
            continue
        for name, value in list(vars(module).items()):
            kind = type(value)
            if name.startswith("_") or not callable(value) or isinstance(value, type):
                continue
            if _root(value) in _ROOTS and kind.__name__ != "ufunc":
                yield module, name, value


def _root(f: Any) -> str:
    """Return the name of the package that a function is from."""
    return (getattr(f, "__module__", None) or type(f).__module__).partition(".")[0]


def _dispatcher(place: str, name: str, original: Function) -> Function:
    """Return a function that answers for recorded arguments, and else calls the original."""

    @functools.wraps(original)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for x in args:  # written out: calls of has_levels would double what it costs
            if type(x) in HOLDERS and (isinstance(x, LevelValue) or has_levels(x)):
                return answer(args, kwargs)
        if not kwargs:
            return original(*args)
        for x in kwargs.values():
            if type(x) in HOLDERS and (isinstance(x, LevelValue) or has_levels(x)):
                return answer(args, kwargs)
        return original(*args, **kwargs)

    # Where it is found, not where CuPy wrote it: a pickled function is looked up there.
    dispatching.__module__, dispatching.__qualname__ = place, name
    # As on NumPy's functions, it marks a function that sees recorded arguments: it takes rules.
    dispatching._implementation = original  # type: ignore[attr-defined]
    answer = _answer_of(place, name, dispatching, original)
    return dispatching


def _answer_of(
    place: str, name: str, dispatching: Function, original: Function
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """Return what a function does where there are recorded values among its arguments."""
    if name == "get_array_module":  # of what the values are
        return lambda args, kwargs: original(*map(plain, args), **kwargs)
    if place == "cupy" and name in _CONVERSIONS:
        return functools.partial(_as_array, inspect.signature(original))
    twin = getattr(_MODULES[place], name, None)
    where = f"{place}.{name}"

    def answer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if twin is not None and _has_answer(twin):
            return _ask(twin, args, kwargs)
        f = primitive_of(dispatching)
        if f is not None:
            return recorded(f, dispatching, args, kwargs)
        level = youngest((*args, *kwargs.values()))
        if level.constant:
            return level.call(original, args, kwargs)
        try:
            return original(*args, **kwargs)
        except REFUSALS as error:
            if not isinstance(error, GpugradError):
                _refuse(where, None, error)
            raise

    return answer


def _has_answer(function: Any) -> bool:
    """Say whether recorded arrays answer for a function of NumPy."""
    by_name = function.__name__ in CALLS or function.__name__ in IN_PLACE
    return by_name or function in FACTS or primitive_of(function) is not None


def _ask(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function of NumPy by the protocol for it: CuPy's arguments are NumPy's."""
    asked = _first((*args, *kwargs.values()))
    if isinstance(function, np.ufunc):
        given = {key: value for key, value in kwargs.items() if value is not None}
        return asked.__array_ufunc__(function, "__call__", *args, **given)
    return asked.__array_function__(function, (), args, kwargs)


def _first(values: Iterable[Any]) -> Any:
    """Return the first recorded value among `values`, or in a list or tuple among them."""
    for value in values:
        if isinstance(value, LevelValue):
            return value
        if has_levels((value,)):
            return _first(value)
    raise AssertionError


def _as_array(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer cupy.array and the like: what is recorded stays so, without an order in memory."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    x, *_ = bound.args
    options = bound.arguments
    y = xp.asarray(x, dtype=options["dtype"], copy=options.get("copy"))
    missing = options.get("ndmin", 0) - y.ndim
    return y if missing <= 0 else F.reshape(y, (1,) * missing + y.shape)


# --- What CuPy raised, said better ------------------------------------------------------------


def explain(error: Exception) -> None:
    """Raise an error that says what to write where a function of CuPy refused a recorded array.

    Args:
        error: what the function that is being differentiated raised.
    """
    if "cupy" not in sys.modules or isinstance(error, GpugradError):
        return
    frames = list(_frames(error.__traceback__))
    roots = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    for place, frame in enumerate(frames):
        if roots[place] in _ROOTS and has_levels(frame.f_locals.values()):
            # Where CuPy had passed it on to somebody else, it was not CuPy that refused.
            if {*roots[place:]} <= {*_ROOTS, "numpy"}:
                where, instead = _called(frame)
                _refuse(where, instead, error)
            return
    text = str(error)
    unframed = isinstance(error, TypeError) and Tracked.__name__ in text  # a method, or a kernel
    if unframed and (roots[-1] in _ROOTS or "cupy." in text):
        raise ArgumentError(
            f"CuPy refused a recorded array ({error}). Write it with operators or with functions "
            f"of gpugrad.xp; a kernel of your own takes a rule once gpugrad.primitive is around it"
        ) from error


def _frames(traceback: TracebackType | None) -> Iterable[Any]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _called(frame: Any) -> tuple[str, str | None]:
    """Return the names of the function of CuPy that runs in a frame, and of ours in its place."""
    for place in _MODULES:
        for name, value in vars(sys.modules.get(place, ModuleType(place))).items():
            code = getattr(value, "__code__", None)
            if value is frame.f_locals.get("self", frame) or code is frame.f_code:
                f = primitive_of(value)
                path = "asarray" if name in _CONVERSIONS else f and f.path
                return f"{place}.{name}", path
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_name}", None


def _refuse(where: str, instead: str | None, error: Exception) -> NoReturn:
    if instead is not None:
        raise ArgumentError(
            f"{where} does not take recorded arrays ({error}). Write xp.{instead}(...), or switch "
            f"on gpugrad.patch_cupy(), with which CuPy's own functions are recorded"
        ) from error
    raise ArgumentError(
        f"{where} has no rule and cannot be recorded ({error}). Write it with functions of "
        f"gpugrad.xp, or wrap it by gpugrad.primitive and give it a rule with "
        f"gpugrad.rrule.register"
    ) from error
