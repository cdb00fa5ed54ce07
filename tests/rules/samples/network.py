"""Samples of activations, losses and polynomials."""

import numpy as np

import gpugrad as gg
from tests.rules.samples.rows import (
    BOTH,
    anything,
    distinct,
    nonzero,
    number,
    one_hot,
    probability,
    row,
)

LABELS = np.array([2, 0, 3])

NETWORK = [
    *(
        row(f, *args, **kwargs)
        for f in (gg.softmax, gg.logsoftmax)
        for args, kwargs in [
            ((anything(4),), {}),
            ((anything(3, 4),), {}),
            ((anything(3, 4),), {"axis": 0}),
            ((anything(2, 3, 4),), {"axis": -2}),
            ((anything(3, 1),), {}),
            ((anything(0, 3),), {}),
        ]
    ),
    row(gg.mse, anything(3, 4), anything(3, 4)),
    row(gg.mse, anything(5), anything(5)),
    row(gg.cross_entropy, probability(3, 4), probability(3, 4), note="soft labels"),
    row(gg.cross_entropy, probability(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.cross_entropy, probability(4, 3), probability(4, 3), axis=0),
    row(gg.cross_entropy, probability(3, 4), one_hot(3, 4), epsilon=1e-2),
    row(gg.logit_cross_entropy, anything(3, 4), probability(3, 4), note="soft labels"),
    row(gg.logit_cross_entropy, anything(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.logit_cross_entropy, anything(3, 4), LABELS),
    row(gg.logit_cross_entropy, anything(4, 3), probability(4, 3), axis=0),
    row(gg.logit_cross_entropy, anything(4, 3), LABELS, axis=0),
    row(gg.hinge_loss, distinct(3, 4), nonzero(3, 4)),
    row(gg.evalpoly, anything(3, 4), anything(5), takes=BOTH),
    row(gg.evalpoly, anything(), anything(3), takes=BOTH),
    row(gg.evalpoly, number(anything), anything(3)),
    row(gg.evalpoly, anything(0), anything(3)),
    row(gg.evalpoly, anything(3), anything(1)),
]
