"""Which library an array is of."""

import numpy as np

from gpugrad.dispatch.libraries import library_of
from gpugrad.dispatch.numpy_library import NUMPY


def test_a_library_is_asked_for_once():
    assert library_of(np.ones(2)) is NUMPY
    assert library_of(np.float32(1)) is NUMPY
    assert library_of(1.0) is None
