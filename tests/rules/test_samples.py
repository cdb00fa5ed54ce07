"""Every row of `samples.py`, tested in every way: what holds for all rules is said here once.

A test is of all rows of a function, and names those that fail.
"""

import functools

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import functions as F
from gpugrad.dispatch.kinds import rebuild_sequence
from gpugrad.testing import check_frule, check_rrule, inner, random_like
from tests.cases import try_each
from tests.numeric import complex_step_derivative
from tests.samples import SAMPLES

KINDS = {"real": "float64", "complex": "complex128"}

CASES = [(sample, KINDS[kind]) for sample in SAMPLES for kind in sample.takes]
WITH_ELEMENTS = [(sample, dtype) for sample, dtype in CASES if sample.has_elements]


def by_function(cases):
    """Parametrise a test by the cases of each function: samples with a data type, by name."""
    found = {}
    for sample, dtype in cases:
        found.setdefault(sample.function, {})[f"{sample.name}, {dtype}"] = sample, dtype
    return pytest.mark.parametrize(
        "cases", found.values(), ids=[function.__name__ for function in found]
    )


# --- Values and structures of values ---------------------------------------------------------


def each(f, *structures):
    """Call f on the values of one array, or of a tuple or list of arrays."""
    if isinstance(structures[0], (tuple, list)):
        items = [each(f, *items) for items in zip(*structures, strict=True)]
        return rebuild_sequence(type(structures[0]), items)
    return f(*structures)


def flat(structure):
    """Return the values of one array, or of a tuple of arrays, as a list."""
    return list(structure) if isinstance(structure, (tuple, list)) else [structure]


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
    """Compare numbers or arrays of one shape, relatively to the largest there is (or to 1)."""
    assert np.shape(actual) == np.shape(expected)
    expected = np.asarray(expected)
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


# --- First and second order --------------------------------------------------------------------


@by_function(CASES)
def test_reverse_rule_is_right_to_second_order(cases):
    try_each(cases, check_reverse_rule)


def check_reverse_rule(sample, dtype):
    check_rrule(sample.function, *sample.arguments(sample.draw(dtype)), **sample.keywords())


@by_function(CASES)
def test_forward_rule_is_right(cases):
    try_each(cases, check_forward_rule)


def check_forward_rule(sample, dtype):
    args = sample.arguments(sample.draw(dtype))
    check_frule(sample.function, *args, order=1, **sample.keywords())


@by_function([(s, t) for s, t in WITH_ELEMENTS if s.is_analytic and t == "float64"])
def test_gradients_of_analytic_functions_are_exact(cases):
    try_each(cases, check_complex_step)


def check_complex_step(sample, dtype):
    values = sample.draw(dtype)
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


# --- Forward over reverse, reverse over forward ------------------------------------------------


def call(*values, sample):
    """Call a sample's function; recorded, only `values` are recorded."""
    return sample.call(values)


def product(a, b):
    """Return the real inner product of two arrays, recorded."""
    product = F.multiply(F.conj(a), b)
    product = F.real(product) if np.iscomplexobj(getattr(product, "value", product)) else product
    return F.sum(product) if np.shape(product) else product


def by_reverse(*values, dy, sample, weights):
    """Return ⟨weights, Jᵀ (dy ⊙ y)⟩: of a linear function, too, it has a derivative."""
    y, back = gg.pullback(call, *values, sample=sample)
    _, *gradients = back(each(F.multiply, dy, y))
    pairs = zip(weights, gradients, strict=True)
    return sum((product(w, g) for w, g in pairs if g is not None), 0.0)


def by_forward(*values, dy, sample, weights):
    """Return ⟨J weights, dy ⊙ y⟩, which is the same."""
    y, moved = gg.pushforward(functools.partial(call, sample=sample), values, weights)
    dy = each(F.multiply, dy, y)
    pairs = zip(flat(dy), flat(moved), strict=True)
    return sum((product(a, b) for a, b in pairs if b is not None), 0.0)


@by_function(CASES)
def test_modes_agree_on_second_derivatives(cases):
    try_each(cases, check_second_derivatives)


