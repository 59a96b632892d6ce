// LayerNorm and its gradient.
//
//   layer_norm:       y = n gain + bias,   n = (x - mean) inv,   inv = 1 / sqrt(mean((x - mean)²) + eps)
//   layer_norm_grad:  dx = add + inv (g - mean(g) - n mean(g n)),   g = dy gain      (add null: none; it may be dx)
//
// x, y, dy, dx, add [T, d] bf16; gain and bias float32 [d], bias null: none; mean and inv float32 [T]; float32 between. The variance is
// summed around the mean, not as a difference of two large numbers. A block of 128 threads for each row, so grid [T]. Versions tried: one.
// No timing on a GPU yet.
#include "gpu.h"

KERNEL(layer_norm, 128)(bf16* y, float* mean, float* inv, const bf16* x, const float* gain, const float* bias, int d, int ldy, int ldx, float eps) {
  SHARED(float, scratch, 32);
  x += (i64)blockIdx.x * ldx;
  y += (i64)blockIdx.x * ldy;
  float sum = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) sum += a.v[i];
  }
  const float middle = block_sum<4>(sum, scratch) / d;
  float squares = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) squares += at + i < d ? (a.v[i] - middle) * (a.v[i] - middle) : 0.f;
  }
  const float scale = rsqrtf(block_sum<4>(squares, scratch) / d + eps);
  if (threadIdx.x == 0) mean[blockIdx.x] = middle, inv[blockIdx.x] = scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    Eight a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) a.v[i] = at + i < d ? (a.v[i] - middle) * scale * gain[at + i] + (bias ? bias[at + i] : 0.f) : 0.f;
    store8(y + at, a);
  }
}
EXPORT(layer_norm)

KERNEL(layer_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* gain, const float* mean, const float* inv, const bf16* add, int d,
                        int ld_dx, int ld_dy, int ldx, int ldadd) {
  SHARED(float, scratch, 32);
  dx += (i64)blockIdx.x * ld_dx;
  dy += (i64)blockIdx.x * ld_dy;
  x += (i64)blockIdx.x * ldx;
  if (add) add += (i64)blockIdx.x * ldadd;
  const float middle = mean[blockIdx.x], scale = inv[blockIdx.x];
  float sum = 0.f, dot = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight g = load8(dy + at), a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      const float scaled = at + i < d ? g.v[i] * gain[at + i] : 0.f;
      sum += scaled;
      dot += scaled * (a.v[i] - middle) * scale;
    }
  }
  const float mean_g = block_sum<4>(sum, scratch) / d, mean_gn = block_sum<4>(dot, scratch) / d;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight g = load8(dy + at), a = load8(x + at);
    Eight out = {};
    if (add) out = load8(add + at);
#pragma unroll
    for (int i = 0; i < 8; i++)
      out.v[i] += at + i < d ? scale * (g.v[i] * gain[at + i] - mean_g - (a.v[i] - middle) * scale * mean_gn) : 0.f;
    store8(dx + at, out);
  }
}
EXPORT(layer_norm_grad)
