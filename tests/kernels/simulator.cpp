// Runs the threads of a block as fibers: each has its own stack, and gives way at barriers.
// Blocks run one after another.
#include "simulator.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace simulator {
namespace {

constexpr int MAX_THREADS = 1024;
constexpr int POISON = 0xFF;  // a NaN in every type of float, and -1
constexpr std::size_t PAGE = 4096;
constexpr std::size_t STACK_BYTES = 64 * PAGE;
constexpr std::size_t MAX_SHARED_BYTES = 64 * PAGE;
constexpr std::size_t SHARED_ALIGNMENT = 16;

// --- Memory with an inaccessible page behind it -----------------------------------------------

class Fenced {
 public:
  explicit Fenced(std::size_t bytes, bool fence_first = false) {
    constexpr int FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* pages = mmap(nullptr, bytes + PAGE, PROT_READ | PROT_WRITE, FLAGS, -1, 0);
    if (pages == MAP_FAILED) abort();
    char* start = static_cast<char*>(pages);
    mprotect(fence_first ? start : start + bytes, PAGE, PROT_NONE);
    begin = fence_first ? start + PAGE : start;
    end = begin + bytes;
  }
  char* begin;
  char* end;
};

// The thread-local memory of the library that has this address in it.
struct LibraryMemory {
  const char* address;
  char* begin = nullptr;
  std::size_t bytes = 0;

  static int visit(dl_phdr_info* library, std::size_t, void* self) {
    LibraryMemory* found = static_cast<LibraryMemory*>(self);
    for (int i = 0; i < library->dlpi_phnum; i++) {
      const std::size_t bytes = library->dlpi_phdr[i].p_memsz;
      char* begin = static_cast<char*>(library->dlpi_tls_data);
      if (library->dlpi_phdr[i].p_type != PT_TLS || begin == nullptr) continue;
      if (found->address < begin || found->address >= begin + bytes) continue;
      found->begin = begin;
      found->bytes = bytes;
      return 1;
    }
    return 0;
  }
};

// --- Fibers ----------------------------------------------------------------------------------

enum class State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

struct Fiber {
  Fenced stack{STACK_BYTES, true};  // a stack grows downwards
  bool started = false;
  jmp_buf place;  // where it gave way

  State state = State::READY;
  int line = 0;  // of the barrier it waits at
  bool vote = false;
  unsigned mask = 0;
  int source_lane = 0;
  unsigned long long offered = 0;
  Received received{};
};

std::vector<Fiber*> fibers;
int threads;  // of the block
int current;  // the thread that runs
jmp_buf scheduler;
std::string error;

Thread thread;
void* call;
char* dynamic_shared;
Votes block_votes;

void fail(const std::string& message) {
  if (error.empty()) error = message;  // what follows from a first mistake is none
}

void give_way() {
  // _setjmp leaves the mask of signals alone, and so takes a hundredth of what swapcontext does.
  if (_setjmp(fibers[current]->place) == 0) _longjmp(scheduler, 1);
}

void live() {
  for (;;) {
    thread(call);
    fibers[current]->state = State::DONE;
    give_way();
  }
}

void start(Fiber& fiber) {
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.stack.begin;
  context.uc_stack.ss_size = STACK_BYTES;
  context.uc_link = nullptr;
  makecontext(&context, live, 0);
  fiber.started = true;
  setcontext(&context);
}

void resume(int index) {
  current = index;
  threadIdx.x = index;
  Fiber& fiber = *fibers[index];
  if (_setjmp(scheduler) != 0) return;
  if (fiber.started) _longjmp(fiber.place, 1);
  start(fiber);
}

// --- Faults: a signal becomes an error of the launch ---------------------------------------------

std::uintptr_t place_of(const ucontext_t* context) {
#if defined(__x86_64__)
  return context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return context->uc_mcontext.pc;
#else
  return 0;
#endif
}

// Where in the library of the kernel it was: simulator.py knows the line.
std::string offset_in_library(std::uintptr_t place) {
  Dl_info library{};
  if (place == 0 || dladdr(reinterpret_cast<void*>(place), &library) == 0) return "";
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(library.dli_fbase);
  return " at +" + std::to_string(place - begin);
}

void on_fault(int signal, siginfo_t*, void* context) {
  if (signal == SIGSEGV || signal == SIGBUS) {
    fail("access outside of an array, or of the stack");
  } else if (signal == SIGFPE) {
    fail("integer division by zero");
  } else {
    fail(
        "undefined: an index outside of an array, an address that is not aligned to its type, "
        "an integer overflow, a shift too far, or a division by zero");
  }
  error += offset_in_library(place_of(static_cast<ucontext_t*>(context)));
  _longjmp(scheduler, 1);
}

class FaultHandlers {
 public:
  FaultHandlers() {
    static Fenced stack(STACK_BYTES);
    stack_t own{};
    own.ss_sp = stack.begin;
    own.ss_size = STACK_BYTES;
    sigaltstack(&own, &old_stack);
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;  // the handler is left by a jump
    for (int i = 0; i < COUNT; i++) sigaction(SIGNALS[i], &action, &old[i]);
  }
  ~FaultHandlers() {
    for (int i = 0; i < COUNT; i++) sigaction(SIGNALS[i], &old[i], nullptr);
    sigaltstack(&old_stack, nullptr);
  }

