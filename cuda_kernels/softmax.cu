// Softmax, its logarithm and log Σ eˣ over the rows of a matrix, and the ways back.
#include "rows.cuh"

namespace gpugrad {

// y = exp(x) / Σ exp(x), or its logarithm.
//
// With a `factor` for each row, y is times that, and infinite terms, if they are the greatest,
// alone count: so it is the gradient of log Σ exp(x).
template <class T, bool LOGARITHM, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    softmax(const T* x, const T* factor, T* y, long long rows, long long columns,
            long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 1, THREADS> row(team, r, columns, capacity, x);
    PowerSum<T> powers;
    row.read([&](int, const auto& piece) { powers.add(piece.values[0]); });
    powers.combine(team);

    const C greatest = powers.greatest;
    const C log_sum = LOGARITHM ? log(powers.sum_or_nan()) : C(0);
    const C scale = factor ? quotient(static_cast<C>(factor[r]), powers.sum)
                           : quotient(C(1), powers.sum_or_nan());
    T* const out = y + r * columns;
    row.read_again([&](int i, auto piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) {
        const C value = static_cast<C>(piece.values[0][j]);
        piece.values[0][j] = static_cast<T>(LOGARITHM ? value - greatest - log_sum
                                                      : power<T>(value, greatest) * scale);
      }
      store_piece(out + i, piece.values[0]);
    });
  }
}

// dx = y (dy - Σ y dy), or of the logarithm y: dx = dy - exp(y) Σ dy.
template <class T, bool LOGARITHM, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    softmax_back(const T* y, const T* dy, T* dx, long long rows, long long columns,
                 long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 2, THREADS> row(team, r, columns, capacity, y, dy);
    C sum = 0;
    row.read([&](int, const auto& piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) {
        const C change = static_cast<C>(piece.values[1][j]);
        sum += LOGARITHM ? change : static_cast<C>(piece.values[0][j]) * change;
      }
    });
    sum = team.reduce(sum, Sum());

    T* const out = dx + r * columns;
    row.read_again([&](int i, auto piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) {
        const C value = static_cast<C>(piece.values[0][j]);
        const C change = static_cast<C>(piece.values[1][j]);
        piece.values[0][j] =
            static_cast<T>(LOGARITHM ? change - power<T>(value, 0) * sum : value * (change - sum));
      }
      store_piece(out + i, piece.values[0]);
    });
  }
}

// y = log Σ exp(x)
template <class T, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    logsumexp(const T* x, T* y, long long rows, long long columns) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 1, THREADS> row(team, r, columns, 0, x);
    PowerSum<T> powers;
    row.read([&](int, const auto& piece) { powers.add(piece.values[0]); });
    powers.combine(team);
    const C greatest = powers.greatest;
    if (team.rank == 0)
      y[r] = static_cast<T>(isinf(greatest) ? greatest : greatest + log(powers.sum));
  }
}

}  // namespace gpugrad
