// Gradients of the LoRA factors of fused projections: sums over all positions, split into slabs. sum_slabs adds the slabs in a fixed order.
//
//   partial [slab][offset + m r + j] = factor Σ_t x[t, m] y[t, j] over the slab's positions t      `transposed`: [offset + j M + m]
//
// dB [N, r]: x = dy, y = xA (the low-rank activations). dA [r, K], transposed: x = input, y = dy scale B. x [T, M], y [T, r] bf16; partial
// float32 [slabs, size]. A block of 128 threads holds 64 columns of x and RANK columns of y, r <= RANK, and steps through its `slab`
// positions 32 at a time on tensor cores, so x is read once. Grid [ceil(widest M / 64), slabs, entries]. Versions tried: one. No timing on
// a GPU yet.
#include "gpu.h"

namespace {

constexpr int COLUMNS = 64, STEP = 32;

/// One factor of one projection: 48 bytes, written by the host in this order.
struct RankEntry {
  const bf16* x;
  const bf16* y;
  i64 offset;  // of the result in a slab's partial vector
  int M, r, ldx, ldy, transposed;
  float factor;
};

/// Loads STEP rows of COUNT columns, zeros outside; the row stride in shared memory is COUNT + 8.
template <int COUNT> DEVICE void load_positions(bf16* tile, const bf16* from, int row0, int row_end, int column0, int columns, int ld) {
  constexpr int CHUNKS = COUNT / 8;
  for (int c = threadIdx.x; c < STEP * CHUNKS; c += 128) {
    const int row = c / CHUNKS, chunk = c % CHUNKS;
    const bool inside = row0 + row < row_end && column0 + chunk * 8 < columns;
    cp_async16(tile + row * (COUNT + 8) + chunk * 8, inside ? from + (i64)(row0 + row) * ld + column0 + chunk * 8 : from, inside);
  }
}

template <int RANK>
DEVICE void rank_gradient(float* partial, RankEntry e, int T, int slab, i64 size) {
  SHARED(bf16, tile_x, STEP * (COLUMNS + 8));
  SHARED(bf16, tile_y, STEP * (RANK + 8));
  const int m0 = blockIdx.x * COLUMNS, from = blockIdx.y * slab, to = min(T, from + slab), warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  if (m0 >= e.M) return;
  float acc[1][RANK / 8][4] = {};
  for (int t = from; t < to; t += STEP) {
    __syncthreads();
    load_positions<COLUMNS>(tile_x, e.x, t, to, m0, e.M, e.ldx);
    load_positions<RANK>(tile_y, e.y, t, to, 0, e.r, e.ldy);
    cp_commit();
    cp_wait<0>();
    __syncthreads();
#pragma unroll
    for (int k = 0; k < STEP / 16; k++) {
      u32 fa[1][4], fb[RANK / 16][4], loaded[4];
      // x is stored [position, column] and used as [column, position]: the transposed 8x8 quarters are in the order 0, 2, 1, 3.
      ldmatrix4_transposed(loaded, tile_x + (k * 16 + (lane & 15)) * (COLUMNS + 8) + warp * 16 + (lane >> 4) * 8);
      fa[0][0] = loaded[0], fa[0][1] = loaded[2], fa[0][2] = loaded[1], fa[0][3] = loaded[3];
#pragma unroll
      for (int j = 0; j < RANK / 16; j++) ldmatrix4_transposed(fb[j], tile_y + (k * 16 + (lane & 15)) * (RANK + 8) + j * 16 + (lane >> 4) * 8);
      mma_tile<1, RANK / 8>(acc, fa, fb);
    }
  }
  partial += blockIdx.y * size + e.offset;
#pragma unroll
  for (int j = 0; j < RANK / 8; j++)
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int m = m0 + warp * 16 + (lane >> 2) + (i >> 1) * 8, column = j * 8 + (lane & 3) * 2 + (i & 1);
      if (m < e.M && column < e.r) partial[e.transposed ? (i64)column * e.M + m : (i64)m * e.r + column] = acc[0][j][i] * e.factor;
    }
}

}  // namespace

#define RANK_GRADIENT(rank)                                                                                             \
  KERNEL(rank_gradient_##rank, 128)(float* partial, const RankEntry* entries, int T, int slab, i64 size) {                   \
    rank_gradient<rank>(partial, entries[blockIdx.z], T, slab, size);                                                   \
  }                                                                                                                     \
  EXPORT(rank_gradient_##rank)

RANK_GRADIENT(16)
RANK_GRADIENT(32)
RANK_GRADIENT(64)
RANK_GRADIENT(128)
