"""Samples of linear algebra."""

from gpugrad import functions as F
from tests.rules.samples.rows import (
    BOTH,
    anything,
    row,
)

LINALG = [
    *(
        row(F.matmul, anything(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((2, 1), (1, 4)),
            ((1, 3), (3, 1)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((1, 2, 3), (5, 3, 4)),
            ((4, 1, 2, 3), (5, 3, 2)),
            ((4, 1, 2, 3), (1, 5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((0,), (0,)),
            ((0, 2, 3), (3, 2)),
        ]
    ),
    *(
        row(F.linear, anything(*x), anything(3, 2), anything(*bias), takes=BOTH)
        for x in [(4, 3), (3,), (5, 4, 3), (1, 3), (0, 3)]
        for bias in [(2,), ()]
    ),
    row(F.matrix_transpose, anything(2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(4, 2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(0, 3)),
    row(F.tensordot, anything(2, 3, 4), anything(3, 4, 5), takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(3, 4), axes=1, takes=BOTH),
    row(
        F.tensordot,
        anything(2, 3),
        anything(
            4,
        ),
        axes=0,
        takes=BOTH,
    ),
    row(F.tensordot, anything(3), anything(3), axes=1, takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(2, 3), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(4, 3), axes=((1, 2), (1, 0)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2), axes=((0,), (1,)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2, 3), axes=((1, 0), (2, 1))),
    row(F.tensordot, anything(2, 3, 4), anything(4, 5), axes=((-1,), (-2,)), takes=BOTH),
    row(F.tensordot, anything(0, 3), anything(3, 2), axes=1),
    row(F.vecdot, anything(3), anything(3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 3), anything(2, 3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 3), anything(3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(4, 1, 3), anything(2, 3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(3, 2), anything(3, 2), axis=-2, takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 0), anything(2, 0)),
]
