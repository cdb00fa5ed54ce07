"""Expressions: what they refuse."""

import pytest

from gpugrad.symbolic.expression import Symbol

X, Y, Z = Symbol("x"), Symbol("y"), Symbol("z")


def test_an_expression_has_no_truth_value():
    with pytest.raises(TypeError, match=r"write where\(condition, a, b\)"):
        bool(X > 0)