 private:
  static constexpr int COUNT = 4;
  static constexpr int SIGNALS[COUNT] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  struct sigaction old[COUNT];
  stack_t old_stack;
};

// --- Schedules ---------------------------------------------------------------------------------

// Which warp runs next. A greedy one runs until its threads wait for other warps: that is what
// shows that a barrier is missing.
enum : long long { ASCENDING = 0, DESCENDING = 1, LOCKSTEP = 2 };  // others are random

class Schedule {
 public:
  explicit Schedule(long long kind) : kind(kind), random(static_cast<unsigned>(kind)) {}

  std::vector<long long> order(long long count) {
    std::vector<long long> all(count);
    for (long long i = 0; i < count; i++) all[i] = i;
    if (kind == DESCENDING) std::reverse(all.begin(), all.end());
    if (kind > LOCKSTEP) std::shuffle(all.begin(), all.end(), random);
    return all;
  }

  bool backwards() { return kind == DESCENDING || (kind > LOCKSTEP && random() % 2); }

  // Where the search for a warp that can run begins.
  int first(int warps) {
    if (kind == ASCENDING) return 0;
    if (kind == DESCENDING) return warps - 1;
    return kind == LOCKSTEP ? turn++ % warps : random() % warps;
  }

  int next(int warp, int warps) const {
    return kind == DESCENDING ? (warp + warps - 1) % warps : (warp + 1) % warps;
  }

