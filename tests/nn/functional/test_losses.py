"""Losses: their values against plain formulas, their aggregates, edges and errors."""

import math
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gpugrad as gg
from gpugrad import errors
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.regression import huber

scipy = pytest.importorskip("scipy")
pytest.importorskip("scipy.special")
pytest.importorskip("scipy.stats")

X = np.array([[1.5, -0.3, 2.2], [0.7, 3.1, -1.2]])


# --- Numbers, nothing, lists and booleans ----------------------------------------------------


def test_losses_of_numbers():
    assert gg.grad(gg.mse)(2.0, 0.5) == 3.0
    assert gg.grad(gg.hinge_loss)(0.5, -1.0) == 1.0


@pytest.mark.parametrize("loss", [gg.mse, gg.hinge_loss])
def test_losses_of_nothing(loss):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's "Mean of empty slice"
        assert gg.grad(loss)(np.zeros(0), np.zeros(0)).shape == (0,)


def test_labels_that_are_no_array():
    with pytest.raises(ArgumentError, match="expected an array or a number, got list"):
        gg.logit_cross_entropy(X, [0, 1])


def test_one_hot_labels_of_booleans_keep_the_data_type():
    logits = X.astype(np.float32)
    value, gradient = gg.value_and_grad(gg.logit_cross_entropy)(logits, np.eye(3, dtype=bool)[:2])
    expected = gg.value_and_grad(gg.logit_cross_entropy)(logits, np.array([0, 1]))
    assert value.dtype == np.float32
    assert_allclose(value, expected[0])
    assert_allclose(gradient, expected[1])


RNG = np.random.default_rng(0)
SHAPE = (4, 3)
A, B, C = (RNG.normal(size=SHAPE) for _ in range(3))
P = scipy.special.softmax(RNG.normal(size=SHAPE), axis=1)
Q = scipy.special.softmax(RNG.normal(size=SHAPE), axis=1)
BITS = RNG.integers(2, size=SHAPE)
SIGNS = 2.0 * BITS - 1
COUNTS = RNG.integers(5, size=SHAPE)
EPSILON = 1e-6


def log_normal(x, mean, ln_var):
    return scipy.stats.norm.logpdf(x, mean, np.exp(ln_var / 2))


# --- Values ----------------------------------------------------------------------------------

# A call, and what the losses of its single elements or observations are.
ELEMENTS = [
    (gg.mse, (A, B), {}, (A - B) ** 2),
    (gg.mae, (A, B), {}, abs(A - B)),
    (gg.msle, (P, Q), {}, (np.log(P + EPSILON) - np.log(Q + EPSILON)) ** 2),
    (gg.huber_loss, (A, B), {}, scipy.special.huber(1.0, A - B)),
    (gg.huber_loss, (A, B), {"delta": 0.3}, scipy.special.huber(0.3, A - B)),
    (gg.smooth_l1_loss, (A, B), {"beta": 0.3}, scipy.special.huber(0.3, A - B) / 0.3),
    (gg.cross_entropy, (P, Q), {"epsilon": 0.0}, -np.sum(Q * np.log(P), axis=1)),
    (gg.cross_entropy, (P, Q), {"axis": 0}, -np.sum(Q * np.log(P + EPSILON), axis=0)),
    (gg.logit_cross_entropy, (A, Q), {}, -np.sum(Q * scipy.special.log_softmax(A, 1), axis=1)),
    (
        *(gg.logit_cross_entropy, (A, np.array([2, 0, 1, 2])), {}),
        -scipy.special.log_softmax(A, 1)[np.arange(4), [2, 0, 1, 2]],
    ),
    (
        *(gg.binary_cross_entropy, (P, BITS), {}),
        -np.where(BITS == 1, np.log(P + EPSILON), np.log(1 - P + EPSILON)),
    ),
    (
        *(gg.logit_binary_cross_entropy, (A, Q), {}),
        -Q * scipy.special.log_expit(A) - (1 - Q) * scipy.special.log_expit(-A),
    ),
    (
        *(gg.binary_focal_loss, (P, BITS), {"gamma": 1.5, "epsilon": 0.0}),
        np.where(BITS == 1, -((1 - P) ** 1.5) * np.log(P), -(P**1.5) * np.log(1 - P)),
    ),
    (
        *(gg.focal_loss, (P, Q), {"gamma": 1.5, "epsilon": 0.0}),
        -np.sum(Q * (1 - P) ** 1.5 * np.log(P), axis=1),
    ),
    (gg.kl_divergence, (P, Q), {"epsilon": 0.0}, scipy.stats.entropy(Q, P, axis=1)),
    (
        *(gg.poisson_loss, (P, COUNTS), {}),
        -scipy.stats.poisson.logpmf(COUNTS, P) - scipy.special.gammaln(COUNTS + 1),
    ),
    (gg.gaussian_nll, (A, B, C), {}, -log_normal(C, A, B)),
    (gg.gaussian_kl_divergence, (A, B), {}, (A**2 + np.exp(B) - B - 1) / 2),
    (gg.hinge_loss, (A, SIGNS), {}, np.maximum(0, 1 - A * SIGNS)),
    (gg.squared_hinge_loss, (A, SIGNS), {}, np.maximum(0, 1 - A * SIGNS) ** 2),
    (
        *(gg.siamese_contrastive_loss, (2 * P, BITS), {"margin": 0.8}),
        np.where(BITS == 1, np.maximum(0, 0.8 - 2 * P) ** 2, (2 * P) ** 2),
    ),
    (
        *(gg.triplet_loss, (A, B, C), {}),
        np.maximum(0, np.sum((A - B) ** 2, 1) - np.sum((A - C) ** 2, 1) + 0.2),
    ),
    (
        *(gg.cosine_embedding_loss, (A, B, np.array([1, -1, -1, 1])), {"margin": 0.1}),
        [
            1 - c if y == 1 else max(0, c - 0.1)
            for a, b, y in zip(A, B, [1, -1, -1, 1], strict=True)
            for c in [a @ b / np.linalg.norm(a) / np.linalg.norm(b)]
        ],
    ),
]


