"""The same elements in another shape, order or data type.

Where a result may share its argument's memory, its docstring says so.
"""

from __future__ import annotations

from typing import Any

from gpugrad.dispatch.declare import function
from gpugrad.dispatch.kinds import Array, Axis, Device, DType

# --- Shape -----------------------------------------------------------------------------------


@function(arrays=(0,), view=True)
def reshape(x: Array, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Array:
    """Return an array in another shape, the last index running fastest.

    It may share the array's memory.

    Args:
        x: array of any shape.
        shape: tuple of integers, of as many elements; one may be −1, which is then computed.
        copy: True for a copy, False for an error where one is needed, None for one where needed.
    """


@function(arrays=(0,), view=True)
def expand_dims(x: Array, /, axis: int = 0) -> Array:
    """Return an array with a new axis of length 1.

    It may share the array's memory.

    Args:
        x: array of any shape.
        axis: where in the result the axis is.
    """


@function(arrays=(0,), view=True)
def squeeze(x: Array, /, axis: Axis) -> Array:
    """Return an array without some axes of length 1.

    It may share the array's memory.

    Args:
        x: array of any shape.
        axis: the axis or axes, each of length 1.
    """


@function(arrays=(0,), view=True)
def broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Any:
    """Return an array repeated along new axes in front, and along axes of length 1.

    It may share the array's memory. The gradient is the sum of that of the repetitions.

    Args:
        x: array of any shape.
        shape: the shape of the result.
    """


@function(arrays=(0,), view=True)
def unstack(x: Array, /, *, axis: int = 0) -> Any:
    """Return the slices along an axis.

    Args:
        x: array with at least one axis.
        axis: the axis, which the slices do not have.

    Returns:
        Tuple of arrays, which may share the array's memory.
    """


def ravelled(x: Array, axis: int | None) -> tuple[Any, int]:
    """Return an array and the axis to go along; where that is None, the array with one axis."""
    return (reshape(x, (-1,)), 0) if axis is None else (x, axis)


# --- Order -----------------------------------------------------------------------------------


@function(arrays=(0,), keywords=("x", "axes"), view=True)
def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """Return an array with its axes in another order.

    It may share the array's memory.

    Args:
        x: array of any shape.
        axes: which axis of `x` each axis of the result is.
    """


@function(arrays=(0,), view=True)
def moveaxis(x: Array, source: Axis, destination: Axis, /) -> Array:
    """Return an array with axes moved elsewhere, the others staying in order.

    It may share the array's memory.

    Args:
        x: array of any shape.
        source: the axis or axes to move.
        destination: where in the result they are.
    """


@function(arrays=(0,), view=True)
def flip(x: Array, /, *, axis: Axis = None) -> Array:
    """Return an array with the order of its elements reversed.

    It may share the array's memory.

    Args:
        x: array of any shape.
        axis: the axis or axes to reverse; None is all.
    """


@function(arrays=(0,))
def roll(x: Array, /, shift: int | tuple[int, ...], *, axis: Axis = None) -> Array:
    """Return an array moved along its axes; what leaves at one end comes in at the other.

    Args:
        x: array of any shape.
        shift: by how many places, for all axes or for each.
        axis: the axis or axes; None is the flattened array.
    """


# --- Joining and repeating -------------------------------------------------------------------


@function(sequence=True)
def concat(arrays: Any, /, *, axis: int | None = 0) -> Array:
    """Return arrays joined along an axis that they have.

    Args:
        arrays: tuple or list of arrays, of one shape but for that axis.
        axis: the axis; None flattens them first.

    Raises:
        ArgumentError: `arrays` is no tuple or list, or empty.
    """


@function(sequence=True)
def stack(arrays: Any, /, *, axis: int = 0) -> Array:
    """Return arrays joined along a new axis.

    Args:
        arrays: tuple or list of arrays of one shape.
        axis: where in the result the axis is.

    Raises:
        ArgumentError: `arrays` is no tuple or list, or empty.
    """


@function(arrays=(0,))
def repeat(x: Array, repeats: Any, /, *, axis: int | None = None) -> Array:
    """Return an array with each element repeated, beside itself.

    The gradient is the sum of that of the repetitions.

    Args:
        x: array of any shape.
        repeats: how often: an integer, or an array of one for each element along the axis.
        axis: the axis; None flattens the array first.
    """


@function(arrays=(0,))
def tile(x: Array, repetitions: tuple[int, ...], /) -> Array:
    """Return an array put beside itself, along each axis.

    The gradient is the sum of that of the repetitions.

    Args:
        x: array of any shape.
        repetitions: how often, for each axis; there may be more of them than axes.
    """


# --- Triangles -------------------------------------------------------------------------------


@function(arrays=(0,))
def tril(x: Array, /, *, k: int = 0) -> Array:
    """Return the lower triangles of matrices, zeros above them.

    Args:
        x: array of shape (..., m, n).
        k: the last diagonal to keep: 0 the main one, above it positive.

    Returns:
        Array of its shape and data type.
    """


@function(arrays=(0,))
def triu(x: Array, /, *, k: int = 0) -> Array:
    """Return the upper triangles of matrices, zeros below them.

    Args:
        x: array of shape (..., m, n).
        k: the first diagonal to keep: 0 the main one, above it positive.

    Returns:
        Array of its shape and data type.
    """


# --- Data type -------------------------------------------------------------------------------


@function(arrays=(0,))
def astype(x: Array, dtype: DType, /, *, copy: bool = True, device: Device = None) -> Array:
    """Return an array in another data type; the gradient comes back in its own.

    Args:
        x: array of any shape.
        dtype: the data type; to integers or booleans no gradient flows.
        copy: whether to copy where the data type is that already.
        device: as in the standard.
    """
