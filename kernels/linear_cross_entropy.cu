// Cross entropy of logits in place: each row of logits is replaced by the gradient of its loss.
//
//   loss = w (lse - x[target]);  correct = w [x[target] >= max];  x[v] <- w (e^(x[v] - lse) - [v = target])
//
// logits bf16 [rows, V] with row stride ld; targets i32 [rows]; weights, loss, correct float32 [rows]. A row of weight 0 becomes zero.
// One block of 256 threads for each row, grid [rows]: one pass with an online maximum and sum (Milakov and Gimelshein 2018, arXiv
// 1805.02867), one pass that writes. Both reductions have a fixed order, so the same input gives the same bytes. Versions tried: one. No
// timing on a GPU yet.
#include "gpu.h"

KERNEL(cross_entropy_rows, 256)(bf16* logits, const int* targets, const float* weights, float* loss, float* correct, int V, int ld) {
  SHARED(float, scratch, 32);
  bf16* row = logits + (i64)blockIdx.x * ld;
  const float weight = weights[blockIdx.x];
  if (weight == 0.f) {
    for (int i = threadIdx.x; i < round8(V); i += 256) row[i] = to_bf16(0.f);
    if (threadIdx.x == 0) loss[blockIdx.x] = correct[blockIdx.x] = 0.f;
    return;
  }
  const int target = targets[blockIdx.x];
  float largest = -3.0e38f, sum = 0.f;
  for (int i = threadIdx.x; i < V; i += 256) {
    const float x = to_float(row[i]);
    if (x > largest) {
      sum = sum * fast_exp(largest - x) + 1.f;
      largest = x;
    } else {
      sum += fast_exp(x - largest);
    }
  }
  const float top = block_max<8>(largest, scratch);
  const float total = block_sum<8>(sum * fast_exp(largest - top), scratch);
  const float at_target = to_float(row[target]);
  __syncthreads();  // all threads have read the target's logit before it is overwritten
  if (threadIdx.x == 0) {
    loss[blockIdx.x] = weight * (top + logf(total) - at_target);
    correct[blockIdx.x] = at_target >= top ? weight : 0.f;
  }
  const float inverse = 1.f / total;
  for (int i = threadIdx.x; i < round8(V); i += 256) {
    const float p = i < V ? fast_exp(to_float(row[i]) - top) * inverse : 0.f;
    row[i] = to_bf16(weight * (p - (i == target ? 1.f : 0.f)));
  }
}
EXPORT(cross_entropy_rows)
