"""How primitives are declared: a `def` gives name, signature and docstring, a decorator the rest.

    @math_function
    def sin(x: Any, /) -> Any:
        'Return the sine of each element.'

Such a `def` has no body, since the arrays' library computes the function. Where it has one, the
decorator says what it is: `composite` a definition that is recorded as what it is made of,
`body="definition"` one that runs where a library has no such function, and so on.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from gpugrad.dispatch.primitive import ALIASES, BY_NAME, NEW_NAMES, Composite, Function, Primitive
from gpugrad.dispatch.recognition import forget_others

Body = Literal["", "default", "definition", "operator"]


def function(
    module: str = "",
    *aliases: Function,
    body: Body = "",
    kind: type[Primitive] = Primitive,
    **options: Any,
) -> Callable[[Function], Any]:
    """Return a decorator that makes the primitive of an array-API name.

    NumPy's functions of that name are aliases.

    Args:
        module: the part of the namespace it is in: "linalg", "fft", "special"; "" is the main one.
        aliases: more functions that are this one.
        body: what the body of the `def` is: a "definition" in terms of other functions, by which
            derivatives and device code may go, too; a "default" for libraries that have no such
            function; an "operator" that computes it on all; "" where it has none.
        kind: the primitive's class.
        options: its other options.
    """

    def decorator(declaration: Function) -> Any:
        name = declaration.__name__
        given: dict[str, Any] = {**options, body: declaration} if body else options
        found = kind(name, *aliases, *_numpy_functions(module, name), module=module, **given)
        _add(found.path, found)
        if not body:
            declaration.__annotations__ = {}  # `help` shows the standard's signature, without ours
        return _described(found, declaration)

    return decorator


def _described(f: Primitive, declaration: Function) -> Primitive:
    """Return a primitive with the docstring and the signature of its declaration."""
    f.__doc__ = declaration.__doc__
    f.__module__ = declaration.__module__
    f.__wrapped__ = declaration
    return f


def _numpy_functions(module: str, name: str) -> list[Function]:
    """Return NumPy's functions of an array-API name, the old names of it included."""
    if module == "special":
        return []
    place = vars(getattr(np, module) if module else np)
    return [place[n] for n in (name, *_OLD_NAMES.get(name, ())) if n in place]


_OLD_NAMES: dict[str, list[str]] = {}
for _old, _new in NEW_NAMES.items():
    _OLD_NAMES.setdefault(_new, []).append(_old)


def _add(path: str, f: Primitive) -> None:
    BY_NAME[path] = f
    forget_others()


def also_in(module: str, *functions: Primitive, name: str = "") -> None:
    """Put functions in another part of the namespace, too, or in the same by another name."""
    for f in functions:
        _add(f"{module}.{name or f.name}", f)
        for alias in _numpy_functions(module, name or f.name):
            ALIASES[alias] = f


def math_function(declaration: Function) -> Primitive:
    """Make the primitive of a function that Python's `math`, and perhaps `cmath`, have too."""
    name = declaration.__name__
    aliases = [vars(module)[name] for module in (math, cmath) if hasattr(module, name)]
    return function("", *aliases, scalar=vars(math)[name])(declaration)


def operator_function(
    f: Function, *aliases: Function, **options: Any
) -> Callable[[Function], Primitive]:
    """Return a decorator that makes the primitive of one of Python's operators."""
    return function("", f, *aliases, operator=f, **options)


def constant(*aliases: Function, **options: Any) -> Callable[[Function], Primitive]:
    """Return a decorator that makes a primitive through which no gradient flows."""
    return function("", *aliases, differentiable=False, **options)


def composite(module: str = "", *aliases: Function) -> Callable[[Function], Composite]:
    """Return a decorator that makes a Composite of its definition.

    Where a library has a function of that name, it computes the value on the library's arrays.
    """
    return function(module, *aliases, body="definition", kind=Composite)


def named(
    kind: type[Primitive] = Primitive,
    *aliases: Function,
    body: Body = "definition",
    home: str = "",
    **options: Any,
) -> Callable[[Function], Any]:
    """Return a decorator that makes a primitive which is in no part of the namespace.

    Positional arguments with defaults are arguments like the others, for which there may be rules.

    Args:
        kind: the primitive's class.
        aliases: functions that are this one.
        body: which of the primitive's options the body of the `def` is; "" where it has none.
        home: the module that users have it from: pickles name that, and stay good where it moves.
        options: its other options.
    """

    def decorator(declaration: Function) -> Primitive:
        given: dict[str, Any] = {**options, **({body: declaration} if body else {})}
        if kind is Primitive:
            given.update(_parameters(declaration))
        found = _described(kind(declaration.__name__, *aliases, **given), declaration)
        found.__module__ = home or declaration.__module__
        return found

    return decorator


def _parameters(declaration: Any) -> dict[str, Any]:
    """Return the options `keywords` and `defaults` of a function whose arguments have defaults."""
    defaults = declaration.__defaults__ or ()
    if all(default is None for default in defaults):
        return {}
    code = declaration.__code__
    names = code.co_varnames[: code.co_argcount]
    return {"keywords": names, "defaults": (None,) * (len(names) - len(defaults)) + defaults}
