"""NumPy's own functions on recorded arrays: their values are NumPy's, their gradients numerical.

A call is written once, with `np`. On a plain array NumPy computes it; on a recorded one it is
NumPy's protocols that ask gpugrad.
"""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gpugrad as gg
from gpugrad import functions as F
from gpugrad import xp
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.errors import AliasError, ArgumentError
from gpugrad.functions.numpy_calls import CALLS, IN_PLACE
from gpugrad.testing import derivative, inner
from gpugrad.tracing.protocols import FACTS

RNG = np.random.default_rng(0)
M = RNG.permutation(12).reshape(3, 4) * 0.3 - 1.16
V = RNG.permutation(5) * 0.7 - 1.1
C = RNG.permutation(27).reshape(3, 3, 3) * 0.3 - 4.0
Z = M + 1j * M[::-1]
W = np.linspace(0.5, 2.0, 4)
MASK = M > 0
NAN = np.where(MASK & (M < 1), np.nan, M)


def flat(y):
    if isinstance(y, (tuple, list)):
        return [item for part in y for item in flat(part)]
    return [y]


def as_plain(y):
    """Return values as NumPy's; a constant, too."""
    return [getattr(item, "value", item) for item in flat(y)]


def check(f, x):
    """Compare the value and the gradient of a recorded call with the plain call."""
    expected = flat(f(x))
    y, back = gg.pullback(f, x)
    for actual, near in zip(flat(y), expected, strict=True):
        assert np.shape(actual) == np.shape(near)
        assert np.asarray(actual).dtype == np.asarray(near).dtype
        assert_allclose(actual, near, rtol=1e-12, atol=1e-14)
    rng = np.random.default_rng(1)
    dys = [random_like(item, rng) for item in expected]
    filled = iter(dys)
    _, dx = back(_like(y, filled))
    direction = random_like(x, rng)

    def loss(t):
        pairs = zip(dys, flat(f(x + t * direction)), strict=True)
        return sum(inner(dy, item) for dy, item in pairs if dy is not None)

    dx = np.zeros_like(x) if dx is None else dx
    assert dx.dtype == x.dtype
    seen = np.isfinite(x)
    actual = inner(np.where(seen, dx, 0), np.where(seen, direction, 0))
    assert actual == pytest.approx(derivative(loss), rel=1e-7, abs=1e-8)


def _like(y, dys):
    if isinstance(y, (tuple, list)):
        return type(y)([_like(item, dys) for item in y])
    return next(dys)


def random_like(x, rng):
    x = np.asarray(x)
    if x.dtype.kind not in "fc":
        return None
    values = rng.uniform(-1, 1, x.shape)
    if x.dtype.kind == "c":
        values = values + 1j * rng.uniform(-1, 1, x.shape)
    return values if x.shape else values.item()


# --- One call a line -------------------------------------------------------------------------

