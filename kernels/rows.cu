// Rows of a matrix by index: the embedding, and the labelled positions of a batch.
//
//   gather_rows:   out [N, ld] = table [indices[n], ld]
//   scatter_rows:  out [T, ld] = the rows of dy [N, ld] at `indices`, zero elsewhere; out is zero before (a memset of the stream)
//
// bf16, 16 bytes a thread; ld a multiple of 8. Indices are unique but for padding rows, whose weight is 0: they are not written, so that
// no two blocks write one row. No timing on a GPU yet.
#include "gpu.h"

KERNEL(gather_rows)(bf16* out, const bf16* table, const int* indices, int ld) {
  const uint4* from = (const uint4*)(table + (i64)indices[blockIdx.x] * ld);
  uint4* to = (uint4*)(out + (i64)blockIdx.x * ld);
  for (int i = threadIdx.x; i < ld / 8; i += 128) to[i] = from[i];
}
EXPORT(gather_rows)

KERNEL(scatter_rows)(bf16* out, const bf16* dy, const int* indices, const float* weights, int ld) {
  if (weights[blockIdx.x] == 0.f) return;
  const uint4* from = (const uint4*)(dy + (i64)blockIdx.x * ld);
  uint4* to = (uint4*)(out + (i64)indices[blockIdx.x] * ld);
  for (int i = threadIdx.x; i < ld / 8; i += 128) to[i] = from[i];
}
EXPORT(scatter_rows)
