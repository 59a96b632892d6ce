// RMSNorm, with the residual sum before it. Rows of `d` values at `ld` (columns d..ld are padding and come out as zero).
//
//   rms_norm:       residual = x + delta (delta null: x);  inv = 1 / sqrt(mean(residual²) + eps);  y = residual inv w
//   rms_norm_grad:  dx = add + inv (g - residual inv² mean(g residual)),  g = dy w
//
// bf16 in and out, float32 between; inv [T] float32. One block a row: 8 d bytes forward, nothing is read twice from device memory that fits
// the L1. Versions tried: one, one block of 128 threads a row. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rms_norm)(bf16* y, bf16* residual, float* inv, const bf16* x, const bf16* delta, const bf16* w, int d, int ld, float eps) {
  SHARED(float, scratch, 32);
  const i64 row = (i64)blockIdx.x * ld;
  float squares = 0.f;
  for (int i = threadIdx.x; i < d; i += 128) {
    const bf16 sum = delta ? to_bf16(to_float(x[row + i]) + to_float(delta[row + i])) : x[row + i];
    residual[row + i] = sum;
    squares += to_float(sum) * to_float(sum);
  }
  const float scale = rsqrtf(block_sum<4>(squares, scratch) / d + eps);
  if (threadIdx.x == 0) inv[blockIdx.x] = scale;
  for (int i = threadIdx.x; i < ld; i += 128) {
    if (i >= d) residual[row + i] = to_bf16(0.f);
    y[row + i] = i < d ? to_bf16(to_float(residual[row + i]) * scale * to_float(w[i])) : to_bf16(0.f);
  }
}
EXPORT(rms_norm)

KERNEL(rms_norm_grad)(bf16* dx, const bf16* dy, const bf16* residual, const bf16* w, const float* inv, const bf16* add, int d, int ld) {
  SHARED(float, scratch, 32);
  const i64 row = (i64)blockIdx.x * ld;
  float dot = 0.f;
  for (int i = threadIdx.x; i < d; i += 128) dot += to_float(dy[row + i]) * to_float(w[i]) * to_float(residual[row + i]);
  const float scale = inv[blockIdx.x], mean = block_sum<4>(dot, scratch) / d * scale * scale;
  for (int i = threadIdx.x; i < ld; i += 128) {
    float g = 0.f;
    if (i < d) {
      g = scale * (to_float(dy[row + i]) * to_float(w[i]) - to_float(residual[row + i]) * mean);
      if (add) g += to_float(add[row + i]);
    }
    dx[row + i] = to_bf16(g);
  }
}
EXPORT(rms_norm_grad)
