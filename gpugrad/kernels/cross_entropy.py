"""Cross entropy of logits and of probabilities: `cuda_kernels/cross_entropy.cu`.

The gradient is computed along with the loss, as Liger-Kernel does, while the row is at hand: of
logits that fit in shared memory, each is read once and its gradient written once. So it is by
labels along any axis; with targets of all classes, another axis than the last takes copies.

What the sensitivity of the loss will be is not known then. It is 1 where the loss is the end of
the function, but as an array on the device, so that the host cannot see it without waiting for
it. So the pullback launches a kernel that looks, returns at once where there is nothing to do,
and else multiplies in place. What it hands out is no longer its own to scale: a second call of a
pullback computes the gradient again. So does the pullback of losses that are not aggregated,
where the sensitivities are rarely 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gpugrad.dispatch.kinds import Array, kind_of
from gpugrad.kernels import launch, middle
from gpugrad.kernels.launch import FLOATS, VECTOR_BYTES, Instance, Kernel, contiguous, new
from gpugrad.kernels.losses import numbers
from gpugrad.kernels.middle import Stacks, around, stacks
from gpugrad.kernels.rows import CHOICES, VARIANTS, Teams, place_of, rows_back, rows_of, teams

_of_logits = Kernel("logit_cross_entropy", "cross_entropy.cu", variants=CHOICES, large_shared=True)
_of_logits_middle = Kernel(
    "logit_cross_entropy_middle", "cross_entropy.cu", variants=middle.VARIANTS, large_shared=True
)
_of_probabilities = Kernel("cross_entropy", "cross_entropy.cu", variants=VARIANTS)
_aggregate = Kernel("aggregate_losses", "cross_entropy.cu", variants=FLOATS)
_scale = Kernel("scale_gradient", "cross_entropy.cu", variants=FLOATS)

AGGREGATES = ("mean", "sum", "none")
_THREADS = 256
_BLOCKS = 8  # of these, for each multiprocessor


def logit_cross_entropy(logits: Array, y: Array, /, *, axis: int = -1, agg: str = "mean") -> Any:
    """Return the cross entropy of CuPy's logits: see `gpugrad.logit_cross_entropy`.

    Declined are targets of another floating data type, and what is wrong.
    """
    losses = logit_losses(logits, y, axis=axis, agg=agg)
    return NotImplemented if losses is None else losses.compute()


def cross_entropy(
    yhat: Array, y: Array, /, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Any:
    """Return the cross entropy of CuPy's probabilities: see `gpugrad.cross_entropy`."""
    losses = probability_losses(yhat, y, axis=axis, epsilon=epsilon, agg=agg)
    return NotImplemented if losses is None else losses.compute()


class Plan(NamedTuple):
    """How a kernel is launched.

    Attributes:
        kernel: the kernel at its template arguments.
        found: its blocks, threads and shared memory.
        numbers: its last arguments.
    """

    kernel: Instance
    found: Teams | Stacks
    numbers: tuple[int, ...]


class ByRows:
    """An array with its classes in rows: a copy, unless they lie along its last axis.

    Args:
        kernel: the kernel of a team.
        x: CuPy array.
        place: the axis of the classes.
        kept: how many matrices are read twice for the gradient, and how many for the loss.
    """

    def __init__(
        self, kernel: Callable[[int], Instance], x: Array, place: int, kept: tuple[int, int]
    ) -> None:
        self.kernel = kernel
        self.x = rows_of(x, place)
        self.place = place
        self.kept = kept
        self.shape = self.x.shape[:-1]

    def plan(self, with_gradient: bool) -> Plan:
        """Return how the kernel is launched."""
        columns = self.x.shape[-1]
        rows = self.x.size // columns
        found = teams(rows, columns * self.x.itemsize, self.kept[not with_gradient])
        return Plan(self.kernel(found.team), found, (rows, columns, found.capacity))

    def back(self, gradient: Any) -> Any:
        """Return a gradient with its axes where those of the array were."""
        return rows_back(gradient, self.place)


class ByColumns:
    """An array with its classes along another axis than the last.

    Args:
        kernel: the kernel of so many columns at once.
        x: CuPy array.
        place: the axis of the classes.
    """

    def __init__(self, kernel: Callable[[int], Instance], x: Array, place: int) -> None:
        self.kernel = kernel
        self.x = contiguous(x)
        self.sizes = around(x.shape, place)
        self.shape = (*x.shape[:place], *x.shape[place + 1 :])

    def plan(self, with_gradient: bool) -> Plan:
        """Return how the kernel is launched."""
        found = stacks(self.sizes, (self.x,), int(with_gradient))
        return Plan(self.kernel(found.size), found, (*self.sizes, found.width, found.capacity))

    def back(self, gradient: Any) -> Any:
        """Return a gradient as it is."""
        return gradient


