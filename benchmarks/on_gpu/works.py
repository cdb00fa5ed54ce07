"""The computations that are measured: inputs, least bytes, and the ways of gpugrad and by hand.

Each is written for NumPy and CuPy alike, so the tests run them without a GPU. A way takes the
arrays of one set of inputs and returns a function without arguments: what is timed. Its results are
a flat list, in an order that all ways share.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

import gpugrad as gg
from gpugrad import nn, optim, xp

Step = Callable[[], list[Any]]
INT32, INT64 = 4, 8  # bytes


def dtype_named(name: str) -> Any:
    """Return a data type by its name; bfloat16 is of ml_dtypes."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def module_of(x: Any) -> Any:
    """Return numpy, or cupy: whichever the array `x` is of."""
    return sys.modules[type(x).__module__.partition(".")[0]]


def normal(xp: Any, rng: Any, shape: Any, dtype: str = "float32") -> Any:
    return rng.standard_normal(shape, dtype=xp.float32).astype(dtype_named(dtype), copy=False)


class Work:
    """One computation at one size.

    Attributes:
        figure: the row of the plan that it belongs to, G1 to G8.
        quick: whether it is measured with `--quick`.
        share: at least so much of a copy's bandwidth is the goal, and not to be behind any peer.
        microseconds: at most so many, each operation, is the goal.
        operations: by how many a time is divided.
        rotates: whether inputs take turns, so that none is found in the cache.
        host: whether the host's time is measured, and not the device's.
        compiled: whether torch.compile is measured.
        precision: how products are computed: "float32", "tf32", or by "default".
    """

    figure: ClassVar[str]
    quick: bool = True
    share: ClassVar[float | None] = None
    microseconds: ClassVar[float | None] = None
    operations: int = 1
    rotates: ClassVar[bool] = True
    host: ClassVar[bool] = False
    compiled: bool = True
    dtype: str = "float32"
    precision: str = "float32"
    remark: ClassVar[str] = ""

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def bytes(self) -> int:
        """The least there is to move: each input read once, each result written once."""
        raise NotImplementedError

    @property
    def flops(self) -> int:
        """The operations of the matrix products."""
        return 0

    @property
    def size(self) -> int:
        """About how many bytes one set of inputs takes."""
        return self.bytes

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        raise NotImplementedError

    def gpugrad(self, *arrays: Any) -> Step:
        raise NotImplementedError

    def by_hand(self, *arrays: Any) -> Step:
        raise NotImplementedError


def itemsize(work: Work) -> int:
    return dtype_named(work.dtype).itemsize


# --- G1 and G4: networks -------------------------------------------------------------------------


@dataclass(frozen=True)
class Network(Work):
    """A step of gradient descent on dense layers with relu, and the cross entropy of labels."""

    figure: str
    sizes: tuple[int, ...]
    batch: int
    dtype: str = "float32"
    precision: str = "float32"
    last_relu: bool = False
    rate: float = 1e-3
    quick: bool = True
    rotates: ClassVar[bool] = False  # a training has one model
    remark: ClassVar[str] = "bytes are those of the parameters and the batch alone"

    @property
    def name(self) -> str:
        how = "TF32" if self.precision == "tf32" else self.dtype
        sizes = "-".join(map(str, self.sizes))
        kind = "moons step" if self.figure == "G1" else "step"
        return f"{kind} {sizes}, batch {self.batch}, {how}"

    @property
    def parameters(self) -> int:
        return sum(m * n + n for m, n in pairwise(self.sizes))

    @property
    def bytes(self) -> int:
        batch = self.batch * (self.sizes[0] * itemsize(self) + INT64)
        return 2 * self.parameters * itemsize(self) + batch

    @property
    def flops(self) -> int:
        products = [2 * self.batch * m * n for m, n in pairwise(self.sizes)]
        return 3 * sum(products) - products[0]  # nothing asks for the gradient of the points

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        x = normal(xp, rng, (self.batch, self.sizes[0]), self.dtype)
        labels = rng.integers(0, self.sizes[-1], self.batch)
        parameters = []
        for m, n in pairwise(self.sizes):
            weight = normal(xp, rng, (m, n)) * np.float32(math.sqrt(2 / m))
            bias = xp.full(n, 0.01, dtype=xp.float32)
            parameters += [p.astype(dtype_named(self.dtype)) for p in (weight, bias)]
        return [x, labels, *parameters]

    def gpugrad(self, x: Any, labels: Any, *parameters: Any) -> Step:
        model = self.model(parameters)
        optimiser = optim.Descent(self.rate)
        state = optimiser.init(model)

        def loss(model: Any, x: Any, labels: Any) -> Any:
            return gg.logit_cross_entropy(model(x), labels)

        def step() -> list[Any]:
            value, back = gg.pullback(loss, model, x=x, labels=labels)
            _, gradient = back(1.0)
            new, _ = optimiser.update(model, gradient, state)
            return [value, *(p for layer in new for p in (layer.weight, layer.bias))]

        return step

    def model(self, parameters: Any) -> nn.Chain:
        layers = []
        for i, (m, n) in enumerate(pairwise(self.sizes)):
            relu = (gg.relu,) if self.last_relu or i < len(self.sizes) - 2 else ()
            layer = nn.Dense(m, n, *relu, init=lambda rng, shape, dtype: np.empty(shape, dtype))
            vars(layer).update(weight=parameters[2 * i], bias=parameters[2 * i + 1])
            layers.append(layer)
        return nn.Chain(*layers)

    def by_hand(self, x: Any, labels: Any, *parameters: Any) -> Step:
        np = module_of(x)
        weights, biases = parameters[::2], parameters[1::2]
        last = len(weights) - 1
        rows = np.arange(self.batch)
        rate = self.rate

        def step() -> list[Any]:
            inputs = [x]
            for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
                h = inputs[-1] @ W
                h += b
                if i < last or self.last_relu:
                    np.maximum(h, 0, out=h)
                inputs.append(h)
            logits = inputs.pop()
            shifted = logits - logits.max(axis=1, keepdims=True)
            exp = np.exp(shifted)
            total = exp.sum(axis=1, keepdims=True)
            value = (np.log(total[:, 0]) - shifted[rows, labels]).mean()
            exp /= total
            exp[rows, labels] -= 1
            exp /= self.batch
            dy = exp
            if self.last_relu:
                dy *= logits > 0
            new = []
            for i in reversed(range(last + 1)):
                h, W = inputs[i], weights[i]
                new += [biases[i] - rate * dy.sum(axis=0), W - rate * (h.T @ dy)]
                if i:
                    dy = (dy @ W.T) * (h > 0)
            return [value, *reversed(new)]

        return step


