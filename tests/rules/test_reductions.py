"""Reductions: their data types, and variances of too few numbers."""

import warnings

import numpy as np
import pytest

import gpugrad as gg

X = np.array([[1.5, -0.3, 2.2], [0.7, 3.1, -1.2]])


def test_data_types_of_reductions():
    for f in (np.sum, np.prod, np.mean, np.var, np.std):
        y, back = gg.pullback(lambda x, f=f: f(x, dtype=np.float32), X)
        assert y.dtype == np.float32
        assert back(1.0)[1].dtype == X.dtype


@pytest.mark.parametrize("f", [np.var, np.std])
def test_a_variance_without_degrees_of_freedom(f):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's "Degrees of freedom <= 0"
        y, back = gg.pullback(lambda x: f(x, ddof=1), np.ones(1))
        assert np.isnan([y, *back(1.0)[1]]).all()
