import { createRng } from "../rng.ts";
import type { LoraLayout } from "./layout.ts";

/** Standard deviation of a new head: transformers' default of initializer_range. */
const HEAD_DEVIATION = 0.02;

/**
 * The factors that training starts from, as PEFT draws them, and a new head. Each tensor has its own stream by seed and name, so that adding
 * or removing a target does not change the others.
 * @returns the flat vector [P] of the layout
 */
export function initialFactors(
  { variant, modules, tensors, head, size }: LoraLayout,
  seed: number,
  base: { read(name: string): Float32Array },
): Float32Array {
  const flat = new Float32Array(size);
  const linears = new Map(modules.map((linear) => [linear.module, linear]));
  const factors = new Map(variant.factors.map((factor) => [factor.kind, factor]));
  for (const tensor of tensors) {
    const { name, module, kind, offset, size } = tensor;
    const rng = createRng(`${seed}/initial/${name}`);
    const values =
      tensor === head
        ? Float32Array.from({ length: size }, () => HEAD_DEVIATION * rng.normal())
        : factors.get(kind)!.initial(linears.get(module)!, rng, () => base.read(`${module}.weight`));
    flat.set(values, offset);
  }
  return flat;
}
