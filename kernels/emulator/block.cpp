// Runs a block of threads as fibers on one worker thread; blocks are distributed over a pool of workers.
#include "block.h"

#include <csignal>
#include <cstdlib>
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "fiber.h"

namespace emu {

constexpr size_t SHARED_BYTES = 228 * 1024;  // of an SM with compute capability 9.0

struct Block {
  const Launch* launch;
  uint3 index;
  std::vector<Fiber> fibers;
  std::vector<char*> stacks;
  std::vector<Warp> warps;
  std::vector<u32> ready;  // runnable threads, in order
  size_t next_ready = 0;
  std::vector<u32> at_barrier;
  void* main_stack = nullptr;
  u32 alive = 0;
  unsigned char* shared;
  size_t shared_used = 0;
  std::map<const void*, size_t> statics;
  u64 random = 0;
  Stats stats{};
  std::string error;

  Block() : shared((unsigned char*)std::aligned_alloc(1024, SHARED_BYTES)) {}
};

static thread_local Block* block;
static thread_local Fiber* current;

const uint3& thread_index() { return current->index; }
const uint3& block_index() { return block->index; }
const dim3& block_size() { return block->launch->block; }
const dim3& grid_size() { return block->launch->grid; }

Fiber& fiber() { return *current; }
Warp& warp_of(const Fiber& f) { return block->warps[f.warp]; }
Stats& block_stats() { return block->stats; }
u32 threads_in_block() { return (u32)block->fibers.size(); }
bool in_shared(const void* p, size_t bytes) {
  const unsigned char* at = (const unsigned char*)p;
  return at >= block->shared && at + bytes <= block->shared + block->shared_used;
}

static u32 draw(u64& state, u32 below) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (u32)(state % below);
}

Settings& settings() {
  static Settings chosen = [] {
    const char* order = std::getenv("EMU_ORDER");
    const char* threads = std::getenv("EMU_THREADS");
    const std::string name = order ? order : "forward";
    return Settings{name == "reverse" ? Order::reverse : name == "random" ? Order::random : Order::forward, 1,
                    threads ? (u32)std::atoi(threads) : std::max(1u, std::thread::hardware_concurrency())};
  }();
  return chosen;
}

// ------------------------------------------------------------------------------------------------ scheduling
static std::string text(Site site) {
  const char* slash = site.file ? std::strrchr(site.file, '/') : nullptr;
  return std::string(slash ? slash + 1 : site.file ? site.file : "?") + ":" + std::to_string(site.line);
}

static void switch_to(Fiber& f) {
  Fiber* me = current;
  current = &f;
  if (me != &f) switch_stacks(&me->stack_pointer, f.stack_pointer);
}
static void leave_block() { switch_stacks(&current->stack_pointer, block->main_stack); }

void fail(const std::string& what) {
  const uint3 b = block->index, t = current->index;
  char where[128];
  std::snprintf(where, sizeof where, " (block %u,%u,%u thread %u,%u,%u)", b.x, b.y, b.z, t.x, t.y, t.z);
  block->error = what + where;
  leave_block();
  std::abort();  // unreachable: a failed block is never resumed
}
void fail(const std::string& what, Site site) { fail(text(site) + ": " + what); }

void wake(u32 linear) { block->ready.push_back(linear); }

static Fiber* next_fiber() {
  if (block->next_ready == block->ready.size()) return nullptr;
  if (settings().order == Order::random) {
    const size_t left = block->ready.size() - block->next_ready;
    std::swap(block->ready[block->next_ready], block->ready[block->next_ready + draw(block->random, (u32)left)]);
  }
  Fiber* f = &block->fibers[block->ready[block->next_ready++]];
  if (block->next_ready == block->ready.size()) block->ready.clear(), block->next_ready = 0;
  return f;
}

[[noreturn]] static void deadlock() {
  std::map<std::string, u32> waiting;
  for (const Fiber& f : block->fibers)
    if (!f.done) waiting[text(f.waits_at)]++;
  std::string what = "deadlock: ";
  for (const auto& [place, count] : waiting) what += std::to_string(count) + " threads wait at " + place + ", ";
  fail(what + std::to_string(block->fibers.size() - block->alive) + " have ended");
}

void wait_at(Site site) {
  current->waits_at = site;
  Fiber* next = next_fiber();
  if (!next) deadlock();
  switch_to(*next);
}

void barrier(Site site) {
  if (block->alive != block->fibers.size()) fail("__syncthreads after threads of the block have ended", site);
  for (u32 other : block->at_barrier) {
    const Site there = block->fibers[other].waits_at;
    if (there.line != site.line || there.file != site.file) fail("divergent __syncthreads: others wait at " + text(there), site);
  }
  if (block->at_barrier.size() + 1 < block->alive) {
    block->at_barrier.push_back(current->linear);
    wait_at(site);
    return;
  }
  block->stats.barriers++;
  for (u32 other : block->at_barrier) wake(other);
  block->at_barrier.clear();
}

// ------------------------------------------------------------------------------------------------ shared memory
unsigned char* dynamic_shared() { return block->shared; }

void* static_shared(const void* key, size_t bytes) {
  const auto known = block->statics.find(key);
  if (known != block->statics.end()) return block->shared + known->second;
  const size_t offset = (block->shared_used + 127) & ~(size_t)127;
  if (offset + bytes > SHARED_BYTES) fail("more shared memory than the SM has");
  block->statics[key] = offset;
  block->shared_used = offset + bytes;
  std::memset(block->shared + offset, 0xff, bytes);
  return block->shared + offset;
}

