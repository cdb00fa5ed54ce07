"""Python's operators, as calls of the functions they stand for."""

from __future__ import annotations

from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.levels import LevelValue


class Operators(LevelValue):
    """A base for values whose operators are gpugrad's functions.

    The arithmetic of differentiable functions goes straight to the level.
    """

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return self.level.binary(F.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.level.binary(F.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.level.binary(F.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.level.binary(F.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.level.binary(F.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.level.binary(F.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.level.binary(F.divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.level.binary(F.divide, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.level.binary(F.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.level.binary(F.pow, other, self)

    def __mod__(self, other: Any) -> Any:
        return F.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return F.remainder(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return F.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return F.floor_divide(other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.level.binary(F.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.level.binary(F.matmul, other, self)

    def __and__(self, other: Any) -> Any:
        return F.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Any:
        return F.bitwise_and(other, self)

    def __or__(self, other: Any) -> Any:
        return F.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Any:
        return F.bitwise_or(other, self)

    def __xor__(self, other: Any) -> Any:
        return F.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return F.bitwise_xor(other, self)

    def __lshift__(self, other: Any) -> Any:
        return F.bitwise_left_shift(self, other)

    def __rlshift__(self, other: Any) -> Any:
        return F.bitwise_left_shift(other, self)

    def __rshift__(self, other: Any) -> Any:
        return F.bitwise_right_shift(self, other)

    def __rrshift__(self, other: Any) -> Any:
        return F.bitwise_right_shift(other, self)

    def __invert__(self) -> Any:
        return F.bitwise_invert(self)

    def __neg__(self) -> Any:
        return F.negative(self)

    def __pos__(self) -> Any:
        return F.positive(self)

    def __abs__(self) -> Any:
        return F.abs(self)

    def __eq__(self, other: object) -> Any:
        return F.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return F.not_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return F.less(self, other)

    def __le__(self, other: Any) -> Any:
        return F.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return F.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return F.greater_equal(self, other)

    __hash__ = None  # type: ignore[assignment]
