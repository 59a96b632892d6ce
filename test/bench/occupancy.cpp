// Expected values for occupancy.test.ts, by NVIDIA's own header cuda_occupancy.h (CUDA 13.0) and the properties that CCCL's
// cuda/__device/arch_traits.h (same version) gives of each architecture:
//
//   g++ -I $CUDA/include test/bench/occupancy.cpp -o /tmp/occupancy && /tmp/occupancy > test/bench/occupancy.json
#include <cstdio>
#include "cuda_occupancy.h"

struct Arch { const char* name; int major, minor, threads, sharedKiB; };
struct Kernel { int registers, threads, fixed, dynamic; };

int main() {
  const Arch archs[] = {{"sm_80", 8, 0, 2048, 164}, {"sm_86", 8, 6, 1536, 100}, {"sm_89", 8, 9, 1536, 100}, {"sm_90", 9, 0, 2048, 228}, {"sm_120", 12, 0, 1536, 100}};
  const Kernel kernels[] = {{16, 32, 0, 0}, {20, 256, 128, 0}, {32, 1, 0, 0}, {40, 96, 0, 0}, {38, 256, 0, 0}, {56, 128, 0, 24576}, {66, 128, 6144, 0}, {79, 128, 0, 32768}, {128, 128, 0, 27648}, {168, 128, 0, 65536}, {231, 128, 0, 65536}, {255, 1024, 0, 0}, {64, 1024, 0, 0}, {254, 128, 0, 53248}, {33, 160, 100, 5000}};
  printf("[\n");
  bool first = true;
  for (const Arch& arch : archs) {
    for (const Kernel& kernel : kernels) {
      cudaOccDeviceProp device = {};
      device.computeMajor = arch.major;
      device.computeMinor = arch.minor;
      device.maxThreadsPerBlock = 1024;
      device.maxThreadsPerMultiprocessor = arch.threads;
      device.regsPerBlock = device.regsPerMultiprocessor = 65536;
      device.warpSize = 32;
      device.sharedMemPerBlock = 48 * 1024;
      device.sharedMemPerMultiprocessor = arch.sharedKiB * 1024;
      device.sharedMemPerBlockOptin = (arch.sharedKiB - 1) * 1024;
      device.reservedSharedMemPerBlock = 1024;
      device.numSms = 100;
      cudaOccFuncAttributes function = {};
      function.maxThreadsPerBlock = 1024;
      function.numRegs = kernel.registers;
      function.sharedSizeBytes = kernel.fixed;
      function.partitionedGCConfig = PARTITIONED_GC_OFF;
      function.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
      function.maxDynamicSharedSizeBytes = device.sharedMemPerBlockOptin - kernel.fixed;
      cudaOccDeviceState state = {};
      state.cacheConfig = CACHE_PREFER_SHARED;
      state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
      cudaOccResult result;
      if (cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &function, &state, kernel.threads, kernel.dynamic) != CUDA_OCC_SUCCESS) return 1;
      printf("%s  {\"arch\": \"%s\", \"registers\": %d, \"threads\": %d, \"shared\": %d, \"blocks\": %d}", first ? "" : ",\n", arch.name, kernel.registers, kernel.threads, kernel.fixed + kernel.dynamic, result.activeBlocksPerMultiprocessor);
      first = false;
    }
  }
  printf("\n]\n");
}
