"""Convolutions, and the windows they are made of.

With ⟨y, x ⋆ w⟩ for the product of all three, each of `convolve_output`, `convolve_input` and
`convolve_weight` is its derivative by one, and has the other two for derivatives.
"""

from __future__ import annotations

from typing import Any

from gpugrad.modes.rules import frule, rrule
from gpugrad.nn.functional.convolution import convolve_input, convolve_output, convolve_weight
from gpugrad.nn.functional.windows import Layout, fold_windows, windows
from gpugrad.rulebook.forward import bilinear, linear
from gpugrad.rules.elementwise import conj
from gpugrad.structure.spaces import Projection


@rrule.register(convolve_output)
def convolve_output_rrule(
    _: Any, x: Any, w: Any, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Any:
    project_x, project_w = Projection(x), Projection(w)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_output_back(dy: Any) -> Any:
        dx = project_x(convolve_input(dy, conj(w), **options)) if needs[0] else None
        dw = project_w(convolve_weight(conj(x), dy, **options)) if needs[1] else None
        return None, dx, dw

    return convolve_output(x, w, **options), convolve_output_back


@rrule.register(convolve_input)
def convolve_input_rrule(
    _: Any, y: Any, w: Any, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Any:
    project_y, project_w = Projection(y), Projection(w)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_input_back(dx: Any) -> Any:
        dy = project_y(convolve_output(dx, conj(w), **options)) if needs[0] else None
        dw = project_w(convolve_weight(dx, conj(y), **options)) if needs[1] else None
        return None, dy, dw

    return convolve_input(y, w, **options), convolve_input_back


@rrule.register(convolve_weight)
def convolve_weight_rrule(
    _: Any, x: Any, y: Any, *, layout: Layout, groups: int, needs: tuple[bool, bool]
) -> Any:
    project_x, project_y = Projection(x), Projection(y)
    options: Any = {"layout": layout, "groups": groups}

    def convolve_weight_back(dw: Any) -> Any:
        dx = project_x(convolve_input(conj(y), dw, **options)) if needs[0] else None
        dy = project_y(convolve_output(conj(x), dw, **options)) if needs[1] else None
        return None, dx, dy

    return convolve_weight(x, y, **options), convolve_weight_back


@rrule.register(windows)
def windows_rrule(_: Any, x: Any, *, layout: Layout, fill: float = 0.0) -> Any:
    def windows_back(dy: Any) -> Any:
        return None, fold_windows(dy, layout=layout)

    return windows(x, layout=layout, fill=fill), windows_back


@rrule.register(fold_windows)
def fold_windows_rrule(_: Any, y: Any, *, layout: Layout) -> Any:
    def fold_windows_back(dx: Any) -> Any:
        return None, windows(dx, layout=layout)

    return fold_windows(y, layout=layout), fold_windows_back


# --- Forward ---------------------------------------------------------------------------------
bilinear(convolve_output, convolve_input, convolve_weight)
linear(fold_windows)


@frule.register(windows)
def windows_frule(_: Any, args: Any, tangents: Any, *, layout: Layout, fill: float = 0.0) -> Any:
    (x,), (dx,) = args, tangents
    return windows(x, layout=layout, fill=fill), windows(dx, layout=layout)
