"""scalar_rule: one derivative expression, and every rule that follows from it.

The partial derivatives of an elementwise function are written once, over gpugrad's functions:

    scalar_rule(F.tanh, lambda y, x: 1 - y * y)
    scalar_rule(F.multiply, lambda y, a, b: b, lambda y, a, b: a)

They are read as symbolic expressions, and from these Python source is generated for the pullback,
one for each set of arguments whose gradient is wanted, so that nothing else is computed or kept;
likewise for the forward rule. The source is registered with `linecache`: tracebacks and debuggers
show it.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import linecache
import operator
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import kind_of
from gpugrad.dispatch.levels import LevelValue, has_levels
from gpugrad.dispatch.libraries import common_library, library_of
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Function, Primitive
from gpugrad.rulebook.forward import FORWARD
from gpugrad.rulebook.reverse import REVERSE
from gpugrad.structure.spaces import Projection
from gpugrad.symbolic.expression import Symbol
from gpugrad.symbolic.printer import functions_in, operator_text, to_python

_counter = itertools.count()


def scalar_rule(f: Primitive, *partials: Any, real: bool = False) -> None:
    """Register the derivatives of the elementwise function `f`, in reverse and forward.

    Args:
        f: a function of as many arguments as there are partials.
        partials: for each argument, in order, the partial derivative: a number, a function
            `(y, *args)` of the value and the arguments, or None where there is none. Where `f` is
            complex it is holomorphic, and the partial is the complex derivative.
        real: True for functions that take no complex arguments.
    """
    frame = inspect.currentframe()  # inspect.stack() would take most of the time of an import
    assert frame is not None
    caller: Any = frame.f_back
    rule = ScalarRule(f, partials, real, f"{caller.f_code.co_filename}:{caller.f_lineno}")
    SCALAR_RULES.append(rule)
    REVERSE.add(f, rule)
    FORWARD.add(f, ForwardScalarRule(rule))


class ScalarRule:
    """The reverse rule of an elementwise function, generated from its partial derivatives."""

    types: tuple[type, ...] = ()

    def __init__(self, f: Primitive, partials: tuple[Any, ...], real: bool, source: str) -> None:
        self.f = f
        self.real = real
        self.source = source
        self.names = _argument_names(partials)
        y, *args = (Symbol(name) for name in ("y", *self.names))
        self.partials = [p(y, *args) if callable(p) else p for p in partials]
        self.generated: dict[Any, types.CodeType] = {}

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether the function takes that many arguments."""
        return len(types) == len(self.names)

    def bind(self, f: Primitive, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these, as a function of them."""
        wanted = tuple(
            need and partial is not None
            for need, partial in zip(chosen, self.partials, strict=True)
        )
        called = functions_in([partial for partial, want in self.chosen(wanted) if want])
        scope: dict[str, Any] = {"f": f.resolve(args)}
        numbers = tuple(not isinstance(x, LevelValue) and library_of(x) is None for x in args)
        if any(type(x) is complex for x in args):  # of which and float64 Python makes a complex
            pairs = zip(numbers, args, strict=True)
            numbers = tuple([number or type(x) is np.float64 for number, x in pairs])
        is_complex = [isinstance(x, complex) for x in args]
        # Beside a complex number, the gradient of a real one is to be projected, as of arrays.
        mixed = any(is_complex) and any(
            w and not c for w, c in zip(wanted, is_complex, strict=True)
        )
        if all(numbers) and not mixed:
            one = 1j if any(is_complex) else 1.0
            scope["ieee"] = functools.partial(self._ieee, wanted, type(one))
            scope |= {g.name: g.resolve((one,) * arity) for g, arity in called.items()}
            return self.defined((wanted, type(one)), self.source_code, scope)
        scope |= {"Projection": Projection, "kind_of": kind_of, "conj": F.conj}
        scope |= self._functions(called, args)
        return self.defined((wanted, numbers), self.source_code, scope)

    def _functions(self, called: Iterable[Primitive], args: tuple[Any, ...]) -> dict[str, Any]:
        """Return the functions that generated source calls, as directly as may be."""
        plain = not has_levels(args) and common_library(args, self.f.name) is NUMPY
        return {g.name: g.on(NUMPY) if plain else g for g in called}

    def defined(self, key: tuple[Any, ...], write: Callable[..., str], scope: Any) -> Function:
        """Run the source that `write(*key)` generates in `scope`, and return what it defines."""
        code = self.generated.get(key)
        if code is None:
            source = write(*key)
            filename = f"<gpugrad {self.f.name} {next(_counter)}>"
            linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
            code = self.generated[key] = compile(source, filename, "exec")
        exec(code, scope)
        return scope["rule"]

    def source_code(self, wanted: tuple[bool, ...], numbers: tuple[bool, ...] | type) -> str:
        """Return the Python source of the rule.

        Args:
            wanted: for which arguments there is a gradient.
            numbers: which arguments are Python's numbers; their type where all are.
        """
        if not any(wanted):
            return self._lines(["return y, None"])
        if isinstance(numbers, type):
            return self._lines(self._partials(wanted, numbers))
        lines = [] if all(numbers) else ["shape, dtype = y.shape, y.dtype"]
        for name, want, is_number in zip(self.names, wanted, numbers, strict=True):
            fits = f"None if {name}.shape == shape and {name}.dtype is dtype else "
            if want:
                lines.append(f"project_{name} = {'' if is_number else fits}Projection({name})")
        symbolic = any(isinstance(partial, Symbol) for partial, want in self.chosen(wanted) if want)
        if symbolic and not self.real:
            holomorphic = self._back(wanted, holomorphic=True)
            lines += ["if kind_of(y) == 'c':", *("    " + line for line in holomorphic)]
            lines += [f"    return y, {self.f.name}_back"]
        return self._lines(
            [*lines, *self._back(wanted, holomorphic=False), f"return y, {self.f.name}_back"]
        )

    def value_text(self) -> str:
        """Return the text of the function's value: an operator where there is one."""
        return operator_text(self.f, self.names) or f"f({', '.join(self.names)})"

    def _lines(self, body: list[str]) -> str:
        head = f"{self.f.name}_rrule({', '.join(self.names)})"
        return definition(head, [f"y = {self.value_text()}", *body])

    def _partials(self, wanted: tuple[bool, ...], kind: type) -> list[str]:
        """Return the lines that compute the partial derivatives in place of a pullback."""
        assignments, texts = to_python([p for p, want in self.chosen(wanted) if want])
        remaining = iter(texts if kind is float else [f"({t}).conjugate()" for t in texts])
        partials = [next(remaining) if want else "None" for _, want in self.chosen(wanted)]
        return [
            "try:",
            *("    " + line for line in assignments),
            f"    return y, (None, {', '.join(partials)})",
            "except ArithmeticError:",
            f"    return y, ieee({', '.join(self.names)})",
        ]

    def chosen(self, wanted: tuple[bool, ...]) -> Iterator[tuple[Any, bool]]:
        """Yield the partial derivatives, each with whether it is wanted."""
        return zip(self.partials, wanted, strict=True)

    def _back(self, wanted: tuple[bool, ...], *, holomorphic: bool) -> list[str]:
        """Return the lines that define the pullback."""
        conj = _conj if holomorphic else _as_it_is
        products = [_product(partial, conj) for partial, want in self.chosen(wanted) if want]
        assignments, texts = to_python(products)
        remaining = iter(texts)
        lines = [f"def {self.f.name}_back(dy):", *("    " + line for line in assignments)]
        results: list[str] = ["None"]
        for name, want in zip(self.names, wanted, strict=True):
            if not want:
                results.append("None")
                continue
            lines.append(f"    d{name} = {next(remaining)}")
            lines.append(f"    if project_{name} is not None:")
            lines.append(f"        d{name} = project_{name}(d{name})")
            results.append(f"d{name}")
        return [*lines, f"    return {', '.join(results)}"]

    def products(self, wanted: tuple[bool, ...], variables: Sequence[str]) -> Function:
        """Return the gradients of the wanted arguments as a function of `dy` and `variables`.

        They are not projected: of an argument that was broadcast, the gradient is too large.
        """
        chosen = [partial for partial, want in self.chosen(wanted) if want]
        scope: dict[str, Any] = {"kind_of": kind_of} | {g.name: g for g in functions_in(chosen)}
        return self.defined((wanted, tuple(variables)), self._product_source, scope | _CONJ)

    def _product_source(self, wanted: tuple[bool, ...], variables: Sequence[str]) -> str:
        lines: list[str] = []
        for head, conj in (("if kind_of(dy) == 'c':", _conj), ("", _as_it_is)):
            if head and self.real:
                continue
            products = [_product(partial, conj) for partial, want in self.chosen(wanted) if want]
            assignments, texts = to_python(products)
            body = [*assignments, f"return [{', '.join(texts)}]"]
            lines += [head, *("    " + line for line in body)] if head else body
        return definition(f"{self.f.name}_products({', '.join(('dy', *variables))})", lines)

    def _ieee(self, wanted: tuple[bool, ...], kind: type, *args: Any) -> tuple[Any, ...]:
        """Evaluate the partials where Python's numbers raise: as arrays do, with inf or nan."""
        numbers = tuple(map(np.dtype(kind).type, args))
        with np.errstate(all="ignore"):
            partials = self.bind(self.f, numbers, wanted)(*numbers)[1](1.0)
        return tuple(p if p is None else kind(p) for p in partials)


class ForwardScalarRule:
    """The forward rule of an elementwise function: dy = Σ ∂f/∂xᵢ dxᵢ."""

    types: tuple[type, ...] = ()

    def __init__(self, rule: ScalarRule) -> None:
        self.rule = rule
        self.source = rule.source

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether the function takes that many arguments."""
        return self.rule.matches(types)

    def bind(self, f: Primitive, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the forward rule for arguments like these, as a function of them and tangents."""
        rule = self.rule
        wanted = tuple([m and p is not None for m, p in zip(chosen, rule.partials, strict=True)])
        called = functions_in([partial for partial, want in rule.chosen(wanted) if want])
        scope: dict[str, Any] = {"f": f.resolve(args)}
        numbers = all(not isinstance(x, LevelValue) and library_of(x) is None for x in args)
        if numbers:
            one = 1j if any(isinstance(x, complex) for x in args) else 1.0
            scope["ieee"] = functools.partial(self._push_ieee, wanted, type(one))
            scope |= {g.name: g.resolve((one,) * arity) for g, arity in called.items()}
        else:  # where a tangent may be recorded and its argument not: F's functions take both
            scope |= {g.name: g for g in called}
        return rule.defined((wanted, numbers), self.source_code, scope)

    def source_code(self, wanted: tuple[bool, ...], numbers: bool) -> str:
        """Return the Python source of the forward rule: dy = Σ ∂f/∂xᵢ dxᵢ.

        Args:
            wanted: which arguments move.
            numbers: whether all arguments are Python's numbers.
        """
        rule = self.rule
        arguments, tangents = (
            f"({', '.join(names)},)" for names in (rule.names, [f"d{n}" for n in rule.names])
        )
        products = [
            _product(partial, _as_it_is, Symbol(f"d{name}"))
            for name, partial, want in zip(rule.names, rule.partials, wanted, strict=True)
            if want
        ]
        total = functools.reduce(operator.add, products) if products else None
        assignments, texts = to_python([] if total is None else [total])
        body = [*assignments, f"return y, {(*texts, 'None')[0]}"]
        if numbers:
            body = ["try:", *("    " + line for line in body)]
            body += ["except ArithmeticError:", "    return y, ieee(args, tangents)"]
        head = [f"{arguments}, {tangents} = args, tangents", f"y = {rule.value_text()}"]
        return definition(f"{rule.f.name}_frule(args, tangents)", [*head, *body])

    def _push_ieee(self, moving: tuple[bool, ...], kind: type, args: Any, tangents: Any) -> Any:
        """Push the tangents where Python's numbers raise: as those of arrays, with inf or nan."""
        numbers = tuple(map(np.dtype(kind).type, args))
        with np.errstate(all="ignore"):
            return self.bind(self.rule.f, numbers, moving)(numbers, tangents)[1]


_CONJ = {"conj": F.conj}


def _argument_names(partials: tuple[Any, ...]) -> list[str]:
    """Return the arguments' names as the partials have them."""
    for partial in partials:
        if callable(partial):
            return list(inspect.signature(partial).parameters)[1:]
    return ["x"] if len(partials) == 1 else ["a", "b"]


def definition(head: str, body: list[str]) -> str:
    """Return the source of a function, which `rule` then names."""
    name = head.partition("(")[0]
    return "\n".join([f"def {head}:", *("    " + line for line in body), f"rule = {name}"]) + "\n"


SCALAR_RULES: list[ScalarRule] = []  # in the order of the rule book

_DY = Symbol("dy")


def _conj(expression: Any) -> Any:
    return F.conj(expression) if isinstance(expression, Symbol) else expression


def _as_it_is(expression: Any) -> Any:
    return expression


def _scaled(expression: Any, factor: float) -> Any:
    return expression if factor == 1 else -expression if factor == -1 else expression * factor


def _product(partial: Any, conj: Callable[[Any], Any], by: Symbol = _DY) -> Any:
    """Return the sensitivity, or a tangent, times a partial derivative, with the least work."""
    if not isinstance(partial, Symbol):
        return _scaled(by, partial)
    if partial.function is F.divide:
        above, below = partial.args
        # dy / b first: where another partial has it too, it is computed once
        quotient = by / conj(below)
        return conj(above) * quotient if isinstance(above, Symbol) else _scaled(quotient, above)
    return by * conj(partial)
