"""Calls of other libraries on recorded arrays: what NumPy and CuPy ask, and the answers.

NumPy asks `__array_ufunc__` and `__array_function__`, CuPy two hooks of its own. A call is taken
with NumPy's signature and passed on with the standard's, to the function of gpugrad that it is.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch import libraries
from gpugrad.dispatch.kinds import Array, DType, Index, shape_of
from gpugrad.dispatch.levels import LevelValue, plain, youngest
from gpugrad.dispatch.primitive import BY_NAME, Composite, Primitive
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import ArgumentError, GpugradError
from gpugrad.functions.elementwise import array_like
from gpugrad.functions.numpy_calls import CALLS, IN_PLACE
from gpugrad.functions.without_gradient import stopped


class Protocols(LevelValue):
    """A base for values that NumPy's and CuPy's functions are called on."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the values have besides
        shape: Any

        def __getitem__(self, index: Index) -> Any: ...
        def __setitem__(self, index: Index, values: Any) -> None: ...

    __array_priority__ = 1000.0

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "at":
            return _add_at(ufunc, *args)
        if self.level.constant and youngest((args, *kwargs.values())).constant:
            return self.level.call(getattr(ufunc, method), args, kwargs)
        f = primitive_of(ufunc)
        if not kwargs and method == "__call__" and f is not None:
            return f(*args) if len(args) == 1 else f(*_as_arrays(args))
        out = kwargs.pop("out", None)
        if out is not None:
            return _into(ufunc, out, getattr(ufunc, method)(*args, **kwargs))
        if f is not None and not f.differentiable:
            return getattr(ufunc, method)(*stopped(args), **stopped(kwargs))
        if method != "__call__":
            return _ufunc_method(ufunc, f, method, args, kwargs)
        if f is None:
            raise _not_recorded(ufunc)
        return recorded(f, ufunc, args, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if function in FACTS:
            return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        if function.__name__ in IN_PLACE and primitive_of(function) is None:
            return _in_place(function, *args, **kwargs)
        if self.level.constant and youngest((args, *kwargs.values())).constant:
            return self.level.call(function, args, kwargs)
        f = primitive_of(function)
        if f is None and function.__name__ not in CALLS:
            raise _not_recorded(function)
        if f is not None and not f.differentiable:
            return function(*stopped(args), **stopped(kwargs))
        return recorded(f, function, args, kwargs)

    # CuPy asks for these two: of its ufuncs and elementwise kernels, and of its reductions.
    # They are not documented; tests/tracing/test_cupy_patch.py holds them.

    def __cupy_override_elementwise_kernel__(self, kernel: Any, *args: Any, **kwargs: Any) -> Any:
        f = primitive_of(kernel)
        if f is None:
            if youngest((*args, *kwargs.values())).constant:
                return self.level.call(kernel, args, kwargs)
            raise _not_recorded(kernel)
        out = kwargs.pop("out", None)
        inputs, outputs = args[: kernel.nin], args[kernel.nin :] or (out,)
        (target,) = outputs[0] if type(outputs[0]) is tuple else outputs
        if target is None:
            return recorded(f, kernel, inputs, kwargs)
        if not isinstance(target, Protocols):
            raise ArgumentError(
                f"{_shown(kernel)} into a plain array (out=, x += v, or at) would drop the "
                f"gradient of the recorded one. Write y = xp.{f.path}(...), or x = x + v"
            )
        target[...] = recorded(f, kernel, inputs, kwargs)
        return target

    def __cupy_override_reduction_kernel__(
        self, kernel: Any, axis: Any, dtype: DType, out: Any, keepdims: Any
    ) -> Any:
        f = BY_NAME.get(kernel.name.removeprefix("cupy_"))
        if f is None:
            raise _not_recorded(kernel)
        options = {"axis": axis, "dtype": dtype, "out": out, "keepdims": keepdims}
        return recorded(f, f, (self,), options)


_NO_VALUE = inspect.signature(np.sum).parameters["keepdims"].default  # NumPy's mark of absence

# What these say of an array is no number that a gradient could flow through.
FACTS = {
    *(np.array2string, np.array_repr, np.array_str, np.can_cast, np.common_type),
    *(np.may_share_memory, np.min_scalar_type, np.ndim, np.result_type, np.shape),
    *(np.shares_memory, np.size),
}

_REDUCTIONS = {np.add: F.sum, np.multiply: F.prod, np.maximum: F.max, np.minimum: F.min}
_SCANS = {np.add: F.cumulative_sum, np.multiply: F.cumulative_prod}


def recorded(f: Any, original: Any, args: Any, kwargs: dict[str, Any], name: str = "") -> Any:
    """Call a function with the arguments that NumPy's function of that name was called with."""
    if kwargs:
        kwargs = {k: v for k, v in kwargs.items() if v is not _NO_VALUE}
    name = name or getattr(original, "__name__", "")
    call: Any = CALLS.get(name, f) if f is None or "." not in f.path else f
    try:
        if call is f and (kwargs or not isinstance(f, Composite)):
            args, kwargs = _bound(f, original, args, kwargs)
        return call(*args, **kwargs)
    except GpugradError:
        raise
    except TypeError as error:
        xp_name = name if f is None else f.path
        raise ArgumentError(
            f"{_shown(original)} of a recorded array: {error}. "
            f"Write it as xp.{xp_name}(...), with the array-API standard's arguments"
        ) from error


@functools.cache
def _signature(function: Any) -> inspect.Signature | None:
    """Return the signature of a NumPy function, None where it does not tell."""
    try:
        return inspect.signature(function) if hasattr(function, "_implementation") else None
    except ValueError:
        return None


def _bound(f: Any, original: Any, args: Any, kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Return arguments in the places where a definition, or a rule, has them.

    A rule has the arrays by position and the options by keyword; what has its default is left out.
    """
    if f.arrays is None and not f.sequence and not isinstance(f, Composite):
        args = _as_arrays(args)
    signature = _signature(original)
    if signature is None:
        return args, {k: v for k, v in kwargs.items() if v is not None}
    bound = signature.bind(*args, **kwargs)
    if isinstance(f, Composite):
        return bound.args, bound.kwargs
    count = max([getattr(rule, "positional", 0) for rule in f.rrules])
    given = [
        (name, value)
        for name, value in bound.arguments.items()
        if value is not signature.parameters[name].default
    ]
    return tuple([value for _, value in given[:count]]), dict(given[count:])


def _as_arrays(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments that are all arrays, those that are lists of numbers, too."""
    for x in args:  # a generator would cost a third of what recording does
        if type(x) in (list, tuple):
            break
    else:
        return args
    like = next(x for x in args if isinstance(x, Protocols))
    return tuple([array_like(x, like) for x in args])


def _in_place(function: Any, target: Any, *args: Any, **kwargs: Any) -> None:
    """Renew a recorded array that NumPy would write into."""
    name = function.__name__
    if not isinstance(target, Protocols):
        raise ArgumentError(
            f"numpy.{name} into a plain array would drop the gradient of the recorded one. Make "
            f"the array by xp.zeros_like(x), or write y = xp.{name}(...), which returns a new one"
        )
    target[...] = IN_PLACE[name](target, *args, **kwargs)


def _into(ufunc: Any, out: tuple[Any, ...], y: Array) -> Any:
    """Renew the recorded array that a ufunc's out= is."""
    (target,) = out if len(out) == 1 else (None,)
    if not isinstance(target, Protocols):
        raise ArgumentError(
            f"numpy.{ufunc.__name__} into a plain array would drop the gradient of the "
            f"recorded one. Write y = xp.{_name_in_xp(ufunc)}(...), without out= and not in place"
        )
    target[...] = y
    return target


def _name_in_xp(ufunc: Any) -> str:
    f = primitive_of(ufunc)
    return ufunc.__name__ if f is None else f.name


def _add_at(ufunc: Any, target: Any, index: Index, values: Any = None) -> None:
    """Renew a recorded array by what a ufunc does at an index, repeated places adding up."""
    if ufunc not in (np.add, np.subtract) or not isinstance(target, Protocols):
        raise ArgumentError(
            f"numpy.{ufunc.__name__}.at of a recorded array cannot be recorded. "
            f"Write x[index] = ..., with functions of gpugrad.xp; numpy.add.at writes into a "
            f"recorded array alone: make it by xp.zeros_like(x)"
        )
    values = F.broadcast_to(values, target[index].shape)
    target[...] = ufunc(target, F.scatter_add(values, index, target.shape))


def _ufunc_method(ufunc: Any, f: Any, method: str, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return what reduce, accumulate and outer of a ufunc say of recorded arrays."""
    if method == "reduce" and ufunc in _REDUCTIONS:
        return recorded(_REDUCTIONS[ufunc], _REDUCTIONS[ufunc], args, {"axis": 0, **kwargs})
    if method == "accumulate" and ufunc in _SCANS:
        return recorded(_SCANS[ufunc], _SCANS[ufunc], args, {"axis": 0, **kwargs})
    if method == "accumulate" and ufunc in (np.maximum, np.minimum):
        return _running(ufunc, *args, **kwargs)
    if method == "outer" and f is not None:
        a, b = args
        return f(F.reshape(a, (*shape_of(a), *(1 for _ in shape_of(b)))), b, **kwargs)
    raise ArgumentError(
        f"numpy.{ufunc.__name__}.{method} of a recorded array cannot be recorded. "
        f"Write it with functions of gpugrad.xp"
    )


def _running(ufunc: Any, x: Array, axis: int = 0) -> Any:
    """Return the running maximum or minimum: the last element that reached it."""
    best = ufunc.accumulate(stopped(x), axis=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    places = F.reshape(libraries.create("arange", x.shape[axis], like=x), tuple(shape))
    reached = F.where((best == x) | F.isnan(x), places, 0)
    return F.take_along_axis(x, np.maximum.accumulate(reached, axis=axis), axis=axis)


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
    if type(function).__name__ == "ufunc" and name.startswith("cupy"):
        return name.replace("_", ".", 1 + 2 * name.startswith("cupyx"))
    is_numpy = vars(np).get(name) is function
    module = "numpy" if is_numpy else getattr(function, "__module__", None)
    return f"{module}.{name}" if module else name
