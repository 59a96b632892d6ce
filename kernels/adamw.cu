// Clipping and AdamW over the flat float32 vectors of all adapters (torch.nn.utils.clip_grad_norm_, torch.optim.AdamW).
//
//   norm = sqrt(Σ g²) / count;   factor = min(1, limit / (norm + 1e-6)) / count        (limit 0: 1 / count)
//   m <- β1 m + (1 - β1) g factor;  v <- β2 v + (1 - β2) (g factor)²
//   p <- p (1 - η decay) - η (m / c1) / (sqrt(v / c2) + eps),   η = rate × ratio of the value's group
//
// p, m, v, g float32 [n]. Values that change between steps are read from device memory, so that a captured graph can be replayed:
// rate, c1 = 1 - β1^t, c2 = 1 - β2^t, count [1]. With `finite` [1] = 0 nothing is written (null: always written; factor null: 1).
// Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

/// One thread.
KERNEL(clip_norm, 1)(float* norm, float* factor, const float* squares, const float* count, float limit) {
  const float n = sqrtf(squares[0]) / count[0];
  norm[0] = n;
  factor[0] = (limit > 0.f ? fminf(1.f, limit / (n + 1e-6f)) : 1.f) / count[0];
}
EXPORT(clip_norm)

/// Elements from..to, one thread each, in blocks of 256. rest = 1 - β comes from the host: 1 - 0.999 in float32 is off by 1e-5.
KERNEL(adamw, 256)(float* p, float* m, float* v, const float* g, const float* factor, const u32* finite, const float* rate, const float* correction1,
              const float* correction2, float beta1, float beta2, float rest1, float rest2, float eps, float decay, float ratio, i64 from, i64 to) {
  const i64 i = from + (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= to || (finite && !*finite)) return;
  const float step = *rate * ratio, gradient = g[i] * (factor ? *factor : 1.f);
  const float m1 = beta1 * m[i] + rest1 * gradient;
  const float v1 = beta2 * v[i] + rest2 * gradient * gradient;
  m[i] = m1;
  v[i] = v1;
  p[i] = p[i] * (1.f - step * decay) - step * (m1 / *correction1) / (sqrtf(v1 / *correction2) + eps);
}
EXPORT(adamw)
