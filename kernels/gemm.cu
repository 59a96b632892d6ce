// Products of bf16 matrices on tensor cores, accumulated in float32, with a second K segment for the low-rank product.
//
//   gemm_nt:  C [M,N] = A [M,K] Bᵀ + A2 [M,K2] B2ᵀ + add      B [N,K],  B2 [N,K2]     (forward: x Wᵀ + low (sB)ᵀ)
//   gemm_nn:  C [M,N] = A [M,K] B  + A2 [M,K2] B2  + add      B [K,N],  B2 [K2,N]     (backward: dy W + S A)
//
// Row-major; lda, ldb … are in elements and multiples of 8, pointers are 16-byte aligned. Where K is no multiple of 8 the columns of A up
// to the next one must hold zeros. C is written up to column ldc (what lies beyond N comes out as zero). A2 null: no second
// segment; add null: nothing is added. Columns: as many as ldc of C.
//
// Tiles of BM x BN, K in steps of 32, four warps of (BM/2) x (BN/2), four stages of cp.async, shared memory swizzled in chunks of 16 bytes
// so that ldmatrix meets every bank once. ptxas -v: kernels/dist/registers.json. No timing on a GPU yet.
#include "gpu.h"

namespace {

constexpr int STAGES = 4, BK = 32, THREADS = 128;

/// Where chunk `chunk` of row `row` lies, in elements, in a tile whose rows hold CHUNKS chunks of 8.
template <int CHUNKS> DEVICE int swizzled(int row, int chunk) {
  if (CHUNKS >= 8) return row * CHUNKS * 8 + ((chunk ^ (row & 7)) << 3);
  return row * CHUNKS * 8 + ((chunk ^ ((row >> 1) & 3)) << 3);
}

/// ROWS x (8 CHUNKS) of a row-major matrix into shared memory; what lies outside of `rows` x `columns` becomes zero.
template <int ROWS, int CHUNKS>
DEVICE void load_tile(bf16* tile, const bf16* from, int row0, int column0, int rows, int columns, int ld) {
#pragma unroll
  for (int i = 0; i < ROWS * CHUNKS / THREADS; i++) {
    int c = threadIdx.x + i * THREADS, row = c / CHUNKS, chunk = c % CHUNKS;
    bool inside = row0 + row < rows && column0 + chunk * 8 < columns;
    cp_async16(tile + swizzled<CHUNKS>(row, chunk), inside ? from + (i64)(row0 + row) * ld + column0 + chunk * 8 : from, inside);
  }
}

/// One factor pair of the sum over K.
struct Segment { const bf16* a; const bf16* b; int k, lda, ldb; };

template <bool NN, int BM, int BN>
DEVICE void gemm(unsigned char* memory, bf16* c, int M, int N, int ldc, Segment first, Segment second, const bf16* add) {
  constexpr int MI = BM / 32, NJ = BN / 16, A_TILE = BM * BK, B_TILE = BN * BK;
  bf16* tiles_a = (bf16*)memory;
  bf16* tiles_b = tiles_a + STAGES * A_TILE;
  const int m0 = blockIdx.y * BM, n0 = blockIdx.x * BN;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wm = (warp & 1) * (BM / 2), wn = (warp >> 1) * (BN / 2);
  float acc[MI][NJ][4] = {};
  const int steps1 = (first.k + BK - 1) / BK, steps = steps1 + (second.a ? (second.k + BK - 1) / BK : 0);

  auto load = [&](int step) {
    const bool in_first = step < steps1;
    const Segment s = in_first ? first : second;
    const int stage = step % STAGES, k0 = (in_first ? step : step - steps1) * BK;
    load_tile<BM, BK / 8>(tiles_a + stage * A_TILE, s.a, m0, k0, M, s.k, s.lda);
    if (NN) load_tile<BK, BN / 8>(tiles_b + stage * B_TILE, s.b, k0, n0, s.k, N, s.ldb);
    else load_tile<BN, BK / 8>(tiles_b + stage * B_TILE, s.b, n0, k0, N, s.k, s.ldb);
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
    const bf16* a = tiles_a + step % STAGES * A_TILE;
    const bf16* b = tiles_b + step % STAGES * B_TILE;
#pragma unroll
    for (int kk = 0; kk < BK / 16; kk++) {
      u32 fa[MI][4], fb[NJ / 2][4];
#pragma unroll
      for (int i = 0; i < MI; i++) ldmatrix4(fa[i], a + swizzled<BK / 8>(wm + i * 16 + (lane & 15), kk * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < NJ / 2; j++) {
        if (NN) ldmatrix4_transposed(fb[j], b + swizzled<BN / 8>(kk * 16 + (lane & 15), (wn >> 3) + j * 2 + (lane >> 4)));
        else ldmatrix4(fb[j], b + swizzled<BK / 8>(wn + j * 16 + (lane & 7) + ((lane >> 4) << 3), kk * 2 + ((lane >> 3) & 1)));
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
        if (row >= M || column >= ldc) continue;
        const i64 at = (i64)row * ldc + column;
        float x = acc[i][j][half * 2], y = acc[i][j][half * 2 + 1];
        if (add) x += to_float(add[at]), y += to_float(add[at + 1]);
        *(u32*)(c + at) = pack2(x, y);
      }
}

}  // namespace

#define GEMM(name, nn, bm, bn)                                                                                                            \
  KERNEL(name)(bf16* c, int M, int N, int ldc, const bf16* a, const bf16* b, int k, int lda, int ldb, const bf16* a2, const bf16* b2, int k2, \
               int lda2, int ldb2, const bf16* add) {                                                                                     \
    DYNAMIC_SHARED(memory);                                                                                                               \
    gemm<nn, bm, bn>(memory, c, M, N, ldc, Segment{a, b, k, lda, ldb}, Segment{a2, b2, k2, lda2, ldb2}, add);                             \
  }                                                                                                                                       \
  EXPORT(name)

GEMM(gemm_nt_128x128, false, 128, 128)
GEMM(gemm_nn_128x128, true, 128, 128)
GEMM(gemm_nt_64x64, false, 64, 64)
GEMM(gemm_nn_64x64, true, 64, 64)
GEMM(gemm_nt_64x32, false, 64, 32)
GEMM(gemm_nn_64x32, true, 64, 32)
