"""Operands that are broadcast: their gradients, for shapes that hypothesis finds."""

import numpy as np
import pytest

from gpugrad import functions as F
from tests.rows import Sample, anything, distinct, high, low
from tests.rules.samples.elementwise import BINARY
from tests.rules.test_samples import assert_near, first_order

hypothesis = pytest.importorskip("hypothesis")
strategies = pytest.importorskip("hypothesis.strategies")
numpy_strategies = pytest.importorskip("hypothesis.extra.numpy")


def summed_to(gradient, shape):
    """Return the gradient of what was broadcast out of the gradient of what came of it."""
    gradient = np.sum(gradient, axis=tuple(range(gradient.ndim - len(shape))))
    return np.sum(gradient, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def random_mask(*shape):
    """A condition, which has no gradient."""
    return np.random.default_rng(5).random(shape) < 0.5


BROADCASTING = [
    *((function, (a, b)) for function, a, b, _ in BINARY),
    (F.clip, (distinct, low, high)),
    (F.where, (random_mask, anything, anything)),
]


@pytest.mark.parametrize(
    ("function", "domains"), BROADCASTING, ids=[f.__name__ for f, _ in BROADCASTING]
)
@hypothesis.settings(max_examples=30, deadline=None, derandomize=True, database=None)
@hypothesis.given(data=strategies.data())
def test_operands_get_gradients_as_if_they_were_tiled(function, domains, data):
    shapes = data.draw(
        numpy_strategies.mutually_broadcastable_shapes(
            num_shapes=len(domains), min_side=0, max_side=3, max_dims=3
        )
    )
    pairs = zip(domains, shapes.input_shapes, strict=True)
    sample = Sample(function, tuple(domain(*shape) for domain, shape in pairs))
    values = sample.draw()
    y, dy, gradients = first_order(sample, values)
    assert np.shape(y) == shapes.result_shape
    tiled = [np.array(np.broadcast_to(x, shapes.result_shape)) for x in values]
    _, _, tiled_gradients = first_order(sample, tiled, dy=np.asarray(dy))
    for x, actual, expected in zip(values, gradients, tiled_gradients, strict=True):
        if actual is None:
            assert expected is None
        else:
            assert actual.shape == x.shape
            assert_near(actual, summed_to(expected, x.shape), 1e-14)
