"""The works in PyTorch, as its users write them: eager, compiled, and with Liger's kernels."""

from __future__ import annotations

import contextlib
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

MODES = {"torch.compile": "default", "torch.compile, reduce-overhead": "reduce-overhead"}


class Torch(Peer):
    """PyTorch, on the stream that is current there, which is CuPy's too unless changed."""

    name = "PyTorch"
    distributions = ("torch",)

    def __init__(self, xp: Any) -> None:
        import torch

        self.xp = xp  # what the inputs are of
        self.torch = torch
        self.on_device = torch.cuda.is_available()
        if self.on_device:
            self.start, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def array(self, x: Any) -> Any:
        if x.dtype.name == "bfloat16":  # which DLPack does not take from CuPy
            return self.torch.from_dlpack(x.view(np.int16)).view(self.torch.bfloat16)
        return self.torch.from_dlpack(x)

    def result(self, y: Any) -> Any:
        y = y.detach()
        if y.dtype == self.torch.bfloat16:
            bits = self.xp.from_dlpack(y.reshape(-1).view(self.torch.int16))
            return bits.view(dtype_named("bfloat16")).reshape(tuple(y.shape))
        return self.xp.from_dlpack(y)

    def batch(self, turn: Iterator[Step], count: int) -> float:
        self.start.record()
        for _ in range(count):
            next(turn)()
        self.end.record()
        self.end.synchronize()
        return self.start.elapsed_time(self.end) / 1e3

    def wait(self) -> None:
        if self.on_device:
            self.torch.cuda.synchronize()

    def free(self) -> None:
        self.torch.compiler.reset()
        if self.on_device:
            self.torch.cuda.empty_cache()

    @contextlib.contextmanager
    def precision(self, name: str) -> Iterator[None]:
        before = self.torch.get_float32_matmul_precision()
        self.torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
        try:
            yield
        finally:
            self.torch.set_float32_matmul_precision(before)

    def ways(self, work: Work, *, compiled: bool) -> Ways:
        if isinstance(work, Adam):
            return {} if compiled else self.adams(work)
        make = MAKERS[type(work)]
        if compiled:
            if not work.compiled:
                return {}
            return {way: partial(make, work, self.compiled(mode)) for way, mode in MODES.items()}
        return {"PyTorch": partial(make, work, lambda f: f), **self.kernels(work)}

    def compiled(self, mode: str) -> Callable[[Any], Any]:
        """Return what compiles a function, once for all sets of inputs that it is asked for."""
        torch = self.torch
        done: dict[Any, Any] = {}

        def compiler(f: Any) -> Any:
            if f not in done:
                done[f] = torch.compile(f, mode=mode, dynamic=False)

            def call(*args: Any) -> Any:
                torch.compiler.cudagraph_mark_step_begin()
                return done[f](*args)

            return call

        return compiler

    def adams(self, work: Adam) -> Ways:
        return {
            "PyTorch, foreach": partial(adam, work, {"foreach": True}),
            "PyTorch, fused": partial(adam, work, {"fused": True}),
        }

    def kernels(self, work: Work) -> Ways:
        if self.xp is np:
            return {}
        if isinstance(work, CrossEntropy):
            return {"Triton, as Liger": partial(triton, "cross_entropy")}
        if isinstance(work, LayerNorm):
            return {"Triton, as Liger": partial(triton, "layer_norm", work.epsilon)}
        return {}


def triton(name: str, *arguments: Any) -> Step:
    """Return a step by Triton, which is imported not before: where it fails is in a row."""
    from on_gpu import in_triton

    return getattr(in_triton, name)(*arguments)


def leaves(*tensors: Any) -> list[Any]:
    return [x.detach().requires_grad_() for x in tensors]


def value_and_gradients(loss: Any, inputs: list[Any], *constants: Any) -> Step:
    import torch

    def step() -> list[Any]:
        value = loss(*inputs, *constants)
        return [value, *torch.autograd.grad(value, inputs)]

    return step


