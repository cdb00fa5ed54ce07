"""Samples of gather, scatter and embedding."""

import numpy as np

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
from tests.rows import BOTH, anything, distinct, nonzero, row

TOKENS = np.array([[2, 0], [2, 3]])
SEGMENTS = np.array([3, 0, 3, 1, 0, 3])

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
