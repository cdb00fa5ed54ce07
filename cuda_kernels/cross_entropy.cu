// Cross entropy over the rows of a matrix or along the middle axis of an array, and its gradient in
// the same pass.
//
// What is not asked for is a null pointer: the losses of the rows, their sum times `loss_share`,
// and the gradient. That is the gradient of the sum of the losses, each times `share`, and times
// `dloss`, if there is one: a number, or one for each row. Several blocks write each its own sum,
// and a second launch adds these, always in the same order.
#include "middle.cuh"
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

template <class T>
__device__ inline void set_loss(T* loss, double total, double share) {
  *loss = static_cast<T>(static_cast<computed_t<T>>(total * share));
}

// Write the sum of what all threads have.
template <class T>
__device__ inline void write_loss(double total, T* loss, double share, double* sums) {
  if (!loss) return;
  total = block_reduce(total, Sum());
  if (threadIdx.x > 0) return;
  if (gridDim.x > 1) {
    sums[blockIdx.x] = total;
  } else {
    set_loss(loss, total, share);
  }
}

// Return which class the label of a row names, an integer of `bytes`; -1 where it names none.
__device__ inline int read_label(const void* labels, long long bytes, long long row,
                                 long long classes) {
  const long long label = bytes == sizeof(int) ? static_cast<const int*>(labels)[row]
                                               : static_cast<const long long*>(labels)[row];
  return label >= 0 && label < classes ? static_cast<int>(label) : -1;
}

// What a label counts; all that comes of one that names no class is NaN.
template <class C>
__device__ inline C weight_of(int label) {
  return label < 0 ? C(not_a_number()) : C(1);
}

// -Σ y log softmax(logits) = w log Σ exp(z) - Σ y z, with z = logits - greatest and w = Σ y. The
// targets y are as many as the logits (IS_SOFT), or labels that say which one is 1.
template <class T, bool IS_SOFT, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    logit_cross_entropy(const T* logits, const void* targets, long long label_bytes, T* losses,
                        T* loss, double loss_share, double* sums, T* gradient, double share,
                        const T* dloss, long long is_of_rows, long long rows, long long columns,
                        long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  const T* const soft = IS_SOFT ? static_cast<const T*>(targets) : nullptr;
  const bool has_loss = losses || loss;
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
      label = read_label(targets, label_bytes, r, columns);
      weight = weight_of<C>(label);
      if (label >= 0) product = static_cast<C>(logits[r * columns + label]) - greatest;
    }

    if (gradient || (IS_SOFT && has_loss)) {
      const C scale = sensitivity(share, dloss, is_of_rows, r);
      const C weight_of_power = quotient(weight, sum);
      T* const out = gradient + r * columns;
      row.read_again([&](int i, auto& piece) {
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
    const C value = weight * log(sum) - product;
    if (team.rank == 0) {
      if (losses) losses[r] = static_cast<T>(value);
      total += value;
    }
  }
  write_loss(total, loss, loss_share, sums);
}

// The same by labels, along a middle axis.
template <class T, int SIZE>
__global__ void __launch_bounds__(MIDDLE_THREADS, MIDDLE_BLOCKS)
    logit_cross_entropy_middle(const T* logits, const void* labels, long long label_bytes,
                               T* losses, T* loss, double loss_share, double* sums, T* gradient,
                               double share, const T* dloss, long long is_of_columns,
                               long long outer, long long length, long long inner, long long width,
                               long long capacity) {
  using C = computed_t<T>;
  const Stack<SIZE> stack(outer, inner, width);
  const bool has_loss = losses || loss;
  double total = 0;
  for (long long c = stack.first_column; c < stack.columns; c += stack.stride) {
    const Columns<T, 1, SIZE> columns(stack, c, length, capacity, logits);
    PowerSum<T> powers[SIZE];
    columns.add_powers(powers);
    combine(stack, powers);
    if (!columns.exists) continue;

    int label[SIZE];
    C factor[SIZE];  // of the powers, in the gradient
#pragma unroll
    for (int j = 0; j < SIZE; ++j) {
      const long long column = columns.first + j;
      label[j] = read_label(labels, label_bytes, column, length);
      const C weight = weight_of<C>(label[j]), sum = powers[j].sum_or_nan();
      factor[j] = sensitivity(share, dloss, is_of_columns, column) * quotient(weight, sum);
      if (has_loss && stack.rank == 0) {
        C value = weight * log(sum);
        if (label[j] >= 0) {
          value -= static_cast<C>(logits[columns.index(label[j]) + j]) - powers[j].greatest;
        }
        if (losses) losses[column] = static_cast<T>(value);
        total += value;
      }
    }
    if (!gradient) continue;
    columns.read_again([&](int row, auto& piece) {
#pragma unroll
      for (int j = 0; j < SIZE; ++j) {
        const C value = static_cast<C>(piece.values[0][j]);
        C change = power<T>(value, powers[j].greatest) * factor[j];
        if (row == label[j]) change -= sensitivity(share, dloss, is_of_columns, columns.first + j);
        piece.values[0][j] = static_cast<T>(change);
      }
      stream_vector(gradient + columns.index(row), piece.values[0]);
    });
  }
  write_loss(total, loss, loss_share, sums);
}

// -Σ y log(p + ε), of probabilities p.
template <class T, int THREADS>
__global__ void __launch_bounds__(MAX_THREADS<THREADS>, MIN_BLOCKS<THREADS>)
    cross_entropy(const T* probabilities, const T* targets, double epsilon, T* losses, T* loss,
                  double loss_share, double* sums, T* gradient, double share, const T* dloss,
                  long long is_of_rows, long long rows, long long columns, long long capacity) {
  using C = computed_t<T>;
  const Team<THREADS> team;
  const C shift = static_cast<C>(epsilon);
  const bool has_loss = losses || loss;
  double total = 0;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, 2, THREADS> row(team, r, columns, capacity, probabilities, targets);
    const C scale = gradient ? sensitivity(share, dloss, is_of_rows, r) : C(0);
    T* const out = gradient + r * columns;
    C product = 0;  // Σ y log(p + ε)
    row.read([&](int i, auto& piece) {
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
  write_loss(total, loss, loss_share, sums);
}

// The sum of the blocks' sums, times `share`, by one block.
template <class T>
__global__ void aggregate_losses(const double* sums, T* loss, long long count, double share) {
  double total = 0;
  for (long long i = threadIdx.x; i < count; i += blockDim.x) total += sums[i];
  total = block_reduce(total, Sum());
  if (threadIdx.x == 0) set_loss(loss, total, share);
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
      values[j] = static_cast<T>(scale * static_cast<C>(values[j]));
    }
    store_vector(gradient + v * SIZE, values);
  }
  for (long long i = size / SIZE * SIZE + first; i < size; i += stride) {
    gradient[i] = static_cast<T>(scale * static_cast<C>(gradient[i]));
  }
}

}  // namespace gpugrad
