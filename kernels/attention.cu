// Attention over a [batch, sequence] grid without materialised scores, tiled as FlashAttention-2 (Dao 2023, arXiv 2307.08691).
//
//   o = softmax(scale q kᵀ, masked) v,   lse = log Σ e^(masked scores)            forward
//   delta = Σ do o                                                                attention_delta
//   p = e^(scale q kᵀ - lse),  dp = do vᵀ,  ds = p (dp - delta) scale             recomputed in both of:
//   dk = dsᵀ q,  dv = pᵀ do                                                       attention_grad_kv, one block for 64 keys
//   dq = ds k                                                                     attention_grad_q,  one block for 64 queries
//
// Query i attends to key j if their segments are equal, and j <= i if `causal`, and |i - j| < window if window > 0. Query head h uses key
// head h K / H.
// q, o, do, dq [B S, H d]; k, v, dk, dv [B S, K d]; segments i32 [B S]; lse, delta float32 [B, H, S]. d at most HEAD; with
// d no multiple of 8, rows of a head are not 16-byte aligned and are copied element by element. bf16 operands, float32 scores and sums,
// probabilities rounded to bf16 for the second product.
//
// Grid [ceil(S / 64) x HEAD / min(HEAD, 128), H, B], for attention_grad_kv K instead of H, of 128 threads; dynamic shared memory
// 64 x (HEAD + 8) x 2 bytes x 3, backward up to head size 96 x 4. attention_delta: one warp for each (position, head), ceil(count / 4) blocks of 128, count = B S H.
//
// Two backward kernels compute the scores twice (7 products instead of 5) and need no atomics, so the same input gives the same bytes.
// Four warps of 16 rows; 64 x 64 tiles; the row stride in shared memory is HEAD + 8, so that ldmatrix has no bank conflicts. Versions
// tried: one. No timing on a GPU yet.
#include "gpu.h"

