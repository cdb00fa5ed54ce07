"""Samples of convolution, and of windows."""

from gpugrad.nn.functional.convolution import (
    conv,
    conv_transpose,
    convolve_input,
    convolve_output,
    convolve_weight,
    depthwise_conv,
)
from gpugrad.nn.functional.layout import Layout
from gpugrad.nn.functional.windows import fold, fold_windows, unfold, windows
from tests.rows import BOTH, anything, row

LINE = Layout((5,), (2,), (2,), ((1, 1),), (1,), (3,))
PLANE = Layout((3, 4), (2, 2), (1, 2), ((1, 0), (0, 1)), (2, 1), (2, 2))

CONVOLUTION = [
    row(conv, anything(2, 2, 5), anything(3, 2, 3), takes=BOTH),
    row(conv, anything(2, 4, 3, 4), anything(4, 2, 2, 2), anything(4), groups=2, padding=1),
    row(conv, anything(1, 2, 5, 4), anything(1, 2, 2, 3), stride=(2, 1), padding=((0, 1), (2, 0))),
    row(conv, anything(1, 1, 6), anything(2, 1, 3), dilation=2, padding="same", stride=2),
    row(conv, anything(1, 2, 2, 3, 2), anything(2, 2, 2, 2, 1), note="three spatial axes"),
    row(conv, anything(1, 1, 4), anything(1, 1, 2), flipped=True),
    row(conv, anything(0, 2, 4), anything(3, 2, 2), anything(3), note="no batch"),
    row(conv, anything(2, 3, 4), anything(2, 3, 1), takes=BOTH, note="a kernel of one element"),
    row(conv_transpose, anything(2, 2, 3), anything(2, 3, 2), takes=BOTH, stride=2),
    row(
        *(conv_transpose, anything(1, 4, 2, 3), anything(4, 1, 2, 2), anything(2)),
        **{"groups": 2, "stride": 2, "padding": ((1, 0), (0, 1)), "output_padding": (1, 0)},
    ),
    row(conv_transpose, anything(1, 1, 4), anything(1, 2, 3), dilation=2, padding=1),
    row(conv_transpose, anything(1, 1, 3), anything(1, 1, 2), flipped=True),
    row(depthwise_conv, anything(2, 3, 4), anything(6, 1, 2), anything(6), padding=1),
    row(
        convolve_output,
        anything(2, 2, 3, 4),
        anything(4, 1, 2, 2),
        takes=BOTH,
        layout=PLANE,
        groups=2,
    ),
    row(convolve_input, anything(2, 3, 3), anything(3, 2, 2), takes=BOTH, layout=LINE, groups=1),
    row(
        *(convolve_input, anything(2, 4, 2, 2), anything(4, 1, 2, 2)),
        **{"takes": BOTH, "layout": PLANE, "groups": 2},
    ),
    row(convolve_weight, anything(2, 2, 5), anything(2, 3, 3), takes=BOTH, layout=LINE, groups=1),
    row(
        *(convolve_weight, anything(2, 2, 3, 4), anything(2, 4, 2, 2)),
        **{"takes": BOTH, "layout": PLANE, "groups": 2},
    ),
    row(windows, anything(2, 5), takes=BOTH, layout=LINE),
    row(windows, anything(1, 2, 3, 4), layout=PLANE, fill=2.0),
    row(fold_windows, anything(2, 2, 3), takes=BOTH, layout=LINE),
    row(fold_windows, anything(1, 2, 4, 2, 2), layout=PLANE),
    row(unfold, anything(2, 2, 3, 4), 2, takes=BOTH),
    row(unfold, anything(2, 1, 5), 2, stride=2, padding=1, dilation=2),
    row(fold, anything(2, 8, 6), (3, 4), 2, takes=BOTH),
    row(fold, anything(1, 2, 3), (5,), 2, stride=2, padding=1, dilation=2),
]
