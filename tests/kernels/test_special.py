"""The functions of numbers.cuh and special.cuh, against NumPy's, SciPy's and exact values.

Tolerances are in units of the relative precision of the data type.
"""

import warnings

import numpy as np
import pytest

from gpugrad.kernels.launch import Slots
from gpugrad.kernels.source import expanded
from tests.kernels import compiler, simulator

special = pytest.importorskip("scipy.special")

if simulator.missing():
    pytest.skip(simulator.missing(), allow_module_level=True)

inf, nan = np.inf, np.nan
TYPES = {"float": np.float32, "double": np.float64}

# What is tested, with its number of arguments.
FUNCTIONS = {
    **dict.fromkeys(("sign", "square", "reciprocal", "real", "imag"), 1),
    **dict.fromkeys(("maximum", "minimum", "remainder", "floor_divide", "logaddexp"), 2),
    "clip": 3,
    **dict.fromkeys(("log_ndtr", "ndtr", "ndtri", "dawsn"), 1),
    **dict.fromkeys(("gamma", "gammaln", "loggamma", "rgamma", "digamma", "trigamma"), 1),
    **dict.fromkeys(("polygamma", "zeta", "beta", "betaln", "yn"), 2),
    **dict.fromkeys(("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p"), 2),
    **dict.fromkeys(("i0", "i0e", "i1", "i1e", "k0", "k0e", "k1", "k1e"), 1),
    **dict.fromkeys(("exp1", "expi", "spence"), 1),
}


def kernel_of(name):
    """Return the text of a kernel that calls a device function on each element."""
    parameters = [f"const T* a{i}" for i in range(FUNCTIONS[name])]
    arguments = ", ".join(f"a{i}[k]" for i in range(FUNCTIONS[name]))
    return (
        f"template <class T>\n"
        f"__global__ void {name}_of({', '.join(parameters)}, T* y, long long size) {{\n"
        f"  long long k = blockDim.x * blockIdx.x + threadIdx.x;\n"
        f"  if (k < size) y[k] = {name}({arguments});\n"
        f"}}\n"
    )


TEXT = expanded(
    '#include "numbers.cuh"\n#include "special.cuh"\nnamespace gpugrad {\n'
    + "".join(map(kernel_of, FUNCTIONS))
    + "}  // namespace gpugrad\n"
)
EXPRESSIONS = tuple(f"gpugrad::{name}_of<{c_type}>" for name in FUNCTIONS for c_type in TYPES)


@pytest.fixture(scope="module")
def entries():
    return simulator.kernels(TEXT, EXPRESSIONS)


@pytest.fixture(params=TYPES)
def on_device(request, entries):
    return caller(entries, request.param)


@pytest.fixture
def in_double(entries):
    return caller(entries, "double")


