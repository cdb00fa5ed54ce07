"""Collects what the benchmarks measured, and prints it as one table of ratios."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from table import Figure, Table

TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()
    config.option.benchmark_quiet = True  # our table takes the place of pytest-benchmark's


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    table = config.stash[TABLE]
    if table.best:
        terminalreporter.section("gpugrad against the gradient written by hand")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    return request.config.stash[TABLE]


@pytest.fixture
def measure(benchmark: Any, table: Table) -> Callable[..., None]:
    """Time a function of no arguments and enter it in the table; with `once`, in a single run."""

    def measure(
        figure: Figure, way: str, function: Callable[[], Any], *, once: bool = False
    ) -> None:
        benchmark.group = figure.name
        if once:
            benchmark.pedantic(function, rounds=1, iterations=1)
        else:
            benchmark(function)
        if benchmark.stats is not None:  # None under --benchmark-disable
            table.add(figure, way, benchmark.stats.stats.min)

    return measure