# --- G2: an elementwise expression ---------------------------------------------------------------


@dataclass(frozen=True)
class Elementwise(Work):
    """Value and gradient of mean(sigmoid(x) tanh(y) + log1p(exp(−|x y|)))."""

    figure: ClassVar[str] = "G2"
    count: int
    quick: bool = False
    compiled: bool = False

    @property
    def name(self) -> str:
        return f"elementwise expression of {self.count:.0e} elements, float32"

    @property
    def bytes(self) -> int:
        return 4 * self.count * itemsize(self)

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        return [normal(xp, rng, self.count), normal(xp, rng, self.count)]

    def gpugrad(self, x: Any, y: Any) -> Step:
        value_and_grad = gg.value_and_grad(self.expression, argnums=(0, 1))

        def step() -> list[Any]:
            value, gradients = value_and_grad(x, y)
            return [value, *gradients]

        return step

    @staticmethod
    def expression(x: Any, y: Any) -> Any:
        return xp.mean(gg.sigmoid(x) * xp.tanh(y) + xp.log1p(xp.exp(-abs(x * y))))

    def by_hand(self, x: Any, y: Any) -> Step:
        np = module_of(x)

        def step() -> list[Any]:
            s, t = 1 / (1 + np.exp(-x)), np.tanh(y)
            xy = x * y
            e = np.exp(-np.abs(xy))
            value = np.mean(s * t + np.log1p(e))
            slope = -np.sign(xy) * e / (1 + e)
            dx = (s * (1 - s) * t + slope * y) / self.count
            dy = (s * (1 - t * t) + slope * x) / self.count
            return [value, dx, dy]

        return step


# --- G3: cross entropy ---------------------------------------------------------------------------


@dataclass(frozen=True)
class CrossEntropy(Work):
    """Value and gradient of the mean cross entropy of logits, with integer labels."""

    figure: ClassVar[str] = "G3"
    share: ClassVar[float] = 0.85
    rows: int
    classes: int
    dtype: str = "float32"
    quick: bool = True
    remark: ClassVar[str] = (
        "bytes: logits read once, gradient written once. A gradient that reads them again moves "
        "half as much again, and ends at 67 % of the copy"
    )

    @property
    def name(self) -> str:
        return f"logit cross entropy {self.rows}×{self.classes}, {self.dtype}"

    @property
    def bytes(self) -> int:
        return 2 * self.rows * self.classes * itemsize(self) + self.rows * INT64

    @property
    def size(self) -> int:
        return self.bytes // 2

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        logits = normal(xp, rng, (self.rows, self.classes), self.dtype)
        return [logits, rng.integers(0, self.classes, self.rows)]

    def gpugrad(self, logits: Any, labels: Any) -> Step:
        value_and_grad = gg.value_and_grad(gg.logit_cross_entropy)
        return lambda: list(value_and_grad(logits, labels))

    def by_hand(self, logits: Any, labels: Any) -> Step:
        np = module_of(logits)
        rows = np.arange(self.rows)

        def step() -> list[Any]:
            exp = logits - logits.max(axis=1, keepdims=True)
            taken = exp[rows, labels]
            np.exp(exp, out=exp)
            total = exp.sum(axis=1, keepdims=True)
            value = (np.log(total[:, 0]) - taken).mean()
            exp /= total * self.rows
            exp[rows, labels] -= 1 / self.rows
            return [value, exp]

        return step