namespace {

constexpr int TILE = 64;
/// Columns of a head that a block accumulates; larger heads take several blocks, each of which computes all scores.
template <int HEAD> constexpr int WIDTH = HEAD > 128 ? 128 : HEAD;
template <int HEAD> constexpr int PARTS = HEAD / WIDTH<HEAD>;
constexpr float MASKED = -3.0e38f;

struct Grid { int S, H, K, d, causal, window; };

struct In { const bf16* at; int ld; };
struct Out { bf16* at; int ld; };
/// Slice from this row and column on.
DEVICE In part(In m, i64 row, int column) { return {m.at + row * m.ld + column, m.ld}; }
DEVICE Out part(Out m, i64 row, int column) { return {m.at + row * m.ld + column, m.ld}; }

/// Loads ROWS rows of one head, zeros beyond row S and column d. 128 threads.
template <int HEAD, int ROWS = TILE> DEVICE void load_rows(bf16* tile, In from, int row0, int S, int d) {
  constexpr int CHUNKS = HEAD / 8;
  if (d % 8) {
    for (int i = threadIdx.x; i < ROWS * HEAD; i += 128) {
      const int row = i / HEAD, column = i % HEAD;
      tile[row * (HEAD + 8) + column] = row0 + row < S && column < d ? from.at[(i64)(row0 + row) * from.ld + column] : to_bf16(0.f);
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < ROWS * CHUNKS / 128; i++) {
    const int c = threadIdx.x + i * 128, row = c / CHUNKS, chunk = c % CHUNKS;
    const bool inside = row0 + row < S && chunk * 8 < d;
    cp_async16(tile + row * (HEAD + 8) + chunk * 8, inside ? from.at + (i64)(row0 + row) * from.ld + chunk * 8 : from.at, inside);
  }
}

/// acc [16, 8 N] += a bᵀ for this warp's 16 rows of `a` and 8 N rows of `b`, both [.., HEAD].
template <int HEAD, int N> DEVICE void times_transposed(float (&acc)[1][N][4], const bf16* a, const bf16* b, int lane) {
#pragma unroll
  for (int k = 0; k < HEAD / 16; k++) {
    u32 fa[1][4], fb[N / 2][4];
    ldmatrix4(fa[0], a + (lane & 15) * (HEAD + 8) + k * 16 + (lane >> 4) * 8);
#pragma unroll
    for (int j = 0; j < N / 2; j++) ldmatrix4(fb[j], b + (j * 16 + (lane & 7) + ((lane >> 4) << 3)) * (HEAD + 8) + k * 16 + ((lane >> 3) & 1) * 8);
    mma_tile<1, N>(acc, fa, fb);
  }
}

/// acc [16, WIDTH] += p [16, 8 N] b [8 N, WIDTH], b a slice of rows of HEAD; p has the fragment layout of times_transposed's accumulators.
template <int HEAD, int N> DEVICE void times(float (&acc)[1][WIDTH<HEAD> / 8][4], const float (&p)[1][N][4], const bf16* b, int lane) {
#pragma unroll
  for (int k = 0; k < N / 2; k++) {
    u32 fa[1][4] = {{pack2(p[0][2 * k][0], p[0][2 * k][1]), pack2(p[0][2 * k][2], p[0][2 * k][3]), pack2(p[0][2 * k + 1][0], p[0][2 * k + 1][1]),
                     pack2(p[0][2 * k + 1][2], p[0][2 * k + 1][3])}};
    u32 fb[WIDTH<HEAD> / 16][4];
#pragma unroll
    for (int j = 0; j < WIDTH<HEAD> / 16; j++) ldmatrix4_transposed(fb[j], b + (k * 16 + (lane & 15)) * (HEAD + 8) + j * 16 + (lane >> 4) * 8);
    mma_tile<1, WIDTH<HEAD> / 8>(acc, fa, fb);
  }
}

DEVICE bool is_visible(const Grid& grid, const int* segments, int i, int j) {
  return i < grid.S && j < grid.S && segments[i] == segments[j] && (!grid.causal || j <= i) && (grid.window <= 0 || (i - j < grid.window && j - i < grid.window));
}

/// Stores this warp's 16 rows of one of `heads` heads, from column `first` of the head on, and zeros in the padding after the last head.
template <int HEAD>
DEVICE void store_rows(Out to, const float (&acc)[1][WIDTH<HEAD> / 8][4], const float (&factor)[2], int row0, int head, int heads, int S, int d, int first,
                       int lane) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int row = row0 + (lane >> 2) + half * 8, t = lane & 3;
    if (row >= S) continue;
    bf16* at = to.at + (i64)row * to.ld + head * d;
#pragma unroll
    for (int j = 0; j < WIDTH<HEAD> / 8; j++) {
      const int column = first + j * 8 + t * 2;
      const u32 two = pack2(acc[0][j][half * 2] * factor[half], acc[0][j][half * 2 + 1] * factor[half]);
      if (d % 8 == 0) {
        if (column < d) *(u32*)(at + column) = two;
      } else {
        if (column < d) at[column].bits = (u16)two;
        if (column + 1 < d) at[column + 1].bits = (u16)(two >> 16);
      }
    }
    if (head == heads - 1 && first == 0)
      for (int i = d + t; i < round8(heads * d) - head * d; i += 4) at[i] = to_bf16(0.f);
  }
}

