"""Convolutions of one, two, three and more dimensions.

Arrays are laid out as (batch, channels, *spatial), weights as (outputs, inputs / groups, *kernel):
the layout of Chainer, PyTorch and cuDNN. What is computed is theirs too, a cross-correlation.

All is made of one product of input, weight and output, ⟨y, x ⋆ w⟩. It is linear in each of them, so
its three derivatives `convolve_output`, `convolve_input` and `convolve_weight` have one another for
derivatives, to every order.
"""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, shape_of
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.modes.rules import rrule
from gpugrad.nn.functional.layout import Layout, layout_over, padding_pairs, per_axis
from gpugrad.nn.functional.windows import fold_windows, windows
from gpugrad.rulebook.book import Answer, Cotangents
from gpugrad.rulebook.forward import bilinear
from gpugrad.rules.elementwise import conj
from gpugrad.structure.spaces import Projection


@named(Composite, module="nn")
def conv(
    x: Array,
    w: Array,
    bias: Array = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    flipped: bool = False,
) -> Any:
    """Return yₒ[p] = biasₒ + Σ x[c, stride p + dilation k − padding] w[o, c, k] over c and k.

    Args:
        x: array of shape (batch, inputs, *spatial), with one, two, three or more spatial axes.
        w: array of shape (outputs, inputs / groups, *kernel).
        bias: array of shape (outputs,).
        stride: how far apart neighbouring positions of the kernel are, one for all spatial axes or
            one for each.
        padding: zeros around the array: a number, one for each axis, or a (before, after) pair for
            each; "valid" for none; "same" for as many as give ⌈size / stride⌉ outputs, an odd one
            after, as in JAX.
        dilation: how far apart the kernel's elements are.
        groups: into how many groups inputs and outputs are divided, each to itself.
        flipped: whether to reverse the kernel along its spatial axes first. That is the convolution
            of mathematics, and NNlib's default; Chainer's, PyTorch's and this one do not.

    Returns:
        Array of shape (batch, outputs, *counts) with
        counts = ⌊(size + paddings − dilation (kernel − 1) − 1) / stride⌋ + 1.

    Raises:
        ArgumentError: the channels do not belong together, or the kernel is larger than the array.

    Example:
        >>> import numpy as np
        >>> x, w = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0]]])
        >>> conv(x, w)
        array([[[21., 42.]]])
        >>> conv(x, w, padding="same")
        array([[[21., 42.,  4.]]])
    """
    _check_weight("conv", x, w, groups)
    inputs, (outputs, inputs_of_group, *kernel) = shape_of(x)[1], shape_of(w)
    if inputs != inputs_of_group * groups or outputs % groups:
        raise ArgumentError(
            f"conv: x of shape {shape_of(x)} has {inputs} channels; in {groups} groups they take a "
            f"weight of shape (outputs, {inputs / groups:g}, *kernel) with a multiple of {groups} "
            f"outputs, got {shape_of(w)}"
        )
    layout = layout_over("conv", shape_of(x), tuple(kernel), stride, padding, dilation)
    y = convolve_output(x, _flipped(w) if flipped else w, layout=layout, groups=groups)
    return _with_bias("conv", y, bias)


