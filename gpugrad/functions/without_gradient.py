"""stop_gradient, and NumPy's functions beyond the standard through which no gradient flows.

Of floating-point values these say what is true, count, or tell places.
"""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch import libraries
from gpugrad.dispatch.declare import function, named
from gpugrad.dispatch.kinds import Array
from gpugrad.dispatch.levels import LevelValue, has_levels, youngest
from gpugrad.dispatch.numpy_library import NUMPY
from gpugrad.dispatch.primitive import Primitive


@named(body="default", differentiable=False)
def stop_gradient(x: Array, /) -> Array:
    """Return what is given, as a constant: no gradient flows through it.

    Args:
        x: array or number.
    """
    return x


class WithoutGradient(Primitive):
    """A function that no gradient flows through, wherever among its arguments arrays are."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function on the plain arrays."""
        args, kwargs = stopped(args), stopped(kwargs)
        values = (*args, *kwargs.values())
        if has_levels(values):
            return youngest(values).call(self, args, kwargs)
        return self.on(libraries.library_among(values) or NUMPY)(*args, **kwargs)


def stopped(x: Array) -> Any:
    """Return what no gradient flows through, of a value or of those in lists, tuples and dicts."""
    if isinstance(x, LevelValue):
        return stop_gradient(x)
    if type(x) in (list, tuple):
        return type(x)([stopped(item) for item in x])
    return {key: stopped(value) for key, value in x.items()} if type(x) is dict else x


_without_gradient = function(kind=WithoutGradient, differentiable=False)

# --- What is true ----------------------------------------------------------------------------


