// Gated MLP activation (SwiGLU, GEGLU; Shazeer 2020, arXiv 2002.05202): h = act(gate) up, act(x) = x σ, and its gradient.
//
//   dgate = dh up σ (1 + gate u' (1 - σ)),   dup = dh gate σ,   σ = 1 / (1 + e^-u),   u = linear x + cubic x³ with x = gate
//
// linear 1 and cubic 0 give SiLU; 2 sqrt(2/π) and 0.044715 times that give GELU in the tanh form.
//
// All [rows, width] bf16, computed in float32; one thread for eight columns, in ceil(rows ceil(width / 8) / 256) blocks of 256. act(gate) is
// rounded to bf16 before the multiplication, as in transformers' bf16. dgate and dup may alias gate and up. Versions tried: one. No timing
// on a GPU yet.
#include "gpu.h"

/// σ(u(x))
DEVICE float open_gate(float x, float linear, float cubic) { return 1.f / (1.f + fast_exp(-x * (linear + cubic * x * x))); }

KERNEL(gated_mlp, 256)(bf16* h, const bf16* gate, const bf16* up, int rows, int width, int ldh, int ld_gate, int ld_up, float linear,
                  float cubic) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 g = load8(gate + at.row * ld_gate + at.column);
  Vec8 out = load8(up + at.row * ld_up + at.column);
#pragma unroll
  for (int i = 0; i < 8; i++) out.v[i] *= to_float(to_bf16(g.v[i] * open_gate(g.v[i], linear, cubic)));
  store8(h + at.row * ldh + at.column, out);
}
EXPORT(gated_mlp)

KERNEL(gated_mlp_grad, 256)(bf16* dgate, bf16* dup, const bf16* dh, const bf16* gate, const bf16* up, int rows, int width, int ld_dgate, int ld_dup,
                       int ld_dh, int ld_gate, int ld_up, float linear, float cubic) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 d = load8(dh + at.row * ld_dh + at.column), g = load8(gate + at.row * ld_gate + at.column), u = load8(up + at.row * ld_up + at.column);
  Vec8 dg, du;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const float s = open_gate(g.v[i], linear, cubic);
    dg.v[i] = d.v[i] * u.v[i] * s * (1.f + g.v[i] * (linear + 3.f * cubic * g.v[i] * g.v[i]) * (1.f - s));
    du.v[i] = d.v[i] * g.v[i] * s;
  }
  store8(dgate + at.row * ld_dgate + at.column, dg);
  store8(dup + at.row * ld_dup + at.column, du);
}
EXPORT(gated_mlp_grad)