template <int HEAD>
DEVICE void forward(bf16* memory, Out o, float* lse, In q, In k, In v, const int* segments, const Grid& grid, float scale) {
  bf16 *tile_q = memory, *tile_k = tile_q + TILE * (HEAD + 8), *tile_v = tile_k + TILE * (HEAD + 8);
  const int q0 = blockIdx.x / PARTS<HEAD> * TILE, column = blockIdx.x % PARTS<HEAD> * WIDTH<HEAD>, h = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const i64 first = (i64)batch * grid.S;
  const int kv = h * grid.K / grid.H * grid.d;
  segments += first;
  load_rows<HEAD>(tile_q, part(q, first, h * grid.d), q0, grid.S, grid.d);
  float sum[1][WIDTH<HEAD> / 8][4] = {}, top[2] = {MASKED, MASKED}, total[2] = {0.f, 0.f};
  const int end = grid.causal ? min(grid.S, q0 + TILE) : grid.S;
  const int begin = grid.window > 0 ? max(0, (q0 - grid.window + 1) / TILE * TILE) : 0;
  for (int k0 = begin; k0 < end; k0 += TILE) {
    __syncthreads();  // the previous tile is no longer read
    load_rows<HEAD>(tile_k, part(k, first, kv), k0, grid.S, grid.d);
    load_rows<HEAD>(tile_v, part(v, first, kv), k0, grid.S, grid.d);
    cp_commit();
    cp_wait<0>();
    __syncthreads();
    float s[1][8][4] = {};
    times_transposed<HEAD>(s, tile_q + warp * 16 * (HEAD + 8), tile_k, lane);
    float largest[2] = {top[0], top[1]};
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int row = q0 + warp * 16 + (lane >> 2) + (e >> 1) * 8, column = k0 + j * 8 + (lane & 3) * 2 + (e & 1);
        s[0][j][e] = is_visible(grid, segments, row, column) ? s[0][j][e] * scale : MASKED;
        largest[e >> 1] = fmaxf(largest[e >> 1], s[0][j][e]);
      }
#pragma unroll
    for (int half = 0; half < 2; half++) {  // a row is spread over four adjacent lanes
      largest[half] = fmaxf(largest[half], __shfl_xor_sync(~0u, largest[half], 1));
      largest[half] = fmaxf(largest[half], __shfl_xor_sync(~0u, largest[half], 2));
    }
    const float rescale[2] = {fast_exp(top[0] - largest[0]), fast_exp(top[1] - largest[1])};
#pragma unroll
    for (int half = 0; half < 2; half++) top[half] = largest[half], total[half] *= rescale[half];
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        s[0][j][e] = s[0][j][e] > MASKED ? fast_exp(s[0][j][e] - top[e >> 1]) : 0.f;
        total[e >> 1] += s[0][j][e];
      }
#pragma unroll
    for (int j = 0; j < WIDTH<HEAD> / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) sum[0][j][e] *= rescale[e >> 1];
    times<HEAD>(sum, s, tile_v + column, lane);
  }
  float inverse[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    total[half] += __shfl_xor_sync(~0u, total[half], 1);
    total[half] += __shfl_xor_sync(~0u, total[half], 2);
    inverse[half] = 1.f / total[half];
    const int row = q0 + warp * 16 + (lane >> 2) + half * 8;
    if (row < grid.S && (lane & 3) == 0 && column == 0) lse[((i64)batch * grid.H + h) * grid.S + row] = top[half] + logf(total[half]);
  }
  store_rows<HEAD>(part(o, first, 0), sum, inverse, q0 + warp * 16, h, grid.H, grid.S, grid.d, column, lane);
}

/// Replaces s by p and dp by ds in a 16 x 8 N tile of scores. `transposed`: rows are keys, columns are queries.
template <int N> DEVICE void score_gradient(float (&s)[1][N][4], float (&dp)[1][N][4], bool transposed, const Grid& grid, const int* segments, const float* lse,
                           const float* delta, float scale, int row0, int column0, int lane) {
#pragma unroll
  for (int j = 0; j < N; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const int row = row0 + (lane >> 2) + (e >> 1) * 8, column = column0 + j * 8 + (lane & 3) * 2 + (e & 1);
      const int query = transposed ? column : row, key = transposed ? row : column;
      const bool seen = is_visible(grid, segments, query, key);
      const float p = seen ? fast_exp(s[0][j][e] * scale - lse[query]) : 0.f;
      dp[0][j][e] = seen ? p * (dp[0][j][e] - delta[query]) * scale : 0.f;
      s[0][j][e] = p;
    }
}

