// Rotary positions by halves, as Hugging Face lays them out, in place:
//
//   (a, b) -> (a cos - b sin, b cos + a sin)   for pairs (x[j], x[j + d/2]) of each head; `inverse` rotates back (the gradient)
//
// x [T, heads d] bf16 at ld; positions i32 [T]; cosine and sine float32 [positions, d/2]. A thread for each pair. No timing on a GPU yet.
#include "gpu.h"

KERNEL(rope)(bf16* x, const int* positions, const float* cosine, const float* sine, int tokens, int heads, int half, int ld, int inverse) {
  const i64 pair = (i64)blockIdx.x * 256 + threadIdx.x;
  const int per_row = heads * half;
  if (pair >= (i64)tokens * per_row) return;
  const int t = (int)(pair / per_row), head = (int)(pair % per_row) / half, j = (int)(pair % half);
  bf16* at = x + (i64)t * ld + head * 2 * half + j;
  const i64 angle = (i64)positions[t] * half + j;
  const float c = cosine[angle], s = inverse ? -sine[angle] : sine[angle];
  const float a = to_float(at[0]), b = to_float(at[half]);
  at[0] = to_bf16(a * c - b * s);
  at[half] = to_bf16(b * c + a * s);
}
EXPORT(rope)
