// Unpacks GGUF's quantised blocks of 32 columns to bf16 for a GEMM (ggml-org/llama.cpp, gguf-py/gguf/quants.py):
//
//   q8_0:  half d, 32 x int8 q:          q d                                                    34 bytes
//   q4_0:  half d, 16 bytes of nibbles:  (q - 8) d, low nibbles the first 16 values, high the rest  18 bytes
//
// packed [rows, columns / 32] contiguous blocks, columns a multiple of 32; out [rows, width] bf16, zero from column `columns` on, where the
// LoRA columns begin. q d is exact in float32 and rounded once. One thread for eight columns, in ceil(rows ceil(width / 8) / 256) blocks of
// 256. Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

namespace {

/// Blocks begin at even addresses.
DEVICE u16 two_bytes(const unsigned char* from) { return *(const u16*)from; }

}  // namespace

KERNEL(dequantise_q8_0, 256)(bf16* out, const unsigned char* packed, int rows, int columns, int width, int ld) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  Vec8 values = {};
  if (at.column < columns) {
    const unsigned char* block = packed + (at.row * (columns / 32) + at.column / 32) * 34;
    const float d = half_to_float(two_bytes(block));
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
      const int pair = two_bytes(block + 2 + at.column % 32 + i);
      values.v[i] = (float)(signed char)(pair & 255) * d;
      values.v[i + 1] = (float)(signed char)(pair >> 8) * d;
    }
  }
  store8(out + at.row * ld + at.column, values);
}
EXPORT(dequantise_q8_0)

KERNEL(dequantise_q4_0, 256)(bf16* out, const unsigned char* packed, int rows, int columns, int width, int ld) {
  const Vec8Position at = vec8_position(width);
  if (at.row >= rows) return;
  Vec8 values = {};
  if (at.column < columns) {
    const unsigned char* block = packed + (at.row * (columns / 32) + at.column / 32) * 18;
    const float d = half_to_float(two_bytes(block));
    const int shift = at.column % 32 / 16 * 4;
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
      const int pair = two_bytes(block + 2 + at.column % 16 + i) >> shift;
      values.v[i] = ((pair & 15) - 8) * d;
      values.v[i + 1] = ((pair >> 8 & 15) - 8) * d;
    }
  }
  store8(out + at.row * ld + at.column, values);
}
EXPORT(dequantise_q4_0)
