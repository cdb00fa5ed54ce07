// Softmax, its logarithm and log Σ exp(x) over the rows of a matrix or along the middle axis of an
// array, and the ways back.
#include "middle.cuh"
#include "powers.cuh"
#include "rows.cuh"

namespace gpugrad {

// --- What becomes of an element --------------------------------------------------------------

// y = exp(x) / Σ exp(x), or its logarithm.
template <class T, bool LOGARITHM>
struct Softmax {
  using C = computed_t<T>;
  C greatest;
  C normaliser;  // log Σ exp(x - greatest), or what the powers are multiplied by

  // With a `factor`, y is times that, and infinite terms, if they are the greatest, alone count: so
  // it is the gradient of log Σ exp(x). Where all terms are -∞, a `masked` softmax is 0.
  __device__ void set(const PowerSum<T>& powers, const T* factor, bool masked) {
    greatest = powers.greatest;
    if (LOGARITHM) {
      normaliser = log(powers.sum_or_nan());
    } else if (factor) {
      normaliser = quotient(static_cast<C>(*factor), powers.sum);
    } else {
      const bool empty = masked && greatest == -infinity();
      normaliser = empty ? C(0) : quotient(C(1), powers.sum_or_nan());
    }
  }

  __device__ T operator()(T x) const {
    const C value = static_cast<C>(x);
    return static_cast<T>(LOGARITHM ? value - greatest - normaliser
                                    : power<T>(value, greatest) * normaliser);
  }
};

// dx = y (dy - Σ y dy), or of the logarithm y: dx = dy - exp(y) Σ dy.
template <class T, bool LOGARITHM>
struct SoftmaxBack {
  using C = computed_t<T>;

  __device__ static C term(T y, T dy) {
    return LOGARITHM ? static_cast<C>(dy) : static_cast<C>(y) * static_cast<C>(dy);
  }

  __device__ static T gradient(T y, T dy, C sum) {
    const C value = static_cast<C>(y), change = static_cast<C>(dy);
    return static_cast<T>(LOGARITHM ? change - power<T>(value, 0) * sum : value * (change - sum));
  }
};

template <class T>
__device__ inline T log_of(const PowerSum<T>& powers) {
  const auto greatest = powers.greatest;
  return static_cast<T>(isinf(greatest) ? greatest : greatest + log(powers.sum));
}

// --- Over rows -------------------------------------------------------------------------------

// The softmax of each row; with `factor`, for each row one, the gradient of logsumexp.
template <class T, bool LOGARITHM, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    softmax(const T* x, const T* factor, T* y, long long masked, long long rows, long long columns,
            long long capacity) {
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 1, THREADS> row(team, r, columns, capacity, x);
    PowerSum<T> powers;
    row.read([&](int, const auto& piece) { powers.add(piece.values[0]); });
    powers.combine(team);

    Softmax<T, LOGARITHM> softmax;
    softmax.set(powers, factor ? factor + r : nullptr, masked);
    T* const out = y + r * columns;
    row.read_again([&](int i, auto& piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) piece.values[0][j] = softmax(piece.values[0][j]);
      write_piece(out + i, piece.values[0]);
    });
  }
}

template <class T, bool LOGARITHM, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    softmax_back(const T* y, const T* dy, T* dx, long long rows, long long columns,
                 long long capacity) {
  using Back = SoftmaxBack<T, LOGARITHM>;
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 2, THREADS> row(team, r, columns, capacity, y, dy);
    computed_t<T> sum = 0;
    row.read([&](int, const auto& piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j)
        sum += Back::term(piece.values[0][j], piece.values[1][j]);
    });
    sum = team.reduce(sum, Sum());

    T* const out = dx + r * columns;
    row.read_again([&](int i, auto& piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) {
        piece.values[0][j] = Back::gradient(piece.values[0][j], piece.values[1][j], sum);
      }
      write_piece(out + i, piece.values[0]);
    });
  }
}

// y = log Σ exp(x)
template <class T, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    logsumexp(const T* x, T* y, long long rows, long long columns) {
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 1, THREADS> row(team, r, columns, 0, x);
    PowerSum<T> powers;
    row.read([&](int, const auto& piece) { powers.add(piece.values[0]); });
    powers.combine(team);
    if (team.rank == 0) y[r] = log_of(powers);
  }
}

// --- Along a middle axis ---------------------------------------------------------------------

template <class T, bool LOGARITHM, int SIZE>
__global__ void __launch_bounds__(MIDDLE_THREADS, MIDDLE_BLOCKS)
    softmax_middle(const T* x, const T* factor, T* y, long long masked, long long outer,
                   long long length, long long inner, long long width, long long capacity) {
  const Stack<SIZE> stack(outer, inner, width);
  for (long long c = stack.first_column; c < stack.columns; c += stack.stride) {
    const Columns<T, 1, SIZE> columns(stack, c, length, capacity, x);
    PowerSum<T> powers[SIZE];
    columns.add_powers(powers);
    combine(stack, powers);

    Softmax<T, LOGARITHM> softmax[SIZE];
#pragma unroll
    for (int j = 0; j < SIZE; ++j) {
      const T* const own = factor && columns.exists ? factor + columns.first + j : nullptr;
      softmax[j].set(powers[j], own, masked);
    }
    columns.read_again([&](int row, auto& piece) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) piece.values[0][j] = softmax[j](piece.values[0][j]);
      stream_vector(y + columns.index(row), piece.values[0]);
    });
  }
}

template <class T, bool LOGARITHM, int SIZE>
__global__ void __launch_bounds__(MIDDLE_THREADS, MIDDLE_BLOCKS)
    softmax_back_middle(const T* y, const T* dy, T* dx, long long outer, long long length,
                        long long inner, long long width, long long capacity) {
  using Back = SoftmaxBack<T, LOGARITHM>;
  const Stack<SIZE> stack(outer, inner, width);
  for (long long c = stack.first_column; c < stack.columns; c += stack.stride) {
    const Columns<T, 2, SIZE> columns(stack, c, length, capacity, y, dy);
    Vector<computed_t<T>, SIZE> sums = {};
    columns.read([&](int, const auto& piece) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) sums[j] += Back::term(piece.values[0][j], piece.values[1][j]);
    });
    stack.reduce(sums, Sum());

    columns.read_again([&](int row, auto& piece) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) {
        piece.values[0][j] = Back::gradient(piece.values[0][j], piece.values[1][j], sums[j]);
      }
      stream_vector(dx + columns.index(row), piece.values[0]);
    });
  }
}

template <class T, int SIZE>
__global__ void __launch_bounds__(MIDDLE_THREADS, MIDDLE_BLOCKS)
    logsumexp_middle(const T* x, T* y, long long outer, long long length, long long inner,
                     long long width) {
  const Stack<SIZE> stack(outer, inner, width);
  for (long long c = stack.first_column; c < stack.columns; c += stack.stride) {
    const Columns<T, 1, SIZE> columns(stack, c, length, 0, x);
    PowerSum<T> powers[SIZE];
    columns.add_powers(powers);
    combine(stack, powers);
    if (!columns.exists || stack.rank > 0) continue;
    Vector<T, SIZE> logs;
#pragma unroll
    for (int j = 0; j < SIZE; ++j) logs[j] = log_of(powers[j]);
    store_vector(y + columns.first, logs);
  }
}

}  // namespace gpugrad
