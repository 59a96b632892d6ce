// Copies the float32 LoRA factors in bf16 into the LoRA columns and rows of the frozen weights, for all adapters in one launch:
//
//   [ W | scale B ]     W [N, K], B [N, rank], A [rank, K]; the GEMMs read [W | scale B] forward and [W ; A] backward
//   [ A |    .    ]
//
// Versions tried: one. No timing on a GPU yet.
#include "gpu.h"

/// One pair of factors: 64 bytes, written by the host in this order.
struct FactorEntry {
  bf16* weight;
  const float* a;               // A [rank, K]
  const float* b;               // B [N, rank]
  int N, K, rank, padded_rank;  // columns and rows rank..padded_rank become zero
  int ld, row;                  // destination of A: rows row..row + padded_rank, columns 0..round8(K)
  int first_row, column;        // destination of scale B: rows first_row..first_row + N, columns column..column + padded_rank
  float scale;
  int unused;
};

/// Grid [blocks of 256 elements of the largest entry, entries]; an entry has padded_rank (N + round8(K)) elements.
KERNEL(place_factors, 256)(const FactorEntry* entries) {
  const FactorEntry e = entries[blockIdx.y];
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, of_b = (i64)e.N * e.padded_rank;
  if (i < of_b) {
    const int n = (int)(i / e.padded_rank), j = (int)(i % e.padded_rank);
    e.weight[(i64)(e.first_row + n) * e.ld + e.column + j] = to_bf16(j < e.rank ? e.scale * e.b[(i64)n * e.rank + j] : 0.f);
  } else if (i < of_b + (i64)e.padded_rank * round8(e.K)) {
    const int j = (int)((i - of_b) / round8(e.K)), k = (int)((i - of_b) % round8(e.K));
    e.weight[(i64)(e.row + j) * e.ld + k] = to_bf16(j < e.rank && k < e.K ? e.a[(i64)j * e.K + k] : 0.f);
  }
}
EXPORT(place_factors)
