// What kernels over the middle axis of arrays share, which are seen as (outer, length, inner): who
// works on a column along that axis, and how it is read.
#pragma once

#include "pieces.cuh"
#include "powers.cuh"

namespace gpugrad {

constexpr int MIDDLE_THREADS = 256;  // of a block
constexpr int MIDDLE_BLOCKS = 3;     // that a multiprocessor has room for: of 80 registers a thread

// The threads that work on columns together, and which are theirs. A unit is SIZE neighbouring
// columns, which are read at once. Neighbouring threads of a block have neighbouring units, `width`
// of them, a power of 2; and each unit has several threads, which take its rows in turn.
template <int SIZE>
struct Stack {
  const long long inner;
  const long long columns;
  const int width;
  const int across = threadIdx.x % width;
  const int rank = threadIdx.x / width;     // among the threads that have the unit
  const int size = MIDDLE_THREADS / width;  // how many have it
  const long long first_column = static_cast<long long>(blockIdx.x) * width * SIZE;  // of the block
  const long long stride = static_cast<long long>(gridDim.x) * width * SIZE;

  __device__ Stack(long long outer, long long inner, long long width)
      : inner(inner), columns(outer * inner), width(static_cast<int>(width)) {}

  // Combine the values of the threads that have a unit; all of them get the results.
  template <class C, class Combine>
  __device__ void reduce(Vector<C, SIZE>& values, Combine combine) const {
    if (size == 1) return;
    for (int distance = WARP / 2; distance >= width; distance /= 2) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) {
        values[j] = combine(values[j], __shfl_xor_sync(ALL_LANES, values[j], distance));
      }
    }
    const int group = width > WARP ? width : WARP;  // of threads, which has all units
    Vector<C, SIZE>* const partial = partials<C>();
    __syncthreads();  // an earlier reduction's results have been read
    if (threadIdx.x % group < width) partial[threadIdx.x / group * width + across] = values;
    __syncthreads();
    values = partial[across];
#pragma unroll 1
    for (int place = width + across; place < MIDDLE_THREADS / group * width; place += width) {
      const Vector<C, SIZE> others = partial[place];
#pragma unroll
      for (int j = 0; j < SIZE; ++j) values[j] = combine(values[j], others[j]);
    }
  }

 private:
  template <class C>
  __device__ static Vector<C, SIZE>* partials() {
    __shared__ Vector<C, SIZE> partial[MIDDLE_THREADS];
    return partial;
  }
};

// A unit of columns of an array, or of two, as far as it is a thread's.
template <class T, int ARRAYS, int SIZE>
class Columns {
 public:
  const long long first;  // which is its first column
  const bool exists;      // where there are fewer units than threads, those left over have none

  // The block has columns from `begin` on; each thread keeps `capacity` pieces of a unit.
  __device__ Columns(const Stack<SIZE>& stack, long long begin, long long length,
                     long long capacity, const T* x, const T* second = nullptr)
      : first(begin + stack.across * SIZE), exists(first < stack.columns), stack(stack) {
    start = first + first / stack.inner * (length - 1) * stack.inner;
    pieces.starts[0] = x + index(stack.rank);
    if constexpr (ARRAYS == 2) pieces.starts[1] = second + index(stack.rank);
    pieces.step = stack.size * stack.inner;
    pieces.count =
        exists ? (static_cast<int>(length) - stack.rank + stack.size - 1) / stack.size : 0;
    pieces.capacity = static_cast<int>(capacity);
    pieces.stride = MIDDLE_THREADS;
    pieces.kept = shared_memory<Vector<T, SIZE>>() + threadIdx.x;
  }

  // Call visit(row, piece) for each piece that is this thread's.
  template <class Visit>
  __device__ void read(Visit visit) const {
    pieces.read([&](int k, auto& piece) { visit(stack.rank + k * stack.size, piece); });
  }

  template <class Visit>
  __device__ void read_again(Visit visit) const {
    pieces.read_again([&](int k, auto& piece) { visit(stack.rank + k * stack.size, piece); });
  }

  // Where in the array the first column has its element of a row.
  __device__ long long index(int row) const { return start + row * stack.inner; }

  // Add what is read to a sum of powers for each column.
  __device__ void add_powers(PowerSum<T> (&powers)[SIZE]) const {
    read([&](int, const auto& piece) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) powers[j].add(piece.values[0][j]);
    });
  }

 private:
  const Stack<SIZE>& stack;
  long long start;  // index(0)
  Pieces<T, ARRAYS, SIZE, true> pieces;
};

// Make the sums of powers those of whole columns.
template <class T, int SIZE>
__device__ inline void combine(const Stack<SIZE>& stack, PowerSum<T> (&powers)[SIZE]) {
  Vector<computed_t<T>, SIZE> greatest, sums;
#pragma unroll
  for (int j = 0; j < SIZE; ++j) greatest[j] = powers[j].greatest;
  stack.reduce(greatest, Max());
#pragma unroll
  for (int j = 0; j < SIZE; ++j) sums[j] = powers[j].sum_towards(greatest[j]);
  stack.reduce(sums, Sum());
#pragma unroll
  for (int j = 0; j < SIZE; ++j) powers[j] = {greatest[j], sums[j]};
}

}  // namespace gpugrad