CALLS_OF_M = {
    # Options by position, and NumPy's names
    "sum(0)": lambda x: np.sum(x, 0),
    "sum by position": lambda x: np.sum(x, 0, None, None, True),
    "sum(initial)": lambda x: np.sum(x, axis=1, initial=2.0),
    "sum(where)": lambda x: np.sum(x, axis=1, where=MASK),
    "prod(initial, where)": lambda x: np.prod(x, 0, initial=2.0, where=MASK),
    "max(initial)": lambda x: np.max(x, axis=0, initial=0.123),
    "min(where)": lambda x: np.min(x, axis=0, initial=9.0, where=MASK),
    "mean by position": lambda x: np.mean(x, 1, None, None, True),
    "mean(where)": lambda x: np.mean(x, where=MASK),
    "std by position": lambda x: np.std(x, 0, None, None, 1),
    "std(where)": lambda x: np.std(x, where=MASK),
    "var(where, ddof)": lambda x: np.var(x, where=MASK, ddof=1),
    "var(mean)": lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)),
    "amax": lambda x: np.amax(x, 1, None, True),
    "clip": lambda x: np.clip(x, -0.55, 0.75),
    "clip(a_min)": lambda x: np.clip(x, a_min=-0.55, a_max=None),
    "clip(min)": lambda x: np.clip(x, min=-0.55, max=0.75),
    "take": lambda x: np.take(x, [0, 2, 2], 1),
    "take(number)": lambda x: np.take(x, 1, 0),
    "take(flat)": lambda x: np.take(x, np.array([[3, 7]])),
    "take(wrap)": lambda x: np.take(x, np.array([5, -3]), 1, mode="wrap"),
    "take(clip)": lambda x: np.take(x, np.array([7, 1]), 0, mode="clip"),
    "repeat": lambda x: np.repeat(x, 2, 1),
    "cumsum": lambda x: np.cumsum(x),
    "cumsum(1)": lambda x: np.cumsum(x, 1),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "cumulative_sum": lambda x: np.diff(np.cumsum(x, axis=1), 1, 0),
    "reshape(F)": lambda x: np.reshape(x, (2, 6), "F"),
    "reshape(-1)": lambda x: np.reshape(x, -1),
    "concatenate": lambda x: np.concatenate((x, M), 1),
    "concatenate(array)": lambda x: np.concatenate(x),
    "concatenate(dtype)": lambda x: np.concatenate([x, M], dtype=np.float64),
    "stack": lambda x: np.stack((x, M), 1),
    "copy": np.copy,
    "roll": lambda x: np.roll(x, 1, 0),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "where": lambda x: np.where(MASK, x, 0.0),
    "where(places)": lambda x: x[np.where(x > 0)],
    "diff(prepend)": lambda x: np.diff(x, prepend=x[:, :1] ** 2),
    "diff(a=)": lambda x: np.diff(a=x, n=2),
    "zeros_like": lambda x: np.zeros_like(x, None, "K") + x,
    "sum method": lambda x: x.sum(0, None, None, True),
    "max method": lambda x: x.max(1, None, True),
    "take method": lambda x: x.take([1, 0], 1),
    "cumsum method": lambda x: x.cumsum(),
    "ravel method": lambda x: x.ravel(),
    "compress method": lambda x: x.compress([True, False, True], 0),
    "diagonal method": lambda x: x.diagonal(1),
    "trace method": lambda x: x.trace(),
    "choose method": lambda x: (x * 0).astype(int).choose([x, M]),
    # Elementwise
    "deg2rad": np.deg2rad,
    "radians": np.radians,
    "rad2deg": np.rad2deg,
    "degrees": np.degrees,
    "sinc": np.sinc,
    "exp2": np.exp2,
    "cbrt": lambda x: np.cbrt(x + 0.01),
    "logaddexp2": lambda x: np.logaddexp2(x, 0.4),
    "fabs": lambda x: np.fabs(x + 0.01),
    "float_power": lambda x: np.float_power(np.abs(x) + 0.1, x),
    "fmax": lambda x: np.fmax(x, 0.123),
    "fmin": lambda x: np.fmin(NAN, x + 0.01),
    "fmod": lambda x: np.fmod(x + 0.1, 0.9),
    "heaviside": lambda x: np.heaviside(np.where(MASK, 0.0, M), x),
    "nan_to_num": np.nan_to_num,
    "unwrap": lambda x: np.unwrap(x * 3),
    "unwrap(axis)": lambda x: np.unwrap(x * 3, axis=0, period=4.0, discont=2.5),
    "angle": lambda x: np.angle(x + 1j),
    "angle(deg)": lambda x: np.angle(x + 1j, deg=True),
    "angle of real numbers": lambda x: np.angle(x) * x,
    "real_if_close": lambda x: np.real_if_close(x + 0j),
    "modf": lambda x: np.modf(x * 0.5 + 3.1)[0],
    "frexp": lambda x: np.frexp(x * 10 + 100)[0],
    "ldexp": lambda x: np.ldexp(x, np.array([1, -2, 0, 3])),
    "divmod": lambda x: np.divmod(x + 0.1, 0.9)[1],
    "i0": np.i0,
    "matvec": lambda x: np.matvec(x, x[0]),
    "matvec(batch)": lambda x: np.matvec(x, M[:, None]),
    "vecmat": lambda x: np.vecmat(x[:, 0], x),
    # Statistics
    "average": lambda x: np.average(x, 1),
    "average(weights)": lambda x: np.average(x, 1, W),
    "average(weights=)": lambda x: np.average(M, axis=0, weights=x + 2.0),
    "average(returned)": lambda x: np.average(x, axis=1, weights=W, returned=True),
    "average(keepdims)": lambda x: np.average(x, axis=0, keepdims=True),
    "median": np.median,
    "median(axis)": lambda x: np.median(x, axis=1),
    "median(keepdims)": lambda x: np.median(x, axis=(0, 1), keepdims=True),
    "median(odd)": lambda x: np.median(x, 0),
    "ptp": lambda x: np.ptp(x, 1),
    "nansum": lambda x: np.nansum(x, axis=0),
    "cov": np.cov,
    "cov(rowvar)": lambda x: np.cov(x, rowvar=False),
    "cov(y)": lambda x: np.cov(x[0], x[1] ** 2, bias=True),
    "cov(weights)": lambda x: np.cov(x, fweights=[1, 2, 1, 3], aweights=W),
    "cov(aweights)": lambda x: np.cov(M, aweights=x[0] + 3, ddof=0),
    "corrcoef": np.corrcoef,
    "corrcoef of one": lambda x: np.corrcoef(x[0]),
    "corrcoef(y)": lambda x: np.corrcoef(x[0], x[1]),
    "bincount": lambda x: np.bincount([0, 2, 2, 5], x[0], 8),
    "histogram": lambda x: np.histogram(V, 3, weights=x.ravel()[:5])[0],
    "histogram(density)": lambda x: np.histogram(V, 3, density=True, weights=x.ravel()[:5] + 2)[0],
    "digitize": lambda x: x * np.digitize(x, [0.0, 1.0]),
    # Calculus
    "gradient": np.gradient,
    "gradient(axis)": lambda x: np.gradient(x, axis=1),
    "gradient(edge_order)": lambda x: np.gradient(x, 0.3, edge_order=2),
    "gradient(spacings)": lambda x: np.gradient(x, 2.0, np.array([0.0, 1.0, 1.5, 4.0])),
    "gradient(uneven, edge_order)": lambda x: np.gradient(x, W**2, axis=1, edge_order=2),
    "gradient(recorded spacing)": lambda x: np.gradient(M, np.cumsum(x[0] ** 2 + 1), axis=1),
    "gradient(list)": lambda x: np.gradient(x, [0.0, 1.0, 1.5, 4.0], axis=1),
    "gradient of integers": lambda x: np.gradient(np.astype(x * 9, np.int64), x[0] + 3, axis=1),
    "trapezoid": np.trapezoid,
    "trapezoid(x)": lambda x: np.trapezoid(x, W, axis=1),
    "trapezoid(recorded x)": lambda x: np.trapezoid(M, x, axis=0),
    "trapezoid(dx)": lambda x: np.trapezoid(x, dx=0.3, axis=0),
    "ediff1d": lambda x: np.ediff1d(x, to_begin=[1.0, 2.0], to_end=x[0]),
    "interp": lambda x: np.interp(x, [-1.0, 0.1, 0.9, 1.8], W),
    "interp(keywords)": lambda x: np.interp(x=x, xp=[-1.0, 0.1, 1.8], fp=W[:3], left=-3, right=7),
    "interp(xp)": lambda x: np.interp([0.2, 0.5, 2.7, 9.0], np.cumsum(x[0] ** 2 + 0.5), W),
    "interp(fp)": lambda x: np.interp([-0.2, 0.5, 2.7, 9.0], [0.0, 1.0, 2.0, 3.0], x[1]),
    "interp(period)": lambda x: np.interp(x, [0.3, 2.0, 1.0], [1.0, 2.0, 4.0], period=2.5),
    "linspace": lambda x: np.linspace(x[0], x[1], 5),
    "linspace(options)": lambda x: np.linspace(x, 2.0, 3, endpoint=False, axis=-1),
    "linspace(retstep)": lambda x: np.linspace(x, M + 1, 3, retstep=True),
    "logspace": lambda x: np.logspace(x[0], 1.0, 4),
    "logspace(base)": lambda x: np.logspace(0.0, 2.0, 4, base=np.abs(x[0]) + 1, endpoint=False),
    "geomspace": lambda x: np.geomspace(np.abs(x) + 1, 8.0, 4, axis=1),
    "vander": lambda x: np.vander(x[0]),
    "vander(0)": lambda x: np.vander(x[0], 0),
    "vander(N)": lambda x: np.vander(x[0], 3, increasing=True),
    "polyval": lambda x: np.polyval(x[0], x),
    "polyadd": lambda x: np.polyadd(x[0], x[1, :2]),
    "polysub": lambda x: np.polysub([1.0, 2.0], x[1]),
    "polymul": lambda x: np.polymul(x[0], [1.0, 2.0]),
    "polyder": lambda x: np.polyder(x[0], 2),
    "polyint": lambda x: np.polyint(x[0], 2, [3.0, 4.0]),
    "poly": lambda x: np.poly(x[0]),
    # Shape
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0]),
    "atleast_2d": lambda x: np.atleast_2d(x[0], x[0, 0]),
    "atleast_3d": lambda x: np.atleast_3d(x, x[0], x[0, 0], x[None, None]),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "rollaxis": lambda x: np.rollaxis(x[None], 2, 1),
    "ravel": np.ravel,
    "ravel(F)": lambda x: np.ravel(x, "F"),
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    "rot90": np.rot90,
    "rot90(0)": lambda x: np.rot90(x, 4),
    "rot90(2)": lambda x: np.rot90(x, 2),
    "rot90(-1)": lambda x: np.rot90(x, -1, (1, 0)),
    "rot90(3)": lambda x: np.rot90(x[None], 3, (1, 2)),
    "hstack": lambda x: np.hstack([x, M]),
    "hstack of vectors": lambda x: np.hstack((x[0], [1.0, 2.0], x[0, 0])),
    "vstack": lambda x: np.vstack([x, x[0]]),
    "dstack": lambda x: np.dstack([x, M]),
    "column_stack": lambda x: np.column_stack([x[:, 0], x]),
    "append": lambda x: np.append(x, [1.0, 2.0]),
    "append(axis)": lambda x: np.append(M, x[:1], axis=0),
    "insert": lambda x: np.insert(x, 1, 9.0),
    "insert(axis)": lambda x: np.insert(x, [0, 2, 2], x[:, :3] ** 2, axis=1),
    "insert(row)": lambda x: np.insert(x, 1, [1.0, 2.0, 3.0], axis=1),
    "insert(block)": lambda x: np.insert(x, 1, x[:, :2].T, axis=1),
    "insert([1])": lambda x: np.insert(x, [1], x[:, :2], axis=1),
    "insert(slice)": lambda x: np.insert(x, slice(0, 2), 5.0, axis=0),
    "delete": lambda x: np.delete(x, 3),
    "delete(axis)": lambda x: np.delete(x, [0, -1], axis=1),
    "delete(slice)": lambda x: np.delete(x, slice(None, None, 2), 1),
    "delete(mask)": lambda x: np.delete(x, [True, False, True], 0),
    "resize": lambda x: np.resize(x, (5, 3)),
    "resize of nothing": lambda x: np.resize(x[:0], (2, 2)),
    "split": lambda x: np.split(x, 2, 1),
    "split(places)": lambda x: np.split(x, [1, 3], axis=1),
    "array_split": lambda x: np.array_split(x, 3, axis=1),
    "hsplit": lambda x: np.hsplit(x, 2),
    "hsplit of a vector": lambda x: np.hsplit(x[0], [1]),
    "vsplit": lambda x: np.vsplit(x, 3),
    "dsplit": lambda x: np.dsplit(x[None], 2),
    "block": lambda x: np.block([[x, x[:, :1]], [np.ones((1, 5))]]),
    "block of vectors": lambda x: np.block([x[0], 1.0, x[1, 0]]),
    "pad(array)": lambda x: np.pad(x, np.array([[1, 2], [0, 1]])),
    "pad(dict)": lambda x: np.pad(x, {-1: (1, 2)}),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1, :2]),
    "meshgrid(ij)": lambda x: np.meshgrid(x[0], x[1, :2], indexing="ij"),
    "meshgrid(sparse)": lambda x: np.meshgrid(x[0], x[1, :2], x[2], sparse=True),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[0], 1.0),
    "trim_zeros": lambda x: np.trim_zeros(np.where(MASK, x, 0.0).ravel()),
    "trim_zeros of zeros": lambda x: np.trim_zeros(x[0] * 0),
    "trim_zeros(f)": lambda x: np.trim_zeros(x * np.array([0.0, 0.0, 1.0, 0.0]), "f"),
    "trim_zeros(axis)": lambda x: np.trim_zeros(x * np.array([0.0, 1.0, 1.0, 0.0]), axis=1),
    # Order and choice
    "sort": np.sort,
    "sort(axis)": lambda x: np.sort(x, 0, "stable"),
    "sort(None)": lambda x: np.sort(x, None),
    "partition": lambda x: np.sort(np.partition(x, 2)[:, :2]),
    "unique": np.unique,
    "unique(options)": lambda x: np.unique(x, True, True, True),
    "unique(axis)": lambda x: np.unique(x[[0, 1, 0]], axis=0),
    "select": lambda x: np.select([x > 1, x > 0], [x, x**2], 0.3),
    "choose": lambda x: np.choose([0, 2, 1, 0], [x, x**2, M]),
    "choose(wrap)": lambda x: np.choose(np.array([0, 3, -1, 1]), (x, M), mode="wrap"),
    "choose(clip)": lambda x: np.choose([0, 3, -1, 1], (x, M), mode="clip"),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x > 1], [lambda v: -v, lambda v: v**2, 7.0]),
    "piecewise(mask)": lambda x: np.piecewise(x[0], x[0] < 0, [np.square, 4.0]),
    "piecewise(arguments)": lambda x: np.piecewise(x, [x < 0], [lambda v, a: a * v, 1.0], 3.0),
    "piecewise(nowhere)": lambda x: np.piecewise(x, [x > 99, x < 99], [np.sin, np.cos]),
    "extract": lambda x: np.extract(x > 0, x),
    "compress": lambda x: np.compress([False, True, True], x, axis=1),
    "compress(flat)": lambda x: np.compress([0, 1, 1], x),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda v: np.sum(v**2), 1, x),
    "apply_along_axis(vectors)": lambda x: np.apply_along_axis(lambda v, n: v[:n] ** 2, 0, x, 2),
    "apply_along_axis(matrices)": lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 0, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x**2, [0, 1]),
    # Methods of ufuncs
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce(options)": lambda x: np.add.reduce(x, axis=1, keepdims=True),
    "multiply.reduce": lambda x: np.multiply.reduce(x, 1),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "add.accumulate": lambda x: np.add.accumulate(x),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x, 1),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, 1),
    "minimum.accumulate": lambda x: np.minimum.accumulate(x),
    "multiply.outer": lambda x: np.multiply.outer(x, W),
    "power.outer": lambda x: np.power.outer(W, x),
    "add(list)": lambda x: np.add([1.0, 2.0, 3.0, 4.0], x),
    "convolve(list)": lambda x: np.convolve(x[0], [1.0, 2.0]),
    "take_along_axis(None)": lambda x: np.take_along_axis(x, np.array([5, 1]), axis=None),
    "sort(axis=None)": lambda x: np.sort(x, axis=None),
    "divmod of Python": lambda x: divmod(x + 0.1, 0.9)[1] + divmod(7.0, x + 3.3)[1],
    "where with a mask of ufuncs": lambda x: np.where(np.isclose(x, x), x, 0.0),
}


