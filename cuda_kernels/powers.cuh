// Sums of powers of e, which softmax and all its kin are made of.
#pragma once

#include "common.cuh"

namespace gpugrad {

// a / b, but for the last bit or two: a division that rounds needs many more registers.
__device__ inline float quotient(float a, float b) { return __fdividef(a, b); }
__device__ inline double quotient(double a, double b) { return a / b; }

// exp(x - m), and 1 where both are the same infinity. What has 16 bits is not told from it by the
// fast function: its error is some 2^-20 for all differences whose power is a number of 16 bits.
template <class T>
__device__ inline computed_t<T> power(computed_t<T> x, computed_t<T> m) {
  if constexpr (sizeof(T) == sizeof(float)) {
    const float y = exp(x - m);  // at any rate: a branch would keep the powers of a vector in a row
    return x == m ? 1 : y;
  } else if (x == m) {
    return 1;
  } else if constexpr (sizeof(T) == 2) {
    return __expf(x - m);
  } else {
    return exp(x - m);
  }
}

// The greatest number of a row, and the sum of exp(x - greatest): of one thread's share, at first.
template <class T>
struct PowerSum {
  using C = computed_t<T>;
  C greatest = -infinity();
  C sum = 0;

  // Count a number in: by one power, of the smaller less the greater.
  __device__ void add(T x) {
    const C value = static_cast<C>(x);
    const bool is_greater = value > greatest;
    const C ratio = is_greater ? power<T>(greatest, value) : power<T>(value, greatest);
    sum = is_greater ? sum * ratio + 1 : sum + ratio;
    greatest = Max()(greatest, value);
  }

  // The same for several numbers of the row, with one scaling of the sum.
  template <int SIZE>
  __device__ void add(const Vector<T, SIZE>& values) {
    C next = greatest;
#pragma unroll
    for (int j = 0; j < SIZE; ++j) next = Max()(next, static_cast<C>(values[j]));
    sum = sum_towards(next);
#pragma unroll
    for (int j = 0; j < SIZE; ++j) sum += power<T>(static_cast<C>(values[j]), next);
    greatest = next;
  }

  // The sum of exp(x - another), of one that is greater or the same.
  __device__ C sum_towards(C another) const { return sum * power<T>(greatest, another); }

  // Make it that of the whole row.
  template <class Team>
  __device__ void combine(const Team& team) {
    const C all = team.reduce(greatest, Max());
    sum = team.reduce(sum_towards(all), Sum());
    greatest = all;
  }

  // The softmax of a row with an infinite maximum is no number.
  __device__ C sum_or_nan() const { return isinf(greatest) ? C(not_a_number()) : sum; }
};

}  // namespace gpugrad
