"""At kinks, where differences say nothing, the two modes take the same convention."""

import functools

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp

ZERO = np.array([0.0, 1.0, 0.0, -2.0])
TIED = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
INTEGERS = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0])

KINKS = [
    *((f, ZERO) for f in (abs, np.abs, np.sign, gg.relu, np.prod, np.cumprod, np.square, np.sinc)),
    *((f, ZERO[None, :]) for f in (xp.linalg.matrix_norm, xp.linalg.vector_norm)),
    (xp.linalg.vector_norm, np.zeros(3)),
    (np.linalg.norm, np.zeros((2, 2))),
    *(
        (functools.partial(f, axis=axis), TIED)
        for f in (np.max, np.min, np.median, np.ptp, np.sort, np.std, np.nanmax)
        for axis in (None, 0, 1)
    ),
    (lambda x: np.std(x, axis=1), TIED[1:]),
    *((lambda x, f=f: f(x, TIED[::-1]), TIED) for f in (np.maximum, np.minimum, np.fmax, np.fmin)),
    *((lambda x, f=f: f(TIED[::-1], x), TIED) for f in (np.maximum, np.minimum, np.fmax, np.fmin)),
    (lambda x: np.clip(x, 0.0, 1.0), INTEGERS),
    (lambda x: np.clip(2.0, x, 3.0), INTEGERS),
    (lambda x: np.clip(2.0, 1.0, x), INTEGERS + 4),
    (lambda x: np.hypot(x, 0.0), ZERO),
    (lambda x: x**2, ZERO),
    (lambda x: x**0, ZERO),
    (lambda x: x**1.0, ZERO),
    (lambda x: np.where(x > 0, x, 0 * x), ZERO),
    (lambda x: xp.linalg.vector_norm(x, ord=np.inf), np.array([2.0, -2.0, 1.0])),
    (lambda x: xp.linalg.vector_norm(x, ord=1), ZERO),
    (lambda x: gg.nn.max_pool(x, 2), TIED[None]),
    (lambda x: gg.nn.max_pool(x, 2, padding=1), TIED[None] - 3.0),
    *(
        (lambda x, op=op: gg.nn.scatter(op, x, np.array([1, 0, 0]), 2), TIED[0])
        for op in ("max", "min", "mean", "+", "*")
    ),
    *((f, INTEGERS) for f in (gg.relu6, gg.hardtanh, gg.hardsigmoid, gg.hardswish, gg.elu)),
    *((f, INTEGERS / 2) for f in (gg.softshrink, gg.leakyrelu, gg.trelu, gg.selu, gg.celu)),
    (lambda x: gg.hinge_loss(x, np.ones(8)), INTEGERS),
    (lambda x: gg.mae(x, np.zeros(8)), INTEGERS),
    (lambda x: gg.huber_loss(x, np.zeros(8)), INTEGERS),
]


def jacobian_by_reverse(f, x):
    y, back = gg.pullback(f, x)
    rows = []
    for i in range(np.size(y)):
        dy = np.zeros(np.size(y))
        dy[i] = 1.0
        _, dx = back(dy.reshape(np.shape(y)))
        rows.append(np.zeros(x.size) if dx is None else dx.ravel())
    return np.stack(rows)


def jacobian_by_forward(f, x):
    columns = []
    for i in range(x.size):
        dx = np.zeros(x.size)
        dx[i] = 1.0
        columns.append(np.ravel(gg.pushforward(f, (x,), (dx.reshape(x.shape),))[1]))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(("f", "x"), KINKS)
def test_modes_agree(f, x):
    reverse, forward = jacobian_by_reverse(f, x), jacobian_by_forward(f, x)
    assert np.all(np.isfinite(reverse))
    np.testing.assert_allclose(forward, reverse, rtol=1e-13, atol=1e-15)
