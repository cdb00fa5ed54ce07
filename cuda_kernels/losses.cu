// Losses of single elements, summed in the same launch that computes them, and their gradients.
//
// A loss is a struct: its value, and its derivatives by the prediction and by the target, with one
// number beside them. They follow the losses in gpugrad/nn/functional/, where it is said what is
// right where two formulas differ: at kinks, at infinity, and where all is 0.
#include "common.cuh"

namespace gpugrad {

// --- The losses ------------------------------------------------------------------------------

template <class C>
__device__ inline C sign(C x) {
  return x > 0 ? C(1) : x < 0 ? C(-1) : x;  // NaN where x is
}

struct SquaredError {
  template <class C>
  __device__ static C value(C yhat, C y, C) {
    return (yhat - y) * (yhat - y);
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C) {
    return 2 * (yhat - y);
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C) {
    return -2 * (yhat - y);
  }
};

struct AbsoluteError {
  template <class C>
  __device__ static C value(C yhat, C y, C) {
    return fabs(yhat - y);
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C) {
    return sign(yhat - y);
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C) {
    return -sign(yhat - y);
  }
};

struct Huber {
  template <class C>
  __device__ static C value(C yhat, C y, C delta) {
    const C size = fabs(yhat - y);
    const C inner = size > delta ? delta : size;
    return inner * (size - C(0.5) * inner);
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C delta) {
    const C error = yhat - y;
    return error > delta ? delta : error < -delta ? -delta : error;
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C delta) {
    return -by_yhat(yhat, y, delta);
  }
};

struct Hinge {
  template <class C>
  __device__ static C value(C yhat, C y, C) {
    const C missing = 1 - yhat * y;
    return missing <= 0 ? C(0) : missing;
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C) {
    return -y * C(yhat * y < 1);
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C) {
    return by_yhat(y, yhat, C(0));
  }
};

struct SquaredHinge {
  template <class C>
  __device__ static C value(C yhat, C y, C) {
    const C missing = Hinge::value(yhat, y, C(0));
    return missing * missing;
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C) {
    return -2 * Hinge::value(yhat, y, C(0)) * y;
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C) {
    return by_yhat(y, yhat, C(0));
  }
};

struct BinaryCrossEntropy {
  template <class C>
  __device__ static C value(C yhat, C y, C epsilon) {
    return -y * log(yhat + epsilon) - (1 - y) * log(1 - yhat + epsilon);
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C epsilon) {
    return (1 - y) / (1 - yhat + epsilon) - y / (yhat + epsilon);
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C epsilon) {
    return log(1 - yhat + epsilon) - log(yhat + epsilon);
  }
};

struct Logistic {
  template <class C>
  __device__ static C value(C logit, C y, C) {
    return (logit > 0 ? logit : C(0)) - y * logit + log1p(exp(-fabs(logit)));
  }
  template <class C>
  __device__ static C by_yhat(C logit, C y, C) {
    const C e = exp(-fabs(logit));
    return (logit < 0 ? e / (1 + e) : 1 / (1 + e)) - y;
  }
  template <class C>
  __device__ static C by_y(C logit, C, C) {
    return -logit;
  }
};

struct Poisson {
  template <class C>
  __device__ static C value(C yhat, C y, C) {
    return yhat - y * (yhat == 0 && y == 0 ? C(0) : log(yhat));
  }
  template <class C>
  __device__ static C by_yhat(C yhat, C y, C) {
    return yhat == 0 && y == 0 ? C(1) : 1 - y / yhat;
  }
  template <class C>
  __device__ static C by_y(C yhat, C y, C) {
    return yhat == 0 && y == 0 ? C(0) : -log(yhat);
  }
};

// --- Their sum -------------------------------------------------------------------------------

// Sum the losses of the elements that a block has. A single block's sum is divided by `divisor`
// and is the loss; of several, the sums are added in a second launch, always in the same order.
template <class Loss, class T>
__global__ void loss_sums(const T* yhat, const T* y, long long count, double option, double divisor,
                          computed_t<T>* sums, T* loss) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  const C number = C(option);
  const long long first = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  const long long vectors = is_aligned(yhat) && is_aligned(y) ? count / SIZE : 0;

  C sum = C(0);
#pragma unroll 2
  for (long long i = first; i < vectors; i += step) {
    const Vector<T> predicted = load_vector(yhat + i * SIZE);
    const Vector<T> targets = load_vector(y + i * SIZE);
#pragma unroll
    for (int k = 0; k < SIZE; ++k) {
      sum += Loss::value(C(predicted.values[k]), C(targets.values[k]), number);
    }
  }
  for (long long i = vectors * SIZE + first; i < count; i += step) {
    sum += Loss::value(C(yhat[i]), C(y[i]), number);
  }
  sum = block_reduce(sum, Sum());
  if (threadIdx.x > 0) return;
  if (gridDim.x > 1) {
    sums[blockIdx.x] = sum;
  } else {
    loss[0] = T(sum / C(divisor));
  }
}

// Add the sums of blocks, and divide; one block does it.
template <class T>
__global__ void loss_total(const computed_t<T>* sums, long long count, double divisor, T* loss) {
  using C = computed_t<T>;
  C sum = C(0);
  for (long long i = threadIdx.x; i < count; i += blockDim.x) sum += sums[i];
  sum = block_reduce(sum, Sum());
  if (threadIdx.x == 0) loss[0] = T(sum / C(divisor));
}

// --- Their gradients -------------------------------------------------------------------------

template <class Loss, class T>
__device__ inline T by_yhat(T yhat, T y, double option, computed_t<T> scale) {
  using C = computed_t<T>;
  return T(scale * Loss::by_yhat(C(yhat), C(y), C(option)));
}

template <class Loss, class T>
__device__ inline T by_y(T yhat, T y, double option, computed_t<T> scale) {
  using C = computed_t<T>;
  return T(scale * Loss::by_y(C(yhat), C(y), C(option)));
}

// Multiply the derivatives by `factor` and, where it is given, by the number in `dloss`; of the
// prediction and the target, those are computed for which there is room.
template <class Loss, class T>
__global__ void loss_gradients(const T* yhat, const T* y, long long count, double option,
                               const T* dloss, double factor, T* dyhat, T* dy) {
  using C = computed_t<T>;
  constexpr int SIZE = Vector<T>::size;
  const C scale = dloss ? C(factor) * C(*dloss) : C(factor);
  const long long first = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  const bool aligned = is_aligned(yhat) && is_aligned(y) && is_aligned(dyhat) && is_aligned(dy);
  const long long vectors = aligned ? count / SIZE : 0;

  for (long long i = first; i < vectors; i += step) {
    const Vector<T> predicted = load_vector(yhat + i * SIZE);
    const Vector<T> targets = load_vector(y + i * SIZE);
    Vector<T> result;
    if (dyhat) {
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        result.values[k] = by_yhat<Loss>(predicted.values[k], targets.values[k], option, scale);
      }
      store_vector(dyhat + i * SIZE, result);
    }
    if (dy) {
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        result.values[k] = by_y<Loss>(predicted.values[k], targets.values[k], option, scale);
      }
      store_vector(dy + i * SIZE, result);
    }
  }
  for (long long i = vectors * SIZE + first; i < count; i += step) {
    if (dyhat) dyhat[i] = by_yhat<Loss>(yhat[i], y[i], option, scale);
    if (dy) dy[i] = by_y<Loss>(yhat[i], y[i], option, scale);
  }
}

}  // namespace gpugrad
