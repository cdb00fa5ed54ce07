"""Connectionist temporal classification, against the sum over all paths."""

import itertools
import math

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import errors

scipy = pytest.importorskip("scipy")

RNG = np.random.default_rng(0)


def brute_force(logits, labels, blank):
    """Return −log Σ of the probabilities of all paths that come to the labels."""
    log_p = scipy.special.log_softmax(logits, axis=1)
    time, classes = logits.shape
    found = []
    for path in itertools.product(range(classes), repeat=time):
        merged = [c for c, _ in itertools.groupby(path)]
        if [c for c in merged if c != blank] == list(labels):
            found.append(sum(log_p[t, c] for t, c in enumerate(path)))
    return -scipy.special.logsumexp(found) if found else math.inf


LOGITS = RNG.normal(size=(7, 5, 3))
LABELS = np.array([[1, 2], [1, 1], [2, 1], [1, 9], [2, -1], [-1, -1], [2, 2]])
LABEL_LENGTHS = np.array([2, 2, 2, 1, 1, 0, 2])
INPUT_LENGTHS = np.array([5, 5, 2, 4, 1, 3, 2])
LENGTHS = {"input_lengths": INPUT_LENGTHS, "label_lengths": LABEL_LENGTHS}
EXPECTED = np.array(
    [
        brute_force(x[:time], labels[:count], 0)
        for x, labels, time, count in zip(LOGITS, LABELS, INPUT_LENGTHS, LABEL_LENGTHS, strict=True)
    ]
)


def test_all_paths_are_summed(library):
    lengths = {name: library.asarray(x) for name, x in LENGTHS.items()}
    losses = gg.ctc_loss(library.asarray(LOGITS), library.asarray(LABELS), **lengths, agg="none")
    np.testing.assert_allclose(library.to_numpy(losses), EXPECTED, rtol=1e-12)
    assert math.isinf(EXPECTED[-1])  # a repeated label takes a blank, and there is no time for it


@pytest.mark.parametrize("blank", [0, 1, 2, 3])
def test_any_class_is_the_blank(blank):
    logits, labels = RNG.normal(size=(2, 4, 4)), np.array([[3, 1], [1, 0]])
    labels = np.where(labels == blank, 2, labels)
    expected = [brute_force(x, y, blank) for x, y in zip(logits, labels, strict=True)]
    assert gg.ctc_loss(logits, labels, blank=blank) == pytest.approx(np.mean(expected))
    assert gg.ctc_loss(logits, labels, blank=blank, agg="sum") == pytest.approx(np.sum(expected))


def test_what_cannot_be_has_no_gradient():
    losses, back = gg.pullback(lambda x: gg.ctc_loss(x, LABELS, **LENGTHS, agg="none"), LOGITS)
    assert math.isinf(losses[-1])
    _, dlogits = back(np.ones(7))
    assert np.isfinite(dlogits).all()
    np.testing.assert_array_equal(dlogits[-1], 0)
    np.testing.assert_array_equal(dlogits[4, 1:], 0)  # beyond its length
    assert np.all(dlogits[4, 0] != 0)


def test_gradients_of_logits_sum_to_zero_over_the_classes():
    dlogits = gg.grad(lambda x: gg.ctc_loss(x[:6], LABELS[:6], label_lengths=LABEL_LENGTHS[:6]))(
        LOGITS
    )
    np.testing.assert_allclose(np.sum(dlogits, axis=2), 0, atol=1e-15)
    assert np.abs(dlogits[:6]).min() > 0


def test_logarithms_of_probabilities_are_taken_as_they_are():
    log_p = scipy.special.log_softmax(LOGITS, axis=2)
    losses = gg.ctc_loss(log_p, LABELS, **LENGTHS, agg="none")
    np.testing.assert_allclose(losses, EXPECTED, rtol=1e-12)


def test_classes_that_are_ruled_out():
    logits = LOGITS[:1].copy()
    logits[0, :, 1] = -math.inf
    loss, dlogits = gg.value_and_grad(gg.ctc_loss)(logits, np.array([[2]]))
    assert loss == pytest.approx(brute_force(logits[0], [2], 0))
    assert np.isfinite(dlogits).all()
    assert math.isinf(gg.ctc_loss(logits, np.array([[1]])))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_coarse_data_types(dtype):
    loss, dlogits = gg.value_and_grad(
        lambda x: gg.ctc_loss(x, LABELS[:6], label_lengths=LABEL_LENGTHS[:6])
    )(LOGITS[:6].astype(dtype))
    assert loss.dtype == np.float32
    assert dlogits.dtype == dtype
    exact = gg.ctc_loss(LOGITS[:6], LABELS[:6], label_lengths=LABEL_LENGTHS[:6])
    assert loss == pytest.approx(exact, rel=2 * float(np.finfo(dtype).eps))


def test_long_sequences_are_stable():
    logits = np.zeros((1, 600, 5), np.float32)
    labels = np.tile([1, 2, 3, 4], 25)[None, :]
    loss, dlogits = gg.value_and_grad(gg.ctc_loss)(logits, labels)
    assert 0 < loss < 600 * math.log(5)
    assert np.isfinite(dlogits).all()


@pytest.mark.parametrize("label", [3, -1])
def test_labels_out_of_range_give_nan(label):
    losses = gg.ctc_loss(LOGITS[:2], np.array([[1, label], [1, 2]]), agg="none")
    assert math.isnan(losses[0])
    assert np.isfinite(losses[1])


@pytest.mark.parametrize(
    ("logits", "labels", "options"),
    [
        (LOGITS[0], LABELS, {}),
        (LOGITS, LABELS[0], {}),
        (LOGITS, LABELS[:3], {}),
        (LOGITS, LABELS.astype(float), {}),
        (LOGITS, LABELS, {"blank": 3}),
        (LOGITS, LABELS, {"input_lengths": np.array([5, 5])}),
        (LOGITS, LABELS, {"label_lengths": 2}),
    ],
)
def test_what_ctc_loss_does_not_take(logits, labels, options):
    with pytest.raises(errors.ArgumentError, match=r"ctc_loss: .*logits of shape"):
        gg.ctc_loss(logits, labels, **options)


# --- Edges -----------------------------------------------------------------------------------


def test_ctc_of_no_time():
    logits, labels = np.zeros((2, 3, 4)), np.array([[1], [1]])
    losses = gg.ctc_loss(
        *(logits, labels),
        input_lengths=np.array([0, 0]),
        label_lengths=np.array([0, 1]),
        agg="none",
    )
    np.testing.assert_array_equal(losses, [0.0, np.inf])
    with pytest.raises(errors.ArgumentError, match="one time or more"):
        gg.ctc_loss(logits[:, :0], labels)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_ctc_of_small_integers(dtype):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 220, 300))
    labels = rng.integers(1, 120, (2, 100))
    lengths = np.array([100, 0])
    expected = gg.ctc_loss(logits, labels, label_lengths=lengths, agg="none")
    actual = gg.ctc_loss(
        logits, labels.astype(dtype), label_lengths=lengths.astype(dtype), agg="none"
    )
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(actual, expected)
