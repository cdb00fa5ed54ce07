"""The fused kernels of elementwise functions: each rule of the book, in device code."""

import operator
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp
from gpugrad.kernels import device_functions
from gpugrad.kernels.fused import FusedRule, operations
from gpugrad.kernels.source import source_folder
from gpugrad.rulebook.scalar_rule import SCALAR_RULES
from tests.kernels.elementwise import KERNELS
from tests.rules.test_samples import first_order
from tests.samples import SAMPLES

cupy = pytest.importorskip("cupy")
ml_dtypes = pytest.importorskip("ml_dtypes")
from tests.host_cupy import HostArray, HostDevice, bare, host, numpy_of  # noqa: E402

RULES = {rule.f: rule for rule in SCALAR_RULES if operations(rule)}


def of_one_shape(sample):
    """Say whether it is a call of arrays of one shape, and else of numbers."""
    if any(isinstance(x, np.ndarray | np.generic) for x in sample.args):
        return False
    return len({x.shape for x in sample.inputs}) == 1 and not any(
        x.is_number for x in sample.inputs
    )


ROWS = [sample for sample in SAMPLES if sample.function in RULES and of_one_shape(sample)]


def test_the_header_is_fresh():
    written = (source_folder() / "elementwise.cuh").read_text(encoding="utf-8")
    assert written == device_functions.header(), "make kernels"


def test_what_the_device_cannot_compute_is_known():
    found = device_functions.device_functions()
    without_value = {path for path, function in found.items() if function.value is None}
    without_gradient = {
        path
        for path, function in found.items()
        if any(
            text is None and not isinstance(partial, int | float | None)
            for text, partial in zip(function.partials, function.rule.partials, strict=True)
        )
    }
    assert without_value == {"positive", *map("special.{}".format, CUPY_COMPUTES)}
    assert without_gradient == set(map("special.{}".format, BESSEL))


# Bessel functions of real order, which CUDA does not have.
BESSEL = {"iv", "ive", "jv", "kv", "kve", "yv"}
CUPY_COMPUTES = BESSEL | {"betainc", "binom", "gammainc", "gammaincc", "poch"}


def ulps(dtype, count):
    return count * float(ml_dtypes.finfo(dtype).eps)


@pytest.mark.parametrize("sample", ROWS, ids=lambda sample: sample.name)
def test_values_and_gradients(sample, launches):
    """As on NumPy's arrays in float64, within the rounding of values and of arguments."""
    by_cupy = sample.function.name in CUPY_COMPUTES  # here SciPy, whose data types are its own
    for name in ["float64"] if by_cupy else ["float64", "float32", "float16", "bfloat16"]:
        if name not in sample.not_in:
            check(sample, np.dtype(getattr(ml_dtypes, name, name)), launches)


def check(sample, dtype, launches):
    del launches[:]
    values = [np.asarray(x, dtype) for x in sample.draw()]
    wide = [x.astype(float) for x in values]
    y, dy, _ = first_order(sample, wide)
    dy = np.asarray(dy, dtype)
    gradients = first_order(sample, wide, dy=dy.astype(float))[2]

    there = list(map(host, values))
    y_there, _, gradients_there = first_order(sample, there, dy=host(dy))
    assert bool(launches) == (y.size > 0)
    for found, expected, count in [
        (y_there, y, 8),
        *((d, e, 32) for d, e in zip(gradients_there, gradients, strict=True)),
    ]:
        assert (found is None) == (expected is None)
        if expected is not None:
            assert type(found) is HostArray
            assert (found.dtype, found.shape) == (dtype, expected.shape)
            scale = max(1.0, np.max(np.abs(expected), initial=0.0))
            error = np.max(np.abs(numpy_of(found).astype(float) - expected), initial=0.0)
            assert error <= ulps(dtype, count) * scale


EXTREMES = [0.0, -0.0, 1e-45, -1e-45, 1e-38, 1.0, -1.0, 30.0, -30.0, 90.0, -90.0, 1e4, -1e4]
EXTREMES += [3e38, -3e38, np.inf, -np.inf, np.nan]
# Where SciPy says otherwise: sines of 3e38, lim J₀(x) as NaN, and lim log |Γ(x)| as −∞.
SMALLER = {"j0", "j1", "y0", "y1", "gammaln"}