 private:
  long long kind;
  std::minstd_rand random;
  int turn = 0;
};

// --- A block -------------------------------------------------------------------------------------

int warps() { return (threads + warpSize - 1) / warpSize; }

int warp_begin(int warp) { return warp * warpSize; }

int warp_end(int warp) { return std::min(warp_begin(warp) + warpSize, threads); }

bool can_run(int warp) {
  for (int i = warp_begin(warp); i < warp_end(warp); i++) {
    if (fibers[i]->state == State::READY) return true;
  }
  return false;
}

// The lanes of the mask that the warp has: the last warp of a block may be smaller.
unsigned existing(unsigned mask, int warp) {
  const int lanes = warp_end(warp) - warp_begin(warp);
  return lanes == warpSize ? mask : mask & ((1u << lanes) - 1);
}

template <class Visit>
void each_lane(unsigned mask, int warp, Visit visit) {
  for (int i = warp_begin(warp); i < warp_end(warp); i++) {
    if (mask >> (i - warp_begin(warp)) & 1) visit(*fibers[i]);
  }
}

bool all_arrived(const Fiber& first, unsigned lanes, int warp) {
  bool arrived = true;
  each_lane(lanes, warp, [&](const Fiber& other) {
    if (other.state == State::DONE) fail("a warp operation names lanes that have returned");
    if (other.state != State::AT_WARP_BARRIER || other.mask != first.mask)
      arrived = false;
    else if (other.line != first.line)
      fail("lanes of one mask wait in different lines");
  });
  return arrived && error.empty();
}

void exchange(unsigned lanes, int warp) {
  unsigned ballot = 0;
  for (int i = warp_begin(warp); i < warp_end(warp); i++) {
    const int lane = i - warp_begin(warp);
    if (lanes >> lane & 1 && fibers[i]->vote) ballot |= 1u << lane;
  }
  each_lane(lanes, warp, [&](Fiber& fiber) {
    if (!(lanes >> fiber.source_lane & 1)) return fail("a shuffle reads a lane outside the mask");
    fiber.received = {fibers[warp_begin(warp) + fiber.source_lane]->offered, ballot};
  });
  each_lane(lanes, warp, [](Fiber& fiber) { fiber.state = State::READY; });
}

void release_lanes(int warp) {
  for (int i = warp_begin(warp); i < warp_end(warp); i++) {
    const Fiber& fiber = *fibers[i];
    if (fiber.state != State::AT_WARP_BARRIER) continue;
    const unsigned lanes = existing(fiber.mask, warp);
    if (all_arrived(fiber, lanes, warp)) exchange(lanes, warp);
  }
}

void run_warp(int warp, bool backwards) {
  const int begin = warp_begin(warp), end = warp_end(warp);
  for (int k = 0; k < end - begin && error.empty(); k++) {
    const int i = backwards ? end - 1 - k : begin + k;
    if (fibers[i]->state == State::READY) resume(i);
  }
  if (error.empty()) release_lanes(warp);
}

std::string waiting(State state, const char* what) {
  for (int i = 0; i < threads; i++) {
    const Fiber& fiber = *fibers[i];
    if (fiber.state != state) continue;
    return "; thread " + std::to_string(i) + " waits at " + what + " in line " +
           std::to_string(fiber.line);
  }
  return "";
}

// No warp can run: all that have not returned wait at one barrier of the block, or for ever.
void release_block() {
  int line = 0;
  block_votes = {0, 0};
  for (int i = 0; i < threads; i++) {
    Fiber& fiber = *fibers[i];
    if (fiber.state == State::DONE) continue;
    if (fiber.state == State::AT_WARP_BARRIER || (line && fiber.line != line)) {
      return fail(
          "divergent barrier" + waiting(State::AT_BLOCK_BARRIER, "__syncthreads") +
          waiting(State::AT_WARP_BARRIER, "a warp operation") +
          (line && fiber.line != line ? ", another in line " + std::to_string(fiber.line) : ""));
    }
    line = fiber.line;
    block_votes.all++;
    block_votes.in_favour += fiber.vote;
  }
  for (int i = 0; i < threads; i++) {
    if (fibers[i]->state == State::AT_BLOCK_BARRIER) fibers[i]->state = State::READY;
  }
}

bool all_done() {
  return std::all_of(fibers.begin(), fibers.begin() + threads,
                     [](const Fiber* fiber) { return fiber->state == State::DONE; });
}

void run_block(Schedule& schedule) {
  for (int i = 0; i < threads; i++) fibers[i]->state = State::READY;
  while (error.empty()) {
    int warp = schedule.first(warps());
    int tried = 0;
    for (; tried < warps() && !can_run(warp); tried++) warp = schedule.next(warp, warps());
    if (tried < warps()) {
      run_warp(warp, schedule.backwards());
    } else if (all_done()) {
      return;
    } else {
      release_block();
    }
  }
}

const char* check(const Launch& launch) {
  if (launch.threads < 1 || launch.threads > MAX_THREADS) return "a block has 1 to 1024 threads";
  if (launch.blocks < 1 || launch.blocks > INT_MAX) return "a grid has 1 to 2147483647 blocks";
  if (launch.shared_bytes > static_cast<long long>(MAX_SHARED_BYTES))
    return "too much shared memory";
  return nullptr;
}

}  // namespace

// --- What kernels call
// -----------------------------------------------------------------------------

void* dynamic_shared_memory() { return dynamic_shared; }

int lane() { return current % warpSize; }

unsigned unfinished_lanes() {
  const int warp = current / warpSize;
  unsigned lanes = 0;
  for (int i = warp_begin(warp); i < warp_end(warp); i++) {
    if (fibers[i]->state != State::DONE) lanes |= 1u << (i - warp_begin(warp));
  }
  return lanes;
}

Votes block_barrier(bool vote, int line) {
  Fiber& fiber = *fibers[current];
  fiber.vote = vote;
  fiber.line = line;
  fiber.state = State::AT_BLOCK_BARRIER;
  give_way();
  return block_votes;
}

Received warp_barrier(unsigned mask, unsigned long long value, bool vote, int source_lane,
                      int line) {
  Fiber& fiber = *fibers[current];
  if (!(mask >> lane() & 1)) {
    fail("a lane calls a warp operation whose mask it is not in");
    _longjmp(scheduler, 1);
  }
  fiber.mask = mask;
  fiber.offered = value;
  fiber.vote = vote;
  fiber.source_lane = source_lane;
  fiber.line = line;
  fiber.state = State::AT_WARP_BARRIER;
  give_way();
  return fiber.received;
}

