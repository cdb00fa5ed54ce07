// CUDA C++ as g++ understands it: what a kernel says, with the meaning it has for one CPU.
// The threads themselves are run by simulator.cpp.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <math.h>
#include <vector_functions.h>
#include <vector_types.h>

#include <cfloat>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

// --- Words of the language -------------------------------------------------------------------

#undef __align__
#undef __constant__
#undef __device__
#undef __forceinline__
#undef __global__
#undef __host__
#undef __launch_bounds__
#undef __managed__
#undef __noinline__
#undef __shared__
#define __align__(n) alignas(n)
#define __constant__ static
#define __device__
#define __forceinline__
#define __global__
#define __host__
#define __launch_bounds__(...)
#define __noinline__
#define __CUDA_SIMULATOR__ 1

// A kernel has no other thread-local variables, so the thread-local memory of a library of kernels
// is their shared memory: simulator.cpp finds it as a whole, and fills it before each block.
#define __shared__ static thread_local

// --- What simulator.cpp does -----------------------------------------------------------------

#define SIMULATOR_EXPORT __attribute__((visibility("default")))

SIMULATOR_EXPORT extern uint3 threadIdx;
SIMULATOR_EXPORT extern uint3 blockIdx;
SIMULATOR_EXPORT extern dim3 blockDim;
SIMULATOR_EXPORT extern dim3 gridDim;
constexpr int warpSize = 32;

namespace simulator {

struct Launch {
  long long blocks;
  long long threads;
  long long shared_bytes;
  long long schedule;
};

// What a thread of the kernel does; `call` is the kernel with its arguments.
using Thread = void (*)(void* call);

struct Votes {
  int in_favour;
  int all;
};

// Run every thread of every block; return what went wrong, or nullptr. `shared` is the address of
// any variable in the memory that `__shared__` variables are in.
SIMULATOR_EXPORT const char* run(const Launch& launch, Thread thread, void* call, void* shared);

SIMULATOR_EXPORT void* dynamic_shared_memory();
SIMULATOR_EXPORT int lane();
SIMULATOR_EXPORT unsigned unfinished_lanes();

// Barriers say in which line of the kernel they are: threads must wait in the same one.
SIMULATOR_EXPORT Votes block_barrier(bool vote, int line);

struct Received {
  unsigned long long value;
  unsigned ballot;
};
SIMULATOR_EXPORT Received warp_barrier(unsigned mask, unsigned long long value, bool vote,
                                       int source_lane, int line);

template <class T>
T shuffle(unsigned mask, T value, int source_lane, int line) {
  static_assert(sizeof(T) <= 8, "CUDA shuffles numbers of up to 8 bytes");
  unsigned long long bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_barrier(mask, bits, false, source_lane, line).value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

inline int segment_start(int width) { return lane() & ~(width - 1); }

inline bool in_segment(int other, int width) {
  return other >= segment_start(width) && other < segment_start(width) + width;
}

// --- Launching -------------------------------------------------------------------------------

template <class... Parameters>
struct Call {
  void (*kernel)(Parameters...);
  void** arguments;

  template <std::size_t... Index>
  void apply(std::index_sequence<Index...>) const {
    kernel(*static_cast<std::remove_cv_t<Parameters>*>(arguments[Index])...);
  }

  static void thread(void* self) {
    static_cast<const Call*>(self)->apply(std::index_sequence_for<Parameters...>());
  }
};

static thread_local volatile char in_shared_memory;

template <class... Parameters>
const char* launch(void (*kernel)(Parameters...), const Launch& launch, void** arguments) {
  Call<Parameters...> call{kernel, arguments};
  in_shared_memory = 0;  // the memory is there from its first use on
  return run(launch, call.thread, &call, const_cast<char*>(&in_shared_memory));
}

template <class... Parameters>
constexpr bool has_slots(void (*)(Parameters...)) {
  const bool alone = sizeof...(Parameters) == 1;  // then it may be a struct of many slots
  return ((alone ? sizeof(Parameters) % 8 == 0 : sizeof(Parameters) == 8) && ...);
}

template <class To, class From>
To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

// Functions of CUDA's that the C library lacks.
SIMULATOR_EXPORT double erfcx(double x);
SIMULATOR_EXPORT double erfinv(double x);
SIMULATOR_EXPORT double erfcinv(double x);
SIMULATOR_EXPORT double normcdf(double x);
SIMULATOR_EXPORT double normcdfinv(double x);
SIMULATOR_EXPORT double cyl_bessel_i0(double x);
SIMULATOR_EXPORT double cyl_bessel_i1(double x);
SIMULATOR_EXPORT double sinpi(double x);
SIMULATOR_EXPORT double cospi(double x);

}  // namespace simulator

// --- Barriers, shuffles and votes ------------------------------------------------------------

#define SIMULATOR_LINE int line = __builtin_LINE()

inline void __syncthreads(SIMULATOR_LINE) { simulator::block_barrier(false, line); }

inline int __syncthreads_count(int vote, SIMULATOR_LINE) {
  return simulator::block_barrier(vote, line).in_favour;
}

inline int __syncthreads_and(int vote, SIMULATOR_LINE) {
  const simulator::Votes votes = simulator::block_barrier(vote, line);
  return votes.in_favour == votes.all;
}

inline int __syncthreads_or(int vote, SIMULATOR_LINE) {
  return simulator::block_barrier(vote, line).in_favour > 0;
}

inline void __syncwarp(unsigned mask = 0xffffffffu, SIMULATOR_LINE) {
  simulator::warp_barrier(mask, 0, false, simulator::lane(), line);
}

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, SIMULATOR_LINE) {
  source = simulator::segment_start(width) | (source & (width - 1));
  return simulator::shuffle(mask, value, source, line);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int other, int width = warpSize, SIMULATOR_LINE) {
  // Unlike the other shuffles, this one may read from segments before its own.
  const int source = simulator::lane() ^ other;
  const bool reads = source < simulator::segment_start(width) + width;
  return simulator::shuffle(mask, value, reads ? source : simulator::lane(), line);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = warpSize,
                   SIMULATOR_LINE) {
  const int source = simulator::lane() + static_cast<int>(distance);
  const bool reads = simulator::in_segment(source, width);
  return simulator::shuffle(mask, value, reads ? source : simulator::lane(), line);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = warpSize, SIMULATOR_LINE) {
  const int source = simulator::lane() - static_cast<int>(distance);
  const bool reads = simulator::in_segment(source, width);
  return simulator::shuffle(mask, value, reads ? source : simulator::lane(), line);
}

