// RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467) and its gradient.
//
//   rms_norm:       y = x rstd w,   rstd = 1 / sqrt(mean(x²) + eps)
//   rms_norm_grad:  dx = add + rstd (g - x rstd² mean(g x)),   g = dy w      (add null: none; it may be dx)
//
// x, y, dy, dx, add [T, d] bf16, weight w float32 [d], rstd float32 [T]; computed in float32. One block of 128 threads for each row, grid
// [T]. The second pass over x hits the L1 cache. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rms_norm, 128)(bf16* y, float* rstd, const bf16* x, const float* w, int d, int ldy, int ldx, float eps) {
  SHARED(float, scratch, 32);
  x += (i64)blockIdx.x * ldx;
  y += (i64)blockIdx.x * ldy;
  float squares = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) squares += a.v[i] * a.v[i];
  }
  const float scale = rsqrtf(block_sum<4>(squares, scratch) / d + eps);
  if (threadIdx.x == 0) rstd[blockIdx.x] = scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    Vec8 a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) a.v[i] *= at + i < d ? scale * w[at + i] : 0.f;
    store8(y + at, a);
  }
}
EXPORT(rms_norm)

KERNEL(rms_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* rstd, const bf16* add, int d, int ld_dx, int ld_dy,
                      int ldx, int ldadd) {
  SHARED(float, scratch, 32);
  dx += (i64)blockIdx.x * ld_dx;
  dy += (i64)blockIdx.x * ld_dy;
  x += (i64)blockIdx.x * ldx;
  if (add) add += (i64)blockIdx.x * ldadd;
  float dot = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) dot += at + i < d ? g.v[i] * w[at + i] * a.v[i] : 0.f;
  }
  const float scale = rstd[blockIdx.x], mean = block_sum<4>(dot, scratch) / d * scale * scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
    Vec8 sum = {};
    if (add) sum = load8(add + at);
#pragma unroll
    for (int i = 0; i < 8; i++) sum.v[i] += at + i < d ? scale * (g.v[i] * w[at + i] - a.v[i] * mean) : 0.f;
    store8(dx + at, sum);
  }
}
EXPORT(rms_norm_grad)
