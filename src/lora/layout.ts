import type { ModelConfig } from "../model/config.ts";
import type { LoraConfig } from "./config.ts";
import { firstMatch } from "./pattern.ts";
import { targetedLinears } from "./targets.ts";

export interface LoraModule {
  /** Such as model.layers.0.self_attn.q_proj. */
  readonly module: string;
  readonly rank: number;
  /** alpha / rank, or alpha / sqrt(rank) with rsLoRA. */
  readonly scale: number;
  readonly shapeA: readonly [number, number];
  readonly shapeB: readonly [number, number];
}

export interface LoraTensor {
  /** PEFT's name. */
  readonly name: string;
  readonly module: string;
  readonly kind: "A" | "B";
  readonly shape: readonly [number, number];
  /** First element within the flat parameter vector. */
  readonly offset: number;
}

/** Where every factor lies in the flat parameter vector [P]: all A's in forward order, then all B's in forward order. */
export interface LoraLayout {
  readonly modules: readonly LoraModule[];
  readonly tensors: readonly LoraTensor[];
  readonly size: number;
  readonly sizeA: number;
}

export const peftName = (module: string, kind: "A" | "B"): string =>
  `base_model.model.${module}.lora_${kind}.weight`;

export function loraLayout(model: ModelConfig, lora: LoraConfig): LoraLayout {
  const modules = targetedLinears(model, lora.targets).map(
    ({ path: module, shape: [out, inn] }): LoraModule => {
      const rank = firstMatch(lora.rankPattern, module) ?? lora.rank;
      const alpha = firstMatch(lora.alphaPattern, module) ?? lora.alpha;
      const scale = alpha / (lora.rsLora ? Math.sqrt(rank) : rank);
      return { module, rank, scale, shapeA: [rank, inn], shapeB: [out, rank] };
    },
  );
  const tensors: LoraTensor[] = [];
  let offset = 0;
  for (const kind of ["A", "B"] as const) {
    for (const { module, shapeA, shapeB } of modules) {
      const shape = kind === "A" ? shapeA : shapeB;
      tensors.push({ name: peftName(module, kind), module, kind, shape, offset });
      offset += shape[0] * shape[1];
    }
  }
  const sizeA = modules.reduce((sum, { shapeA }) => sum + shapeA[0] * shapeA[1], 0);
  return { modules, tensors, size: offset, sizeA };
}
