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
import inspect
import math
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gpugrad import namespace
from gpugrad.errors import ArgumentError, GpugradError
from gpugrad.namespace import LevelValue

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

    __signature__: inspect.Signature  # the standard's, for `help`: gpugrad.xp sets it

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
        self.__module__ = f"gpugrad.functions.{module}".removesuffix(".")  # for pickle
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
        self.implementations: dict[Any, Function] = {}  # by the types of the arguments
        self.by_library: dict[namespace.Library, Function] = {}
        self.rrules: list[Any] = []  # filled by the registry, as are the next three
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
            return namespace.youngest((a, b)).call(self, (a, b), kwargs)
        level = a.level if isinstance(a, LevelValue) else b.level
        if isinstance(b, LevelValue) and b.level.birth > level.birth:
            level = b.level
        return level.binary(self, a, b)

    def _call_youngest(self, *args: Any, **kwargs: Any) -> Any:
        return namespace.youngest(args).call(self, args, kwargs)

    def _resolve_sequence(self, args: tuple[Any, ...]) -> Function:
        if namespace.has_levels(args):
            return self._call_youngest
        if not args or not isinstance(args[0], (tuple, list)) or not args[0]:
            raise ArgumentError(f"{self.name}: expected a non-empty sequence of arrays first")
        library = namespace.common_library(args[0], self.name)
        return self.on_arrays(library or namespace.NUMPY, args[0])

    def _find(self, args: tuple[Any, ...]) -> Function:
        places = range(len(args)) if self.arrays is None else self.arrays
        arrays = [args[i] for i in places if i < len(args) and args[i] is not None]
        if not arrays:
            raise ArgumentError(f"{self.name}: called without an array or a number")
        library = namespace.common_library(arrays, self.name)
        if library is None and self.operator is None:
            return self._for_scalars(arrays)
        return self.on_arrays(library or namespace.NUMPY, arrays)

    def on(self, library: namespace.Library) -> Function:
        """Return what computes this function on arrays of a library."""
        if library in self.by_library:
            return self.by_library[library]
        found = (
            library.own(self.path) or self.operator or library.function(self.path) or self.default
        )
        if found is None:
            raise GpugradError(
                f"{library.name} has no function {self.path}.{library.advice(self.path)}"
            )
        self.by_library[library] = found
        return found

    def on_arrays(self, library: namespace.Library, arrays: Iterable[Any]) -> Function:
        """Return what computes this function on these arrays of a library: a kernel, if any."""
        kernel = library.kernel(self.path, arrays)
        if kernel is None:
            return self.on(library)

        def otherwise(*args: Any, **kwargs: Any) -> Any:
            return self.on(library)(*args, **kwargs)

        return first_answer([kernel, otherwise])

    def _for_scalars(self, args: list[Any]) -> Function:
        numpy_function = namespace.NUMPY.function(self.path)
        if any(isinstance(argument, complex) for argument in args):
            scalar = getattr(cmath, self.path, None)
        else:
            scalar = self.scalar
        if scalar is not None:
            return ieee(scalar, numpy_function) if numpy_function else scalar
        if numpy_function is None:
            return self.on(namespace.NUMPY)
        return functools.partial(_unboxed, numpy_function)


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


def _unboxed(numpy_function: Function, *args: Any, **kwargs: Any) -> Any:
    """Call a NumPy function on Python scalars and return one."""
    return unboxed(numpy_function(*args, **kwargs))


def ieee(scalar: Function, numpy_function: Function) -> Function:
    """Wrap a function of `math` to return inf or nan, as arrays do, where `math` raises."""

    def call(*args: Any) -> Any:
        try:
            return scalar(*args)
        except (ArithmeticError, ValueError):
            with np.errstate(all="ignore"):
                return numpy_function(*map(np.asarray, args)).item()

    return call


def primitive_of(f: Any) -> Primitive | None:
    """Return the primitive that `f` is: itself, an alias, or an array library's function."""
    if isinstance(f, Primitive):
        return f
    try:
        found = ALIASES.get(f)
    except TypeError:  # an unhashable callable
        return None
    return found or _library_function(f)


def _library_function(f: Any) -> Primitive | None:
    """Recognise a function of CuPy, or of another array library, by where it is found."""
    root = (getattr(f, "__module__", None) or type(f).__module__).partition(".")[0]
    if root not in _ROOTS and not hasattr(sys.modules.get(root), "__array_api_version__"):
        return None
    for extension, places in _PLACES.items():
        for place in places:
            for name in _names_of(f, sys.modules.get(place.format(root))):
                if root == "scipy" and hasattr(np.linalg, name):
                    continue  # scipy.linalg has other defaults: cholesky(x) is the upper triangle
                name = NEW_NAMES.get(name, name)
                found = BY_NAME.get(f"{extension}{name}") or BY_NAME.get(name)
                if found:
                    ALIASES[f] = found
                    return found
    return None


