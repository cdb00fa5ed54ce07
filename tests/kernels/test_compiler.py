"""Every kernel compiles for every architecture: in silence, and without spilling registers."""

import pytest

pytest.importorskip("cupy")

from cupy.cuda.compiler import CompileException

from tests.kernels import report
from tests.kernels.compiler import (
    TESTED,
    all_kernels,
    compile_all,
    compiled,
    digest,
    has_nvrtc,
    needs_nvrtc,
    task,
    version,
)

pytestmark = needs_nvrtc

KERNELS = all_kernels()
MAX_REGISTERS = 255
STATIC_SHARED_LIMIT = 48 * 1024
PINNED = (12, 9)  # the version in pyproject.toml, of which docs/kernel_resources.md speaks


@pytest.fixture(scope="module")
def everything():
    compile_all(KERNELS.values(), TESTED)


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("architecture", TESTED)
@pytest.mark.parametrize("name", KERNELS)
def test_kernel_compiles(name, architecture):
    found = compiled(*task(KERNELS[name], architecture))
    report.check(found, name)
    for resources in found.resources.values():
        assert 0 < resources.registers <= MAX_REGISTERS
        assert resources.shared <= STATIC_SHARED_LIMIT


@pytest.mark.skipif(
    not has_nvrtc() or version() != PINNED, reason="another compiler counts otherwise"
)
def test_page_on_resources_is_of_these_sources():
    """So all of them were compiled, for every architecture, in silence and without a spill."""
    page = report.PAGE.read_text(encoding="utf-8")
    assert digest(KERNELS.values()) in page, "make kernels-report"
    for name in KERNELS:
        assert f"\n## {name}\n" in page


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
    assert found.resources["spill<double>"].spill_stores > 0
    with pytest.raises(RuntimeError, match="spill<double>"):
        report.check(found, "a spill")


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
    with pytest.raises(RuntimeError, match="_Z5spillPd"):
        report.check(found, "a spill")


def test_a_warning_is_noticed():
    text = GOOD.replace("row[32];", "row[32]; int unused;")
    with pytest.raises(RuntimeError, match="unused"):
        report.check(compiled(text, ("scale<float>",), 80), "a warning")


def test_a_warning_of_the_assembler_is_noticed():
    text = "template <class T> __global__ void k(T* x) { __trap(); x[0] = 1 / x[1]; }"
    options = ("-std=c++17", "--maxrregcount=300")
    assert compiled(text, ("k<float>",), 80, options).log != ""


def test_an_error_is_raised():
    with pytest.raises(CompileException, match="undefined_thing"):
        compiled(GOOD.replace("2 *", "undefined_thing *"), ("scale<float>",), 80)
