// Cross entropy over the rows of a matrix, and its gradient in the same pass.
//
// What is not asked for is a null pointer: the losses of the rows, the sums of the losses of each
// block's rows, and the gradient. The gradient is that of the sum of the losses, each times
// `share`, and times `dloss`, if there is one: a number, or one for each row.
#include "powers.cuh"
#include "rows.cuh"

namespace gpugrad {

template <class T>
__device__ inline computed_t<T> sensitivity(double share, const T* dloss, long long is_of_rows,
                                            long long row) {
  using C = computed_t<T>;
  const C scale = static_cast<C>(share);
  return dloss ? scale * static_cast<C>(dloss[is_of_rows ? row : 0]) : scale;
}

// Write the sum of what the threads of each block have: always in the same order.
__device__ inline void write_sum(double total, double* sums) {
  if (!sums) return;
  total = block_reduce(total, Sum());
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

__device__ inline long long read_label(const void* labels, long long bytes, long long row) {
  return bytes == sizeof(int) ? static_cast<const int*>(labels)[row]
                              : static_cast<const long long*>(labels)[row];
}

// -Σ y log softmax(logits) = w log Σ exp(z) - Σ y z, with z = logits - greatest and w = Σ y. The
// targets y are as many as the logits (IS_SOFT), or integers that say which one is 1: each of
// `label_bytes`; one that says none gives NaN.
template <class T, bool IS_SOFT, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    logit_cross_entropy(const T* logits, const void* targets, long long label_bytes, T* losses,
                        double* sums, T* gradient, double share, const T* dloss,
                        long long is_of_rows, long long rows, long long columns,
                        long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  const T* const soft = IS_SOFT ? static_cast<const T*>(targets) : nullptr;
  const bool has_loss = losses || sums;
  double total = 0;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, IS_SOFT ? 2 : 1, THREADS> row(team, r, columns, capacity, logits, soft);
    PowerSum<T> powers;
    C weight = 0;
    row.read([&](int, const auto& piece) {
      powers.add(piece.values[0]);
      if constexpr (IS_SOFT) {
#pragma unroll
        for (int j = 0; j < piece.size; ++j) weight += static_cast<C>(piece.values[1][j]);
      }
    });
    powers.combine(team);
    const C greatest = powers.greatest;
    const C sum = powers.sum_or_nan();

    int label = -1;
    C product = 0;  // Σ y z
    if constexpr (IS_SOFT) {
      weight = team.reduce(weight, Sum());
    } else {
      const long long given = read_label(targets, label_bytes, r);
      const bool is_class = given >= 0 && given < columns;
      weight = is_class ? C(1) : C(not_a_number());
      if (is_class) {
        label = static_cast<int>(given);
        product = static_cast<C>(logits[r * columns + label]) - greatest;
      }
    }

    if (gradient || (IS_SOFT && has_loss)) {
      const C scale = sensitivity(share, dloss, is_of_rows, r);
      const C weight_of_power = quotient(weight, sum);
      T* const out = gradient + r * columns;
      row.read_again([&](int i, auto piece) {
#pragma unroll
        for (int j = 0; j < piece.size; ++j) {
          const C value = static_cast<C>(piece.values[0][j]);
          C target;
          if constexpr (IS_SOFT) {
            target = static_cast<C>(piece.values[1][j]);
            // A logit of -∞ has no part where y = 0.
            if (target != 0) product += target * (value - greatest);
          } else {
            target = i + j == label ? 1 : 0;
          }
          const C change = power<T>(value, greatest) * weight_of_power - target;
          piece.values[0][j] = static_cast<T>(scale * change);
        }
        if (gradient) write_piece(out + i, piece.values[0]);
      });
    }

    if (!has_loss) continue;
    if (IS_SOFT) product = team.reduce(product, Sum());
    const C loss = weight * log(sum) - product;
    if (team.rank == 0) {
      if (losses) losses[r] = static_cast<T>(loss);
      total += loss;
    }
  }
  write_sum(total, sums);
}

// -Σ y log(p + ε), of probabilities p.
template <class T, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    cross_entropy(const T* probabilities, const T* targets, double epsilon, T* losses, double* sums,
                  T* gradient, double share, const T* dloss, long long is_of_rows, long long rows,
                  long long columns, long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  const C shift = static_cast<C>(epsilon);
  const bool has_loss = losses || sums;
  double total = 0;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 2, THREADS> row(team, r, columns, capacity, probabilities, targets);
    const C scale = gradient ? sensitivity(share, dloss, is_of_rows, r) : C(0);
    T* const out = gradient + r * columns;
    C product = 0;  // Σ y log(p + ε)
    row.read([&](int i, auto piece) {
#pragma unroll
      for (int j = 0; j < piece.size; ++j) {
        const C shifted = static_cast<C>(piece.values[0][j]) + shift;
        const C target = static_cast<C>(piece.values[1][j]);
        if (has_loss) product += target * log(shifted);
        piece.values[0][j] = static_cast<T>(-scale * target / shifted);
      }
      if (gradient) write_piece(out + i, piece.values[0]);
    });

    if (!has_loss) continue;
    product = team.reduce(product, Sum());
    if (team.rank == 0) {
      if (losses) losses[r] = static_cast<T>(-product);
      total -= product;
    }
  }
  write_sum(total, sums);
}

// The sum of the blocks' sums, times `share`, by one block.
template <class T>
__global__ void aggregate_losses(const double* sums, T* loss, long long count, double share) {
  double total = 0;
  for (long long i = threadIdx.x; i < count; i += blockDim.x) total += sums[i];
  total = block_reduce(total, Sum());
  if (threadIdx.x == 0) *loss = static_cast<T>(static_cast<computed_t<T>>(total * share));
}

// Multiply a gradient by dloss, times `share`, unless that is 1.
template <class T>
__global__ void scale_gradient(T* gradient, const T* dloss, double share, long long size) {
  using C = computed_t<T>;
  const C scale = sensitivity(share, dloss, 0, 0);
  if (scale == 1) return;
  constexpr int SIZE = Vector<T>::size;
  const long long first = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long v = first; v < size / SIZE; v += stride) {
    Vector<T> values = load_vector(gradient + v * SIZE);
#pragma unroll
    for (int j = 0; j < SIZE; ++j) {
      values.values[j] = static_cast<T>(scale * static_cast<C>(values.values[j]));
    }
    store_vector(gradient + v * SIZE, values);
  }
  for (long long i = size / SIZE * SIZE + first; i < size; i += stride) {
    gradient[i] = static_cast<T>(scale * static_cast<C>(gradient[i]));
  }
}

}  // namespace gpugrad
