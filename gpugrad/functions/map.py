"""map, the one function of Python's own that calls others."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import rebuild_sequence
from gpugrad.dispatch.primitive import Primitive
from gpugrad.functions.creation import asarray


def map(f: Callable[..., Any], *sequences: Any) -> Any:
    """Apply `f` to the items, and return the results in a sequence of the first one's kind."""
    results = [f(*items) for items in zip(*sequences, strict=True)]
    first = sequences[0]
    if isinstance(first, (list, tuple)):
        return rebuild_sequence(type(first), results)
    return F.stack([asarray(y) for y in results])


MAP = Primitive("map", builtins.map, default=map)
