// Rows of mean 0 and variance 1, scaled and shifted: y = s (x − μ) w + b, forward and backward.
//
// A row belongs to a team of threads: a block or, where it is short, a warp. It is read once and
// kept in registers, if it is read by vectors and not too long. A team takes several rows, and sums
// what they add to the gradients of w and b; the blocks' sums are added in a second launch, always
// in the same order.
#include "common.cuh"

namespace gpugrad {

constexpr int MAX_THREADS = 1024;  // of a block
constexpr int WARP_TEAMS = 4;      // of a block, where warps are teams

// The threads that work on a row together, a block or a warp of it, and the rows that are theirs.
template <bool IS_BLOCK>
struct Team {
  const int rank = IS_BLOCK ? threadIdx.x : threadIdx.x % WARP;
  const int size = IS_BLOCK ? blockDim.x : WARP;
  const int place = IS_BLOCK ? 0 : threadIdx.x / WARP;  // among the teams of the block
  const int teams = IS_BLOCK ? 1 : blockDim.x / WARP;
  const long long first_row = static_cast<long long>(blockIdx.x) * teams + place;
  const long long stride = static_cast<long long>(gridDim.x) * teams;

  template <class T>
  __device__ T sum(T value) const {
    if constexpr (IS_BLOCK) {
      return block_reduce(value, Sum());
    } else {
      return warp_reduce(value, Sum());
    }
  }
};

// Neighbours in a row, which are read at once.
template <class T, int SIZE>
struct alignas(SIZE * sizeof(T)) Unit {
  T values[SIZE];
};

// How a row is divided: each thread has some units of it, a team's width apart.
//
// PIECES is how many it has at most, of which registers are kept; 0 says that there is no bound.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
struct Layout {
  using Units = Unit<T, SIZE>;
  using C = computed_t<T>;

  const Team<IS_BLOCK> team;
  const int units;  // of a row

  __device__ explicit Layout(long long length) : units(static_cast<int>(length / SIZE)) {}

  // Call visit(unit, number) for each unit of the thread, which is the `number`-th that it has.
  template <class Visit>
  __device__ void each(Visit visit) const {
    if constexpr (PIECES > 0) {
#pragma unroll
      for (int i = 0; i < PIECES; ++i) {
        if (i * team.size + team.rank < units) visit(i * team.size + team.rank, i);
      }
    } else {
#pragma unroll 1
      for (int i = 0; i * team.size + team.rank < units; ++i) visit(i * team.size + team.rank, i);
    }
  }

  // Where the thread keeps a sum for an element of its units: next to the other threads' sums.
  __device__ int slot(int number, int k) const {
    return (number * SIZE + k) * team.size + team.rank;
  }

  __device__ static Units load(const T* row, int unit) {
    return reinterpret_cast<const Units*>(row)[unit];
  }

  // What a row is multiplied by; 1 where there is nothing.
  __device__ static void load_weight(const T* weight, int unit, C (&w)[SIZE]) {
    Units found;
    if (weight) found = load(weight, unit);
#pragma unroll
    for (int k = 0; k < SIZE; ++k) w[k] = weight ? C(found.values[k]) : C(1);
  }

  __device__ static void store(T* row, int unit, const C (&values)[SIZE]) {
    Units rounded;
#pragma unroll
    for (int k = 0; k < SIZE; ++k) rounded.values[k] = T(values[k]);
    reinterpret_cast<Units*>(row)[unit] = rounded;
  }
};

// A thread's units of a row: read when this is made, or each time where they have no bound.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
class Row {
 public:
  using Mine = Layout<T, SIZE, PIECES, IS_BLOCK>;

  __device__ Row(const Mine& layout, const T* row) : row(row) {
    if constexpr (PIECES > 0)
      layout.each([&](int unit, int i) { kept[i] = layout.load(row, unit); });
  }

  __device__ Unit<T, SIZE> at(int unit, int i) const {
    if constexpr (PIECES > 0) return kept[i];
    return Mine::load(row, unit);
  }

 private:
  const T* row;
  Unit<T, SIZE> kept[PIECES > 0 ? PIECES : 1];
};

// Standardise the rows of x. The means, unless `centre` is 0, and the scales s = 1/√(σ² + ε) are
// kept where they are asked for; w and b may be missing.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
__global__ void __launch_bounds__(IS_BLOCK ? MAX_THREADS : WARP_TEAMS * WARP)
    standardise_rows(const T* x, const T* weight, const T* bias, T* y, computed_t<T>* means,
                     computed_t<T>* scales, long long rows, long long length, double epsilon,
                     long long centre) {
  using C = computed_t<T>;
  const Layout<T, SIZE, PIECES, IS_BLOCK> layout(length);
  const auto& team = layout.team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, SIZE, PIECES, IS_BLOCK> row(layout, x + r * length);

    C mean = C(0);
    if (centre) {
      C sum = C(0);
      layout.each([&](int unit, int i) {
        const auto values = row.at(unit, i);
#pragma unroll
        for (int k = 0; k < SIZE; ++k) sum += C(values.values[k]);
      });
      mean = team.sum(sum) / C(length);
    }

    C squares = C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        const C deviation = C(values.values[k]) - mean;
        squares += deviation * deviation;
      }
    });
    const C scale = C(1) / sqrt(team.sum(squares) / C(length) + C(epsilon));

    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      C result[SIZE];
      layout.load_weight(weight, unit, result);
