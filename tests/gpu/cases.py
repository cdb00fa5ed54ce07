"""What has a kernel of gpugrad's, or is made of such, through the public functions.

Run as a program, `python -m tests.gpu.cases SECONDS`, it calls them for compute-sanitizer to look
at. Under that a call takes long, so the most telling ones come first, and none is begun late.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import gpugrad as gg
from gpugrad import nn, optim, xp

DTYPES = ("float16", "bfloat16", "float32", "float64")
SHAPES = [(1, 1), (7, 33), (130, 1027), (3, 60001)]
SMALL, MIDDLE, LONG = SHAPES[1:]

ACTIVATIONS = [
    *("celu", "elu", "gelu", "gelu_erf", "gelu_sigmoid", "gelu_tanh", "hardshrink", "hardsigmoid"),
    *("hardswish", "hardtanh", "leakyrelu", "lisht", "logcosh", "logsigmoid", "mish", "relu"),
    *("relu6", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "swish"),
    *("tanh_act", "tanhshrink", "trelu"),
]

LOSSES = [
    *("mse", "rmse", "mae", "huber_loss", "smooth_l1_loss", "hinge_loss", "squared_hinge_loss"),
    "logit_binary_cross_entropy",
]


def normal(rng, *shape):
    return rng.normal(size=shape)


def probabilities(rng, *shape):
    """Return positive numbers that add up to 1 along the last axis."""
    p = rng.uniform(0.1, 1.0, size=shape)
    return p / p.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Case:
    """A function of arrays.

    Args:
        name: for the test's report.
        function: of the arrays.
        draw: from a generator and a shape, the arrays: floating ones get a gradient.
        dtypes: in which it is tested.
        shapes: of which.
    """

    name: str
    function: Callable[..., Any]
    draw: Callable[..., list[np.ndarray]]
    dtypes: tuple[str, ...] = DTYPES
    shapes: tuple[tuple[int, int], ...] = tuple(SHAPES)

    def arrays(self, dtype, shape):
        """Return the arrays in a data type, as NumPy's."""
        rng = np.random.default_rng(0)
        drawn = self.draw(rng, *shape)
        return [x.astype(dtype_named(dtype)) if x.dtype.kind == "f" else x for x in drawn]


def dtype_named(name):
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def one(rng, *shape):
    return [normal(rng, *shape)]


def two(rng, *shape):
    return [normal(rng, *shape), normal(rng, *shape)]


def with_labels(rng, rows, classes):
    return [normal(rng, rows, classes), rng.integers(0, classes, rows)]


def with_features(count):
    def draw(rng, *shape):
        return [normal(rng, *shape), *(normal(rng, shape[-1]) for _ in range(count))]

    return draw


def table_and_numbers(rng, *shape):
    return [normal(rng, *shape), rng.integers(-shape[0], shape[0], (5, 7))]


def dense(rng, rows, columns):
    return [normal(rng, rows, columns), normal(rng, columns, 5) / columns**0.5, normal(rng, 5)]


def few_features(rng, rows, columns):
    return dense(rng, rows, min(columns, 32))


def stacks(rng, rows, columns):
    return [normal(rng, 3, rows, columns) / columns**0.5, normal(rng, 3, columns, 5)]


def layer(activation):
    def call(x, weight, bias):
        found = nn.Dense(1, 1, activation)
        vars(found).update(weight=weight, bias=bias)
        return found(x)

    return call


def expression(x, y):
    return xp.mean(gg.sigmoid(x) * xp.tanh(y) + xp.log1p(xp.exp(-abs(x * y))))


PRODUCTS = [
    ("layer", layer(xp.tanh), dense),
    ("layer without activation", layer(lambda x: x), dense),
    ("products of stacks", xp.matmul, stacks),
    ("products with transposed stacks", lambda x, y: xp.matmul(y.mT, x.mT), stacks),
]

WIDE = ("float32", "float64")  # the generic rules on CuPy's own kernels

