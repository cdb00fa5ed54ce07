"""The works in JAX, each step one compiled function."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from on_gpu.libraries import Peer, Step, Ways
from on_gpu.works import (
    Adam,
    CrossEntropy,
    Elementwise,
    Gather,
    HostCost,
    LayerNorm,
    Network,
    Work,
    dtype_named,
)

# The device's memory is shared with CuPy and PyTorch: take what is used, and no more than half.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.5")


class Jax(Peer):
    """JAX, on streams of its own, timed by the host's clock from idle to ready."""

    name = "JAX"
    distributions = ("jax",)

    def __init__(self, xp: Any) -> None:
        import jax

        self.xp = xp  # what the inputs are of
        self.jax = jax
        self.last: Any = None  # results, to be waited for

    def array(self, x: Any) -> Any:
        jnp, from_dlpack = self.jax.numpy, self.jax.dlpack.from_dlpack
        if x.dtype.name == "bfloat16":  # which DLPack does not take from CuPy
            bits = from_dlpack(x.view(np.int16))
            return self.jax.lax.bitcast_convert_type(bits, jnp.bfloat16)
        # JAX has integers of 32 bits, unless it is told otherwise as a whole.
        return from_dlpack(x.astype(np.int32) if x.dtype == np.int64 else x)

    def result(self, y: Any) -> Any:
        jnp = self.jax.numpy
        if y.dtype == jnp.bfloat16:
            bits = self.jax.lax.bitcast_convert_type(y, jnp.int16)
            return self.xp.from_dlpack(bits).view(dtype_named("bfloat16"))
        return self.xp.from_dlpack(y)

    def wait(self) -> None:
        self.jax.block_until_ready(self.last)
        self.last = None

    def free(self) -> None:
        self.jax.clear_caches()

    @contextlib.contextmanager
    def precision(self, name: str) -> Iterator[None]:
        named = {"float32": "highest", "tf32": "tensorfloat32"}.get(name)
        with self.jax.default_matmul_precision(named) if named else contextlib.nullcontext():
            yield

    def ways(self, work: Work, *, compiled: bool) -> Ways:
        make = MAKERS.get(type(work))
        if make is None or not compiled:
            return {}
        function = self.jax.jit(partial(make, work))

        def way(*arrays: Any) -> Step:
            def step() -> list[Any]:
                self.last = self.jax.tree.leaves(function(*arrays))
                return self.last

            return step

        return {"JAX jit": way}


def network(work: Network, x: Any, labels: Any, *parameters: Any) -> Any:
    import jax
    import jax.numpy as jnp

    def loss(parameters: Any) -> Any:
        h, last = x, len(parameters) // 2 - 1
        for i in range(last + 1):
            h = h @ parameters[2 * i] + parameters[2 * i + 1]
            if i < last or work.last_relu:
                h = jnp.maximum(h, 0)
        return mean_cross_entropy(h, labels)

    value, gradients = jax.value_and_grad(loss)(parameters)
    return value, [p - work.rate * g for p, g in zip(parameters, gradients, strict=True)]


def mean_cross_entropy(logits: Any, labels: Any) -> Any:
    import jax
    import jax.numpy as jnp

    logits = logits.astype(jnp.float32)
    taken = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - taken)


def elementwise(work: Elementwise, x: Any, y: Any) -> Any:
    import jax
    import jax.numpy as jnp

    def f(x: Any, y: Any) -> Any:
        return jnp.mean(jax.nn.sigmoid(x) * jnp.tanh(y) + jnp.log1p(jnp.exp(-abs(x * y))))

    return jax.value_and_grad(f, argnums=(0, 1))(x, y)


def cross_entropy(work: CrossEntropy, logits: Any, labels: Any) -> Any:
    import jax

    return jax.value_and_grad(mean_cross_entropy)(logits, labels)


def layer_norm(work: LayerNorm, x: Any, weight: Any, bias: Any, dy: Any) -> Any:
    import jax
    import jax.numpy as jnp

    def f(x: Any, weight: Any, bias: Any) -> Any:
        centred = x - jnp.mean(x, axis=1, keepdims=True)
        variance = jnp.mean(centred * centred, axis=1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + work.epsilon) * weight + bias

    y, back = jax.vjp(f, x, weight, bias)
    return y, *back(dy)


def adam(work: Adam, *arrays: Any) -> Any:
    import jax.numpy as jnp

    beta1, beta2 = 0.9, 0.999
    correction = math.sqrt(1 - beta2 ** (work.steps + 1))
    rate = work.rate * correction / (1 - beta1 ** (work.steps + 1))
    parameters, gradients, means, squares = work.parted(arrays)
    pairs = list(zip(means, squares, gradients, strict=True))
    means = [beta1 * m + (1 - beta1) * g for m, _, g in pairs]
    squares = [beta2 * v + (1 - beta2) * g * g for _, v, g in pairs]
    moved = [
        p - rate * m / (jnp.sqrt(v) + 1e-8 * correction)
        for p, m, v in zip(parameters, means, squares, strict=True)
    ]
    return moved, means, squares


def gather(work: Gather, table: Any, indices: Any, dy: Any) -> Any:
    import jax

    y, back = jax.vjp(lambda table: table[indices], table)
    return y, *back(dy)


MAKERS: dict[type[Work], Callable[..., Any]] = {
    Network: network,
    Elementwise: elementwise,
    CrossEntropy: cross_entropy,
    LayerNorm: layer_norm,
    Adam: adam,
    Gather: gather,
}

# A chain of HostCost is one kernel under jit: it has no cost for each operation to compare.
assert HostCost not in MAKERS
