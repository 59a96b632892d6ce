// Streams of the emulated device, as far as driver.cpp and cublaslt.cpp put work on them.
#pragma once
#include <functional>
#include <string>

typedef int CUresult;
enum : int {
  SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, NOT_FOUND = 500, NOT_READY = 600,
  ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901,
};

namespace emu {

/// Appends work to a stream (null: the legacy one), or to the graph that is being captured from it. `ms` is what it takes on the
/// device's clock.
CUresult enqueue(void* stream, std::function<CUresult()> run, double ms = 0);
/// What a kernel takes on that clock, by its name: nothing, unless emuCost said otherwise.
double cost_of(const std::string& kernel);
bool capturing();
/// All work done; refused while a stream is being captured.
CUresult synchronise();
/// Forgets waiting work and the error of what ran.
void drop_work();

}  // namespace emu
