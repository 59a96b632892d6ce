// Gather and scatter of rows by index (the embedding, the labelled positions of a batch), and sums of rows.
//
//   gather_rows:   out [n] = table [indices[n]]                          grid [rows of out], 128 threads
//   scatter_rows:  out [t] = Σ dy [n] over indices[n] = t, in order of n   grid [rows of out], 128 threads; writes every row
//   combine_rows:  out = factor a + b                                    b null: factor a
//   multiply_rows: out = a b
//
// bf16 [.., width], sums in float32. combine_rows and multiply_rows: one thread for eight columns, in ceil(rows ceil(width / 8) / 256) blocks of 256; out
// may alias a or b. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(gather_rows, 128)(bf16* out, const bf16* table, const int* indices, int width, int ldo, int ldt) {
  const bf16* from = table + (i64)indices[blockIdx.x] * ldt;
  bf16* to = out + (i64)blockIdx.x * ldo;
  for (int at = threadIdx.x * 8; at < width; at += 1024) *(uint4*)(to + at) = *(const uint4*)(from + at);
}
EXPORT(gather_rows)

KERNEL(scatter_rows, 128)(bf16* out, const bf16* dy, const int* indices, int count, int width, int ldo, int ld_dy) {
  const int row = blockIdx.x, lane = threadIdx.x & 31;
  // Each warp takes 256 columns and scans all indices. The loop is uniform in a warp, as the ballot requires.
  for (int first = (threadIdx.x >> 5) * 256; first < width; first += 1024) {
    const int at = first + lane * 8;
    Vec8 sum = {};
    for (int n = 0; n < count; n += 32) {
      u32 found = __ballot_sync(~0u, n + lane < count && indices[n + lane] == row);
      for (; found; found &= found - 1) {
        if (at >= width) continue;
        const Vec8 part = load8(dy + (i64)(n + __ffs(found) - 1) * ld_dy + at);
#pragma unroll
        for (int i = 0; i < 8; i++) sum.v[i] += part.v[i];
      }
    }
    if (at < width) store8(out + (i64)row * ldo + at, sum);
  }
}
EXPORT(scatter_rows)

KERNEL(combine_rows, 256)(bf16* out, const bf16* a, const bf16* b, float factor, int rows, int width, int ldo, int lda, int ldb) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 x = load8(a + at.row * lda + at.column);
  Vec8 sum = {};
  if (b) sum = load8(b + at.row * ldb + at.column);
#pragma unroll
  for (int i = 0; i < 8; i++) sum.v[i] += factor * x.v[i];
  store8(out + at.row * ldo + at.column, sum);
}
EXPORT(combine_rows)

KERNEL(multiply_rows, 256)(bf16* out, const bf16* a, const bf16* b, int rows, int width, int ldo, int lda, int ldb) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 y = load8(b + at.row * ldb + at.column);
  Vec8 x = load8(a + at.row * lda + at.column);
#pragma unroll
  for (int i = 0; i < 8; i++) x.v[i] *= y.v[i];
  store8(out + at.row * ldo + at.column, x);
}
EXPORT(multiply_rows)
