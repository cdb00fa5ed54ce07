"""The simulator computes what CUDA says, and notices what a device would pass over."""

import ctypes
import math
import shutil

import numpy as np
import pytest

cupy = pytest.importorskip("cupy")
ml_dtypes = pytest.importorskip("ml_dtypes")

from gpugrad.kernels.launch import C_TYPES, Kernel, new  # noqa: E402
from gpugrad.kernels.source import expanded  # noqa: E402
from tests import host_memory  # noqa: E402
from tests.host_cupy import HostArray, host, numpy_of  # noqa: E402
from tests.kernels import cupy_kernels  # noqa: E402
from tests.kernels import simulator as simulation  # noqa: E402

pytestmark = pytest.mark.skipif(bool(simulation.missing()), reason=simulation.missing())

SCHEDULES = range(6)
DTYPES = [np.dtype(name) for name in C_TYPES]
rng = np.random.default_rng(0)


class Arguments:
    """Arguments of a launch, as `gpugrad.kernels.launch.Slots` holds them."""

    def __init__(self, *arguments):
        self.arguments = arguments  # arrays live as long as this
        slots = [x.data.ptr if isinstance(x, HostArray) else x for x in arguments]
        self.values = (ctypes.c_longlong * len(slots))(*slots)
        addresses = range(
            ctypes.addressof(self.values), ctypes.addressof(self.values) + 8 * len(slots), 8
        )
        self.pointers = (ctypes.c_void_p * len(slots))(*addresses)
        self.address = ctypes.addressof(self.pointers)


def run(text, expression, *arguments, blocks=1, threads=32, shared=0, schedule=0):
    simulator = simulation.Simulator()
    simulator.schedule = schedule
    function = simulator.load(text, expression, large_shared=False)
    simulator.launch(function, blocks, threads, shared, Arguments(*arguments))


def zeros(count, dtype=float):
    return host(np.zeros(count, dtype))


def kernel(body, parameters="double* x"):
    return f"template <class T> __global__ void kernel({parameters}) {{ {body} }}"


# --- What threads say to each other --------------------------------------------------------------

REDUCE = expanded("""
#include "common.cuh"
template <class T> __global__ void reduce(const T* x, T* sum, T* squares, T* largest,
                                          long long size) {
  using C = gpugrad::computed_t<T>;
  const T* row = x + blockIdx.x * size;
  C s = 0, q = 0, m = gpugrad::Max::identity<C>();
  for (long long i = threadIdx.x; i < size; i += blockDim.x) {
    const C value = C(row[i]);
    s += value;
    q += value * value;
    m = gpugrad::Max()(m, value);
  }
  s = gpugrad::block_reduce(s, gpugrad::Sum());
  q = gpugrad::block_reduce(q, gpugrad::Sum());
  m = gpugrad::block_reduce(m, gpugrad::Max());
  if (threadIdx.x == blockDim.x - 1) {
    sum[blockIdx.x] = T(s);
    squares[blockIdx.x] = T(q);
    largest[blockIdx.x] = T(m);
  }
}
""")
BARRIER = "__syncthreads();"


def reduced(x, threads, schedule, text=REDUCE):
    results = [zeros(len(x), x.dtype) for _ in range(3)]
    expression = f"reduce<{C_TYPES[x.dtype.name]}>"
    arguments = (host(x), *results, x.shape[1])
    run(text, expression, *arguments, blocks=len(x), threads=threads, schedule=schedule)
    return np.array([numpy_of(y) for y in results])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("threads", [32, 64, 256, 1024])
@pytest.mark.parametrize("dtype", DTYPES, ids=C_TYPES)
def test_block_reduce(dtype, threads, schedule):
    x = rng.integers(-8, 8, size=(3, 77)).astype(dtype)  # so that each sum is exact
    total, squares, largest = reduced(x, threads, schedule)
    exact = x.astype(float)
    np.testing.assert_array_equal(total, exact.sum(axis=1).astype(dtype))
    np.testing.assert_array_equal(squares, (exact**2).sum(axis=1).astype(dtype))
    np.testing.assert_array_equal(largest, x.max(axis=1))