NEWER_THAN_NUMPY_2_0 = {
    **dict.fromkeys(["clip(min)"], "2.1.0"),
    **dict.fromkeys(["matvec", "matvec(batch)", "vecmat"], "2.2.0"),
    **dict.fromkeys(["trim_zeros(f)", "trim_zeros(axis)", "pad(dict)"], "2.2.0"),
}


@pytest.mark.parametrize("name", CALLS_OF_M)
def test_value_and_gradient_of_numpys_call(name):
    since = NEWER_THAN_NUMPY_2_0.get(name, "2.0.0")
    if np.lib.NumpyVersion(np.__version__) < since:
        pytest.skip(f"new in NumPy {since}")
    check(CALLS_OF_M[name], M)


def test_values_of_composites_on_arrays_of_any_kind():
    for name in ("cov", "corrcoef", "gradient", "trapezoid", "nan_to_num", "average"):
        check(getattr(np, name), Z)
    check(lambda z: np.angle(z + 2), Z)
    check(lambda z: np.sinc(z), Z)
    check(lambda z: np.sinc(z * 0.01), Z)
    for mode in ("full", "same", "valid"):
        check(lambda z, mode=mode: np.convolve(z[0], z[1, :3], mode), Z)
        check(lambda z, mode=mode: np.correlate(z[0], z[1, :3], mode), Z)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(
    ("n", "m"), [(5, 3), (5, 2), (3, 5), (2, 5), (4, 4), (1, 3), (4, 1), (2, 4)]
)
def test_convolution(mode, n, m):
    x = RNG.normal(size=n + m)
    check(lambda x: np.convolve(x[:n], x[n:], mode), x)
    check(lambda x: np.correlate(x[:n], x[n:], mode), x)
    check(lambda x: np.convolve(x[:n], v=W, mode=mode), x)


