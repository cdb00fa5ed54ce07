// Rows of mean 0 and variance 1, scaled and shifted: y = s (x − μ) w + b, forward and backward.
//
// A row belongs to a team of threads: a block or, where it is short, a warp. It is read once and
// kept in registers, if it is read by vectors and not too long. A team takes several rows, and sums
// what they add to the gradients of w and b; the blocks' sums are added in a second launch, always
// in the same order.
#include "common.cuh"

namespace gpugrad {

constexpr int WARP_TEAMS = 4;  // of a block, where warps are teams

// A block that is a team has up to 1024 threads, which leaves each 64 registers; so a
// multiprocessor has room for two of 512.
template <bool IS_BLOCK>
constexpr int MAX_THREADS = IS_BLOCK ? 1024 : WARP_TEAMS * WARP;

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

// How a row is divided: each thread has some units of it, a team's width apart.
//
// PIECES is how many it has at most, of which registers are kept; 0 says that there is no bound.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
struct Layout {
  using Units = Vector<T, SIZE>;
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

  __device__ static Units load(const T* row, int unit) {
    return load_vector<SIZE>(row + unit * SIZE);
  }

  // What a row is multiplied by; 1 where there is nothing.
  __device__ static Units load_weight(const T* weight, int unit) {
    if (weight) return load(weight, unit);
    Units ones;
#pragma unroll
    for (int k = 0; k < SIZE; ++k) ones[k] = T(C(1));
    return ones;
  }