@pytest.mark.parametrize("f", [f for f, rule in RULES.items() if len(rule.names) == 1], ids=str)
def test_extremes(f, launches):
    """Infinite and NaN where NumPy's arrays are, for the value and the gradient."""
    x = np.array([x for x in EXTREMES if f.name not in SMALLER or abs(x) < 1e30])
    with np.errstate(all="ignore"):
        y, back = gg.pullback(f, x)
        expected = [y, back(np.ones_like(y))[1]]
    y, back = gg.pullback(f, host(x))
    found = [numpy_of(y), numpy_of(back(host(np.ones_like(numpy_of(y))))[1])]
    assert launches
    for name, actual, near in zip(("value", "gradient"), found, expected, strict=True):
        same = np.isclose(actual, near, rtol=1e-9, atol=1e-300, equal_nan=True)
        assert same.all(), (name, x[~same], actual[~same], near[~same])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 1023, 1025, 4099])
@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_sizes_and_alignments(size, offset, dtype, simulator):
    x = np.linspace(-3, 3, size + offset).astype(dtype)
    y, back = gg.pullback(xp.tanh, host(x)[offset:])
    expected = np.tanh(x[offset:].astype(float))
    _, dx = back(host(np.ones(size, dtype)))
    np.testing.assert_allclose(numpy_of(y), expected, rtol=0, atol=ulps(dtype, 1))
    np.testing.assert_allclose(numpy_of(dx), 1 - expected**2, rtol=0, atol=ulps(dtype, 2))


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 3, 4)])
def test_shapes(shape, launches):
    x = np.random.default_rng(0).uniform(-1, 1, shape)
    y, back = gg.pullback(lambda x: xp.exp(x) * xp.sin(x), host(x))
    _, dx = back(host(np.ones(shape)))
    assert (y.shape, dx.shape) == (shape, shape)
    expected = np.exp(x) * (np.sin(x) + np.cos(x))
    np.testing.assert_allclose(numpy_of(dx), expected, rtol=1e-14, atol=1e-15)
    assert bool(launches) == (x.size > 0)


def test_one_launch_computes_all_gradients(launches):
    a, b = (host(np.full((3, 5), value, np.float32)) for value in (2.0, 3.0))
    _, back = gg.pullback(xp.multiply, a, b)
    del launches[:]
    _, da, db = back(host(np.ones((3, 5), np.float32)))
    assert len(launches) == 1
    assert (numpy_of(da) == 3).all()
    assert (numpy_of(db) == 2).all()


def test_no_gradient_is_computed_that_is_not_wanted(launches):
    a = host(np.full(5, 2.0))
    _, back = gg.pullback(lambda a: a * host(np.full(5, 3.0)), a)
    del launches[:]
    _, da = back(host(np.ones(5)))
    assert len(launches) == 1
    assert (numpy_of(da) == 3).all()


@pytest.mark.parametrize("number", [3.0, 3])
def test_numbers_beside_arrays(number, launches):
    x = np.array([0.5, 1.0, 2.0], np.float32)
    y, back = gg.pullback(lambda x: x**number / number, host(x))
    _, dx = back(host(np.ones(3, np.float32)))
    assert numpy_of(y).dtype == np.float32
    np.testing.assert_allclose(numpy_of(y), x**3 / 3, rtol=3e-7)
    np.testing.assert_allclose(numpy_of(dx), x**2, rtol=3e-7)
    assert launches


def test_a_number_has_its_gradient_too(simulator):
    x = np.array([0.5, 1.0, 2.0])
    _, back = gg.pullback(lambda x, a: x * a, host(x), 3.0)
    _, dx, da = back(host(np.ones(3)))
    assert (numpy_of(dx) == 3).all()
    assert float(numpy_of(da)) == 3.5


def test_higher_derivatives_give_way_to_the_expressions(simulator):
    x = np.linspace(-2, 2, 7)

    def second(x):
        return gg.grad(lambda x: xp.sum(gg.grad(lambda x: xp.sum(gg.swish(x)))(x)))(x)

    np.testing.assert_allclose(numpy_of(second(host(x))), second(x), rtol=1e-12)


def test_a_recorded_sensitivity_gives_way_to_the_expressions(simulator):
    x, dy = np.linspace(-2, 2, 7), np.linspace(1, 2, 7)

    def pulled(x, dy):
        return gg.pullback(gg.gelu_erf, x)[1](dy)[1]

    there = host(x)
    _, back = gg.pullback(lambda dy: pulled(there, dy), host(dy))
    _, ddy = back(host(np.ones(7)))
    np.testing.assert_allclose(numpy_of(ddy), pulled(x, np.ones(7)), rtol=1e-13)


