import { expectShape, f32, last, type OpDefinition, rows, withLast } from "./definition.ts";

/**
 * y = x Wᵀ + scale (drop(x) Aᵀ) Bᵀ: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models",
 * with dropout on the input of A only, as in PEFT. W is frozen.
 */
export const loraLinear: OpDefinition<"loraLinear"> = {
  outputs: (shapes) => {
    const [x, weight, a, b] = shapes;
    const fits = last(x!) === weight![1] && a![1] === weight![1] && b![0] === weight![0] && a![0] === b![1];
    expectShape(fits, "loraLinear", shapes);
    return [f32("lora", withLast(x!, weight![0]!)), f32("lora_hidden", withLast(x!, a![0]!))];
  },
  gradient: ({ b, inputs, outputs, attrs, dOutputs, needs }) => {
    const [x, weight, A, B] = inputs as [number, number, number, number];
    const dropoutMask = attrs.dropout > 0 ? [inputs[4]!] : [];
    const gradients = b.node("loraLinearGrad", [dOutputs[0]!, x, weight, A, B, outputs[1]!, ...dropoutMask], {
      scale: attrs.scale,
      dropout: attrs.dropout,
      needsInput: needs(0),
    });
    return inputs.map((_, i) =>
      i === 0 ? (gradients[2] ?? null) : i === 2 ? gradients[0]! : i === 3 ? gradients[1]! : null,
    );
  },
  frozen: { matrix: 1, operands: [0] },
  flops: ([x, weight, a]) =>
    2 * rows(x!) * (weight![0]! * weight![1]! + a![0]! * (weight![0]! + weight![1]!)),
};

/** dB = scale dyᵀ low, t = scale dy B, dA = tᵀ drop(x), dx = dy W + keep/(1-p) (t A). */
export const loraLinearGrad: OpDefinition<"loraLinearGrad"> = {
  outputs: (shapes, { needsInput }) => {
    const [, x, , a, b] = shapes;
    const out = [f32("d_lora_A", a!), f32("d_lora_B", b!)];
    return needsInput ? [...out, f32("d_lora_x", x!)] : out;
  },
  gradient: "none",
  // x takes no part in the product with W, but the forward pass has rounded it already.
  frozen: { matrix: 2, operands: [0, 1] },
  flops: ([, x, weight, a], { needsInput }) => {
    const T = rows(x!);
    const [out, inn] = weight as [number, number];
    const loraHidden = 2 * T * a![0]! * (2 * out + inn);
    return loraHidden + (needsInput ? 2 * T * (out * inn + a![0]! * inn) : 0);
  },
};
