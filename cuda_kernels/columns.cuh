// How blocks go through a matrix so that each thread stays in its columns, and sum over its rows.
#pragma once

#include "common.cuh"

namespace gpugrad {

constexpr int COLUMN_THREADS = 256;
constexpr int WIDEST = 32;  // units of a row that a block has at once: 512 bytes of it, of vectors

// A row is cut into units: vectors, or single numbers.

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

// How many rows a thread reads before it waits for the first of them.
inline constexpr int ROWS_AT_ONCE = 4;

// Call visit(row, read(row)) for each row of a part, several of which are read at once.
template <class Item, class Read, class Visit>
__device__ inline void each_row(const Part& part, long long rows, Read read, Visit visit) {
  const long long step = part.row_step;
  for (long long first = part.first_row; first < rows; first += ROWS_AT_ONCE * step) {
    Item items[ROWS_AT_ONCE];
#pragma unroll
    for (int i = 0; i < ROWS_AT_ONCE; ++i) {
      if (first + i * step < rows) items[i] = read(first + i * step);
    }
#pragma unroll
    for (int i = 0; i < ROWS_AT_ONCE; ++i) {
      if (first + i * step < rows) visit(first + i * step, items[i]);
    }
  }
}

// Sum over the rows of each chunk, always in the same order: `term.add(item, row, unit, sums)` adds
// what a row has in a unit, which `term.read(row, unit)` returned, after `term.begin(unit)`. The
// result has a row for each chunk.
template <int SIZE, class C, class Term, class Result>
__device__ inline void sum_rows(Term term, Result* out, long long rows, long long units,
                                long long chunks) {
  using Item = typename Term::Item;
  __shared__ C partial[SIZE][COLUMN_THREADS];
  for (long long work = blockIdx.x; work < Part::tiles_of(units) * chunks; work += gridDim.x) {
    const Part part(units, chunks, work);
    C sums[SIZE] = {};
    if (!part.idle) {
      term.begin(part.unit);
      each_row<Item>(
          part, rows, [&](long long row) { return term.read(row, part.unit); },
          [&](long long row, const Item& item) { term.add(item, row, part.unit, sums); });
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
