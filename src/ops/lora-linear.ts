import { expectShape, f32, last, type OpDefinition, rows, withLast } from "./definition.ts";

/**
 * y = x Wᵀ + scale (drop(x) Aᵀ) Bᵀ: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models",
 * with dropout on the input of A only, as in PEFT. W is frozen.
 */
export const loraLinear: OpDefinition<"loraLinear"> = {
  outputs: ({ x, weight, A, B }) => {
    const fits = last(x) === weight[1] && A[1] === weight[1] && B[0] === weight[0] && A[0] === B[1];
    expectShape(fits, "loraLinear", { x, weight, A, B });
    return { y: f32("lora", withLast(x, weight[0]!)), loraHidden: f32("lora_hidden", withLast(x, A[0]!)) };
  },
  gradient: ({ b, inputs, outputs, attrs, dOutputs, needs }) => {
    const { x, weight, A, B, dropoutMask } = inputs;
    const gradients = b.node(
      "loraLinearGrad",
      { dy: dOutputs.y!, x, weight, A, B, loraHidden: outputs.loraHidden, dropoutMask },
      { scale: attrs.scale, dropout: attrs.dropout, needsInput: needs("x") },
    );
    return { x: gradients.dx ?? null, A: gradients.dA, B: gradients.dB };
  },
  flops: ({ x, weight, A }) => 2 * rows(x) * (weight[0]! * weight[1]! + A[0]! * (weight[0]! + weight[1]!)),
};

/** dB = scale dyᵀ loraHidden, t = scale dy B, dA = tᵀ drop(x), dx = dy W + drop(t A). */
export const loraLinearGrad: OpDefinition<"loraLinearGrad"> = {
  outputs: ({ x, A, B }, { needsInput }) => ({
    dA: f32("d_lora_A", A),
    dB: f32("d_lora_B", B),
    dx: needsInput ? f32("d_lora_x", x) : undefined,
  }),
  gradient: "none",
  flops: ({ x, weight, A }, { needsInput }) => {
    const T = rows(x);
    const [out, inn] = weight as [number, number];
    const lowRank = 2 * T * A[0]! * (2 * out + inn);
    return lowRank + (needsInput ? 2 * T * (out * inn + A[0]! * inn) : 0);
  },
};
