// NumPy's elementwise functions that CUDA does not have, or has with other results: a NaN in, a NaN
// out. Where CUDA's function of that name is right (hypot, copysign, fmod, exp2, exp10, atan2, …)
// it is called as it is.
#pragma once

#include "common.cuh"

namespace gpugrad {

template <class T>
__device__ inline T sign(T x) {
  return x != x ? x : T((x > 0) - (x < 0));
}

template <class T>
__device__ inline T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}

template <class T>
__device__ inline T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}

template <class T>
__device__ inline T clip(T x, T low, T high) {
  return minimum(maximum(x, low), high);
}

// The parts of real numbers; of complex numbers, CuPy's header has them.
__device__ inline float real(float x) { return x; }
__device__ inline double real(double x) { return x; }
__device__ inline float imag(float) { return 0; }
__device__ inline double imag(double) { return 0; }

// These two are for complex numbers too.
template <class T>
__device__ inline T square(T x) {
  return x * x;
}

template <class T>
__device__ inline T reciprocal(T x) {
  return T(1) / x;
}

// a − b ⌊a / b⌋: it has the sign of b.
template <class T>
__device__ inline T remainder(T a, T b) {
  const T rest = fmod(a, b);
  if (rest == 0) return copysign(T(0), b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

// ⌊a / b⌋ of the exact quotient: a / b may round up to a whole number. The remainder is exact.
template <class T>
__device__ inline T floor_divide(T a, T b) {
  if (b == 0) return a / b;
  const T rest = fmod(a, b);
  T quotient = (a - rest) / b;  // whole, but for its rounding
  if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return copysign(T(0), a / b);
  const T whole = floor(quotient);
  return quotient - whole > T(0.5) ? whole + 1 : whole;
}

template <class T>
__device__ inline T logaddexp(T a, T b) {
  if (a == b) return a + T(0.6931471805599453);  // so may be infinities, whose difference is NaN
  return maximum(a, b) + log1p(exp(-fabs(a - b)));
}

}  // namespace gpugrad
