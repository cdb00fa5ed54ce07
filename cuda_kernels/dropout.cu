// Dropout without a mask in memory: whether an element is kept follows from its
// place and a key.
#include "common.cuh"
#include "philox.cuh"

namespace gpugrad {

// y[i] = x[i] * scale where the random word i is at least the threshold, x[i] *
// 0 elsewhere.
//
// Args: key: two words on the device. threshold: from 0 to 2^32.
template <class T>
__global__ void dropped(const T* x, const unsigned* key, T* y, long long size, long long threshold,
                        double scale) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  // A thread has whole vectors and whole sets of words: 4, or 8 of 16 bits.
  constexpr int GROUP = SIZE > Philox::WORDS ? SIZE : Philox::WORDS;
  const unsigned key0 = key[0], key1 = key[1];
  const bool aligned = is_aligned(x) && is_aligned(y);
  const long long stride = (long long)gridDim.x * blockDim.x * GROUP;

  for (long long first = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * GROUP; first < size;
       first += stride) {
    C factor[GROUP];
#pragma unroll
    for (int i = 0; i < GROUP; ++i) {
      if (i % Philox::WORDS == 0) {
        const Philox random((first + i) / Philox::WORDS, key0, key1);
#pragma unroll
        for (int j = 0; j < Philox::WORDS; ++j) {
          factor[i + j] = random.words[j] >= threshold ? C(scale) : C(0);
        }
      }
    }
    if (aligned && first + GROUP <= size) {
#pragma unroll
      for (int i = 0; i < GROUP; i += SIZE) {
        Vector<T> v = load_vector(x + first + i);
#pragma unroll
        for (int j = 0; j < SIZE; ++j) v.values[j] = T(C(v.values[j]) * factor[i + j]);
        store_vector(y + first + i, v);
      }
    } else {
#pragma unroll
      for (int i = 0; i < GROUP; ++i) {
        if (first + i < size) y[first + i] = T(C(x[first + i]) * factor[i]);
      }
    }
  }
}

}  // namespace gpugrad
