// Operations on flat float32 vectors. Sums have a fixed order, so the same input gives the same bytes in any order of blocks.
//
//   sum_squares:  partial [slabs] = Σ g² over a slab (a fixed number of elements on every GPU)                      grid [slabs]
//   sum_vector:   out [1] = Σ x [n]                                                                                 grid [1]
//   sum_slabs:    [first | second] [n_first + n_second] = Σ over slabs of partial [slabs, n_first + n_second]
//   all_finite:   finite [1] = 1 when all values [n] are finite, else 0                                             grid [1]
//   scale_add:    to [n] = factor a + b if `finite` is 1 (null: always); a, b null: zeros; factor [1], null: 1; to may alias a or b
//
// Blocks of 256 threads; sum_slabs and scale_add have one thread for each element. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(sum_squares, 256)(float* partial, const float* g, i64 n, i64 slab) {
  SHARED(float, scratch, 32);
  const i64 from = (i64)blockIdx.x * slab, to = min(n, from + slab);
  float sum = 0.f;
  for (i64 i = from + threadIdx.x; i < to; i += 256) sum += g[i] * g[i];
  sum = block_sum<8>(sum, scratch);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
EXPORT(sum_squares)

KERNEL(sum_vector, 256)(float* out, const float* x, int n) {
  SHARED(float, scratch, 32);
  float sum = 0.f;
  for (int i = threadIdx.x; i < n; i += 256) sum += x[i];
  sum = block_sum<8>(sum, scratch);
  if (threadIdx.x == 0) out[0] = sum;
}
EXPORT(sum_vector)

KERNEL(sum_slabs, 256)(float* first, float* second, const float* partial, int slabs, i64 n_first, i64 n_second) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, n = n_first + n_second;
  if (i >= n) return;
  float sum = 0.f;
  for (int s = 0; s < slabs; s++) sum += partial[(i64)s * n + i];
  (i < n_first ? first + i : second + (i - n_first))[0] = sum;
}
EXPORT(sum_slabs)

KERNEL(all_finite, 256)(u32* finite, const float* values, int n) {
  SHARED(float, scratch, 32);
  float nonfinite = 0.f;
  // x - x is 0 for finite x, and NaN for infinities and NaN.
  for (int i = threadIdx.x; i < n; i += 256) nonfinite += values[i] - values[i] == 0.f ? 0.f : 1.f;
  nonfinite = block_sum<8>(nonfinite, scratch);
  if (threadIdx.x == 0) finite[0] = nonfinite == 0.f;
}
EXPORT(all_finite)

KERNEL(scale_add, 256)(float* to, const float* a, const float* b, const float* factor, const u32* finite, i64 n) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= n || (finite && !*finite)) return;
  float sum = b ? b[i] : 0.f;
  if (a) sum += (factor ? *factor : 1.f) * a[i];
  to[i] = sum;
}
EXPORT(scale_add)
