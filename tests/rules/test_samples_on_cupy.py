"""Every row of the samples on CuPy's arrays without a GPU: it refuses what it refuses with one.

The functions are the rules' general ones: gpugrad's kernels are tested in `tests/kernels`.
"""

import functools

import pytest

from gpugrad.dispatch import cupy_library as dispatch
from gpugrad.dispatch.kinds import CudaArray
from gpugrad.dispatch.primitive import implementation
from gpugrad.kernels.fused import FusedValue

pytest.importorskip("cupy")

from tests.cases import try_each
from tests.host_cupy import BareArray, numpy_of
from tests.host_functions import compat, cupy_on_host
from tests.libraries import Library
from tests.rules.test_samples import ELSEWHERE, by_function, check_where_it_is


@pytest.fixture(scope="module")
def cupy_library():
    with cupy_on_host(BareArray):
        yield Library("cupy", compat, BareArray, BareArray(()).device, numpy_of)


@by_function(ELSEWHERE)
def test_values_gradients_and_tangents_are_those_of_numpy(cupy_library, cases):
    try_each(cases, functools.partial(check, cupy_library))


def check(library, sample, dtype):
    if has_kernel_alone(sample.function):
        pytest.skip("CuPy has no such function, and gpugrad a kernel: tests/kernels runs it")
    check_where_it_is(library, sample, dtype)


def has_kernel_alone(function):
    """Say whether a function is computed by a kernel of gpugrad's, and in no other way."""
    path = getattr(function, "path", "")
    kernel = implementation(function, CudaArray) if path else None
    if not isinstance(kernel, FusedValue) or kernel.operation is None:
        return False
    return function.default is None and dispatch.cupy_library().function(path) is None
