// The gate of an MLP: h = silu(gate) up, silu(x) = x / (1 + e^-x), and its gradient.
//
//   dgate = dh up σ (1 + gate (1 - σ)),   dup = dh gate σ,   σ = 1 / (1 + e^-gate)
//
// bf16 [n] in and out, float32 between; a thread for every two values. silu is rounded to bf16 before the product, as transformers does in
// bf16. No timing on a GPU yet.
#include "gpu.h"

DEVICE float sigmoid(float x) { return 1.f / (1.f + fast_exp(-x)); }

KERNEL(gated_mlp)(bf16* h, const bf16* gate, const bf16* up, i64 n) {
  const i64 at = ((i64)blockIdx.x * 256 + threadIdx.x) * 2;
  if (at >= n) return;
  float out[2];
  for (int i = 0; i < 2; i++) {
    const float g = to_float(gate[at + i]);
    out[i] = to_float(to_bf16(g * sigmoid(g))) * to_float(up[at + i]);
  }
  *(u32*)(h + at) = pack2(out[0], out[1]);
}
EXPORT(gated_mlp)

KERNEL(gated_mlp_grad)(bf16* dgate, bf16* dup, const bf16* dh, const bf16* gate, const bf16* up, i64 n) {
  const i64 at = ((i64)blockIdx.x * 256 + threadIdx.x) * 2;
  if (at >= n) return;
  float dg[2], du[2];
  for (int i = 0; i < 2; i++) {
    const float g = to_float(gate[at + i]), s = sigmoid(g), d = to_float(dh[at + i]);
    dg[i] = d * to_float(up[at + i]) * s * (1.f + g * (1.f - s));
    du[i] = d * g * s;
  }
  *(u32*)(dgate + at) = pack2(dg[0], dg[1]);
  *(u32*)(dup + at) = pack2(du[0], du[1]);
}
EXPORT(gated_mlp_grad)
