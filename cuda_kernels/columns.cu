// Sums of a matrix over its rows: the gradient of what was broadcast over them.
#include "columns.cuh"

namespace gpugrad {

template <int SIZE, class T, class C>
struct Entries {
  using Item = Vector<T, SIZE>;

  const T* x;
  long long columns;

  __device__ void begin(long long) {}

  __device__ Item read(long long row, long long unit) const {
    return load_vector<SIZE>(x + row * columns + unit * SIZE);
  }

  __device__ void add(const Item& item, long long, long long, C* sums) const {
#pragma unroll
    for (int k = 0; k < SIZE; ++k) sums[k] += C(item[k]);
  }
};

template <int SIZE, class T, class C>
struct Products {
  struct Item {
    Vector<T, SIZE> x, y;
  };

  const T* x;
  const T* y;
  long long columns;

  __device__ void begin(long long) {}

  __device__ Item read(long long row, long long unit) const {
    const long long place = row * columns + unit * SIZE;
    return {load_vector<SIZE>(x + place), load_vector<SIZE>(y + place)};
  }

  __device__ void add(const Item& item, long long, long long, C* sums) const {
#pragma unroll
    for (int k = 0; k < SIZE; ++k) sums[k] += C(item.x[k]) * C(item.y[k]);
  }
};

// out[chunk, c] = sum of x[r, c] over the rows of a chunk.
template <class T, class Result>
__global__ void column_sums(const T* x, Result* out, long long rows, long long columns,
                            long long chunks) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  if (columns % SIZE == 0 && is_aligned(x)) {
    sum_rows<SIZE, C>(Entries<SIZE, T, C>{x, columns}, out, rows, columns / SIZE, chunks);
  } else {
    sum_rows<1, C>(Entries<1, T, C>{x, columns}, out, rows, columns, chunks);
  }
}

// out[chunk, c] = sum of x[r, c] * y[r, c] over the rows of a chunk.
template <class T>
__global__ void column_dots(const T* x, const T* y, computed_t<T>* out, long long rows,
                            long long columns, long long chunks) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  if (columns % SIZE == 0 && is_aligned(x) && is_aligned(y)) {
    sum_rows<SIZE, C>(Products<SIZE, T, C>{x, y, columns}, out, rows, columns / SIZE, chunks);
  } else {
    sum_rows<1, C>(Products<1, T, C>{x, y, columns}, out, rows, columns, chunks);
  }
}

}  // namespace gpugrad