def check_second_derivatives(sample, dtype):
    values = sample.draw(dtype)
    rng = np.random.default_rng(3)
    dy = each(lambda item: random_like(item, rng), sample.call(values))
    weights, tangents = ([random_like(x, rng) for x in values] for _ in range(2))
    options = {"dy": dy, "sample": sample, "weights": weights}
    places = tuple(range(len(values)))
    reverse_reverse = gg.grad(by_reverse, argnums=places)(*values, **options)
    reverse_forward = gg.grad(by_forward, argnums=places)(*values, **options)
    for actual, expected in zip(reverse_forward, reverse_reverse, strict=True):
        assert_near(actual, expected, 1e-10)
    directional = total(zip(reverse_reverse, tangents, strict=True))
    for f in (by_reverse, by_forward):
        _, forward = gg.pushforward(functools.partial(f, **options), values, tangents)
        assert forward == pytest.approx(directional, rel=1e-10, abs=1e-10)


# --- The contract of a rule ------------------------------------------------------------------


@by_function(CASES)
def test_gradient_of_one_input_is_the_same_where_the_others_are_constant(cases):
    try_each(cases, check_each_input_alone)


def check_each_input_alone(sample, dtype):
    values = sample.draw(dtype)
    y, dy, gradients = first_order(sample, values)
    for i, (x, expected) in enumerate(zip(values, gradients, strict=True)):
        y_again, back = gg.pullback(call_with_constants, x, sample=sample, values=values, place=i)
        each(lambda a, b: assert_near(a, b, 1e-15), y_again, y)
        _, actual = back(dy)
        assert_near(zero_if_none(actual, x), zero_if_none(expected, x), 1e-15)


def call_with_constants(x, *, sample, values, place):
    return sample.call([*values[:place], x, *values[place + 1 :]])


@by_function(WITH_ELEMENTS)
def test_sensitivity_of_zero_gives_gradients_of_zero(cases):
    try_each(cases, check_zero_sensitivity)


def check_zero_sensitivity(sample, dtype):
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
    if ("complex" if "complex" in dtype else "real") in sample.takes and dtype not in sample.not_in
]


@by_function(COARSE)
def test_gradient_has_type_shape_and_data_type_of_its_input(cases):
    try_each(cases, check_spaces)


def check_spaces(sample, dtype):
    values = sample.draw(dtype)
    fine = KINDS["complex" if "complex" in dtype else "real"]
    y, dy, gradients = first_order(sample, values)
    for actual, plain in zip(flat(y), flat(sample.call(values)), strict=True):
        assert getattr(actual, "dtype", None) == getattr(plain, "dtype", None)
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


ELSEWHERE = [
    (sample, dtype)
    for sample in SAMPLES
    for kind in sample.takes
    for dtype in {"real": ("float32", "float64"), "complex": ("complex128",)}[kind]
]


@by_function(ELSEWHERE)
def test_values_gradients_and_tangents_are_those_of_numpy(other_library, cases):
    try_each(cases, functools.partial(check_where_it_is, other_library))


def check_where_it_is(library, sample, dtype):
    if why_not := sample.why_not_in(library.name, dtype):
        pytest.skip(why_not)
    check_elsewhere(library, sample, dtype)


def check_elsewhere(library, sample, dtype):
    """Hold what a library computes, on its device, against what NumPy does."""
    values = sample.draw(dtype)
    y, dy, gradients = first_order(sample, values)
    moved = tangent_of(sample, values, values)

    there = [on(library, x) for x in values]
    dy_there = each(lambda item: on(library, item), dy)
    y_there, _, gradients_there = first_order(sample, there, library, dy_there)
    moved_there = tangent_of(sample, there, there, library)

    pairs = [
        (flat(y_there), flat(y)),
        (flat(moved_there), flat(moved)),
        (gradients_there, gradients),
    ]
    for found, expected in pairs:
        for actual, near in zip(found, expected, strict=True):
            assert (actual is None) == (near is None)
            if near is not None:
                assert_near(from_library(library, actual), near, 1e-5 if "32" in dtype else 1e-12)
    for x, gradient in zip(there, gradients_there, strict=True):
        if gradient is not None:
            assert type(gradient) is type(x)
            assert getattr(gradient, "dtype", None) == getattr(x, "dtype", None)


def tangent_of(sample, values, tangents, library=None):
    """Return the tangent of a sample's value, by its forward rule."""
    args = sample.arguments(values, library)
    options = sample.keywords(library)
    return gg.frule(sample.function, args, sample.tangents(tangents), **options)[1]
