"""Samples of padding."""

from gpugrad.nn.functional.padding import (
    pad_circular,
    pad_constant,
    pad_reflect,
    pad_repeat,
    pad_symmetric,
    pad_zeros,
)
from tests.rows import BOTH, anything, row

PADDING = [
    *(
        row(pad, anything(*shape), padding, takes=BOTH, **kwargs)
        for pad, kwargs in [
            (pad_constant, {"value": 2.0}),
            (pad_zeros, {}),
            (pad_repeat, {}),
            (pad_reflect, {}),
            (pad_symmetric, {}),
            (pad_circular, {}),
        ]
        for shape, padding in [((2, 1, 4), ((1, 3),)), ((1, 2, 3, 2), (2, 1)), ((0, 1, 3), 1)]
    ),
    row(pad_reflect, anything(1, 1, 3), 0, note="no padding"),
]