void copy_async(void* shared, const void* global, bool valid, Site site) {
  if (((uintptr_t)shared | (uintptr_t)global) & 15) fail("cp.async of 16 bytes is not aligned to 16", site);
  if (!in_shared(shared, 16)) fail("cp.async to outside of shared memory", site);
  current->copies.push_back({shared, global, valid, current->group});
  block->stats.copies++;
  std::memset(shared, 0xff, 16);
}
void commit_copies() { current->group++; }
void wait_copies(u32 newest) {
  std::vector<Copy>& copies = current->copies;
  const auto arrives = [&](const Copy& copy) {
    if (copy.group + newest >= current->group) return false;
    if (copy.valid) std::memcpy(copy.shared, copy.global, 16);
    else std::memset(copy.shared, 0, 16);
    return true;
  };
  copies.erase(std::remove_if(copies.begin(), copies.end(), arrives), copies.end());
}

// ------------------------------------------------------------------------------------------------ running
static void thread_main() {
  block->launch->call(block->launch->arguments);
  if (!current->copies.empty()) fail("ends with cp.async in flight");
  current->done = true;
  block->alive--;
  if (!block->at_barrier.empty()) fail("ends while others wait at __syncthreads " + text(block->fibers[block->at_barrier[0]].waits_at));
  if (Fiber* next = next_fiber()) switch_to(*next);
  else if (block->alive) deadlock();
  else leave_block();
  std::abort();
}

static void run_block(const Launch& launch, uint3 index) {
  const dim3 size = launch.block;
  const u32 count = size.x * size.y * size.z;
  block->launch = &launch;
  block->index = index;
  block->ready.clear(), block->next_ready = 0, block->at_barrier.clear(), block->statics.clear(), block->error.clear();
  block->random = settings().seed * 0x9e3779b97f4a7c15ull + index.x * 31ull + index.y * 17ull + index.z + 88172645463325252ull;
  block->shared_used = launch.dynamic_bytes;
  std::memset(block->shared, 0xff, launch.dynamic_bytes);
  while (block->stacks.size() < count) block->stacks.push_back(new_stack());
  block->fibers.resize(count);
  block->warps.resize((count + 31) / 32);
  for (Warp& warp : block->warps) warp.pending.clear();
  block->alive = count;
  block->stats.blocks++;
  for (u32 i = 0; i < count; i++) {
    Fiber& f = block->fibers[i];
    f.stack_pointer = prepare(block->stacks[i], thread_main);
    f.index = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
    f.linear = i, f.warp = i / 32, f.lane = i % 32, f.done = false, f.waits_at = {nullptr, 0}, f.group = 0;
    f.copies.clear();
    wake(settings().order == Order::reverse ? count - 1 - i : i);
  }
  current = next_fiber();
  switch_stacks(&block->main_stack, current->stack_pointer);
  current = nullptr;
}

/// An access outside all allocations ends the kernel with an error; faults of other code go to the previous handler.
static struct sigaction previous_handler;
static void on_fault(int signal, siginfo_t* info, void* context) {
  if (current) {
    char what[64];
    std::snprintf(what, sizeof what, "illegal address %p", info->si_addr);
    fail(what);
  }
  if (previous_handler.sa_flags & SA_SIGINFO) previous_handler.sa_sigaction(signal, info, context);
  else if (previous_handler.sa_handler != SIG_DFL && previous_handler.sa_handler != SIG_IGN) previous_handler.sa_handler(signal);
  else std::signal(signal, SIG_DFL);
}
static void catch_faults() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous_handler);
  });
}

/// Blocks with their stacks, reused by later launches: as many as ever ran at once.
static std::vector<Block*> idle;
static std::mutex pool_guard;
static Block* take_block() {
  std::lock_guard<std::mutex> lock(pool_guard);
  if (idle.empty()) return new Block;
  Block* taken = idle.back();
  idle.pop_back();
  return taken;
}
static void give_back(Block* used) {
  std::lock_guard<std::mutex> lock(pool_guard);
  idle.push_back(used);
}

std::string run(const Launch& launch, Stats& stats) {
  catch_faults();
  const dim3 grid = launch.grid;
  std::vector<u64> order((u64)grid.x * grid.y * grid.z);
  std::iota(order.begin(), order.end(), 0);
  if (settings().order == Order::reverse) std::reverse(order.begin(), order.end());
  if (settings().order == Order::random) {
    u64 state = settings().seed * 2654435761u + 88172645463325252ull;
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[draw(state, (u32)i)]);
  }
  std::atomic<size_t> next{0};
  std::mutex guard;
  std::string error;
  const auto work = [&] {
    block = take_block();
    block->stats = Stats{};
    for (size_t i; (i = next++) < order.size();) {
      const u64 at = order[i];
      run_block(launch, {(u32)(at % grid.x), (u32)(at / grid.x % grid.y), (u32)(at / ((u64)grid.x * grid.y))});
      if (block->error.empty()) continue;
      std::lock_guard<std::mutex> lock(guard);
      if (error.empty()) error = std::string(launch.name) + ": " + block->error;
      next = order.size();
    }
    std::lock_guard<std::mutex> lock(guard);
    u64* into = (u64*)&stats;
    const u64* from = (const u64*)&block->stats;
    for (size_t i = 0; i < sizeof(Stats) / sizeof(u64); i++) into[i] += from[i];
    give_back(block);
  };
  const size_t workers = std::min<size_t>(settings().threads, order.size());
  if (workers <= 1) {
    work();
  } else {
    std::vector<std::thread> pool;
    for (size_t i = 0; i < workers; i++) pool.emplace_back(work);
    for (std::thread& thread : pool) thread.join();
  }
  return error;
}

}  // namespace emu
