"""Samples of activations."""

import gpugrad as gg
from tests.rows import (
    anything,
    between,
    distinct,
    number,
    positive,
    row,
    unary_rows,
)

NO_ERF = {"strict": "it has no special functions"}

ACTIVATIONS = [
    *(
        a_row
        for f in [
            *(gg.hardsigmoid, gg.hardswish, gg.hardtanh, gg.lisht, gg.logcosh, gg.logsigmoid),
            *(gg.gelu_sigmoid, gg.gelu_tanh, gg.mish, gg.relu6, gg.selu, gg.softplus),
            *(gg.softsign, gg.swish, gg.tanhshrink),
        ]
        for a_row in unary_rows(f, distinct)
    ),
    *(row(f, distinct(6, 6)) for f in (gg.hardsigmoid, gg.hardswish, gg.hardtanh, gg.relu6)),
    *(
        row(gg.gelu_erf, x, not_in=NO_ERF)
        for x in [anything(3, 4), anything(0, 3), number(anything)]
    ),
    *(
        a_row
        for f, parameter in [
            (gg.celu, positive),
            (gg.elu, positive),
            (gg.hardshrink, positive),
            (gg.leakyrelu, positive),
            (gg.softshrink, positive),
            (gg.trelu, between),
        ]
        for a_row in [
            row(f, distinct(3, 4)),
            row(f, distinct(3, 1), parameter(4)),
            row(f, distinct(2, 3), number(parameter)),
            row(f, distinct(5, 6), number(parameter)),
            row(f, distinct(5, 6), parameter(6)),
            row(f, number(distinct), number(parameter)),
            row(f, number(distinct)),
            row(f, distinct(0, 3), number(parameter)),
        ]
    ),
    row(gg.leakyrelu, distinct(3, 4), a=0.2),
    row(gg.glu, anything(3, 4)),
    row(gg.glu, anything(4, 2, 3), axis=0),
    row(gg.softmin, anything(3, 4)),
    row(gg.softmin, anything(3, 4), axis=0),
    *(
        row(f, *args, **kwargs)
        for f in (gg.softmax, gg.logsoftmax)
        for args, kwargs in [
            ((anything(4),), {}),
            ((anything(3, 4),), {}),
            ((anything(3, 4),), {"axis": 0}),
            ((anything(2, 3, 4),), {"axis": -2}),
            ((anything(2, 3, 4),), {"axis": (0, 2)}),
            ((anything(3, 1),), {}),
            ((anything(0, 3),), {}),
        ]
    ),
]
