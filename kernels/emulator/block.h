// Internals of the emulator: fibers, and the block that a worker thread runs.
#pragma once
#include <string>
#include <vector>

#include "emu.h"
#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim
#undef min
#undef max

namespace emu {

struct Copy { void* shared; const void* global; bool valid; u32 group; };

/// One CUDA thread. The fibers of a block are scheduled on one worker thread and never leave it.
struct Fiber {
  void* stack_pointer;
  uint3 index;
  u32 linear, warp, lane;
  bool done;
  Site waits_at;
  std::vector<Copy> copies;  // in flight
  u32 group;                 // of the next copies
};

/// A collective that some lanes of a warp have reached and others have not.
struct Rendezvous { u32 mask, arrived; Collective kind; Site site; };
struct Warp { LaneInput in[32]; LaneOutput out[32]; std::vector<Rendezvous> pending; };

/// Counts over all launches since the last report, in the order of emuStats (driver.cpp).
struct Stats { u64 blocks, barriers, collectives, partial_collectives, ldmatrix, ldmatrix_conflicts, copies, mma; };

struct Launch { dim3 grid, block; u32 dynamic_bytes; void (*call)(void**); void** arguments; const char* name; };

enum class Order { forward, reverse, random };
struct Settings { Order order; u64 seed; u32 threads; };
Settings& settings();

/// Runs every block; returns an empty string, or the error of the first failing thread.
std::string run(const Launch& launch, Stats& stats);

// For warp.cpp:
struct Block;
Fiber& fiber();
Warp& warp_of(const Fiber& f);
Stats& block_stats();
u32 threads_in_block();
bool in_shared(const void* p, size_t bytes);
void wake(u32 linear);
void wait_at(Site site);
[[noreturn]] void fail(const std::string& what);
[[noreturn]] void fail(const std::string& what, Site site);

}  // namespace emu
