"""Losses that are the sum or the mean of losses of single elements: `cuda_kernels/losses.cu`.

A loss is one launch, or two where there is work for several blocks, and its gradients are one.
"""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, CudaArray, kind_of
from gpugrad.kernels import launch
from gpugrad.kernels.columns import computed
from gpugrad.kernels.launch import C_TYPES, FLOATS, VECTOR_BYTES, Kernel, contiguous, new

# By the functions' names: the structs of losses.cu.
LOSSES = {
    "mse": "SquaredError",
    "mae": "AbsoluteError",
    "huber_loss": "Huber",
    "hinge_loss": "Hinge",
    "squared_hinge_loss": "SquaredHinge",
    "binary_cross_entropy": "BinaryCrossEntropy",
    "logit_binary_cross_entropy": "Logistic",
    "poisson_loss": "Poisson",
}
_STRUCTS = {name: f"gpugrad::{struct}" for name, struct in LOSSES.items()}

THREADS = 256
SINGLE = 8  # vectors that a thread has at most where one block does it all, and no second launch
_VECTORS = 4  # that a thread has at least where there are several blocks
_BLOCKS = 8  # for each multiprocessor

_VARIANTS = [(struct, name) for struct in _STRUCTS.values() for name in FLOATS]
_sums = Kernel("loss_sums", "losses.cu", variants=_VARIANTS)
_gradients = Kernel("loss_gradients", "losses.cu", variants=_VARIANTS)
_total = Kernel("loss_total", "losses.cu")


class Loss:
    """A loss of two arrays of CuPy's, whose value and gradients the kernels compute.

    Args:
        name: one of `LOSSES`.
        yhat: the prediction.
        y: the target, of the same shape and data type, and not empty.
        option: the number that the loss has beside them.
        agg: "mean" or "sum".
    """

    def __init__(self, name: str, yhat: Array, y: Array, option: float, agg: str) -> None:
        self.yhat, self.y = contiguous(yhat), contiguous(y)
        self.option = float(option)
        self.divisor = float(yhat.size) if agg == "mean" else 1.0
        self.variant = _STRUCTS[name], yhat.dtype
        in_vector = VECTOR_BYTES // yhat.dtype.itemsize
        self.vectors = -(-yhat.size // in_vector)

    def compute(self) -> Any:
        """Return the loss."""
        yhat, count = self.yhat, self.yhat.size
        loss = new(yhat, ())
        blocks = self._blocks() if self.vectors > THREADS * SINGLE else 1
        sums = new(yhat, (blocks,), computed(yhat.dtype)) if blocks > 1 else 0
        numbers = count, self.option, self.divisor
        _sums[self.variant](blocks, THREADS, (yhat, self.y, *numbers, sums, loss))
        if blocks > 1:
            _total[yhat.dtype](1, THREADS, (sums, blocks, self.divisor, loss))
        return loss

    def pull_back(self, dloss: Array, needs: tuple[bool, ...]) -> Any:
        """Return the gradients of prediction and target, None where `needs` says so.

        Args:
            dloss: the sensitivity, a Python float or an array like the loss; all else is declined.
            needs: whether the one and the other are wanted.
        """
        yhat, factor = self.yhat, 1 / self.divisor
        if type(dloss) is float:
            factor, dloss = dloss * factor, 0
        elif type(dloss) is not type(yhat) or dloss.dtype != yhat.dtype or dloss.shape:
            return NotImplemented
        dyhat, dy = (new(yhat, yhat.shape) if need else None for need in needs)
        outputs = (0 if d is None else d for d in (dyhat, dy))
        numbers = yhat.size, self.option
        arguments = (yhat, self.y, *numbers, dloss, factor, *outputs)
        _gradients[self.variant](self._blocks(), THREADS, arguments)
        return dyhat, dy

    def _blocks(self) -> int:
        """Return how many blocks there are, where there are several."""
        enough = -(-self.vectors // (THREADS * _VECTORS))
        return min(enough, _BLOCKS * launch.driver.processors())


def numbers(y: Array, yhat: Array) -> Any:
    """Return targets, of which integers and booleans become numbers like the prediction."""
    is_array = hasattr(yhat, "dtype") and hasattr(y, "dtype")
    return F.indicator(y, yhat) if is_array and kind_of(y) in "ib" else y


def loss_of(name: str, yhat: Array, y: Array, *options: Any, agg: str) -> Loss | None:
    """Return the loss as one that the kernels compute, or None where they do not."""
    y = numbers(y, yhat)
    option = options[0] if options else 0.0
    fits = (
        issubclass(type(yhat), CudaArray)
        and type(yhat) is type(y)
        and yhat.dtype == y.dtype
        and yhat.shape == y.shape
        and yhat.dtype.name in C_TYPES
        and yhat.size > 0
        and type(option) in (int, float)
        and agg in ("mean", "sum")
    )
    return Loss(name, yhat, y, option, agg) if fits else None


def value(name: str, yhat: Array, y: Array, *options: Any, agg: str = "mean") -> Any:
    """Return the loss of that name, or NotImplemented."""
    loss = loss_of(name, yhat, y, *options, agg=agg)
    return NotImplemented if loss is None else loss.compute()
