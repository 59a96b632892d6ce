// Dropout on the input of a low-rank GEMM: generation and application of the mask.
//
//   philox_mask:  mask u8 [n] = 1 (kept) where 16 bits of Philox4x32-10 are at least `threshold` = 65536 rate, else 0
//   drop_rows:    out = x mask inverse + add      inverse = 1 / (1 - rate); add null: none; out may be x or add
//
// Element e uses the 16-bit half e % 8 of the block with counter (e / 8, site, step, micro-step) and key (seed low, seed high), so the masks
// equal those of src/philox.ts bit for bit. `words` u32 [4] in device memory: seed low, seed high, step, micro-step; a captured graph reads
// the words of its run.
//
// x, out, add [rows, width] bf16; mask [rows, width] contiguous. One thread for eight elements, in ceil(n / 8 / 256) blocks of 256 threads,
// for drop_rows ceil(rows ceil(width / 8) / 256). Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3". Versions tried: one.
// No timing on a GPU yet.
#include "gpu.h"

KERNEL(philox_mask, 256)(unsigned char* mask, const u32* words, u32 site, u32 threshold, i64 n) {
  const i64 item = (i64)blockIdx.x * 256 + threadIdx.x;
  if (item * 8 >= n) return;
  u32 c[4] = {(u32)item, site, words[2], words[3]}, key[2] = {words[0], words[1]};
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const u32 high0 = __umulhi(0xd2511f53u, c[0]), low0 = 0xd2511f53u * c[0], high1 = __umulhi(0xcd9e8d57u, c[2]), low1 = 0xcd9e8d57u * c[2];
    c[0] = high1 ^ c[1] ^ key[0];
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ key[1];
    c[3] = low0;
    key[0] += 0x9e3779b9u;
    key[1] += 0xbb67ae85u;
  }
  u32 bytes[2] = {0, 0};
#pragma unroll
  for (int i = 0; i < 8; i++) bytes[i >> 2] |= (u32)((c[i >> 1] >> ((i & 1) * 16) & 0xffff) >= threshold) << ((i & 3) * 8);
  mask += item * 8;
  if (item * 8 + 8 <= n) *(uint2*)mask = make_uint2(bytes[0], bytes[1]);
  else
    for (int i = 0; i < (int)(n - item * 8); i++) mask[i] = (unsigned char)(bytes[i >> 2] >> ((i & 3) * 8));
}
EXPORT(philox_mask)

KERNEL(drop_rows, 256)(bf16* out, const bf16* x, const unsigned char* mask, const bf16* add, float inverse, int rows, int width, int ldo, int ldx,
                  int ldadd) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  const Vec8 a = load8(x + at.row * ldx + at.column);
  Vec8 sum = {};
  if (add) sum = load8(add + at.row * ldadd + at.column);
  mask += at.row * width + at.column;
#pragma unroll
  for (int i = 0; i < 8; i++)
    if (at.column + i < width && mask[i]) sum.v[i] += a.v[i] * inverse;
  store8(out + at.row * ldo + at.column, sum);
}
EXPORT(drop_rows)
