// How blocks go through a matrix so that each thread stays in its columns, and sum over its rows.
#pragma once

#include "common.cuh"

namespace gpugrad {

constexpr int COLUMN_THREADS = 256;
constexpr int WIDEST = 32;  // units of a row that a block has at once: 512 bytes of it, of vectors

// A unit of a row: as many numbers as are loaded together, a vector of them or one.
template <class T, int SIZE>
struct alignas(SIZE * sizeof(T)) Unit {
  T values[SIZE];
};

template <int SIZE, class T>
__device__ inline Unit<T, SIZE> load_unit(const T* row, long long unit) {
  return reinterpret_cast<const Unit<T, SIZE>*>(row)[unit];
}

template <class T, int SIZE>
__device__ inline void store_unit(T* row, long long unit, const Unit<T, SIZE>& x) {
  reinterpret_cast<Unit<T, SIZE>*>(row)[unit] = x;
}

// The part of a matrix that is a thread's. The columns are cut into tiles of `width` units, the
// rows are dealt out to chunks; a block takes a tile of a chunk, `abreast` rows at once.
struct Part {
  int width;
  int abreast;
  int across;
  int down;
  long long unit;
  long long chunk;
  long long first_row;
  long long row_step;
  bool idle;

  __device__ Part(long long units, long long chunks, long long work) {
    const long long tiles = tiles_of(units);
    width = static_cast<int>((units + tiles - 1) / tiles);
    abreast = COLUMN_THREADS / width;
    across = threadIdx.x % width;
    down = threadIdx.x / width;
    unit = work % tiles * width + across;
    chunk = work / tiles;
    first_row = chunk * abreast + down;
    row_step = chunks * abreast;
    idle = down >= abreast || unit >= units;
  }

  __device__ static long long tiles_of(long long units) { return (units + WIDEST - 1) / WIDEST; }
};

// Sum over the rows of each chunk, always in the same order: `term.add(row, unit, sums)` adds what
// a row has in a unit, after `term.begin(unit)`. The result has a row for each chunk.
template <int SIZE, class C, class Term, class Result>
__device__ inline void sum_rows(Term term, Result* out, long long rows, long long units,
                                long long chunks) {
  __shared__ C partial[SIZE][COLUMN_THREADS];
  for (long long work = blockIdx.x; work < Part::tiles_of(units) * chunks; work += gridDim.x) {
    const Part part(units, chunks, work);
    C sums[SIZE] = {};
    if (!part.idle) {
      term.begin(part.unit);
#pragma unroll 4
      for (long long row = part.first_row; row < rows; row += part.row_step) {
        term.add(row, part.unit, sums);
      }
    }
#pragma unroll
    for (int k = 0; k < SIZE; ++k) partial[k][threadIdx.x] = sums[k];
    for (int left = part.abreast; left > 1; left = (left + 1) / 2) {
      const int half = (left + 1) / 2;
      __syncthreads();
      if (part.down < left - half) {
#pragma unroll
        for (int k = 0; k < SIZE; ++k) {
          partial[k][threadIdx.x] += partial[k][threadIdx.x + half * part.width];
        }
      }
    }
    if (part.down == 0 && !part.idle) {
      const long long place = (part.chunk * units + part.unit) * SIZE;
#pragma unroll
      for (int k = 0; k < SIZE; ++k) out[place + k] = Result(partial[k][threadIdx.x]);
    }
    __syncthreads();  // all has been read before the next part is written
  }
}

}  // namespace gpugrad
