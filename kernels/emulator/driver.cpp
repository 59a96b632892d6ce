// The driver API, under libcuda's own names and signatures, over the emulated device: the subset that src/engines/cuda/driver.ts
// declares; its streams, graphs and events are in stream.cpp. Errors of kernels surface at the next synchronisation, and stay, as on
// a device.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "block.h"
#include "stream.h"

using namespace emu;

typedef u64 CUdeviceptr;

namespace {

struct Kernel { std::string name; u32 threads; void (*call)(void**); std::vector<u32> sizes; int dynamic_limit = 48 * 1024; };
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
size_t allocated = 0;

/// What the device pretends to be: EMU_DEVICES, EMU_DRIVER (13000), EMU_CAPABILITY (90), EMU_BYTES; EMU_TAKEN of them by others since it was asked.
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
CUresult cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = DEVICE_BYTES; return SUCCESS; }
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
CUresult cuDevicePrimaryCtxRetain(void** context, int) { *context = (void*)1; return SUCCESS; }
CUresult cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
CUresult cuCtxSetCurrent(void*) { return SUCCESS; }
CUresult cuCtxSynchronize() { return synchronise(); }

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) { *free = DEVICE_BYTES - allocated; *total = DEVICE_BYTES; return SUCCESS; }
/// Ends at a guard page, begins as NaN.
CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
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
  munmap(found->second.mapping, found->second.mapped);
  allocated -= found->second.bytes;
  allocations.erase(found);
  return SUCCESS;
}
CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  *pointer = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return *pointer == MAP_FAILED ? OUT_OF_MEMORY : SUCCESS;
}
CUresult cuMemFreeHost(void*) { return synchronise(); }

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  if (const CUresult result = synchronise()) return result;
  std::memcpy((void*)to, from, bytes);
  return SUCCESS;
}
CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  if (const CUresult result = synchronise()) return result;
  std::memcpy(to, (void*)from, bytes);
  return SUCCESS;
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, void* stream) {
  return enqueue(stream, [=] { std::memcpy((void*)to, from, bytes); return SUCCESS; });
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, void* stream) {
  return enqueue(stream, [=] { std::memcpy(to, (void*)from, bytes); return SUCCESS; });
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void* stream) {
  return enqueue(stream, [=] { std::memmove((void*)to, (void*)from, bytes); return SUCCESS; });
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, void* stream) {
  return enqueue(stream, [=] { std::memset((void*)to, value, count); return SUCCESS; });
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, void* stream) {
  return enqueue(stream, [=] { std::fill_n((u32*)to, count, value); return SUCCESS; });
}

/// Takes anything for its own kernels; with EMU_REFUSES=200, only PTX, and that error for everything else.
CUresult cuModuleLoadData(void** module, const void* image) {
  const u64 refuses = pretended("EMU_REFUSES", 0);
  if (refuses && std::strncmp((const char*)image, "//", 2) != 0) return (CUresult)refuses;
  *module = (void*)1;
  return SUCCESS;
}
CUresult cuModuleUnload(void*) { return SUCCESS; }
CUresult cuModuleGetFunction(void** function, void*, const char* name) {
  const auto found = kernels().find(name);
  if (found == kernels().end()) return NOT_FOUND;
  *function = &found->second;
  return SUCCESS;
}
CUresult cuFuncSetAttribute(void* function, int attribute, int value) {
  if (attribute != 8 || value > 227 * 1024) return INVALID_VALUE;
  ((Kernel*)function)->dynamic_limit = value;
  return SUCCESS;
}
CUresult cuFuncGetAttribute(int* value, int attribute, void* function) {
  if (attribute != 8) return INVALID_VALUE;
  *value = ((Kernel*)function)->dynamic_limit;
  return SUCCESS;
}
CUresult cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned dynamic_bytes, void* stream,
                        void** parameters, void** extra) {
  const Kernel& kernel = *(Kernel*)function;
  if (!gx || !gy || !gz || !bx || !by || !bz || gy > 65535 || gz > 65535 || extra) return INVALID_VALUE;
  if ((u64)bx * by * bz > 1024 || (int)dynamic_bytes > kernel.dynamic_limit) return INVALID_VALUE;
  if (kernel.threads && bx * by * bz != kernel.threads) {
    last_error = kernel.name + ": blocks of " + std::to_string(bx * by * bz) + " threads, it is written for " + std::to_string(kernel.threads);
    return INVALID_VALUE;
  }
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
      {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"}, {NOT_READY, "CUDA_ERROR_NOT_READY"}, {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"}, {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
      {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
  const auto found = names.find(error);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? INVALID_VALUE : SUCCESS;
}
CUresult cuGetErrorString(CUresult error, const char** text) { return cuGetErrorName(error, text); }

// ------------------------------------------------------------------------------------------------ what only an emulator has
/// 0 forward, 1 reverse, 2 random: of blocks in a grid and of threads in a block.
void emuOrder(int order, u64 seed) { settings().order = (Order)order; settings().seed = seed; }
/// Worker threads; with one, blocks run strictly in their order.
void emuThreads(u32 threads) { settings().threads = threads; }
/// What the kernel that failed did wrong, and where.
const char* emuLastError() { return last_error.c_str(); }
/// blocks, barriers, collectives, partial collectives, ldmatrix, ldmatrix with bank conflicts, cp.async, mma, kernel launches; then from 0 again.
void emuStats(u64* out) {
  std::memcpy(out, &totals, sizeof totals);
  out[sizeof totals / sizeof(u64)] = launches;
  totals = Stats{};
  launches = 0;
}
/// Forgets a kernel's error, which on a device would need a new process.
void emuReset() { drop_work(); last_error.clear(); }

}  // extern "C"