@named(Composite, module="nn")
def conv_transpose(
    x: Array,
    w: Array,
    bias: Array = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    flipped: bool = False,
) -> Array:
    """Return the transpose of `conv`: it takes what `conv` gives to the shape it was given.

    Args:
        x: array of shape (batch, inputs, *spatial).
        w: array of shape (inputs, outputs / groups, *kernel), the weight of the `conv` that this is
            the transpose of.
        bias: array of shape (outputs,).
        stride: that of the `conv`, and so are the others: positions of `x` lie this far apart in
            the result.
        padding: how much of the result is left out at its edges: a number, one for each axis, or a
            (before, after) pair for each.
        output_padding: how much longer the result is at its end: a stride of s takes s lengths to
            one, of which the shortest is the result's otherwise.
        dilation: how far apart the kernel's elements are.
        groups: into how many groups inputs and outputs are divided.
        flipped: whether to reverse the kernel along its spatial axes first.

    Returns:
        Array of shape (batch, outputs, *sizes) with
        sizes = stride (size − 1) + dilation (kernel − 1) + 1 − paddings + output_padding.

    Raises:
        ArgumentError: the channels do not belong together, or nothing is left of the result.

    Example:
        >>> import numpy as np
        >>> x, w = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0]]])
        >>> conv_transpose(x, w, stride=2)
        array([[[ 1., 10.,  2., 20.]]])
    """
    name = "conv_transpose"
    _check_weight(name, x, w, groups)
    _, inputs, *counts = shape_of(x)
    if inputs != shape_of(w)[0] or inputs % groups:
        raise ArgumentError(
            f"conv_transpose: x of shape {shape_of(x)} has {inputs} channels, which in {groups} "
            f"groups take a weight of shape ({inputs}, outputs / groups, *kernel), got "
            f"{shape_of(w)}"
        )
    if padding in ("same", "valid"):
        raise ArgumentError(f"conv_transpose: padding is in numbers, got {padding!r}")
    ndim = len(counts)
    kernel = shape_of(w)[2:]
    strides = per_axis(name, "stride", stride, ndim)
    dilations = per_axis(name, "dilation", dilation, ndim)
    more = per_axis(name, "output_padding", output_padding, ndim, 0)
    spans = tuple(
        s * (n - 1) + d * (k - 1) + 1
        for n, s, d, k in zip(counts, strides, dilations, kernel, strict=True)
    )
    whole = layout_over(name, (1, 1, *spans), kernel, strides, 0, dilations)
    pairs = padding_pairs(name, padding, ndim)
    axes = zip(spans, pairs, more, strict=True)
    sizes = tuple(span - sum(pair) + extra for span, pair, extra in axes)
    if min(sizes) < 1:
        raise ArgumentError(
            f"conv_transpose: of a result of {spans} a padding of {pairs} leaves {sizes}. Give it "
            f"less padding"
        )
    layout = Layout(sizes, whole.window, strides, pairs, dilations, tuple(counts))
    y = convolve_input(x, _flipped(w) if flipped else w, layout=layout, groups=groups)
    return _with_bias(name, y, bias)


@named(Composite, module="nn")
def depthwise_conv(x: Array, w: Array, bias: Array = None, **options: Any) -> Array:
    """Return a `conv` of each channel to itself.

    Args:
        x: array of shape (batch, channels, *spatial).
        w: array of shape (channels · multiplier, 1, *kernel): the first `multiplier` outputs are of
            the first channel, and so on.
        bias: array of shape (channels · multiplier,).
        options: stride, padding, dilation and flipped, as in `conv`.

    Raises:
        ArgumentError: as `conv` does.
    """
    return conv(x, w, bias, groups=shape_of(x)[1] if len(shape_of(x)) > 2 else 1, **options)


# --- The product, by what it is linear in ----------------------------------------------------


@named(module="nn")
def convolve_output(x: Array, w: Array, *, layout: Layout, groups: int) -> Array:
    """Return y of shape (batch, outputs, *counts): for each group a product with the windows."""
    outputs = shape_of(w)[0]
    y = F.matmul(_matrices(w, groups), _columns(windows(x, layout=layout), groups))
    return F.reshape(y, (shape_of(x)[0], outputs, *layout.counts))