# --- G5: layer norm ------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerNorm(Work):
    """Layer norm over the last axis: value, and the gradients of x, weight and bias."""

    figure: ClassVar[str] = "G5"
    share: ClassVar[float] = 0.85
    rows: int
    features: int
    epsilon: ClassVar[float] = 1e-5
    remark: ClassVar[str] = "the sensitivity is known after the value, so x is read twice"

    @property
    def name(self) -> str:
        return f"layer norm {self.rows}×{self.features}, float32"

    @property
    def bytes(self) -> int:
        return (5 * self.rows * self.features + 5 * self.features) * itemsize(self)

    @property
    def size(self) -> int:
        return 2 * self.rows * self.features * itemsize(self)

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        shape = self.rows, self.features
        weight, bias = normal(xp, rng, self.features), normal(xp, rng, self.features)
        return [normal(xp, rng, shape), weight, bias, normal(xp, rng, shape)]

    def gpugrad(self, x: Any, weight: Any, bias: Any, dy: Any) -> Step:
        def step() -> list[Any]:
            y, back = gg.pullback(nn.layer_norm, x, weight, bias)
            return [y, *back(dy)[1:]]

        return step

    def by_hand(self, x: Any, weight: Any, bias: Any, dy: Any) -> Step:
        np = module_of(x)

        def step() -> list[Any]:
            centred = x - x.mean(axis=1, keepdims=True)
            variance = (centred * centred).mean(axis=1, keepdims=True)
            scale = 1 / np.sqrt(variance + self.epsilon)
            standard = centred * scale
            y = standard * weight + bias

            dweight = (dy * standard).sum(axis=0)
            dbias = dy.sum(axis=0)
            dx = dy * weight
            along = (dx * standard).mean(axis=1, keepdims=True)
            dx = (dx - dx.mean(axis=1, keepdims=True) - standard * along) * scale
            return [y, dx, dweight, dbias]

        return step


# --- G6: Adam ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Adam(Work):
    """A step of Adam for many tensors."""

    figure: ClassVar[str] = "G6"
    share: ClassVar[float] = 0.85
    tensors: int
    count: int
    quick: bool = True
    compiled: bool = False
    rate: ClassVar[float] = 1e-3
    steps: ClassVar[int] = 10  # done before

    @property
    def name(self) -> str:
        return f"Adam, {self.tensors} tensors of {self.count:.0e} elements, float32"

    @property
    def bytes(self) -> int:
        return 7 * self.tensors * self.count * itemsize(self)

    @property
    def size(self) -> int:
        return 4 * self.tensors * self.count * itemsize(self)

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        """Return the parameters, then their gradients, means and squares."""
        arrays = [normal(xp, rng, self.count) for _ in range(4 * self.tensors)]
        return [*arrays[: 3 * self.tensors], *map(xp.square, arrays[3 * self.tensors :])]

    def parted(self, arrays: Any) -> tuple[Any, ...]:
        n = self.tensors
        return tuple(list(arrays[i * n : (i + 1) * n]) for i in range(4))

    def gpugrad(self, *arrays: Any) -> Step:
        model, gradient, mean, square = self.parted(arrays)
        optimiser = optim.Adam(self.rate)
        state = optimiser.init(model)._replace(
            mean=tuple(mean), square=tuple(square), steps=self.steps
        )

        def step() -> list[Any]:
            new, after = optimiser.update(model, gradient, state)
            return [*new, *after.mean, *after.square]

        return step

    def by_hand(self, *arrays: Any) -> Step:
        np = module_of(arrays[0])
        beta1, beta2 = 0.9, 0.999
        correction = math.sqrt(1 - beta2 ** (self.steps + 1))
        rate = self.rate * correction / (1 - beta1 ** (self.steps + 1))
        epsilon = 1e-8 * correction

        def step() -> list[Any]:
            parameters, means, squares = [], [], []
            for p, g, m, v in zip(*self.parted(arrays), strict=True):
                means.append(beta1 * m + (1 - beta1) * g)
                squares.append(beta2 * v + (1 - beta2) * (g * g))
                parameters.append(p - rate * means[-1] / (np.sqrt(squares[-1]) + epsilon))
            return [*parameters, *means, *squares]

        return step


