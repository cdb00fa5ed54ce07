"""Values that are registered: which implementation answers for a function of arrays of a type."""

import array_api_strict
import numpy as np
import pytest

from gpugrad.dispatch.declare import named
from gpugrad.dispatch.primitive import Composite, Primitive, implement, implementation

Strict = type(array_api_strict.asarray(0.0))


@pytest.fixture
def twice():
    """A function of its own for each test."""
    return Primitive("twice", default=lambda x, *others: 2 * x)


def test_what_is_registered_for_a_type_answers_for_its_arrays_alone(twice):
    implement(twice, Strict)(lambda x: "strict")
    assert twice(array_api_strict.asarray(1.0)) == "strict"
    assert twice(np.float64(1.0)) == 2.0
    assert twice(1.0) == 2.0


def test_an_array_of_the_type_may_be_at_any_place(twice):
    implement(twice, np.ndarray)(lambda *args: "array")
    assert twice(2.0, np.ones(2)) == "array"
    assert twice(np.float64(2.0), 1.0) == 4.0


def test_it_may_decline(twice):
    implement(twice, np.ndarray)(lambda x: NotImplemented if x.ndim else "0-d")
    assert twice(np.asarray(1.0)) == "0-d"
    np.testing.assert_array_equal(twice(np.ones(2)), [2.0, 2.0])


def test_the_last_one_registered_is_asked_first_even_where_another_one_was_used_before(twice):
    implement(twice, np.ndarray)(lambda x: "first")
    assert twice(np.ones(2)) == "first"

    @implement(twice, np.ndarray)
    def second(x):
        return "second" if x.size == 2 else NotImplemented

    assert twice(np.ones(2)) == "second"
    assert twice(np.ones(3)) == "first"
    assert implementation(twice, np.ndarray) is second
    assert implementation(twice, Strict) is None


def test_composites_look_into_lists():
    @named(Composite)
    def total(xs, *, scale=1.0):
        return scale * sum(xs)

    implement(total, Strict)(lambda xs, *, scale=1.0: f"strict, {scale}")
    assert total([array_api_strict.asarray(1.0)], scale=3.0) == "strict, 3.0"
    assert total([np.ones(()), np.ones(())], scale=3.0) == 6.0


def test_sequences_of_arrays():
    joined = Primitive("joined", default=np.concatenate, sequence=True)
    implement(joined, np.ndarray)(lambda xs: "joined" if len(xs) == 1 else NotImplemented)
    assert joined([np.ones(2)]) == "joined"
    assert joined([np.ones(2), np.ones(1)]).shape == (3,)


def test_an_error_is_not_taken_for_declining(twice):
    @implement(twice, np.ndarray)
    def broken(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        twice(np.ones(2))
