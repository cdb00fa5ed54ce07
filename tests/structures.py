"""Structures of numbers, as several rooms' tests differentiate them."""

from dataclasses import dataclass
from typing import Any, NamedTuple


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any
    name: str = "p"


@dataclass(frozen=True)
class Model:
    weight: Any
    bias: Any
    name: str = "m"
    steps: int = 3
