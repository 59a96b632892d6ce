import type { Variant } from "./variant.ts";

/**
 * W x + scale B A x (Hu et al. 2021, "LoRA", section 4.1). The adapted layer is the one operation loraLinear
 * (docs/decisions/2026-11-30-adapter-variants.md).
 */
export const lora: Variant<"A" | "B"> = {
  peftFlags: { use_dora: false },
  factors: [
    {
      kind: "A",
      suffix: "lora_A.weight",
      axes: ["rank", "in"],
      isOutput: false,
      // Kaiming-uniform with a = sqrt(5) is U(-1/sqrt(in), 1/sqrt(in)).
      initial({ shape: [, columns], rank }, rng) {
        const bound = 1 / Math.sqrt(columns);
        return Float32Array.from({ length: rank * columns }, () => (2 * rng.next() - 1) * bound);
      },
    },
    {
      kind: "B",
      suffix: "lora_B.weight",
      axes: ["out", "rank"],
      isOutput: true,
      // Zero, so that the first forward pass is the base's.
      initial: ({ shape: [rows], rank }) => new Float32Array(rows * rank),
    },
  ],
  apply(b, { x, weight, bias, factors: { A, B }, scale, dropout, dropoutMask, name, scope }) {
    const attrs = { scale, dropout, hasBias: bias !== undefined };
    const inputs = { x, weight, A, B, dropoutMask, bias };
    return b.node("loraLinear", inputs, attrs, { names: { y: name }, scope }).y;
  },
  merge(weight, { shape: [rows, columns], rank, scale }, { A, B }) {
    const merged = Float32Array.from(weight);
    const row = new Float64Array(columns);
    for (let o = 0; o < rows; o++) {
      row.set(weight.subarray(o * columns, (o + 1) * columns));
      for (let k = 0; k < rank; k++) {
        const factor = scale * B[o * rank + k]!;
        const from = k * columns;
        for (let i = 0; i < columns; i++) row[i]! += factor * A[from + i]!;
      }
      merged.set(row, o * columns);
    }
    return merged;
  },
};
