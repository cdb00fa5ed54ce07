"""What a function that takes rules is, and by which other functions it goes.

A `Primitive` computes nothing itself: called on arrays, it is the function of that name of the
arrays' own library; called on Python floats, it is Python's; called on values of a level (recorded
values, symbols), the level decides what it means. Rules are attached to primitives.

A `Composite` is defined in terms of others. On a level's values its definition runs, so that it
has every derivative that its parts have, and needs no rule of its own.
"""

from __future__ import annotations

import cmath
import functools
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gpugrad.dispatch import libraries
from gpugrad.dispatch.levels import LevelValue, has_levels, youngest
from gpugrad.dispatch.library import Library
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.errors import ArgumentError, GpugradError

Function = Callable[..., Any]

ALIASES: dict[Any, Primitive] = {}
BY_NAME: dict[str, Primitive] = {}

# The array-API names of what NumPy and CuPy also call otherwise.
NEW_NAMES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "around": "round",
    "concatenate": "concat",
    "conjugate": "conj",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "degrees": "rad2deg",
    "fix": "trunc",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "mod": "remainder",
    "power": "pow",
    "radians": "deg2rad",
    "right_shift": "bitwise_right_shift",
    "transpose": "permute_dims",
    "trapz": "trapezoid",
    "true_divide": "divide",
}


