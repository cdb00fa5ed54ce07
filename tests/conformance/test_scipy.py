"""SciPy's array-API functions on recorded arrays, unchanged, under SCIPY_ARRAY_API=1."""

import os
import subprocess
import sys

import numpy as np
import pytest

import gpugrad as gg
from tests.conformance.differentiated import assert_differentiated, assert_twice_differentiated

fft = pytest.importorskip("scipy.fft")
differentiate = pytest.importorskip("scipy.differentiate")
elementwise = pytest.importorskip("scipy.optimize.elementwise")
integrate = pytest.importorskip("scipy.integrate")
linalg = pytest.importorskip("scipy.linalg")
ndimage = pytest.importorskip("scipy.ndimage")
optimize = pytest.importorskip("scipy.optimize")
distance = pytest.importorskip("scipy.spatial.distance")
signal = pytest.importorskip("scipy.signal")
special = pytest.importorskip("scipy.special")
vq = pytest.importorskip("scipy.cluster.vq")
stats = pytest.importorskip("scipy.stats")
transform = pytest.importorskip("scipy.spatial.transform")
Rotation, RigidTransform = transform.Rotation, transform.RigidTransform

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 5, 4))
P, Q = RNG.uniform(0.2, 2.0, (2, 5, 4))
UNIT = RNG.uniform(0.1, 0.9, (5, 4))
VECTOR, KERNEL = RNG.normal(size=7), RNG.normal(size=3)
Z = X + 1j * Y
QUATERNIONS, POINTS = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
ANGLES = RNG.uniform(-1.0, 1.0, (3, 3))
NEAR_ROTATIONS = Rotation.from_quat(QUATERNIONS).as_matrix() + 0.1 * RNG.normal(size=(3, 3, 3))


def along(f, **options):
    """Return a function of arrays that works along the first axis."""
    return lambda *arrays: f(*arrays, axis=0, **options)


def namespace(x):
    return x.__array_namespace__() if isinstance(x, gg.Tracked) else np


SPECIAL = {
    "logsumexp": (lambda x: special.logsumexp(x, axis=1), X),
    "logsumexp weighted": (lambda x, b: special.logsumexp(x, axis=1, b=b), X, P),
    "softmax": (lambda x: special.softmax(x, axis=1), X),
    "log_softmax": (lambda x: special.log_softmax(x, axis=1), X),
    "rel_entr": (special.rel_entr, P, Q),
    "kl_div": (special.kl_div, P, Q),
    "entr": (special.entr, P),
    "xlogy": (special.xlogy, P, Q),
    "xlog1py": (special.xlog1py, P, Q),
    "expit": (special.expit, X),
    "logit": (special.logit, UNIT),
    "erf": (special.erf, X),
    "erfc": (special.erfc, X),
    "erfinv": (special.erfinv, UNIT),
    "ndtr": (special.ndtr, X),
    "log_ndtr": (special.log_ndtr, X),
    "gamma": (special.gamma, P),
    "gammaln": (special.gammaln, P),
    "psi": (special.psi, P),
    "digamma": (special.digamma, P),
    "polygamma": (lambda x: special.polygamma(1, x), P),
    "gammainc": (lambda x: special.gammainc(order_like(x), x), P),
    "gammaincc": (lambda x: special.gammaincc(order_like(x), x), P),
    "chdtr": (lambda x: special.chdtr(order_like(x), x), P),
    "i0": (special.i0, X),
    "i0e": (special.i0e, X),
    "i1": (special.i1, X),
    "i1e": (special.i1e, X),
    "j0": (special.j0, X),
    "j1": (special.j1, X),
    "y0": (special.y0, P),
    "y1": (special.y1, P),
    "beta": (special.beta, P, Q),
    "betaln": (special.betaln, P, Q),
    "huber": (lambda x: special.huber(order_like(x), x), X),
    "pseudo_huber": (lambda x: special.pseudo_huber(order_like(x), x), X),
    "zeta": (lambda x: special.zeta(order_like(x), x), P),
    "sinc": (special.sinc, X),
}


def order_like(x):
    """Return an order, in which these functions are not differentiated."""
    return namespace(x).asarray(2.5)


