"""Samples of pooling."""

from gpugrad.nn.functional.pooling import (
    adaptive_max_pool,
    adaptive_mean_pool,
    global_max_pool,
    global_mean_pool,
    lp_pool,
    max_pool,
    mean_pool,
    window_max,
    window_sum,
)
from gpugrad.nn.functional.windows import Layout
from tests.rows import BOTH, anything, distinct, nonzero, row

LINE = Layout((5,), (2,), (2,), ((1, 1),), (1,), (3,))
PLANE = Layout((3, 4), (2, 2), (1, 2), ((1, 0), (0, 1)), (2, 1), (2, 2))

POOLING = [
    *(
        row(pool, domain(*shape), *args, **kwargs)
        for pool, domain in [(max_pool, distinct), (mean_pool, anything)]
        for shape, args, kwargs in [
            ((2, 2, 5), (2,), {}),
            ((1, 2, 4, 5), ((2, 3),), {"stride": (2, 1), "padding": ((1, 0), (1, 2))}),
            ((1, 1, 6), (2,), {"dilation": 3, "stride": 1, "padding": "same"}),
            ((1, 1, 2, 3, 2), (2,), {"stride": 1}),
            ((2, 1, 3), (1,), {}),
            ((0, 2, 4), (2,), {}),
        ]
    ),
    row(mean_pool, anything(1, 2, 3, 3), 2, stride=1, padding=1, count_include_pad=False),
    row(mean_pool, anything(1, 2, 4), 2, takes=BOTH),
    row(lp_pool, nonzero(1, 2, 5), 3, 2, stride=1),
    row(lp_pool, nonzero(1, 1, 3, 4), 2, (2, 1), padding=(1, 0)),
    *(
        row(pool, domain(*shape), counts)
        for pool, domain in [(adaptive_max_pool, distinct), (adaptive_mean_pool, anything)]
        for shape, counts in [((2, 1, 6), 2), ((1, 2, 5, 3), (2, 3))]
    ),
    row(global_max_pool, distinct(2, 3, 2, 2)),
    row(global_mean_pool, anything(2, 3, 2, 2), takes=BOTH),
    row(window_sum, anything(2, 5), takes=BOTH, layout=LINE),
    row(window_sum, anything(1, 2, 3, 4), layout=PLANE),
    row(window_max, distinct(2, 5), layout=LINE),
    row(window_max, distinct(1, 2, 3, 4), layout=PLANE),
]