  __device__ static void store(T* row, int unit, const C (&values)[SIZE]) {
    Units rounded;
#pragma unroll
    for (int k = 0; k < SIZE; ++k) rounded[k] = T(values[k]);
    store_vector(row + unit * SIZE, rounded);
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

  __device__ Vector<T, SIZE> at(int unit, int i) {
    if constexpr (PIECES > 0) {
      forget(kept[i]);
      return kept[i];
    }
    return Mine::load(row, unit);
  }

 private:
  const T* row;
  Vector<T, SIZE> kept[PIECES > 0 ? PIECES : 1];

  // Let the compiler take the values for new: else it keeps what it computed of them for the next
  // time, and numbers of 16 bits are then kept in twice the registers.
  __device__ static void forget(Vector<T, SIZE>& values) {
    auto& words = reinterpret_cast<uint4&>(values);
    asm volatile("" : "+r"(words.x), "+r"(words.y), "+r"(words.z), "+r"(words.w));
  }
};

// Standardise the rows of x. The means, unless `centre` is 0, and the scales s = 1/√(σ² + ε) are
// kept where they are asked for; w and b may be missing.
template <class T, int SIZE, int PIECES, bool IS_BLOCK>
__global__ void __launch_bounds__(MAX_THREADS<IS_BLOCK>)
    standardise_rows(const T* x, const T* weight, const T* bias, T* y, computed_t<T>* means,
                     computed_t<T>* scales, long long rows, long long length, double epsilon,
                     long long centre) {
  using C = computed_t<T>;
  const Layout<T, SIZE, PIECES, IS_BLOCK> layout(length);
  const auto& team = layout.team;
  for (long long r = team.first_row; r < rows; r += team.stride) {
    Row<T, SIZE, PIECES, IS_BLOCK> row(layout, x + r * length);

    C mean = C(0);
    if (centre) {
      C sum = C(0);
      layout.each([&](int unit, int i) {
        const auto values = row.at(unit, i);
#pragma unroll
        for (int k = 0; k < SIZE; ++k) sum += C(values[k]);
      });
      mean = team.sum(sum) / C(length);
    }

    C squares = C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        const C deviation = C(values[k]) - mean;
        squares += deviation * deviation;
      }
    });
    const C scale = C(1) / sqrt(team.sum(squares) / C(length) + C(epsilon));

    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      const auto w = layout.load_weight(weight, unit);
      C result[SIZE];
#pragma unroll
      for (int k = 0; k < SIZE; ++k) result[k] = C(w[k]) * ((C(values[k]) - mean) * scale);
      if (bias) {
        const auto shifts = layout.load(bias, unit);
#pragma unroll
        for (int k = 0; k < SIZE; ++k) result[k] += C(shifts[k]);
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
// mean are 0. Each block sums z dy and dy over its rows, where `sums` are asked for: IN_SHARED
// memory, or where they are to be, which takes more registers of fewer threads. Each thread has
// places of its own, beside those of the others.
template <class T, int SIZE, int PIECES, bool IS_BLOCK, bool IN_SHARED>
__global__ void __launch_bounds__(IN_SHARED ? MAX_THREADS<IS_BLOCK> : 512)
    standardise_rows_back(const T* x, const T* weight, const T* dy, const computed_t<T>* means,
                          const computed_t<T>* scales, T* dx, computed_t<T>* sums, long long rows,
                          long long length, long long slots) {
  using C = computed_t<T>;
  constexpr int LANES = IN_SHARED && SIZE > 1 ? Vector<C>::size : 1;  // sums that are read at once
  using Sums = Vector<C, LANES>;
  const Layout<T, SIZE, PIECES, IS_BLOCK> layout(length);
  const auto& team = layout.team;

  const bool has_sums = !IN_SHARED || sums;
  C* const of_block = sums + 2 * slots * blockIdx.x;
  C* const of_teams = IN_SHARED ? shared_memory<C>() : of_block;
  Sums* const dweight = reinterpret_cast<Sums*>(of_teams + 2 * slots * team.place);
  Sums* const dbias = dweight + slots / LANES;
  if (has_sums) {
    for (long long i = team.rank; i < slots / LANES; i += team.size) dweight[i] = dbias[i] = {};
  }

  for (long long r = team.first_row; r < rows; r += team.stride) {
    Row<T, SIZE, PIECES, IS_BLOCK> row(layout, x + r * length);
    Row<T, SIZE, PIECES, IS_BLOCK> moved(layout, dy + r * length);
    const C mean = means ? means[r] : C(0);
    const C scale = scales[r];

    C along = C(0), total = C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      const auto dvalues = moved.at(unit, i);
      const auto w = layout.load_weight(weight, unit);
#pragma unroll
      for (int first = 0; first < SIZE; first += LANES) {
        const int place = (i * SIZE + first) / LANES * team.size + team.rank;
        Sums dw = {}, db = {};
        if (has_sums) {
          dw = dweight[place];
          db = dbias[place];
        }
#pragma unroll
        for (int j = 0; j < LANES; ++j) {
          const int k = first + j;
          const C z = (C(values[k]) - mean) * scale;
          const C d = C(dvalues[k]);
          along += d * C(w[k]) * z;
          total += d * C(w[k]);
          dw[j] += d * z;
          db[j] += d;
        }
        if (has_sums) {
          dweight[place] = dw;
          dbias[place] = db;
        }
      }
    });
    if (!dx) continue;

    const C mean_along = team.sum(along) / C(length);
    const C mean_total = means ? team.sum(total) / C(length) : C(0);
    layout.each([&](int unit, int i) {
      const auto values = row.at(unit, i);
      const auto dvalues = moved.at(unit, i);
      const auto w = layout.load_weight(weight, unit);
      C result[SIZE];
#pragma unroll
      for (int k = 0; k < SIZE; ++k) {
        const C z = (C(values[k]) - mean) * scale;
        result[k] = scale * (C(w[k]) * C(dvalues[k]) - mean_total - z * mean_along);
      }
      layout.store(dx + r * length, unit, result);
    });
  }

  if (!has_sums || !IN_SHARED) return;
  __syncthreads();
  for (long long i = threadIdx.x; i < 2 * slots; i += blockDim.x) {
    C sum = C(0);
    for (int other = 0; other < team.teams; ++other) sum += of_teams[2 * slots * other + i];
    of_block[i] = sum;
  }
}

// Add the blocks' sums, and put each where its element is. A warp adds 32 neighbours, the warps of
// a block share the blocks among them. `width` and `size` are of the teams and of their units, of
// whose sums a thread has `lanes` beside each other.
template <class T>
__global__ void standardise_totals(const computed_t<T>* sums, T* dweight, T* dbias,
                                   long long blocks, long long slots, long long length,
                                   long long width, long long size, long long lanes) {
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
  const long long part = slot / lanes / width;  // of a unit, among those of a thread
  const long long unit = part / (size / lanes) * width + slot / lanes % width;
  const long long place = unit * size + part % (size / lanes) * lanes + slot % lanes;
  T* const out = i < slots ? dweight : dbias;
  if (out && place < length) out[place] = T(sum);
}

}  // namespace gpugrad
