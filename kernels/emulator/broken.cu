// Kernels with one deliberate error each. The tests check that the emulator reports it.
#include "../gpu.h"

/// Reads another thread's write without a barrier.
KERNEL(broken_race, 0)(float* out) {
  SHARED(float, shared, 64);
  shared[threadIdx.x] = (float)threadIdx.x;
  out[threadIdx.x] = shared[63 - threadIdx.x];
}
EXPORT(broken_race)

/// Half of the block waits at a barrier that the other half does not reach.
KERNEL(broken_divergent_barrier, 0)(float* out) {
  if (threadIdx.x < 32) __syncthreads();
  out[threadIdx.x] = 1.f;
}
EXPORT(broken_divergent_barrier)

/// The two halves wait at different barriers.
KERNEL(broken_two_barriers, 0)(float* out) {
  if (threadIdx.x < 32) __syncthreads();
  else
    __syncthreads();
  out[threadIdx.x] = 1.f;
}
EXPORT(broken_two_barriers)

/// Reads shared memory before its copy has arrived.
KERNEL(broken_early_read, 0)(float* out, const float* in) {
  SHARED(float, shared, 256);
  cp_async16(shared + threadIdx.x * 4, in + threadIdx.x * 4, true);
  cp_commit();
  __syncthreads();
  out[threadIdx.x] = shared[threadIdx.x];
  cp_wait<0>();
}
EXPORT(broken_early_read)

/// Waits for one copy group too few.
KERNEL(broken_wait, 0)(float* out, const float* in) {
  SHARED(float, shared, 512);
  for (int stage = 0; stage < 2; stage++) {
    cp_async16(shared + stage * 256 + threadIdx.x * 4, in + threadIdx.x * 4, true);
    cp_commit();
  }
  cp_wait<1>();
  __syncthreads();
  out[threadIdx.x] = shared[256 + threadIdx.x];
  cp_wait<0>();
}
EXPORT(broken_wait)

/// Ends with a copy in flight.
KERNEL(broken_leftover_copy, 0)(float* out, const float* in) {
  SHARED(float, shared, 256);
  cp_async16(shared + threadIdx.x * 4, in + threadIdx.x * 4, true);
  cp_commit();
  out[threadIdx.x] = 1.f;
}
EXPORT(broken_leftover_copy)

/// Writes beyond the end of `out`, which holds n floats.
KERNEL(broken_out_of_bounds, 0)(float* out, int n) { out[n + threadIdx.x] = 1.f; }
EXPORT(broken_out_of_bounds)

/// Lanes of one warp at two different shuffles.
KERNEL(broken_divergent_shuffle, 0)(float* out) {
  float v = (float)threadIdx.x;
  if (threadIdx.x & 1) v = __shfl_xor_sync(~0u, v, 1);
  else
    v = __shfl_xor_sync(~0u, v, 2);
  out[threadIdx.x] = v;
}
EXPORT(broken_divergent_shuffle)

/// Lanes call a collective without being in its mask.
KERNEL(broken_mask, 0)(float* out) { out[threadIdx.x] = (float)__ballot_sync(1u, 1); }
EXPORT(broken_mask)

/// Combines blocks in execution order: out[1] identifies the order.
KERNEL(broken_block_order, 0)(float* out) {
  if (threadIdx.x == 0) out[1] = out[1] * 0.5f + (float)(blockIdx.x + 1);
}
EXPORT(broken_block_order)

/// Rows of 64 bytes without a swizzle: ldmatrix has bank conflicts.
KERNEL(broken_bank_conflicts, 0)(u32* out) {
  SHARED(bf16, tile, 32 * 32);
  for (int i = threadIdx.x; i < 32 * 32; i += 32) tile[i] = to_bf16((float)i);
  __syncthreads();
  u32 r[4];
  ldmatrix4(r, tile + threadIdx.x * 32);
  out[threadIdx.x] = r[0] + r[1] + r[2] + r[3];
}
EXPORT(broken_bank_conflicts)

/// Declares blocks of 64 threads; the test launches another size.
KERNEL(broken_block_size, 64)(float* out) { out[threadIdx.x] = 1.f; }
EXPORT(broken_block_size)
