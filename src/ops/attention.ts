import { expectShape, f32, last, type OpDefinition } from "./definition.ts";

/** softmax(scale q kᵀ + mask) v over a [batch, sequence] grid, with grouped heads (Ainslie et al. 2023, "GQA") and packed rows by segment. */
export const attention: OpDefinition<"attention"> = {
  outputs: (shapes, { heads, kvHeads }) => {
    const [q, k] = shapes;
    expectShape(Number(last(q!)) / heads === Number(last(k!)) / kvHeads, "attention", shapes);
    return [f32("attended", q!), f32("lse", [q![0]!, heads, q![1]!])];
  },
  gradient: ({ b, inputs, outputs, attrs, dOutputs }) => {
    const [q, k, v, segments] = inputs as [number, number, number, number];
    const d = b.node("attentionGrad", [dOutputs[0]!, q, k, v, outputs[0]!, outputs[1]!, segments], attrs);
    return [d[0]!, d[1]!, d[2]!, null];
  },
  flops: ([q], attrs) => pairs(q!, attrs.causal) * 4,
};

/** Scores are recomputed from q, k and lse; p = exp(scores - lse), ds = p (do vᵀ - rowsum(do o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: OpDefinition<"attentionGrad"> = {
  outputs: ([, q, k, v]) => [f32("d_q", q!), f32("d_k", k!), f32("d_v", v!)],
  gradient: "none",
  flops: ([, q], attrs) => pairs(q!, attrs.causal) * 10,
};

export const cachedAttention: OpDefinition<"cachedAttention"> = {
  outputs: ([q, , , pastKey, pastValue, mask]) => {
    const present = (past: typeof pastKey) => [past![0]!, past![1]!, mask![1]!, past![3]!];
    return [
      f32("attended", q!),
      f32("present_key", present(pastKey)),
      f32("present_value", present(pastValue)),
    ];
  },
  gradient: "none",
  flops: ([q, , , , , mask]) => 4 * q![0]! * q![1]! * mask![1]! * q![2]!,
};

/** Query-key pairs times width; a causal mask leaves half of them. */
const pairs = (q: readonly number[], causal: boolean): number =>
  (q[0]! * q[1]! * q[1]! * q[2]!) / (causal ? 2 : 1);
