// The driver API, under libcuda's names and signatures, over the emulated device: the subset that src/engines/cuda/driver/driver.ts declares,
// with the legacy copy and cuCtxSynchronize, which tests call.
// Streams, graphs and events are in stream.cpp. A kernel's error surfaces at the next synchronisation and stays until the context is
// destroyed, as on a device.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "block.h"
#include "stream.h"

using namespace emu;

typedef u64 CUdeviceptr;

namespace {

struct Kernel { std::string name; u32 threads; void (*call)(void**); std::vector<u32> sizes; };
/// A kernel of one loaded module.
struct Function { const Kernel* kernel; int dynamic_limit = 48 * 1024; bool loaded = false; };
struct Module { std::map<std::string, Function> functions; };
std::map<std::string, Kernel>& kernels() {
  static std::map<std::string, Kernel> all;
  return all;
}

bool initialised = false;
std::string last_error;
Stats totals{};
u64 launches = 0;
struct Allocation { void* mapping; size_t mapped, bytes; };
std::map<CUdeviceptr, Allocation> allocations;
std::map<void*, size_t> pinned;
std::map<void*, std::unique_ptr<Module>> modules;
size_t allocated = 0;
/// Users of the primary context; contexts created, and modules loaded, since the process began.
u64 retained = 0, contexts_created = 0, modules_loaded = 0;
/// With EMU_REPORT=FILE, appends both counts to the file when a process that has created a context ends.
struct Report {
  ~Report() {
    const char* path = std::getenv("EMU_REPORT");
    FILE* file = path && contexts_created ? std::fopen(path, "a") : nullptr;
    if (!file) return;
    std::fprintf(file, "contexts %llu, modules %llu\n", contexts_created, modules_loaded);
    std::fclose(file);
  }
} report;

void unmap(const Allocation& allocation) {
  munmap(allocation.mapping, allocation.mapped);
  allocated -= allocation.bytes;
}

/// Properties of the device: EMU_DEVICES, EMU_DRIVER (13000), EMU_CAPABILITY (90), EMU_BYTES; EMU_TAKEN bytes in use by other processes,
/// which cuMemGetInfo does not report.
u64 pretended(const char* variable, u64 otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}
const size_t DEVICE_BYTES = pretended("EMU_BYTES", (u64)16 << 30);

}  // namespace

void emu::add_kernel(const char* name, u32 threads, void (*call)(void**), const u32* sizes, u32 count) {
  kernels()[name] = {name, threads, call, std::vector<u32>(sizes, sizes + count)};
}

