"""Cross entropy and layer norm in Triton, after Liger-Kernel: what PyTorch's users take for speed.

Written anew after Hsu et al., "Liger Kernel: efficient Triton kernels for LLM training", 2024, by
its plan: one program for each row, the gradient of the logits along with the value. Liger writes
that gradient over the logits; here it goes to a tensor of its own, so that the inputs last.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

from on_gpu.libraries import Step

LARGEST_BLOCK = 32768


@triton.jit
def cross_entropy_kernel(
    logits_at, labels_at, losses_at, gradient_at, classes, rows, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    logits_at += row * classes
    gradient_at += row * classes
    label = tl.load(labels_at + row)
    taken = tl.load(logits_at + label).to(tl.float32)

    highest = float("-inf")
    total = 0.0
    for start in range(0, classes, BLOCK):
        places = start + tl.arange(0, BLOCK)
        x = tl.load(logits_at + places, mask=places < classes, other=float("-inf")).to(tl.float32)
        higher = tl.maximum(highest, tl.max(x))
        total = total * tl.exp(highest - higher) + tl.sum(tl.exp(x - higher))
        highest = higher
    tl.store(losses_at + row, (highest + tl.log(total) - taken) / rows)

    for start in range(0, classes, BLOCK):
        places = start + tl.arange(0, BLOCK)
        inside = places < classes
        x = tl.load(logits_at + places, mask=inside, other=float("-inf")).to(tl.float32)
        d = tl.exp(x - highest) / total
        d = tl.where(places == label, d - 1, d) / rows
        tl.store(gradient_at + places, d.to(gradient_at.dtype.element_ty), mask=inside)


def cross_entropy(logits: Any, labels: Any) -> Step:
    rows, classes = logits.shape
    block = min(LARGEST_BLOCK, triton.next_power_of_2(classes))

    def step() -> list[Any]:
        losses = torch.empty(rows, dtype=torch.float32, device=logits.device)
        gradient = torch.empty_like(logits)
        cross_entropy_kernel[(rows,)](
            *(logits, labels, losses, gradient, classes, rows),
            BLOCK=block,
            num_warps=32 if block >= 8192 else 8,
        )
        return [losses.sum(), gradient]

    return step


@triton.jit
def layer_norm_kernel(
    x_at, weight_at, bias_at, y_at, mean_at, scale_at, features, epsilon, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    places = tl.arange(0, BLOCK)
    inside = places < features
    x = tl.load(x_at + row * features + places, mask=inside, other=0.0)
    mean = tl.sum(x) / features
    centred = tl.where(inside, x - mean, 0.0)
    scale = 1 / tl.sqrt(tl.sum(centred * centred) / features + epsilon)
    tl.store(mean_at + row, mean)
    tl.store(scale_at + row, scale)
    weight = tl.load(weight_at + places, mask=inside, other=0.0)
    bias = tl.load(bias_at + places, mask=inside, other=0.0)
    tl.store(y_at + row * features + places, centred * scale * weight + bias, mask=inside)


@triton.jit
def layer_norm_back_kernel(
    x_at,
    weight_at,
    mean_at,
    scale_at,
    dy_at,
    dx_at,
    dweight_at,
    dbias_at,
    rows,
    features,
    rows_each,
    BLOCK: tl.constexpr,
):
    program = tl.program_id(0).to(tl.int64)
    places = tl.arange(0, BLOCK)
    inside = places < features
    weight = tl.load(weight_at + places, mask=inside, other=0.0)
    dweight = tl.zeros((BLOCK,), dtype=tl.float32)
    dbias = tl.zeros((BLOCK,), dtype=tl.float32)
    for row in range(program * rows_each, tl.minimum(program * rows_each + rows_each, rows)):
        x = tl.load(x_at + row * features + places, mask=inside, other=0.0)
        dy = tl.load(dy_at + row * features + places, mask=inside, other=0.0)
        scale = tl.load(scale_at + row)
        standard = tl.where(inside, (x - tl.load(mean_at + row)) * scale, 0.0)
        d = dy * weight
        along = tl.sum(standard * d) / features
        dx = (d - standard * along - tl.sum(d) / features) * scale
        tl.store(dx_at + row * features + places, dx, mask=inside)
        dweight += dy * standard
        dbias += dy
    tl.store(dweight_at + program * features + places, dweight, mask=inside)
    tl.store(dbias_at + program * features + places, dbias, mask=inside)


def layer_norm(epsilon: float, x: Any, weight: Any, bias: Any, dy: Any) -> Step:
    rows, features = x.shape
    options = {"BLOCK": triton.next_power_of_2(features), "num_warps": 16}
    programs = 1
    if x.is_cuda:
        programs = torch.cuda.get_device_properties(x.device).multi_processor_count

    def step() -> list[Any]:
        y, dx = torch.empty_like(x), torch.empty_like(x)
        mean, scale = torch.empty((2, rows), device=x.device)
        layer_norm_kernel[(rows,)](*(x, weight, bias, y, mean, scale, features, epsilon), **options)
        dweight, dbias = torch.empty((2, programs, features), device=x.device)
        layer_norm_back_kernel[(programs,)](
            *(x, weight, mean, scale, dy, dx, dweight, dbias),
            *(rows, features, triton.cdiv(rows, programs)),
            **options,
        )
        return [y, dx, dweight.sum(dim=0), dbias.sum(dim=0)]

    return step