def _names_of(f: Any, module: Any) -> list[str]:
    """Return the names by which a module knows a function, or what dispatches in its place."""
    if module is None:
        return []
    found = [
        name
        for name, value in vars(module).items()
        if value is f or getattr(value, "__wrapped__", None) is f
    ]
    if not found and type(f).__name__ == "ufunc" and f.__name__.startswith("cupy_"):
        found = [f.__name__.removeprefix("cupy_")]  # behind a function, as behind cupy.where
    return found


_ROOTS = frozenset({"cupy", "cupyx", "numpy", "scipy"})
_PLACES = {
    "": ("{}",),
    "linalg.": ("{}.linalg", "cupyx.scipy.linalg"),
    "fft.": ("{}.fft", "cupyx.scipy.fft"),
    "special.": ("scipy.special", "cupyx.scipy.special"),
}


class Composite(Primitive):
    """A function written in terms of others, and recorded as what it is made of.

    Arrays may be anywhere among its arguments: in lists, and passed by keyword.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function by the arrays' library, or by its definition."""
        values = (*args, *kwargs.values()) if kwargs else args
        assert self.definition is not None
        if namespace.has_levels(values):
            level = namespace.youngest(values)
            if level.constant:  # no derivative is asked for
                return level.call(self, args, kwargs)
            if level.has_rule(self):  # one that somebody registered
                return self.by_rule(self, args, kwargs)
            return self.definition(*args, **kwargs)
        library = namespace.library_among(values)
        y = self.on_arrays(library or namespace.NUMPY, values)(*args, **kwargs)
        return unboxed(y) if library is None else y

    @staticmethod
    def by_rule(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `f` on recorded arguments, which may be structures: `opaque` says how."""
        raise NotImplementedError


def function(
    name: str,
    *aliases: Function,
    module: str = "",
    kind: type = Primitive,
    home: str = "",
    **options: Any,
) -> Any:
    """Make the primitive of an array-API name, with NumPy's functions of that name as aliases.

    `home` is the Python module it is in, where that is not gpugrad.functions.`module`.
    """
    old_names = [old for old, new in NEW_NAMES.items() if new == name]
    place = vars(getattr(np, module) if module in ("linalg", "fft") else np)
    numpy_functions = (
        [] if module == "special" else [place[n] for n in (name, *old_names) if n in place]
    )
    found = kind(name, *aliases, *numpy_functions, module=module, **options)
    found.__module__ = home or found.__module__
    BY_NAME[found.path] = found
    return found


def math_function(name: str) -> Primitive:
    """Make the primitive of a function that Python's `math`, and perhaps `cmath`, have too."""
    modules = [module for module in (math, cmath) if hasattr(module, name)]
    aliases = [vars(module)[name] for module in modules]
    return function(name, *aliases, scalar=vars(math)[name])


def operator_function(name: str, f: Function, *aliases: Function, **options: Any) -> Primitive:
    """Make the primitive of one of Python's operators."""
    return function(name, f, *aliases, operator=f, **options)


def constant(name: str, *aliases: Function, **options: Any) -> Primitive:
    """Make a primitive through which no gradient flows."""
    return function(name, *aliases, differentiable=False, **options)


def composite(module: str = "", *aliases: Function) -> Callable[[Function], Composite]:
    """Return a decorator that makes a Composite of its definition, which it documents.

    Where a library has a function of that name, it computes the value on the library's arrays.
    """

    def decorator(definition: Function) -> Composite:
        found = function(
            definition.__name__, *aliases, module=module, kind=Composite, definition=definition
        )
        found.__doc__ = definition.__doc__
        found.__module__ = definition.__module__
        found.__wrapped__ = definition
        return found

    return decorator


def named(kind: type[Primitive] = Primitive, **options: Any) -> Callable[[Function], Any]:
    """Return a decorator that makes a primitive of a function written in terms of others.

    Positional arguments with defaults are arguments like the others, for which there may be rules.
    """

    def decorator(f: Function) -> Primitive:
        if kind is Primitive:
            options.update(_parameters(f))
        found = kind(f.__name__, definition=f, **options)
        functools.update_wrapper(found, f)
        return found

    return decorator


def _parameters(f: Function) -> dict[str, Any]:
    """Return the options `keywords` and `defaults` of a function whose arguments have defaults."""
    empty = inspect.Parameter.empty
    positional = {
        name: None if parameter.default is empty else parameter.default
        for name, parameter in inspect.signature(f).parameters.items()
        if parameter.kind is not parameter.KEYWORD_ONLY
    }
    if not any(default is not None for default in positional.values()):
        return {}
    return {"keywords": tuple(positional), "defaults": tuple(positional.values())}