METHODS = [
    *("averaged_inverted_cdf", "closest_observation", "hazen", "higher"),
    *("interpolated_inverted_cdf", "inverted_cdf", "linear", "lower", "median_unbiased"),
    *("midpoint", "nearest", "normal_unbiased", "weibull"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("function", [np.quantile, np.nanquantile])
def test_quantiles(method, function):
    for q in (0.0, 0.25, 0.31, 0.5, 0.75, 1.0, np.array([0.1, 0.5]), np.array([[0.2], [1.0]])):
        check(lambda x, q=q: function(x, q, method=method), M)
        check(lambda x, q=q: function(x, q, axis=1, method=method), M)
    check(lambda x: function(x, 0.3, (0, 2), None, False, method, True), C)


@pytest.mark.filterwarnings("ignore")
def test_median_of_nothing_is_nan():
    assert np.isnan(gg.pullback(np.median, np.zeros(0))[0])


def test_lists_of_recorded_numbers_are_arrays():
    check(lambda v: xp.interp([v[0], 0.3], np.array([-2.0, 3.0]), np.array([1.0, 4.0])), V)


def test_modes_of_a_convolution_in_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray([1.0, 2.0])
    with pytest.raises(ArgumentError, match="no mode 'best'"):
        xp.convolve(x, x, mode="best")


def test_quantiles_are_differentiable_in_the_fraction():
    check(lambda q: np.quantile(V, q * 0.1 + 0.3), np.array(0.7))
    check(lambda q: np.percentile(V, q * 10 + 30), np.array([0.7, 0.2]))
    check(lambda q: np.nanquantile(V, q * 0.1 + 0.3), np.array([0.7]))


def test_percentiles():
    check(lambda x: np.percentile(x, 30, axis=0), M)
    check(lambda x: np.percentile(x, [30, 60], 1, keepdims=True), M)
    check(lambda x: np.nanpercentile(x, 30.0), M)
    check(lambda x: np.quantile(x, 0.3), M.astype(np.float32).astype(float))
    y, _ = gg.pullback(lambda x: np.quantile(x, 0.3, axis=0), M.astype(np.float32))
    assert y.dtype == np.quantile(M.astype(np.float32), 0.3, axis=0).dtype


NAN_CALLS = {
    "nansum": lambda x: np.nansum(x, 0),
    "nansum(where)": lambda x: np.nansum(x, where=~MASK, initial=3.0),
    "nanprod": lambda x: np.nanprod(x, axis=1, keepdims=True),
    "nancumsum": lambda x: np.nancumsum(x),
    "nancumprod": lambda x: np.nancumprod(x, axis=1),
    "nanmean": lambda x: np.nanmean(x, axis=0),
    "nanvar": lambda x: np.nanvar(x, axis=1, ddof=1),
    "nanvar(keepdims)": lambda x: np.nanvar(x, keepdims=True),
    "nanvar(mean)": lambda x: np.nanvar(x, axis=1, mean=np.nanmean(x, axis=1, keepdims=True)),
    "nanstd": lambda x: np.nanstd(x, 0),
    "nanmax": lambda x: np.nanmax(x, axis=1),
    "nanmin": lambda x: np.nanmin(x, axis=(0, 1)),
    "nanmedian": np.nanmedian,
    "nanmedian(axis)": lambda x: np.nanmedian(x, axis=0, keepdims=True),
    "nanquantile": lambda x: np.nanquantile(x, 0.4, axis=1),
    "nanquantile(array)": lambda x: np.nanquantile(x, [0.4, 0.9], axis=0),
    "nanpercentile": lambda x: np.nanpercentile(x, [10, 50], axis=1, method="hazen"),
    "nan_to_num": lambda x: np.nan_to_num(x, nan=3.0),
}


@pytest.mark.parametrize("name", NAN_CALLS)
def test_what_is_nan_gets_no_gradient(name):
    check(NAN_CALLS[name], NAN)
    dx = gg.grad(lambda x: np.sum(NAN_CALLS[name](x)))(NAN)
    assert_array_equal(dx[np.isnan(NAN)], 0.0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "f",
    [
        *(np.nanmean, np.nanmax, np.nanmin, np.nanmedian, np.nanvar, np.nanstd),
        lambda x, axis: np.nanquantile(x, 0.3, axis=axis),
        lambda x, axis: np.median(x, axis=axis),
        lambda x, axis: np.quantile(x, 0.3, axis=axis),
    ],
)
def test_values_where_all_is_nan_or_some_is(f):
    x = np.array([[np.nan, 1.0, 4.0], [np.nan, np.nan, 3.0]])
    assert_array_equal(gg.pullback(lambda x: f(x, axis=0), x)[0], f(x, axis=0))


# --- Padding ---------------------------------------------------------------------------------

PADDINGS = {
    "constant": {},
    "constant, two values": {"constant_values": (1.0, 2.0)},
    "constant, by axis": {"constant_values": ((1, 2), (3, 4))},
    "edge": {},
    "linear_ramp": {"end_values": (3.0, -2.0)},
    "maximum": {},
    "maximum, few": {"stat_length": 2},
    "mean": {},
    "mean, few": {"stat_length": ((2, 1), (3, 2))},
    "median": {},
    "minimum": {"stat_length": (1, 2)},
    "reflect": {},
    "reflect, odd": {"reflect_type": "odd"},
    "symmetric": {},
    "symmetric, odd": {"reflect_type": "odd"},
    "wrap": {},
}


@pytest.mark.parametrize(
    "width", [1, (2, 1), ((0, 3), (2, 0)), ((7, 5), (9, 6)), ((1,), (2,)), ((3, 1),)]
)
@pytest.mark.parametrize("name", PADDINGS)
def test_padding(name, width):
    mode = name.partition(",")[0]
    check(lambda x: np.pad(x, width, mode, **PADDINGS[name]), M)
    check(lambda x: np.pad(x[:1], width, mode, **PADDINGS[name]), M)


def test_padding_with_recorded_numbers():
    check(lambda v: xp.pad(M, 1, constant_values=v[0]), V)
    check(lambda v: xp.pad(M, (1, 2), "linear_ramp", end_values=(v[0], v[1] ** 2)), V)
    with pytest.raises(ArgumentError, match=r"mode <function .*> is not recorded.*reflect"):
        gg.grad(lambda x: np.sum(np.pad(x, 1, lambda *_: None)))(M)


# --- Writing into recorded arrays ------------------------------------------------------------


def put_into(x, write):
    y = x * 2.0
    write(y)
    return y


WRITES = {
    "copyto": lambda y: np.copyto(y, V[:4]),
    "copyto(where)": lambda y: np.copyto(y, 7.0, where=MASK),
    "fill_diagonal": lambda y: np.fill_diagonal(y, [1.0, 2.0]),
    "fill_diagonal(wrap)": lambda y: np.fill_diagonal(y, 5.0, wrap=True),
    "place": lambda y: np.place(y, MASK, [1.0, 2.0]),
    "put": lambda y: np.put(y, [0, 5, -1], [7.0, 8.0]),
    "put(clip)": lambda y: np.put(y, [0, 50], 7.0, mode="clip"),
    "putmask": lambda y: np.putmask(y, MASK, [1.0, 2.0, 3.0, 4.0]),
    "put_along_axis": lambda y: np.put_along_axis(y, np.array([[1], [3], [0]]), 9.0, axis=1),
    "put_along_axis(0)": lambda y: np.put_along_axis(y, np.array([[1, 2, 0, 1]]), W[None], axis=0),
    "put_along_axis(None)": lambda y: np.put_along_axis(y, np.array([5, 3]), 9.0, axis=None),
    "add.at": lambda y: np.add.at(y, (np.array([0, 0, 2]), 1), 3.0),
    "subtract.at": lambda y: np.subtract.at(y, [0, 0], W),
    "out": lambda y: np.multiply(y, 3.0, out=y),
    "sort method": lambda y: y.sort(0),
    "partition method": lambda y: y.partition(3),
    "put method": lambda y: y.put([1, 2], 3.0),
    "fill method": lambda y: y.fill(3.0),
    "copyto a row": lambda y: np.copyto(y, y[0] ** 2),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_numpy_writes_into_a_recorded_array(name):
    check(lambda x: put_into(x, WRITES[name]), M)


def test_what_is_written_has_a_gradient():
    check(lambda v: put_into(v[:4] + M, lambda y: np.copyto(y, v[0])), V)
    check(lambda v: put_into(v[:4] + M, lambda y: np.put(y, [3, 1], v[1:3])), V)
    check(lambda v: put_into(v[:4] + M, lambda y: np.add.at(y, [0, 0], v[1:])), V)
    check(lambda v: put_into(v[:4] + M, lambda y: np.fill_diagonal(y, v[1])), V)


@pytest.mark.parametrize(
    "write",
    [
        *(lambda b, x: np.copyto(b, x), lambda b, x: np.put(b, [0], x[0, 0])),
        *(lambda b, x: np.put_along_axis(b, np.array([[0]]), x[:1, :1], 0),),
        *(lambda b, x: np.add.at(b, 0, x[0]), lambda b, x: np.add(b, x, out=b)),
    ],
)
def test_writing_recorded_numbers_into_a_plain_array_is_refused(write):
    with pytest.raises(ArgumentError, match=r"recorded.*xp\."):
        gg.grad(lambda x: write(np.zeros((3, 4)), x) or np.sum(x))(M)


def test_a_view_of_what_numpy_wrote_into_is_out_of_date():
    def f(x):
        y = x * 2.0
        row = y[0]
        np.copyto(y, 1.0)
        return np.sum(row)

    with pytest.raises(AliasError):
        gg.grad(f)(M)


@pytest.mark.parametrize("f", IN_PLACE.values(), ids=IN_PLACE)
def test_what_puts_in_leaves_a_plain_array_alone(f):
    arguments = {
        "copyto": (V[:4],),
        "fill_diagonal": (5.0,),
        "place": (MASK, [1.0, 2.0]),
        "put": ([1, 2], [3.0]),
        "put_along_axis": (np.array([[1, 0, 2, 0]]), 3.0, 0),
        "putmask": (MASK, W),
    }[f.__name__]
    x, expected = M.copy(), M.copy()
    y = f(x, *arguments)
    getattr(np, f.__name__)(expected, *arguments)
    assert_array_equal(x, M)
    assert_array_equal(y, expected)


# --- Kinks and edges -------------------------------------------------------------------------


def test_sinc_at_zero_is_smooth_to_second_order():
    def slope(x):
        return gg.grad(xp.sinc)(x)

    assert xp.sinc(0.0) == 1.0
    assert gg.value_and_grad(xp.sinc)(0.0) == (1.0, 0.0)
    assert gg.grad(slope)(0.0) == pytest.approx(-(np.pi**2) / 3, rel=1e-15)
    for x in (1e-9, 1e-4, 0.03, 0.0318, 0.0319, 0.05):
        z = np.pi * x
        series = sum(
            (-1) ** k * 2 * k * z ** (2 * k - 1) / float(_factorial(2 * k + 1)) for k in range(1, 9)
        )
        assert slope(x) == pytest.approx(np.pi * series, rel=1e-12)


def _factorial(n):
    return 1 if n < 2 else n * _factorial(n - 1)


def test_extrema_without_nan_split_a_tie():
    assert gg.grad(xp.fmax, (0, 1))(2.0, 2.0) == (0.5, 0.5)
    assert gg.grad(xp.fmin, (0, 1))(2.0, 2.0) == (0.5, 0.5)
    nan = np.nan
    assert gg.grad(xp.fmax, (0, 1))(nan, 2.0) == (0.0, 1.0)
    assert gg.grad(xp.fmin, (0, 1))(2.0, nan) == (1.0, 0.0)
    x = np.array([1.0, 3.0, 3.0, np.nan])
    assert_array_equal(gg.grad(xp.nanmax)(x), [0, 0.5, 0.5, 0])
    assert_array_equal(gg.grad(xp.ptp)(x[:3]), [-1, 0.5, 0.5])


@pytest.mark.parametrize("f", [xp.cbrt, xp.convolve, xp.isclose, xp.median, xp.sort])
def test_functions_pickle(f):
    assert pickle.loads(pickle.dumps(f)) is f


def test_deviation_of_equal_values_has_no_gradient():
    assert_array_equal(gg.grad(xp.nanstd)(np.ones(3)), np.zeros(3))


def test_infinities():
    x = np.array([np.inf, -np.inf, 1.5, -0.0, np.nan])
    with np.errstate(all="ignore"):
        assert_array_equal(gg.pullback(np.nan_to_num, x)[0], np.nan_to_num(x))
        assert_array_equal(gg.pullback(np.modf, x)[0], np.modf(x))
        assert_array_equal(gg.pullback(lambda x: np.heaviside(x, 0.3), x)[0], np.heaviside(x, 0.3))
    assert_array_equal(gg.grad(lambda x: np.sum(np.nan_to_num(x)))(x), [0, 0, 1, 1, 0])
    y = np.array([1.0, np.inf, np.inf, np.inf])
    assert gg.pullback(np.median, y)[0] == np.median(y) == np.inf
    assert_array_equal(gg.grad(lambda x: np.sum(np.heaviside(x, 1.0)))(V), np.zeros(5))


def test_equal_values_are_sorted_as_they_come():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    assert_array_equal(gg.grad(lambda x: np.sum(np.sort(x) * weights))(x), [3, 1, 4, 2])
    y, back = gg.pullback(lambda x: xp.sort(x, descending=True), V)
    assert_array_equal(y, np.sort(V)[::-1])
    assert_array_equal(back(np.sort(V)[::-1])[1], V)


def test_interpolation_beyond_and_at_the_points():
    points, values = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 0.0])
    x = np.array([-1.0, 0.0, 1.0, 3.0, 5.0, 2.0, np.nan])
    y, back = gg.pullback(np.interp, x, points, values)
    assert_array_equal(y, np.interp(x, points, values))
    _, dx, _, _ = back(np.array([1.0, 1, 1, 1, 1, 1, 0]))
    assert_array_equal(dx[:6], [0, 2, -2, -2, 0, -2])
    assert gg.grad(lambda f: np.interp(7.0, [1.0], f))(np.array([3.0])) == 1.0
    assert gg.pullback(np.interp, x.astype(np.float32), points, values)[0].dtype == np.float64


def test_first_of_equal_values_has_the_gradient():
    x = np.array([2.0, 1.0, 2.0])
    assert_array_equal(gg.grad(lambda x: np.sum(np.unique(x) * np.array([3.0, 5.0])))(x), [5, 3, 0])


# --- Bad input -------------------------------------------------------------------------------

REFUSED = {
    "quantile(weights)": (
        lambda x: np.quantile(x, 0.5, weights=W, axis=1, method="inverted_cdf"),
        "weights",
    ),
    "quantile(method)": (lambda x: xp.quantile(x, 0.5, method="best"), "no method 'best'.*hazen"),
    "median(out)": (lambda x: np.median(x, out=np.zeros(())), "out="),
    "average(weights)": (lambda x: np.average(x, weights=W), r"weights of shape \(4,\).*\(3, 4\)"),
    "split": (lambda x: np.split(x, 3, 1)[0], "array_split"),
    "choose": (lambda x: np.choose([0, 5, 0, 0], [x, M]), "mode='clip'"),
    "piecewise": (lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), "3 functions for 1 cond"),
    "gradient(spacings)": (lambda x: np.gradient(x, 1.0, 2.0, 3.0), "3 spacings"),
    "gradient(short)": (lambda x: np.gradient(x[:1]), "too short"),
    "nan_to_num(copy)": (lambda x: np.nan_to_num(x, copy=False), "copy=False"),
    "ravel(order)": (lambda x: np.ravel(x, "K"), "order='K'"),
    "cov": (lambda x: np.cov(x[None]), "more than two axes"),
    "poly": (lambda x: np.poly(x[:, :3]), "eigvalsh"),
    "histogram2d": (lambda x: np.histogram2d(V, V, weights=x.ravel()[:5])[0], "bincount"),
    "fill_diagonal": (lambda x: np.fill_diagonal(x[None], 1.0), "one length"),
    "multiply.at": (lambda x: np.multiply.at(x, 0, 2.0), r"numpy\.multiply\.at"),
    "add.reduceat": (lambda x: np.add.reduceat(x, [0, 1]), r"numpy\.add\.reduceat"),
    "sum(out)": (lambda x: np.sum(x, 0, out=np.zeros(4)), r"numpy\.sum.*out="),
    "vectorize": (lambda x: np.vectorize(lambda v: v * 2)(x), "drop its gradient"),
    "apply_along_axis": (lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]), "no vectors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_says_what_to_do(name):
    f, message = REFUSED[name]
    with pytest.raises(gg.GpugradError, match=message):
        gg.pullback(f, M)


