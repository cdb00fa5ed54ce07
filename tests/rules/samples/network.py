"""Samples of activations, losses, normalisations and polynomials."""

import numpy as np

import gpugrad as gg
from gpugrad import nn
from gpugrad.nn.functional.binary import logistic_loss
from gpugrad.nn.functional.regression import huber
from gpugrad.nn.functional.standardise import standardise_affine, standardise_with_moments
from tests.rules.samples.rows import (
    BOTH,
    anything,
    between,
    distinct,
    nonzero,
    number,
    one_hot,
    positive,
    probability,
    row,
    unary_rows,
)

LABELS = np.array([2, 0, 3])
SEQUENCES = np.array([[1, 2], [2, 2], [1, 0]])
NO_ERF = {"strict": "it has no special functions"}

NETWORK = [
    # --- Activations -------------------------------------------------------------------------
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
    # --- Losses ------------------------------------------------------------------------------
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
    # --- Normalisations ----------------------------------------------------------------------
    row(nn.standardise, anything(3, 4)),
    row(nn.standardise, anything(2, 3, 4)),
    row(standardise_with_moments, anything(2, 3, 4)),
    row(nn.l2_normalise, anything(2, 3, 4)),
    row(gg.cross_entropy, probability(2, 3, 4), probability(2, 3, 4)),
    row(gg.logit_cross_entropy, anything(2, 3, 4), probability(2, 3, 4)),
    row(nn.standardise, anything(2, 3, 4), axis=(0, 2), epsilon=1e-2),
    row(nn.standardise, anything(3, 4), axis=0, centre=False),
    row(nn.standardise, anything(3, 1)),
    row(nn.standardise, anything(0, 3)),
    row(standardise_with_moments, anything(2, 3, 4), axis=(0, 2)),
    row(standardise_with_moments, anything(4)),
    row(
        *(standardise_affine, anything(3, 4), anything(4), anything(4)),
        axis=-1,
        epsilon=1e-5,
        centre=True,
    ),
    row(
        *(standardise_affine, anything(2, 3, 4), anything(2, 4), None),
        axis=(-1, 0),
        epsilon=1e-2,
        centre=False,
    ),
    row(
        *(standardise_affine, anything(2, 3, 4), None, anything(3)),
        axis=1,
        epsilon=1e-2,
        centre=True,
    ),
    row(nn.layer_norm, anything(3, 4), anything(4), anything(4)),
    row(nn.layer_norm, anything(2, 3, 4), anything(2, 4), axis=(0, -1)),
    row(nn.layer_norm, anything(3, 4), axis=0, epsilon=1e-2),
    row(nn.rms_norm, anything(3, 4), anything(4)),
    row(nn.rms_norm, anything(2, 3, 4), anything(3), axis=1),
    row(nn.group_norm, anything(2, 4, 3), 2, anything(4), anything(4)),
    row(nn.group_norm, anything(2, 3, 4), 4, anything(4), axis=-1),
    row(nn.group_norm, anything(2, 6), 3),
    row(nn.instance_norm, anything(2, 3, 4), anything(3), anything(3)),
    row(nn.instance_norm, anything(2, 4, 2, 3), axis=-1),
    *(
        row(nn.batch_norm, *args, training=training, **kwargs)
        for training in (True, False)
        for args, kwargs in [
            ((anything(4, 3), anything(3), anything(3), anything(3), positive(3)), {}),
            (
                (anything(2, 3, 4), None, anything(4), anything(4), positive(4)),
                {"axis": -1, "momentum": 0.3, "epsilon": 1e-2},
            ),
        ]
    ),
    row(nn.l2_normalise, nonzero(3, 4)),
    row(nn.l2_normalise, nonzero(2, 3, 4), axis=(0, 2)),
    row(nn.l2_normalise, nonzero(0, 3)),
    # --- Polynomials -------------------------------------------------------------------------
    row(gg.evalpoly, anything(3, 4), anything(5), takes=BOTH),
    row(gg.evalpoly, anything(), anything(3), takes=BOTH),
    row(gg.evalpoly, number(anything), anything(3)),
    row(gg.evalpoly, anything(0), anything(3)),
    row(gg.evalpoly, anything(3), anything(1)),
]