CASES = [
    *(Case(name, getattr(gg, name), one, shapes=(SMALL, MIDDLE)) for name in ACTIVATIONS),
    Case("softmax", gg.softmax, one),
    Case("softmax, axis 0", lambda x: gg.softmax(x, axis=0), one),
    Case("logsoftmax", gg.logsoftmax, one),
    Case("logsumexp", lambda x: xp.special.logsumexp(x, axis=-1), one),
    Case("logsumexp, axis 0", lambda x: xp.special.logsumexp(x, axis=0), one),
    Case(
        "logit_cross_entropy, labels, axis 0",
        lambda x, y: gg.logit_cross_entropy(x, y, axis=0),
        lambda rng, *shape: [normal(rng, *shape), rng.integers(0, shape[0], shape[1])],
    ),
    Case("logit_cross_entropy, labels", gg.logit_cross_entropy, with_labels),
    Case(
        "logit_cross_entropy, labels, each",
        lambda x, y: gg.logit_cross_entropy(x, y, agg="none"),
        with_labels,
    ),
    Case(
        "logit_cross_entropy, targets",
        gg.logit_cross_entropy,
        lambda rng, *shape: [normal(rng, *shape), probabilities(rng, *shape)],
    ),
    Case(
        "cross_entropy",
        gg.cross_entropy,
        lambda rng, *shape: [probabilities(rng, *shape), probabilities(rng, *shape)],
        shapes=tuple(SHAPES[1:]),  # of one class it is 0, and what is computed a rounding
    ),
    *(Case(name, getattr(gg, name), two, WIDE) for name in LOSSES),
    Case(
        "poisson_loss",
        gg.poisson_loss,
        lambda rng, *shape: [probabilities(rng, *shape), probabilities(rng, *shape)],
        WIDE,
    ),
    Case("layer_norm", nn.layer_norm, with_features(2), shapes=tuple(SHAPES[1:])),
    Case("rms_norm", nn.rms_norm, with_features(1), shapes=tuple(SHAPES[1:])),
    Case("gather", nn.gather, table_and_numbers),
    Case("embedding", nn.embedding, table_and_numbers),
    Case("rows by numbers", lambda x, i: x[i], table_and_numbers),
    Case("layer of few features", layer(xp.tanh), few_features),
    Case("layer of few features, swish", layer(gg.swish), few_features, shapes=(SMALL, MIDDLE)),
    *(Case(name, f, draw) for name, f, draw in PRODUCTS),
    Case("factor of each column", lambda x, factor: x * factor, with_features(1)),
    Case("sum over rows", lambda x: xp.sum(x, axis=0), one, WIDE),
    Case("sum over columns", lambda x: xp.sum(x, axis=-1), one, WIDE),
    Case("an expression", expression, two, WIDE),
]

OPTIMISERS = [
    optim.Descent(0.1),
    optim.Momentum(0.1, 0.9),
    optim.Adam(0.1),
]


def is_floating(x):
    return x.dtype.kind not in "iub"


def places(arrays):
    """Return which of the arrays get a gradient."""
    return [i for i, x in enumerate(arrays) if is_floating(x)]


def pull(case, arrays):
    """Return the value of a case, and its pullback to what gets a gradient."""
    _, back = result = gg.pullback(case.function, *arrays)

    def pulled(dy):
        gradients = back(dy)[1:]
        return [gradients[i] for i in places(arrays)]

    return result[0], pulled


def calls(cases, variants):
    """Return functions of CuPy's module, by name: what calls the optimisers, dropout, and cases.

    Args:
        cases: to be called forward and backward.
        variants: the data types and shapes in which each is, first things first.
    """
    return {
        **{type(optimiser).__name__: partial(step, optimiser) for optimiser in OPTIMISERS},
        "dropout": drop,
        **{
            f"{case.name}, {dtype}, {shape}": partial(call, case, dtype, shape)
            for dtype, shape in variants
            for case in cases
            if dtype in case.dtypes and shape in case.shapes
        },
    }


def step(optimiser, cupy):
    model = [cupy.ones(n, np.float32) for n in (1, 33, 5000)]
    optimiser.update(model, model, None)


def drop(cupy):
    rng = cupy.random.default_rng(0)
    gg.grad(lambda x: xp.sum(nn.dropout(x, 0.5, rng)))(cupy.ones(5000, np.float32))


def call(case, dtype, shape, cupy):
    y, back = pull(case, [cupy.asarray(x) for x in case.arrays(dtype, shape)])
    back(y)


def main(cupy, seconds):
    """Call what there is, less what differs from another by its formula alone."""
    end = time.monotonic() + seconds
    cupy.cuda.set_allocator(None)  # a pool would hide what is out of bounds of an array
    variants = [("float32", SMALL), ("float16", SMALL), ("float32", MIDDLE), ("float32", LONG)]
    found = calls([case for case in CASES if case.name not in ACTIVATIONS[3:]], variants)
    called = failed = 0
    for name, function in found.items():
        if time.monotonic() > end:
            break
        print(name, flush=True)  # what is found at fault follows it
        try:
            function(cupy)
            cupy.cuda.runtime.deviceSynchronize()
        except Exception as error:  # the tool may end a kernel alone, and others are to be called
            print(f"{type(error).__name__}: {error}")
            failed += 1
        called += 1
    print(f"called {called} of {len(found)}, failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    import cupy

    sys.exit(main(cupy, seconds=float(sys.argv[1])))