def caller(entries, c_type):
    """Return what calls a device function by name, on numbers of one data type."""

    def call(name, *args):
        args = [np.ascontiguousarray(x, call.dtype) for x in np.broadcast_arrays(*args)]
        y = np.empty(args[0].shape, call.dtype)
        slots = Slots(len(args) + 2)
        slots.values[:] = [*(x.ctypes.data for x in (*args, y)), y.size]
        entry = entries[f"gpugrad::{name}_of<{c_type}>"]
        entry.launch(-(-y.size // 128), 128, 0, 0, slots.address)
        return y

    call.dtype = np.dtype(TYPES[c_type])
    return call


def specials(dtype):
    """Return numbers at which functions are special, and some at which they are not."""
    limits = np.finfo(dtype)
    positive = [0, limits.smallest_subnormal, limits.tiny, 0.1, 0.5, 1, 1.5, 2, 3, limits.max, inf]
    return np.array([*(-x for x in positive), *positive, nan], dtype)


# --- numbers.cuh -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sign", "square", "reciprocal", "real"])
def test_functions_of_one_number_are_numpys(on_device, name):
    x = specials(on_device.dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(on_device(name, x), getattr(np, name)(x), strict=True)


def test_real_numbers_have_no_imaginary_part(on_device):
    assert not on_device("imag", specials(on_device.dtype)).any()


@pytest.mark.parametrize("name", ["maximum", "minimum", "remainder", "floor_divide"])
def test_functions_of_two_numbers_are_numpys_to_the_bit(on_device, name):
    x = specials(on_device.dtype)
    a, b = (grid.ravel() for grid in np.meshgrid(x, x))
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(a, b)
    found = on_device(name, a, b)
    np.testing.assert_array_equal(found, wanted)
    if name in ("remainder", "floor_divide"):
        there = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found)[there], np.signbit(wanted)[there])


@pytest.mark.parametrize("name", ["remainder", "floor_divide"])
def test_quotients_that_are_nearly_whole_are_rounded_down(on_device, name):
    rng = np.random.default_rng(0)
    b = rng.uniform(-3, 3, 2000).astype(on_device.dtype)
    whole = rng.integers(-50, 50, 2000).astype(on_device.dtype)
    for a in (b * whole, np.nextafter(b * whole, inf), np.nextafter(b * whole, -inf)):
        np.testing.assert_array_equal(on_device(name, a, b), getattr(np, name)(a, b))


def test_logaddexp_is_numpys(on_device):
    x = np.concatenate([specials(on_device.dtype), np.linspace(-90, 90, 61)])
    a, b = (grid.ravel().astype(on_device.dtype) for grid in np.meshgrid(x, x))
    with np.errstate(all="ignore"):
        wanted = np.logaddexp(a, b)
    tolerance = 4 * np.finfo(on_device.dtype).eps
    np.testing.assert_allclose(on_device("logaddexp", a, b), wanted, tolerance, tolerance)


def test_clip_is_numpys(on_device):
    x = np.array([-inf, -2, -0.5, 0, 0.5, 2, inf, nan], on_device.dtype)
    a, low, high = (grid.ravel() for grid in np.meshgrid(x, x, x))
    np.testing.assert_array_equal(on_device("clip", a, low, high), np.clip(a, low, high))


# --- special.cuh -----------------------------------------------------------------------------

rng = np.random.default_rng(0)
RIGHT = np.concatenate([10 ** rng.uniform(-30, 2.8, 1500), rng.uniform(0, 40, 1500)])
BOTH = np.concatenate([RIGHT, -RIGHT])
ORDERS = rng.integers(0, 10, 3000).astype(float)
A, B = (10 ** rng.uniform(-5, 1.7, 3000) for _ in range(2))

# Arguments, the tolerance in double, and that in float. In double, where it is above 10, SciPy's
# own values are as far from the exact ones.
SWEEPS = {
    "ndtr": (BOTH[np.abs(BOTH) < 30], 800, 2),
    "ndtri": (rng.uniform(0, 1, 3000), 6, 2),
    "log_ndtr": (BOTH[BOTH < 3], 20, 3),
    "dawsn": (BOTH, 70, 4),
    "gamma": (RIGHT, 8, 2),
    "gammaln": (RIGHT[(RIGHT < 0.5) | (RIGHT > 2.5)], 8, 2),
    "loggamma": (RIGHT[(RIGHT < 0.5) | (RIGHT > 2.5)], 8, 2),
    "rgamma": (BOTH[BOTH > -30], 8, 4),
    "digamma": (RIGHT, 6, 4),
    "trigamma": (BOTH, 8, 5),
    "i0": (BOTH, 6, 6),
    "i0e": (BOTH, 4, 5),
    "i1": (BOTH, 8, 12),
    "i1e": (BOTH, 8, 12),
    "k0": (RIGHT, 8, 8),
    "k0e": (RIGHT, 8, 8),
    "k1": (RIGHT, 6, 6),
    "k1e": (RIGHT, 6, 6),
    "exp1": (RIGHT, 15, 6),
    "expi": (BOTH[np.abs(BOTH - 0.37) > 0.1], 300, 8),
    "spence": (RIGHT[np.abs(RIGHT - 1) > 0.1], 8, 8),
}

SWEEPS_OF_TWO = {
    "polygamma": (ORDERS, RIGHT, 10, 12),
    "zeta": (1 + 10 ** rng.uniform(-2, 1.3, 3000), RIGHT + 1e-3, 10, 10),
    "betaln": (np.minimum(A, 0.8), np.minimum(B, 0.8), 8, 12),
    "beta": (A, B, 80, 80),
    "boxcox": (RIGHT[RIGHT > 1.1], 0.5, 8, 8),
    "boxcox1p": (RIGHT, -0.5, 8, 8),
    "inv_boxcox": (RIGHT, 0.25, 60, 60),
    "inv_boxcox1p": (RIGHT, 0.25, 60, 60),
}


def trigamma(x):
    return special.polygamma(1, x)


def distance(found, wanted):
    """Return the distance of numbers from the right ones in units of relative precision."""
    limits = np.finfo(found.dtype)
    with np.errstate(all="ignore"):
        error = np.abs(found - wanted) / np.abs(wanted) / limits.eps
        normal = (np.abs(wanted) > 4 * limits.tiny) & (np.abs(wanted) < limits.max / 4)
    assert normal.mean() > 0.4
    return np.where(np.isnan(error), inf, error)[normal]


def sweep(on_device, name, arguments, tolerances):
    args = [np.asarray(x, on_device.dtype) for x in arguments]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        f = globals().get(name) or getattr(special, name)
        wanted = f(*(x.astype(float) for x in args))
    error = distance(on_device(name, *args), wanted)
    assert error.max() <= tolerances[on_device.dtype == np.float32]


@pytest.mark.parametrize("name", SWEEPS)
def test_functions_of_one_number_are_scipys(on_device, name):
    x, *tolerances = SWEEPS[name]
    sweep(on_device, name, [x], tolerances)


@pytest.mark.parametrize("name", SWEEPS_OF_TWO)
def test_functions_of_two_numbers_are_scipys(on_device, name):
    a, b, *tolerances = SWEEPS_OF_TWO[name]
    sweep(on_device, name, [a, b], tolerances)


# By mpmath, with 60 digits, of these very arguments in double.
EXACT = {
    "dawsn": {
        (0.001,): 0.0009999993333336,
        (0.75,): 0.5230127677445182,
        (2.5,): 0.2230837221674355,
        (-40.0,): -0.012503909917843973,
    },
    "log_ndtr": {
        (-40.0,): -804.6084420137538,
        (-0.5,): -1.1759117615936185,
        (3.0,): -0.0013508099647481938,
        (12.0,): -1.776482112077679e-33,
    },
    "digamma": {
        (1e-05,): -100000.57719921567,
        (1.461632144968,): -3.505395133995687e-13,
        (7.25,): 1.910453526883736,
        (-10.3,): 4.662403493582087,
    },
    "trigamma": {
        (1e-05,): 10000000001.644909,
        (1.5,): 0.9348022005446793,
        (300.0,): 0.0033388950617146778,
        (-10.3,): 14.986887065722637,
    },
    "polygamma": {
        (0, 0.25): -4.2274535333762655,
        (2, 0.25): -129.32773993753693,
        (3, -2.75): 1558.4897512832936,
        (11, 5.0): 0.18550295418200696,
    },
    "zeta": {
        (1.0625, 0.001): 1556.5065856415872,
        (2.5, 0.75): 2.491542385511935,
        (16.5, 231.25): 1.5166483295677809e-38,
        (3.0, -2.75): 62.05882652985759,
    },
    "rgamma": {
        (0.001,): 0.0010005765597449938,
        (4.5,): 0.08597174606442,
        (-10.3,): -1900286.9138471854,
        (30.25,): 4.847767229035297e-32,
    },
    "betaln": {
        (0.001, 0.75): 6.908263476206766,
        (1.5, 2000.0): -11.522323395704227,
        (1000000.0, 100000.0): -335104.4969524304,
        (30.0, 0.001): 6.903794430303829,
    },
    "beta": {
        (0.001, 0.75): 1000.5083263787161,
        (3.0, 4.5): 0.012432012432012432,
        (-2.75, 0.5): 1.021580865308618,
        (90.0, 1.0): 0.011111111111111112,
    },
    "i0": {
        (0.25,): 1.015686141223608,
        (-6.0,): 67.23440697647797,
        (30.0,): 781672297823.9775,
    },
    "i0e": {
        (0.25,): 0.7910171621397194,
        (6.0,): 0.16665743263981658,
        (3000.0,): 0.00728395974654569,
    },
    "i1": {
        (0.25,): 0.12597910894546793,
        (-6.0,): -61.341936777640235,
        (30.0,): 768532038938.957,
    },
    "i1e": {
        (0.25,): 0.09811262869736824,
        (6.0,): 0.1520514593085059,
        (3000.0,): 0.007282745652054752,
    },
    "k0": {
        (1e-05,): 11.628856980944363,
        (1.5,): 0.21380556264752573,
        (30.0,): 2.1324774964630563e-14,
    },
    "k0e": {
        (1e-05,): 11.628973270095617,
        (1.5,): 0.9582100532948965,
        (3000.0,): 0.022881327571932435,
    },
    "k1": {
        (1e-05,): 99999.99993935571,
        (1.5,): 0.2773878004568438,
        (30.0,): 2.1677320018915495e-14,
    },
    "k1e": {
        (1e-05,): 100000.99994435512,
        (1.5,): 1.243165873552553,
        (3000.0,): 0.02288514080883742,
    },
    "yn": {
        (0, 1.5): 0.38244892379775886,
        (3, 2.5): -0.756055496753671,
        (-3, 2.5): 0.756055496753671,
        (6, 20.0): -0.1741116210044204,
    },
    "exp1": {
        (1e-05,): 10.935719800043696,
        (0.9375,): 0.24389221659088162,
        (1.5,): 0.10001958240663265,
        (40.0,): 1.036773261451657e-19,
    },
    "expi": {
        (1e-05,): -10.935699800043695,
        (1.5,): 3.301285449129798,
        (40.0,): 6039718263611242.0,
        (-0.9375,): -0.24389221659088162,
    },
    "spence": {
        (1e-05,): 1.6448089369929264,
        (0.75,): 0.2676526390827326,
        (1.75,): -0.6427612688399789,
        (100000.0,): -67.9185353179729,
    },
}


@pytest.mark.parametrize("name", EXACT)
def test_in_double_values_are_exact_to_a_few_units(in_double, name):
    arguments = map(np.array, zip(*EXACT[name], strict=True))
    error = distance(in_double(name, *arguments), np.array([*EXACT[name].values()]))
    assert error.max() <= 6


def test_digamma_has_all_digits_beside_its_zero(on_device):
    zero = 1.4616321449683623413
    x = np.asarray(zero, on_device.dtype) + np.finfo(on_device.dtype).eps * np.arange(-20, 20)
    x = x.astype(on_device.dtype)
    # ψ'(zero), and the digits of the zero that double has not
    wanted = 0.96767224544762 * ((x.astype(float) - zero) - 9.55e-17)
    np.testing.assert_allclose(on_device("digamma", x), wanted, 1e-5)


POINTS = np.array([-inf, -3, -2.5, -1, -0.0, 0.0, 1, 2, 1e30, inf, nan])

# Where a function is CUDA's, which is not what SciPy has: ∞ for −∞.
NOT_AS_SCIPY = {"gammaln": {-inf}}


@pytest.mark.parametrize("name", SWEEPS)
def test_poles_infinities_and_nan_are_scipys(on_device, name):
    x = np.array([x for x in POINTS if x not in NOT_AS_SCIPY.get(name, ())], on_device.dtype)
    with np.errstate(all="ignore"):
        f = globals().get(name) or getattr(special, name)
        wanted = f(x.astype(float)).astype(on_device.dtype)
    found = on_device(name, x)
    tolerance = 16 * np.finfo(on_device.dtype).eps
    np.testing.assert_allclose(found, wanted, tolerance, equal_nan=True)
    np.testing.assert_array_equal(np.signbit(found[np.isinf(wanted)]), wanted[np.isinf(wanted)] < 0)


@pytest.mark.parametrize("name", ["polygamma", "zeta", "yn"])
def test_poles_of_each_order_are_scipys(on_device, name):
    orders = [0, 1, 2, 3, 4] if name != "zeta" else [0.5, 1, 2, 2.5, 3]
    points = POINTS[~np.isinf(POINTS) & (POINTS != -2.5)]
    n, x = (grid.ravel() for grid in np.meshgrid(orders, points))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        wanted = getattr(special, name)(n, x)
    there = np.abs(wanted) != 0  # in double; what underflows is another matter
    tolerance = 16 * np.finfo(on_device.dtype).eps
    with np.errstate(over="ignore"):
        wanted = wanted.astype(on_device.dtype)
    found = on_device(name, n, x)
    np.testing.assert_allclose(found[there], wanted[there], tolerance, tolerance, equal_nan=True)


def test_whole_orders_alone_are_known(on_device):
    assert np.isnan(on_device("polygamma", [0.5, -1, nan], 2.0)).all()
    assert np.isnan(on_device("yn", [0.5, nan], 2.0)).all()


def test_far_left_nothing_loops_long(on_device):
    x = np.array([-(2.0**50) - 0.5, -1e30]).astype(on_device.dtype)  # whole in float, both
    is_whole = x == np.floor(x)
    tolerance = 8 * np.finfo(on_device.dtype).eps
    wanted = np.where(is_whole, inf, np.pi**2)
    np.testing.assert_allclose(on_device("zeta", 2, x), wanted, tolerance)
    np.testing.assert_allclose(on_device("trigamma", x), wanted, tolerance)
    wanted = np.where(is_whole, nan, 50 * np.log(2))
    np.testing.assert_allclose(on_device("digamma", x), wanted, tolerance)


def test_logarithm_of_the_beta_function_of_large_and_small_numbers(on_device):
    b = np.array([1e-3, 1, 2, 50])
    wanted = special.betaln(1e9, b)
    tolerance = 8 * np.finfo(on_device.dtype).eps
    np.testing.assert_allclose(on_device("betaln", 1e9, b), wanted, tolerance)


@pytest.mark.parametrize(("architecture", "c_type"), [(75, "float"), (90, "double")])
def test_the_device_compiler_says_nothing_and_spills_nothing(architecture, c_type):
    expressions = tuple(text for text in EXPRESSIONS if c_type in text)
    made = compiler.compiled(TEXT, expressions, architecture)
    assert made.log == ""
    for resources in (*made.resources.values(), *made.functions.values()):
        assert resources.spill_stores == 0
        assert resources.spill_loads == 0
