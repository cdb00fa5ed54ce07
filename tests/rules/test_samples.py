"""Every row of `samples.py`, tested in every way: what holds for all rules is said here once."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import gpugrad as gg
from gpugrad import functions as F
from tests.numeric import complex_step_derivative, derivative, inner
from tests.rules.samples import SAMPLES
from tests.rules.samples.elementwise import BINARY
from tests.rules.samples.rows import Sample, anything, distinct, high, low

KINDS = {"real": "float64", "complex": "complex128"}

CASES = [(sample, KINDS[kind]) for sample in SAMPLES for kind in sample.takes]
CASE_NAMES = [f"{sample.name}, {dtype}" for sample, dtype in CASES]

every_sample = pytest.mark.parametrize(("sample", "dtype"), CASES, ids=CASE_NAMES)


# --- Values and structures of values ---------------------------------------------------------


def each(f, *structures):
    """Call f on the values of one array, or of a tuple or list of arrays."""
    if isinstance(structures[0], (tuple, list)):
        return type(structures[0])([each(f, *items) for items in zip(*structures, strict=True)])
    return f(*structures)


def flat(structure):
    """Return the values of one array, or of a tuple of arrays, as a list."""
    return list(structure) if isinstance(structure, (tuple, list)) else [structure]


def random_like(x, rng):
    """Return a random value of the type, shape and data type of `x`."""
    values = rng.uniform(-1, 1, np.shape(x))
    if np.iscomplexobj(x):
        values = values + 1j * rng.uniform(-1, 1, np.shape(x))
    return type(x)(values) if type(x) in (float, complex) else np.asarray(values, x.dtype)


def zero_if_none(gradient, x):
    """Return the gradient, as zeros where no gradient flows."""
    return np.zeros_like(x) if gradient is None else gradient


def total(products):
    """Return the sum of real inner products of pairs."""
    return sum(inner(a, b) for a, b in products)


def first_order(sample, values, library=None, dy=None):
    """Return the value, a random sensitivity if none is given, and the gradients of the inputs."""
    arguments = sample.arguments(values, library)
    y, back = gg.rrule(sample.function, *arguments, **sample.keywords(library))
    if dy is None:
        rng = sample.rng()
        dy = each(lambda item: random_like(item, rng), y)
    df, *dargs = back(dy)
    assert df is None, "a function that captures nothing was given a gradient"
    return y, dy, sample.gradients(dargs)


def assert_near(actual, expected, tolerance):
    """Compare numbers or arrays, relatively to the largest there is (or to 1)."""
    expected = np.asarray(expected)
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


# --- First order -----------------------------------------------------------------------------


@every_sample
def test_gradients_are_the_numerical_ones(sample, dtype):
    values = sample.draw(dtype)
    _, dy, gradients = first_order(sample, values)
    rng = np.random.default_rng(1)
    for i, (x, gradient) in enumerate(zip(values, gradients, strict=True)):
        direction = random_like(x, rng)

        def loss(t, i=i, x=x, direction=direction):
            y = sample.call([*values[:i], x + t * direction, *values[i + 1 :]])
            return total(zip(flat(dy), flat(y), strict=True))

        actual = inner(zero_if_none(gradient, x), direction)
        assert actual == pytest.approx(derivative(loss), rel=1e-8, abs=1e-8), f"of input {i}"


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s.is_analytic and "real" in s.takes], ids=lambda s: s.name
)
def test_gradients_of_analytic_functions_are_exact(sample):
    values = sample.draw()
    _, dy, gradients = first_order(sample, values)
    rng = np.random.default_rng(2)
    directions = [random_like(x, rng) for x in values]

    def loss(t):
        y = sample.call([x + t * v for x, v in zip(values, directions, strict=True)])
        return sum(np.sum(np.conj(a) * b) for a, b in zip(flat(dy), flat(y), strict=True))

    if any(np.iscomplexobj(item) for item in flat(dy)):
        pytest.skip("the loss is not analytic")
    gradients = map(zero_if_none, gradients, values)
    actual = total(zip(gradients, directions, strict=True))
    assert actual == pytest.approx(complex_step_derivative(loss), rel=1e-12, abs=1e-12)


# --- Forward ---------------------------------------------------------------------------------


@every_sample
def test_forward_is_adjoint_to_reverse(sample, dtype):
    values = sample.draw(dtype)
    y, dy, gradients = first_order(sample, values)
    rng = np.random.default_rng(5)
    tangents = [random_like(x, rng) for x in values]
    moved_y, moved = forward(sample, values, tangents)
    np.testing.assert_equal(moved_y, y)
    for item, tangent in zip(flat(y), flat(moved), strict=True):
        assert np.shape(tangent) == np.shape(item)
        assert getattr(tangent, "dtype", None) == getattr(item, "dtype", None)
    forward_product = total(zip(flat(dy), flat(moved), strict=True))
    gradients = map(zero_if_none, gradients, values)
    reverse_product = total(zip(gradients, tangents, strict=True))
    assert forward_product == pytest.approx(reverse_product, rel=1e-11, abs=1e-11)


@every_sample
def test_forward_along_one_input_is_its_part(sample, dtype):
    values = sample.draw(dtype)
    rng = np.random.default_rng(6)
    tangents = [random_like(x, rng) for x in values]
    _, whole = forward(sample, values, tangents)
    parts = []
    for i in range(len(values)):
        alone = [t if i == j else None for j, t in enumerate(tangents)]
        parts.append(flat(forward(sample, values, alone)[1]))
    for tangent, *summands in zip(flat(whole), *parts, strict=True):
        assert_near(sum(summands), tangent, 1e-13)


def forward(sample, values, tangents):
    """Return the value and how it moves, zero where it does not."""
    args, filled = sample.arguments(values), sample.tangents(tangents)
    y, dy = gg.frule(sample.function, args, filled, **sample.keywords())
    if dy is None:
        return y, each(lambda item: item * 0, y)
    return y, each(lambda item, moved: item * 0 if moved is None else moved, y, dy)


# --- Second order ----------------------------------------------------------------------------


def call(*values, sample):
    """Call a sample's function; recorded, only `values` are recorded."""
    return sample.call(values)


