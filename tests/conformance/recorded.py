"""gpugrad.xp as a namespace whose creation functions return recorded arrays.

The array-API test suite makes its arrays by the namespace that it tests (`make conformance`). Here
they are plain (`plain` is gpugrad.xp itself), constants (`constants` is what recorded arrays name
as their namespace), or those of floating data type are values on a tape that stays open
(`reverse`) or dual values (`forward`).
"""

import functools
import types

import numpy as np

import gpugrad as gg
from gpugrad import xp
from gpugrad.modes.pushforward import Forward
from gpugrad.modes.tape import Tape
from gpugrad.tracing.constants import NAMESPACE, constant

LINES_KEPT = 10_000


@gg.primitive
def record(x, seed):
    """Return `x`; where `seed` is recorded, so is the result."""
    return x


@gg.rrule.register(record)
def record_rrule(f, x, seed):
    return f(x, seed), lambda dy: (None, dy, None)


TAPE = Tape()
(SEED,) = TAPE.record_inputs([0.0])
_emptied = 0  # lines that keep nothing, from the first on


def on_tape(x):
    """Return an array as a value on the open tape."""
    global _emptied
    lines = len(TAPE.backs)
    if lines - _emptied > LINES_KEPT:  # nobody pulls back: what rules keep for it may go
        TAPE.backs[_emptied:] = [None] * (lines - _emptied)
        _emptied = lines
    return record(x, SEED)


FORWARD = Forward()


def moving(x):
    """Return an array as a dual value."""
    return FORWARD.dual(x, np.ones_like(x))


def recorder(record):
    """Return a function that records floating arrays by `record`, and leaves all else as it is."""

    def recorded(x):
        if type(x) in (list, tuple):
            return type(x)(map(recorded, x))
        plain = not isinstance(x, (np.ndarray, np.generic)) or x.dtype.kind not in "fc"
        return x if plain else record(x)

    return recorded


def namespace(name, recorded):
    """Return gpugrad.xp with creation functions whose results are recorded."""

    def creation(f):
        return functools.wraps(f)(lambda *args, **kwargs: recorded(f(*args, **kwargs)))

    found = types.ModuleType(name)
    vars(found).update({key: value for key, value in vars(xp).items() if key not in vars(found)})
    for key in CREATION:
        setattr(found, key, creation(getattr(xp, key)))
    return found


CREATION = [
    *("arange", "asarray", "astype", "empty", "empty_like", "eye", "from_dlpack", "full"),
    *("full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like"),
]


def as_constant(x):
    """Return an array of any data type as a constant, and leave all else as it is."""
    if type(x) in (list, tuple):
        return type(x)(map(as_constant, x))
    return constant(x) if isinstance(x, (np.ndarray, np.generic)) else x


RECORDERS = {"constant": as_constant, "reverse": recorder(on_tape), "forward": recorder(moving)}
plain = xp
constants = NAMESPACE
reverse = namespace("reverse", RECORDERS["reverse"])
forward = namespace("forward", RECORDERS["forward"])
