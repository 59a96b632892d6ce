// Sums in a fixed order, so that the same input gives the same bytes whatever the grid does.
//
//   sum_squares:  partial [SLABS] = Σ over a slab of g² (a slab is a fixed share of the vector, whatever the GPU)
//   sum_vector:   out [1] = Σ x [n], by one block
//   sum_slabs:    out [n] (+)= Σ over `slabs` of partial [slabs, n]
//
// No timing on a GPU yet.
#include "gpu.h"

KERNEL(sum_squares)(float* partial, const float* g, i64 n, i64 slab) {
  SHARED(float, scratch, 32);
  const i64 from = (i64)blockIdx.x * slab, to = min(n, from + slab);
  float sum = 0.f;
  for (i64 i = from + threadIdx.x; i < to; i += 256) sum += g[i] * g[i];
  sum = block_sum<8>(sum, scratch);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
EXPORT(sum_squares)

KERNEL(sum_vector)(float* out, const float* x, int n) {
  SHARED(float, scratch, 32);
  float sum = 0.f;
  for (int i = threadIdx.x; i < n; i += 256) sum += x[i];
  sum = block_sum<8>(sum, scratch);
  if (threadIdx.x == 0) out[0] = sum;
}
EXPORT(sum_vector)

KERNEL(sum_slabs)(float* out, const float* partial, int slabs, i64 n, int accumulate) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= n) return;
  float sum = accumulate ? out[i] : 0.f;
  for (int s = 0; s < slabs; s++) sum += partial[(i64)s * n + i];
  out[i] = sum;
}
EXPORT(sum_slabs)
