import * as z from "zod";
import { CRITERION_KINDS, type Criterion, SCORERS } from "../../task/schema.ts";
import { issueTexts } from "../cases/issues.ts";
import { type CriterionResult, judge } from "./decide.ts";

const share = z.number().gt(0).lt(1);
const name = z.union([z.string(), z.number()]).transform(String);

/** A criterion and its scores, as `lorafit debug decide` reads them. */
const lineSchema = z.strictObject({
  criterion: z.strictObject({
    kind: z.enum(CRITERION_KINDS),
    margin: z.number().min(0).optional(),
    effect: z.number().optional(),
    floor: share.optional(),
    ceiling: share.optional(),
    scorer: z.enum(SCORERS).default("checks"),
  }),
  alpha: z.number().min(1e-6).lt(0.5),
  seed: z.int().min(0).default(0),
  scores: z.array(z.object({ id: name, cluster: name, base: z.number(), tuned: z.number() })).min(1),
});

type Line = z.output<typeof lineSchema>;

/** Fields of a criterion's result that a line is answered with. */
export type LineDecision = Pick<
  CriterionResult,
  "outcome" | "p" | "ci" | "difference" | "estimate" | "clusters" | "notes"
>;

/**
 * Decides on the scores of one line as the gate does.
 * @returns the decision, or everything that is wrong with the line
 */
export function decideLine(value: unknown): { decision: LineDecision } | { mistakes: string[] } {
  const parsed = lineSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { mistakes: issueTexts(parsed.error, "") };
  const { alpha, seed, scores } = parsed.data;
  const criterion = criterionOf(parsed.data.criterion);
  const mistakes = typeof criterion === "string" ? [criterion] : scoreMistakes(criterion, scores);
  if (typeof criterion === "string" || mistakes.length > 0) return { mistakes };
  const { outcome, p, ci, difference, estimate, clusters, notes } = judge(criterion, scores, { alpha, seed });
  return { decision: { outcome, p, ci, difference, estimate, clusters, notes } };
}

function criterionOf({
  kind,
  scorer,
  margin,
  effect,
  floor,
  ceiling,
}: Line["criterion"]): Criterion | string {
  const own = { name: kind, cases: "stdin", scorer };
  const entropy = scorer === "cross-entropy";
  switch (kind) {
    case "superiority":
      return { ...own, kind, margin: margin ?? 0, effect: effect ?? margin ?? 0 };
    case "non-inferiority":
      return margin === undefined ? "criterion.margin: is missing" : { ...own, kind, margin };
    case "at-least":
      if (floor === undefined) return "criterion.floor: is missing";
      return entropy ? NO_SHARE : { ...own, kind, floor };
    case "at-most":
      if (ceiling === undefined) return "criterion.ceiling: is missing";
      return entropy ? NO_SHARE : { ...own, kind, ceiling };
    default:
      return entropy ? NO_SHARE : { ...own, kind };
  }
}

const NO_SHARE = "criterion.scorer: cross-entropy has no shares; use superiority or non-inferiority";

/** Shares must be shares, and what is counted 0 or 1; cross entropy is any number. */
function scoreMistakes(criterion: Criterion, scores: Line["scores"]): string[] {
  if (criterion.scorer === "cross-entropy") return [];
  const counts = criterion.kind.startsWith("zero");
  const wrong = (score: number) => (counts ? score !== 0 && score !== 1 : !(score >= 0 && score <= 1));
  return scores.flatMap((score, i) =>
    (["base", "tuned"] as const).flatMap((side) =>
      wrong(score[side])
        ? `scores.${i}.${side}: ${score[side]} is ${counts ? "neither 0 nor 1" : "not between 0 and 1; scores without bounds need the scorer cross-entropy, where lower is better"}`
        : [],
    ),
  );
}