template <int HEAD>
DEVICE void grad_kv(bf16* memory, Out dk, Out dv, In d_out, In q, In k, In v, const float* lse, const float* delta, const int* segments,
                    const Grid& grid, float scale) {
  constexpr int QUERIES = HEAD > 96 ? 32 : 64;  // with 64 queries, head size 128 spills registers
  bf16 *tile_k = memory, *tile_v = tile_k + TILE * (HEAD + 8), *tile_q = tile_v + TILE * (HEAD + 8), *tile_o = tile_q + QUERIES * (HEAD + 8);
  const int k0 = blockIdx.x / PARTS<HEAD> * TILE, column = blockIdx.x % PARTS<HEAD> * WIDTH<HEAD>, kv = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const i64 first = (i64)batch * grid.S;
  const int group = grid.H / grid.K;
  segments += first;
  load_rows<HEAD>(tile_k, part(k, first, kv * grid.d), k0, grid.S, grid.d);
  load_rows<HEAD>(tile_v, part(v, first, kv * grid.d), k0, grid.S, grid.d);
  float sum_k[1][WIDTH<HEAD> / 8][4] = {}, sum_v[1][WIDTH<HEAD> / 8][4] = {};
  const int begin = grid.causal ? k0 : 0, end = grid.window > 0 ? min(grid.S, k0 + TILE + grid.window) : grid.S;
  for (int h = kv * group; h < (kv + 1) * group; h++) {
    const i64 stats = ((i64)batch * grid.H + h) * grid.S;
    for (int q0 = begin; q0 < end; q0 += QUERIES) {
      __syncthreads();
      load_rows<HEAD, QUERIES>(tile_q, part(q, first, h * grid.d), q0, grid.S, grid.d);
      load_rows<HEAD, QUERIES>(tile_o, part(d_out, first, h * grid.d), q0, grid.S, grid.d);
      cp_commit();
      cp_wait<0>();
      __syncthreads();
      float s[1][QUERIES / 8][4] = {}, dp[1][QUERIES / 8][4] = {};
      times_transposed<HEAD>(s, tile_k + warp * 16 * (HEAD + 8), tile_q, lane);
      times_transposed<HEAD>(dp, tile_v + warp * 16 * (HEAD + 8), tile_o, lane);
      score_gradient(s, dp, true, grid, segments, lse + stats, delta + stats, scale, k0 + warp * 16, q0, lane);
      times<HEAD>(sum_v, s, tile_o + column, lane);
      times<HEAD>(sum_k, dp, tile_q + column, lane);
    }
  }
  cp_wait<0>();
  const float one[2] = {1.f, 1.f};
  store_rows<HEAD>(part(dk, first, 0), sum_k, one, k0 + warp * 16, kv, grid.K, grid.S, grid.d, column, lane);
  store_rows<HEAD>(part(dv, first, 0), sum_v, one, k0 + warp * 16, kv, grid.K, grid.S, grid.d, column, lane);
}

template <int HEAD>
DEVICE void grad_q(bf16* memory, Out dq, In d_out, In q, In k, In v, const float* lse, const float* delta, const int* segments, const Grid& grid,
                   float scale) {
  constexpr int KEYS = HEAD > 96 ? 32 : 64;  // as in grad_kv
  bf16 *tile_q = memory, *tile_o = tile_q + TILE * (HEAD + 8), *tile_k = tile_o + TILE * (HEAD + 8), *tile_v = tile_k + KEYS * (HEAD + 8);
  const int q0 = blockIdx.x / PARTS<HEAD> * TILE, column = blockIdx.x % PARTS<HEAD> * WIDTH<HEAD>, h = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const i64 first = (i64)batch * grid.S, stats = ((i64)batch * grid.H + h) * grid.S;
  const int kv = h * grid.K / grid.H * grid.d;
  segments += first;
  load_rows<HEAD>(tile_q, part(q, first, h * grid.d), q0, grid.S, grid.d);
  load_rows<HEAD>(tile_o, part(d_out, first, h * grid.d), q0, grid.S, grid.d);
  float sum[1][WIDTH<HEAD> / 8][4] = {};
  const int end = grid.causal ? min(grid.S, q0 + TILE) : grid.S;
  const int begin = grid.window > 0 ? max(0, (q0 - grid.window + 1) / KEYS * KEYS) : 0;
  for (int k0 = begin; k0 < end; k0 += KEYS) {
    __syncthreads();
    load_rows<HEAD, KEYS>(tile_k, part(k, first, kv), k0, grid.S, grid.d);
    load_rows<HEAD, KEYS>(tile_v, part(v, first, kv), k0, grid.S, grid.d);
    cp_commit();
    cp_wait<0>();
    __syncthreads();
    float s[1][KEYS / 8][4] = {}, dp[1][KEYS / 8][4] = {};
    times_transposed<HEAD>(s, tile_q + warp * 16 * (HEAD + 8), tile_k, lane);
    times_transposed<HEAD>(dp, tile_o + warp * 16 * (HEAD + 8), tile_v, lane);
    score_gradient(s, dp, false, grid, segments, lse + stats, delta + stats, scale, q0 + warp * 16, k0, lane);
    times<HEAD>(sum, dp, tile_k + column, lane);
  }
  const float one[2] = {1.f, 1.f};
  store_rows<HEAD>(part(dq, first, 0), sum, one, q0 + warp * 16, h, grid.H, grid.S, grid.d, column, lane);
}

}  // namespace

