import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { modulePath, projectionShapes } from "../model/llama.ts";
import { didYouMean } from "../suggest.ts";
import type { LoraConfig } from "./config.ts";
import { firstMatch, matchesModule } from "./pattern.ts";

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

const ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"];

export const peftName = (module: string, kind: "A" | "B"): string =>
  `base_model.model.${module}.lora_${kind}.weight`;

export function loraLayout(model: ModelConfig, lora: LoraConfig): LoraLayout {
  const modules = targetedModules(model, lora.targets).map(({ module, out, inn }): LoraModule => {
    const rank = firstMatch(lora.rankPattern, module) ?? lora.rank;
    const alpha = firstMatch(lora.alphaPattern, module) ?? lora.alpha;
    const scale = alpha / (lora.rsLora ? Math.sqrt(rank) : rank);
    return { module, rank, scale, shapeA: [rank, inn], shapeB: [out, rank] };
  });
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

/**
 * The modules that `targets` names, in forward order: "attention", "all-linear", or endings of module paths and patterns
 * as in PEFT. Every target must match something; all that match nothing are reported at once, with the nearest names.
 */
function targetedModules(
  model: ModelConfig,
  targets: LoraConfig["targets"],
): { module: string; out: number; inn: number }[] {
  const shapes = projectionShapes(model);
  const names = Object.keys(shapes);
  const all = Array.from({ length: model.layers }, (_, layer) =>
    names.map((name) => ({ module: modulePath(layer, name), out: shapes[name]![0], inn: shapes[name]![1] })),
  ).flat();
  const wanted = targets === "attention" ? ATTENTION : targets === "all-linear" ? names : targets;
  const lost = wanted.filter((target) => !all.some(({ module }) => matchesModule(target, module)));
  if (lost.length > 0 || wanted.length === 0) {
    const what = lost.map((target) => `"${target}"${didYouMean(target.split(".").pop()!, names)}`);
    throw new LorafitError(
      "usage",
      `train.targets: no module matches ${what.join(", ") || "an empty list"}`,
      {
        hint: `use attention, all-linear, or names among ${names.join(", ")}`,
      },
    );
  }
  return all.filter(({ module }) => wanted.some((target) => matchesModule(target, module)));
}