@pytest.mark.parametrize("place", range(2))
def test_missing_barrier_changes_the_result_under_some_schedule(place):
    x = rng.integers(-8, 8, size=(3, 777)).astype(float)
    parts = REDUCE.split(BARRIER)
    assert len(parts) == 3
    broken = BARRIER.join(parts[: place + 1]) + BARRIER.join(parts[place + 1 :])
    right = reduced(x, 256, 0)
    results = [reduced(x, 256, schedule, broken) for schedule in SCHEDULES]
    assert not all(np.array_equal(result, right) for result in results)


def test_shuffles_and_votes():
    x = host(np.full((9, 32), -1.0))
    body = """
    const int lane = threadIdx.x;
    const unsigned all = 0xffffffffu;
    x[lane] = __shfl_sync(all, lane, 5);
    x[32 + lane] = __shfl_sync(all, lane, 3, 8);
    x[64 + lane] = __shfl_up_sync(all, T(lane), 2);
    x[96 + lane] = __shfl_down_sync(all, T(lane), 2, 16);
    x[128 + lane] = __shfl_xor_sync(all, 1.5 * lane, 9);
    x[160 + lane] = __ballot_sync(all, lane % 2);
    x[192 + lane] = __any_sync(all, lane == 7) + 2 * __all_sync(all, lane < 32);
    x[224 + lane] = __syncthreads_count(lane < 9) + 100 * __syncthreads_and(lane < 31);
    if (lane < 16) x[256 + lane] = __shfl_xor_sync(0xffffu, T(lane), 1);
    __syncwarp();"""
    run(kernel(body), "kernel<float>", x)
    lane = np.arange(32)
    expected = np.full((9, 32), -1.0)
    expected[0] = 5
    expected[1] = lane // 8 * 8 + 3
    expected[2] = np.where(lane < 2, lane, lane - 2)
    expected[3] = np.where(lane % 16 < 14, lane + 2, lane)
    expected[4] = 1.5 * (lane ^ 9)
    expected[5] = 0xAAAAAAAA
    expected[6] = 3
    expected[7] = 9
    expected[8, :16] = lane[:16] ^ 1
    np.testing.assert_array_equal(numpy_of(x), expected)


def test_half_of_a_warp_may_shuffle_on_its_own():
    x = zeros(32)
    body = """
    T value = threadIdx.x;
    if (threadIdx.x < 16) value = __shfl_xor_sync(0xffffu, value, 1);
    x[threadIdx.x] = __shfl_xor_sync(0xffffffffu, value, 16);"""
    for schedule in SCHEDULES:
        run(kernel(body), "kernel<double>", x, schedule=schedule)
        lane = np.arange(32)
        np.testing.assert_array_equal(numpy_of(x), np.where(lane < 16, lane + 16, (lane - 16) ^ 1))


@pytest.mark.parametrize(
    "c_type", ["__half", "float", "double", "int", "unsigned", "unsigned long long"]
)
def test_atomic_sum(c_type):
    dtype = {"__half": "float16", "float": "float32", "double": "float64", "int": "int32"}.get(
        c_type, "uint32" if c_type == "unsigned" else "uint64"
    )
    x = zeros(1, dtype)
    text = kernel("atomicAdd(x, T(1));", "T* x")
    run(text, f"kernel<{c_type}>", x, blocks=5, threads=64, schedule=3)
    assert numpy_of(x)[0] == 320


@pytest.mark.parametrize("dtype", DTYPES, ids=C_TYPES)
def test_numbers_are_rounded_as_numpy_rounds_them(dtype):
    x = np.concatenate([rng.normal(size=91), [0.0, -0.0, np.inf, -np.inf, 1e-7], [65519.0] * 32])
    y, back = zeros(128, dtype), zeros(128)
    text = kernel(
        "y[threadIdx.x] = T(x[threadIdx.x]); back[threadIdx.x] = double(float(y[threadIdx.x]));",
        "const double* x, T* y, double* back",
    )
    run(text, f"kernel<{C_TYPES[dtype.name]}>", host(x), y, back, threads=128)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(numpy_of(y), x.astype(dtype))
        np.testing.assert_array_equal(numpy_of(back), x.astype(dtype).astype(np.float32))


