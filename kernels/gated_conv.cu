// Double-gated short convolution (LFM2; transformers' modeling_lfm2.py, Lfm2ShortConv) and its gradient. Columns of x [T, 3 d]: B, C, v.
//
//   gated_conv:       y_t = C_t c_t,   c_t = bias + Σ_j w_{L-1-j} u_{t-j},   u = B v
//   gated_conv_grad:  dC = dy c,   dB = du v,   dv = du B,   du_t = Σ_j w_{L-1-j} dy_{t+j} C_{t+j}
//
// x, dx [T, 3 d], y, dy [T, d] bf16; w float32 [d, L]; bias float32 [d], null: none. Both sums run over 0 <= j < L within the sequence and
// the segment of t. One thread for eight columns of d, in ceil(T ceil(d / 8) / 256) blocks of 256. Columns of x are read and written one by
// one, because C and v may begin at any column. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

namespace {

struct Conv {
  const bf16* x;
  const float *w, *bias;
  const int* segments;
  int sequence, d, length;
  i64 ldx;
};

/// One value of x: part 0 is B, 1 is C, 2 is v.
DEVICE float column(const Conv& c, i64 row, int part, int at) { return to_float(c.x[row * c.ldx + part * c.d + at]); }
/// True if row t - j, or t + j, is in the sequence and the segment of row t.
DEVICE bool sees_back(const Conv& c, i64 t, int j) { return j <= (int)(t % c.sequence) && c.segments[t - j] == c.segments[t]; }
DEVICE bool seen_by(const Conv& c, i64 t, int j) { return j < c.sequence - (int)(t % c.sequence) && c.segments[t + j] == c.segments[t]; }
DEVICE float convolved(const Conv& c, i64 t, int at) {
  float sum = c.bias ? c.bias[at] : 0.f;
  for (int j = 0; j < c.length; j++)
    if (sees_back(c, t, j)) sum += c.w[at * c.length + c.length - 1 - j] * column(c, t - j, 0, at) * column(c, t - j, 2, at);
  return sum;
}

}  // namespace

KERNEL(gated_conv, 256)(bf16* y, const bf16* x, const float* w, const float* bias, const int* segments, int rows, int sequence, int d, int length,
                   int ldy, int ldx) {
  const Vec8Position at = vec8_position(d);
  if (at.row >= rows) return;
  const Conv conv = {x, w, bias, segments, sequence, d, length, ldx};
  Vec8 out = {};
#pragma unroll
  for (int i = 0; i < 8; i++)
    if (at.column + i < d) out.v[i] = column(conv, at.row, 1, at.column + i) * convolved(conv, at.row, at.column + i);
  store8(y + at.row * ldy + at.column, out);
}
EXPORT(gated_conv)

KERNEL(gated_conv_grad, 256)(bf16* dx, const bf16* dy, const bf16* x, const float* w, const float* bias, const int* segments, int rows, int sequence,
                        int d, int length, int ld_dx, int ld_dy, int ldx) {
  const Vec8Position at = vec8_position(d);
  if (at.row >= rows) return;
  const Conv conv = {x, w, bias, segments, sequence, d, length, ldx};
  bf16* out = dx + at.row * ld_dx;
  for (int i = at.column; i < min(at.column + 8, d); i++) {
    float du = 0.f;
    for (int j = 0; j < length; j++)
      if (seen_by(conv, at.row, j))
        du += w[i * length + length - 1 - j] * to_float(dy[(at.row + j) * ld_dy + i]) * column(conv, at.row + j, 1, i);
    out[i] = to_bf16(du * column(conv, at.row, 2, i));
    out[d + i] = to_bf16(to_float(dy[at.row * ld_dy + i]) * convolved(conv, at.row, i));
    out[2 * d + i] = to_bf16(du * column(conv, at.row, 0, i));
  }
  if (at.column == 0)
    for (int i = 3 * d; i < round8(3 * d); i++) out[i] = to_bf16(0.f);
}
EXPORT(gated_conv_grad)
