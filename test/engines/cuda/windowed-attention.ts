import { attention, attentionGrad } from "../../../src/engines/reference/ops/attention.ts";
import { type Tensor, tensor } from "../../../src/engines/reference/tensor.ts";
import type { AttrsOf } from "../../../src/ops/attrs.ts";

/**
 * Sliding-window attention by the reference without a window: row i is the last row of attention over rows
 * max(0, i - window + 1)..i, and gradients are summed over queries.
 */
export function windowedAttention(
  inputs: readonly Tensor[],
  dO: Tensor,
  attrs: AttrsOf<"attention">,
  window: number,
) {
  const [q, k, v, segments] = inputs as [Tensor, Tensor, Tensor, Tensor];
  const [B, S] = q.shape as [number, number];
  const [o, lse] = [tensor(q.shape), tensor([B, attrs.heads, S])];
  const gradients = { dq: tensor(q.shape), dk: tensor(k.shape), dv: tensor(v.shape) };
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < S; i++) {
      const from = Math.max(0, i - window + 1);
      const length = i + 1 - from;
      const cut = (m: Tensor): Float64Array => {
        const width = m.data.length / (B * S);
        return m.data.slice((b * S + from) * width, (b * S + i + 1) * width);
      };
      const part = (m: Tensor): Tensor => tensor([1, length, m.data.length / (B * S)], cut(m));
      const seen = { q: part(q), k: part(k), v: part(v), segments: tensor([1, length], cut(segments)) };
      const { o: partO, lse: partLse } = attention(seen, attrs);
      const width = q.shape[2]!;
      o.data.set(partO.data.subarray(-width), (b * S + i) * width);
      for (let h = 0; h < attrs.heads; h++) {
        lse.data[(b * attrs.heads + h) * S + i] = partLse.data[(h + 1) * length - 1]!;
      }
      const last = part(dO);
      last.data.fill(0, 0, -width);
      const sums = attentionGrad({ ...seen, dO: last, o: partO, lse: partLse }, attrs);
      for (const name of ["dq", "dk", "dv"] as const) {
        const sum = sums[name];
        const start = (b * S + from) * (sum.data.length / length);
        for (const [e, x] of sum.data.entries()) gradients[name].data[start + e]! += x;
      }
    }
  }
  return { o, lse, gradients };
}
