import { type Criterion, GRADED } from "./schema.ts";

/** Nats per token that an unseen text may lose or gain, at least: cross entropy has no largest loss (docs/gate.md). */
export const WORST_NATS = 5;

/** Scorers of likelihoods, which a contestant's answers do not have. */
const ONLY_BASE_AND_TUNED: ReadonlySet<string> = new Set(["cross-entropy", "minimal-pairs"]);

/** Mistake in one key of a criterion. */
export interface CriterionMistake {
  key: string;
  message: string;
}

/** Mistakes that depend on several keys of a criterion. Its schema checks each key alone. */
export function criterionMistakes(criterion: Criterion): CriterionMistake[] {
  const { kind, scorer, style } = criterion;
  const found: CriterionMistake[] = [];
  const at = (key: string, message: string) => found.push({ key, message });
  if (style !== undefined && scorer !== "checks") {
    at("style", `goes with the scorer checks, not with ${scorer}`);
  }
  if ((kind === "zero-new-failures" || kind === "zero-failures") && GRADED.has(scorer)) {
    at("scorer", `${kind} counts passes and failures, which ${scorer} does not have`);
  }
  if ((kind === "at-least" || kind === "at-most") && scorer === "cross-entropy") {
    at("scorer", `${kind} is about shares; cross-entropy has none`);
  }
  if (kind === "superiority" || kind === "non-inferiority") found.push(...sizeMistakes(criterion));
  if (kind === "superiority" && (criterion.against ?? "base") !== "base" && ONLY_BASE_AND_TUNED.has(scorer)) {
    at("against", `${criterion.against} has answers, but no likelihoods for ${scorer}`);
  }
  if (kind === "at-least" && criterion.expected !== undefined && criterion.expected <= criterion.floor) {
    at("expected", `${criterion.expected} must be more than the floor ${criterion.floor}`);
  }
  if (kind === "at-most" && criterion.expected !== undefined && criterion.expected >= criterion.ceiling) {
    at("expected", `${criterion.expected} must be less than the ceiling ${criterion.ceiling}`);
  }
  return found;
}

/** Margins that no loss can exceed, and effects that no gain can reach. */
function sizeMistakes(
  criterion: Extract<Criterion, { kind: "superiority" | "non-inferiority" }>,
): CriterionMistake[] {
  const entropy = criterion.scorer === "cross-entropy";
  const [largest, unit] = entropy
    ? [WORST_NATS, "the nats that an unseen text is assumed to lose or gain"]
    : [1, "the most by which shares can differ"];
  const found: CriterionMistake[] = [];
  const { margin } = criterion;
  if (margin >= largest)
    found.push({ key: "margin", message: `${margin} must be less than ${largest}, ${unit}` });
  if (criterion.kind === "non-inferiority") return found;
  const { effect } = criterion;
  if (effect > largest)
    found.push({ key: "effect", message: `${effect} must not exceed ${largest}, ${unit}` });
  else if (effect <= margin)
    found.push({ key: "effect", message: `${effect} must be more than the margin ${margin}` });
  return found;
}