def network(work: Network, compiler: Any, x: Any, labels: Any, *parameters: Any) -> Step:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            own = [torch.nn.Parameter(p.clone()) for p in parameters]
            self.weights = torch.nn.ParameterList(own[::2])
            self.biases = torch.nn.ParameterList(own[1::2])

        def forward(self, h: Any) -> Any:
            last = len(self.weights) - 1
            for i, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
                h = torch.addmm(b, h, W)
                if i < last or work.last_relu:
                    h = torch.relu(h)
            return h

    model = Model()
    ordered = [p for pair in zip(model.weights, model.biases, strict=True) for p in pair]
    optimiser = torch.optim.SGD(ordered, lr=work.rate)

    def loss(x: Any, labels: Any) -> Any:
        return torch.nn.functional.cross_entropy(model(x), labels)

    run = compiler(loss)

    def step() -> list[Any]:
        optimiser.zero_grad(set_to_none=True)
        value = run(x, labels)
        value.backward()
        optimiser.step()
        return [value, *ordered]

    return step


def expression(x: Any, y: Any) -> Any:
    import torch

    return (torch.sigmoid(x) * torch.tanh(y) + torch.log1p(torch.exp(-abs(x * y)))).mean()


def elementwise(work: Elementwise, compiler: Any, x: Any, y: Any) -> Step:
    return value_and_gradients(compiler(expression), leaves(x, y))


def loss_of_logits(logits: Any, labels: Any) -> Any:
    import torch

    return torch.nn.functional.cross_entropy(logits, labels)


def cross_entropy(work: CrossEntropy, compiler: Any, logits: Any, labels: Any) -> Step:
    return value_and_gradients(compiler(loss_of_logits), leaves(logits), labels)


def normalised(x: Any, weight: Any, bias: Any) -> Any:
    import torch

    return torch.nn.functional.layer_norm(x, weight.shape, weight, bias, LayerNorm.epsilon)


def layer_norm(work: LayerNorm, compiler: Any, x: Any, weight: Any, bias: Any, dy: Any) -> Step:
    import torch

    inputs, run = leaves(x, weight, bias), compiler(normalised)

    def step() -> list[Any]:
        y = run(*inputs)
        return [y, *torch.autograd.grad(y, inputs, dy)]

    return step


def adam(work: Adam, options: dict[str, bool], *tensors: Any) -> Step:
    """A step in place, on copies."""
    import torch

    parameters, gradients, means, squares = work.parted([x.clone() for x in tensors])
    optimiser = torch.optim.Adam(parameters, lr=work.rate, **options)
    for p, g, m, v in zip(parameters, gradients, means, squares, strict=True):
        p.grad = g
        where = p.device if options.get("fused") else "cpu"
        done = torch.tensor(float(work.steps), device=where)
        optimiser.state[p] = {"step": done, "exp_avg": m, "exp_avg_sq": v}

    def step() -> list[Any]:
        optimiser.step()
        return [*parameters, *means, *squares]

    return step


def taken(table: Any, indices: Any) -> Any:
    import torch

    return torch.index_select(table, 0, indices)


def gather(work: Gather, compiler: Any, table: Any, indices: Any, dy: Any) -> Step:
    import torch

    (table,) = leaves(table)
    run = compiler(taken)

    def step() -> list[Any]:
        y = run(table, indices)
        return [y, *torch.autograd.grad(y, table, dy)]

    return step


def host_cost(work: HostCost, compiler: Any, y: Any, a: Any) -> Step:
    import torch

    (y,) = leaves(y)
    one = torch.ones_like(y)

    def step() -> list[Any]:
        value = y
        for _ in range(work.operations):
            value = value * a if work.function == "multiply" else torch.tanh(value)
        return [value, *torch.autograd.grad(value, y, one)]

    return step


MAKERS: dict[type[Work], Callable[..., Step]] = {
    Network: network,
    Elementwise: elementwise,
    CrossEntropy: cross_entropy,
    LayerNorm: layer_norm,
    Gather: gather,
    HostCost: host_cost,
}
