// What kernels over the rows of matrices share: who works on a row, how it is read, and the maximum
// and sum that a softmax is made of.
#pragma once

#include "common.cuh"

namespace gpugrad {

// Of a block that is one team, and of one whose warps are.
template <bool IS_BLOCK>
constexpr int MAX_THREADS = IS_BLOCK ? 1024 : 8 * WARP;

constexpr int BATCH = 2;  // vectors of each matrix that a thread waits for at a time

// The threads that work on a row together, a block or a warp of it, and the rows that are theirs.
template <bool IS_BLOCK>
struct Team {
  const int rank = IS_BLOCK ? threadIdx.x : threadIdx.x % WARP;
  const int size = IS_BLOCK ? blockDim.x : WARP;
  const int place = IS_BLOCK ? 0 : threadIdx.x / WARP;  // among the teams of the block
  const int teams = IS_BLOCK ? 1 : blockDim.x / WARP;
  const long long first_row = static_cast<long long>(blockIdx.x) * teams + place;
  const long long stride = static_cast<long long>(gridDim.x) * teams;

  template <class T, class Combine>
  __device__ T reduce(T value, Combine combine) const {
    if constexpr (IS_BLOCK) {
      return block_reduce(value, combine);
    } else {
      return warp_reduce(value, combine);
    }
  }
};

// Neighbouring elements of a row, `size` of each matrix.
template <class T, int MATRICES, int SIZE>
struct Piece {
  static constexpr int size = SIZE;
  T values[MATRICES][SIZE];
};

template <class T, int SIZE>
__device__ inline void load_piece(const T* p, T (&values)[SIZE]) {
  if (SIZE == Vector<T>::size && is_aligned(p)) {
    const Vector<T> v = load_vector(p);
#pragma unroll
    for (int j = 0; j < SIZE; ++j) values[j] = v.values[j];
  } else {
#pragma unroll
    for (int j = 0; j < SIZE; ++j) values[j] = p[j];
  }
}

template <class T, int SIZE>
__device__ inline void store_piece(T* p, const T (&values)[SIZE]) {
  if (SIZE == Vector<T>::size && is_aligned(p)) {
    Vector<T> v;
#pragma unroll
    for (int j = 0; j < SIZE; ++j) v.values[j] = values[j];
    store_vector(p, v);
  } else {
#pragma unroll
    for (int j = 0; j < SIZE; ++j) p[j] = values[j];
  }
}

// One row of a matrix, or of two. It is read twice, but what the team has room for only once from
// where it is: each thread keeps in shared memory what it will read again, so that there is nothing
// to wait for. It is read by vectors, aligned in the first matrix, and single elements before the
// first and behind the last of these; the
// second one may begin anywhere.
template <class T, int MATRICES, bool IS_BLOCK>
struct Row {
  static constexpr int SIZE = Vector<T>::size;
  const T* starts[MATRICES];
  const Team<IS_BLOCK>& team;
  Vector<T>* kept;     // the team's part of the shared memory
  long long capacity;  // how many vectors of each matrix it takes
  long long head;      // elements before the first vector
  long long vectors;
  long long columns;

  __device__ Row(const Team<IS_BLOCK>& team, long long row, long long columns, long long capacity,
                 const T* first, const T* second = nullptr)
      : team(team), capacity(capacity), columns(columns) {
    extern __shared__ __align__(16) unsigned char shared_bytes[];
    kept = reinterpret_cast<Vector<T>*>(shared_bytes) + team.place * capacity * MATRICES;
    starts[0] = first + row * columns;
    if constexpr (MATRICES == 2) starts[1] = second + row * columns;
    const auto address = reinterpret_cast<unsigned long long>(starts[0]);
    head = (0 - address) % VECTOR_BYTES / sizeof(T);
    if (head > columns) head = columns;
    vectors = (columns - head) / SIZE;
  }

  // Call visit(index, piece) for each piece of the row that is this thread's.
  template <class Visit>
  __device__ void read(Visit visit) const {
    each_piece<true>(visit);
  }

  template <class Visit>
  __device__ void read_again(Visit visit) const {
    each_piece<false>(visit);
  }

 private:
  template <bool KEEP, class Visit>
  __device__ void each_piece(Visit visit) const {
    each_element(0, head, visit);
    for (long long first = team.rank; first < vectors; first += BATCH * team.size) {
      Piece<T, MATRICES, SIZE> pieces[BATCH];
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        const long long v = first + k * team.size;
        if (v < vectors) load<KEEP>(v, pieces[k]);
      }
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        const long long v = first + k * team.size;
        if (v < vectors) {
          if (KEEP && v < capacity) keep(v, pieces[k]);
          visit(head + v * SIZE, pieces[k]);
        }
      }
    }
    each_element(head + vectors * SIZE, columns, visit);
  }

  template <class Visit>
  __device__ void each_element(long long begin, long long end, Visit visit) const {
    for (long long i = begin + team.rank; i < end; i += team.size) {
      Piece<T, MATRICES, 1> element;
#pragma unroll
      for (int m = 0; m < MATRICES; ++m) element.values[m][0] = starts[m][i];
      visit(i, element);
    }
  }

  template <bool FIRST_TIME>
  __device__ void load(long long v, Piece<T, MATRICES, SIZE>& piece) const {
    const bool is_kept = !FIRST_TIME && v < capacity;
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) {
      load_piece(is_kept ? kept[m * capacity + v].values : starts[m] + head + v * SIZE,
                 piece.values[m]);
    }
  }

  __device__ void keep(long long v, const Piece<T, MATRICES, SIZE>& piece) const {
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) store_piece(kept[m * capacity + v].values, piece.values[m]);
  }
};

// --- Sums of powers ----------------------------------------------------------------------------

// exp(x - m), and 1 where both are the same infinity. What has 16 bits is not told from it by the
// fast function: its error is some 2^-20 for all differences whose power is a number of 16 bits.
template <class T>
__device__ inline computed_t<T> power(computed_t<T> x, computed_t<T> m) {
  if (x == m) return 1;
  if constexpr (sizeof(T) == 2) {
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

  template <int SIZE>
  __device__ void add(const T (&values)[SIZE]) {
    C next = greatest;
#pragma unroll
    for (int j = 0; j < SIZE; ++j) next = Max()(next, static_cast<C>(values[j]));
    sum *= power<T>(greatest, next);
#pragma unroll
    for (int j = 0; j < SIZE; ++j) sum += power<T>(static_cast<C>(values[j]), next);
    greatest = next;
  }

  // Make it that of the whole row.
  template <class Team>
  __device__ void combine(const Team& team) {
    const C own = greatest;
    greatest = team.reduce(own, Max());
    sum = team.reduce(sum * power<T>(own, greatest), Sum());
  }

  // The softmax of a row with an infinite maximum is no number.
  __device__ C sum_or_nan() const { return isinf(greatest) ? C(not_a_number()) : sum; }
};

}  // namespace gpugrad