class Primitive:
    """A function that takes rules: what it means depends on what it is called with.

    Args:
        name: its array-API name.
        aliases: the functions of Python and NumPy that are this one.
        module: the part of the namespace it is in: "linalg", "fft", "special"; "" is the main one.
        operator: a function of Python's that computes it on every kind of array and number.
        scalar: computes it on Python's real numbers.
        default: computes it where the arrays' library has no function of that name.
        definition: a default that is written in terms of other primitives.
        differentiable: False for functions whose derivative is zero or has no meaning.
        arrays: which arguments are arrays or numbers; all of them by default.
        keywords: names of array arguments that callers may also pass by keyword.
        defaults: their values where callers leave them out; None by default.
        sequence: True where the first argument is a sequence of arrays.
        view: True where the result may share its argument's memory.
    """

    __wrapped__: Function  # its declaration, which has the signature

    def __init__(
        self,
        name: str,
        *aliases: Function,
        module: str = "",
        operator: Function | None = None,
        scalar: Function | None = None,
        default: Function | None = None,
        definition: Function | None = None,
        differentiable: bool = True,
        arrays: tuple[int, ...] | None = None,
        keywords: tuple[str, ...] = (),
        defaults: tuple[Any, ...] = (),
        sequence: bool = False,
        view: bool = False,
    ) -> None:
        self.__name__ = self.__qualname__ = self.name = name
        self.path = f"{module}.{name}" if module else name
        self.operator = operator
        self.scalar = scalar
        self.default = definition or default
        self.definition = definition
        self.differentiable = differentiable
        self.arrays = arrays
        self.keywords = keywords
        self.defaults = defaults or (None,) * len(keywords)
        self.sequence = sequence
        self.view = view
        self.registered: list[tuple[type, Function]] = []  # by `implement`, the last one first
        self.implementations: dict[Any, Function] = {}  # by the types of the arguments
        self.by_library: dict[Library, Function] = {}
        self.rrules: list[Any] = []  # kept by the rule books, as are the next three
        self.frules: list[Any] = []
        self.bound_rules: dict[Any, Function] = {}
        self.bound_frules: dict[Any, Function | None] = {}
        for alias in aliases:
            ALIASES[alias] = self

    def __repr__(self) -> str:
        return f"<gpugrad function {self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function by what its arguments are."""
        if self.keywords:
            args, kwargs = self.positional(args, kwargs)
        try:
            # One argument is looked up by its type: a tuple would cost as much as the rest.
            key: Any = type(args[0]) if len(args) == 1 else tuple(map(type, args))
            implementation = self.implementations[key]
        except KeyError:
            implementation = self.resolve(args)
        return implementation(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self.name

    def positional(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Move arguments that were passed by keyword to their places, the defaults where absent."""
        values = [*args, *self.defaults[len(args) :]]
        rest = dict(kwargs)
        for place, name in enumerate(self.keywords):
            if name in rest:
                if place < len(args):
                    raise ArgumentError(
                        f"{self.name}: {name} was given twice, by position and by keyword. "
                        f"Leave one out"
                    )
                values[place] = rest.pop(name)
        return tuple(values), rest

    def resolve(self, args: tuple[Any, ...]) -> Function:
        """Return what computes this function on `args`, and remember it for their types."""
        if self.sequence:
            return self._resolve_sequence(args)
        if any(isinstance(argument, LevelValue) for argument in args):
            implementation = self._call_level_implementation(len(args))
        else:
            implementation = self._find(args)
        key = type(args[0]) if len(args) == 1 else tuple(map(type, args))
        self.implementations[key] = implementation
        return implementation

    def _call_level_implementation(self, count: int) -> Function:
        """Return the shortest way to the level of one of `count` arguments."""
        if count > 2 or not self.differentiable or self.view or self.keywords:
            return self._call_youngest
        return self._call_unary if count == 1 else self._call_binary

    def _call_unary(self, x: Any, **kwargs: Any) -> Any:
        return x.level.call(self, (x,), kwargs) if kwargs else x.level.unary(self, x)

    def _call_binary(self, a: Any, b: Any, **kwargs: Any) -> Any:
        if kwargs:
            return youngest((a, b)).call(self, (a, b), kwargs)
        level = a.level if isinstance(a, LevelValue) else b.level
        if isinstance(b, LevelValue) and b.level.birth > level.birth:
            level = b.level
        return level.binary(self, a, b)

    def _call_youngest(self, *args: Any, **kwargs: Any) -> Any:
        return youngest(args).call(self, args, kwargs)

    def _resolve_sequence(self, args: tuple[Any, ...]) -> Function:
        if has_levels(args):
            return self._call_youngest
        if not args or not isinstance(args[0], (tuple, list)) or not args[0]:
            raise ArgumentError(f"{self.name}: expected a non-empty sequence of arrays first")
        library = libraries.common_library(args[0], self.name)
        return self.on_arrays(library or NUMPY, args[0])

    def _find(self, args: tuple[Any, ...]) -> Function:
        places = range(len(args)) if self.arrays is None else self.arrays
        arrays = [args[i] for i in places if i < len(args) and args[i] is not None]
        if not arrays:
            raise ArgumentError(f"{self.name}: called without an array or a number")
        library = libraries.common_library(arrays, self.name)
        if library is None and self.operator is None:
            return self._for_scalars(arrays)
        return self.on_arrays(library or NUMPY, arrays)

    def on(self, library: Library) -> Function:
        """Return what computes this function on arrays of a library."""
        if library in self.by_library:
            return self.by_library[library]
        found = self.operator or library.function(self.path) or self.default
        if found is None:
            raise GpugradError(
                f"{library.name} has no function {self.path}.{library.advice(self.path)}"
            )
        self.by_library[library] = found
        return found

    def on_arrays(self, library: Library, arrays: Iterable[Any]) -> Function:
        """Return what computes this function on these arrays of a library.

        What was registered for a type of theirs is asked first, and may decline.
        """
        if not self.registered:
            return self.on(library)
        kinds = _types(arrays)  # a model's parameters are many, and of few types
        found = [f for kind, f in self.registered if any(issubclass(k, kind) for k in kinds)]
        if not found:
            return self.on(library)

        def otherwise(*args: Any, **kwargs: Any) -> Any:
            return self.on(library)(*args, **kwargs)

        return first_answer([*found, otherwise])

    def _for_scalars(self, args: list[Any]) -> Function:
        numpy_function = NUMPY.numpys(self.path)
        if any(isinstance(argument, complex) for argument in args):
            scalar = getattr(cmath, self.path, None)
        else:
            scalar = self.scalar
        if scalar is not None:
            return ieee(scalar, numpy_function) if numpy_function else scalar
        if numpy_function is None:
            return self.on(NUMPY)
        return functools.partial(_unboxed, numpy_function)


def _types(values: Iterable[Any]) -> set[type]:
    """Return the types of values, and of what is in the lists among them."""
    kinds = set(map(type, values))
    if list in kinds or tuple in kinds:
        for value in values:
            if type(value) in (list, tuple):
                kinds |= _types(value)
    return kinds


def implement(f: Primitive, kind: type) -> Callable[[Function], Function]:
    """Return a decorator that registers what computes a function on arrays of a type.

    It is called as the function is, where an array of that type is among the arguments (or in lists
    among them), and may return NotImplemented to decline: whatever was registered before is asked
    next, and at last the arrays' library.

    Args:
        f: the function.
        kind: a type of arrays, such as CudaArray.
    """

    def decorator(implementation: Function) -> Function:
        f.registered.insert(0, (kind, implementation))
        f.implementations.clear()
        return implementation

    return decorator


def implementation(f: Primitive, kind: type) -> Any:
    """Return what was registered last to compute a function on arrays of a type, or None."""
    return next((found for registered, found in f.registered if registered is kind), None)


def first_answer(choices: list[Function]) -> Function:
    """Return a function that asks each of `choices` in turn, until one does not decline."""
    first, *others = choices
    if not others:
        return first
    rest = first_answer(others)

    def answer(*args: Any, **kwargs: Any) -> Any:
        y = first(*args, **kwargs)
        return rest(*args, **kwargs) if y is NotImplemented else y

    return answer


def unboxed(y: Any) -> Any:
    """Return NumPy's number as Python's, and so those in a tuple; all else as it is."""
    if type(y) is tuple:
        return tuple(map(unboxed, y))
    boxed = isinstance(y, (np.generic, np.ndarray)) and y.shape == ()
    return y.item() if boxed else y


def _unboxed(f: Function, *args: Any, **kwargs: Any) -> Any:
    """Call a function of arrays on Python scalars and return one."""
    return unboxed(f(*args, **kwargs))


def ieee(scalar: Function, numpy_function: Function) -> Function:
    """Wrap a function of `math` to return inf or nan, as arrays do, where `math` raises."""

    def call(*args: Any) -> Any:
        try:
            return scalar(*args)
        except (ArithmeticError, ValueError):
            with np.errstate(all="ignore"):
                return numpy_function(*map(np.asarray, args)).item()

    return call


class Composite(Primitive):
    """A function written in terms of others, and recorded as what it is made of.

    Arrays may be anywhere among its arguments: in lists, and passed by keyword. Where `arrays` says
    which arguments they are, rules for it may be by kernels, which decline: then, and in forward
    mode, the definition runs.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function by the arrays' library, or by its definition."""
        values = (*args, *kwargs.values()) if kwargs else args
        assert self.definition is not None
        if has_levels(values):
            level = youngest(values)
            if level.constant:  # no derivative is asked for
                return level.call(self, args, kwargs)
            if level.has_rule(self, args):  # a kernel's, or one that somebody registered
                return level.call_by_rule(self, args, kwargs)
            return self.definition(*args, **kwargs)
        key = frozenset(_types(values))
        implementation = self.implementations.get(key) or self._find_among(key, values)
        return implementation(*args, **kwargs)

    def _find_among(self, key: frozenset[type], values: tuple[Any, ...]) -> Function:
        """Return what computes this function on such values, and remember it for their types."""
        library = libraries.library_among(values)
        found = self.on_arrays(library or NUMPY, values)
        if library is None:
            found = functools.partial(_unboxed, found)
        self.implementations[key] = found
        return found
