// Streams of the emulated device: the part that driver.cpp and cublaslt.cpp use.
#pragma once
#include <functional>
#include <string>

typedef int CUresult;
enum : int {
  SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, NOT_FOUND = 500,
  NOT_READY = 600, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901,
};

namespace emu {

/// Appends work to a stream (null: the legacy one), or to the graph being captured from it. `ms` is its duration on the device's
/// clock.
CUresult enqueue(void* stream, std::function<CUresult()> run, double ms = 0);
/// Duration of a kernel on that clock, by its name: 0 unless emuCost has set it.
double cost_of(const std::string& kernel);
bool capturing();
/// Loads code on its first use (`loaded` is set). Refused while a stream is being captured, as by drivers before CUDA 12.3 with lazy
/// loading.
CUresult load_lazily(bool& loaded);
/// Waits for all work; refused while a stream is being captured.
CUresult synchronise();
/// Waits for the work that the legacy stream is ordered with: its own and that of blocking streams. Work of streams made with
/// CU_STREAM_NON_BLOCKING stays queued.
CUresult synchronise_legacy();
/// Discards queued work and the error of a failed kernel.
void drop_work();

}  // namespace emu