extern "C" {

CUresult cuInit(unsigned flags) { return flags ? INVALID_VALUE : (initialised = true, SUCCESS); }
CUresult cuDriverGetVersion(int* version) { *version = (int)pretended("EMU_DRIVER", 13000); return SUCCESS; }
CUresult cuDeviceGetCount(int* count) { *count = (int)pretended("EMU_DEVICES", 1); return initialised ? SUCCESS : NOT_INITIALIZED; }
CUresult cuDeviceGet(int* device, int ordinal) { *device = ordinal; return ordinal == 0 ? SUCCESS : INVALID_DEVICE; }
CUresult cuDeviceGetName(char* name, int length, int) { std::snprintf(name, (size_t)length, "CUDA emulated on the CPU"); return SUCCESS; }
CUresult cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 1: *value = 1024; return SUCCESS;                     // threads per block
    case 10: *value = 32; return SUCCESS;                      // warp size
    case 16: *value = 4; return SUCCESS;                       // multiprocessors
    case 38: *value = 50 << 20; return SUCCESS;                // L2 bytes
    case 75: *value = (int)pretended("EMU_CAPABILITY", 90) / 10; return SUCCESS;
    case 76: *value = (int)pretended("EMU_CAPABILITY", 90) % 10; return SUCCESS;
    case 97: *value = 227 * 1024; return SUCCESS;              // shared memory per block, opted in
    default: return INVALID_VALUE;
  }
}
CUresult cuDevicePrimaryCtxRetain(void** context, int) {
  if (!initialised) return NOT_INITIALIZED;
  if (retained++ == 0) contexts_created++;
  *context = (void*)1;
  return SUCCESS;
}
/// The last release destroys the context with everything in it, and a failed kernel's error with it.
CUresult cuDevicePrimaryCtxRelease_v2(int) {
  if (retained == 0) return INVALID_CONTEXT;
  if (--retained > 0) return SUCCESS;
  drop_work();
  for (const auto& [pointer, allocation] : allocations) unmap(allocation);
  allocations.clear();
  modules.clear();
  return SUCCESS;
}
CUresult cuCtxSetCurrent(void*) { return retained ? SUCCESS : INVALID_CONTEXT; }
CUresult cuCtxSynchronize() { return synchronise(); }

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) { *free = DEVICE_BYTES - allocated; *total = DEVICE_BYTES; return SUCCESS; }
/// Ends at a guard page and is filled with NaN.
CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
  if (!retained) return INVALID_CONTEXT;
  if (capturing()) return CAPTURE_UNSUPPORTED;
  if (bytes == 0) return INVALID_VALUE;
  if (allocated + bytes + pretended("EMU_TAKEN", 0) > DEVICE_BYTES) return OUT_OF_MEMORY;
  const size_t pages = (bytes + 4095) & ~(size_t)4095;
  char* mapping = (char*)mmap(nullptr, pages + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return OUT_OF_MEMORY;
  mprotect(mapping, 4096, PROT_NONE);
  mprotect(mapping + 4096 + pages, 4096, PROT_NONE);
  char* start = mapping + 4096 + pages - ((bytes + 15) & ~(size_t)15);
  std::memset(start, 0xff, bytes);
  allocations[(CUdeviceptr)start] = {mapping, pages + 8192, bytes};
  allocated += bytes;
  *pointer = (CUdeviceptr)start;
  return SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr pointer) {
  if (const CUresult result = synchronise()) return result;
  const auto found = allocations.find(pointer);
  if (found == allocations.end()) return INVALID_VALUE;
  unmap(found->second);
  allocations.erase(found);
  return SUCCESS;
}
CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  *pointer = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*pointer == MAP_FAILED) return OUT_OF_MEMORY;
  pinned[*pointer] = bytes;
  return SUCCESS;
}
/// Fills the memory with NaN and leaves it mapped, so that a later read shows.
CUresult cuMemFreeHost(void* pointer) {
  const CUresult result = synchronise();
  const auto found = pinned.find(pointer);
  if (found == pinned.end()) return INVALID_VALUE;
  std::memset(pointer, 0xff, found->second);
  pinned.erase(found);
  return result;
}

/// From pageable memory: the call returns once the bytes are staged, and the transfer is work of the legacy stream, which is not
/// ordered before the work of a non-blocking stream.
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  if (const CUresult result = synchronise_legacy()) return result;
  std::vector<char> staged((const char*)from, (const char*)from + bytes);
  return enqueue(nullptr, [=, staged = std::move(staged)] { std::memcpy((void*)to, staged.data(), bytes); return SUCCESS; });
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, void* stream) {
  return enqueue(stream, [=] { std::memcpy((void*)to, from, bytes); return SUCCESS; });
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, void* stream) {
  return enqueue(stream, [=] { std::memcpy(to, (void*)from, bytes); return SUCCESS; });
}