@pytest.mark.parametrize(
    ("loss", "args", "options", "elements"), ELEMENTS, ids=[e[0].__name__ for e in ELEMENTS]
)
def test_values_and_aggregates(loss, args, options, elements):
    for agg, expected in [
        ("none", elements),
        ("sum", np.sum(elements)),
        ("mean", np.mean(elements)),
    ]:
        actual = loss(*args, **options, agg=agg)
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)
        recorded, _ = gg.pullback(loss, *args, **options, agg=agg)
        np.testing.assert_array_equal(recorded, actual)
    assert loss(*args, **options) == loss(*args, **options, agg="mean")
    with pytest.raises(
        errors.ArgumentError, match=f'{loss.__name__}: .*agg="mean", "sum" or "none"'
    ):
        loss(*args, **options, agg="max")
    with pytest.raises(
        errors.ArgumentError, match=f'{loss.__name__}: .*agg="mean", "sum" or "none"'
    ):
        gg.grad(loss)(*args, **options, agg="max")


def test_losses_of_everything_at_once():
    assert gg.rmse(A, B) == pytest.approx(np.sqrt(np.mean((A - B) ** 2)))
    dice = 1 - (2 * np.sum(P * BITS) + 1) / (np.sum(P**2) + np.sum(BITS) + 1)
    assert gg.dice_coeff_loss(P, BITS) == pytest.approx(dice)
    overlap = np.sum(P * BITS)
    wrong = 0.6 * np.sum(P[BITS == 0]) + 0.4 * np.sum(1 - P[BITS == 1])
    tversky = 1 - (overlap + 1) / (overlap + wrong + 1)
    assert gg.tversky_loss(P, BITS, beta=0.6) == pytest.approx(tversky)


def test_label_smoothing():
    y = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(gg.label_smoothing(y, 0.3), expected)
    np.testing.assert_allclose(gg.label_smoothing(y.T, 0.3, axis=0), expected.T)
    np.testing.assert_allclose(gg.label_smoothing(np.array([0.0, 1.0]), 0.2, axis=None), [0.1, 0.9])