# --- What is wrong is an error -------------------------------------------------------------------

WRONG = {
    "divergent barrier": (
        "if (threadIdx.x % 2) __syncthreads(); else x[0] = __shfl_xor_sync(~0u, x[0], 1);",
        "divergent barrier",
    ),
    "barrier in two places": (
        "if (threadIdx.x % 2) {\n __syncthreads(); } else {\n\n __syncthreads(); }",
        "divergent barrier.*line 2.*line 4|divergent barrier.*line 4.*line 2",
    ),
    "lane that has returned": (
        "if (threadIdx.x > 20) return; x[0] = __shfl_xor_sync(~0u, x[0], 1);",
        "lanes that have returned",
    ),
    "lane that does not take part": (
        "if (threadIdx.x < 16) x[0] = __shfl_sync(0xffffu, x[0], 20);",
        "lane outside the mask",
    ),
    "caller that does not take part": ("__syncwarp(0xffffu);", "whose mask it is not in"),
    "shuffles in two places": (
        "if (threadIdx.x % 2)\n __syncwarp();\n else\n __syncwarp();",
        "wait in different lines",
    ),
    "read behind": ("x[0] = x[32 + threadIdx.x];", "access outside"),
    "read far before": ("x[0] = x[-4096 - int(threadIdx.x)];", "access outside"),
    "write behind": ("x[threadIdx.x + 1] = 0;", "access outside"),
    "write before": ("x[int(threadIdx.x) - 1] = 0;", "wrote before an array of 256 bytes"),
    "null": ("T* none = nullptr; none[threadIdx.x] = 1;", "access outside"),
    "misaligned": ("*(double2*)(x + 1) = double2{1, 2};", "not aligned"),
    "index of shared array": ("__shared__ T a[32]; a[threadIdx.x + 1] = 0; x[0] = a[0];", "index"),
    "integer overflow": ("int i = 1 << 30; x[0] = i * int(blockDim.x);", "overflow"),
    "stack": ("T a[1 << 20]; a[threadIdx.x] = 1; x[0] = a[int(x[1])];", "the stack"),
}


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG)
def test_mistake_is_an_error(body, message):
    text = kernel(body)
    x = zeros(32)
    with pytest.raises(RuntimeError, match=message):
        run(text, "kernel<double>", x)
    if "before" in message:
        repair(x)
    run(kernel("x[threadIdx.x] = 1;"), "kernel<double>", x)  # and the next launch is none the worse
    assert numpy_of(x).all()


def repair(x):
    block = x.data.mem._owner
    ctypes.memset(block.begin, host_memory.PATTERN, block.address - block.begin)


def test_line_of_a_mistake_is_quoted():
    if not shutil.which("addr2line"):
        pytest.skip("addr2line is missing")
    body = "\n  const int far = 1 << 10;\n  x[far] = 1;\n"
    with pytest.raises(RuntimeError, match=r"in line 3 \(block 0, thread 0\)\n +3   x\[far\] = 1;"):
        run(kernel(body), "kernel<double>", zeros(1))


def test_write_into_what_fills_up_the_last_16_bytes_is_noticed():
    x = zeros(3, "float32")
    with pytest.raises(RuntimeError, match="wrote behind an array of 12 bytes"):
        run(kernel("x[threadIdx.x] = 1;", "float* x"), "kernel<float>", x, threads=4)


def test_parameter_must_have_8_bytes():
    with pytest.raises(RuntimeError, match="8 bytes each"):
        run(kernel("x[0] = n;", "double* x, int n"), "kernel<double>", zeros(1), 3)


