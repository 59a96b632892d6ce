// GEMM of bf16 matrices on tensor cores with float32 accumulation.
//
//   gemm_nt:  C [M,N] = A [M,K] Bᵀ + add + bias      B [N,K]      (forward)
//   gemm_nn:  C [M,N] = A [M,K] B  + add + bias      B [K,N]      (backward)
//
// A LoRA product extends K: with [x | xA] and [W | scale B] contiguous in memory one loop computes x Wᵀ + xA (scale B)ᵀ; likewise
// [dy | s] [W ; A] backward. add [M,N] (null: none) may be c itself; bias float32 [N] or null.
//
// Grid [ceil(N / BN), ceil(M / BM)] of 128 threads, 4 stages x 32 x (BM + BN) x 2 bytes of dynamic shared memory; tiles are named BM x BN.
// K in steps of 32, four warps of (BM/2) x (BN/2), four stages of cp.async, shared memory swizzled in chunks of 16 bytes so that ldmatrix
// has no bank conflicts. Registers and shared memory are in dist/manifest.json. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

namespace {

constexpr int STAGES = 4, BK = 32, THREADS = 128;

/// Element offset of a chunk of eight in a tile of CHUNKS chunks a row.
template <int CHUNKS> DEVICE int swizzled(int row, int chunk) {
  if (CHUNKS >= 8) return row * CHUNKS * 8 + ((chunk ^ (row & 7)) << 3);
  return row * CHUNKS * 8 + ((chunk ^ ((row >> 1) & 3)) << 3);
}

/// Loads ROWS x (8 CHUNKS) of a row-major matrix into shared memory, zeros outside `rows` x `columns`.
template <int ROWS, int CHUNKS>
DEVICE void load_tile(bf16* tile, const bf16* from, int row0, int column0, int rows, int columns, int ld) {
#pragma unroll
  for (int i = 0; i < ROWS * CHUNKS / THREADS; i++) {
    int c = threadIdx.x + i * THREADS, row = c / CHUNKS, chunk = c % CHUNKS;
    bool inside = row0 + row < rows && column0 + chunk * 8 < columns;
    cp_async16(tile + swizzled<CHUNKS>(row, chunk), inside ? from + (i64)(row0 + row) * ld + column0 + chunk * 8 : from, inside);
  }
}

template <bool NN, int BM, int BN>
DEVICE void gemm(unsigned char* memory, bf16* c, int M, int N, int ldc, const bf16* a, const bf16* b, int k, int lda, int ldb, const bf16* add,
                 int ldadd, const float* bias) {
  constexpr int MI = BM / 32, NJ = BN / 16, A_TILE = BM * BK, B_TILE = BN * BK;
  bf16* tiles_a = (bf16*)memory;
  bf16* tiles_b = tiles_a + STAGES * A_TILE;
  const int m0 = blockIdx.y * BM, n0 = blockIdx.x * BN;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wm = (warp & 1) * (BM / 2), wn = (warp >> 1) * (BN / 2);
  float acc[MI][NJ][4] = {};
  const int steps = (k + BK - 1) / BK;

  auto load = [&](int step) {
    const int stage = step % STAGES, k0 = step * BK;
    load_tile<BM, BK / 8>(tiles_a + stage * A_TILE, a, m0, k0, M, k, lda);
    if (NN) load_tile<BK, BN / 8>(tiles_b + stage * B_TILE, b, k0, n0, k, N, ldb);
    else load_tile<BN, BK / 8>(tiles_b + stage * B_TILE, b, n0, k0, N, k, ldb);
  };
  for (int step = 0; step < STAGES - 1; step++) {
    if (step < steps) load(step);
    cp_commit();
  }
  for (int step = 0; step < steps; step++) {
    cp_wait<STAGES - 2>();
    __syncthreads();
    if (step + STAGES - 1 < steps) load(step + STAGES - 1);
    cp_commit();
    const bf16* tile_a = tiles_a + step % STAGES * A_TILE;
    const bf16* tile_b = tiles_b + step % STAGES * B_TILE;
#pragma unroll
    for (int kk = 0; kk < BK / 16; kk++) {
      u32 fa[MI][4], fb[NJ / 2][4];
#pragma unroll
      for (int i = 0; i < MI; i++) ldmatrix4(fa[i], tile_a + swizzled<BK / 8>(wm + i * 16 + (lane & 15), kk * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < NJ / 2; j++) {
        if (NN) ldmatrix4_transposed(fb[j], tile_b + swizzled<BN / 8>(kk * 16 + (lane & 15), (wn >> 3) + j * 2 + (lane >> 4)));
        else ldmatrix4(fb[j], tile_b + swizzled<BK / 8>(wn + j * 16 + (lane & 7) + ((lane >> 4) << 3), kk * 2 + ((lane >> 3) & 1)));
      }
      mma_tile<MI, NJ>(acc, fa, fb);
    }
  }
  cp_wait<0>();

  const int g = lane >> 2, t = (lane & 3) * 2;
#pragma unroll
  for (int i = 0; i < MI; i++)
#pragma unroll
    for (int j = 0; j < NJ; j++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int row = m0 + wm + i * 16 + g + half * 8, column = n0 + wn + j * 8 + t;
        if (row >= M || column >= round8(N)) continue;
        float sum[2];
#pragma unroll
        for (int e = 0; e < 2; e++) {
          sum[e] = acc[i][j][half * 2 + e];
          if (add) sum[e] += to_float(add[(i64)row * ldadd + column + e]);
          if (bias && column + e < N) sum[e] += bias[column + e];
        }
        *(u32*)(c + (i64)row * ldc + column) = pack2(sum[0], sum[1]);
      }
}

}  // namespace

#define GEMM(name, nn, bm, bn)                                                                                                           \
  KERNEL(name, THREADS)(bf16* c, int M, int N, int ldc, const bf16* a, const bf16* b, int k, int lda, int ldb, const bf16* add, int ldadd,           \
               const float* bias) {                                                                                                         \
    DYNAMIC_SHARED(memory);                                                                                                                 \
    gemm<nn, bm, bn>(memory, c, M, N, ldc, a, b, k, lda, ldb, add, ldadd, bias);                                                            \
  }                                                                                                                                         \
  EXPORT(name)

GEMM(gemm_nt_128x128, false, 128, 128)
GEMM(gemm_nn_128x128, true, 128, 128)
GEMM(gemm_nt_128x64, false, 128, 64)
GEMM(gemm_nn_128x64, true, 128, 64)
GEMM(gemm_nt_64x64, false, 64, 64)
GEMM(gemm_nn_64x64, true, 64, 64)
GEMM(gemm_nt_64x32, false, 64, 32)
GEMM(gemm_nn_64x32, true, 64, 32)
