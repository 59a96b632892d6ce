import { signFlip, standardError } from "../../evaluate/decision/statistics.ts";
import type { PartResult } from "./part.ts";

/** Order of configurations: those within the budget for general text first, then the lower loss; diverged ones last. */
export function ranked(results: readonly PartResult[], aim: number | undefined): PartResult[] {
  const key = (result: PartResult): number[] => [
    result.loss === null ? 1 : 0,
    fits(result, aim) ? 0 : 1,
    result.loss ?? 0,
    result.configuration,
  ];
  return [...results].sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at === -1 ? 0 : left[at]! - right[at]!;
  });
}

/** True if the loss on held-out general text is within the aim, in nats per token, or there is none. */
export const fits = ({ general_lost }: PartResult, aim: number | undefined): boolean =>
  aim === undefined || general_lost === null || general_lost <= aim;

/** Paired comparison of two configurations on the blocks of held-out rows. */
export interface Comparison {
  readonly configuration: number;
  /** Its loss minus the chosen one's, in nats per token, a mean over blocks, and its standard error. */
  readonly difference: number;
  readonly standard_error: number;
  /** One-sided sign flip over the blocks. */
  readonly p: number;
  /** True if p is below 0.025. */
  readonly sure: boolean;
}

export function compare(chosen: PartResult, other: PartResult, seed: number): Comparison {
  const differences = Float64Array.from(
    other.blocks.map(({ loss_sum, count }, i) => {
      const own = chosen.blocks[i]!;
      return loss_sum / count - own.loss_sum / own.count;
    }),
  );
  const difference = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const p = signFlip(differences, 0, seed);
  return {
    configuration: other.configuration,
    difference,
    standard_error: standardError(differences),
    p,
    sure: p < 0.025,
  };
}