STATISTICS = {
    "entropy": (along(stats.entropy), P),
    "entropy of two": (along(stats.entropy), P, Q),
    "zscore": (along(stats.zscore), X),
    "gzscore": (along(stats.gzscore), P),
    "zmap": (along(stats.zmap), X, Y),
    "skew": (along(stats.skew), X),
    "skew unbiased": (along(stats.skew, bias=False), X),
    "kurtosis": (along(stats.kurtosis), X),
    "kurtosis unbiased": (along(stats.kurtosis, bias=False), X),
    "moment": (along(lambda x, axis: stats.moment(x, 3, axis=axis)), X),
    "quantile": (along(lambda x, axis: stats.quantile(x, 0.3, axis=axis)), X),
    "quantiles": (
        lambda x: stats.quantile(x, namespace(x).asarray([[0.3], [0.6]]), axis=0, keepdims=True),
        VECTOR[:, None],
    ),
    "boxcox_llf": (lambda x: stats.boxcox_llf(0.7, x, axis=0), P),
    "circmean": (along(stats.circmean), P),
    "circvar": (along(stats.circvar), P),
    "circstd": (along(stats.circstd), P),
    "directional_stats": (lambda x: stats.directional_stats(x).mean_direction, X),
    "gmean": (along(stats.gmean), P),
    "hmean": (along(stats.hmean), P),
    "pmean": (along(lambda x, axis: stats.pmean(x, 3, axis=axis)), P),
    "variation": (along(stats.variation), P),
    "sem": (along(stats.sem), X),
    "tmean": (along(stats.tmean), X),
    "tvar": (along(stats.tvar), X),
    "kstat": (along(lambda x, axis: stats.kstat(x, 3, axis=axis)), X),
    "kstatvar": (along(stats.kstatvar), X),
    "lmoment": (along(lambda x, axis: stats.lmoment(x, 2, axis=axis)), X),
    "describe": (lambda x: stats.describe(x, axis=0).kurtosis, X),
    "pearsonr": (lambda x, y: stats.pearsonr(x, y, axis=0).statistic, X, Y),
    "ttest_1samp": (lambda x: stats.ttest_1samp(x, 0.0, axis=0).statistic, X),
    "ttest_ind": (lambda x, y: stats.ttest_ind(x, y, axis=0).statistic, X, Y),
    "chisquare": (lambda x: stats.chisquare(x, axis=0).statistic, P),
    "chisquare p-value": (lambda x: stats.chisquare(x, axis=0).pvalue, P),
    "jarque_bera": (lambda x: stats.jarque_bera(x, axis=0).statistic, X),
    "skewtest": (lambda x: stats.skewtest(x, axis=0).statistic, RNG.normal(size=(9, 2))),
    "skewtest p-value": (lambda x: stats.skewtest(x, axis=0).pvalue, RNG.normal(size=(9, 2))),
}

TRANSFORMS = {
    "Rotation as_matrix": (lambda q: Rotation.from_quat(q).as_matrix(), QUATERNIONS),
    "Rotation from_rotvec": (lambda v: Rotation.from_rotvec(v).as_quat(), ANGLES),
    "Rotation from_euler": (lambda a: Rotation.from_euler("xyz", a).as_matrix(), ANGLES),
    "Rotation from_matrix": (
        lambda v: Rotation.from_matrix(Rotation.from_rotvec(v).as_matrix()).as_quat(),
        ANGLES,
    ),
    "Rotation from_matrix of none": (lambda m: Rotation.from_matrix(m).as_quat(), NEAR_ROTATIONS),
    "Rotation from_mrp": (lambda v: Rotation.from_mrp(v).as_matrix(), ANGLES),
    "Rotation as_rotvec": (lambda q: Rotation.from_quat(q).as_rotvec(), QUATERNIONS),
    "Rotation as_euler": (lambda q: Rotation.from_quat(q).as_euler("xyz"), QUATERNIONS),
    "Rotation as_mrp": (lambda q: Rotation.from_quat(q).as_mrp(), QUATERNIONS),
    "Rotation apply": (lambda v, p: Rotation.from_rotvec(v).apply(p), ANGLES, POINTS),
    "Rotation magnitude": (lambda q: Rotation.from_quat(q).magnitude(), QUATERNIONS),
    "Rotation product": (
        lambda v, w: (Rotation.from_rotvec(v) * Rotation.from_rotvec(w).inv()).as_quat(),
        *(ANGLES, POINTS),
    ),
    "Rotation power": (lambda v: (Rotation.from_rotvec(v) ** 0.7).as_matrix(), ANGLES),
    "Rotation mean": (lambda v: Rotation.from_rotvec(v).mean().as_matrix(), ANGLES),
    "RigidTransform apply": (
        lambda v, t, p: RigidTransform.from_components(t, Rotation.from_rotvec(v)).apply(p),
        *(ANGLES, POINTS, POINTS),
    ),
    "RigidTransform from_exp_coords": (
        lambda c: RigidTransform.from_exp_coords(c).as_matrix(),
        RNG.normal(size=(3, 6)),
    ),
    "RigidTransform as_exp_coords": (
        lambda v, t: RigidTransform.from_components(t, Rotation.from_rotvec(v)).as_exp_coords(),
        *(ANGLES, POINTS),
    ),
    "RigidTransform product": (
        lambda c: (
            RigidTransform.from_exp_coords(c) * RigidTransform.from_exp_coords(c[::-1, ...]).inv()
        ).as_matrix(),
        RNG.normal(size=(3, 6)),
    ),
    "RigidTransform from_matrix": (
        lambda t, q: RigidTransform.from_matrix(
            RigidTransform.from_components(t, Rotation.from_quat(q)).as_matrix()
        ).as_dual_quat(),
        *(POINTS, QUATERNIONS),
    ),
}

