// What kernels over the rows of matrices share: who works on a row, how it is read, and the maximum
// and sum that a softmax is made of.
#pragma once

#include "common.cuh"

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
// to wait for. The rest is read again beginning with what was read last, which the L2 cache may
// have. It is read by vectors, aligned in the first matrix, and single elements before the first
// and behind the last of these; the second matrix may begin anywhere.
template <class T, int MATRICES, int THREADS>
struct Row {
  static constexpr int SIZE = Vector<T>::size;
  // How many vectors of each matrix a thread waits for at a time: two in all, but one of a single
  // matrix of 16-bit numbers, of which a vector has eight, and computing with them takes registers.
  static constexpr int BATCH = MATRICES == 1 && sizeof(T) > 2 ? 2 : 1;
  const T* starts[MATRICES];
  const Team<THREADS>& team;
  Vector<T>* kept;  // the team's part of the shared memory
  int capacity;     // how many vectors of each matrix it takes
  int head;         // elements before the first vector
  int vectors;
  int columns;

  __device__ Row(const Team<THREADS>& team, long long row, long long length, long long capacity,
                 const T* first, const T* second = nullptr)
      : team(team), capacity(static_cast<int>(capacity)), columns(static_cast<int>(length)) {
    extern __shared__ __align__(16) unsigned char shared_bytes[];
    kept = reinterpret_cast<Vector<T>*>(shared_bytes) + team.place * this->capacity * MATRICES;
    starts[0] = first + row * length;
    if constexpr (MATRICES == 2) starts[1] = second + row * length;
    const auto address = reinterpret_cast<unsigned long long>(starts[0]);
    head = static_cast<int>((0 - address) % VECTOR_BYTES / sizeof(T));
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
  template <bool FIRST_TIME, class Visit>
  __device__ void each_piece(Visit visit) const {
    const int count = (vectors - team.rank + team.size - 1) / team.size;  // of this thread
#pragma unroll 1  // what is in flight is the batch; more would only take registers
    for (int start = 0; start < count; start += BATCH) {
      Piece<T, MATRICES, SIZE> pieces[BATCH];
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        if (start + k < count) load<FIRST_TIME>(vector<FIRST_TIME>(start + k, count), pieces[k]);
      }
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        if (start + k >= count) break;
        const int v = vector<FIRST_TIME>(start + k, count);
        if (FIRST_TIME && v < capacity) keep(v, pieces[k]);
        visit(head + v * SIZE, pieces[k]);
      }
    }
    each_single(visit);
  }

  // Return the place of this thread's k-th vector.
  template <bool FIRST_TIME>
  __device__ int vector(int k, int count) const {
    return team.rank + (FIRST_TIME ? k : count - 1 - k) * team.size;
  }

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

  template <bool FIRST_TIME>
  __device__ void load(int v, Piece<T, MATRICES, SIZE>& piece) const {
    const bool is_kept = !FIRST_TIME && v < capacity;
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) {
      load_piece(is_kept ? kept[m * capacity + v].values : starts[m] + head + v * SIZE,
                 piece.values[m]);
    }
  }

  __device__ void keep(int v, const Piece<T, MATRICES, SIZE>& piece) const {
#pragma unroll
    for (int m = 0; m < MATRICES; ++m) store_piece(kept[m * capacity + v].values, piece.values[m]);
  }
};

// a / b, but for the last bit or two: a division that rounds needs many more registers.
__device__ inline float quotient(float a, float b) { return __fdividef(a, b); }
__device__ inline double quotient(double a, double b) { return a / b; }

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
