// RMSNorm and its gradient.
//
//   rms_norm:       y = x inv w,   inv = 1 / sqrt(mean(x²) + eps)
//   rms_norm_grad:  dx = add + inv (g - x inv² mean(g x)),   g = dy w      (add null: none; it may be dx)
//
// x, y, dy, dx, add [T, d] bf16, gain w float32 [d], inv float32 [T]; float32 between. A block of 128 threads for each row, so grid [T].
// What is read twice comes from the L1 the second time. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rms_norm, 128)(bf16* y, float* inv, const bf16* x, const float* w, int d, int ldy, int ldx, float eps) {
  SHARED(float, scratch, 32);
  x += (i64)blockIdx.x * ldx;
  y += (i64)blockIdx.x * ldy;
  float squares = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) squares += a.v[i] * a.v[i];
  }
  const float scale = rsqrtf(block_sum<4>(squares, scratch) / d + eps);
  if (threadIdx.x == 0) inv[blockIdx.x] = scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    Eight a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) a.v[i] *= at + i < d ? scale * w[at + i] : 0.f;
    store8(y + at, a);
  }
}
EXPORT(rms_norm)

KERNEL(rms_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* inv, const bf16* add, int d, int ld_dx, int ld_dy,
                      int ldx, int ldadd) {
  SHARED(float, scratch, 32);
  dx += (i64)blockIdx.x * ld_dx;
  dy += (i64)blockIdx.x * ld_dy;
  x += (i64)blockIdx.x * ldx;
  if (add) add += (i64)blockIdx.x * ldadd;
  float dot = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight g = load8(dy + at), a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) dot += at + i < d ? g.v[i] * w[at + i] * a.v[i] : 0.f;
  }
  const float scale = inv[blockIdx.x], mean = block_sum<4>(dot, scratch) / d * scale * scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Eight g = load8(dy + at), a = load8(x + at);
    Eight sum = {};
    if (add) sum = load8(add + at);
#pragma unroll
    for (int i = 0; i < 8; i++) sum.v[i] += at + i < d ? scale * (g.v[i] * w[at + i] - a.v[i] * mean) : 0.f;
    store8(dx + at, sum);
  }
}
EXPORT(rms_norm_grad)
