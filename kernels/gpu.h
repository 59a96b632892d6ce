// The only header that kernels include: thin wrappers over PTX for nvcc, the CPU emulation for g++ (emulator/emu.h).
// Kernels include no system header, so that nvcc, NVRTC and g++ compile the same source.
//
//   KERNEL(name, threads)(arguments) { ... }   EXPORT(name)      a kernel launched with blocks of that many threads
//   SHARED(type, name, count);        static shared memory
//   DYNAMIC_SHARED(name);             the launch's dynamic shared memory, bytes, 128-byte aligned
#pragma once

#ifdef __CUDACC__

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
struct bf16 { u16 bits; };

#define DEVICE __device__ __forceinline__
// Without __launch_bounds__(threads): with them, nvcc 13.0 spills 48 bytes of attention_64.
#define KERNEL(name, threads) extern "C" __global__ void name
#define EXPORT(name)
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define DYNAMIC_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

DEVICE float to_float(bf16 v) { return __uint_as_float(((u32)v.bits) << 16); }
/// Rounds to nearest even.
DEVICE bf16 to_bf16(float f) { bf16 r; asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(f)); return r; }
/// Packs two bf16 into one word, `low` at the lower address.
DEVICE u32 pack2(float low, float high) { u32 r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low)); return r; }
/// Converts an IEEE half.
DEVICE float half_to_float(u16 bits) { float r; asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(bits)); return r; }
DEVICE float fast_exp(float x) { return __expf(x); }

DEVICE u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
/// Copies 16 bytes from global to shared memory, or zeros if not `valid`; complete after cp_wait.
DEVICE void cp_async16(void* shared, const void* global, bool valid) {
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(bytes));
}
DEVICE void cp_commit() { asm volatile("cp.async.commit_group;"); }
/// Waits until all but the N newest groups of this thread are complete.
template <int N> DEVICE void cp_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

/// Loads four 8x8 matrices of 16-bit values; lane i passes the address of row i % 8 of matrix i / 8.
DEVICE void ldmatrix4(u32 (&r)[4], const void* p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)));
}
DEVICE void ldmatrix4_transposed(u32 (&r)[4], const void* p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)));
}
/// c [16,8] float32 += a [16,16] b [16,8], bf16.
DEVICE void mma16816(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
/// MI x NJ mma of one k step, a[i] with b[j / 2][2 (j % 2) ..]. Unrolled here; one rendezvous in the emulation.
template <int MI, int NJ>
DEVICE void mma_tile(float (&c)[MI][NJ][4], const u32 (&a)[MI][4], const u32 (&b)[NJ / 2][4]) {
#pragma unroll
  for (int i = 0; i < MI; i++)
#pragma unroll
    for (int j = 0; j < NJ; j++) mma16816(c[i][j], a[i], b[j >> 1][(j & 1) * 2], b[j >> 1][(j & 1) * 2 + 1]);
}

#else
#include "emulator/emu.h"
#endif

// ------------------------------------------------------------------------------------------------ rows of a matrix
// A matrix is bf16, row-major, with a row stride of `ld` elements; ld is a multiple of 8 and pointers are 16-byte aligned. It may be a
// slice of columns of a wider one, so a kernel accesses nothing beyond column round8(width) of a row. Invariant: columns
// width..round8(width) are zero. Every kernel writes zeros there and may rely on them.

DEVICE int round8(int width) { return (width + 7) & ~7; }

/// Vec8 consecutive values: 16 bytes of bf16.
struct Vec8 { float v[8]; };
DEVICE Vec8 load8(const bf16* from) {
  const uint4 words = *(const uint4*)from;
  const u32 word[4] = {words.x, words.y, words.z, words.w};
  Vec8 eight;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    eight.v[2 * i] = __uint_as_float(word[i] << 16);
    eight.v[2 * i + 1] = __uint_as_float(word[i] & 0xffff0000u);
  }
  return eight;
}
DEVICE void store8(bf16* to, const Vec8& eight) {
  const float* v = eight.v;
  *(uint4*)to = make_uint4(pack2(v[0], v[1]), pack2(v[2], v[3]), pack2(v[4], v[5]), pack2(v[6], v[7]));
}

/// Row and first column of the eight elements of a thread, for a [rows, width] matrix and a grid of ceil(rows ceil(width / 8) / 256) blocks of
/// 256 threads.
struct Vec8Position { i64 row; int column; };
DEVICE Vec8Position vec8_position(int width) {
  const u32 item = blockIdx.x * 256 + threadIdx.x, per_row = (u32)round8(width) / 8;
  return {item / per_row, (int)(item % per_row) * 8};
}

// ------------------------------------------------------------------------------------------------ reductions
DEVICE float warp_sum(float v) {
  for (int offset = 16; offset; offset >>= 1) v += __shfl_xor_sync(0xffffffffu, v, offset);
  return v;
}
DEVICE float warp_max(float v) {
  for (int offset = 16; offset; offset >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset));
  return v;
}
/// Sum over a block of WARPS warps in a fixed order, returned to every thread; `scratch` holds 32 floats.
template <int WARPS> DEVICE float block_sum(float v, float* scratch) {
  v = warp_sum(v);
  int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  if (lane == 0) scratch[warp] = v;
  __syncthreads();
  float total = warp_sum(lane < WARPS ? scratch[lane] : 0.f);
  __syncthreads();
  return total;
}
template <int WARPS> DEVICE float block_max(float v, float* scratch) {
  v = warp_max(v);
  int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  if (lane == 0) scratch[warp] = v;
  __syncthreads();
  float largest = warp_max(lane < WARPS ? scratch[lane] : -3.0e38f);
  __syncthreads();
  return largest;
}
