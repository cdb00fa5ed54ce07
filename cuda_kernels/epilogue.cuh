// What follows a product with a weight: a bias and an activation, and back through both.
//
//   struct tanh_activation {
//     static constexpr bool FROM_VALUE = true;  // whether the value alone says the derivative
//     template <class T>
//     __device__ static T value(T x) { return tanh_value(x); }
//     template <class T>
//     __device__ static T derivative(T y, T x) { return tanh_dx(y, x); }
//   };
#pragma once

#include "columns.cuh"

namespace gpugrad {

template <class Activation, int SIZE, class T>
__device__ inline void activate(const T* z, const T* __restrict__ bias, T* y, long long rows,
                                long long columns, long long chunks) {
  using C = computed_t<T>;
  const long long units = columns / SIZE;
  for (long long work = blockIdx.x; work < Part::tiles_of(units) * chunks; work += gridDim.x) {
    const Part part(units, chunks, work);
    if (part.idle) continue;
    const auto added = load_vector<SIZE>(bias + part.unit * SIZE);
    const long long place = part.unit * SIZE;
    each_row<Vector<T, SIZE>>(
        part, rows, [&](long long row) { return load_vector<SIZE>(z + row * columns + place); },
        [&](long long row, Vector<T, SIZE> entries) {
#pragma unroll
          for (int k = 0; k < SIZE; ++k) {
            entries[k] = T(Activation::value(C(entries[k]) + C(added[k])));
          }
          store_vector(y + row * columns + place, entries);
        });
  }
}

// y[r, c] = value(z[r, c] + bias[c]); y may be z.
template <class Activation, class T>
__global__ void bias_activation(const T* z, const T* __restrict__ bias, T* y, long long rows,
                                long long columns, long long chunks) {
  constexpr int SIZE = Vector<T>::size;
  if (columns % SIZE == 0 && is_aligned(z) && is_aligned(bias) && is_aligned(y)) {
    activate<Activation, SIZE>(z, bias, y, rows, columns, chunks);
  } else {
    activate<Activation, 1>(z, bias, y, rows, columns, chunks);
  }
}

template <class Activation, int SIZE, class T>
struct Back {
  using C = computed_t<T>;
  struct Item {
    Vector<T, SIZE> dy, kept;
  };

  const T* dy;
  const T* kept;
  const T* bias;
  T* dz;
  long long columns;
  Vector<T, SIZE> added;

  __device__ void begin(long long unit) {
    if (!Activation::FROM_VALUE) added = load_vector<SIZE>(bias + unit * SIZE);
  }

  __device__ Item read(long long row, long long unit) const {
    const long long place = row * columns + unit * SIZE;
    return {load_vector<SIZE>(dy + place), load_vector<SIZE>(kept + place)};
  }

  __device__ void add(const Item& item, long long row, long long unit, C* sums) const {
    Vector<T, SIZE> result;
#pragma unroll
    for (int k = 0; k < SIZE; ++k) {
      const C d = C(item.dy[k]) * slope(C(item.kept[k]), C(added[k]));
      sums[k] += d;
      result[k] = T(d);
    }
    store_vector(dz + row * columns + unit * SIZE, result);
  }

  __device__ static C slope(C known, C added) {
    if (Activation::FROM_VALUE) return Activation::derivative(known, known);
    const C x = known + added;
    return Activation::derivative(Activation::value(x), x);
  }
};

// dz = dy * derivative, and for the bias its sums over the rows of each chunk. What was kept is the
// activation's value where that alone says the derivative, else z.
template <class Activation, class T>
__global__ void bias_activation_back(const T* __restrict__ dy, const T* __restrict__ kept,
                                     const T* __restrict__ bias, T* __restrict__ dz,
                                     computed_t<T>* sums, long long rows, long long columns,
                                     long long chunks) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  if (columns % SIZE == 0 && is_aligned(dy) && is_aligned(kept) && is_aligned(bias) &&
      is_aligned(dz)) {
    Back<Activation, SIZE, T> back{dy, kept, bias, dz, columns, {}};
    sum_rows<SIZE, C>(back, sums, rows, columns / SIZE, chunks);
  } else {
    Back<Activation, 1, T> back{dy, kept, bias, dz, columns, {}};
    sum_rows<1, C>(back, sums, rows, columns, chunks);
  }
}

}  // namespace gpugrad