const char* run(const Launch& launch, Thread launched, void* arguments, void* shared) {
  if (const char* wrong = check(launch)) return wrong;
  static Fenced shared_memory(MAX_SHARED_BYTES);
  const std::size_t shared_bytes =
      (launch.shared_bytes + SHARED_ALIGNMENT - 1) / SHARED_ALIGNMENT * SHARED_ALIGNMENT;
  dynamic_shared = shared_memory.end - shared_bytes;
  LibraryMemory static_shared{static_cast<const char*>(shared)};
  dl_iterate_phdr(LibraryMemory::visit, &static_shared);

  thread = launched;
  call = arguments;
  threads = static_cast<int>(launch.threads);
  while (static_cast<int>(fibers.size()) < threads) fibers.push_back(new Fiber);
  gridDim = dim3(static_cast<unsigned>(launch.blocks));
  blockDim = dim3(static_cast<unsigned>(launch.threads));
  error.clear();

  FaultHandlers handlers;
  Schedule schedule(launch.schedule);
  for (const long long block : schedule.order(launch.blocks)) {
    blockIdx.x = static_cast<unsigned>(block);
    std::memset(dynamic_shared, POISON, shared_bytes);
    std::memset(static_shared.begin, POISON, static_shared.bytes);
    run_block(schedule);
    if (error.empty()) continue;
    error += " (block " + std::to_string(block) + ", thread " + std::to_string(current) + ")";
    for (Fiber* fiber : fibers) fiber->started = false;  // they stand in the midst of a kernel
    return error.c_str();
  }
  return nullptr;
}

// --- Mathematical functions, by way of the wider range and precision of long double
// -----------------

namespace {

constexpr long double ROOT_PI = 1.772453850905516027298167483341145183L;
constexpr long double ROOT_2 = 1.414213562373095048801688724209698079L;

// Newton's method on log(erfc(y)), which is nearly a parabola, where erfc(y) is small.
long double inverse_erfc(long double z) {
  if (!(z > 0 && z < 2)) return z == 0 ? INFINITY : z == 2 ? -INFINITY : NAN;
  if (z > 1) return -inverse_erfc(2 - z);
  long double y = z > 0.5L ? (1 - z) * ROOT_PI / 2 : sqrtl(std::max(-logl(z * ROOT_PI), 0.1L));
  for (int i = 0; i < 60; i++) {
    const long double value = erfcl(y);
    const long double slope = -2 / ROOT_PI * expl(-y * y) / value;
    const long double step = (logl(value) - logl(z)) / slope;
    y -= step;
    if (fabsl(step) <= 1e-19L * fabsl(y)) break;
  }
  return y;
}

long double inverse_erf(long double x) {
  if (fabsl(x) > 0.5L) return copysignl(inverse_erfc(1 - fabsl(x)), x);
  long double y = x * ROOT_PI / 2;
  for (int i = 0; i < 20; i++) y -= (erfl(y) - x) * ROOT_PI / 2 * expl(y * y);
  return y;
}

// The sum over k of (x / 2)^(2 k + order) / (k! (k + order)!): all terms have one sign.
long double modified_bessel(int order, long double x) {
  if (fabsl(x) > 750) return order ? copysignl(INFINITY, x) : INFINITY;
  long double term = order ? x / 2 : 1;
  long double sum = term;
  for (int k = 1; fabsl(term) > 1e-21L * fabsl(sum); k++) {
    term *= x * x / 4 / k / (k + order);
    sum += term;
  }
  return sum;
}

}  // namespace

double erfcx(double x) {
  if (x < 26) return expl(static_cast<long double>(x) * x) * erfcl(x);
  const long double t = 1 / (2 * static_cast<long double>(x) * x);
  return (1 - t * (1 - 3 * t * (1 - 5 * t * (1 - 7 * t * (1 - 9 * t))))) / (x * ROOT_PI);
}

double erfinv(double x) { return x == 0 ? x : inverse_erf(x); }

double erfcinv(double x) { return inverse_erfc(x); }

double normcdf(double x) { return erfcl(-x / ROOT_2) / 2; }

double normcdfinv(double x) {
  return x > 0.25 && x < 0.75 ? ROOT_2 * inverse_erf(2 * static_cast<long double>(x) - 1)
                              : -ROOT_2 * inverse_erfc(2 * static_cast<long double>(x));
}

double cyl_bessel_i0(double x) { return modified_bessel(0, x); }

double cyl_bessel_i1(double x) { return modified_bessel(1, x); }

double sinpi(double x) {
  const double r = remainder(x, 2);  // exact
  return r == rint(r) ? copysign(0.0, x) : sinl(r * 3.141592653589793238462643383279502884L);
}

double cospi(double x) {
  const double r = fabs(remainder(x, 2));
  return r == 0.5 ? 0.0 : cosl(r * 3.141592653589793238462643383279502884L);
}

}  // namespace simulator