@_without_gradient
def allclose(
    a: Array, b: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Say whether all elements are equal, |a − b| ≤ atol + rtol |b|.

    Args:
        a: array of any shape, of numbers.
        b: array that broadcasts with it.
        rtol: the tolerance in units of |b|.
        atol: the tolerance added to that.
        equal_nan: whether NaN is equal to NaN.

    Returns:
        A boolean.
    """


@_without_gradient
def isclose(
    a: Array, b: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Say of each two elements whether they are equal, |a − b| ≤ atol + rtol |b|.

    Args:
        a: array of any shape, of numbers.
        b: array that broadcasts with it.
        rtol: the tolerance in units of |b|.
        atol: the tolerance added to that.
        equal_nan: whether NaN is equal to NaN.

    Returns:
        Array of booleans, of the shape that the two broadcast to.
    """


@_without_gradient
def array_equal(a1: Array, a2: Array, equal_nan: bool = False) -> Any:
    """Say whether two arrays have one shape, and equal elements.

    Args:
        a1: array of any shape.
        a2: array of any shape.
        equal_nan: whether NaN is equal to NaN.

    Returns:
        A boolean.
    """


@_without_gradient
def array_equiv(a1: Array, a2: Array) -> Any:
    """Say whether two arrays broadcast to one shape, and are equal there.

    Args:
        a1: array of any shape.
        a2: array of any shape.

    Returns:
        A boolean.
    """


@_without_gradient
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> Any:
    """Say of each element whether it is among others.

    Args:
        element: array of any shape.
        test_elements: array of any shape: the others.
        assume_unique: whether neither repeats an element, which is faster.
        invert: whether to say where it is not.
        kind: NumPy's choice of algorithm.

    Returns:
        Array of booleans, of the shape of `element`.
    """


@_without_gradient
def iscomplex(x: Array, /) -> Any:
    """Say of each element whether its imaginary part is not 0.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, of booleans.
    """


@_without_gradient
def isreal(x: Array, /) -> Any:
    """Say of each element whether its imaginary part is 0.

    Args:
        x: array of any shape, of numbers.

    Returns:
        Array of its shape, of booleans.
    """


@_without_gradient
def isneginf(x: Array, /) -> Any:
    """Say of each element whether it is −∞.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape, of booleans.
    """


@_without_gradient
def isposinf(x: Array, /) -> Any:
    """Say of each element whether it is +∞.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape, of booleans.
    """


@_without_gradient
def iscomplexobj(x: Array) -> Any:
    """Say whether a value is of a complex data type.

    Args:
        x: array, or a number.

    Returns:
        A boolean.
    """


@_without_gradient
def isrealobj(x: Array) -> Any:
    """Say whether a value is not of a complex data type.

    Args:
        x: array, or a number.

    Returns:
        A boolean.
    """


# --- Whole numbers ---------------------------------------------------------------------------


@_without_gradient
def bitwise_count(x: Array, /) -> Any:
    """Return how many bits of the absolute value of each element are 1.

    Args:
        x: array of any shape, of integers.

    Returns:
        Array of its shape, of integers.
    """


@_without_gradient
def gcd(x1: Array, x2: Array, /) -> Any:
    """Return the greatest common divisor of each two elements.

    Args:
        x1: array of any shape, of integers.
        x2: array that broadcasts with it, of integers.
    """


@_without_gradient
def lcm(x1: Array, x2: Array, /) -> Any:
    """Return the least common multiple of each two elements.

    Args:
        x1: array of any shape, of integers.
        x2: array that broadcasts with it, of integers.
    """


@_without_gradient
def rint(x: Array, /) -> Any:
    """Return the whole number nearest to each element, of two that are as near the even one.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape and data type.
    """


@_without_gradient
def spacing(x: Array, /) -> Any:
    """Return the distance of each element to the next floating-point number away from 0.

    Args:
        x: array of any shape, real floating.

    Returns:
        Array of its shape and data type.
    """


# --- Places and counts -----------------------------------------------------------------------


@_without_gradient
def argpartition(
    a: Array, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None
) -> Any:
    """Return the places of the elements in the order that `partition` puts them in.

    Args:
        a: array with at least one axis, real.
        kth: the place at which the element is that sorting would put there; or several.
        axis: the axis; None flattens the array first.
        kind: NumPy has one algorithm.
        order: None; records are not sorted.

    Returns:
        Array of integers of the shape of `a`.
    """


@_without_gradient
def argwhere(a: Array) -> Any:
    """Return the indices of the elements that are not 0, one in each row.

    Args:
        a: array with n axes.

    Returns:
        Array of shape (elements, n), of integers.
    """


@_without_gradient
def flatnonzero(a: Array) -> Any:
    """Return the places in the flattened array of the elements that are not 0.

    Args:
        a: array of any shape.

    Returns:
        Array with one axis, of integers.
    """


@_without_gradient
def nanargmax(a: Array, axis: int | None = None) -> Any:
    """Return the place of the largest element that is not NaN.

    Args:
        a: array, real floating.
        axis: the axis to go along; None is the flattened array.

    Returns:
        Array of integers.

    Raises:
        ValueError: all elements along the axis are NaN.
    """


@_without_gradient
def nanargmin(a: Array, axis: int | None = None) -> Any:
    """Return the place of the smallest element that is not NaN.

    Args:
        a: array, real floating.
        axis: the axis to go along; None is the flattened array.

    Returns:
        Array of integers.

    Raises:
        ValueError: all elements along the axis are NaN.
    """


@_without_gradient
def lexsort(keys: Any, axis: int = -1) -> Any:
    """Return the places that sort by several keys, of which the last one counts first.

    Args:
        keys: arrays of one shape, or an array of one more axis.
        axis: the axis to sort along.

    Returns:
        Array of integers of that shape.
    """


@_without_gradient
def digitize(x: Array, bins: Any, right: bool = False) -> Any:
    """Return which interval each element is in: the number of ends that are not above it.

    Args:
        x: array of any shape, real.
        bins: array of shape (n,), sorted up or down: the intervals' ends.
        right: whether an interval has its right end, and not its left one.

    Returns:
        Array of integers of the shape of `x`.
    """


@_without_gradient
def histogram_bin_edges(a: Array, bins: Any = 10, range: Any = None, weights: Array = None) -> Any:
    """Return the ends of the intervals that `histogram` would count in.

    Args:
        a: array of any shape, real.
        bins: how many intervals, or their ends.
        range: the first and the last end.
        weights: array of the shape of `a`.

    Returns:
        Array of shape (intervals + 1,).
    """


@_without_gradient
def ix_(*args: Any) -> Any:
    """Return an index that takes the rows, columns, … of given numbers.

    Args:
        args: arrays of shape (n,), of integers or booleans: one for each axis.

    Returns:
        Tuple of arrays that broadcast together.
    """


@_without_gradient
def diag_indices_from(arr: Array) -> Any:
    """Return the index of an array's main diagonal.

    Args:
        arr: array of two or more axes, all of one length.

    Returns:
        Tuple of arrays of integers, one for each axis.
    """


@_without_gradient
def tril_indices_from(arr: Array, k: int = 0) -> Any:
    """Return the index of a matrix's lower triangle.

    Args:
        arr: array of shape (m, n).
        k: the last diagonal of it: 0 the main one, above it positive.

    Returns:
        Two arrays of integers: rows and columns.
    """


@_without_gradient
def triu_indices_from(arr: Array, k: int = 0) -> Any:
    """Return the index of a matrix's upper triangle.

    Args:
        arr: array of shape (m, n).
        k: the first diagonal of it: 0 the main one, above it positive.

    Returns:
        Two arrays of integers: rows and columns.
    """


@_without_gradient
def ravel_multi_index(
    multi_index: Any, dims: tuple[int, ...], mode: str = "raise", order: str = "C"
) -> Any:
    """Return the places in a flattened array of the elements at given indices.

    Args:
        multi_index: tuple of arrays of integers, one for each axis.
        dims: the shape of the array.
        mode: what to do with indices out of bounds: "raise", "wrap" or "clip".
        order: "C" where the last index runs fastest, "F" where the first one does.

    Returns:
        Array of integers.
    """


@_without_gradient
def unravel_index(indices: Any, shape: tuple[int, ...], order: str = "C") -> Any:
    """Return the indices of the elements at given places of a flattened array.

    Args:
        indices: array of integers: the places.
        shape: the shape of the array.
        order: "C" where the last index runs fastest, "F" where the first one does.

    Returns:
        Tuple of arrays of integers, one for each axis.
    """
