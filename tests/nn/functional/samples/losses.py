"""Samples of losses."""

import numpy as np

import gpugrad as gg
from gpugrad.nn.functional.binary import logistic_loss
from gpugrad.nn.functional.regression import huber
from tests.rows import (
    anything,
    between,
    distinct,
    nonzero,
    number,
    one_hot,
    positive,
    probability,
    row,
)

LABELS = np.array([2, 0, 3])
SEQUENCES = np.array([[1, 2], [2, 2], [1, 0]])

LOSSES = [
    row(gg.mse, anything(3, 4), anything(3, 4)),
    row(gg.mse, anything(5), anything(5)),
    *(
        row(f, yhat(3, 4), y(3, 4), agg=agg)
        for f, yhat, y in [
            (gg.binary_cross_entropy, probability, probability),
            (gg.binary_focal_loss, probability, probability),
            (gg.gaussian_kl_divergence, anything, anything),
            (gg.hinge_loss, distinct, nonzero),
            (gg.huber_loss, distinct, between),
            (gg.logit_binary_cross_entropy, nonzero, probability),
            (gg.mae, distinct, between),
            (gg.mse, anything, anything),
            (gg.msle, positive, positive),
            (gg.poisson_loss, positive, positive),
            (gg.siamese_contrastive_loss, positive, probability),
            (gg.smooth_l1_loss, distinct, between),
            (gg.squared_hinge_loss, distinct, nonzero),
        ]
        for agg in ["mean", "none"]
    ),
    row(gg.mse, anything(3, 4), anything(3, 4), agg="sum"),
    row(gg.huber_loss, distinct(3, 4), between(3, 4), delta=0.7),
    row(gg.huber_loss, distinct(3, 4), between(3, 4), number(positive)),
    row(gg.binary_cross_entropy, probability(3, 4), probability(3, 4), number(positive)),
    row(gg.smooth_l1_loss, distinct(3, 4), between(3, 4), beta=0.7),
    row(gg.binary_focal_loss, probability(5), probability(5), gamma=0.5),
    row(gg.rmse, anything(3, 4), anything(3, 4)),
    row(gg.gaussian_nll, anything(3, 4), anything(3, 4), anything(3, 4)),
    row(gg.gaussian_nll, anything(3), anything(3), anything(3), agg="none"),
    row(huber, distinct(3, 4), number(positive)),
    row(huber, distinct(3, 1), positive(4)),
    row(logistic_loss, nonzero(3, 4), anything(3, 4)),
    row(gg.mse, number(anything), number(anything)),
    row(gg.logit_binary_cross_entropy, number(nonzero), number(probability)),
    row(gg.huber_loss, number(anything), number(anything)),
    *(
        row(f, probability(*shape), probability(*shape), **kwargs)
        for f in (gg.cross_entropy, gg.focal_loss, gg.kl_divergence)
        for shape, kwargs in [
            ((3, 4), {}),
            ((4, 3), {"axis": 0}),
            ((2, 3, 4), {"axis": 1, "agg": "none"}),
            ((3, 4), {"agg": "sum", "epsilon": 1e-2}),
        ]
    ),
    row(gg.cross_entropy, probability(2, 3, 4), probability(2, 3, 4)),
    row(gg.cross_entropy, probability(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.focal_loss, probability(3, 4), one_hot(3, 4), gamma=0.5),
    row(gg.label_smoothing, probability(3, 4), number(probability)),
    row(gg.label_smoothing, one_hot(3, 4), number(probability), axis=0),
    row(gg.label_smoothing, probability(3), number(probability), axis=None),
    row(gg.logit_cross_entropy, anything(3, 4), probability(3, 4), note="soft labels"),
    row(gg.logit_cross_entropy, anything(3, 4), one_hot(3, 4), note="one-hot"),
    row(gg.logit_cross_entropy, anything(3, 4), LABELS),
    row(gg.logit_cross_entropy, anything(4, 3), probability(4, 3), axis=0),
    row(gg.logit_cross_entropy, anything(4, 3), LABELS, axis=0),
    row(gg.logit_cross_entropy, anything(2, 3, 4), probability(2, 3, 4)),
    row(gg.logit_cross_entropy, anything(2, 4, 3), probability(2, 4, 3), axis=1),
    row(gg.logit_cross_entropy, anything(2, 4, 3), probability(2, 4, 3), axis=1, agg="none"),
    row(gg.logit_cross_entropy, anything(3, 4), LABELS, agg="none"),
    row(gg.logit_cross_entropy, anything(3, 4), probability(3, 4), agg="sum"),
    row(gg.triplet_loss, anything(3, 4), anything(3, 4), anything(3, 4)),
    row(gg.triplet_loss, anything(4, 3), anything(4, 3), anything(4, 3), axis=0, agg="none"),
    row(gg.triplet_loss, anything(4), anything(4), anything(4), margin=5.0),
    row(gg.cosine_similarity, anything(3, 4), anything(3, 4)),
    row(gg.cosine_similarity, anything(2, 3, 4), anything(4)),
    row(gg.cosine_similarity, anything(3, 4), anything(3, 1), axis=0),
    row(gg.cosine_embedding_loss, anything(3, 4), anything(3, 4), np.array([1, -1, 1])),
    row(gg.cosine_embedding_loss, anything(4, 2), anything(4, 2), np.array([-1, 1]), axis=0),
    row(
        *(gg.cosine_embedding_loss, anything(3, 4), anything(3, 4), np.array([-1, -1, -1])),
        margin=-2.0,
        agg="none",
    ),
    row(gg.dice_coeff_loss, probability(3, 4), probability(3, 4)),
    row(gg.dice_coeff_loss, probability(5), one_hot(5), smooth=0.1),
    row(gg.tversky_loss, probability(3, 4), probability(3, 4)),
    row(gg.tversky_loss, probability(5), one_hot(5), beta=0.4),
    row(gg.ctc_loss, anything(3, 5, 3), SEQUENCES, label_lengths=np.array([2, 2, 0])),
    row(
        *(gg.ctc_loss, anything(3, 5, 3), SEQUENCES),
        input_lengths=np.array([5, 3, 2]),
        label_lengths=np.array([2, 2, 1]),
        agg="none",
    ),
    row(gg.ctc_loss, anything(2, 1, 4), np.array([[1], [2]]), blank=3, agg="sum"),
    row(gg.ctc_loss, anything(2, 3, 2), np.zeros((2, 0), dtype=int)),
]