class Losses:
    """The losses of the rows or the columns of an array, and their gradient.

    Args:
        layout: the array of logits or probabilities.
        agg: what becomes of the losses, one of `AGGREGATES`.
        targets: array of the shape of the rows, or of labels.
        option: the kernel's third argument.
    """

    def __init__(
        self, layout: ByRows | ByColumns, agg: str, targets: Any, option: int | float
    ) -> None:
        self.x = layout.x
        self.layout = layout
        self.targets = targets
        self.option = option
        self.aggregated = agg != "none"
        self.share = 1 / math.prod(layout.shape) if agg == "mean" else 1.0
        # A share of a batch may be less than what float16 has, until it is multiplied by a
        # sensitivity that was scaled up for that reason.
        self.share_in_advance = 1.0 if self.x.dtype == np.float16 else self.share
        self.gradient: Any = None  # of the arguments, but for the sensitivity of the loss

    def compute(self, *, with_gradient: bool = False) -> Any:
        """Return the loss, or the losses; keep the gradient, if it is wanted."""
        x = self.x
        if not self.aggregated:
            losses = new(x, self.layout.shape)
            self._launch(losses=losses)
            return losses
        if with_gradient:
            self.gradient = new(x, x.shape)
        loss = new(x, ())
        self._launch(loss=loss, gradient=self.gradient, share=self.share_in_advance)
        return loss

    def pull_back(self, dloss: Array) -> Any:
        """Return the gradient of the logits or probabilities; decline what is no plain number.

        Args:
            dloss: the sensitivity, a Python float or a CuPy array like the loss.
        """
        share, sensitivities = self.share, dloss
        if type(dloss) is float:
            share, sensitivities = share * dloss, 0
        elif not self._is_sensitivity(dloss):
            return NotImplemented
        else:
            sensitivities = contiguous(dloss)
        gradient, self.gradient = self.gradient, None
        if gradient is None:
            gradient = new(self.x, self.x.shape)
            self._launch(gradient=gradient, share=share, dloss=sensitivities)
        else:
            self._multiply(gradient, sensitivities, share / self.share_in_advance)
        return self.layout.back(gradient)

    def _is_sensitivity(self, dloss: Array) -> bool:
        x = self.x
        shapes = ((),) if self.aggregated else ((), self.layout.shape)
        return type(dloss) is type(x) and dloss.dtype == x.dtype and dloss.shape in shapes

    def _launch(
        self,
        *,
        losses: Any = 0,
        loss: Any = 0,
        gradient: Any = None,
        share: float = 1.0,
        dloss: Array = 0,
    ) -> None:
        """Compute what there is an array for; of several blocks, the loss takes a second launch."""
        x, (kernel, found, numbers) = self.x, self.layout.plan(gradient is not None)
        in_parts = type(loss) is not int and found.blocks > 1
        sums = new(x, (found.blocks,), np.float64) if in_parts else 0
        kernel(
            found.blocks,
            found.threads,
            (
                *(x, self.targets, self.option, losses, loss, self.share, sums),
                *(0 if gradient is None else gradient, share),
                *(dloss, int(getattr(dloss, "ndim", 0) > 0)),
                *numbers,
            ),
            found.shared,
        )
        if in_parts:
            _aggregate[x.dtype](1, _THREADS, (sums, loss, found.blocks, self.share))

    def _multiply(self, gradient: Any, dloss: Array, share: float) -> None:
        if type(dloss) is int and share == 1:
            return
        vectors = -(-gradient.nbytes // VECTOR_BYTES)
        blocks = min(-(-vectors // _THREADS), _BLOCKS * launch.driver.processors())
        _scale[gradient.dtype](blocks, _THREADS, (gradient, dloss, share, gradient.size))


def logit_losses(logits: Array, y: Array, *, axis: int = -1, agg: str = "mean") -> Losses | None:
    """Return the losses of logits by labels or by targets of all classes; None: they decline."""
    place = place_of(axis, logits)
    if place is None or type(y) is not type(logits) or agg not in AGGREGATES:
        return None
    dtype = logits.dtype
    is_soft = kind_of(y) != "i"
    targets = _soft(y, logits, place) if is_soft else _labels(y, logits, place)
    if targets is None:
        return None
    if is_soft or place == logits.ndim - 1:
        kept = (2, 2) if is_soft else (1, 0)
        layout = ByRows(lambda team: _of_logits[dtype, is_soft, team], logits, place, kept)
    else:
        layout = ByColumns(lambda size: _of_logits_middle[dtype, size], logits, place)
    return Losses(layout, agg, targets, targets.itemsize)


def probability_losses(
    yhat: Array, y: Array, *, axis: int = -1, epsilon: float = 1e-6, agg: str = "mean"
) -> Losses | None:
    """Return the losses of probabilities; None: they decline."""
    place = place_of(axis, yhat)
    if place is None or type(y) is not type(yhat) or type(epsilon) is not float:
        return None
    targets = _soft(y, yhat, place) if agg in AGGREGATES else None
    if targets is None:
        return None
    layout = ByRows(lambda team: _of_probabilities[yhat.dtype, team], yhat, place, (0, 0))
    return Losses(layout, agg, targets, epsilon)


def _soft(y: Array, x: Array, place: int) -> Any:
    """Return targets in the shape and data type of the rows of `x`, None where they have others."""
    y = numbers(y, x)
    return rows_of(y, place) if y.dtype == x.dtype and y.shape == x.shape else None


def _labels(y: Array, logits: Array, place: int) -> Any:
    """Return labels of 4 or 8 bytes, behind each other in memory; None if their shape is wrong."""
    if y.shape != (*logits.shape[:place], *logits.shape[place + 1 :]):
        return None
    if y.dtype not in (np.int32, np.int64):
        y = y.astype(np.int64)
    return contiguous(y)