# --- Functions without a gradient ------------------------------------------------------------

CONSTANT_CALLS = {
    "allclose": lambda x: np.allclose(x, x + 1e-9),
    "argmax": lambda x: np.argmax(x, 1, None, keepdims=True),
    "argpartition": lambda x: np.argpartition(x, 2),
    "argsort": lambda x: np.argsort(x, None, "stable"),
    "argwhere": lambda x: np.argwhere(x > 0),
    "array_equal": lambda x: np.array_equal(x, M),
    "count_nonzero": lambda x: np.count_nonzero(x > 0, 1),
    "digitize": lambda x: np.digitize(x, [0.0, 1.0], True),
    "flatnonzero": lambda x: np.flatnonzero(x > 0),
    "histogram": lambda x: np.histogram(x, 4),
    "histogram2d": lambda x: np.histogram2d(x[0], x[1], 3)[0],
    "histogramdd": lambda x: np.histogramdd(x, 2)[0],
    "isclose": lambda x: np.isclose(x, M, rtol=0.1),
    "isin": lambda x: np.isin(x, M[0], invert=True),
    "lexsort": lambda x: np.lexsort((x[0], x[1])),
    "nanargmax": lambda x: np.nanargmax(x, axis=1),
    "rint": np.rint,
    "round": lambda x: np.round(x, 1),
    "searchsorted": lambda x: np.searchsorted([0.0, 1.0], x, "right"),
    "spacing": np.spacing,
    "all": lambda x: np.all(x > -9, axis=0, where=MASK),
    "greater(where)": lambda x: np.greater(x, 0, dtype=bool),
    "greater.outer": lambda x: np.greater.outer(x[0], x[1]),
    "logical_and.reduce": lambda x: np.logical_and.reduce(x > 0, axis=1),
    "bincount": lambda x: np.bincount(np.digitize(x.ravel(), [0.0, 1.0])),
    "argmax method": lambda x: x.argmax(1),
    "argsort method": lambda x: x.argsort(0),
    "nonzero method": lambda x: (x > 0).nonzero(),
    "searchsorted method": lambda x: np.sort(x[0]).searchsorted(x[1]),
    "argpartition method": lambda x: x.argpartition(1),
    "any method": lambda x: x.any(0),
    "any method(where)": lambda x: x.any(0, where=MASK),
    "all method(where)": lambda x: (x > 0).all(0, where=MASK),
    "argmin method(dtype)": lambda x: x.argmin(0),
    "nan_to_num of integers": lambda x: np.nan_to_num((x * 9).astype(np.int64)),
    "xp.bincount": lambda x: xp.bincount(np.digitize(x.ravel(), [0.0, 1.0])),
    "all method": lambda x: (x > 0).all(axis=1, keepdims=True),
    "round method": lambda x: x.round(),
    "tril_indices_from": lambda x: np.tril_indices_from(x),
}


