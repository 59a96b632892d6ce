// Clipping and AdamW over the flat float32 vectors of all adapters (torch.nn.utils.clip_grad_norm_, torch.optim.AdamW).
//
//   norm = sqrt(Σ g²) / count;   g <- g / count min(1, limit / (norm + 1e-6))        (limit 0: no clipping)
//   m <- β1 m + (1 - β1) g;  v <- β2 v + (1 - β2) g²
//   p <- p (1 - η decay) - η (m / c1) / (sqrt(v / c2) + eps),   η = rate × ratio of the value's group
//
// `scalars` on the device, written before the launch: rate, c1 = 1 - β1^t, c2 = 1 - β2^t, count; `norm` [1] and `finite` [1] come out.
// Nothing moves when the loss or the norm is not finite: finite = 0. Double buffers are not needed: the guard is known first.
// No timing on a GPU yet.
#include "gpu.h"

/// One thread: the norm, and whether state may move on.
KERNEL(clip_norm)(float* norm, float* factor, u32* finite, const float* squares, const float* loss, const float* scalars, float limit) {
  const float n = sqrtf(squares[0]) / scalars[3];
  norm[0] = n;
  factor[0] = (limit > 0.f ? fminf(1.f, limit / (n + 1e-6f)) : 1.f) / scalars[3];
  // A difference with itself is 0 for every finite number, and NaN for infinities and NaN.
  finite[0] = n - n == 0.f && loss[0] - loss[0] == 0.f;
}
EXPORT(clip_norm)

KERNEL(adamw)(float* p, float* m, float* v, const float* g, const float* factor, const u32* finite, const float* scalars, float beta1, float beta2,
              float eps, float decay, float ratio, i64 from, i64 to) {
  const i64 i = from + (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= to || !finite[0]) return;
  const float rate = scalars[0] * ratio, gradient = g[i] * factor[0];
  const float m1 = beta1 * m[i] + (1.f - beta1) * gradient;
  const float v1 = beta2 * v[i] + (1.f - beta2) * gradient * gradient;
  m[i] = m1;
  v[i] = v1;
  p[i] = p[i] * (1.f - rate * decay) - rate * (m1 / scalars[1]) / (sqrtf(v1 / scalars[2]) + eps);
}
EXPORT(adamw)

/// The bf16 working copies of one pair, in the augmented weight [N + r, K + r] at ld: scale B [N,r] in the columns behind W, A [r,K] in the
/// rows below. `rank` columns or rows are real, up to `padded` are zero.
KERNEL(place_factors)(bf16* weight, const float* A, const float* B, float scale, int N, int K, int padded_k, int rank, int padded, int ld) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  const i64 of_b = (i64)N * padded;
  if (i < of_b) {
    const int n = (int)(i / padded), j = (int)(i % padded);
    weight[(i64)n * ld + padded_k + j] = to_bf16(j < rank ? scale * B[(i64)n * rank + j] : 0.f);
  } else if (i < of_b + (i64)padded * padded_k) {
    const int j = (int)((i - of_b) / padded_k), k = (int)((i - of_b) % padded_k);
    weight[(i64)(N + j) * ld + k] = to_bf16(j < rank && k < K ? A[(i64)j * K + k] : 0.f);
  }
}
EXPORT(place_factors)
