"""Samples of convolution, pooling, attention, embedding, and what surrounds them."""

import numpy as np

from gpugrad.nn.functional.attention import (
    attend,
    dot_product_attention,
    dot_product_attention_scores,
    join_heads,
    rotary_embedding,
    split_heads,
)
from gpugrad.nn.functional.convolution import (
    conv,
    conv_transpose,
    convolve_input,
    convolve_output,
    convolve_weight,
    depthwise_conv,
)
from gpugrad.nn.functional.embedding import (
    embedding,
    gather,
    scatter,
    scatter_max,
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
)
from gpugrad.nn.functional.layout import Layout
from gpugrad.nn.functional.padding import (
    pad_circular,
    pad_constant,
    pad_reflect,
    pad_repeat,
    pad_symmetric,
    pad_zeros,
)
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
from gpugrad.nn.functional.sampling import (
    grid_sample,
    pixel_shuffle,
    upsample_linear,
    upsample_nearest,
)
from gpugrad.nn.functional.windows import fold, fold_windows, unfold, windows
from tests.rules.samples.rows import BOTH, MASK, Domain, anything, distinct, nonzero, row

LINE = Layout((5,), (2,), (2,), ((1, 1),), (1,), (3,))
PLANE = Layout((3, 4), (2, 2), (1, 2), ((1, 0), (0, 1)), (2, 1), (2, 2))
TOKENS = np.array([[2, 0], [2, 3]])
SEGMENTS = np.array([3, 0, 3, 1, 0, 3])
SEEN = np.array([[True, False, True], [False, False, False]])
inside_cells = Domain(lambda rng, shape: rng.choice([-0.8, -0.2, 0.2, 0.6, 1.4], shape))
"""Places that are between two elements of an axis of 3 or of 4, and stay there."""

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

SAMPLING = [
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

EMBEDDING = [
    row(gather, anything(4, 3), TOKENS, takes=BOTH),
    row(gather, anything(2, 4), TOKENS, axis=1),
    row(gather, anything(2, 4, 2), TOKENS[0], axis=-2),
    row(gather, anything(4), np.zeros((0,), int), note="nothing taken"),
    row(embedding, anything(4, 3), TOKENS, takes=BOTH),
    row(scatter, "+", anything(6, 2), SEGMENTS, 5, takes=BOTH),
    row(scatter, "+", anything(2, 2, 3), TOKENS, 4),
    row(scatter, "mean", anything(6), SEGMENTS, 5),
    row(scatter, "mean", anything(2, 2, 3), TOKENS, 4),
    row(scatter, "max", distinct(6, 2), SEGMENTS % 2, 2),
    row(scatter, "min", distinct(2, 2, 3), TOKENS // 2, 2),
    row(scatter, "*", nonzero(6, 2), SEGMENTS, 5),
    row(scatter, "*", anything(2, 2), TOKENS, 4),
    row(scatter, "+", anything(0, 2), SEGMENTS[:0], 3, note="nothing to add"),
    row(segment_sum, anything(6), SEGMENTS, 4, takes=BOTH),
    row(segment_mean, anything(6), SEGMENTS, 4),
    row(segment_max, distinct(6), SEGMENTS % 2, 2),
    row(segment_min, distinct(6), SEGMENTS % 2, 2),
    row(segment_prod, nonzero(6), SEGMENTS, 4),
    row(scatter_max, distinct(6, 2), SEGMENTS % 2, 2),
]

ATTENTION = [
    row(dot_product_attention, anything(2, 3), anything(4, 3), anything(4, 2)),
    row(
        dot_product_attention, anything(2, 3, 2), anything(2, 3, 2), anything(2, 3, 1), causal=True
    ),
    row(
        *(dot_product_attention, anything(2, 2, 2), anything(3, 2), anything(3, 2), anything(3)),
        **{"scale": 0.5, "mask": SEEN, "note": "broadcast"},
    ),
    row(dot_product_attention, anything(0, 2, 2), anything(0, 3, 2), anything(0, 3, 2)),
    row(dot_product_attention, anything(3, 1), anything(1, 1), anything(1, 2), note="one key"),
    row(attend, anything(3, 2), anything(4, 2), anything(4, 2), anything(3, 4), MASK, scale=0.7),
    row(attend, anything(1, 3, 2), anything(2, 4, 2), anything(4, 2), None, None, scale=0.7),
    row(dot_product_attention_scores, anything(2, 3), anything(3, 3)),
    row(dot_product_attention_scores, anything(2, 3), anything(3, 3), anything(2, 1), mask=SEEN),
    row(split_heads, anything(2, 3, 4), 2, takes=BOTH),
    row(join_heads, anything(2, 2, 3, 2), takes=BOTH),
    row(rotary_embedding, anything(2, 3, 4)),
    row(rotary_embedding, anything(3, 2), base=10.0, start=2),
]

SPATIAL = [*CONVOLUTION, *POOLING, *SAMPLING, *EMBEDDING, *ATTENTION]