FOURIER = {
    **{
        name: (getattr(fft, name), x)
        for name, x in {
            "fft": Z,
            "ifft": Z,
            "rfft": X,
            "irfft": Z,
            "hfft": Z,
            "ihfft": X,
            "fftn": Z,
            "ifftn": Z,
            "rfftn": X,
            "irfftn": Z,
            "fft2": Z,
            "ifft2": Z,
            "rfft2": X,
            "irfft2": Z,
            "fftshift": X,
            "ifftshift": X,
        }.items()
    },
    "fft of real": (fft.fft, X),
    "fft with options": (lambda x: fft.fft(x, n=6, axis=0, norm="ortho"), Z),
    "rfft with options": (lambda x: fft.rfft(x, n=7, axis=0, norm="forward"), X),
    "irfft with options": (lambda x: fft.irfft(x, n=7, axis=1, norm="ortho"), Z),
    "fftconvolve": (signal.fftconvolve, VECTOR, KERNEL),
    "fftconvolve same": (lambda x, k: signal.fftconvolve(x, k, mode="same", axes=0), X, Y[:3]),
    "fftconvolve complex": (signal.fftconvolve, Z[0], Z[1]),
    "oaconvolve": (signal.oaconvolve, VECTOR, KERNEL),
    "convolve fft": (lambda x, k: signal.convolve(x, k, method="fft"), VECTOR, KERNEL),
    "correlate fft": (lambda x, k: signal.correlate(x, k, method="fft"), VECTOR, KERNEL),
    "hilbert": (signal.hilbert, VECTOR),
}

GRID = np.sort(RNG.uniform(0.0, 3.0, 5))

QUADRATURE = {
    "trapezoid": (along(integrate.trapezoid), X),
    "trapezoid over x": (lambda y, x: integrate.trapezoid(y, x), X[:, 0], GRID),
    "trapezoid over dx": (lambda y: integrate.trapezoid(y, dx=0.3), X),
    "cumulative_trapezoid": (along(integrate.cumulative_trapezoid), X),
    "cumulative_trapezoid from 0": (along(integrate.cumulative_trapezoid, initial=0), X),
}


def cube_root(x):
    xp = namespace(x)
    bracket = xp.zeros_like(x), xp.full_like(x, 3.0)
    return elementwise.find_root(lambda y, x: y**3 - x, bracket, args=(x,)).x


def integral_of_powers(x):
    return integrate.cubature(lambda t: t[:, :1] ** x, [0.0], [1.0], rtol=1e-12).estimate


FURTHER = {
    "cbrt": (special.cbrt, P),
    "exp2": (special.exp2, X),
    "multigammaln": (lambda x: special.multigammaln(x + 3.0, 2), P),
    "spence": (special.spence, P),
    "stdtr": (lambda x: special.stdtr(order_like(x), x), X),
    "alexandergovern": (lambda x, y: stats.alexandergovern(x, y).statistic, VECTOR, KERNEL),
    "bartlett": (lambda x, y: stats.bartlett(x, y).statistic, VECTOR, KERNEL),
    "combine_pvalues": (lambda p: stats.combine_pvalues(p).statistic, UNIT[0]),
    "differential_entropy": (stats.differential_entropy, VECTOR),
    "false_discovery_control": (stats.false_discovery_control, UNIT[:, 0]),
    "gstd": (along(stats.gstd), P),
    "iqr": (along(stats.iqr), X),
    "kurtosistest": (lambda x: stats.kurtosistest(x).statistic, RNG.normal(size=25)),
    "median_abs_deviation": (along(stats.median_abs_deviation), X),
    "normaltest": (lambda x: stats.normaltest(x).statistic, RNG.normal(size=25)),
    "power_divergence": (lambda x: stats.power_divergence(x, lambda_=0.5).statistic, P[0]),
    "sigmaclip": (lambda x: stats.sigmaclip(x)[0], VECTOR),
    "trim_mean": (along(lambda x, axis: stats.trim_mean(x, 0.2, axis=axis)), X),
    "tsem": (along(stats.tsem), X),
    "tstd": (along(stats.tstd), X),
    "yeojohnson_llf": (lambda x: stats.yeojohnson_llf(0.5, x, axis=0), X),
    "cumulative_simpson": (integrate.cumulative_simpson, VECTOR),
    "romb": (integrate.romb, X[:, 0]),
    "cubature": (integral_of_powers, P[0]),
    "fht": (lambda x: fft.fht(x, 0.1, 0.0), VECTOR),
    "resample": (lambda x: signal.resample(x, 5), VECTOR),
    "whiten": (vq.whiten, X),
    "find_root": (cube_root, P),
    "derivative": (lambda x: differentiate.derivative(lambda t: t**3, x).df, X),
    "hann": (lambda x: x * signal.windows.hann(7, xp=namespace(x)), VECTOR),
}

