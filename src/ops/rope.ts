import { f32, type OpDefinition } from "./definition.ts";

/** Rotary positions by halves: Su et al. 2021, "RoFormer"; layout of transformers' apply_rotary_pos_emb. A rotation's gradient turns back. */
export const rope: OpDefinition<"rope"> = {
  outputs: ([x]) => [f32("rotated", x!)],
  gradient: ({ b, inputs, attrs, dOutputs, needs }) => [
    needs(0) ? b.node("rope", [dOutputs[0]!, inputs[1]!], { ...attrs, inverse: !attrs.inverse })[0]! : null,
    null,
  ],
  flops: () => 0,
};

/**
 * Tables [positions, d/2] of cosine and sine. All roundings to float32 stand where transformers' LlamaRotaryEmbedding
 * has them (it computes angles in float32 whatever the model's dtype).
 */
export function ropeTables(
  inverseFrequencies: readonly number[],
  positions: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = inverseFrequencies.length;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let j = 0; j < half; j++) {
      const angle = Math.fround(p * Math.fround(inverseFrequencies[j]!));
      cos[p * half + j] = Math.cos(angle);
      sin[p * half + j] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