def test_arrays_of_several_data_types_go_by_the_expressions(simulator):
    a, b = np.ones(3, np.float32), np.full(3, 2.0)
    _, back = gg.pullback(xp.multiply, host(a), host(b))
    _, da, db = back(host(np.ones(3)))
    assert (da.dtype, db.dtype) == (np.float32, np.float64)


def test_what_is_kept_for_the_pullback_is_no_more_than_it_needs(simulator):
    inside = []

    def f(x):
        z = x * 2.0
        inside.append(weakref.ref(z.value))
        return xp.tanh(z)

    _, back = gg.pullback(f, host(np.ones(1000)))
    assert inside[0]() is None  # the value of tanh suffices
    assert callable(back)


def test_a_thread_of_its_own_enters_the_device_first(simulator, monkeypatch):
    entered = []
    monkeypatch.setattr(simulator, "enter", lambda: entered.append(threading.get_ident()))
    x = host(np.ones(4))
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            assert numpy_of(pool.submit(xp.tanh, x).result())[0] == np.tanh(1)
    assert len(entered) == 1
    assert entered != [threading.get_ident()]


SENSITIVITIES = {
    "alike": lambda dy: host(dy),
    "in another order": lambda dy: host(dy.copy(order="F")),
    "with gaps": lambda dy: host(np.repeat(dy, 2, axis=1))[:, ::2],
    "of a row": lambda dy: cupy.broadcast_to(host(dy[:1]), dy.shape),
    "wide": lambda dy: host(dy.astype(np.float64)),
    "narrow": lambda dy: host(dy.astype(np.float16)),
    "to be spread": lambda dy: host(dy[0]),
    "without kernels": bare,
    "a number": lambda dy: 2.0,
    "a number of NumPy's": lambda dy: np.float64(2),
}


@pytest.mark.parametrize("arrange", SENSITIVITIES.values(), ids=SENSITIVITIES)
@pytest.mark.parametrize("f", [xp.tanh, gg.swish], ids=lambda f: f.__name__)
def test_kinds_of_sensitivity(simulator, f, arrange):
    """By the rule itself: pullbacks of functions take them to the space of the value."""
    x, dy = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4), np.full((3, 4), 2, np.float32)
    dy[1:] += np.arange(4)
    given = arrange(dy)
    right = numpy_of(given) if hasattr(given, "shape") else given
    slope = gg.rrule(f, x.astype(float))[1](np.ones(x.shape))[1]
    dx = gg.rrule(f, host(x))[1](given)[1]
    np.testing.assert_allclose(numpy_of(dx), right * slope, rtol=1e-5)