def test_cosine_similarity():
    expected = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(A, B, strict=True)]
    np.testing.assert_allclose(gg.cosine_similarity(A, B), expected)
    np.testing.assert_allclose(gg.cosine_similarity(A.T, B.T, axis=0), expected)
    zero = np.zeros(3)
    assert gg.cosine_similarity(A[0], zero) == 0
    da, dzero = gg.grad(gg.cosine_similarity, argnums=(0, 1))(A[0], zero)
    np.testing.assert_array_equal([da, dzero], np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("kind", [np.int64, np.bool_])
def test_integers_and_truth_values_are_targets(dtype, kind):
    yhat, y = P.astype(dtype), BITS.astype(kind)
    for loss in (gg.binary_cross_entropy, gg.hinge_loss, gg.mse, gg.huber_loss, gg.dice_coeff_loss):
        value, dyhat = gg.value_and_grad(loss)(yhat, y)
        assert value.dtype == dyhat.dtype == dtype
        assert value == pytest.approx(loss(P, BITS), rel=4 * float(np.finfo(dtype).eps), abs=1e-3)


def test_python_numbers_are_taken():
    for loss in (gg.mse, gg.mae, gg.huber_loss, gg.hinge_loss, gg.logit_binary_cross_entropy):
        value = loss(0.3, 0.8)
        assert type(value) is float
        assert value == pytest.approx(loss(np.array(0.3), np.array(0.8)))
        assert type(gg.grad(loss)(0.3, 0.8)) is float


# --- Kinks, and far out ----------------------------------------------------------------------


def test_kinks():
    one = np.ones(2)
    np.testing.assert_array_equal(gg.grad(gg.mae)(one, one), [0, 0])
    assert gg.grad(gg.rmse)(2.0, 2.0) == 0
    np.testing.assert_array_equal(gg.grad(gg.rmse)(one, one), [0, 0])
    np.testing.assert_array_equal(gg.grad(gg.huber_loss)(one, 0 * one), [0.5, 0.5])
    np.testing.assert_array_equal(gg.grad(gg.squared_hinge_loss)(one, one), [0, 0])
    np.testing.assert_array_equal(gg.grad(gg.hinge_loss)(one, one), [0, 0])
    np.testing.assert_array_equal(gg.grad(gg.siamese_contrastive_loss)(one, one), [0, 0])
    triplet = gg.grad(gg.triplet_loss)(
        np.zeros((1, 2)), np.ones((1, 2)), np.ones((1, 2)), margin=0.0
    )
    np.testing.assert_array_equal(triplet, [[0, 0]])


def test_delta_of_a_huber_loss_may_be_learned():
    assert gg.grad(huber, argnums=1)(3.0, 1.0) == 2.0
    assert gg.grad(huber, argnums=1)(0.5, 1.0) == 0.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_logits_of_any_size_are_safe(dtype):
    far = np.finfo(dtype).max
    logits = np.array([far, -far, far, -far, 0], dtype)
    y = np.array([1, 0, 1, 0, 1], dtype)
    losses, back = gg.pullback(lambda z: gg.logit_binary_cross_entropy(z, y, agg="none"), logits)
    np.testing.assert_allclose(losses, [0, 0, 0, 0, math.log(2)], rtol=1e-3)
    np.testing.assert_allclose(back(np.ones_like(y))[1], [0, 0, 0, 0, -0.5])
    assert losses.dtype == dtype
    wrong, back = gg.pullback(lambda z: gg.logit_binary_cross_entropy(z, 1 - y, agg="none"), logits)
    np.testing.assert_allclose(wrong, [far, far, far, far, math.log(2)], rtol=1e-3)
    np.testing.assert_allclose(back(np.ones_like(y))[1], [1, -1, 1, -1, 0.5])


def test_far_errors_of_huber_losses_do_not_overflow():
    x = np.array([6e4, -6e4], np.float16)
    value, dx = gg.value_and_grad(lambda x: gg.huber_loss(x / 2, 0 * x))(x)
    assert value == pytest.approx(3e4, rel=1e-3)
    np.testing.assert_array_equal(dx, [0.25, -0.25])


def test_certain_mistakes_are_finite():
    yhat, y = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    for loss in (gg.binary_cross_entropy, gg.binary_focal_loss, gg.focal_loss, gg.kl_divergence):
        value, (dyhat, dy) = gg.value_and_grad(loss, argnums=(0, 1))(yhat, y)
        assert np.isfinite(value)
        assert np.isfinite(dyhat).all()
        assert np.isfinite(dy).all()


def test_nothing_expected_and_nothing_predicted():
    yhat, y = np.array([0.0, 2.0]), np.array([0, 0])
    value, dyhat = gg.value_and_grad(gg.poisson_loss)(yhat, y)
    assert value == 1.0
    np.testing.assert_array_equal(dyhat, [0.5, 0.5])
    dy = gg.grad(gg.poisson_loss, argnums=1)(np.array([1.0, 2.0]), np.zeros(2))
    np.testing.assert_allclose(dy, [0, -math.log(2) / 2])


# --- Errors ----------------------------------------------------------------------------------

PAIRS = [
    *(gg.mae, gg.msle, gg.rmse, gg.huber_loss, gg.smooth_l1_loss, gg.binary_cross_entropy),
    *(gg.logit_binary_cross_entropy, gg.binary_focal_loss, gg.focal_loss, gg.kl_divergence),
    *(gg.poisson_loss, gg.gaussian_kl_divergence, gg.squared_hinge_loss, gg.dice_coeff_loss),
    *(gg.siamese_contrastive_loss, gg.tversky_loss),
]


@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("recorded", [False, True])
def test_shapes_that_differ(loss, recorded):
    call = (lambda *args: gg.pullback(loss, *args)) if recorded else loss
    with pytest.raises(errors.ArgumentError, match=rf"{loss.__name__}: .*\(4, 3\), .*\(3,\)"):
        call(P, P[0])


@pytest.mark.parametrize(
    ("loss", "args"),
    [
        (gg.triplet_loss, (A, B, C[:2])),
        (gg.triplet_loss, (A, B[:2], C)),
        (gg.gaussian_nll, (A, B[:2], C)),
        (gg.gaussian_nll, (A, B, C[:2])),
        (gg.cosine_embedding_loss, (A, B, SIGNS)),
        (gg.cosine_embedding_loss, (A, B[:2], np.ones(4))),
    ],
)
def test_shapes_that_differ_of_three(loss, args):
    with pytest.raises(errors.ArgumentError, match=rf"{loss.__name__}: .* has shape"):
        loss(*args)


@pytest.mark.parametrize("loss", [gg.siamese_contrastive_loss, gg.triplet_loss])
def test_negative_margins(loss):
    args = (A, B, C)[: 2 if loss is gg.siamese_contrastive_loss else 3]
    with pytest.raises(errors.ArgumentError, match="margin is -1"):
        loss(*args, margin=-1)


# --- What is no array, and what has no classes -------------------------------------------------


@pytest.mark.parametrize("f", [gg.mse, gg.rmse, gg.huber_loss, gg.tversky_loss, gg.kl_divergence])
def test_a_list_is_refused(f):
    with pytest.raises(errors.ArgumentError, match=r"got list: convert it first"):
        f([0.1, 0.2], np.array([0.1, 0.2]))


def test_an_axis_of_classes_that_is_none_is_refused():
    x = np.full((2, 3), 0.3)
    for f, *args in [
        (gg.cross_entropy, 0.3, 0.4),
        (gg.cross_entropy, x, x, 2),
        (gg.logit_cross_entropy, 0.3, 0.4),
        (gg.logit_cross_entropy, x, np.array([0, 1]), 2),
        (lambda y, _, axis=-1: gg.label_smoothing(y, 0.1, axis=axis), 0.3, 0.4),
    ]:
        (a, b), options = args[:2], {"axis": args[2]} if args[2:] else {}
        with pytest.raises(errors.ArgumentError, match="has no axis"):
            f(a, b, **options)
        with pytest.raises(errors.ArgumentError, match="has no axis"):
            gg.grad(f)(a, b, **options)


def test_a_label_that_is_a_number_is_refused():
    with pytest.raises(errors.ArgumentError, match=r"an array of integer labels, of shape \(\), "):
        gg.logit_cross_entropy(np.ones(3), 1)


def test_sums_over_a_batch_of_halves_do_not_overflow():
    logits, labels = np.zeros((60000, 10), np.float16), np.zeros(60000, int)
    loss = gg.logit_cross_entropy(logits, labels)
    assert loss.dtype == np.float16
    assert loss == pytest.approx(np.log(10), rel=1e-3)


def test_sums_of_many_halves_do_not_overflow():
    y = np.ones(70000, np.float16)
    yhat = y * np.float16(0.75)
    for f in (gg.dice_coeff_loss, gg.tversky_loss):
        loss, dyhat = gg.value_and_grad(f)(yhat, y)
        exact, exact_dyhat = gg.value_and_grad(f)(yhat.astype(float), y.astype(float))
        assert loss.dtype == dyhat.dtype == np.float16
        assert loss == pytest.approx(exact, abs=1e-3)
        np.testing.assert_allclose(dyhat, exact_dyhat, rtol=0.05)


def test_rmse_of_halves_is_in_range_where_the_square_is_not():
    yhat, y = np.full(4, 300, np.float16), np.zeros(4, np.float16)
    loss, dyhat = gg.value_and_grad(gg.rmse)(yhat, y)
    assert loss.dtype == dyhat.dtype == np.float16
    assert loss == 300
    np.testing.assert_array_equal(dyhat, 0.25)
