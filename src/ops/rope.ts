import { f32, type OpDefinition } from "./definition.ts";

/** Rotary positions by halves: Su et al. 2021, "RoFormer"; layout of transformers' apply_rotary_pos_emb. The gradient rotates back. */
export const rope: OpDefinition<"rope"> = {
  outputs: ({ x }) => ({ y: f32("rotated", x) }),
  gradient: ({ b, inputs: { positions }, attrs, dOutputs, needs }) => ({
    x: needs("x")
      ? b.node("rope", { x: dOutputs.y!, positions }, { ...attrs, inverse: !attrs.inverse }).y
      : null,
  }),
  flops: () => 0,
};

/**
 * Tables [positions, d/2] of cosine and sine. Values are rounded to float32 in the same places as in transformers'
 * LlamaRotaryEmbedding, which computes angles in float32 whatever the dtype of the model.
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
