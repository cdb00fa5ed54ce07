"""What a row of the table of samples consists of."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Domain:
    """Where a function is smooth. Called with a shape, it is an argument to be drawn from there."""

    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

    def __call__(self, *shape):
        return Input(self, shape)


@dataclass(frozen=True)
class Input:
    """A differentiable argument, yet to be drawn: an array, or a Python number."""

    domain: Domain
    shape: tuple[int, ...]
    is_number: bool = False

    def draw(self, rng, dtype):
        """Return an array of this data type; a complex one is near the real domain."""
        x = self.domain.draw(rng, self.shape)
        if dtype.kind == "c":
            x = x + 1j * rng.uniform(0.1, 0.5, self.shape)
        return x.item() if self.is_number else np.asarray(x, dtype=dtype)

    def __repr__(self):
        return "number" if self.is_number else "x".join(map(str, self.shape)) or "0d"


def number(domain):
    """An argument that is a Python number."""
    return Input(domain, (), is_number=True)


def _nonzero(rng, shape):
    return rng.uniform(0.4, 2, shape) * rng.choice([-1, 1], shape)


def _distinct(rng, shape, offset=0.0):
    size = int(np.prod(shape))
    return 0.25 * (rng.permutation(size) - size // 2).reshape(shape) + 0.0625 + offset


anything = Domain(lambda rng, shape: rng.uniform(-2, 2, shape))
positive = Domain(lambda rng, shape: rng.uniform(0.5, 2, shape))
nonzero = Domain(_nonzero)
unit = Domain(lambda rng, shape: rng.uniform(-0.9, 0.9, shape))
above_one = Domain(lambda rng, shape: rng.uniform(1.2, 3, shape))
distinct = Domain(_distinct)
"""No two elements are closer than 0.25, none is closer to zero than 0.06."""
between = Domain(lambda rng, shape: _distinct(rng, shape, offset=0.125))
"""No element is closer than 0.125 to one of `distinct`."""
dividend = Domain(lambda rng, shape: rng.uniform(5.5, 5.8, shape))
divisor = Domain(lambda rng, shape: rng.uniform(1.6, 1.8, shape))
"""A dividend is between 3.05 and 3.63 times a divisor: away from where the remainder jumps."""
negative_divisor = Domain(lambda rng, shape: -rng.uniform(1.6, 1.8, shape))
low = Domain(lambda rng, shape: rng.uniform(-1.0, -0.9, shape))
high = Domain(lambda rng, shape: rng.uniform(0.9, 1.0, shape))
one_hot = Domain(lambda rng, shape: np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])])
probability = Domain(lambda rng, shape: rng.uniform(0.1, 0.9, shape))

REAL = ("real",)
COMPLEX = ("complex",)
BOTH = ("real", "complex")


@dataclass(frozen=True)
class Sample:
    """A call of a differentiable function. What is an Input has a gradient, the rest has none."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    """What the row is about, where the arguments do not tell."""
    takes: tuple[str, ...] = REAL
    analytic: bool = True
    """Whether it is differentiable as a function of complex numbers, if it takes them."""
    not_in: dict[str, str] = field(default_factory=dict)
    """What it is not for, with the reasons: libraries ("strict"), data types ("float16"), and
    kinds of numbers in a library ("cupy complex")."""

    @property
    def name(self):
        """What the test is called by: the call, as it may be written."""
        words = [*map(shown, self.args), *(f"{k}={shown(v)}" for k, v in self.kwargs.items())]
        call = f"{self.function.__name__}({', '.join(words)})"
        return f"{call}: {self.note}" if self.note else call

    @property
    def inputs(self):
        """The differentiable arguments, those in lists and tuples too."""
        return list(_inputs(self.args))

    @property
    def has_elements(self):
        """Whether there is a number to differentiate by."""
        return any(0 not in x.shape for x in self.inputs)

    @property
    def is_analytic(self):
        """Whether the function is differentiable as one of complex numbers."""
        return "complex" in self.takes and self.analytic

    def why_not_in(self, library, dtype):
        """Return why it is not for such arrays of a library, "" where it is."""
        kind = "complex" if "complex" in dtype else "real"
        return self.not_in.get(library) or self.not_in.get(f"{library} {kind}", "")

    def rng(self):
        """Return a generator of random numbers of this row's own."""
        return np.random.default_rng(zlib.crc32(self.name.encode()))

    def draw(self, dtype="float64"):
        """Return values for the inputs."""
        rng = self.rng()
        return [x.draw(rng, np.dtype(dtype)) for x in self.inputs]

    def arguments(self, values, library=None):
        """Return the call's arguments, with these values for the inputs."""
        return _filled(self.args, iter(values), library)

    def tangents(self, tangents):
        """Return these tangents of the inputs beside the arguments; None beside a constant."""
        return _beside(self.args, iter(tangents))

    def keywords(self, library=None):
        """Return the call's keyword arguments."""
        return {k: _constant(v, library) for k, v in self.kwargs.items()}

    def call(self, values, library=None):
        """Call the function, with these values for the inputs."""
        return self.function(*self.arguments(values, library), **self.keywords(library))

    def gradients(self, dargs):
        """Return the inputs' gradients out of a pullback's, less that of the function."""
        assert len(dargs) == len(self.args)
        return list(_gradients(self.args, dargs))


