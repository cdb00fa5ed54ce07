"""What the levels of recorded values have in common: a tape, and forward mode."""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.levels import Level, LevelValue
from gpugrad.errors import ArgumentError
from gpugrad.rulebook import opaque
from gpugrad.tracing.constants import NAMESPACE


class Recording(Level):
    """A level whose values are `Tracked`, and of which gradients or tangents are asked."""

    namespace = NAMESPACE

    def call_by_rule(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function that has a definition by the rule that there is for it."""
        if f.arrays is not None:  # no structures are among its arguments
            return self.call(f, args, kwargs)
        return opaque.call_by_rule(f, args, kwargs)


def check_keywords(name: str, kwargs: dict[str, Any]) -> None:
    """Raise ArgumentError where a recorded array is among the keyword arguments."""
    if any(isinstance(value, LevelValue) for value in kwargs.values()):
        raise ArgumentError(
            f"{name}: a recorded array was passed by keyword ({', '.join(kwargs)}). "
            f"Pass it by position; where no gradient is wanted, as gpugrad.stop_gradient(...)"
        )
