// What kernels over the rows of matrices share: who works on a row, and how it is read.
#pragma once

#include "pieces.cuh"

namespace gpugrad {

// How many threads a team has: one, a warp, or all of its block, however many these are.
constexpr int ALL_THREADS = 1024;

template <int THREADS>
constexpr int MAX_THREADS = THREADS == ALL_THREADS ? 1024 : 256;  // of a block

// How many blocks a multiprocessor has room for at least, which leaves a thread 64 registers. Where
// it is not told, the compiler chooses a number, and would rather spill registers than miss it.
template <int THREADS>
constexpr int MIN_BLOCKS = 1024 / MAX_THREADS<THREADS>;

// The threads that work on a row together, and which rows are theirs.
template <int THREADS>
struct Team {
  static constexpr bool IS_BLOCK = THREADS == ALL_THREADS;
  const int rank = threadIdx.x % THREADS;
  const int size = IS_BLOCK ? blockDim.x : THREADS;
  const int place = threadIdx.x / THREADS;  // among the teams of the block
  const int teams = IS_BLOCK ? 1 : blockDim.x / THREADS;
  const long long first_row = static_cast<long long>(blockIdx.x) * teams + place;
  const long long stride = static_cast<long long>(gridDim.x) * teams;

  template <class T, class Combine>
  __device__ T reduce(T value, Combine combine) const {
    if constexpr (IS_BLOCK) {
      return block_reduce(value, combine);
    } else if constexpr (THREADS == WARP) {
      return warp_reduce(value, combine);
    } else {
      return value;
    }
  }
};

// Write results for a piece of a row, which may begin anywhere.
template <class T, int SIZE>
__device__ inline void write_piece(T* p, const Vector<T, SIZE>& values) {
  if constexpr (SIZE > 1) {
    if (!is_aligned(p)) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) p[j] = values[j];
      return;
    }
  }
  stream_vector(p, values);
}

// One row of a matrix, or of two. It is read by vectors, aligned in the first matrix, and single
// elements before the first and behind the last of these; the second matrix may begin anywhere.
template <class T, int MATRICES, int THREADS>
class Row {
 public:
  // Each thread keeps `capacity` vectors of each matrix.
  __device__ Row(const Team<THREADS>& team, long long row, long long length, long long capacity,
                 const T* first, const T* second = nullptr)
      : team(team), columns(static_cast<int>(length)) {
    starts[0] = first + row * length;
    if constexpr (MATRICES == 2) starts[1] = second + row * length;
    const auto address = reinterpret_cast<unsigned long long>(starts[0]);
    head = static_cast<int>((0 - address) % VECTOR_BYTES / sizeof(T));
    if (head > columns) head = columns;
    vectors = (columns - head) / SIZE;

#pragma unroll
    for (int m = 0; m < MATRICES; ++m) pieces.starts[m] = starts[m] + index(0);
    pieces.step = team.size * SIZE;
    pieces.count = (vectors - team.rank + team.size - 1) / team.size;
    pieces.capacity = static_cast<int>(capacity);
    pieces.stride = team.size;
    pieces.kept = shared_memory<Vector<T>>() + team.rank +
                  team.place * pieces.capacity * MATRICES * team.size;
  }

  // Call visit(index, piece) for each piece of the row that is this thread's.
  template <class Visit>
  __device__ void read(Visit visit) const {
    pieces.read([&](int k, auto& piece) { visit(index(k), piece); });
    each_single(visit);
  }

  template <class Visit>
  __device__ void read_again(Visit visit) const {
    pieces.read_again([&](int k, auto& piece) { visit(index(k), piece); });
    each_single(visit);
  }

 private:
  static constexpr int SIZE = Vector<T>::size;
  const Team<THREADS>& team;
  const T* starts[MATRICES];
  Pieces<T, MATRICES, SIZE, false> pieces;
  int columns;
  int head;  // elements before the first vector
  int vectors;

  // Where in the row this thread's k-th vector is.
  __device__ int index(int k) const { return head + (team.rank + k * team.size) * SIZE; }

  // Call visit(index, piece) for this thread's elements before the vectors and behind them.
  template <class Visit>
  __device__ void each_single(Visit visit) const {
#pragma unroll 1
    for (int k = team.rank; k < columns - vectors * SIZE; k += team.size) {
      const int i = k < head ? k : k + vectors * SIZE;
      Piece<T, MATRICES, 1> element;
#pragma unroll
      for (int m = 0; m < MATRICES; ++m) element.values[m][0] = starts[m][i];
      visit(i, element);
    }
  }
};

}  // namespace gpugrad
