import { createRng } from "../rng.ts";
import type { LoraLayout } from "./layout.ts";

/**
 * The factors that training starts from, as PEFT draws them. Each tensor has its own stream by seed and name, so that adding
 * or removing a target does not change the others.
 * @returns the flat vector [P] of the layout
 */
export function initialFactors(
  { variant, modules, tensors, size }: LoraLayout,
  seed: number,
  base: { read(name: string): Float32Array },
): Float32Array {
  const flat = new Float32Array(size);
  const linears = new Map(modules.map((linear) => [linear.module, linear]));
  const factors = new Map(variant.factors.map((factor) => [factor.kind, factor]));
  for (const { name, module, kind, offset } of tensors) {
    const rng = createRng(`${seed}/initial/${name}`);
    flat.set(
      factors.get(kind)!.initial(linears.get(module)!, rng, () => base.read(`${module}.weight`)),
      offset,
    );
  }
  return flat;
}