#pragma unroll
      for (int k = 0; k < SIZE; ++k) result[k] *= (C(values.values[k]) - mean) * scale;
      if (bias) {
        const auto shifts = layout.load(bias, unit);
#pragma unroll
        for (int k = 0; k < SIZE; ++k) result[k] += C(shifts.values[k]);
      }
      layout.store(y + r * length, unit, result);
    });
    if (team.rank == 0) {
      if (means) means[r] = mean;
      if (scales) scales[r] = scale;
    }
  }
}

// dx = s (w dy − mean(w dy) − z mean(z w dy)), with z = s (x − μ); without means, μ and the first
// mean are 0. Each block sums z dy and dy over its rows, where `sums` are asked for: in shared
// memory, if that is there, in places of which each thread has its own.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
__global__ void __launch_bounds__(IS_BLOCK ? MAX_THREADS : WARP_TEAMS * WARP)
    standardise_rows_back(const T* x, const T* weight, const T* dy, const computed_t<T>* means,
                          const computed_t<T>* scales, T* dx, computed_t<T>* sums, long long rows,
                          long long length, long long slots, long long in_shared) {
  using C = computed_t<T>;
  extern __shared__ __align__(16) unsigned char shared_bytes[];
  const Layout<T, SIZE, PIECES, IS_BLOCK> layout(length);
  const auto& team = layout.team;

  C* const of_block = sums + 2 * slots * blockIdx.x;
  C* const of_teams = in_shared ? reinterpret_cast<C*>(shared_bytes) : of_block;
  C* const dweight = of_teams + 2 * slots * team.place;
  C* const dbias = dweight + slots;
  if (sums) {
    for (long long i = team.rank; i < slots; i += team.size) dweight[i] = dbias[i] = C(0);
  }

  for (long long r = team.first_row; r < rows; r += team.stride) {
    const Row<T, SIZE, PIECES, IS_BLOCK> row(layout, x + r * length);
    const Row<T, SIZE, PIECES, IS_BLOCK> moved(layout, dy + r * length);
    const C mean = means ? means[r] : C(0);
    const C scale = scales[r];

    C along = C(0), total = C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      const auto dvalues = moved.at(unit, i);
      C w[SIZE];
      layout.load_weight(weight, unit, w);
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        const C z = (C(values.values[k]) - mean) * scale;
        const C d = C(dvalues.values[k]);
        along += d * w[k] * z;
        total += d * w[k];
        if (sums) {
          dweight[layout.slot(i, k)] += d * z;
          dbias[layout.slot(i, k)] += d;
        }
      }
    });
    if (!dx) continue;

    const C mean_along = team.sum(along) / C(length);
    const C mean_total = means ? team.sum(total) / C(length) : C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      const auto dvalues = moved.at(unit, i);
      C result[SIZE];
      layout.load_weight(weight, unit, result);
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        const C z = (C(values.values[k]) - mean) * scale;
        result[k] = scale * (result[k] * C(dvalues.values[k]) - mean_total - z * mean_along);
      }
      layout.store(dx + r * length, unit, result);
    });
  }

  if (!sums || !in_shared) return;
  __syncthreads();
  for (long long i = threadIdx.x; i < 2 * slots; i += blockDim.x) {
    C sum = C(0);
    for (int other = 0; other < team.teams; ++other) sum += of_teams[2 * slots * other + i];
    of_block[i] = sum;
  }
}

// Add the blocks' sums, and put each where its element is. A warp adds 32 neighbours, the warps of
// a block share the blocks among them. `width` and `size` are of the teams and of their units.
template <class T>
__global__ void standardise_totals(const computed_t<T>* sums, T* dweight, T* dbias,
                                   long long blocks, long long slots, long long length,
                                   long long width, long long size) {
  using C = computed_t<T>;
  __shared__ C partial[WARP][WARP];
  const int lane = threadIdx.x % WARP;
  const int warp = threadIdx.x / WARP;
  const long long i = static_cast<long long>(blockIdx.x) * WARP + lane;
  C sum = C(0);
  if (i < 2 * slots) {
#pragma unroll 4
    for (long long block = warp; block < blocks; block += WARP) sum += sums[2 * slots * block + i];
  }
  partial[warp][lane] = sum;
  __syncthreads();
  if (warp > 0 || i >= 2 * slots) return;

  sum = C(0);
  for (int other = 0; other < WARP; ++other) sum += partial[other][lane];
  const long long slot = i % slots;
  const long long unit = slot / (width * size) * width + slot % width;
  const long long place = unit * size + slot / width % size;
  T* const out = i < slots ? dweight : dbias;
  if (out && place < length) out[place] = T(sum);
}

}  // namespace gpugrad