def projected_gradient(values, dy, *, sample, weights):
    """Return the inner product of the gradients with `weights`, to be differentiated in turn."""
    _, back = gg.pullback(call, *values, sample=sample)
    _, *gradients = back(dy)
    result = 0.0
    for gradient, weight in zip(gradients, weights, strict=True):
        if gradient is not None:
            product = F.multiply(np.conj(weight), gradient)
            if np.iscomplexobj(weight):
                product = F.real(product)
            result = result + (F.sum(product) if np.shape(weight) else product)
    return result


def projected_tangent(*values, dy, sample, weights):
    """Return what `projected_gradient` does, by forward mode: ⟨J w, dy⟩ = ⟨w, Jᵀ dy⟩."""
    _, moved = gg.pushforward(functools.partial(call, sample=sample), values, weights)
    result = 0.0
    for a, b in zip(flat(dy), flat(moved), strict=True):
        product = F.multiply(np.conj(a), b)
        if np.iscomplexobj(a):
            product = F.real(product)
        result = result + (F.sum(product) if np.shape(a) else product)
    return result


@every_sample
def test_second_derivatives_are_the_numerical_ones_of_the_first(sample, dtype):
    values = sample.draw(dtype)
    y = sample.call(values)
    rng = np.random.default_rng(3)
    dy = each(lambda item: random_like(item, rng), y)
    weights = [random_like(x, rng) for x in values]

    _, back = gg.pullback(projected_gradient, values, dy, sample=sample, weights=weights)
    _, dvalues, ddy = back(1.0)
    dvalues = [None] * len(values) if dvalues is None else dvalues
    ddy = [None] * len(flat(dy)) if ddy is None else flat(ddy)

    forward_product = gg.grad(projected_tangent, argnums=tuple(range(len(values))))
    forward_gradients = forward_product(*values, dy=dy, sample=sample, weights=weights)
    for actual, expected, x in zip(forward_gradients, dvalues, values, strict=True):
        assert_near(actual, zero_if_none(expected, x), 1e-9)

    inputs = [*values, *flat(dy)]
    gradients = [zero_if_none(g, x) for g, x in zip([*dvalues, *ddy], inputs, strict=True)]
    directions = [random_like(x, rng) for x in values]
    dy_directions = each(lambda item: random_like(item, rng), dy)

    def first(t):
        moved = [x + t * v for x, v in zip(values, directions, strict=True)]
        moved_dy = each(lambda x, v: x + t * v, dy, dy_directions)
        return float(projected_gradient(moved, moved_dy, sample=sample, weights=weights))

    actual = total(zip(gradients, [*directions, *flat(dy_directions)], strict=True))
    assert actual == pytest.approx(derivative(first), rel=1e-7, abs=1e-7)


# --- The contract of a rule ------------------------------------------------------------------


@every_sample
def test_back_may_be_called_again_and_changes_nothing(sample, dtype):
    values = sample.draw(dtype)
    arguments = sample.arguments(values)
    y, back = gg.rrule(sample.function, *arguments, **sample.kwargs)
    rng = np.random.default_rng(4)
    dy = each(lambda item: random_like(item, rng), y)
    before = [np.array(x) for x in [*values, *flat(y), *flat(dy)]]
    first = sample.gradients(back(dy)[1:])
    first = [None if g is None else np.array(g) for g in first]
    second = sample.gradients(back(dy)[1:])
    np.testing.assert_equal(second, first)
    np.testing.assert_equal([np.array(x) for x in [*values, *flat(y), *flat(dy)]], before)
    np.testing.assert_equal(sample.draw(dtype), values)