/// Accepts any image as its own kernels; with EMU_REFUSES=200 only PTX, and fails with that error otherwise.
CUresult cuModuleLoadData(void** module, const void* image) {
  const u64 refuses = pretended("EMU_REFUSES", 0);
  if (refuses && std::strncmp((const char*)image, "//", 2) != 0) return (CUresult)refuses;
  if (!retained) return INVALID_CONTEXT;
  auto made = std::make_unique<Module>();
  *module = made.get();
  modules[*module] = std::move(made);
  modules_loaded++;
  return SUCCESS;
}
CUresult cuModuleGetFunction(void** function, void* module, const char* name) {
  const auto kernel = kernels().find(name);
  if (kernel == kernels().end()) return NOT_FOUND;
  if (!modules.count(module)) return INVALID_VALUE;
  auto& functions = modules[module]->functions;
  if (!functions.count(name)) {
    if (capturing()) return CAPTURE_UNSUPPORTED;
    functions[name].kernel = &kernel->second;
  }
  *function = &functions[name];
  return SUCCESS;
}
CUresult cuFuncSetAttribute(void* function, int attribute, int value) {
  if (attribute != 8 || value > 227 * 1024) return INVALID_VALUE;
  if (capturing()) return CAPTURE_UNSUPPORTED;
  ((Function*)function)->dynamic_limit = value;
  return SUCCESS;
}
CUresult cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned dynamic_bytes, void* stream,
                        void** parameters, void** extra) {
  Function& of_module = *(Function*)function;
  const Kernel& kernel = *of_module.kernel;
  if (!gx || !gy || !gz || !bx || !by || !bz || gy > 65535 || gz > 65535 || extra) return INVALID_VALUE;
  if ((u64)bx * by * bz > 1024 || (int)dynamic_bytes > of_module.dynamic_limit) return INVALID_VALUE;
  if (kernel.threads && bx * by * bz != kernel.threads) {
    last_error = kernel.name + ": blocks of " + std::to_string(bx * by * bz) + " threads, it is written for " + std::to_string(kernel.threads);
    return INVALID_VALUE;
  }
  if (const CUresult result = load_lazily(of_module.loaded)) return result;
  std::vector<std::vector<char>> values;
  for (size_t i = 0; i < kernel.sizes.size(); i++) values.emplace_back((char*)parameters[i], (char*)parameters[i] + kernel.sizes[i]);
  return enqueue(stream, [=, &kernel]() mutable {
    std::vector<void*> arguments;
    for (std::vector<char>& value : values) arguments.push_back(value.data());
    const std::string error = run({{gx, gy, gz}, {bx, by, bz}, dynamic_bytes, kernel.call, arguments.data(), kernel.name.c_str()}, totals);
    launches++;
    if (error.empty()) return (CUresult)SUCCESS;
    last_error = error;
    return (CUresult)(error.find("illegal address") == std::string::npos ? LAUNCH_FAILED : ILLEGAL_ADDRESS);
  }, cost_of(kernel.name));
}

CUresult cuGetErrorName(CUresult error, const char** name) {
  static const std::map<int, const char*> names = {
      {SUCCESS, "CUDA_SUCCESS"}, {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"}, {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"}, {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
      {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"}, {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"}, {NOT_READY, "CUDA_ERROR_NOT_READY"}, {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"}, {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
      {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
  const auto found = names.find(error);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? INVALID_VALUE : SUCCESS;
}

// ------------------------------------------------------------------------------------------------ emulator only
/// Order of blocks in a grid and of threads in a block: 0 forward, 1 reverse, 2 random.
void emuOrder(int order, u64 seed) { settings().order = (Order)order; settings().seed = seed; }
/// Number of worker threads; with one, blocks run strictly in order.
void emuThreads(u32 threads) { settings().threads = threads; }
/// Message and source position of the failed kernel.
const char* emuLastError() { return last_error.c_str(); }
/// Counts of blocks, barriers, collectives, partial collectives, ldmatrix, ldmatrix with bank conflicts, cp.async, mma, kernel launches;
/// resets them.
void emuStats(u64* out) {
  std::memcpy(out, &totals, sizeof totals);
  out[sizeof totals / sizeof(u64)] = launches;
  totals = Stats{};
  launches = 0;
}
/// Counts since the process began: contexts created, modules loaded; then the current users of the context.
void emuContexts(u64* out) { out[0] = contexts_created, out[1] = modules_loaded, out[2] = retained; }
/// Clears a kernel's error, for which a device needs a new context.
void emuReset() { drop_work(); last_error.clear(); }

}  // extern "C"