def shown(x):
    """Return a short text for an argument."""
    if isinstance(x, slice):
        parts = [x.start, x.stop, *([] if x.step is None else [x.step])]
        return ":".join("" if p is None else str(p) for p in parts)
    if isinstance(x, (tuple, list)):
        return ("[{}]" if isinstance(x, list) else "({})").format(",".join(map(shown, x)))
    if isinstance(x, np.ndarray):
        shape = "x".join(map(str, x.shape))
        if x.dtype == bool:
            return f"{'mask' if x.any() else 'nothing'} {shape}"
        return f"array({x.tolist()})".replace(" ", "")
    if isinstance(x, type) and issubclass(x, np.generic):
        return x.__name__
    if callable(x):
        return x.__name__
    return "..." if x is ... else str(x)


def _inputs(args):
    for x in args:
        if isinstance(x, Input):
            yield x
        elif isinstance(x, (list, tuple)):
            yield from _inputs(x)


def _filled(args, values, library):
    items = []
    for x in args:
        if isinstance(x, Input):
            items.append(next(values))
        elif isinstance(x, (list, tuple)):
            items.append(_filled(x, values, library))
        else:
            items.append(_constant(x, library))
    return type(args)(items)


def _beside(args, tangents):
    items = []
    for x in args:
        if isinstance(x, Input):
            items.append(next(tangents))
        elif isinstance(x, (list, tuple)) and list(_inputs(x)):
            items.append(_beside(x, tangents))
        else:
            items.append(None)
    return type(args)(items)


def _constant(x, library):
    if library is None:
        return x
    if isinstance(x, np.ndarray):
        return library.asarray(x)
    if isinstance(x, type) and issubclass(x, np.generic):
        return library.dtype(x)
    return x


def _gradients(args, dargs):
    for x, dx in zip(args, dargs, strict=True):
        if isinstance(x, Input):
            yield dx
        elif isinstance(x, (list, tuple)) and list(_inputs(x)):
            yield from _gradients(x, [None] * len(x) if dx is None else dx)
        else:
            assert dx is None, f"a constant argument, {shown(x)}, was given a gradient"


def row(function, *args, note="", takes=REAL, analytic=True, not_in=None, **kwargs):
    """Write a Sample as the call it stands for."""
    return Sample(function, args, kwargs, note, takes, analytic, not_in or {})


# --- Rows of elementwise functions, in every shape ---------------------------------------

UNARY_SHAPES = [(3, 4), (), (0, 3)]

BINARY_SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((), (3, 4)),
    ((2, 3), ()),
    ((), ()),
    ((0, 3), (3,)),
]


def unary_rows(function, domain, takes=REAL, *, analytic=True):
    """Yield the rows of a function of one array or number."""
    for shape in UNARY_SHAPES:
        yield row(function, domain(*shape), takes=takes, analytic=analytic)
    if "real" in takes:
        yield row(function, number(domain))


def binary_rows(function, a, b, takes=REAL):
    """Yield the rows of a function of two arrays or numbers."""
    for a_shape, b_shape in BINARY_SHAPES:
        yield row(function, a(*a_shape), b(*b_shape), takes=takes)
    yield row(function, a(2, 3), number(b), takes=takes)
    yield row(function, number(a), b(2, 3), takes=takes)
    yield row(function, number(a), number(b))


INTEGERS_BESIDE = {"strict": "the standard does not mix integers with floating-point arrays"}
MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, False]])