@rrule.register(convolve_output)
def convolve_output_rrule(
    _: Any, x: Array, w: Array, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Answer:
    project_x, project_w = Projection(x), Projection(w)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_output_back(dy: Array) -> Cotangents:
        dx = project_x(convolve_input(dy, conj(w), **options)) if needs[0] else None
        dw = project_w(convolve_weight(conj(x), dy, **options)) if needs[1] else None
        return None, dx, dw

    return convolve_output(x, w, **options), convolve_output_back


@named(module="nn")
def convolve_input(y: Array, w: Array, *, layout: Layout, groups: int) -> Array:
    """Return x of shape (batch, inputs, *sizes): what `convolve_output` is the transpose of."""
    inputs = shape_of(w)[1] * groups
    columns = F.matmul(F.matrix_transpose(_matrices(w, groups)), _rows(y, groups))
    parts = F.reshape(columns, (shape_of(y)[0], inputs, layout.size, *layout.counts))
    return fold_windows(parts, layout=layout)


@rrule.register(convolve_input)
def convolve_input_rrule(
    _: Any, y: Array, w: Array, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Answer:
    project_y, project_w = Projection(y), Projection(w)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_input_back(dx: Array) -> Cotangents:
        dy = project_y(convolve_output(dx, conj(w), **options)) if needs[0] else None
        dw = project_w(convolve_weight(dx, conj(y), **options)) if needs[1] else None
        return None, dy, dw

    return convolve_input(y, w, **options), convolve_input_back


@named(module="nn")
def convolve_weight(x: Array, y: Array, *, layout: Layout, groups: int) -> Any:
    """Return w of shape (outputs, inputs / groups, *kernel): correlations of input and output."""
    inputs, outputs = shape_of(x)[1], shape_of(y)[1]
    columns = _columns(windows(x, layout=layout), groups)
    w = F.sum(F.matmul(_rows(y, groups), F.matrix_transpose(columns)), axis=0)
    return F.reshape(w, (outputs, inputs // groups, *layout.window))


@rrule.register(convolve_weight)
def convolve_weight_rrule(
    _: Any, x: Array, y: Array, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Answer:
    project_x, project_y = Projection(x), Projection(y)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_weight_back(dw: Any) -> Cotangents:
        dx = project_x(convolve_input(conj(y), dw, **options)) if needs[0] else None
        dy = project_y(convolve_output(conj(x), dw, **options)) if needs[1] else None
        return None, dx, dy

    return convolve_weight(x, y, **options), convolve_weight_back


def _matrices(w: Array, groups: int) -> Any:
    """Return a weight as (groups, outputs of a group, its inputs · elements of the kernel)."""
    outputs, inputs, *kernel = shape_of(w)
    return F.reshape(w, (groups, outputs // groups, inputs * math.prod(kernel)))


def _columns(parts: Any, groups: int) -> Any:
    """Return windows as (batch, groups, inputs of a group · elements of the kernel, positions)."""
    batch, inputs, size, *counts = shape_of(parts)
    return F.reshape(parts, (batch, groups, inputs // groups * size, math.prod(counts)))


def _rows(y: Array, groups: int) -> Any:
    """Return an output as (batch, groups, outputs of a group, positions)."""
    batch, outputs, *counts = shape_of(y)
    return F.reshape(y, (batch, groups, outputs // groups, math.prod(counts)))


bilinear(convolve_output, convolve_input, convolve_weight)


# --- What surrounds it -----------------------------------------------------------------------


def _flipped(w: Array) -> Any:
    return F.flip(w, axis=tuple(range(2, len(shape_of(w)))))


def _with_bias(name: str, y: Array, bias: Array) -> Any:
    """Return y + bias, a number for each channel."""
    if bias is None:
        return y
    outputs = shape_of(y)[1]
    if shape_of(bias) != (outputs,):
        raise ArgumentError(
            f"{name}: {outputs} outputs take a bias of shape ({outputs},), got {shape_of(bias)}"
        )
    return y + F.reshape(bias, (outputs, *(1,) * (len(shape_of(y)) - 2)))


def _check_weight(name: str, x: Array, w: Array, groups: int) -> None:
    """Raise ArgumentError unless array and weight have the axes that they need."""
    ndim = len(shape_of(x))
    if ndim < 3 or len(shape_of(w)) != ndim:
        raise ArgumentError(
            f"{name}: expected x of shape (batch, channels, *spatial) and w with as many axes, "
            f"(outputs, inputs / groups, *kernel), got {shape_of(x)} and {shape_of(w)}. A batch of "
            f"one is x[None]"
        )
    if groups < 1 or 0 in shape_of(w):
        raise ArgumentError(
            f"{name}: at least one group, and a weight with elements, are needed; got "
            f"groups={groups} and a weight of shape {shape_of(w)}"
        )