#define ATTENTION(head)                                                                                                                             \
  KERNEL(attention_##head, 128)(bf16* o, float* lse, const bf16* q, const bf16* k, const bf16* v, const int* segments, int S, int H, int K, int d,       \
                           int ldq, int ldk, int ldv, int ldo, int causal, int window, float scale) {                                               \
    DYNAMIC_SHARED(memory);                                                                                                                         \
    const Grid grid{S, H, K, d, causal, window};                                                                                                    \
    forward<head>((bf16*)memory, Out{o, ldo}, lse, In{q, ldq}, In{k, ldk}, In{v, ldv}, segments, grid, scale);                                      \
  }                                                                                                                                                 \
  EXPORT(attention_##head)                                                                                                                          \
  KERNEL(attention_grad_kv_##head, 128)(bf16* dk, bf16* dv, const bf16* d_out, const bf16* q, const bf16* k, const bf16* v, const float* lse,            \
                                   const float* delta, const int* segments, int S, int H, int K, int d, int ldq, int ldk, int ldv, int ld_dout,     \
                                   int ld_dk, int ld_dv, int causal, int window, float scale) {                                                     \
    DYNAMIC_SHARED(memory);                                                                                                                         \
    const Grid grid{S, H, K, d, causal, window};                                                                                                    \
    grad_kv<head>((bf16*)memory, Out{dk, ld_dk}, Out{dv, ld_dv}, In{d_out, ld_dout}, In{q, ldq}, In{k, ldk}, In{v, ldv}, lse, delta, segments,      \
                  grid, scale);                                                                                                                     \
  }                                                                                                                                                 \
  EXPORT(attention_grad_kv_##head)                                                                                                                  \
  KERNEL(attention_grad_q_##head, 128)(bf16* dq, const bf16* d_out, const bf16* q, const bf16* k, const bf16* v, const float* lse, const float* delta,   \
                                  const int* segments, int S, int H, int K, int d, int ldq, int ldk, int ldv, int ld_dout, int ld_dq, int causal,   \
                                  int window, float scale) {                                                                                        \
    DYNAMIC_SHARED(memory);                                                                                                                         \
    const Grid grid{S, H, K, d, causal, window};                                                                                                    \
    grad_q<head>((bf16*)memory, Out{dq, ld_dq}, In{d_out, ld_dout}, In{q, ldq}, In{k, ldk}, In{v, ldv}, lse, delta, segments, grid, scale);         \
  }                                                                                                                                                 \
  EXPORT(attention_grad_q_##head)

ATTENTION(64)
ATTENTION(96)
ATTENTION(128)
ATTENTION(256)

KERNEL(attention_delta, 128)(float* delta, const bf16* d_out, const bf16* o, int S, int H, int d, int ld_dout, int ldo, i64 count) {
  const i64 item = ((i64)blockIdx.x * 128 + threadIdx.x) >> 5;
  if (item >= count) return;
  const i64 position = item / H;
  const int h = (int)(item % H), lane = threadIdx.x & 31;
  const bf16 *a = d_out + position * ld_dout + h * d, *b = o + position * ldo + h * d;
  float sum = 0.f;
  for (int i = lane; i < d; i += 32) sum += to_float(a[i]) * to_float(b[i]);
  sum = warp_sum(sum);
  if (lane == 0) delta[(position / S * H + h) * S + position % S] = sum;
}
EXPORT(attention_delta)
