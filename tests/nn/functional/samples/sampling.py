"""Samples of resampling."""

from gpugrad.nn.functional.sampling import (
    grid_sample,
    pixel_shuffle,
    upsample_linear,
    upsample_nearest,
)
from tests.rows import BOTH, Domain, anything, row

inside_cells = Domain(lambda rng, shape: rng.choice([-0.8, -0.2, 0.2, 0.6, 1.4], shape))
"""Places that are between two elements of an axis of 3 or of 4, and stay there."""

SAMPLING = [
    row(upsample_nearest, anything(2, 1, 3), 2, takes=BOTH),
    row(upsample_nearest, anything(1, 2, 2, 3), (3, 1)),
    row(upsample_nearest, anything(1, 1, 4, 3), sizes=(3, 5)),
    *(
        row(upsample_linear, anything(*shape), *args, **kwargs)
        for shape, args, kwargs in [
            ((2, 1, 3), (2,), {}),
            ((1, 2, 2, 3), ((2, 1),), {"align_corners": False}),
            ((1, 1, 4, 3), (), {"sizes": (3, 5)}),
            ((1, 1, 4), (), {"sizes": 1, "align_corners": False}),
            ((1, 1, 1, 2, 2), (2,), {}),
            ((0, 1, 2), (2,), {}),
        ]
    ),
    row(pixel_shuffle, anything(2, 4, 3), 2, takes=BOTH),
    row(pixel_shuffle, anything(1, 8, 2, 3), 2),
    row(grid_sample, anything(2, 1, 4), inside_cells(2, 3, 1)),
    row(grid_sample, anything(1, 2, 3, 4), inside_cells(1, 2, 2, 2)),
    row(
        *(grid_sample, anything(1, 2, 3, 4), inside_cells(1, 2, 2, 2)),
        **{"padding_mode": "border", "align_corners": False},
    ),
]