def test_shared_memory_starts_as_nan_in_each_block():
    body = """
    __shared__ T fixed[2];
    extern __shared__ unsigned char shared_bytes[];
    T* dynamic = reinterpret_cast<T*>(shared_bytes);
    x[2 * blockIdx.x] = fixed[1] == fixed[1] || dynamic[3] == dynamic[3];
    fixed[1] = dynamic[3] = 1;"""
    x = zeros(8)
    run(kernel(body), "kernel<double>", x, blocks=4, threads=1, shared=32)
    assert not numpy_of(x).any()


def test_dynamic_shared_memory_ends_where_it_was_said():
    body = "extern __shared__ unsigned char bytes[]; x[0] = bytes[blockDim.x];"
    x = zeros(1)
    run(kernel(body), "kernel<double>", x, threads=63, shared=64)
    with pytest.raises(RuntimeError, match="access outside"):
        run(kernel(body), "kernel<double>", x, threads=64, shared=64)


def test_more_shared_memory_than_usual_is_asked_for():
    text = kernel("x[0] = 1;")
    with pytest.raises(RuntimeError, match="large_shared"):
        run(text, "kernel<double>", zeros(1), shared=49 * 1024)
    simulator = simulation.Simulator()
    function = simulator.load(text, "kernel<double>", large_shared=True)
    simulator.launch(function, 1, 1, simulator.shared_limit(), Arguments(zeros(1)))


def test_error_of_the_compiler_is_raised():
    with pytest.raises(RuntimeError, match="undefined_thing"):
        run(kernel("undefined_thing();"), "kernel<double>", zeros(1))


# --- As gpugrad launches -------------------------------------------------------------------------


def test_kernel_is_launched_through_the_fixture(simulator, monkeypatch):
    body = "if (threadIdx.x < n) y[threadIdx.x] = T(float(x[threadIdx.x]) * float(by));"
    text = kernel(body, "const T* x, T* y, double by, long long n")
    text = f"namespace gpugrad {{ {text} }}"
    monkeypatch.setattr("gpugrad.kernels.launch.KERNELS", [])
    scale = Kernel("kernel", text=text)
    for dtype in DTYPES:
        x = host(np.arange(5.0).astype(dtype))
        y = new(x, (5,))
        scale[x.dtype](1, 32, [x, y, 0.5, 5])
        assert type(y) is HostArray
        np.testing.assert_array_equal(numpy_of(y), numpy_of(x) / dtype.type(2))
    assert len(simulator.functions) == 4


def test_functions_of_cupy_compute_on_the_host(simulator):
    x = host(np.arange(6.0).reshape(2, 3))
    for y in (cupy.zeros((2, 3)), cupy.ascontiguousarray(x.T), cupy.concatenate([x, x])):
        assert isinstance(y, HostArray)
    np.testing.assert_array_equal(numpy_of(cupy.matmul(x, x.T)), numpy_of(x) @ numpy_of(x).T)
    assert isinstance(cupy.empty(3), HostArray)


# --- CuPy's own templates ------------------------------------------------------------------------

slope = cupy.ElementwiseKernel(
    "T x, T dy",
    "T dx",
    "dx = dy * ((T)0.5 * ((T)1 + erf(x * (T)0.7071067811865476)) "
    "+ x * (T)0.3989422804014327 * exp((T)-0.5 * x * x))",
    "slope_of_gelu",
)


@pytest.mark.parametrize("dtype", DTYPES, ids=C_TYPES)
def test_elementwise_kernel(dtype):
    x = rng.normal(size=(5, 7)).astype(dtype)
    dy = rng.normal(size=(5, 7)).astype(dtype)
    tolerance = 8 * float(ml_dtypes.finfo(dtype).eps)
    for x_there, dy_there in [(x, dy), (x.T, dy.T), (x, dy[:1]), (x[::2, ::-1], dy[1:4])]:
        y = slope(host(x)[()] if x_there is x else strided(x, x_there), strided(dy, dy_there))
        assert (type(y), y.dtype) == (HostArray, dtype)
        expected = slope_of_gelu(x_there.astype(float)) * dy_there.astype(float)
        np.testing.assert_allclose(numpy_of(y).astype(float), expected, tolerance, tolerance)


