"""A call's frame: the structures that go into a call, and the numbers in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gpugrad.structure.walk import Walk


class Frame:
    """Some structures, and the differentiable numbers in them, in one order.

    Args:
        values: the structures.

    Attributes:
        nodes: the node of each.
        leaves: the numbers in all.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        walk = Walk()
        self.nodes = [walk.node(value) for value in values]
        self.leaves = walk.leaves
        self.owes_release = walk.owes_release

    def take_leaves(self) -> list[Any]:
        """Return the numbers, and let go of them."""
        leaves, self.leaves = self.leaves, []
        return leaves

    def rebuilt(self, values: Iterable[Any], leaves: Iterator[Any]) -> list[Any]:
        """Return the structures `values`, with others for their numbers."""
        pairs = zip(self.nodes, values, strict=True)
        return [node.rebuild(value, leaves) for node, value in pairs]

    def gathered(self, gradients: Iterator[Any]) -> list[Any]:
        """Return what there is for each number, gradients or tangents, in the structures' form."""
        return [node.gradient(gradients) for node in self.nodes]

    def scattered(self, gradients: Iterable[Any]) -> list[Any]:
        """Return what gradients or tangents, in the structures' form, hold for each number.

        Raises SensitivityError where they are not in that form.
        """
        found: list[Any] = []
        for node, gradient in zip(self.nodes, gradients, strict=True):
            node.scatter_to(found, gradient)
        return found

    def release(self) -> None:
        """Let go of what rebuilt closures captured, once the function has run."""
        if self.owes_release:
            for node in self.nodes:
                node.release()
