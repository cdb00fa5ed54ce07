"""Samples of attention."""

import numpy as np

from gpugrad.nn.functional.attention import (
    attend,
    dot_product_attention,
    dot_product_attention_scores,
    join_heads,
    rotary_embedding,
    split_heads,
)
from tests.rows import BOTH, MASK, anything, row

SEEN = np.array([[True, False, True], [False, False, False]])

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