@pytest.mark.parametrize("name", CONSTANT_CALLS)
def test_a_call_without_a_gradient_has_numpys_value(name):
    f = CONSTANT_CALLS[name]
    y, back = gg.pullback(f, M)
    for actual, expected in zip(flat(y), flat(f(M)), strict=True):
        assert np.asarray(actual).dtype == np.asarray(expected).dtype
        assert_array_equal(actual, expected)
    if not isinstance(y, (tuple, bool)):
        assert back(1.0) == (None, None)


# --- No function of NumPy's loses a gradient silently ----------------------------------------

MADE_FROM_NOTHING = {
    *("arange", "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray"),
    *("asfortranarray", "asmatrix", "bartlett", "blackman", "bmat", "broadcast_shapes"),
    *("diag_indices", "empty", "eye", "frombuffer", "fromfile", "fromfunction", "fromiter"),
    *("frompyfunc", "fromregex", "fromstring", "from_dlpack", "full", "genfromtxt", "hamming"),
    *("hanning", "identity", "indices", "kaiser", "load", "loadtxt", "mask_indices", "ones"),
    *("require", "row_stack", "tri", "tril_indices", "triu_indices", "vectorize", "zeros"),
}
"""They make arrays of shapes or of what NumPy converts, which recorded arrays refuse."""

