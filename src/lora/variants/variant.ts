import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { Rng } from "../../rng.ts";

/** A linear layer of the base with an adapter. */
export interface AdaptedLinear {
  /** Module path, such as model.layers.0.self_attn.q_proj. */
  readonly module: string;
  /** [out, in] */
  readonly shape: readonly [number, number];
  readonly rank: number;
  /** alpha / rank, or alpha / sqrt(rank) with rsLoRA. */
  readonly scale: number;
}

/** One kind of trained tensor. */
export interface Factor<Kind extends string = string> {
  readonly kind: Kind;
  /** End of the tensor's name in PEFT's files, after the module path. */
  readonly suffix: string;
  /** Meaning of each dimension of its shape. */
  readonly axes: readonly ("in" | "out" | "rank")[];
  /** The values before training as PEFT draws them. `weight` reads the base's matrix [out,in]. */
  initial(linear: AdaptedLinear, rng: Rng, weight: () => Float32Array): Float32Array;
  /** True if LoRA+ multiplies its learning rate, and if an adapter is weakened by scaling it. */
  readonly isOutput: boolean;
}

/** Operands of a linear layer, as values of a Program. */
export interface AdaptedCall<Kind extends string = string> {
  readonly x: ValueId;
  readonly weight: ValueId;
  readonly bias: ValueId | undefined;
  readonly factors: Readonly<Record<Kind, ValueId>>;
  readonly scale: number;
  readonly dropout: number;
  /** u8 of x's shape; undefined without dropout. */
  readonly dropoutMask: ValueId | undefined;
  /** Name of the result. */
  readonly name: string;
  readonly scope: string | undefined;
}

/**
 * A way to adapt a linear layer: which tensors are trained, how they start, what the adapted layer computes, and how it is
 * merged into the base. A variant is one module in this folder and one entry in index.ts.
 */
export interface Variant<Kind extends string = string> {
  /** Values of PEFT's LoraConfig that select this variant; an absent key means false. */
  readonly peftFlags: Readonly<Record<string, boolean>>;
  /** In the order in which they follow each other in the flat parameter vector. */
  readonly factors: readonly Factor<Kind>[];
  /** Appends the adapted layer and returns its result [..,out]. */
  apply(b: ProgramBuilder, call: AdaptedCall<Kind>): ValueId;
  /** The adapted matrix [out,in], row-major; sums are float64, rounded to float32 once. */
  merge(
    weight: Float32Array,
    linear: AdaptedLinear,
    factors: Readonly<Record<Kind, Float32Array>>,
  ): Float32Array;
}