@every_sample
def test_gradient_of_one_input_is_the_same_where_the_others_are_constant(sample, dtype):
    values = sample.draw(dtype)
    y, dy, gradients = first_order(sample, values)
    for i, (x, expected) in enumerate(zip(values, gradients, strict=True)):
        y_again, back = gg.pullback(call_with_constants, x, sample=sample, values=values, place=i)
        each(lambda a, b: assert_near(a, b, 1e-15), y_again, y)
        _, actual = back(dy)
        assert_near(zero_if_none(actual, x), zero_if_none(expected, x), 1e-15)


def call_with_constants(x, *, sample, values, place):
    return sample.call([*values[:place], x, *values[place + 1 :]])


@every_sample
def test_sensitivity_of_zero_gives_gradients_of_zero(sample, dtype):
    values = sample.draw(dtype)
    y = sample.call(values)
    zero = each(lambda item: item * 0, y)
    _, _, gradients = first_order(sample, values, dy=zero)
    for x, gradient in zip(values, gradients, strict=True):
        np.testing.assert_array_equal(zero_if_none(gradient, x), np.zeros_like(x))


# --- Types, shapes and data types ------------------------------------------------------------

TOLERANCES = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-14, "complex64": 1e-5}
COARSE = [
    (sample, dtype)
    for sample in SAMPLES
    for dtype in TOLERANCES
    if ("complex" if "complex" in dtype else "real") in sample.takes
]


@pytest.mark.parametrize(
    ("sample", "dtype"), COARSE, ids=[f"{sample.name}, {dtype}" for sample, dtype in COARSE]
)
def test_gradient_has_type_shape_and_data_type_of_its_input(sample, dtype):
    if dtype in sample.not_in:
        pytest.skip(sample.not_in[dtype])
    values = sample.draw(dtype)
    fine = KINDS["complex" if "complex" in dtype else "real"]
    y, dy, gradients = first_order(sample, values)
    for x, gradient in zip(values, gradients, strict=True):
        if gradient is not None:
            assert type(gradient) is type(x)
            assert np.shape(gradient) == np.shape(x)
            assert getattr(gradient, "dtype", None) == getattr(x, "dtype", None)

    values = [x.astype(fine) if isinstance(x, np.ndarray) else x for x in values]
    fine_y = sample.call(values)
    fine_dy = each(
        lambda a, b: type(b)(a) if type(b) in (float, complex) else np.asarray(a, b.dtype),
        dy,
        fine_y,
    )
    _, _, expected = first_order(sample, values, dy=fine_dy)
    for actual, exact in zip([*flat(y), *gradients], [*flat(fine_y), *expected], strict=True):
        assert (actual is None) == (exact is None)
        if exact is not None:
            assert_near(actual, exact, TOLERANCES[dtype])


# --- Other libraries -------------------------------------------------------------------------


def on(library, x):
    """Return a NumPy array as one of the library; a Python number as it is."""
    return x if type(x) in (float, complex) else library.asarray(x)


def from_library(library, x):
    """Return an array of the library as NumPy's, having checked that it has not moved."""
    if x is None or type(x) in (float, complex):
        return x
    assert type(x) is library.array
    assert x.device == library.device
    return library.to_numpy(x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_values_and_gradients_are_those_of_numpy(other_library, sample, dtype, request):
    library_name = request.node.callspec.params["other_library"]
    if library_name in sample.not_in:
        pytest.skip(sample.not_in[library_name])
    if ("complex" if "complex" in dtype else "real") not in sample.takes:
        pytest.skip(f"not a function of {dtype} arrays")
    values = sample.draw(dtype)
    y, dy, expected = first_order(sample, values)
    there = [on(other_library, x) for x in values]
    dy_there = each(lambda item: on(other_library, item), dy)
    y_there, _, gradients = first_order(sample, there, other_library, dy_there)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for actual, near in zip(flat(y_there), flat(y), strict=True):
        assert_near(from_library(other_library, actual), near, tolerance)
    for x, actual, near in zip(there, gradients, expected, strict=True):
        assert (actual is None) == (near is None)
        if near is not None:
            assert type(actual) is type(x)
            assert_near(from_library(other_library, actual), near, tolerance)
            assert getattr(actual, "dtype", None) == getattr(x, "dtype", None)


# --- Broadcasting ----------------------------------------------------------------------------


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
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_operands_get_gradients_as_if_they_were_tiled(function, domains, data):
    shapes = data.draw(
        mutually_broadcastable_shapes(num_shapes=len(domains), min_side=0, max_side=3, max_dims=3)
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