def strided(whole, view):
    """Return the view of an array in the host's memory that `view` is of `whole`."""
    there = host(whole)
    offset = view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return HostArray(view.shape, view.dtype, there.data + offset, view.strides)


def slope_of_gelu(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) + x * np.exp(
        -x * x / 2
    ) / math.sqrt(2 * math.pi)


def test_elementwise_kernel_of_numbers_of_raw_arrays_and_with_two_results():
    f = cupy.ElementwiseKernel(
        "T x, float64 by, raw I at, int64 n",
        "T y, I z",
        "y = x * (T)by; z = at[(i + 1) % n]",
        "two_results",
    )
    y, z = f(host(np.arange(3) + 1j), 2, host(np.array([5, 6, 7])), 3)
    np.testing.assert_array_equal(numpy_of(y), 2 * np.arange(3) + 2j)
    np.testing.assert_array_equal(numpy_of(z), [6, 7, 5])
    out = host(np.zeros(3))
    square = cupy.ElementwiseKernel("T x", "T y", "y = x * x", "square_of")
    assert square(host(np.arange(3.0)), out) is out
    np.testing.assert_array_equal(numpy_of(out), [0, 1, 4])
    assert square(host(np.zeros((0, 3)))).shape == (0, 3)


@pytest.mark.parametrize("count", [1, 7, 513, 3000])
def test_reduction_kernel(count):
    norm = cupy.ReductionKernel("T x", "T y", "x * x", "a + b", "y = sqrt(a)", "0", "norm_of")
    x = rng.normal(size=(5, count))
    y = cupy_kernels.reduce_rows(norm, x)
    np.testing.assert_allclose(y, np.linalg.norm(x, axis=1), rtol=1e-14)


# --- Mathematical functions ----------------------------------------------------------------------

WIDE = np.concatenate(
    [np.linspace(-5, 5, 41), [0.0, -0.0, 1e-300, 30.0, -30.0, np.inf, -np.inf, np.nan]]
)
OPEN = np.concatenate(
    [np.linspace(-0.99, 0.99, 41), [0.0, 1e-20, 1 - 1e-12, 1.0, -1.0, 2.0, np.nan]]
)
FUNCTIONS = {
    "erfcx": ("erfcx", WIDE),
    "erfinv": ("erfinv", OPEN),
    "erfcinv": ("erfcinv", np.append(OPEN + 1, [1e-300, 0.0, 2.0])),
    "normcdf": ("ndtr", WIDE),
    "normcdfinv": ("ndtri", np.append((OPEN + 1) / 2, [1e-300, 0.0, 1.0])),
    "cyl_bessel_i0": ("i0", WIDE[np.isfinite(WIDE)]),
    "cyl_bessel_i1": ("i1", WIDE[np.isfinite(WIDE)]),
    "lgamma": ("gammaln", WIDE[WIDE > 0]),
    "tgamma": ("gamma", WIDE[WIDE > 0]),
    "j0": ("j0", WIDE[np.isfinite(WIDE)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_mathematical_function(name):
    special = pytest.importorskip("scipy.special")
    scipy_name, x = FUNCTIONS[name]
    expected = getattr(special, scipy_name)(x)
    for dtype, tolerance in (("float64", 2e-13), ("float32", 4e-7)):
        y = zeros(len(x), dtype)
        text = kernel(f"y[threadIdx.x] = {name}(x[threadIdx.x]);", "const T* x, T* y")
        x_there = x.astype(dtype)
        if dtype == "float32":
            expected = getattr(special, scipy_name)(x_there.astype(float))
        run(text, f"kernel<{C_TYPES[dtype]}>", host(x_there), y, threads=len(x))
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(numpy_of(y), expected.astype(dtype), tolerance, 1e-45)


def test_smaller_and_larger_pass_over_nan_as_in_cuda():
    x = host(np.array([np.nan, 1.0, 2.0, 0.0]))
    run(
        kernel("x[3] = min(x[0], x[1]) + max(x[2], x[0]) + max(3, 2ll);"),
        "kernel<double>",
        x,
        threads=1,
    )
    assert numpy_of(x)[3] == 6
