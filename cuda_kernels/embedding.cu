// Rows of a table by their numbers, and their sums back into a table.
#include "common.cuh"

namespace gpugrad {

constexpr int BATCH = 4;  // rows that a thread has under way at once: each waits for its index

// The row that an index means, counted from the end where it is negative; below 0 where it is none.
template <class Index>
__device__ inline long long row_of(Index index, long long rows) {
  const long long row = index < 0 ? index + rows : index;
  return row < rows ? row : -1;
}

// What stands for a row that is none.
template <class T>
__device__ inline void set_missing(T& x) {
  x = T(static_cast<computed_t<T>>(not_a_number()));
}

template <class T>
__device__ inline void set_missing(Vector<T>& x) {
#pragma unroll
  for (int k = 0; k < Vector<T>::size; ++k) set_missing(x.values[k]);
}

// How threads share rows: as many side by side as a row has units, up to a warp.
struct Share {
  long long lane;
  long long lanes = 1;
  long long first;
  long long step;

  __device__ explicit Share(long long units) {
    while (lanes < WARP && lanes < units) lanes *= 2;
    const long long thread = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
    lane = threadIdx.x % lanes;
    first = thread / lanes;
    step = gridDim.x * static_cast<long long>(blockDim.x) / lanes;
  }
};

template <class Unit, class Index>
__device__ inline void gather(const Unit* table, const Index* indices, Unit* out, long long rows,
                              long long stride, long long count, long long units) {
  const Share share(units);
  for (long long start = share.first; start < count; start += BATCH * share.step) {
    long long from[BATCH];
#pragma unroll
    for (int k = 0; k < BATCH; ++k) {
      const long long i = start + k * share.step;
      from[k] = i < count ? row_of(indices[i], rows) : -1;
    }
    for (long long unit = share.lane; unit < units; unit += share.lanes) {
      Unit found[BATCH];
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        if (from[k] >= 0) {
          found[k] = table[from[k] * stride + unit];
        } else {
          set_missing(found[k]);
        }
      }
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        const long long i = start + k * share.step;
        if (i < count) out[i * units + unit] = found[k];
      }
    }
  }
}

// out[i] = table[indices[i]], rows of `width` elements, `stride` from each other in the table.
template <class T, class Index>
__global__ void gather_rows(const T* table, const Index* indices, T* out, long long rows,
                            long long stride, long long count, long long width) {
  constexpr int SIZE = Vector<T>::size;
  const bool in_vectors =
      width % SIZE == 0 && stride % SIZE == 0 && is_aligned(table) && is_aligned(out);
  if (in_vectors) {
    gather(reinterpret_cast<const Vector<T>*>(table), indices, reinterpret_cast<Vector<T>*>(out),
           rows, stride / SIZE, count, width / SIZE);
  } else {
    gather(table, indices, out, rows, stride, count, width);
  }
}

// table[indices[i]] += values[i], in an order that is not the same in each run.
template <class T, class Index>
__global__ void scatter_add_rows(const T* values, const Index* indices, computed_t<T>* table,
                                 long long rows, long long count, long long width) {
  const Share share(width);
  for (long long start = share.first; start < count; start += BATCH * share.step) {
    long long to[BATCH];
#pragma unroll
    for (int k = 0; k < BATCH; ++k) {
      const long long i = start + k * share.step;
      to[k] = i < count ? row_of(indices[i], rows) : -1;
    }
    for (long long column = share.lane; column < width; column += share.lanes) {
      computed_t<T> added[BATCH];
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        const long long i = start + k * share.step;
        added[k] = to[k] < 0 ? computed_t<T>(0) : computed_t<T>(values[i * width + column]);
      }
#pragma unroll
      for (int k = 0; k < BATCH; ++k) {
        if (to[k] >= 0) atomicAdd(table + to[k] * width + column, added[k]);
      }
    }
  }
}

}  // namespace gpugrad
