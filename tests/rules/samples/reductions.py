"""Samples of reductions and scans."""

import numpy as np

from gpugrad import functions as F
from tests.rows import (
    BOTH,
    REAL,
    anything,
    distinct,
    nonzero,
    row,
)

AXES = [None, 0, -1, (0, 2), (-1, 1), (0, 1, 2)]

REDUCTIONS = [
    *(
        row(f, domain(2, 3, 4), axis=axis, keepdims=keepdims, takes=takes)
        for f, domain, takes in [
            (F.max, distinct, REAL),
            (F.mean, anything, BOTH),
            (F.min, distinct, REAL),
            (F.prod, nonzero, BOTH),
            (F.std, distinct, REAL),
            (F.sum, anything, BOTH),
            (F.var, anything, REAL),
        ]
        for axis in AXES
        for keepdims in (False, True)
    ),
    *(
        row(f, distinct(*shape), takes=takes)
        for f, takes in [
            (F.max, REAL),
            (F.mean, BOTH),
            (F.min, REAL),
            (F.prod, BOTH),
            (F.sum, BOTH),
            (F.var, REAL),
        ]
        for shape in [(), (1,), (5,)]
    ),
    row(F.max, distinct(0, 3), axis=1),
    row(F.mean, anything(0, 3), axis=1, takes=BOTH),
    row(F.min, distinct(0, 3), axis=-1, keepdims=True),
    row(F.prod, anything(0, 3), axis=0, takes=BOTH),
    row(F.prod, anything(0), takes=BOTH),
    row(F.std, anything(5)),
    row(F.std, anything(0, 3), axis=1),
    row(F.std, anything(3, 4), axis=0, correction=1),
    row(F.sum, anything(0)),
    row(F.sum, anything(0, 3), axis=0, takes=BOTH),
    row(F.sum, anything(0, 3), axis=1, keepdims=True),
    row(F.sum, anything(3, 4), axis=(), takes=BOTH),
    row(F.sum, anything(3, 4), axis=1, dtype=np.float64),
    row(F.prod, nonzero(3, 4), axis=0, dtype=np.float64),
    row(F.var, anything(0, 3), axis=1),
    row(F.var, anything(3, 4), axis=-1, correction=1, keepdims=True),
    row(F.var, anything(3, 4), correction=0.5),
    *(
        row(f, *args, takes=BOTH, **kwargs)
        for f in (F.cumulative_prod, F.cumulative_sum)
        for args, kwargs in [
            ((nonzero(5),), {}),
            ((nonzero(3, 4),), {"axis": 0}),
            ((nonzero(2, 3, 4),), {"axis": -1}),
            ((nonzero(2, 3, 4),), {"axis": 1, "include_initial": True}),
            ((nonzero(3, 4),), {"axis": 1, "dtype": np.complex128}),
            ((nonzero(0),), {}),
            ((nonzero(3, 0),), {"axis": 1}),
            ((nonzero(3, 0),), {"axis": 0, "include_initial": True}),
        ]
    ),
]
