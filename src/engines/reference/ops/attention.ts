import type { AttrsOf } from "../../../ops/attrs.ts";
import { type Tensor, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

/** Calls `visit` for each query row of each head with the offsets of its q row and a list of the key rows that it sees. */
function eachQuery(
  q: Tensor,
  segments: Tensor,
  { heads, kvHeads, causal, window = Number.POSITIVE_INFINITY }: AttrsOf<"attention">,
  visit: (row: { q: number; lse: number; seen: readonly number[]; d: number }) => void,
): void {
  const [B, S, width] = q.shape as [number, number, number];
  const d = width / heads;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < heads; h++) {
      const group = Math.floor((h * kvHeads) / heads);
      for (let i = 0; i < S; i++) {
        const seen: number[] = [];
        const end = causal ? i + 1 : Math.min(S, i + window);
        for (let j = Math.max(0, i - window + 1); j < end; j++) {
          if (segments.data[b * S + i] === segments.data[b * S + j])
            seen.push(((b * S + j) * kvHeads + group) * d);
        }
        visit({ q: ((b * S + i) * heads + h) * d, lse: (b * heads + h) * S + i, seen, d });
      }
    }
  }
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, d: number): number {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += a[i + k]! * b[j + k]!;
  return sum;
}

/** Softmax over `scores` in place; returns log sum exp. */
function softmax(scores: number[]): number {
  const max = scores.reduce((m, s) => Math.max(m, s), Number.NEGATIVE_INFINITY);
  const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
  const lse = max + Math.log(sum);
  for (const [n, s] of scores.entries()) scores[n] = Math.exp(s - lse);
  return lse;
}

export const attention: Kernel<"attention"> = ({ q, k, v, segments }, attrs) => {
  const o = tensor(q.shape);
  const [B, S] = q.shape as [number, number, number];
  const lse = tensor([B, attrs.heads, S]);
  eachQuery(q, segments, attrs, (row) => {
    const p = row.seen.map((j) => attrs.scale * dot(q.data, row.q, k.data, j, row.d));
    lse.data[row.lse] = softmax(p);
    for (const [n, j] of row.seen.entries()) {
      for (let e = 0; e < row.d; e++) o.data[row.q + e]! += p[n]! * v.data[j + e]!;
    }
  });
  return { o, lse };
};

export const attentionGrad: Kernel<"attentionGrad"> = ({ dO, q, k, v, o, lse, segments }, attrs) => {
  const [dq, dk, dv] = [tensor(q.shape), tensor(k.shape), tensor(v.shape)];
  eachQuery(q, segments, attrs, (row) => {
    const delta = dot(dO.data, row.q, o.data, row.q, row.d);
    for (const j of row.seen) {
      const p = Math.exp(attrs.scale * dot(q.data, row.q, k.data, j, row.d) - lse.data[row.lse]!);
      const ds = attrs.scale * p * (dot(dO.data, row.q, v.data, j, row.d) - delta);
      for (let e = 0; e < row.d; e++) {
        dv.data[j + e]! += p * dO.data[row.q + e]!;
        dq.data[row.q + e]! += ds * k.data[j + e]!;
        dk.data[j + e]! += ds * q.data[row.q + e]!;
      }
    }
  });
  return { dq, dk, dv };
};

export const cachedAttention: Kernel<"cachedAttention"> = (
  inputs,
  { heads, kvHeads, scale, window = Number.POSITIVE_INFINITY },
) => {
  const { q, k, v, pastKey, pastValue, mask } = inputs;
  const [B, S, width] = q.shape as [number, number, number];
  const d = width / heads;
  const past = pastKey.shape[2]!;
  const total = past + S;
  const [keys, values] = [
    [pastKey, k],
    [pastValue, v],
  ].map((pair) => concatCache(pair[0]!, pair[1]!, kvHeads, d)) as [Tensor, Tensor];
  const o = tensor(q.shape);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < heads; h++) {
      const group = Math.floor((h * kvHeads) / heads);
      for (let i = 0; i < S; i++) {
        const row = ((b * S + i) * heads + h) * d;
        const seen: number[] = [];
        for (let j = Math.max(0, past + i - window + 1); j <= past + i; j++) {
          if (mask.data[b * total + j] !== 0) seen.push(((b * kvHeads + group) * total + j) * d);
        }
        const p = seen.map((j) => scale * dot(q.data, row, keys.data, j, d));
        softmax(p);
        for (const [n, j] of seen.entries()) {
          for (let e = 0; e < d; e++) o.data[row + e]! += p[n]! * values.data[j + e]!;
        }
      }
    }
  }
  return { o, presentKey: keys, presentValue: values };
};

/** past [B,K,P,d] and fresh [B,S,K*d] -> [B,K,P+S,d] */
function concatCache(past: Tensor, fresh: Tensor, kvHeads: number, d: number): Tensor {
  const [B, S] = fresh.shape as [number, number, number];
  const P = past.shape[2]!;
  const out = tensor([B, kvHeads, P + S, d]);
  for (let b = 0; b < B; b++) {
    for (let g = 0; g < kvHeads; g++) {
      const to = (b * kvHeads + g) * (P + S) * d;
      out.data.set(past.data.subarray((b * kvHeads + g) * P * d, (b * kvHeads + g + 1) * P * d), to);
      for (let s = 0; s < S; s++) {
        const from = ((b * S + s) * kvHeads + g) * d;
        out.data.set(fresh.data.subarray(from, from + d), to + (P + s) * d);
      }
    }
  }
  return out;
}