ABOUT_NUMPY = {
    *("base_repr", "binary_repr", "datetime_data", "format_float_positional"),
    *("format_float_scientific", "get_include", "get_printoptions", "getbufsize", "geterr"),
    *("geterrcall", "info", "isdtype", "isfortran", "isscalar", "issubdtype", "iterable"),
    *("mintypecode", "nested_iters", "printoptions", "promote_types", "set_printoptions"),
    *("setbufsize", "seterr", "seterrcall", "show_config", "show_runtime", "test", "typename"),
}
"""They say something of data types, of NumPy itself, or of no array."""

REFUSED_BY_NUMPY = {
    "dates and times": {
        *("busday_count", "busday_offset", "datetime_as_string", "is_busday", "isnat"),
    },
    "bits of integers": {"packbits", "unpackbits"},
    "sets: write xp.unique of xp.concat, or xp.isin": {
        *("in1d", "intersect1d", "setdiff1d", "setxor1d", "union1d"),
    },
    "complex numbers have no order that a gradient follows": {"sort_complex"},
    "equations without a rule: write xp.linalg.lstsq, or eigenvalues": {
        *("polydiv", "polyfit", "roots"),
    },
    "files, which gradients cannot follow": {"save", "savetxt", "savez", "savez_compressed"},
    "paths of a contraction, planned before it": {"einsum_path"},
}


