// What all device code shares: the type to compute in, 16-byte loads and stores, and reductions.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace gpugrad {

template <bool Condition, class A, class B>
struct Choice {
  using type = A;
};
template <class A, class B>
struct Choice<false, A, B> {
  using type = B;
};

// Numbers of 16 bits are stored as such and computed with as float; CuPy's own classes too.
template <class T>
using computed_t = typename Choice<sizeof(T) == 2, float, T>::type;

inline constexpr int WARP = 32;
inline constexpr unsigned ALL_LANES = 0xffffffffu;
inline constexpr int VECTOR_BYTES = 16;

__device__ inline double infinity() { return __longlong_as_double(0x7ff0000000000000LL); }
__device__ inline double not_a_number() { return __longlong_as_double(0x7ff8000000000000LL); }

// The factor of a sensitivity is conj(∂f/∂x); for real numbers that is the derivative itself.
__device__ inline float conjugate(float x) { return x; }
__device__ inline double conjugate(double x) { return x; }
template <class T>
__device__ inline T conjugate(const T& x) {
  return conj(x);
}

// --- Vectors of 16 bytes ---------------------------------------------------------------------

template <class T, int SIZE = VECTOR_BYTES / sizeof(T)>
struct alignas(SIZE * sizeof(T)) Vector {
  static constexpr int size = SIZE;
  T values[SIZE];

  __device__ T& operator[](int i) { return values[i]; }
  __device__ const T& operator[](int i) const { return values[i]; }
};

template <class T>
__device__ inline bool is_aligned(const T* p) {
  return reinterpret_cast<unsigned long long>(p) % VECTOR_BYTES == 0;
}

template <int SIZE, class T>
__device__ inline Vector<T, SIZE> load_vector(const T* p) {
  return *reinterpret_cast<const Vector<T, SIZE>*>(p);
}

template <class T>
__device__ inline Vector<T> load_vector(const T* p) {
  return load_vector<Vector<T>::size>(p);
}

// Read a vector that may begin anywhere.
template <int SIZE, class T>
__device__ inline Vector<T, SIZE> load_unaligned(const T* p) {
  if (is_aligned(p)) return load_vector<SIZE>(p);
  Vector<T, SIZE> v;
#pragma unroll
  for (int j = 0; j < SIZE; ++j) v[j] = p[j];
  return v;
}

// Store in global memory what is likely read next. Of 16 bytes, this and the next one are
// instructions that the compiler leaves whole: it may break up an assignment, and join it with
// those of a branch that stores single elements.
template <class T, int SIZE>
__device__ inline void store_vector(T* p, const Vector<T, SIZE>& v) {
  if constexpr (sizeof(v) == VECTOR_BYTES) {
    __stwb(reinterpret_cast<uint4*>(p), reinterpret_cast<const uint4&>(v));
  } else {
    *reinterpret_cast<Vector<T, SIZE>*>(p) = v;
  }
}

// Store results of a kernel that reads its arguments twice: in the L2 cache they give way to these.
template <class T, int SIZE>
__device__ inline void stream_vector(T* p, const Vector<T, SIZE>& v) {
  if constexpr (sizeof(v) == VECTOR_BYTES) {
    __stcs(reinterpret_cast<uint4*>(p), reinterpret_cast<const uint4&>(v));
  } else {
    store_vector(p, v);
  }
}

// The memory that a launch asks for.
template <class T>
__device__ inline T* shared_memory() {
  extern __shared__ __align__(16) unsigned char shared_bytes[];
  return reinterpret_cast<T*>(shared_bytes);
}

// --- Reductions ------------------------------------------------------------------------------

struct Sum {
  template <class T>
  __device__ static T identity() {
    return T(0);
  }
  template <class T>
  __device__ T operator()(const T& a, const T& b) const {
    return a + b;
  }
};

// The larger of two numbers; NaN where one is.
struct Max {
  template <class T>
  __device__ static T identity() {
    return T(-infinity());
  }
  template <class T>
  __device__ T operator()(const T& a, const T& b) const {
    return a > b || a != a ? a : b;
  }
#if __CUDA_ARCH__ >= 800
  __device__ float operator()(float a, float b) const {
    float c;  // by one instruction where the above is four
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
    return c;
  }
#endif
};

// Combine a value of every lane of a warp; all lanes get the result.
template <class T, class Combine>
__device__ inline T warp_reduce(T value, Combine combine) {
  for (int distance = WARP / 2; distance > 0; distance /= 2) {
    value = combine(value, __shfl_xor_sync(ALL_LANES, value, distance));
  }
  return value;
}

// Combine a value of every thread of a block, of whole warps; all threads get the result.
template <class T, class Combine>
__device__ inline T block_reduce(T value, Combine combine) {
  __shared__ T partial[WARP];
  const int lane = threadIdx.x % WARP;
  const int warp = threadIdx.x / WARP;
  const int warps = blockDim.x / WARP;
  value = warp_reduce(value, combine);
  __syncthreads();  // an earlier reduction's results have been read
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  return warp_reduce(lane < warps ? partial[lane] : Combine::template identity<T>(), combine);
}

}  // namespace gpugrad
