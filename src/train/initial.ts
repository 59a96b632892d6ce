import type { LoraLayout } from "../lora/layout.ts";
import { createRng } from "../rng.ts";

/**
 * The factors that training starts from, as PEFT draws them: A kaiming-uniform with a = sqrt(5), which is
 * U(-1/sqrt(in), 1/sqrt(in)); B zero, so that the first forward pass is the base's. Each A has a stream of its own by seed
 * and name: another target more or less leaves the others as they were.
 * @returns the flat vector [P] of the layout
 */
export function initialFactors(layout: LoraLayout, seed: number): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, kind, shape, offset } of layout.tensors) {
    if (kind === "B") continue;
    const rng = createRng(`${seed}/initial/${name}`);
    const bound = 1 / Math.sqrt(shape[1]);
    for (let i = 0; i < shape[0] * shape[1]; i++) flat[offset + i] = (2 * rng.next() - 1) * bound;
  }
  return flat;
}
