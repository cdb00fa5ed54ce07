"""Calls of the standard's functions, made from their signatures as array_api_strict has them.

What an argument may be is looked up by its name in `ARGUMENTS`. A call that the standard does not
allow (array_api_strict refuses it) is no case, so the tables hold more than each function takes.
"""

import itertools
from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any, NamedTuple

import array_api_strict as strict
import numpy as np

NEWER = {"broadcast_shapes", "isin"}  # of the standard's next version
INSPECTION = {"__array_namespace_info__"}
STRICTS_OWN = {name for name in strict.__all__ if "array_api_strict_flags" in name}

FUNCTIONS = {
    f"{prefix}{name}": getattr(module, name)
    for prefix, module in {"": strict, "linalg.": strict.linalg, "fft.": strict.fft}.items()
    for name in module.__all__
    if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    if name not in NEWER | INSPECTION | STRICTS_OWN
}

DTYPES = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "complex64", "complex128"),
    )
}
MIXED = [  # pairs that promote
    *(("float32", "float64"), ("float32", "complex64"), ("complex64", "float64")),
    *(("int8", "int32"), ("uint8", "int8"), ("uint16", "uint64"), ("float64", "complex128")),
]
FINITE = [1.5, 0.25, -2.0, 3.0, -0.5, 0.75, 0.0, 1.5, 2.5]
SPECIAL = [np.nan, -0.0, np.inf, 1.0, -np.inf, 0.0, -1.5, np.nan, 2.0]
SHAPES = [(), (1,), (4,), (2, 3), (0, 3), (3, 3), (2, 3, 3), (2, 3, 1)]
PAIRS = [  # of shapes
    *(((4,), (4,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (4,)), ((0, 3), (1, 3))),
    *(((3, 3), (3, 3)), ((2, 3, 3), (3,)), ((), ()), ((4,), (3,))),
]


def array(dtype: str, shape: tuple[int, ...], values: list[float] = FINITE, skip: int = 0) -> Any:
    """Return an array with `values` in turn, from that of number `skip` on."""
    count = int(np.prod(shape))
    filled = np.asarray(list(itertools.islice(itertools.cycle(values), skip, skip + count)))
    if np.dtype(dtype).kind in "biu":
        filled = np.nan_to_num(filled, posinf=7, neginf=-5) * (1 if dtype == "bool" else 4)
        filled = filled if np.dtype(dtype).kind == "i" else np.abs(filled)
    if np.dtype(dtype).kind == "c":
        real, filled = filled, filled.astype(complex)
        filled.imag = np.roll(real, 1)
    return filled.astype(dtype).reshape(shape)


# What each argument may be, by its name or, where that says too little, by function and name.
# Floating arrays among them are given the data type of the first argument.
INTEGERS = [np.asarray([0, 2, 1]), np.asarray([1, 1, 0, 0]), np.asarray([[0, 1, 0], [1, 0, 1]])]
ARGUMENTS: dict[str, list[Any]] = {
    "append": [np.asarray([[1.0], [2.0]]), np.asarray([1.0, 2.0])],
    "axes": [(0,), (1, 0), (0, 2, 1), (-1, 0)],
    "axis": [0, -1, 1, None, (0, 1), (1,), ()],
    "copy": [True, None],
    "correction": [1, 0.5],
    "d": [0.5],
    "descending": [True],
    "destination": [-1, (1, 0)],
    "diff.n": [2, 5],
    "dtype": list(DTYPES.values()),
    "endpoint": [False],
    "fill_value": [3, 2.5, True, 1 + 2j],
    "from_": list(DTYPES.values()),
    "full_matrices": [False],
    "include_initial": [True],
    "indexing": ["ij"],
    "indices": INTEGERS,
    "k": [1, -1, 5],
    "keepdims": [True],
    "kind": [
        *("bool", "integral", "real floating", "complex floating", "numeric"),
        *(("bool", "unsigned integer"), DTYPES["float32"], (DTYPES["int8"], DTYPES["float64"])),
    ],
    "max": [1.0, np.asarray(0.5), np.asarray([0.5, 1.0, 2.0])],
    "min": [0.5, np.asarray(-0.5), np.asarray([0.5, -1.0, 1.0])],
    "mode": ["complete"],
    "n": [3, 0, 1, 6, -2],
    "n_cols": [2, None],
    "n_rows": [3, 0],
    "norm": ["ortho", "forward"],
    "num": [5, 1, 0],
    "obj": [2, 0.5, 1j, True, [[1, 2], [3, 4]], (0.5, 1.0), [], array("float32", (2, 3))],
    "offset": [1, -1],
    "ord": [1, 2, -1, np.inf, -np.inf, "fro", "nuc", 3, 0],
    "prepend": [np.asarray([[1.0], [2.0]]), np.asarray([1.0, 2.0])],
    "repeats": [2, 0, np.asarray([1, 0, 2])],
    "repetitions": [(2,), (2, 1), (1, 2, 2), ()],
    "rtol": [0.1, np.asarray(0.1), np.asarray([0.1, 0.2])],
    "s": [(2,), (3, 4)],
    "shape": [(3, 2), (-1,), (4,), (2, 2), (2, 3, 3), 3, (), (0,)],
    "shift": [1, -2, (1, -1)],
    "side": ["right"],
    "sorter": [np.asarray([3, 1, 0, 2])],
    "source": [0, (0, 1)],
    "start": [0, 2, -1.5],
    "step": [2, -1, 0.25],
    "stop": [5, 1.5, None],
    "to": list(DTYPES.values()),
    "tensordot.axes": [1, 0, 2, ((0,), (0,)), ((-1,), (0,)), ((1, 0), (0, 1))],
    "type": list(DTYPES.values()),
    "upper": [True],
}


class Call(NamedTuple):
    """Arguments by position and by name."""

    positional: tuple[Any, ...]
    named: dict[str, Any]

    def __repr__(self) -> str:
        shown = [*map(repr, self.positional), *(f"{k}={v!r}" for k, v in self.named.items())]
        return f"({', '.join(shown)})".replace("\n", "")


def operands(count: int) -> Iterator[tuple[Any, ...]]:
    """Return `count` arrays, of each data type and of shapes that broadcast; numbers among them."""
    if count == 1:
        for shape, dtype, values in itertools.product(SHAPES, DTYPES, (FINITE, SPECIAL)):
            yield (array(dtype, shape, values),)
        for dtype in ("float32", "float64", "complex64", "complex128"):  # Hermitian, and positive
            x = array(dtype, (2, 3, 3))
            yield (np.matmul(x, np.conj(np.matrix_transpose(x))) + np.eye(3, dtype=dtype),)
        return
    for shapes in PAIRS:
        for dtypes in [*zip(DTYPES, DTYPES, strict=True), *MIXED]:
            for values in (FINITE, SPECIAL):
                a, b = map(array, dtypes, shapes, (values, values), (0, 2))
                yield (a, b)
    for dtype in DTYPES:
        for number in (2, -0.5, True, 1j, float("nan"), float("-inf")):
            yield array(dtype, (2, 3)), number
            yield number, array(dtype, (4,))


def light(arrays: tuple[Any, ...]) -> bool:
    """Say whether to try optional arguments with these arrays too."""
    arrays = [x for x in arrays if isinstance(x, np.ndarray)]
    dtypes = {x.dtype.name for x in arrays}
    return dtypes <= {"float32", "complex128", "int8", "bool"} and np.all(
        [np.all(np.isfinite(x)) for x in arrays]
    )


def calls(name: str) -> Iterator[Call]:
    """Return calls of the function of that name; not all of them are allowed."""
    parameters = signature(FUNCTIONS[name]).parameters.values()
    arrays = [p for p in parameters if p.name in ("x", "x1", "x2", "condition", "arrays")]
    required = [p for p in parameters if p not in arrays and p.default is Parameter.empty]
    optional = [p for p in parameters if p.default is not Parameter.empty and p.name in ARGUMENTS]
    required = [p for p in required if p.kind is not Parameter.VAR_POSITIONAL]
    for first in _array_arguments(name, arrays):
        for values in itertools.product(*(_choices(name, p, first) for p in required)):
            base = Call(first, {})
            for p, value in zip(required, values, strict=True):
                base = _with(base, p, value)
            yield base
            if light(first):
                together = base
                for p in optional:
                    first_value, *others = _choices(name, p, first)
                    together = _with(together, p, first_value)
                    for value in (first_value, *others):
                        yield _with(base, p, value)
                yield together


def _choices(name: str, p: Parameter, arrays: tuple[Any, ...]) -> list[Any]:
    dtype = next((x.dtype for x in arrays if isinstance(x, np.ndarray)), np.dtype(float))
    choices = ARGUMENTS.get(f"{name.rpartition('.')[2]}.{p.name}", ARGUMENTS[p.name])
    floating = [isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in choices]
    return [x.astype(dtype) if f else x for x, f in zip(choices, floating, strict=True)]


def _with(call: Call, p: Parameter, value: Any) -> Call:
    if p.kind is Parameter.POSITIONAL_ONLY:
        return call._replace(positional=(*call.positional, value))
    return call._replace(named={**call.named, p.name: value})


def _array_arguments(name: str, arrays: list[Parameter]) -> Iterator[tuple[Any, ...]]:
    names = [p.name for p in arrays]
    if name == "result_type":
        yield from itertools.product([*DTYPES.values(), array("float32", (2,)), 1.0], repeat=2)
    elif names == ["condition", "x1", "x2"]:
        for a, b in operands(2):
            yield array("bool", (4,)), a, b
            yield array("bool", (2, 1)), a, b
    elif names == ["arrays"]:
        star = arrays[0].kind is Parameter.VAR_POSITIONAL
        for pair in operands(2):
            yield (*pair, pair[0]) if star else ([*pair, pair[0]],)
    elif len(names) == 2:
        yield from operands(2)
    elif names:
        yield from operands(1)
    else:
        yield ()
