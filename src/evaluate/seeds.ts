import type { CriterionResult } from "./decide.ts";

/** How the adapter of one seed did, as in verdict.json. */
export interface SeedResult {
  seed: number;
  /** Its folder within the run; "." for the one that ships. */
  run: string;
  /** By criterion; positive is better than the base. */
  differences: Record<string, number>;
  /** Criteria whose difference lies on the wrong side of what is asked. */
  against: string[];
}

/** What the criteria say of one seed's adapter: only on which side of each bar it lies, which needs no interval. */
export function seedResult(seed: number, run: string, criteria: readonly CriterionResult[]): SeedResult {
  return {
    seed,
    run,
    differences: Object.fromEntries(criteria.map(({ name, difference }) => [name, difference])),
    against: criteria.filter((criterion) => !isPositive(criterion)).map(({ name }) => name),
  };
}

function isPositive({ kind, difference, margin, broken }: CriterionResult): boolean {
  if (kind === "zero-new-failures") return broken === 0;
  return difference > (kind === "superiority" ? margin : -margin);
}

/** Why a pass of the first seed does not stand, one line each: a verdict that the other seeds do not share may be luck. */
export const disagreements = (seeds: readonly SeedResult[]): string[] =>
  seeds
    .slice(1)
    .flatMap(({ seed, against, differences }) =>
      against.map(
        (name) => `seed ${seed}: ${name}, difference ${differences[name]!.toFixed(3)}, is not what is asked`,
      ),
    );
