// RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467) and its gradient.
//
//   rms_norm:       y = x rstd (w + offset),   rstd = 1 / sqrt(mean(x²) + eps)
//   rms_norm_grad:  dx = add + rstd (g - x rstd² mean(g x)),   g = dy (w + offset)      (add null: none; it may be dx)
//
// x, y, dy, dx, add [T, d] bf16, weight w float32 [d], rstd float32 [T]; computed in float32. One block of 128 threads for each row, grid
// [T]. The second pass over x hits the L1 cache.
//
// head_norm and head_norm_grad: the same for each of `heads` heads of a row, x [T, heads d], rstd [T, heads]. A head need not begin at a
// multiple of 8 columns, so single values are loaded. One warp for each head of a row, in ceil(T heads / 4) blocks of 128. Versions tried:
// one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rms_norm, 128)(bf16* y, float* rstd, const bf16* x, const float* w, int d, int ldy, int ldx, float eps, float offset) {
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
    for (int i = 0; i < 8; i++) a.v[i] *= at + i < d ? scale * (w[at + i] + offset) : 0.f;
    store8(y + at, a);
  }
}
EXPORT(rms_norm)

KERNEL(rms_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* rstd, const bf16* add, int d, int ld_dx, int ld_dy,
                      int ldx, int ldadd, float offset) {
  SHARED(float, scratch, 32);
  dx += (i64)blockIdx.x * ld_dx;
  dy += (i64)blockIdx.x * ld_dy;
  x += (i64)blockIdx.x * ldx;
  if (add) add += (i64)blockIdx.x * ldadd;
  float dot = 0.f;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
#pragma unroll
    for (int i = 0; i < 8; i++) dot += at + i < d ? g.v[i] * (w[at + i] + offset) * a.v[i] : 0.f;
  }
  const float scale = rstd[blockIdx.x], mean = block_sum<4>(dot, scratch) / d * scale * scale;
  for (int at = threadIdx.x * 8; at < d; at += 1024) {
    const Vec8 g = load8(dy + at), a = load8(x + at);
    Vec8 sum = {};
    if (add) sum = load8(add + at);
#pragma unroll
    for (int i = 0; i < 8; i++) sum.v[i] += at + i < d ? scale * (g.v[i] * (w[at + i] + offset) - a.v[i] * mean) : 0.f;
    store8(dx + at, sum);
  }
}
EXPORT(rms_norm_grad)

/// Row and head of this warp; `row` is T or more for a warp without work.
struct HeadPosition { i64 row; int head, lane; };
DEVICE HeadPosition head_position(int heads) {
  const i64 item = ((i64)blockIdx.x * 128 + threadIdx.x) >> 5;
  return {item / heads, (int)(item % heads), (int)(threadIdx.x & 31)};
}

/// Zeros in the padding after the last head. `row` is the row's first column.
DEVICE void pad_heads(bf16* row, const HeadPosition& at, int heads, int d) {
  const int width = heads * d;
  if (at.head == heads - 1 && width + at.lane < round8(width)) row[width + at.lane] = to_bf16(0.f);
}

KERNEL(head_norm, 128)(bf16* y, float* rstd, const bf16* x, const float* w, int T, int heads, int d, int ldy, int ldx, float eps, float offset) {
  const HeadPosition at = head_position(heads);
  if (at.row >= T) return;
  const bf16* from = x + at.row * ldx + at.head * d;
  bf16* to = y + at.row * ldy + at.head * d;
  float squares = 0.f;
  for (int i = at.lane; i < d; i += 32) squares += to_float(from[i]) * to_float(from[i]);
  const float scale = rsqrtf(warp_sum(squares) / d + eps);
  if (at.lane == 0) rstd[at.row * heads + at.head] = scale;
  for (int i = at.lane; i < d; i += 32) to[i] = to_bf16(to_float(from[i]) * scale * (w[i] + offset));
  pad_heads(y + at.row * ldy, at, heads, d);
}
EXPORT(head_norm)

KERNEL(head_norm_grad, 128)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* rstd, const bf16* add, int T, int heads, int d,
                       int ld_dx, int ld_dy, int ldx, int ldadd, float offset) {
  const HeadPosition at = head_position(heads);
  if (at.row >= T) return;
  const int column = at.head * d;
  const bf16 *g = dy + at.row * ld_dy + column, *a = x + at.row * ldx + column;
  bf16* to = dx + at.row * ld_dx + column;
  float dot = 0.f;
  for (int i = at.lane; i < d; i += 32) dot += to_float(g[i]) * (w[i] + offset) * to_float(a[i]);
  const float scale = rstd[at.row * heads + at.head], mean = warp_sum(dot) / d * scale * scale;
  for (int i = at.lane; i < d; i += 32) {
    const float before = add ? to_float(add[at.row * ldadd + column + i]) : 0.f;
    to[i] = to_bf16(before + scale * (to_float(g[i]) * (w[i] + offset) - to_float(a[i]) * mean));
  }
  pad_heads(dx + at.row * ld_dx, at, heads, d);
}
EXPORT(head_norm_grad)
