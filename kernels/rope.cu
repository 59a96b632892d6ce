// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) on halves of a head, as in transformers; `out` may be x:
//
//   (a, b) -> (a cos - b sin, b cos + a sin)   for pairs (x[j], x[j + half]) of each head; `inverse` rotates back (the gradient)
//
// x, out [tokens, heads 2 half] bf16; positions i32 [tokens]; cosine and sine float32 [positions, half]. One thread for eight pairs of a
// head (fewer at its end), in ceil(tokens heads ceil(half / 8) / 256) blocks of 256. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rope, 256)(bf16* out, const bf16* x, const int* positions, const float* cosine, const float* sine, int tokens, int heads, int half, int ld_out,
             int ldx, int inverse) {
  const int per_head = (half + 7) / 8, per_row = heads * per_head;
  const u32 item = blockIdx.x * 256 + threadIdx.x;
  const int t = (int)(item / per_row), head = (int)(item % per_row) / per_head, first = (int)(item % per_head) * 8;
  if (t >= tokens) return;
  const int column = head * 2 * half + first;
  const bf16* from = x + (i64)t * ldx + column;
  bf16* to = out + (i64)t * ld_out + column;
  const float* cos = cosine + (i64)positions[t] * half + first;
  const float* sin = sine + (i64)positions[t] * half + first;
  const float direction = inverse ? -1.f : 1.f;
  if (half % 8 == 0) {
    Vec8 a = load8(from), b = load8(from + half);
#pragma unroll
    for (int j = 0; j < 8; j++) {
      const float c = cos[j], s = direction * sin[j], left = a.v[j], right = b.v[j];
      a.v[j] = left * c - right * s;
      b.v[j] = right * c + left * s;
    }
    store8(to, a);
    store8(to + half, b);
    return;
  }
  for (int j = 0; j < min(8, half - first); j++) {
    const float c = cos[j], s = direction * sin[j], left = to_float(from[j]), right = to_float(from[j + half]);
    to[j] = to_bf16(left * c - right * s);
    to[j + half] = to_bf16(right * c + left * s);
  }
  const int width = heads * 2 * half;
  if (item % per_row == 0)
    for (int i = width; i < round8(width); i++) out[(i64)t * ld_out + i] = to_bf16(0.f);
}
EXPORT(rope)
