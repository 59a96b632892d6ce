// Parts of a fused projection: columns of one matrix as matrices of their own, and the reverse.
//
//   split_columns:   out_p [T, w] = x [T, n w] from column p w on    grid [ceil(T ceil(w / 8) / 256), n], 256 threads
//   concat_columns:  y [T, n w] from column p w on = part_p [T, w]   grid [ceil(T ceil(n w / 8) / 256)], 256 threads
//
// bf16; two or three parts. One thread writes eight columns. Reads are one value each, because a part may begin at any column. Versions
// tried: one. No timing on a GPU yet.
#include "gpu.h"

KERNEL(split_columns, 256)(bf16* out0, bf16* out1, bf16* out2, const bf16* x, int rows, int width, int ld0, int ld1, int ld2, int ldx) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const int part = blockIdx.y;
  bf16* out = part == 0 ? out0 : part == 1 ? out1 : out2;
  const int ld = part == 0 ? ld0 : part == 1 ? ld1 : ld2;
  const bf16* from = x + at.row * ldx + part * width + at.column;
  Vec8 eight;
#pragma unroll
  for (int i = 0; i < 8; i++) eight.v[i] = at.column + i < width ? to_float(from[i]) : 0.f;
  store8(out + at.row * ld + at.column, eight);
}
EXPORT(split_columns)

KERNEL(concat_columns, 256)(bf16* y, const bf16* part0, const bf16* part1, const bf16* part2, int rows, int width, int count, int ldy, int ld0, int ld1,
                       int ld2) {
  const Vec8Position at = vec8_position(width * count);
  if (at.row >= rows) return;
  Vec8 eight;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const int part = (at.column + i) / width, column = (at.column + i) % width;
    const bf16* from = part == 0 ? part0 + at.row * ld0 : part == 1 ? part1 + at.row * ld1 : part2 + at.row * ld2;
    eight.v[i] = part < count ? to_float(from[column]) : 0.f;
  }
  store8(y + at.row * ldy + at.column, eight);
}
EXPORT(concat_columns)
