"""map, whose rule is the recording of its loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad.functions.map import MAP, map
from gpugrad.modes.pullback import pullback
from gpugrad.modes.rules import rrule
from gpugrad.rulebook.book import Answer


@rrule.register(MAP)
def map_rrule(_: Any, f: Callable[..., Any], *sequences: Any) -> Answer:
    return pullback(map, f, *sequences)
