"""Every kernel compiles for every architecture: in silence, and without spilling registers."""

import pytest

pytest.importorskip("cupy")

from cupy.cuda.compiler import CompileException

from tests.device import report
from tests.device.compiler import (
    ARCHITECTURES,
    all_kernels,
    compiled,
    expressions,
    version,
)

try:
    HAS_NVRTC = version() is not None
except (ImportError, RuntimeError):
    HAS_NVRTC = False
pytestmark = pytest.mark.skipif(not HAS_NVRTC, reason="NVRTC is missing")

KERNELS = all_kernels()
MAX_REGISTERS = 255
STATIC_SHARED_LIMIT = 48 * 1024
PINNED = (12, 9)  # the version in pyproject.toml, of which docs/kernel_resources.md speaks


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_kernel_compiles(kernel, architecture):
    found = compiled(kernel.text(), expressions(kernel), architecture)
    assert found.log == ""
    assert spilling(found) == {}
    for resources in found.resources.values():
        assert 0 < resources.registers <= MAX_REGISTERS
        assert resources.shared <= STATIC_SHARED_LIMIT


def spilling(found):
    """Return what spills registers, among kernels and the functions that they call."""
    functions = {**found.resources, **found.functions}
    return {name: r for name, r in functions.items() if r.spill_stores or r.spill_loads}


@pytest.mark.skipif(
    not HAS_NVRTC or version() != PINNED, reason="another compiler counts otherwise"
)
def test_page_on_resources_is_current():
    page = report.PAGE.read_text(encoding="utf-8")
    assert page == report.report(KERNELS), "make kernels-report"


# --- What is wrong is noticed --------------------------------------------------------------------

GOOD = """
template <class T> __global__ void scale(T* x) {
  __shared__ T row[32];
  row[threadIdx.x] = 2 * x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = row[31 - threadIdx.x];
}
"""


def test_resources_are_those_of_each_kernel():
    found = compiled(GOOD, ("scale<float>", "scale<double>"), 80)
    assert found.log == ""
    assert found.resources["scale<float>"].shared == 32 * 4
    assert found.resources["scale<double>"].shared == 32 * 8
    assert 0 < found.resources["scale<float>"].registers < 32


def test_a_spill_is_noticed():
    text = """
    template <class T> __global__ void spill(T* x) {
      T a[64];
      for (int i = 0; i < 64; i++) a[i] = x[i * 32 + threadIdx.x];
      __syncthreads();
      for (int j = 0; j < 64; j++)
        for (int i = 0; i < 64; i++) a[i] = a[i] * a[(i + j) % 64] + 1;
      for (int i = 0; i < 64; i++) x[i * 32 + threadIdx.x] = a[i];
    }"""
    found = compiled(text, ("spill<double>",), 80, ("-std=c++17", "--maxrregcount=32"))
    assert set(spilling(found)) == {"spill<double>"}
    assert spilling(found)["spill<double>"].spill_stores > 0


def test_a_spill_of_a_function_that_is_called_is_noticed():
    text = """
    __device__ __noinline__ void spill(double* x) {
      double a[64];
      for (int i = 0; i < 64; i++) a[i] = x[i];
      __syncthreads();
      for (int i = 0; i < 64; i++) x[i] = a[i] * a[63 - i];
    }
    template <class T> __global__ void call(T* x) { spill(x); }"""
    found = compiled(text, ("call<double>",), 80, ("-std=c++17", "--maxrregcount=32"))
    assert list(spilling(found)) == ["_Z5spillPd"]


def test_a_warning_is_noticed():
    text = GOOD.replace("row[32];", "row[32]; int unused;")
    assert "unused" in compiled(text, ("scale<float>",), 80).log


def test_a_warning_of_the_assembler_is_noticed():
    text = "template <class T> __global__ void k(T* x) { __trap(); x[0] = 1 / x[1]; }"
    options = ("-std=c++17", "--maxrregcount=300")
    assert compiled(text, ("k<float>",), 80, options).log != ""


def test_an_error_is_raised():
    with pytest.raises(CompileException, match="undefined_thing"):
        compiled(GOOD.replace("2 *", "undefined_thing *"), ("scale<float>",), 80)
