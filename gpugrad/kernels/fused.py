"""Elementwise functions on CuPy's arrays, with their gradients: a kernel forward, one backward."""

from __future__ import annotations

import functools
import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.cupy_library import cupy_library
from gpugrad.dispatch.kinds import SCALAR_TYPES, Array, CudaArray, DType
from gpugrad.dispatch.primitive import Function, Primitive, implement, implementation
from gpugrad.functions import arithmetic
from gpugrad.kernels.columns import column_dots
from gpugrad.kernels.device_functions import DEVICE_FUNCTIONS, OPERATORS, device_functions
from gpugrad.kernels.elementwise import Operation
from gpugrad.kernels.launch import C_TYPES, is_like
from gpugrad.rulebook.reverse import REVERSE
from gpugrad.rulebook.scalar_rule import SCALAR_RULES, ScalarRule, definition
from gpugrad.structure.spaces import Projection
from gpugrad.symbolic.expression import Symbol, variables_in


class FusedValue:
    """A function on CuPy's arrays, in one launch.

    It declines, and leaves the call to CuPy, where CuPy has one kernel for the function too and the
    arrays are not contiguous and of one shape; but not numbers of 16 bits, which CuPy may widen.
    """

    def __init__(self, rule: ScalarRule) -> None:
        self.rule = rule

    @functools.cached_property
    def single(self) -> bool:
        """Whether CuPy has one kernel for it: what is no ufunc may have several, or wait."""
        path = self.rule.f.path
        found = cupy_library().function(path)
        known = type(getattr(found, "__wrapped__", found)).__name__ == "ufunc"
        return (path in DEVICE_FUNCTIONS and known) or path in OPERATORS

    def _by_cupy(self, args: tuple[Any, ...]) -> bool:
        """Whether CuPy's own kernel computes it: of 16 bits, some give 64."""
        return self.single and all(getattr(x, "itemsize", 8) != 2 for x in args)

    @functools.cached_property
    def operation(self) -> Operation | None:
        """The value as an operation, None where the device lacks a function in it."""
        function = device_functions()[self.rule.f.path]
        if function.value is None:
            return None
        call = f"{function.name}_value({', '.join(self.rule.names)})"
        return Operation(f"{function.name}_forward", self.rule.names, [call])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value, or NotImplemented."""
        operation = self.operation
        if operation is None or kwargs or len(args) != len(operation.inputs):
            return NotImplemented
        results = operation.prepared(args)
        if results is None and one_data_type(args, complex_too=False) and not self._by_cupy(args):
            results = operation.general(args)
        return NotImplemented if results is None else results[0]


class FusedRule:
    """The reverse rule of an elementwise function on CuPy's arrays, and Python's numbers with them.

    The pullback computes the gradients of all arrays in one launch. Where it meets a recorded
    sensitivity, it is computed on arrays by the rule's expressions instead.
    """

    types: tuple[type, ...] = (CudaArray,)

    def __init__(self, rule: ScalarRule) -> None:
        self.rule = rule
        self.source = rule.source
        self.plans: dict[tuple[bool, ...], Any] = {}

    def matches(self, types: tuple[type, ...]) -> bool:
        """Say whether these are CuPy's arrays, at least one, and Python's numbers."""
        arrays = [kind for kind in types if kind not in SCALAR_TYPES]
        fits = arrays and all(issubclass(kind, CudaArray) for kind in arrays)
        return bool(fits) and self.rule.matches(types)

    def bind(self, f: Primitive, args: tuple[Any, ...], chosen: tuple[bool, ...]) -> Function:
        """Return the rule for arguments like these, as a function of them."""
        rule = self.rule
        texts = device_functions()[f.path].partials
        wanted = tuple(
            [need and isinstance(p, Symbol) for need, p in zip(chosen, rule.partials, strict=True)]
        )
        in_text = all(text for want, text in zip(wanted, texts, strict=True) if want)
        numbers = [need for need, x in zip(chosen, args, strict=True) if type(x) in SCALAR_TYPES]
        if not in_text or any(numbers):
            return _decline
        # What is left is 0, or a multiple of dy.
        factors = [p if need else None for need, p in zip(chosen, rule.partials, strict=True)]
        general = self._general_rule(f, args, wanted, factors)
        kinds = {type(x) for x in args if type(x) not in SCALAR_TYPES}
        kernel: Any = implementation(f, CudaArray)
        forward = kernel.operation
        if forward is None or len(kinds) > 1 or complex in map(type, args):
            return general
        return self._rule_of_one_shape(args, wanted, factors, forward, general)

    def _rule_of_one_shape(
        self,
        args: tuple[Any, ...],
        wanted: tuple[bool, ...],
        factors: list[Any],
        forward: Operation,
        general: Function,
    ) -> Function:
        """Return the rule as straight-line code, for contiguous arrays of a shape and data type.

        It asks the general rule where they are not. To launch takes less time than that does to
        find out what there is to do.
        """
        rule = self.rule
        kind = next(type(x) for x in args if type(x) not in SCALAR_TYPES)
        is_number = {n: type(x) in SCALAR_TYPES for n, x in zip(rule.names, args, strict=True)}
        kept, backward, generic = self.plan(wanted)
        names = [("y", *rule.names)[place] for place in kept]

        def otherwise(shape: Any, dtype: DType, dy: Array, *values: Any) -> Any:
            fits = type(dy) is kind and dy.dtype == dtype and dy.shape == shape
            return backward(dy, *values) if fits else generic(dy, *values)

        scope = {
            **{"kind": kind, "general": general, "otherwise": otherwise, "multiply": F.multiply},
            "values": _Launchers(forward, kind, [is_number[n] for n in rule.names]),
        }
        if any(wanted):
            numbers = [False, *(is_number.get(name, False) for name in names)]
            scope["gradients"] = _Launchers(backward, kind, numbers)
        write = functools.partial(_source_of_one_shape, rule, names)
        return rule.defined((tuple(is_number.values()), wanted, tuple(factors)), write, scope)

    def _general_rule(
        self, f: Primitive, args: tuple[Any, ...], wanted: tuple[bool, ...], factors: list[Any]
    ) -> Function:
        rule = self.rule
        plan = self.plan(wanted)
        kernel: Any = implementation(f, CudaArray)
        forward = kernel.operation
        value = f.resolve(args)  # where the arrays are not contiguous, or the device has no kernel

        def fused_rule(*args: Any) -> Any:
            if not one_data_type(args, complex_too=not rule.real):
                return NotImplemented
            results = None if forward is None else forward.prepared(args)
            y = value(*args) if results is None else results[0]
            shape, dtype, kind = y.shape, y.dtype, type(y)
            fits_kernel = all(getattr(x, "dtype", dtype) == dtype for x in args)
            dots: dict[int, Any] = {}
            fits: Any = (None,)
            kept, backward, generic = plan
            if len(args) > 1:
                fits = [
                    None if getattr(x, "shape", shape) == shape else Projection(x) for x in args
                ]
                dots = self.dots(wanted, fits, args)
                if dots:
                    rest = tuple([want and i not in dots for i, want in enumerate(wanted)])
                    kept, backward, generic = self.plan(rest)
            everything = (y, *args)
            values = [everything[place] for place in kept]

            def fused_back(dy: Array) -> tuple[Any, ...]:
                if fits_kernel and type(dy) is kind and dy.dtype == dtype and dy.shape == shape:
                    products = iter(backward(dy, *values))
                else:
                    products = iter(generic(dy, *values))
                gradients: list[Any] = [None]
                for i, (want, factor, project) in enumerate(
                    zip(wanted, factors, fits, strict=True)
                ):
                    dx = None
                    if i in dots:
                        dx, project = _dot(dy, dots[i], project), None
                    elif want:
                        dx = next(products)
                    elif factor is not None:
                        dx = dy if factor == 1 else F.multiply(dy, factor)
                    gradients.append(dx if dx is None or project is None else project(dx))
                return tuple(gradients)

            fused_back.__name__ = f"{f.name}_back"
            return y, fused_back

        return fused_rule

    def plan(self, wanted: tuple[bool, ...]) -> tuple[list[int], Any, Any]:
        """Return what to keep for the wanted gradients, and what computes them of dy and that.

        What is kept is told by its place, of which 0 is the value's. It is computed by a kernel, or
        else by the expressions.
        """
        found = self.plans.get(wanted)
        if found is None:
            variables = self.variables(wanted)
            kept = [("y", *self.rule.names).index(name) for name in variables]
            some = any(wanted)
            backward = self.backward(wanted) if some else _nothing
            generic = self.rule.products(wanted, variables) if some else _nothing
            found = self.plans[wanted] = (kept, backward, generic)
        return found

    def dots(self, wanted: tuple[bool, ...], fits: list[Any], args: Any) -> dict[int, Any]:
        """Return by place the arguments whose gradient is Σ dy x over rows, and the x of each.

        So it is of a factor of each column of a matrix: the product need not be written to memory.
        """
        found: dict[int, Any] = {}
        partials: list[Any] = self.rule.partials
        for i, (want, project, partial) in enumerate(zip(wanted, fits, partials, strict=True)):
            if want and project is not None and partial.function in self.rule.names:
                x = args[self.rule.names.index(partial.function)]
                rows = len(getattr(x, "shape", ())) - len(project.shape)
                if rows > 0 and x.shape[rows:] == project.shape and x.dtype.name in C_TYPES:
                    found[i] = x
        return found

    def variables(self, wanted: tuple[bool, ...]) -> list[str]:
        """Return the names of the values that the wanted partial derivatives depend on."""
        pairs = zip(self.rule.partials, wanted, strict=True)
        found = variables_in([partial for partial, want in pairs if want])
        return [name for name in ("y", *self.rule.names) if name in found]

    def backward(self, wanted: tuple[bool, ...]) -> Operation:
        """Return the operation that computes the wanted gradients."""
        function = device_functions()[self.rule.f.path].name
        variables = self.variables(wanted)
        # What a derivative does not depend on is not read from memory.
        every = ("y", *self.rule.names)
        arguments = ", ".join(name if name in variables else "T()" for name in every)
        chosen = [n for n, want in zip(self.rule.names, wanted, strict=True) if want]
        products = [f"dy * conjugate({function}_d{n}({arguments}))" for n in chosen]
        return Operation(f"{function}_back_{'_'.join(chosen)}", ["dy", *variables], products)


class _Launchers(dict[Any, Any]):
    """What launches an operation on arrays of a kind, by their data type; None where nothing does.

    Args:
        operation: it.
        kind: the arrays' type.
        is_number: of each input, whether it is one of Python's numbers.
    """

    def __init__(self, operation: Operation, kind: type, is_number: list[bool]) -> None:
        super().__init__()
        self.operation = operation
        self.kind = kind
        self.numbers = sum(1 << i for i, is_so in enumerate(is_number) if is_so)

    def __missing__(self, dtype: DType) -> Any:
        found = self[dtype] = self.operation.launcher(self.kind, dtype, self.numbers)
        return found


def _source_of_one_shape(
    rule: ScalarRule,
    kept: list[str],
    is_number: tuple[bool, ...],
    wanted: tuple[bool, ...],
    factors: tuple[Any, ...],
) -> str:
    """Return the source of a rule for contiguous arrays of one shape; see `FusedRule`."""
    arrays = [name for name, is_so in zip(rule.names, is_number, strict=True) if not is_so]
    first, *others = arrays
    fits = [f"{name}._c_contiguous" for name in arrays]
    fits += [f"{name}.dtype is dtype and {name}.shape == shape" for name in others]
    arguments, values = ", ".join(rule.names), ", ".join(kept)
    chosen = [f"d{name}" for name, want in zip(rule.names, wanted, strict=True) if want]
    results = [
        f"d{name}" if want else _multiple(factor)
        for name, want, factor in zip(rule.names, wanted, factors, strict=True)
    ]
    computed = [
        "if type(dy) is kind and dy._c_contiguous and dy.dtype is dtype and dy.shape == shape:",
        f"    {', '.join(chosen)}, = gradients[dtype](shape, dy.size, dy, {values})",
        "else:",
        f"    {', '.join(chosen)}, = otherwise(shape, dtype, dy, {values})",
    ]
    back = [*(computed if chosen else []), f"return None, {', '.join(results)}"]
    lines = [
        f"dtype, shape = {first}.dtype, {first}.shape",
        f"value = values[dtype] if {' and '.join(fits)} else None",
        "if value is None:",
        f"    return general({arguments})",
        f"y, = value(shape, {first}.size, {arguments})",
        f"def {rule.f.name}_back(dy):",
        *("    " + line for line in back),
        f"return y, {rule.f.name}_back",
    ]
    return definition(f"{rule.f.name}_rrule({arguments})", lines)


def _multiple(factor: Any) -> str:
    """Return the text of a gradient that is a multiple of the sensitivity."""
    return "None" if factor is None else "dy" if factor == 1 else f"multiply(dy, {factor!r})"


def register() -> None:
    """Register fused kernels for every elementwise function that there is a `scalar_rule` of."""
    for rule in SCALAR_RULES:
        REVERSE.add(rule.f, FusedRule(rule))
        implement(rule.f, CudaArray)(FusedValue(rule))


def operations(rule: ScalarRule) -> list[Operation]:
    """Return what the device computes by a rule: its value, and all of its gradients."""
    value: Any = implementation(rule.f, CudaArray)
    texts = device_functions()[rule.f.path].partials
    fused = next(found for found in rule.f.rrules if isinstance(found, FusedRule))
    _, back, _ = fused.plan(tuple([text is not None for text in texts]))
    return [found for found in (value.operation, back) if isinstance(found, Operation)]


@implement(arithmetic.add_into, CudaArray)
def add_into(total: Any, x: Array) -> Any:
    """Return the sum of two arrays in the memory of the first one, or NotImplemented."""
    fits = is_like(x, total, total.shape) and total.dtype.name in C_TYPES
    if not fits or not (x._c_contiguous and total._c_contiguous):
        return NotImplemented
    implementation(F.add, CudaArray).operation.into(total, total, x)
    return total


def one_data_type(args: tuple[Any, ...], *, complex_too: bool) -> bool:
    """Say whether the arrays among `args` have one data type, which kernels can take."""
    found = None
    for x in args:
        if type(x) is float or type(x) is int:
            continue
        dtype = getattr(x, "dtype", None)
        if dtype is None or (found is not None and dtype != found):
            return False
        found = dtype
    name = _NAMES.get(found)
    if name is None:
        name = _NAMES[found] = getattr(found, "name", "")
    return name in C_TYPES or (complex_too and name in ("complex64", "complex128"))


_NAMES: dict[Any, str] = {}  # of data types: NumPy takes its time over one


def _dot(dy: Array, x: Array, project: Projection) -> Any:
    """Return the sum of dy x over the first axes, in one pass where there is a kernel for it."""
    if is_like(dy, x, x.shape) and dy.size and dy._c_contiguous and x._c_contiguous:
        columns = math.prod(project.shape)
        matrices = (dy.reshape(-1, columns), x.reshape(-1, columns))
        return column_dots(*matrices).reshape(project.shape)
    return project(F.multiply(dy, x))


def _nothing(*_: Any) -> list[Any]:
    return []


def _decline(*_: Any) -> Any:
    return NotImplemented