FUNCTIONS = {**SPECIAL, **STATISTICS, **TRANSFORMS, **FOURIER, **QUADRATURE, **FURTHER}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_differentiated(name):
    assert_differentiated(*FUNCTIONS[name])


@pytest.mark.parametrize(
    "name",
    [
        *("logsumexp", "softmax", "rel_entr", "erf", "gammaln"),
        *("entropy", "zscore", "skew", "kurtosis", "moment", "boxcox_llf", "circmean"),
        *("Rotation as_matrix", "Rotation from_euler", "RigidTransform from_exp_coords"),
        *("fft", "rfft", "irfft", "trapezoid"),
    ],
)
def test_gradient_of_function_is_differentiated(name):
    f, x, *others = FUNCTIONS[name]
    if others:
        assert_twice_differentiated(lambda x: f(x, 2.0 * x), x)
    else:
        assert_twice_differentiated(f, x)


# SciPy hands these to compiled code, or does not know of other arrays.
CANNOT = {
    "simpson": (integrate.simpson, VECTOR),
    "dct": (fft.dct, VECTOR),
    "convolve direct": (lambda x: signal.convolve(x, x, method="direct"), VECTOR),
    "detrend": (signal.detrend, VECTOR),
    "savgol_filter": (lambda x: signal.savgol_filter(x, 5, 2), VECTOR),
    "gaussian_filter": (lambda x: ndimage.gaussian_filter(x, 1.0), X),
    "linalg.cholesky": (linalg.cholesky, X[:4] @ X[:4].T),
    "linalg.solve": (lambda a: linalg.solve(a, np.ones(4)), X[:4]),
    "cdist": (lambda x: distance.cdist(x, x), X),
    "betainc": (lambda x: special.betainc(x, x, x), UNIT),
    "ellipk": (special.ellipk, UNIT),
    "norm.pdf": (stats.norm.pdf, X),
    "gaussian_kde": (lambda x: stats.gaussian_kde(x)(0.5), VECTOR),
    "linregress": (lambda x: stats.linregress(x, x**2).slope, VECTOR),
    "boxcox": (lambda x: stats.boxcox(x)[0], P[:, 0]),
    "quad": (lambda x: integrate.quad(lambda t: t * x, 0, 1)[0], 2.0),
    "brentq": (lambda x: optimize.brentq(lambda t: t - x, -10, 10), 2.0),
}


@pytest.mark.parametrize("name", CANNOT)
def test_function_that_cannot_says_so(name):
    f, *args = CANNOT[name]
    with pytest.raises(gg.GpugradError):
        gg.grad(lambda *args: np.sum(f(*args)))(*args)


@pytest.mark.parametrize("f", [special.rel_entr, signal.fftconvolve])
def test_recorded_and_plain_arrays_are_not_mixed(f):
    with pytest.raises(TypeError, match="Multiple namespaces"):
        gg.pullback(lambda x: f(x, KERNEL), P[:3, 0])
    y, back = gg.pullback(lambda x: f(x, namespace(x).asarray(KERNEL**2)), P[:3, 0])
    assert back(np.ones_like(y))[1].shape == (3,)


def test_special_functions_without_the_switch():
    program = """
import numpy as np, gpugrad as gg
from gpugrad import xp
from scipy import special
x = np.array([0.3, 1.2])
assert type(special.erf) is np.ufunc
found = gg.grad(lambda x: xp.sum(special.erf(x)))(x)
np.testing.assert_allclose(found, np.exp(-x * x) * 2 / np.pi**0.5, rtol=1e-14)
"""
    environment = {k: v for k, v in os.environ.items() if k != "SCIPY_ARRAY_API"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
