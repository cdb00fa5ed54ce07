// One step of an optimiser for many parameters at once.
//
// What a launch works on is in its argument: nothing is uploaded that it would
// have to wait for, and a captured launch holds it. The arrays of a row are of
// one parameter. The results of all rows are laid out one after another in a
// buffer each for the values and for every moment, and a row says where its own
// start: blocks divide the buffers evenly, whatever the parameters' sizes.
#include "common.cuh"

namespace gpugrad {

constexpr int ROWS = 80;     // of a launch, whose argument has up to 4 KiB everywhere
constexpr int CHUNK = 2048;  // how many elements of the buffers a block computes; whole vectors

// The steps: of the numbers of one element, which are its gradient, its value
// and its moments.

struct Descent {
  static constexpr int MOMENTS = 0;
  double rate;

  template <class C>
  __device__ void operator()(C* number) const {
    const C g = number[0];
    C& x = number[1];
    x -= C(rate) * g;
  }
};

struct Momentum {
  static constexpr int MOMENTS = 1;
  double rate, momentum;

  template <class C>
  __device__ void operator()(C* number) const {
    const C g = number[0];
    C &x = number[1], &velocity = number[2];
    velocity = C(momentum) * velocity - C(rate) * g;
    x += velocity;
  }
};

struct Adam {
  static constexpr int MOMENTS = 2;
  double rate, beta1, beta2, epsilon;

  template <class C>
  __device__ void operator()(C* number) const {
    const C g = number[0];
    C &x = number[1], &mean = number[2], &square = number[3];
    mean = C(beta1) * mean + C(1 - beta1) * g;
    square = C(beta2) * square + C(1 - beta2) * (g * g);
    x -= C(rate) * mean / (sqrt(square) + C(epsilon));
  }
};

template <class T, class Step>
struct Row {
  const T* in[2 + Step::MOMENTS];  // gradient, value, moments
  long long start;                 // in the buffers, a multiple of a vector
  long long size;
};

template <class T, class Step>
struct Rows {
  Step step;
  T* out[1 + Step::MOMENTS];  // buffers for the values and the moments
  long long count;
  Row<T, Step> row[ROWS];
};

// Step the elements from `first` to `last` of a row: in whole vectors, for which all must be
// aligned, or one by one.
template <bool VECTORS, class T, class Step>
__device__ inline void step_row(const Rows<T, Step>& rows, const Row<T, Step>& row, long long first,
                                long long last) {
  using C = computed_t<T>;
  constexpr int IN = 2 + Step::MOMENTS;
  constexpr int SIZE = VECTORS ? Vector<T>::size : 1;
  for (long long i = first + threadIdx.x * SIZE; i < last; i += blockDim.x * SIZE) {
    Vector<T> parts[IN];
#pragma unroll
    for (int k = 0; k < IN; ++k) {
      if constexpr (VECTORS) {
        parts[k] = load_vector(row.in[k] + i);
      } else {
        parts[k][0] = row.in[k][i];
      }
    }
#pragma unroll
    for (int j = 0; j < SIZE; ++j) {
      C number[IN];
#pragma unroll
      for (int k = 0; k < IN; ++k) number[k] = C(parts[k][j]);
      rows.step(number);
#pragma unroll
      for (int k = 1; k < IN; ++k) parts[k][j] = T(number[k]);
    }
#pragma unroll
    for (int k = 1; k < IN; ++k) {
      T* const out = rows.out[k - 1] + row.start;
      if constexpr (VECTORS) {
        store_vector(out + i, parts[k]);
      } else {
        out[i] = parts[k][0];
      }
    }
  }
}

// Args: rows: the rows of parameters, by where they start.
template <class T, class Step>
__global__ void step_parameters(const Rows<T, Step> rows) {
  static_assert(sizeof(rows) <= 4096, "more than what every version of CUDA passes");
  constexpr int SIZE = Vector<T>::size;
  const long long first = (long long)blockIdx.x * CHUNK;
  const long long last = first + CHUNK;

  int i = 0;  // the last row that starts at or before the chunk
  for (int step = 64; step > 0; step /= 2) {
    if (i + step < rows.count && rows.row[i + step].start <= first) i += step;
  }
  for (; i < rows.count && rows.row[i].start < last; ++i) {
    const Row<T, Step>& row = rows.row[i];
    const long long begin = first > row.start ? first - row.start : 0;
    const long long end = last - row.start < row.size ? last - row.start : row.size;
    bool aligned = true;
#pragma unroll
    for (int k = 0; k < 2 + Step::MOMENTS; ++k) aligned = aligned && is_aligned(row.in[k]);
#pragma unroll
    for (int k = 0; k < 1 + Step::MOMENTS; ++k) aligned = aligned && is_aligned(rows.out[k]);
    const long long whole = aligned ? begin + (end - begin) / SIZE * SIZE : begin;
    if (begin < end) {
      step_row<true>(rows, row, begin, whole);
      step_row<false>(rows, row, whole, end);
    }
  }
}

}  // namespace gpugrad
