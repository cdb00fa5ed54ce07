"""How primitives are declared: by an array-API name, as an operator, by a definition."""

from __future__ import annotations

import cmath
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad.dispatch.primitive import BY_NAME, NEW_NAMES, Composite, Function, Primitive
from gpugrad.dispatch.recognition import forget_others


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
    forget_others()
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
