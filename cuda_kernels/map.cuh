// Elementwise kernels: an operation takes numbers in and gives numbers out, element by element.
//
//   struct tanh_back {
//     static constexpr int inputs = 2, outputs = 1;
//     template <class C>
//     __device__ static void apply(const C* in, C* out) { out[0] = in[0] * (C(1) - in[1] * in[1]);
//     }
//   };
#pragma once

#include "common.cuh"

namespace gpugrad {

union Input {
  const void* array;
  double number;
};

template <int OUTPUTS, int INPUTS>
struct Operands {
  long long size;
  void* outputs[OUTPUTS];
  Input inputs[INPUTS];
};

// Compute all elements of contiguous arrays; bit i of NUMBERS says that input i is one number for
// all of them, and bit i of SINGLES that it is an array of one.
template <class Operation, class T, unsigned NUMBERS, unsigned SINGLES = 0>
__global__ void map(Operands<Operation::outputs, Operation::inputs> operands) {
  using C = computed_t<T>;
  constexpr int INPUTS = Operation::inputs;
  constexpr int OUTPUTS = Operation::outputs;
  constexpr int SIZE = Vector<T>::size;
  constexpr unsigned FOR_ALL = NUMBERS | SINGLES;
  const long long n = operands.size;

  bool aligned = true;
  C for_all[INPUTS];
#pragma unroll
  for (int i = 0; i < INPUTS; ++i) {
    if (NUMBERS >> i & 1) {
      for_all[i] = C(operands.inputs[i].number);
    } else if (SINGLES >> i & 1) {
      for_all[i] = C(*static_cast<const T*>(operands.inputs[i].array));
    } else {
      aligned &= is_aligned(operands.inputs[i].array);
    }
  }
  for (int o = 0; o < OUTPUTS; ++o) aligned &= is_aligned(operands.outputs[o]);

  const long long first = (blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x) * SIZE;
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x * SIZE;
  for (long long start = first; start < n; start += step) {
    const bool whole = aligned && start + SIZE <= n;
    const int count = n - start < SIZE ? static_cast<int>(n - start) : SIZE;
    Vector<T> in[INPUTS], out[OUTPUTS];
#pragma unroll
    for (int i = 0; i < INPUTS; ++i) {
      if (FOR_ALL >> i & 1) continue;
      const T* from = static_cast<const T*>(operands.inputs[i].array) + start;
      if (whole) {
        in[i] = load_vector(from);
      } else {
#pragma unroll
        for (int k = 0; k < SIZE; ++k) in[i].values[k] = k < count ? from[k] : from[0];
      }
    }
#pragma unroll
    for (int k = 0; k < SIZE; ++k) {
      C x[INPUTS], y[OUTPUTS];
#pragma unroll
      for (int i = 0; i < INPUTS; ++i) {
        x[i] = FOR_ALL >> i & 1 ? for_all[i] : C(in[i].values[k]);
      }
      Operation::apply(x, y);
#pragma unroll
      for (int o = 0; o < OUTPUTS; ++o) out[o].values[k] = T(y[o]);
    }
#pragma unroll
    for (int o = 0; o < OUTPUTS; ++o) {
      T* to = static_cast<T*>(operands.outputs[o]) + start;
      if (whole) {
        store_vector(to, out[o]);
      } else {
#pragma unroll
        for (int k = 0; k < SIZE; ++k) {
          if (k < count) to[k] = out[o].values[k];
        }
      }
    }
  }
}

}  // namespace gpugrad
