// What a thread reads of arrays twice, piece by piece.
#pragma once

#include "common.cuh"

namespace gpugrad {

// Neighbouring elements of an array, and of a second one if there is one.
template <class T, int ARRAYS, int SIZE>
struct Piece {
  static constexpr int size = SIZE;
  Vector<T, SIZE> values[ARRAYS];
};

// A thread's pieces of an array or of two. They are read twice, but what there is room for only
// once from where it is: the thread keeps it in shared memory, and as no other reads that, there is
// nothing to wait for. The rest is read again beginning with what was read last, which a cache may
// have. The first array's are aligned; the second's may begin anywhere, unless BOTH_ALIGNED.
template <class T, int ARRAYS, int SIZE, bool BOTH_ALIGNED>
struct Pieces {
  // How many a thread waits for at a time: two vectors in all, but one of a single array of 16-bit
  // numbers, of which a vector has eight, and computing with them takes registers; or four numbers.
  static constexpr int BATCH = SIZE == 1 ? 4 : ARRAYS == 1 && sizeof(T) > 2 ? 2 : 1;

  const T* starts[ARRAYS];
  long long step;  // elements from one to the next
  int count;
  Vector<T, SIZE>* kept;
  int stride;    // vectors from one that is kept to the next
  int capacity;  // how many there is room for, of each array

  // Call visit(number, piece) for each.
  template <class Visit>
  __device__ void read(Visit visit) const {
    each<true>(visit);
  }

  template <class Visit>
  __device__ void read_again(Visit visit) const {
    each<false>(visit);
  }

 private:
  template <bool FIRST_TIME, class Visit>
  __device__ void each(Visit visit) const {
#pragma unroll 1  // what is in flight is the batch; more would only take registers
    for (int start = 0; start < count; start += BATCH) {
      Piece<T, ARRAYS, SIZE> pieces[BATCH];
#pragma unroll
      for (int i = 0; i < BATCH; ++i) {
        if (start + i < count) load<FIRST_TIME>(place<FIRST_TIME>(start + i), pieces[i]);
      }
#pragma unroll
      for (int i = 0; i < BATCH; ++i) {
        if (start + i >= count) break;
        const int k = place<FIRST_TIME>(start + i);
        if (FIRST_TIME && k < capacity) keep(k, pieces[i]);
        visit(k, pieces[i]);
      }
    }
  }

  template <bool FIRST_TIME>
  __device__ int place(int k) const {
    return FIRST_TIME ? k : count - 1 - k;
  }

  template <bool FIRST_TIME>
  __device__ void load(int k, Piece<T, ARRAYS, SIZE>& piece) const {
    if (!FIRST_TIME && k < capacity) {
#pragma unroll
      for (int a = 0; a < ARRAYS; ++a) piece.values[a] = kept[(a * capacity + k) * stride];
    } else {
      piece.values[0] = load_vector<SIZE>(starts[0] + k * step);
      if constexpr (ARRAYS == 2) {
        const T* const second = starts[1] + k * step;
        piece.values[1] = BOTH_ALIGNED ? load_vector<SIZE>(second) : load_unaligned<SIZE>(second);
      }
    }
  }

  __device__ void keep(int k, const Piece<T, ARRAYS, SIZE>& piece) const {
#pragma unroll
    for (int a = 0; a < ARRAYS; ++a) kept[(a * capacity + k) * stride] = piece.values[a];
  }
};

}  // namespace gpugrad