inline unsigned __ballot_sync(unsigned mask, int vote, SIMULATOR_LINE) {
  return simulator::warp_barrier(mask, 0, vote, simulator::lane(), line).ballot;
}

inline int __any_sync(unsigned mask, int vote, SIMULATOR_LINE) {
  return __ballot_sync(mask, vote, line) != 0;
}

inline int __all_sync(unsigned mask, int vote, SIMULATOR_LINE) {
  return __ballot_sync(mask, !vote, line) == 0;
}

inline unsigned __activemask() { return simulator::unfinished_lanes(); }

// --- Atomic operations: threads take turns, so what they do is atomic by itself -----------------

template <class T, class Change>
T simulator_atomic(T* address, Change change) {
  const T old = *address;
  *address = change(old);
  return old;
}

template <class T>
using simulator_as = typename std::common_type<T>::type;  // not what the type is deduced from

template <class T>
T atomicAdd(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return T(old + value); });
}
template <class T>
T atomicSub(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return T(old - value); });
}
template <class T>
T atomicMax(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return old < value ? value : old; });
}
template <class T>
T atomicMin(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return value < old ? value : old; });
}
template <class T>
T atomicAnd(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return T(old & value); });
}
template <class T>
T atomicOr(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return T(old | value); });
}
template <class T>
T atomicXor(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return T(old ^ value); });
}
template <class T>
T atomicExch(T* address, simulator_as<T> value) {
  return simulator_atomic(address, [=](T) { return value; });
}
template <class T>
T atomicCAS(T* address, simulator_as<T> expected, simulator_as<T> value) {
  return simulator_atomic(address, [=](T old) { return old == expected ? value : old; });
}
inline unsigned atomicInc(unsigned* address, unsigned last) {
  return simulator_atomic(address, [=](unsigned old) { return old >= last ? 0 : old + 1; });
}

// --- Memory ----------------------------------------------------------------------------------

