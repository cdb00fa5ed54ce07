"""Cross entropy by kernels, against NumPy with more digits, and against the rule of all arrays."""

import ml_dtypes
import numpy as np
import pytest

import gpugrad as gg
from gpugrad.errors import ArgumentError, DeviceError
from gpugrad.kernels import cross_entropy as kernels
from tests.host_cupy import HostArray, host, numpy_of

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
LENGTHS = [1, 2, 3, 7, 31, 32, 33, 1000, 1023, 1025, 4097]
AGGREGATES = ["mean", "sum", "none"]


def random(*shape, dtype=np.float32, scale=3.0, seed=0):
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def labels(*shape, classes, dtype=np.int64):
    return np.random.default_rng(2).integers(0, classes, shape).astype(dtype)


def weights(*shape, dtype=np.float32):
    """Return targets that do not add up to 1, some of them 0."""
    y = np.random.default_rng(3).uniform(size=shape)
    return (np.where(y < 0.3, 0, y) / shape[-1]).astype(dtype)


def probabilities(*shape, dtype=np.float32):
    e = np.exp(random(*shape, dtype=np.float64))
    return (e / e.sum(-1, keepdims=True)).astype(dtype)


def exact(x):
    return np.asarray(x).astype(np.longdouble)


def of_logits(x, y):
    """Return losses of rows, their gradient, and how large the terms of each are."""
    x = exact(x)
    if y.ndim < x.ndim:
        y = np.arange(x.shape[-1]) == y[:, None]
    y = exact(y)
    z = x - x.max(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    weight, p = y.sum(-1, keepdims=True), np.exp(log_p)
    # The logarithm of a sum near 1 is as wrong as that sum.
    sizes = (np.abs(y) * (1 + np.abs(z) + np.abs(z - log_p))).sum(-1), p * weight + np.abs(y)
    return -(y * log_p).sum(-1), p * weight - y, sizes


def of_probabilities(p, y):
    p, y = exact(p) + exact(1e-6), exact(y)
    return -(y * np.log(p)).sum(-1), -y / p, ((y * (1 + np.abs(np.log(p)))).sum(-1), y / p)


def check(actual, expected, dtype, size):
    """Compare numbers that were rounded where they were stored, at most twice."""
    actual = numpy_of(actual)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    stored = ml_dtypes.finfo(dtype)
    computed = min(float(stored.eps), float(np.finfo(np.float32).eps))
    bound = float(stored.eps) * np.abs(expected) + 20 * computed * size
    assert np.all(np.abs(exact(actual) - expected) <= bound + float(stored.smallest_subnormal))


def pullback(f, x, y, **options):
    """Return a loss and its pullback to x alone: what is captured would have a gradient."""
    return gg.pullback(lambda x, *, y: f(x, y, **options), x, y=y)


def check_loss(f, x, y, truth, agg="mean", axis=-1):
    """Compare a loss and its gradient, of a sensitivity, with the truth."""
    losses, slopes, (loss_sizes, slope_sizes) = truth
    dtype, rows = x.dtype, losses.size
    share = 1 / rows if agg == "mean" else 1
    loss, back = pullback(f, x, y, agg=agg, axis=axis)
    dloss = random(*loss.shape, dtype=dtype, scale=1, seed=5)
    gradient = back(host(dloss))[1]
    if agg == "none":
        check(loss, losses, dtype, loss_sizes)
    else:
        check(loss, share * losses.sum(), dtype, share * loss_sizes.sum())
    scale = share * (np.expand_dims(exact(dloss), axis) if agg == "none" else exact(dloss))
    check(gradient, scale * slopes, dtype, np.abs(scale) * slope_sizes)


def check_launches(launches, agg):
    """Compare with a kernel for loss and gradient, a sum of several blocks' sums, and a scaling."""
    in_parts = launches[0] > 1 and agg != "none"
    assert len(launches) == (3 if in_parts else 2)
    launches.clear()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_rows_of_each_length(simulator, launches, length, dtype):
    simulator.schedule = length % 4
    agg = AGGREGATES[length % 3]
    x = random(3, length, dtype=dtype)
    y = labels(3, classes=length, dtype=[np.int32, np.int64][length % 2])
    check_loss(gg.logit_cross_entropy, host(x), host(y), of_logits(x, y), agg)
    check_launches(launches, agg)
    y = weights(3, length, dtype=dtype)
    check_loss(gg.logit_cross_entropy, host(x), host(y), of_logits(x, y), agg)
    check_launches(launches, agg)
    p = probabilities(3, length, dtype=dtype)
    check_loss(gg.cross_entropy, host(p), host(y), of_probabilities(p, y), agg)
    check_launches(launches, agg)


@pytest.mark.parametrize(
    ("rows", "length", "agg"), [(25000, 3, "sum"), (900, 40, "none"), (100, 1100, "mean")]
)
@pytest.mark.parametrize("f", [gg.logit_cross_entropy, gg.cross_entropy], ids=lambda f: f.name)
def test_more_rows_than_are_worked_on_at_a_time(simulator, f, rows, length, agg):
    """Of the simulator's 96 blocks, each has a row, or as many as it has warps or threads."""
    y = weights(rows, length)
    x = probabilities(rows, length) if f is gg.cross_entropy else random(rows, length)
    truth = of_probabilities(x, y) if f is gg.cross_entropy else of_logits(x, y)
    check_loss(f, host(x), host(y), truth, agg)


@pytest.mark.parametrize("schedule", range(4))
@pytest.mark.parametrize("length", [24, 100, 3000])
def test_each_order_of_warps_gives_the_same(simulator, length, schedule):
    x, y = host(random(9, length)), host(labels(9, classes=length))

    def results():
        loss, back = gg.pullback(gg.logit_cross_entropy, x, y)
        return [numpy_of(a).copy() for a in (loss, back(0.5)[1])]

    first = results()
    simulator.schedule = schedule
    for actual, expected in zip(results(), first, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("length", [50257, 70001])
def test_row_of_which_shared_memory_holds_all_or_part(simulator, length):
    x, y = random(2, length), labels(2, classes=length)
    check_loss(gg.logit_cross_entropy, host(x), host(y), of_logits(x, y))
    y = weights(2, length)
    check_loss(gg.logit_cross_entropy, host(x), host(y), of_logits(x, y))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [8, 33, 1200])
def test_arrays_that_begin_anywhere(simulator, dtype, length):
    def moved(numbers, by):
        flat = np.concatenate([numbers[0, :by], numbers.reshape(-1)])
        return host(flat)[by:].reshape(numbers.shape)

    x, y = random(3, length, dtype=dtype), weights(3, length, dtype=dtype)
    check_loss(gg.logit_cross_entropy, moved(x, 1), moved(y, 2), of_logits(x, y))
    p = probabilities(3, length, dtype=dtype)
    check_loss(gg.cross_entropy, moved(p, 2), moved(y, 1), of_probabilities(p, y))


# --- Targets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.uint64])
def test_labels_of_each_data_type(simulator, dtype):
    x, y = random(4, 10), labels(4, classes=10, dtype=dtype)
    check_loss(gg.logit_cross_entropy, host(x), host(y), of_logits(x, y))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("length", [10, 1500])
@pytest.mark.parametrize("label", [-1, -(2**31), "length", 2**31 - 1])
def test_label_out_of_range(simulator, label, length, dtype):
    """The loss of its row is NaN, and so are the row's gradient and all aggregates."""
    x, y = random(3, length), labels(3, classes=length, dtype=dtype)
    y[1] = length if label == "length" else label
    loss, back = pullback(gg.logit_cross_entropy, host(x), host(y), agg="none")
    np.testing.assert_array_equal(np.isnan(numpy_of(loss)), [False, True, False])
    gradient = numpy_of(back(host(np.ones(3, np.float32)))[1])
    np.testing.assert_array_equal(np.isnan(gradient).any(-1), [False, True, False])
    np.testing.assert_array_equal(np.isnan(gradient).all(-1), [False, True, False])
    loss, gradient = gg.value_and_grad(gg.logit_cross_entropy)(host(x), host(y))
    assert np.isnan(numpy_of(loss))
    np.testing.assert_array_equal(np.isnan(numpy_of(gradient)).any(-1), [False, True, False])


def test_one_hot_targets_of_booleans(simulator):
    x, y = random(4, 10), labels(4, classes=10)
    one_hot = np.eye(10, dtype=bool)[y]
    check_loss(gg.logit_cross_entropy, host(x), host(one_hot), of_logits(x, one_hot))
    p = probabilities(4, 10)
    check_loss(gg.cross_entropy, host(p), host(one_hot), of_probabilities(p, one_hot))


@pytest.mark.parametrize("agg", AGGREGATES)
@pytest.mark.parametrize("f", [gg.logit_cross_entropy, gg.cross_entropy], ids=lambda f: f.name)
def test_gradient_of_the_targets(simulator, launches, f, agg):
    x, y = probabilities(3, 4, dtype=np.float64), weights(3, 4, dtype=np.float64)
    expected, expected_back = gg.pullback(lambda x, y: f(x, y, agg=agg), x, y)
    dloss = random(*expected.shape, dtype=np.float64)
    right = expected_back(dloss)
    for places in ((1, 2), (2,)):
        launches.clear()
        if places == (1, 2):
            loss, back = gg.pullback(lambda x, y: f(x, y, agg=agg), host(x), host(y))
        else:
            loss, back = gg.pullback(lambda _, y, *, x: f(x, y, agg=agg), 0, host(y), x=host(x))
        gradients = back(host(dloss))
        assert launches
        np.testing.assert_allclose(numpy_of(loss), expected, rtol=1e-12)
        for place in places:
            np.testing.assert_allclose(numpy_of(gradients[place]), right[place], rtol=1e-12)


# --- Extremes --------------------------------------------------------------------------------


def extreme_rows(length, dtype):
    """Return rows of logits, and soft targets for them, that a loss might fail at."""
    large = ml_dtypes.finfo(dtype).max
    x, y = np.zeros((12, length), dtype), np.zeros((12, length), dtype)
    y[:, 2] = 1
    x[0] = -np.inf
    x[1, 2] = np.inf
    x[2, 3] = np.inf
    x[3, 1] = np.nan
    x[4, 2] = -np.inf  # a loss of ∞
    x[5, 3] = -np.inf  # no part in the loss
    x[6] = 1e4
    x[7, ::2] = -1e4
    x[8, 2] = large
    x[9, 0], x[9, 2] = 1e4, 9e3
    x[10, 3:] = -np.inf
    y[11] = 0  # no loss at all
    return x, y


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [5, 100, 1500])
@pytest.mark.parametrize("by", ["targets", "label", "label of a column"])
def test_extremes(simulator, by, length, dtype):
    x, y = extreme_rows(length, dtype)
    options = {"agg": "none", "axis": -1}
    if by != "targets":
        x, y = x[:-1], y[:-1].argmax(-1)
    if by == "label of a column":  # and so many of them that they are read by vectors
        x, y, options["axis"] = np.tile(x, (8, 1)).T.copy(), np.tile(y, 8), 0
    with np.errstate(all="ignore"):
        wide = [x.astype(np.float64), y.astype(np.float64) if by == "targets" else y]
        expected, expected_back = pullback(gg.logit_cross_entropy, *wide, **options)
        slopes = expected_back(np.ones(expected.shape))[1]
        limited = expected.astype(dtype).astype(float)
    loss, back = pullback(gg.logit_cross_entropy, host(x), host(y), **options)
    gradient = back(host(np.ones(expected.shape, dtype)))[1]
    eps = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(numpy_of(loss).astype(float), limited, rtol=4 * eps, atol=4 * eps)
    gradient = numpy_of(gradient).astype(float)
    np.testing.assert_allclose(gradient, slopes, rtol=4 * eps, atol=eps**2)


