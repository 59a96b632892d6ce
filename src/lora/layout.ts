import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { familyOf } from "../model/families/index.ts";
import type { ClassHead, LoraConfig } from "./config.ts";
import { firstMatch } from "./pattern.ts";
import { targetedLinears } from "./targets.ts";
import { VARIANTS } from "./variants/index.ts";
import type { AdaptedLinear, Factor, Variant } from "./variants/variant.ts";

export interface LoraTensor {
  /** PEFT's name. */
  readonly name: string;
  readonly module: string;
  readonly kind: string;
  readonly shape: readonly number[];
  /** First element within the flat parameter vector, and number of elements. */
  readonly offset: number;
  readonly size: number;
}

/** Tensors of one kind, which are contiguous in the flat parameter vector. */
export interface LoraGroup {
  readonly factor: Factor;
  readonly offset: number;
  readonly size: number;
}

/** A classification head, with the names of its classes. */
export type HeadTensor = LoraTensor & ClassHead;

/**
 * Position of every trained tensor in the flat parameter vector [P]: one group for each kind of the variant (all A's, then all
 * B's), each in forward order; then the head, if there is one.
 */
export interface LoraLayout {
  readonly variant: Variant;
  readonly modules: readonly AdaptedLinear[];
  /** Factors of the modules, then the head. */
  readonly tensors: readonly LoraTensor[];
  readonly groups: readonly LoraGroup[];
  /** The head's weight [K,D]; it belongs to no group. */
  readonly head: HeadTensor | undefined;
  readonly size: number;
}

/** Module of a decoder's classification head in transformers. */
export const HEAD_MODULE = "score";

/** Prefix that PEFT adds to a module path. */
const PEFT_PREFIX = "base_model.model.";
/** Name of the head in PEFT's files, which leave out that it is one of modules_to_save. */
export const HEAD_NAME = `${PEFT_PREFIX}${HEAD_MODULE}.weight`;

/** Rank of a module, and the factor of its change: alpha / rank, or alpha / sqrt(rank) with rsLoRA. */
export function scalingOf(lora: LoraConfig, module: string): { rank: number; scale: number } {
  const rank = firstMatch(lora.rankPattern, module) ?? lora.rank;
  const alpha = firstMatch(lora.alphaPattern, module) ?? lora.alpha;
  return { rank, scale: alpha / (lora.rsLora ? Math.sqrt(rank) : rank) };
}

/** @throws usage error that lists every target without a match, or for a head on an encoder */
export function loraLayout(model: ModelConfig, lora: LoraConfig): LoraLayout {
  const variant: Variant = VARIANTS[lora.variant];
  const modules = targetedLinears(model, lora.targets).map(({ path: module, shape }): AdaptedLinear => {
    return { module, shape, ...scalingOf(lora, module) };
  });
  const { prefix } = familyOf(model);
  const named = (module: string): string => (lora.bare ? module.slice(prefix.length + 1) : module);
  const tensors: LoraTensor[] = [];
  const groups: LoraGroup[] = [];
  let size = 0;
  for (const factor of variant.factors) {
    const offset = size;
    for (const linear of modules) {
      const { module } = linear;
      const name = `${PEFT_PREFIX}${named(module)}.${factor.suffix}`;
      const shape = factorShape(factor, linear.shape, linear.rank);
      const elements = shape.reduce((product, length) => product * length, 1);
      tensors.push({ name, module, kind: factor.kind, shape, offset: size, size: elements });
      size += elements;
    }
    groups.push({ factor, offset, size: size - offset });
  }
  const { head: wanted } = lora;
  if (wanted !== undefined && familyOf(model).head === undefined) {
    throw new LorafitError("usage", `${model.family} is an encoder: a classification head needs a decoder`, {
      hint: "name a decoder as the base",
    });
  }
  const head = wanted && headTensor(wanted.labels, model.hiddenSize, size);
  return {
    variant,
    modules,
    tensors: head === undefined ? tensors : [...tensors, head],
    groups,
    head,
    size: size + (head?.size ?? 0),
  };
}

const headTensor = (labels: readonly string[], width: number, offset: number): HeadTensor => ({
  labels,
  name: HEAD_NAME,
  module: HEAD_MODULE,
  kind: "head",
  shape: [labels.length, width],
  offset,
  size: labels.length * width,
});

/** The shape of a factor of a layer [out, in]; the rank may be a symbol. */
export function factorShape<Rank extends number | string>(
  { axes }: Factor,
  [out, inn]: readonly [number, number],
  rank: Rank,
): (number | Rank)[] {
  return axes.map((axis) => ({ in: inn, out, rank })[axis]);
}

/** The name of a factor as an input of a hot-swap graph. */
export const inputName = (tensor: Pick<LoraTensor, "name">): string => tensor.name.slice(PEFT_PREFIX.length);

/** Names of a module's factors in PEFT's files. */
export const peftNames = (variant: Variant, module: string): string[] =>
  variant.factors.map(({ suffix }) => `${PEFT_PREFIX}${module}.${suffix}`);

/** The module and factor of a tensor's name in PEFT's files, or null. */
export function parsePeftName(
  variant: Variant,
  name: string,
): { readonly module: string; readonly factor: Factor } | null {
  const factor = variant.factors.find(({ suffix }) => name.endsWith(`.${suffix}`));
  if (factor === undefined || !name.startsWith(PEFT_PREFIX)) return null;
  const module = name.slice(PEFT_PREFIX.length, -factor.suffix.length - 1);
  return module === "" ? null : { module, factor };
}
