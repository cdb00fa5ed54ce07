"""stop_gradient: a value through which no gradient flows."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.levels import LevelValue
from gpugrad.structure.walk import Walk


def stop_gradient(x: Any) -> Any:
    """Return `x`, any structure, through which no gradient flows.

    Recorded arrays in it are copied: what is assigned to the result stays there.

    Example:
        >>> import gpugrad as gg
        >>> gg.grad(lambda x: x * stop_gradient(x))(3.0)
        3.0
    """
    walk = Walk()
    node = walk.node(x)
    return node.rebuild(x, iter([_stopped(leaf) for leaf in walk.leaves]))


def _stopped(leaf: Any) -> Any:
    return F.positive(F.stop_gradient(leaf)) if isinstance(leaf, LevelValue) else leaf
