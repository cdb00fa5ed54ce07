// A dense layer of few features, activation(x W + b), and back through it, each in one kernel: what
// several of them and of cuBLAS's would launch takes longer than there is to compute. The
// activation is a struct as in epilogue.cuh.
#pragma once

#include "common.cuh"

namespace gpugrad {

inline constexpr int MOST_FEATURES = 32;  // that go in, and that come out
inline constexpr int DENSE_THREADS = 256;
inline constexpr int DENSE_BLOCKS = 3;  // that a multiprocessor has room for at least
inline constexpr int TILE_ROWS = 32;    // of examples, that a block has at once in shared memory
// Of the gradients of the weight, and of the bias as one row more, a thread has these at most.
inline constexpr int MOST_SUMS =
    ((MOST_FEATURES + 1) * MOST_FEATURES + DENSE_THREADS - 1) / DENSE_THREADS;

// The parameters of a layer in shared memory. Rows of the weight are one longer than they need be,
// so that neither neighbours in a row nor in a column are in the same bank.
template <class C>
struct Parameters {
  C weight[MOST_FEATURES][MOST_FEATURES + 1];
  C bias[MOST_FEATURES];

  template <class T>
  __device__ void load(const T* w, const T* b, int inputs, int outputs) {
    for (int i = threadIdx.x; i < inputs * outputs; i += blockDim.x) {
      weight[i / outputs][i % outputs] = C(w[i]);
    }
    for (int c = threadIdx.x; c < outputs; c += blockDim.x) bias[c] = C(b[c]);
  }

  // Return the sum that an activation is applied to, of an example.
  __device__ C sum(const C* example, int inputs, int c) const {
    C total = bias[c];
#pragma unroll 4
    for (int k = 0; k < inputs; ++k) total += example[k] * weight[k][c];
    return total;
  }
};

// Examples in shared memory, read as they lie in global memory, with a 1 behind each: the factor of
// the bias.
template <class C>
struct Tile {
  C rows[TILE_ROWS][MOST_FEATURES + 1];

  template <class T>
  __device__ void load(const T* x, int count, int features) {
    for (int i = threadIdx.x; i < count * features; i += DENSE_THREADS) {
      rows[i / features][i % features] = C(x[i]);
    }
    if (threadIdx.x < TILE_ROWS) rows[threadIdx.x][features] = C(1);
  }
};

// Call visit(row, count) for each tile of the examples that is this block's, with its first row.
template <class Visit>
__device__ inline void each_tile(long long rows, Visit visit) {
  for (long long row = static_cast<long long>(blockIdx.x) * TILE_ROWS; row < rows;
       row += static_cast<long long>(gridDim.x) * TILE_ROWS) {
    visit(row, rows - row < TILE_ROWS ? static_cast<int>(rows - row) : TILE_ROWS);
  }
}

// y[r, c] = value(Σ x[r, k] W[k, c] + b[c])
template <class Activation, class T>
__global__ void __launch_bounds__(DENSE_THREADS, DENSE_BLOCKS)
    dense(const T* __restrict__ x, const T* __restrict__ weight, const T* __restrict__ bias,
          T* __restrict__ y, long long rows, long long inputs, long long outputs) {
  using C = computed_t<T>;
  __shared__ Parameters<C> parameters;
  __shared__ Tile<C> of_x;
  const int ins = static_cast<int>(inputs), outs = static_cast<int>(outputs);
  parameters.load(weight, bias, ins, outs);
  each_tile(rows, [&](long long row, int count) {
    __syncthreads();  // the tile before has been read
    of_x.load(x + row * ins, count, ins);
    __syncthreads();
    for (int i = threadIdx.x; i < count * outs; i += DENSE_THREADS) {
      y[row * outs + i] = T(Activation::value(parameters.sum(of_x.rows[i / outs], ins, i % outs)));
    }
  });
}

// With dz = dy * derivative: dx = dz Wᵀ, where it is asked for, and of the examples of each block
// the sums xᵀ dz and, in a row behind these, of dz. What was kept is the activation's value, if
// that alone says the derivative; else z is computed again.
template <class Activation, class T, class Result>
__global__ void __launch_bounds__(DENSE_THREADS, DENSE_BLOCKS)
    dense_back(const T* __restrict__ dy, const T* __restrict__ y, const T* __restrict__ x,
               const T* __restrict__ weight, const T* __restrict__ bias, T* __restrict__ dx,
               Result* __restrict__ sums, long long rows, long long inputs, long long outputs) {
  using C = computed_t<T>;
  __shared__ Parameters<C> parameters;
  __shared__ Tile<C> of_x;
  __shared__ Tile<C> of_z;
  const int ins = static_cast<int>(inputs), outs = static_cast<int>(outputs);
  const int pairs = (ins + 1) * outs;
  parameters.load(weight, bias, ins, outs);

  C totals[MOST_SUMS] = {};
  each_tile(rows, [&](long long row, int count) {
    __syncthreads();  // the tile before has been read
    of_x.load(x + row * ins, count, ins);
    __syncthreads();
    for (int i = threadIdx.x; i < count * outs; i += DENSE_THREADS) {
      const int r = i / outs, c = i % outs;
      C value, z = C(0);
      if constexpr (Activation::FROM_VALUE) {
        value = C(y[row * outs + i]);
      } else {
        z = parameters.sum(of_x.rows[r], ins, c);
        value = Activation::value(z);
      }
      of_z.rows[r][c] = C(dy[row * outs + i]) * Activation::derivative(value, z);
    }
    __syncthreads();

#pragma unroll
    for (int n = 0; n < MOST_SUMS; ++n) {
      const int pair = threadIdx.x + n * DENSE_THREADS;
      if (pair >= pairs) break;
      const int k = pair / outs, c = pair % outs;
      C total = totals[n];
      for (int r = 0; r < count; ++r) total += of_x.rows[r][k] * of_z.rows[r][c];
      totals[n] = total;
    }
    if (!dx) return;
    for (int i = threadIdx.x; i < count * ins; i += DENSE_THREADS) {
      const int r = i / ins, k = i % ins;
      C total = C(0);
      for (int c = 0; c < outs; ++c) total += of_z.rows[r][c] * parameters.weight[k][c];
      dx[row * ins + i] = T(total);
    }
  });

#pragma unroll
  for (int n = 0; n < MOST_SUMS; ++n) {
    const int pair = threadIdx.x + n * DENSE_THREADS;
    if (pair < pairs) {
      sums[static_cast<long long>(blockIdx.x) * pairs + pair] = Result(totals[n]);
    }
  }
}

}  // namespace gpugrad
