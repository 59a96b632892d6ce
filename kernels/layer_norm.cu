// LayerNorm and its gradient.
//
//   layer_norm:       y = n w + bias,   n = (x - mean) rstd,   rstd = 1 / sqrt(mean((x - mean)²) + eps)
//   layer_norm_grad:  dx = add + rstd (g - mean(g) - n mean(g n)),   g = dy w      (add null: none; it may be dx)
//
// x, y, dy, dx, add [T, d] bf16; w and bias float32 [d], bias null: none; mean and rstd float32 [T]; computed in float32. The variance is
// summed around the mean, which avoids cancellation. One block of 128 threads for each row, grid [T]. Versions tried: one. No timing on a
// GPU yet.
#include "gpu.h"

KERNEL(layer_norm, 128)(bf16* y, float* mean, float* rstd, const bf16* x, const float* w, const float* bias, int d, int ldy, int ldx, float eps) {
  SHARED(float, scratch, 32);
  x += (i64)blockIdx.x * ldx;
  y += (i64)blockIdx.x * ldy;
  float sum = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) sum += a.v[i];
  }
  const float center = block_sum<4>(sum, scratch) / d;
  float squares = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) squares += at + i < d ? (a.v[i] - center) * (a.v[i] - center) : 0.f;
  }
  const float scale = rsqrtf(block_sum<4>(squares, scratch) / d + eps);
  if (threadIdx.x == 0) mean[blockIdx.x] = center, rstd[blockIdx.x] = scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    Vec8 a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) a.v[i] = at + i < d ? (a.v[i] - center) * scale * w[at + i] + (bias ? bias[at + i] : 0.f) : 0.f;
    store8(y + at, a);
  }
}
EXPORT(layer_norm)

KERNEL(layer_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* mean, const float* rstd, const bf16* add, int d,
                        int ld_dx, int ld_dy, int ldx, int ldadd) {
  SHARED(float, scratch, 32);
  dx += (i64)blockIdx.x * ld_dx;
  dy += (i64)blockIdx.x * ld_dy;
  x += (i64)blockIdx.x * ldx;
  if (add) add += (i64)blockIdx.x * ldadd;
  const float center = mean[blockIdx.x], scale = rstd[blockIdx.x];
  float sum = 0.f, dot = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      const float scaled = at + i < d ? g.v[i] * w[at + i] : 0.f;
      sum += scaled;
      dot += scaled * (a.v[i] - center) * scale;
    }
  }
  const float mean_g = block_sum<4>(sum, scratch) / d, mean_gn = block_sum<4>(dot, scratch) / d;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
    Vec8 out = {};
    if (add) out = load8(add + at);
#pragma unroll
    for (int i = 0; i < 8; i++)
      out.v[i] += at + i < d ? scale * (g.v[i] * w[at + i] - mean_g - (a.v[i] - center) * scale * mean_gn) : 0.f;
    store8(dx + at, out);
  }
}
EXPORT(layer_norm_grad)
