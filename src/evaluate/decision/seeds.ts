import type { CriterionResult } from "./decide.ts";

/** Scores of the adapter of one seed, as in verdict.json. */
export interface SeedResult {
  seed: number;
  /** Its folder within the run; "." for the shipped adapter. */
  run: string;
  /** Tuned less base by criterion; positive is better. */
  differences: Record<string, number>;
  /** Criteria whose estimate is on the wrong side of the bar. */
  against: string[];
}

/** Results of one seed's adapter: only on which side of each bar its estimates are, which needs no interval. */
export function seedResult(seed: number, run: string, criteria: readonly CriterionResult[]): SeedResult {
  return {
    seed,
    run,
    differences: Object.fromEntries(criteria.map(({ name, difference }) => [name, difference])),
    against: criteria.filter((criterion) => !isMet(criterion)).map(({ name }) => name),
  };
}

function isMet({ kind, estimate, bar, failures }: CriterionResult): boolean {
  if (kind === "zero-new-failures" || kind === "zero-failures") return failures === 0;
  if (kind === "at-least") return estimate >= bar;
  if (kind === "at-most") return estimate <= bar;
  return estimate > bar;
}

/** Reasons why other seeds do not confirm a pass of the first, one line each: a verdict that they do not share may be luck. */
export const disagreements = (seeds: readonly SeedResult[]): string[] =>
  seeds
    .slice(1)
    .flatMap(({ seed, against, differences }) =>
      against.map(
        (name) => `seed ${seed}: ${name}, difference ${differences[name]!.toFixed(3)}, is not what is asked`,
      ),
    );
