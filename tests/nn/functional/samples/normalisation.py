"""Samples of normalisations."""

from gpugrad import nn
from gpugrad.nn.functional.normalisation import standardise_affine, standardise_with_moments
from tests.rows import (
    anything,
    nonzero,
    positive,
    row,
)

NORMALISATION = [
    row(nn.standardise, anything(3, 4)),
    row(nn.standardise, anything(2, 3, 4)),
    row(standardise_with_moments, anything(2, 3, 4)),
    row(nn.l2_normalise, anything(2, 3, 4)),
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
]
