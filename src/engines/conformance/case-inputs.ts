import type { AttrsOf, OpName } from "../../ops/attrs.ts";
import type { Inputs } from "../../ops/signatures.ts";
import type { Shape } from "../../program/program.ts";

/** Values of an input: standard normal, uniform in (0.5, 1.5), or the given numbers. */
export type Fill = "normal" | "positive" | readonly number[];

export interface CaseInput {
  readonly shape: Shape & readonly number[];
  readonly dtype?: "f32" | "i64" | "u8";
  readonly fill?: Fill;
  /** True for a frozen weight of the Program. */
  readonly weight?: true;
}

export interface OpCase<Op extends OpName = OpName> {
  readonly name: string;
  readonly inputs: Inputs<Op, CaseInput>;
  readonly attrs: AttrsOf<Op>;
}

export const n = (...shape: number[]): CaseInput => ({ shape });
export const positive = (...shape: number[]): CaseInput => ({ shape, fill: "positive" });
/** A vector of these numbers. */
export const values = (...fill: number[]): CaseInput => ({ shape: [fill.length], fill });
export const weight = (...shape: number[]): CaseInput => ({ shape, weight: true });
export const normWeight = (...shape: number[]): CaseInput => ({ shape, fill: "positive", weight: true });
export const ints = (shape: number[], fill: number[]): CaseInput => ({ shape, dtype: "i64", fill });
export const bits = (shape: number[], fill: number[]): CaseInput => ({ shape, dtype: "u8", fill });
export const cycle = (length: number, of: number): number[] =>
  Array.from({ length }, (_, i) => (i * 7 + 3) % of);
