"""Samples of indexing."""

import numpy as np

from gpugrad import functions as F
from tests.rows import (
    BOTH,
    MASK,
    anything,
    number,
    row,
)

ROWS = np.array([2, 0, 2, -1])
COLUMNS = np.array([1, 1, 1, 0])
FULL = {"strict": "the standard wants an index for every axis, or an ellipsis"}
MIXED = {"strict": "the standard mixes integer arrays with integers only"}
LISTS = {"strict": "the standard takes no lists as indices"}
MASKS = {"strict": "the standard takes a mask only alone"}

INDICES = [  # of an array of shape (3, 4, 2)
    (1, FULL),
    (-1, FULL),
    ((slice(1, 3), ...), {}),
    ((slice(None, None, 2), ...), {}),
    ((slice(None, None, -1), ...), {}),
    ((slice(None), slice(3, 0, -2)), FULL),
    ((slice(2, 2), ...), {}),
    ((0, 1, 1), {}),
    ((..., 0), {}),
    ((1, ..., slice(1, None)), {}),
    ((None, 1, ...), {}),
    ((slice(None), None, ..., 1), {}),
    (..., {}),
    ((), FULL),
    (MASK, {}),
    (MASK[:, 0], {}),
    (np.zeros((3, 4), dtype=bool), {}),
    ((MASK[:, 0], 1), MASKS),
    ((slice(None), MASK[0]), MASKS),
    (ROWS, FULL),
    ((ROWS, COLUMNS, COLUMNS), {}),
    ((ROWS, 1, COLUMNS), {}),
    ((slice(None), ROWS), MIXED),
    ((ROWS, slice(1, 3)), MIXED),
    ((ROWS[:, None], COLUMNS), MIXED),
    ((0, slice(None), COLUMNS), MIXED),
    ((ROWS, None, COLUMNS), MIXED),
    (np.array(1), FULL),
    ((np.array([2, 0]), np.array([1, 3]), np.array([0, 0])), {}),
    (np.array([], dtype=np.int64), FULL),
    ([0, 2, 2], LISTS),
    (([0, 2], [1, 3]), LISTS),
]

X = np.empty((3, 4, 2))


def has_repeats(index):
    """Say whether an index meets an element more than once."""
    places = np.arange(X.size).reshape(X.shape)[index]
    return len(np.unique(places)) < places.size


def is_assignable(index):
    """Say whether the standard assigns there: at integers, slices, an ellipsis or one mask."""
    return not any(
        part is None or (isinstance(part, np.ndarray) and part.dtype != bool)
        for part in (index if isinstance(index, tuple) else (index,))
    )


INDEXING = [
    *(row(F.getitem, anything(3, 4, 2), i, takes=BOTH, not_in=no) for i, no in INDICES),
    *(
        row(
            F.index_set,
            anything(3, 4, 2),
            i,
            anything(*X[i].shape),
            takes=BOTH,
            not_in=no if is_assignable(i) else {"strict": "the standard does not assign there"},
        )
        for i, no in INDICES
        if not has_repeats(i)  # which of several values would stay is left open
    ),
    row(F.index_set, anything(3, 4), (slice(1, 3), ...), anything(4), note="broadcast"),
    row(F.index_set, anything(3, 4), (slice(None), 1), anything(1), note="broadcast"),
    row(F.index_set, anything(3, 4), (0, 1), number(anything)),
    row(F.index_set, anything(3, 4), MASK, number(anything)),
    row(F.index_set, anything(3, 4), (slice(None), 1), anything()),
    *(
        row(F.scatter_add, anything(*X[i].shape), i, X.shape, takes=BOTH, not_in=no)
        for i, no in INDICES
    ),
]