def public_functions():
    for name in sorted(np.__all__):
        f = getattr(np, name)
        if callable(f) and not isinstance(f, type) and not name.startswith("_"):
            yield name, f


@pytest.mark.parametrize("name", [name for name, _ in public_functions()])
def test_numpys_function_has_a_place(name):
    f = getattr(np, name)
    refused = name in set().union(*REFUSED_BY_NUMPY.values())
    known = primitive_of(f) is not None or f in FACTS or name in {**CALLS, **IN_PLACE}
    if name in MADE_FROM_NOTHING | ABOUT_NUMPY:
        assert not hasattr(f, "_implementation")
        assert not isinstance(f, np.ufunc)
        return
    assert known or hasattr(f, "_implementation") or isinstance(f, np.ufunc)
    assert known != refused, (
        f"a recorded array in numpy.{name}: give it a definition in gpugrad/functions/, name it in "
        f"functions/without_gradient.py, or here in REFUSED_BY_NUMPY with the reason"
    )


@pytest.mark.parametrize("name", sorted(set().union(*REFUSED_BY_NUMPY.values()) & {*np.__all__}))
def test_what_has_no_place_is_refused(name):
    f = getattr(np, name)
    arguments = {"einsum_path": ("ij->i",), "savetxt": ("f",), "save": ("f",), "savez": ("f",)}
    before = arguments.get(name, ("f",) if name == "savez_compressed" else ())
    after = {"polyfit": (W, 1), "busday_offset": (1,)}.get(name, (M,))
    one = {"isnat", "sort_complex", "roots", "is_busday", "packbits", "unpackbits", "save"}
    after = () if name in one | {"savetxt", "savez", "savez_compressed"} else after
    after = () if name in {"einsum_path", "datetime_as_string"} else after
    with pytest.raises(gg.GpugradError, match="no rule"):
        gg.grad(lambda x: np.sum(f(*before, x, *after)) + F.sum(x))(M)


@pytest.mark.parametrize("name", ["array", "asarray", "ascontiguousarray", "require"])
def test_what_converts_is_refused(name):
    with pytest.raises(gg.GpugradError, match="drop"):
        gg.grad(lambda x: np.sum(getattr(np, name)(x)))(M)