// clang-format off
template <class T> T __ldg(const T* p) { return *p; }
template <class T> T __ldca(const T* p) { return *p; }
template <class T> T __ldcg(const T* p) { return *p; }
template <class T> T __ldcs(const T* p) { return *p; }
template <class T> void __stcg(T* p, T value) { *p = value; }
template <class T> void __stcs(T* p, T value) { *p = value; }
template <class T> void __stwb(T* p, T value) { *p = value; }

// --- Bits ------------------------------------------------------------------------------------

inline float __int_as_float(int x) { return simulator::bits_as<float>(x); }
inline float __uint_as_float(unsigned x) { return simulator::bits_as<float>(x); }
inline int __float_as_int(float x) { return simulator::bits_as<int>(x); }
inline unsigned __float_as_uint(float x) { return simulator::bits_as<unsigned>(x); }
inline double __longlong_as_double(long long x) { return simulator::bits_as<double>(x); }
inline long long __double_as_longlong(double x) { return simulator::bits_as<long long>(x); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; i++) reversed |= (x >> i & 1) << (31 - i);
  return reversed;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned long long>(a) * b >> 32;
}
inline int __mulhi(int a, int b) { return static_cast<long long>(a) * b >> 32; }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned __int128>(a) * b >> 64;
}
inline long long __mul64hi(long long a, long long b) {
  return static_cast<__int128>(a) * b >> 64;
}

// --- Arithmetic, rounded to nearest as on the device -------------------------------------------

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __frcp_rn(float x) { return 1 / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline double __drcp_rn(double x) { return 1 / x; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline int __float2int_rn(float x) { return static_cast<int>(rintf(x)); }
inline int __float2int_rz(float x) { return static_cast<int>(x); }
inline long long __float2ll_rn(float x) { return llrintf(x); }
inline long long __double2ll_rn(double x) { return llrint(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

// --- Fast versions, which are exact here --------------------------------------------------------

inline float __cosf(float x) { return cosf(x); }
inline float __exp10f(float x) { return powf(10, x); }
inline float __expf(float x) { return expf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __log2f(float x) { return log2f(x); }
inline float __logf(float x) { return logf(x); }
inline float __powf(float a, float b) { return powf(a, b); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
inline float __sinf(float x) { return sinf(x); }
inline float __tanhf(float x) { return tanhf(x); }

// --- Mathematical functions that the C library lacks ---------------------------------------------

inline double rsqrt(double x) { return 1 / sqrt(x); }
inline float rsqrtf(float x) { return static_cast<float>(1 / sqrt(static_cast<double>(x))); }
inline double rcbrt(double x) { return 1 / cbrt(x); }
inline float fdividef(float a, float b) { return a / b; }
inline float rsqrt(float x) { return rsqrtf(x); }
inline double normcdf(double x) { return simulator::normcdf(x); }
inline double normcdfinv(double x) { return simulator::normcdfinv(x); }
inline double erfcx(double x) { return simulator::erfcx(x); }
inline double erfinv(double x) { return simulator::erfinv(x); }
inline double erfcinv(double x) { return simulator::erfcinv(x); }
inline double cyl_bessel_i0(double x) { return simulator::cyl_bessel_i0(x); }
inline double cyl_bessel_i1(double x) { return simulator::cyl_bessel_i1(x); }
inline double sinpi(double x) { return simulator::sinpi(x); }
inline double cospi(double x) { return simulator::cospi(x); }

// Their versions for float, by both of the names that CUDA has for one.
#define SIMULATOR_FLOAT(name) \
  inline float name##f(float x) { return static_cast<float>(simulator::name(x)); } \
  inline float name(float x) { return name##f(x); }
SIMULATOR_FLOAT(normcdf)
SIMULATOR_FLOAT(normcdfinv)
SIMULATOR_FLOAT(erfcx)
SIMULATOR_FLOAT(erfinv)
SIMULATOR_FLOAT(erfcinv)
SIMULATOR_FLOAT(cyl_bessel_i0)
SIMULATOR_FLOAT(cyl_bessel_i1)
SIMULATOR_FLOAT(sinpi)
SIMULATOR_FLOAT(cospi)
#undef SIMULATOR_FLOAT

template <class A, class B>
std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmin(T(a), T(b));
  else return T(b) < T(a) ? T(b) : T(a);
}
template <class A, class B>
std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmax(T(a), T(b));
  else return T(a) < T(b) ? T(b) : T(a);
}
// clang-format on
