import type { Shape } from "../program/program.ts";
import type { AttrsOf } from "./attrs.ts";
import { expectShape, f32, last, type OpDefinition } from "./definition.ts";

/** softmax(scale q kᵀ + mask) v over a [batch, sequence] grid, with grouped heads (Ainslie et al. 2023, "GQA"), packed rows by segment and, with a window, Beltagy et al. 2020, "Longformer". */
export const attention: OpDefinition<"attention"> = {
  outputs: ({ q, k, v, segments }, { heads, kvHeads }) => {
    expectShape(Number(last(q)) / heads === Number(last(k)) / kvHeads, "attention", { q, k, v, segments });
    return { o: f32("attended", q), lse: f32("lse", [q[0]!, heads, q[1]!]) };
  },
  gradient: ({ b, inputs, outputs, attrs, dOutputs }) => {
    const { dq, dk, dv } = b.node("attentionGrad", { ...inputs, ...outputs, dO: dOutputs.o! }, attrs);
    return { q: dq, k: dk, v: dv };
  },
  flops: ({ q }, attrs) => pairs(q, attrs) * 4,
};

/** Scores are recomputed from q, k and lse; p = exp(scores - lse), ds = p (dO vᵀ - rowsum(dO o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: OpDefinition<"attentionGrad"> = {
  outputs: ({ q, k, v }) => ({ dq: f32("d_q", q), dk: f32("d_k", k), dv: f32("d_v", v) }),
  gradient: "none",
  flops: ({ q }, attrs) => pairs(q, attrs) * 10,
};

export const cachedAttention: OpDefinition<"cachedAttention"> = {
  outputs: ({ q, pastKey, pastValue, mask }) => {
    const present = (past: Shape): Shape => [past[0]!, past[1]!, mask[1]!, past[3]!];
    return {
      o: f32("attended", q),
      presentKey: f32("present_key", present(pastKey)),
      presentValue: f32("present_value", present(pastValue)),
    };
  },
  gradient: "none",
  flops: ({ q, mask }) => 4 * q[0]! * q[1]! * mask[1]! * q[2]!,
};

/** Query-key pairs times width. Without a window a causal mask leaves half of them. */
function pairs(q: readonly number[], { causal, window }: AttrsOf<"attention">): number {
  const [B, S, width] = q as readonly [number, number, number];
  const all = causal ? (S * S) / 2 : S * S;
  const seen = window === undefined ? all : Math.min(all, S * window * (causal ? 1 : 2));
  return B * seen * width;
}