@pytest.mark.parametrize("dtype", DTYPES[1:])  # 1 / ε is no number of float16
def test_probabilities_of_zero(simulator, dtype):
    p = np.array([[0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]], dtype)
    y = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0]], dtype)
    check_loss(gg.cross_entropy, host(p), host(y), of_probabilities(p, y), "none")
    y[1:, 1] = [1, 0]
    y[:, 0] = [1, 1, 0]
    actual = gg.cross_entropy(host(p), host(y), epsilon=0.0, agg="none")
    with np.errstate(all="ignore"):
        expected = gg.cross_entropy(p.astype(float), y.astype(float), epsilon=0.0, agg="none")
    np.testing.assert_array_equal(numpy_of(actual).astype(float), expected)


def test_sum_of_halves_is_not_saturated_on_its_way(simulator):
    """Losses of 1e4 add up to what float16 does not have, and their mean it has."""
    x = np.zeros((64, 8), np.float16)
    x[:, 0] = 1e4
    y = np.ones(64, np.int64)
    loss, gradient = gg.value_and_grad(gg.logit_cross_entropy)(host(x), host(y))
    np.testing.assert_array_equal(numpy_of(loss), np.float16(1e4))
    np.testing.assert_allclose(numpy_of(gradient)[:, 0], np.float16(1 / 64), rtol=1e-3)


