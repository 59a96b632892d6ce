// GELU in its erf and tanh forms, and its gradient (Hendrycks and Gimpel 2016, arXiv 1606.08415).
//
//   erf:   y = x Φ(x),             dy/dx = Φ(x) + x φ(x)       Φ, φ: the standard normal distribution and density
//   tanh:  y = x (1 + t) / 2,      dy/dx = (1 + t) / 2 + x (1 - t²) / 2 c (1 + 3 k x²),   t = tanh(c (x + k x³)), c = sqrt(2/π), k = 0.044715
//
// x, y, dy, dx [rows, width] bf16, computed in float32; `tanh_form` 0 or 1; y may alias x, dx may alias dy or x. One thread for eight
// columns, in ceil(rows ceil(width / 8) / 256) blocks of 256. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

namespace {

constexpr float TANH_SCALE = 0.7978845608028654f, TANH_CUBE = 0.044715f;

DEVICE float normal_cdf(float x) { return 0.5f * (1.f + erff(x * 0.7071067811865476f)); }
DEVICE float gelu_tanh(float x) { return tanhf(TANH_SCALE * (x + TANH_CUBE * x * x * x)); }

}  // namespace

KERNEL(gelu, 256)(bf16* y, const bf16* x, int rows, int width, int ldy, int ldx, int tanh_form) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  Vec8 a = load8(x + at.row * ldx + at.column);
#pragma unroll
  for (int i = 0; i < 8; i++) a.v[i] *= tanh_form ? 0.5f * (1.f + gelu_tanh(a.v[i])) : normal_cdf(a.v[i]);
  store8(y + at.row * ldy + at.column, a);
}
EXPORT(gelu)

KERNEL(gelu_grad, 256)(bf16* dx, const bf16* dy, const bf16* x, int rows, int width, int ld_dx, int ld_dy, int ldx, int tanh_form) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 a = load8(x + at.row * ldx + at.column);
  Vec8 g = load8(dy + at.row * ld_dy + at.column);
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const float v = a.v[i];
    if (tanh_form) {
      const float t = gelu_tanh(v);
      g.v[i] *= 0.5f * (1.f + t + v * (1.f - t * t) * TANH_SCALE * (1.f + 3.f * TANH_CUBE * v * v));
    } else {
      g.v[i] *= normal_cdf(v) + v * 0.3989422804014327f * fast_exp(-0.5f * v * v);
    }
  }
  store8(dx + at.row * ld_dx + at.column, g);
}
EXPORT(gelu_grad)
