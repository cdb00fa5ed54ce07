"""What `patch_cupy` costs: a call of CuPy's function, against the one that takes its place.

Run by `make bench`, on any machine: the calls on plain arrays are of functions that return views,
for which CuPy needs no GPU and which are its fastest, and the recorded arrays are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from table import Figure

import gpugrad as gg

cupy = pytest.importorskip("cupy")

from tests.host_cupy import bare  # noqa: E402

TURNS = 3
CALLS = 1000
NAMES = ("broadcast_arrays", "expand_dims", "matmul", "moveaxis")


def functions() -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(cupy, name) for name in NAMES})


ORIGINAL = functions()
with gg.patch_cupy():
    PATCHED = functions()

X = bare(np.ones((3, 4)))
SQUARE = np.eye(4)


def one_array(cupy: Any) -> Callable[[], Any]:
    def calls() -> None:
        for _ in range(CALLS):
            cupy.expand_dims(X, 0)

    return calls


def three_arrays(cupy: Any) -> Callable[[], Any]:
    def calls() -> None:
        for _ in range(CALLS):
            cupy.broadcast_arrays(X, X, X)

    return calls


def keywords(cupy: Any) -> Callable[[], Any]:
    def calls() -> None:
        for _ in range(CALLS):
            cupy.moveaxis(X, source=0, destination=1)

    return calls


def recorded(matmul: Callable[..., Any]) -> Callable[[], Any]:
    def products(x: Any) -> Any:
        for _ in range(CALLS):
            matmul(x, SQUARE)
        return x

    return lambda: gg.pullback(products, SQUARE)


CASES = [
    *(
        (Figure(f"patched, {of.__name__}, a call".replace("_", " "), per=CALLS, beyond=0.3), of)
        for of in (one_array, three_arrays, keywords)
    ),
]


@pytest.mark.parametrize(("figure", "of"), CASES, ids=[figure.name for figure, _ in CASES])
@pytest.mark.parametrize("way", ["by hand", "gpugrad"])
@pytest.mark.parametrize("turn", range(TURNS))
def test_call_of_plain_arrays(measure: Any, figure: Figure, of: Any, way: str, turn: int) -> None:
    measure(figure, way, of(PATCHED if way == "gpugrad" else ORIGINAL))


@pytest.mark.parametrize("way", ["by hand", "gpugrad"])
@pytest.mark.parametrize("turn", range(TURNS))
def test_call_of_recorded_arrays(measure: Any, way: str, turn: int) -> None:
    """By hand it is xp.matmul, which is recorded without any detour."""
    figure = Figure("patched, recorded arrays, a call", per=CALLS)
    measure(figure, way, recorded(PATCHED.matmul if way == "gpugrad" else gg.xp.matmul))