def test_sensitivity_that_was_scaled_up(simulator):
    """Of float16, the gradient has its digits though the share of a row alone has none."""
    x, y = random(2000, 4, dtype=np.float16), labels(2000, classes=4)
    _, back = pullback(gg.logit_cross_entropy, host(x), host(y))
    gradient = numpy_of(back(host(np.float16(32768)))[1])
    _, slopes, _ = of_logits(x, y)
    expected = slopes * 32768 / 2000
    assert np.all(np.abs(gradient - expected) <= 2e-3 * np.abs(expected) + 1e-6)


# --- Pullbacks -------------------------------------------------------------------------------


_x, _y = probabilities(6, 5, dtype=np.float64), weights(6, 5, dtype=np.float64)
PAIRS = [
    (gg.logit_cross_entropy, _x, labels(6, classes=5)),
    (gg.logit_cross_entropy, _x, _y),
    (gg.cross_entropy, _x, _y),
]


LOSSES = {
    gg.logit_cross_entropy: kernels.logit_losses,
    gg.cross_entropy: kernels.probability_losses,
}


@pytest.mark.parametrize("agg", AGGREGATES)
@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_pullback_may_be_called_again(simulator, f, x, y, agg):
    """What the first call handed out is not written to by the next ones."""
    loss, back = pullback(f, host(x), host(y), agg=agg)
    expected, expected_back = pullback(f, x, y, agg=agg)
    np.testing.assert_allclose(numpy_of(loss), expected, rtol=1e-12)
    found = []
    for factor in (1.0, 3.0, 1.0):
        found.append(numpy_of(back(host(np.full(expected.shape, factor)))[1]))
        for gradient, of in zip(found, (1.0, 3.0, 1.0), strict=False):
            right = expected_back(np.full(expected.shape, of))[1]
            np.testing.assert_allclose(gradient, right, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_loss_at_the_end_reads_nothing_again(simulator, launches, f, x, y):
    """A loss and its gradient are one kernel, where it has one block."""
    before = host(x)
    loss, gradient = gg.value_and_grad(f)(before, host(y))
    assert launches == [1]
    expected, slopes = gg.value_and_grad(f)(x, y)
    np.testing.assert_allclose(numpy_of(loss), expected, rtol=1e-12)
    np.testing.assert_allclose(numpy_of(gradient), slopes, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(numpy_of(before), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dloss", [1.0, 0.5, -3.0, 0.0])
@pytest.mark.parametrize("f", [gg.logit_cross_entropy, gg.cross_entropy], ids=lambda f: f.name)
def test_number_as_sensitivity(simulator, launches, f, dloss, dtype):
    """It is known on the host, and 1 takes no launch: but of float16, for the share of a row."""
    x, y = probabilities(6, 5, dtype=dtype), weights(6, 5, dtype=dtype)
    truth = of_probabilities(x, y) if f is gg.cross_entropy else of_logits(x, y)
    _, slopes, (_, sizes) = truth
    losses = LOSSES[f](host(x), host(y))
    losses.compute(with_gradient=True)
    for times in range(1, 3):
        gradient = losses.pull_back(dloss)
        check(gradient, dloss / 6 * slopes, dtype, np.abs(dloss) / 6 * sizes)
        known = dloss == 1 and dtype != np.float16
        assert len(launches) == (times if known else times + 1)


SENSITIVITIES = [0.5, np.float64(0.5), "number", "gaps", "float32"]


@pytest.mark.parametrize("dloss", SENSITIVITIES, ids=str)
@pytest.mark.parametrize("agg", ["mean", "none"])
@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_kinds_of_sensitivity(simulator, f, x, y, agg, dloss):
    """By the rule itself: pullbacks of functions take numbers to the space of the value."""
    _, back = gg.rrule(f, host(x), host(y), agg=agg)
    expected, expected_back = gg.rrule(f, x, y, agg=agg)
    given = right = dloss
    if isinstance(dloss, str):
        right = np.arange(1.0, 2 * expected.size, 2).reshape(expected.shape)
        given = host(right)
        if dloss == "gaps" and agg == "none":
            given = host(np.arange(1.0, 2 * expected.size))[::2]
        if dloss == "float32":
            given = host(right.astype(np.float32))
    elif agg == "none":
        given, right = host(np.asarray(dloss)), np.full(expected.shape, dloss)
    places = (1, 2) if expected_back(right)[2] is not None else (1,)  # there are none of labels
    for place in places:
        actual, near = numpy_of(back(given)[place]), expected_back(right)[place]
        np.testing.assert_allclose(actual, near, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("f", [gg.logit_cross_entropy, gg.cross_entropy], ids=lambda f: f.name)
def test_one_number_for_all_losses(simulator, f, axis):
    x, y = probabilities(3, 4, dtype=np.float64), weights(3, 4, dtype=np.float64)
    found = gg.rrule(f, host(x), host(y), axis=axis, agg="none")[1](2.0)[1:]
    expected = gg.rrule(f, x, y, axis=axis, agg="none")[1](np.full(12 // x.shape[axis], 2.0))[1:]
    for actual, near in zip(found, expected, strict=True):
        np.testing.assert_allclose(numpy_of(actual), near, rtol=1e-12)


SHAPES = [((5,), -1), ((3, 4), 0), ((2, 3, 4), 1), ((2, 3, 4), -3), ((2, 3, 4), 2)]


@pytest.mark.parametrize("agg", AGGREGATES)
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize("f", [gg.logit_cross_entropy, gg.cross_entropy], ids=lambda f: f.name)
def test_each_axis(simulator, launches, f, by_label, shape, axis, agg):
    x, y = np.abs(random(*shape, dtype=np.float64)), weights(*shape, dtype=np.float64)
    if by_label and f is gg.logit_cross_entropy:
        y = labels(*np.delete(shape, axis), classes=shape[axis])
    loss, back = pullback(f, host(x), host(y), axis=axis, agg=agg)
    expected, expected_back = pullback(f, x, y, axis=axis, agg=agg)
    np.testing.assert_allclose(numpy_of(loss), expected, rtol=1e-12)
    dloss = random(*expected.shape, dtype=np.float64, seed=4)
    gradient = back(host(dloss))[1]
    assert gradient.flags.c_contiguous
    np.testing.assert_allclose(numpy_of(gradient), expected_back(dloss)[1], rtol=1e-12, atol=1e-14)
    check_launches(launches, agg)


# Of columns that a thread has to itself, and of columns that several share; of one block, of
# several, and of more than are worked on at a time; and of more than is kept.
COLUMNS = [
    *((2, 3, 5), (3, 8, 8), (2, 19, 48), (30, 5, 100), (1, 150, 24), (1, 65, 1601)),
    *((3, 300, 3), (1, 1000, 96)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", COLUMNS, ids=str)
def test_labels_of_columns(simulator, launches, monkeypatch, shape, dtype):
    monkeypatch.setattr(HostArray, "copy", None)  # nothing is copied
    simulator.schedule = shape[1] % 4
    agg = AGGREGATES[shape[2] % 3]
    outer, classes, inner = shape
    x, y = random(*shape, dtype=dtype), labels(outer, inner, classes=classes)
    losses, slopes, sizes = of_logits(np.moveaxis(x, 1, -1).reshape(-1, classes), y.ravel())
    loss_sizes, slope_sizes = sizes
    losses, loss_sizes = (a.reshape(outer, inner) for a in (losses, loss_sizes))
    columns = outer, inner, classes
    slopes, slope_sizes = (np.moveaxis(a.reshape(columns), -1, 1) for a in (slopes, slope_sizes))
    truth = losses, slopes, (loss_sizes, slope_sizes)
    check_loss(gg.logit_cross_entropy, host(x), host(y), truth, agg, axis=1)
    check_launches(launches, agg)


@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 300, 8)])
def test_label_of_a_column_out_of_range(simulator, shape):
    outer, classes, inner = shape
    x, y = random(*shape), labels(outer, inner, classes=classes)
    y[0, 1], y[0, 2] = -1, classes
    wrong = np.zeros((outer, inner), bool)
    wrong[0, 1:3] = True
    loss, back = pullback(gg.logit_cross_entropy, host(x), host(y), axis=1, agg="none")
    np.testing.assert_array_equal(np.isnan(numpy_of(loss)), wrong)
    gradient = numpy_of(back(host(np.ones(wrong.shape, np.float32)))[1])
    np.testing.assert_array_equal(np.isnan(gradient).any(1), wrong)
    np.testing.assert_array_equal(np.isnan(gradient).all(1), wrong)


def test_arrays_with_gaps(simulator):
    x, y = random(8, 6, dtype=np.float64), labels(8, classes=6)
    loss = gg.logit_cross_entropy(host(x)[::2], host(y)[::2])
    np.testing.assert_allclose(numpy_of(loss), gg.logit_cross_entropy(x[::2], y[::2]), rtol=1e-12)
    soft = weights(6, 8, dtype=np.float64)
    loss = gg.logit_cross_entropy(host(x).T, host(soft))
    np.testing.assert_allclose(numpy_of(loss), gg.logit_cross_entropy(x.T, soft), rtol=1e-12)


@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_second_derivatives_go_by_the_rules_of_all_arrays(simulator, f, x, y):
    v = random(*x.shape, dtype=np.float64, seed=1)

    def curvature(x, y, v):
        return gg.grad(lambda x: (gg.grad(lambda x: f(x, y))(x) * v).sum())(x)

    actual = numpy_of(curvature(host(x), host(y), host(v)))
    np.testing.assert_allclose(actual, curvature(x, y, v), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("agg", ["mean", "none"])
@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_recorded_sensitivity(simulator, f, x, y, agg):
    dloss = np.ones(x.shape[:-1] if agg == "none" else ())
    v = random(*x.shape, dtype=np.float64, seed=1)

    def along(x, y, dloss, v):
        _, back = pullback(f, x, y, agg=agg)
        return gg.grad(lambda dloss: (back(dloss)[1] * v).sum())(dloss)

    actual = numpy_of(along(host(x), host(y), host(dloss), host(v)))
    np.testing.assert_allclose(actual, along(x, y, dloss, v), rtol=1e-10, atol=1e-12)


# --- What is declined, and what is wrong -----------------------------------------------------


def test_targets_of_another_data_type(simulator, launches):
    x, y = random(3, 4), weights(3, 4, dtype=np.float64)
    for f in (gg.logit_cross_entropy, gg.cross_entropy):
        np.testing.assert_allclose(numpy_of(f(host(abs(x)), host(y))), f(abs(x), y), rtol=1e-6)


def test_no_rows(simulator):
    x, y = np.zeros((0, 3), np.float32), np.zeros(0, np.int64)
    losses = gg.logit_cross_entropy(host(x), host(y), agg="none")
    assert losses.shape == (0,)
    assert numpy_of(gg.logit_cross_entropy(host(x), host(y), agg="sum")) == 0


@pytest.mark.parametrize(("f", "x", "y"), PAIRS)
def test_wrong_arguments(simulator, f, x, y):
    with pytest.raises(ArgumentError, match=f"{f.name}: "):
        f(host(x), host(y[1:]))
    with pytest.raises(ArgumentError, match=f"{f.name}: agg is 'max'"):
        f(host(x), host(y), agg="max")
    with pytest.raises(ArgumentError, match=f"{f.name}: .* has no axis 2"):
        f(host(x), host(y), axis=2)


def test_array_on_another_device(simulator, monkeypatch):
    monkeypatch.setattr(simulator, "device", lambda: 1)
    with pytest.raises(DeviceError, match="logit_cross_entropy: an array is on device 0"):
        gg.logit_cross_entropy(host(random(2, 3)), host(labels(2, classes=3)))