# --- G7: gather and scatter ----------------------------------------------------------------------


@dataclass(frozen=True)
class Gather(Work):
    """Elements taken by their numbers, and their gradients added up."""

    figure: ClassVar[str] = "G7"
    count: int
    table: int

    @property
    def name(self) -> str:
        return f"gather and scatter-add, {self.count:.0e} out of {self.table:.0e}, float32"

    @property
    def bytes(self) -> int:
        return 2 * self.count * (INT32 + itemsize(self)) + 2 * self.table * itemsize(self)

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        indices = rng.integers(0, self.table, self.count).astype(xp.int32)
        return [normal(xp, rng, self.table), indices, normal(xp, rng, self.count)]

    def gpugrad(self, table: Any, indices: Any, dy: Any) -> Step:
        def step() -> list[Any]:
            y, back = gg.pullback(nn.gather, table, indices)
            return [y, back(dy)[1]]

        return step

    def by_hand(self, table: Any, indices: Any, dy: Any) -> Step:
        np = module_of(table)

        def step() -> list[Any]:
            gradient = np.zeros_like(table)
            np.add.at(gradient, indices, dy)
            return [np.take(table, indices), gradient]

        return step


# --- G8: what recording costs the host -----------------------------------------------------------


@dataclass(frozen=True)
class HostCost(Work):
    """A chain of one operation on small arrays, forward and backward: the host's time for each."""

    figure: ClassVar[str] = "G8"
    microseconds: ClassVar[float] = 12
    rotates: ClassVar[bool] = False
    host: ClassVar[bool] = True
    function: str
    operations: int = 100
    count: int = 64
    compiled: bool = False
    remark: ClassVar[str] = (
        "the host's time of a call, forward and backward, with the device waiting for it. By hand "
        "multiply is two of CuPy's ufuncs, tanh is four"
    )

    @property
    def name(self) -> str:
        return f"host's time of a recorded {self.function}, {self.count} elements"

    @property
    def bytes(self) -> int:
        return 0

    def inputs(self, xp: Any, rng: Any) -> list[Any]:
        return [normal(xp, rng, self.count), 1 + normal(xp, rng, self.count) / 100]

    def gpugrad(self, y: Any, a: Any) -> Step:
        one = module_of(y).ones_like(y)

        def multiplied(y: Any, a: Any) -> Any:
            for _ in range(self.operations):
                y = y * a
            return y

        def bent(y: Any, a: Any) -> Any:
            for _ in range(self.operations):
                y = xp.tanh(y)
            return y

        chain = multiplied if self.function == "multiply" else bent

        def step() -> list[Any]:
            value, back = gg.pullback(chain, y, a=a)  # no other way has a gradient of a
            return [value, back(one)[1]]

        return step

    def by_hand(self, y: Any, a: Any) -> Step:
        np = module_of(y)
        one = np.ones_like(y)
        turns = range(self.operations)

        def multiplied() -> list[Any]:
            value, dy = y, one
            for _ in turns:
                value = value * a
            for _ in turns:
                dy = dy * a
            return [value, dy]

        def bent() -> list[Any]:
            values, dy = [y], one
            for _ in turns:
                values.append(np.tanh(values[-1]))
            for value in values[:0:-1]:
                dy = dy * (1 - value * value)
            return [values[-1], dy]

        return multiplied if self.function == "multiply" else bent


# --- All of them ---------------------------------------------------------------------------------

MOONS = Network("G1", (2, 16, 16, 2), 200, last_relu=True, rate=0.5)
digits = functools.partial(Network, "G4", (784, 512, 512, 10), 128)
wide = functools.partial(Network, "G4", (4096,) * 5, 8192)

PRECISIONS = [("float32", "float32"), ("float32", "tf32"), ("bfloat16", "default")]

WORKS: list[Work] = [
    MOONS,
    *(Elementwise(10**k, quick=k in (3, 6, 8), compiled=k in (3, 6, 8)) for k in range(3, 9)),
    *(
        CrossEntropy(rows, classes, dtype, quick=classes < 10**5)
        for rows, classes in ((4096, 1000), (8192, 50257), (4096, 262144))
        for dtype in ("float32", "bfloat16")
    ),
    *(
        network(dtype=dtype, precision=precision, quick=precision != "tf32")
        for network in (digits, wide)
        for dtype, precision in PRECISIONS
    ),
    LayerNorm(8192, 8192),
    Adam(1000, 10**4),
    Adam(10, 5 * 10**7),
    Gather(10**8, 10**6),
    HostCost("multiply"),
    HostCost("tanh"),
]