LAYOUTS = {
    "alike": lambda x: host(x),
    "in another order": lambda x: host(x.copy(order="F")),
    "with gaps": lambda x: host(np.repeat(x, 2, axis=1))[:, ::2],
    "of a row": lambda x: host(x[:1]),
    "of a column": lambda x: host(x[:, :1]),
    "one element": lambda x: host(x[0, 0]),
    "wide": lambda x: host(x.astype(np.float64)),
    "without kernels": bare,
    "a number": lambda x: 1.5,
    "an integer": lambda x: 2,
    "a complex number": lambda x: 1.5 - 2j,
}
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("beside", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("layout", ["alike", "in another order", "with gaps"])
@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
def test_layouts_beside_each_other(simulator, f, layout, beside):
    """The rule is made once for the types, and layouts change from call to call."""
    a, b = np.random.default_rng(5).uniform(1, 2, (2, 3, 4)).astype(np.float32)
    first, second = LAYOUTS[layout](a), beside(b)
    for args in ((first, second), (second, first)):
        exact = [wide(x) for x in args]

        def slopes(*args):
            y, back = gg.pullback(lambda a, b: xp.sum(abs(f(a, b))), *args)
            return y, *back(1.0)[1:]

        for actual, near in zip(slopes(*args), slopes(*exact), strict=True):
            assert (actual is None) == (near is None)  # of an integer
            if actual is not None:
                assert np.shape(numpy_of(actual)) == np.shape(near)
                np.testing.assert_allclose(numpy_of(actual), near, rtol=2e-5, atol=1e-5)


def wide(x):
    """Return NumPy's array of as many digits as there can be; a number as it is."""
    return numpy_of(x).astype(float) if hasattr(x, "dtype") else x


def test_arrays_of_other_devices_are_refused(simulator):
    here = host(np.ones(3))
    with HostDevice(1):
        there = host(np.ones(3))
    for call in (lambda: xp.tanh(there), lambda: gg.pullback(xp.multiply, here, there)):
        with pytest.raises(gg.nn.DeviceError, match=r"device 1.*cupy\.cuda\.Device\(1\)"):
            call()
    _, back = gg.rrule(xp.multiply, here, here)
    with pytest.raises(gg.nn.DeviceError, match="multiply"):
        back(there)


@pytest.mark.parametrize("f", [xp.exp, xp.special.erf], ids=["exp", "erf"])
def test_too_many_arguments_are_refused_as_cupy_does(simulator, f):
    with pytest.raises(TypeError) as caught:
        f(*[host(np.ones(3))] * 4)
    assert "launcher" not in str(caught.value)


# --- Strided, broadcast and complex arrays: CuPy's own kernel around the same device code ---------


def test_strided_arrays(simulator):
    x = np.random.default_rng(1).uniform(-1, 1, (6, 8)).astype(np.float32)
    _, back = gg.pullback(gg.gelu_tanh, host(x).T)
    _, dx = back(host(np.ones((8, 6), np.float32)))
    _, back = gg.pullback(gg.gelu_tanh, x.T)
    np.testing.assert_allclose(numpy_of(dx), back(np.ones((8, 6), np.float32))[1], rtol=1e-5)


def test_strided_numbers_of_16_bits_stay_such(simulator):
    x = np.linspace(0.1, 0.9, 12).astype(np.float16)
    y, back = gg.pullback(xp.special.erf, host(x)[::2])
    _, dx = back(host(np.ones(6, np.float16)))
    assert (y.dtype, dx.dtype) == (np.float16, np.float16)
    expected = 2 / np.sqrt(np.pi) * np.exp(-(x[::2].astype(float) ** 2))
    np.testing.assert_allclose(numpy_of(dx), expected, rtol=2e-3)


def test_what_was_broadcast_is_summed(simulator):
    rng = np.random.default_rng(2)
    a, b, dy = rng.uniform(1, 2, (4, 5)), rng.uniform(1, 2, 5), rng.uniform(1, 2, (4, 5))
    _, back = gg.pullback(xp.hypot, host(a), host(b))
    found = back(host(dy))[1:]
    _, back = gg.pullback(xp.hypot, a, b)
    for actual, expected in zip(found, back(dy)[1:], strict=True):
        np.testing.assert_allclose(numpy_of(actual), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shapes", [((6, 5), (5,)), ((5,), (6, 5)), ((2, 3, 5), (3, 5))])
def test_a_factor_of_each_column_has_its_gradient_in_one_pass(shapes, dtype, launches):
    rng = np.random.default_rng(4)
    a, b = (rng.uniform(1, 2, shape).astype(dtype) for shape in shapes)
    y, back = gg.pullback(xp.multiply, host(a), host(b))
    dy = rng.uniform(1, 2, y.shape).astype(dtype)
    del launches[:]
    found = back(host(dy))[1:]
    _, back = gg.pullback(xp.multiply, a.astype(float), b.astype(float))
    for actual, expected in zip(found, back(dy.astype(float))[1:], strict=True):
        assert actual.dtype == dtype
        np.testing.assert_allclose(numpy_of(actual), expected, rtol=ulps(dtype, 2))
    assert launches


def test_a_factor_of_each_column_under_a_recorded_sensitivity(simulator):
    x, w, dy = np.ones((4, 3)), np.arange(1.0, 4), np.linspace(1, 2, 12).reshape(4, 3)
    there = host(x), host(w)
    _, back = gg.pullback(lambda dy: gg.pullback(xp.multiply, *there)[1](dy)[2], host(dy))
    _, ddy = back(host(np.ones(3)))
    assert (numpy_of(ddy) == 1).all()


def test_complex_arrays(simulator):
    rng = np.random.default_rng(3)
    x, dy = (rng.uniform(-1, 1, 6) + 1j * rng.uniform(-1, 1, 6) for _ in range(2))
    _, back = gg.pullback(xp.tanh, host(x))
    _, dx = back(host(dy))
    np.testing.assert_allclose(numpy_of(dx), dy * np.conj(1 - np.tanh(x) ** 2), rtol=1e-12)


def test_every_elementwise_rule_has_kernels_where_the_device_has_its_functions():
    for rule in SCALAR_RULES:
        assert any(isinstance(found, FusedRule) for found in rule.f.rrules), rule.f
    assert sum(len(kernel.variants) for kernel in KERNELS.values()) == 4 * sum(
        len(operations(rule)) for rule in SCALAR_RULES
    )
