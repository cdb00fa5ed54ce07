"""The table of samples: one row for each rule and each variant of a call.

A new rule needs a row here, and is then tested in every way that `test_samples.py` knows: against
numerical derivatives to second order, in every data type, and on every array library.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gpugrad as gg
from gpugrad import functions as F

# --- What a row consists of ------------------------------------------------------------------


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
    not_in: dict[str, str] = field(default_factory=dict)
    """Libraries ("strict") and data types ("float16") it is not for, with the reasons."""

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
    def is_analytic(self):
        """Whether the function is differentiable as one of complex numbers."""
        return "complex" in self.takes and self.function not in NOT_ANALYTIC

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


def row(function, *args, note="", takes=REAL, not_in=None, **kwargs):
    """Write a Sample as the call it stands for."""
    return Sample(function, args, kwargs, note, takes, not_in or {})


# --- Elementwise functions -------------------------------------------------------------------

UNARY = [
    (F.abs, nonzero, BOTH),
    (F.acos, unit, BOTH),
    (F.acosh, above_one, BOTH),
    (F.asin, unit, BOTH),
    (F.asinh, anything, BOTH),
    (F.atan, anything, BOTH),
    (F.atanh, unit, BOTH),
    (F.conj, anything, BOTH),
    (F.cos, anything, BOTH),
    (F.cosh, anything, BOTH),
    (F.exp, anything, BOTH),
    (F.expm1, anything, BOTH),
    (F.imag, anything, COMPLEX),
    (F.log, positive, BOTH),
    (F.log10, positive, BOTH),
    (F.log1p, unit, BOTH),
    (F.log2, positive, BOTH),
    (F.negative, anything, BOTH),
    (F.positive, anything, BOTH),
    (F.real, anything, BOTH),
    (F.reciprocal, nonzero, BOTH),
    (F.sign, nonzero, BOTH),
    (F.sin, anything, BOTH),
    (F.sinh, anything, BOTH),
    (F.sqrt, positive, BOTH),
    (F.square, anything, BOTH),
    (F.tan, unit, BOTH),
    (F.tanh, anything, BOTH),
    (gg.relu, nonzero, REAL),
    (gg.sigmoid, anything, REAL),
]

BINARY = [
    (F.add, anything, anything, BOTH),
    (F.atan2, nonzero, nonzero, REAL),
    (F.copysign, nonzero, nonzero, REAL),
    (F.divide, anything, nonzero, BOTH),
    (F.hypot, nonzero, nonzero, REAL),
    (F.logaddexp, anything, anything, REAL),
    (F.maximum, distinct, between, REAL),
    (F.minimum, distinct, between, REAL),
    (F.multiply, anything, anything, BOTH),
    (F.pow, positive, anything, BOTH),
    (F.remainder, dividend, divisor, REAL),
    (F.subtract, anything, anything, BOTH),
]

NOT_ANALYTIC = {F.abs, F.conj, F.imag, F.real, F.sign, F.vecdot}

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


def unary_rows(function, domain, takes):
    """Yield the rows of a function of one array or number."""
    for shape in UNARY_SHAPES:
        yield row(function, domain(*shape), takes=takes)
    if "real" in takes:
        yield row(function, number(domain))


def binary_rows(function, a, b, takes):
    """Yield the rows of a function of two arrays or numbers."""
    for a_shape, b_shape in BINARY_SHAPES:
        yield row(function, a(*a_shape), b(*b_shape), takes=takes)
    yield row(function, a(2, 3), number(b), takes=takes)
    yield row(function, number(a), b(2, 3), takes=takes)
    yield row(function, number(a), number(b))


KINDS = {"strict": "the standard does not mix integers with floating-point arrays"}
MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, False]])

ELEMENTWISE = [
    *(sample for line in UNARY for sample in unary_rows(*line)),
    *(sample for line in BINARY for sample in binary_rows(*line)),
    row(F.remainder, dividend(3, 4), negative_divisor(4), note="negative divisor"),
    row(F.pow, anything(3, 4), 3, takes=BOTH),
    row(F.pow, nonzero(3, 4), -2, takes=BOTH),
    row(F.pow, anything(3, 4), np.array([0, 1, 2, 3]), not_in=KINDS),
    row(F.pow, 2, anything(3, 4)),
    row(F.multiply, anything(3, 4), 3, takes=BOTH),
    row(F.clip, distinct(3, 4), number(low), number(high)),
    row(F.clip, distinct(3, 4), -1, 1),
    row(F.clip, distinct(3, 4), low(4), high(3, 1)),
    row(F.clip, distinct(3, 4), None, high(1, 4)),
    row(F.clip, distinct(3, 4), low(), None),
    row(F.clip, distinct(3, 4), number(low)),
    row(F.clip, distinct(3, 4), None, None),
    row(F.clip, distinct(0, 4), number(low), number(high)),
    row(F.clip, number(nonzero), number(low), number(high)),
    row(F.where, MASK, anything(3, 4), anything(3, 4), takes=BOTH),
    row(F.where, MASK, anything(4), anything(3, 1), takes=BOTH),
    row(F.where, MASK[0], anything(3, 1), anything(), takes=BOTH),
    row(F.where, MASK, anything(3, 4), number(anything), takes=BOTH),
    row(F.where, MASK, number(anything), anything(4), takes=BOTH),
    row(F.where, MASK[:0], anything(4), anything(1)),
    row(F.where, np.array(True), anything(3), anything(2, 1)),
]

# --- Reductions and scans --------------------------------------------------------------------

AXES = [None, 0, -1, (0, 2), (-1, 1), (0, 1, 2)]

REDUCTIONS = [
    *(
        row(f, domain(2, 3, 4), axis=axis, keepdims=keepdims, takes=takes)
        for f, domain, takes in [
            (F.max, distinct, REAL),
            (F.mean, anything, BOTH),
            (F.min, distinct, REAL),
            (F.prod, nonzero, BOTH),
            (F.std, distinct, REAL),
            (F.sum, anything, BOTH),
            (F.var, anything, REAL),
        ]
        for axis in AXES
        for keepdims in (False, True)
    ),
    *(
        row(f, distinct(*shape), takes=takes)
        for f, takes in [
            (F.max, REAL),
            (F.mean, BOTH),
            (F.min, REAL),
            (F.prod, BOTH),
            (F.sum, BOTH),
            (F.var, REAL),
        ]
        for shape in [(), (1,), (5,)]
    ),
    row(F.max, distinct(0, 3), axis=1),
    row(F.mean, anything(0, 3), axis=1, takes=BOTH),
    row(F.min, distinct(0, 3), axis=-1, keepdims=True),
    row(F.prod, anything(0, 3), axis=0, takes=BOTH),
    row(F.prod, anything(0), takes=BOTH),
    row(F.std, anything(5)),
    row(F.std, anything(0, 3), axis=1),
    row(F.std, anything(3, 4), axis=0, correction=1),
    row(F.sum, anything(0)),
    row(F.sum, anything(0, 3), axis=0, takes=BOTH),
    row(F.sum, anything(0, 3), axis=1, keepdims=True),
    row(F.sum, anything(3, 4), axis=(), takes=BOTH),
    row(F.sum, anything(3, 4), axis=1, dtype=np.float64),
    row(F.prod, nonzero(3, 4), axis=0, dtype=np.float64),
    row(F.var, anything(0, 3), axis=1),
    row(F.var, anything(3, 4), axis=-1, correction=1, keepdims=True),
    row(F.var, anything(3, 4), correction=0.5),
    *(
        row(f, *args, takes=BOTH, **kwargs)
        for f in (F.cumulative_prod, F.cumulative_sum)
        for args, kwargs in [
            ((nonzero(5),), {}),
            ((nonzero(3, 4),), {"axis": 0}),
            ((nonzero(2, 3, 4),), {"axis": -1}),
            ((nonzero(2, 3, 4),), {"axis": 1, "include_initial": True}),
            ((nonzero(3, 4),), {"axis": 1, "dtype": np.complex128}),
            ((nonzero(0),), {}),
            ((nonzero(3, 0),), {"axis": 1}),
            ((nonzero(3, 0),), {"axis": 0, "include_initial": True}),
        ]
    ),
]

# --- Linear algebra --------------------------------------------------------------------------

LINALG = [
    *(
        row(F.matmul, anything(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((2, 1), (1, 4)),
            ((1, 3), (3, 1)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((1, 2, 3), (5, 3, 4)),
            ((4, 1, 2, 3), (5, 3, 2)),
            ((4, 1, 2, 3), (1, 5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((0,), (0,)),
            ((0, 2, 3), (3, 2)),
        ]
    ),
    *(
        row(F.linear, anything(*x), anything(3, 2), anything(*bias), takes=BOTH)
        for x in [(4, 3), (3,), (5, 4, 3), (1, 3), (0, 3)]
        for bias in [(2,), ()]
    ),
    row(F.matrix_transpose, anything(2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(4, 2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(0, 3)),
    row(F.tensordot, anything(2, 3, 4), anything(3, 4, 5), takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(3, 4), axes=1, takes=BOTH),
    row(
        F.tensordot,
        anything(2, 3),
        anything(
            4,
        ),
        axes=0,
        takes=BOTH,
    ),
    row(F.tensordot, anything(3), anything(3), axes=1, takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(2, 3), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(4, 3), axes=((1, 2), (1, 0)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2), axes=((0,), (1,)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2, 3), axes=((1, 0), (2, 1))),
    row(F.tensordot, anything(2, 3, 4), anything(4, 5), axes=((-1,), (-2,)), takes=BOTH),
    row(F.tensordot, anything(0, 3), anything(3, 2), axes=1),
    row(F.vecdot, anything(3), anything(3), takes=BOTH),
    row(F.vecdot, anything(2, 3), anything(2, 3), takes=BOTH),
    row(F.vecdot, anything(2, 3), anything(3), takes=BOTH),
    row(F.vecdot, anything(4, 1, 3), anything(2, 3), takes=BOTH),
    row(F.vecdot, anything(3, 2), anything(3, 2), axis=-2, takes=BOTH),
    row(F.vecdot, anything(2, 0), anything(2, 0)),
]

# --- Shape, order and choice -----------------------------------------------------------------

MANIPULATION = [
    row(F.astype, anything(3, 4), np.float64),
    row(F.astype, anything(3, 4), np.complex128, takes=BOTH),
    row(F.broadcast_to, anything(4), (3, 4), takes=BOTH),
    row(F.broadcast_to, anything(3, 1), (2, 3, 4)),
    row(F.broadcast_to, anything(1, 1), (1, 4)),
    row(F.broadcast_to, anything(), (2, 3)),
    row(F.broadcast_to, anything(3, 4), (3, 4)),
    row(F.broadcast_to, anything(1, 3), (0, 3)),
    row(F.concat, [anything(2, 3), anything(1, 3)], takes=BOTH),
    row(F.concat, (anything(2, 3), anything(2, 1), anything(2, 0)), axis=1),
    row(F.concat, [anything(2, 3), anything(2, 2)], axis=-1),
    row(F.concat, [anything(2, 3), anything(4)], axis=None),
    row(
        F.concat,
        [anything(2, 3), np.array([[1, 2, 3]])],
        axis=0,
        note="with integers",
        not_in=KINDS,
    ),
    row(F.concat, [anything(3)]),
    row(F.diff, anything(5), takes=BOTH),
    row(F.diff, anything(3, 4), axis=0),
    row(F.diff, anything(3, 4), n=2),
    row(F.diff, anything(5, 2), axis=-2, n=3),
    row(F.diff, anything(4), n=0),
    row(F.diff, anything(3, 4), axis=1, prepend=np.ones((3, 1)), append=np.zeros((3, 2))),
    row(F.diff, anything(1)),
    row(F.diff, anything(0, 3)),
    row(F.expand_dims, anything(3, 4), axis=0, takes=BOTH),
    row(F.expand_dims, anything(3, 4), axis=-1),
    row(F.expand_dims, anything(), axis=0),
    row(F.flip, anything(3, 4), takes=BOTH),
    row(F.flip, anything(3, 4), axis=0),
    row(F.flip, anything(2, 3, 4), axis=(0, -1)),
    row(F.moveaxis, anything(2, 3, 4), 0, -1, takes=BOTH),
    row(F.moveaxis, anything(2, 3, 4), (0, 1), (-1, -2)),
    row(F.permute_dims, anything(2, 3, 4), (2, 0, 1), takes=BOTH),
    row(F.permute_dims, anything(2, 3), (1, 0)),
    row(F.permute_dims, anything(2, 3, 4), (-1, 0, 1)),
    row(F.permute_dims, anything(), ()),
    row(F.repeat, anything(3), 2, takes=BOTH),
    row(F.repeat, anything(2, 3), 2),
    row(F.repeat, anything(2, 3), 3, axis=0),
    row(F.repeat, anything(2, 3), 2, axis=-1),
    row(F.repeat, anything(3), 0),
    row(F.repeat, anything(3, 2), np.array([2, 0, 1]), axis=0),
    row(F.repeat, anything(3), np.array([2, 0, 1])),
    row(F.reshape, anything(3, 4), (2, 6), takes=BOTH),
    row(F.reshape, anything(3, 4), (-1,)),
    row(F.reshape, anything(1, 1), ()),
    row(F.reshape, anything(), (1, 1)),
    row(F.reshape, anything(0, 3), (3, 0)),
    row(F.roll, anything(5), 2, takes=BOTH),
    row(F.roll, anything(3, 4), -1),
    row(F.roll, anything(3, 4), 1, axis=0),
    row(F.roll, anything(3, 4), (1, -2), axis=(0, 1)),
    row(F.squeeze, anything(1, 3, 1), axis=0, takes=BOTH),
    row(F.squeeze, anything(1, 3, 1), axis=-1),
    row(F.squeeze, anything(1, 3, 1), axis=(0, 2)),
    row(F.stack, [anything(2, 3), anything(2, 3)], takes=BOTH),
    row(F.stack, (anything(2, 3), anything(2, 3), anything(2, 3)), axis=-1),
    row(F.stack, [anything(2), np.array([1, 2])], axis=1, note="with integers", not_in=KINDS),
    row(F.stack, [anything(), anything()]),
    row(F.take, anything(5), np.array([0, 4, 4, 2]), takes=BOTH),
    row(F.take, anything(3, 4), np.array([1, 1]), axis=0),
    row(F.take, anything(3, 4), np.array([-1, 0, -1]), axis=1),
    row(F.take, anything(2, 3, 4), np.array([2, 0]), axis=-2),
    row(F.take, anything(3, 4), np.array([], dtype=np.int64), axis=1),
    row(F.take_along_axis, anything(3, 4), np.array([[0, 3], [2, 2], [1, 0]]), takes=BOTH),
    row(F.take_along_axis, anything(3, 4), np.array([[0, 2, 2, 1]]), axis=0),
    row(F.take_along_axis, anything(3, 4), np.array([[-1]]), axis=1, note="broadcast"),
    row(F.tile, anything(3), (2,), takes=BOTH),
    row(F.tile, anything(2, 3), (2, 1)),
    row(F.tile, anything(2, 3), (2, 1, 3), note="more repetitions than axes"),
    row(F.tile, anything(2, 3), (2,), note="fewer repetitions than axes"),
    row(F.tile, anything(2, 3), (0, 2)),
    row(F.tile, anything(), (3,)),
    row(F.tril, anything(3, 4), takes=BOTH),
    row(F.tril, anything(2, 3, 3), k=-1),
    row(F.triu, anything(3, 4), takes=BOTH),
    row(F.triu, anything(2, 3, 3), k=1),
    row(F.unstack, anything(3, 2), takes=BOTH),
    row(F.unstack, anything(2, 3), axis=-1),
    row(F.unstack, anything(2, 3, 2), axis=1),
]

# --- Indexing --------------------------------------------------------------------------------

ROWS = np.array([2, 0, 2, -1])
COLUMNS = np.array([1, 1, 1, 0])
FULL = {"strict": "the standard wants an index for every axis, or an ellipsis"}
MIXED = {"strict": "the standard mixes integer arrays with integers only"}
LISTS = {"strict": "the standard takes no lists as indices"}
MASKS = {"strict": "the standard takes a mask only alone"}

INDICES = [  # of an array of shape (3, 4, 2)
    (1, FULL),
    (-1, FULL),
    ((slice(1, 3), ...), {}),
    ((slice(None, None, 2), ...), {}),
    ((slice(None, None, -1), ...), {}),
    ((slice(None), slice(3, 0, -2)), FULL),
    ((slice(2, 2), ...), {}),
    ((0, 1, 1), {}),
    ((..., 0), {}),
    ((1, ..., slice(1, None)), {}),
    ((None, 1, ...), {}),
    ((slice(None), None, ..., 1), {}),
    (..., {}),
    ((), FULL),
    (MASK, {}),
    (MASK[:, 0], {}),
    (np.zeros((3, 4), dtype=bool), {}),
    ((MASK[:, 0], 1), MASKS),
    ((slice(None), MASK[0]), MASKS),
    (ROWS, FULL),
    ((ROWS, COLUMNS, COLUMNS), {}),
    ((ROWS, 1, COLUMNS), {}),
    ((slice(None), ROWS), MIXED),
    ((ROWS, slice(1, 3)), MIXED),
    ((ROWS[:, None], COLUMNS), MIXED),
    ((0, slice(None), COLUMNS), MIXED),
    ((ROWS, None, COLUMNS), MIXED),
    (np.array(1), FULL),
    ((np.array([2, 0]), np.array([1, 3]), np.array([0, 0])), {}),
    (np.array([], dtype=np.int64), FULL),
    ([0, 2, 2], LISTS),
    (([0, 2], [1, 3]), LISTS),
]

X = np.empty((3, 4, 2))


def has_repeats(index):
    """Say whether an index meets an element more than once."""
    places = np.arange(X.size).reshape(X.shape)[index]
    return len(np.unique(places)) < places.size


def is_assignable(index):
    """Say whether the standard assigns there: at integers, slices, an ellipsis or one mask."""
    return not any(
        part is None or (isinstance(part, np.ndarray) and part.dtype != bool)
        for part in (index if isinstance(index, tuple) else (index,))
    )


INDEXING = [
    *(row(F.getitem, anything(3, 4, 2), i, takes=BOTH, not_in=no) for i, no in INDICES),
    *(
        row(
            F.index_set,
            anything(3, 4, 2),
            i,
            anything(*X[i].shape),
            takes=BOTH,
            not_in=no if is_assignable(i) else {"strict": "the standard does not assign there"},
        )
        for i, no in INDICES
        if not has_repeats(i)  # which of several values would stay is left open
    ),
    row(F.index_set, anything(3, 4), (slice(1, 3), ...), anything(4), note="broadcast"),
    row(F.index_set, anything(3, 4), (slice(None), 1), anything(1), note="broadcast"),
    row(F.index_set, anything(3, 4), (0, 1), number(anything)),
    row(F.index_set, anything(3, 4), MASK, number(anything)),
    row(F.index_set, anything(3, 4), (slice(None), 1), anything()),
    *(
        row(F.scatter_add, anything(*X[i].shape), i, X.shape, takes=BOTH, not_in=no)
        for i, no in INDICES
    ),
]

# --- Activations, losses, polynomials --------------------------------------------------------

LABELS = np.array([2, 0, 3])

LEARNING = [
    *(
        row(f, *args, **kwargs)
        for f in (gg.softmax, gg.logsoftmax)
        for args, kwargs in [
            ((anything(4),), {}),
            ((anything(3, 4),), {}),
            ((anything(3, 4),), {"axis": 0}),
            ((anything(2, 3, 4),), {"axis": -2}),
            ((anything(3, 1),), {}),
            ((anything(0, 3),), {}),
        ]
    ),
    row(gg.mse, anything(3, 4), anything(3, 4)),
    row(gg.mse, anything(5), anything(5)),
    row(gg.cross_entropy, probability(3, 4), probability(3, 4), note="soft labels"),
    row(gg.cross_entropy, probability(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.cross_entropy, probability(4, 3), probability(4, 3), axis=0),
    row(gg.cross_entropy, probability(3, 4), one_hot(3, 4), epsilon=1e-2),
    row(gg.logit_cross_entropy, anything(3, 4), probability(3, 4), note="soft labels"),
    row(gg.logit_cross_entropy, anything(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.logit_cross_entropy, anything(3, 4), LABELS),
    row(gg.logit_cross_entropy, anything(4, 3), probability(4, 3), axis=0),
    row(gg.logit_cross_entropy, anything(4, 3), LABELS, axis=0),
    row(gg.hinge_loss, distinct(3, 4), nonzero(3, 4)),
    row(gg.evalpoly, anything(3, 4), anything(5), takes=BOTH),
    row(gg.evalpoly, anything(), anything(3), takes=BOTH),
    row(gg.evalpoly, number(anything), anything(3)),
    row(gg.evalpoly, anything(0), anything(3)),
    row(gg.evalpoly, anything(3), anything(1)),
]

SAMPLES = [*ELEMENTWISE, *REDUCTIONS, *LINALG, *MANIPULATION, *INDEXING, *LEARNING]
