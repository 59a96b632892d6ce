import * as z from "zod";
import { asSeen } from "../../formats/visible.ts";
import { criterionMistakes } from "../../task/criterion-mistakes.ts";
import { type Criterion, criterionSchema } from "../../task/schema.ts";
import { issueTexts } from "../cases/issues.ts";
import { type CriterionResult, judge } from "./decide.ts";

/** Scores beyond this are no nats per token, and sums of much larger ones overflow. */
const LARGEST_NATS = 1e6;

const name = z
  .union([z.string().transform(asSeen).pipe(z.string().min(1, "is blank")), z.number()], {
    error: ({ input }) => (input === undefined ? "is missing" : "must be a text or a number"),
  })
  .transform(String);

/** Keys of a criterion on stdin; the value of each is checked by the schema of task.yaml. */
const given = z.strictObject({
  kind: z.unknown(),
  margin: z.unknown().optional(),
  effect: z.unknown().optional(),
  floor: z.unknown().optional(),
  ceiling: z.unknown().optional(),
  scorer: z.unknown().optional(),
});

/** A criterion and its scores, as `lorafit debug decide` reads them. */
const lineSchema = z.strictObject({
  criterion: given,
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
  const read = criterionOf(parsed.data.criterion);
  if ("mistakes" in read) return read;
  const mistakes = [...repeatedIds(scores), ...scoreMistakes(read.criterion, scores)];
  if (mistakes.length > 0) return { mistakes };
  const judged = judge(read.criterion, scores, { alpha, seed });
  const { outcome, p, ci, difference, estimate, clusters, notes } = judged;
  return { decision: { outcome, p, ci, difference, estimate, clusters, notes } };
}

/** The criterion by the schema of task.yaml. A superiority criterion without an effect fails below its margin. */
function criterionOf(keys: Line["criterion"]): { criterion: Criterion } | { mistakes: string[] } {
  const own = { name: "stdin", cases: "stdin" };
  const parsed = criterionSchema.safeParse(
    { ...own, ...(keys.kind === "superiority" && { effect: 1 }), ...keys },
    { reportInput: true },
  );
  if (!parsed.success) return { mistakes: issueTexts(parsed.error, "criterion") };
  const criterion = parsed.data;
  const mistakes = criterionMistakes(criterion)
    .filter(({ key }) => key in keys)
    .map(({ key, message }) => `criterion.${key}: ${message}`);
  if (mistakes.length > 0) return { mistakes };
  if (criterion.kind === "superiority" && keys.effect === undefined) {
    return { criterion: { ...criterion, effect: criterion.margin } };
  }
  return { criterion };
}

/** Ids that occur more than once: a repeated case would count several times. */
function repeatedIds(scores: Line["scores"]): string[] {
  const places = new Map<string, number>();
  return scores.flatMap(({ id }, i) => {
    const earlier = places.get(id);
    if (earlier !== undefined) return [`scores.${i}.id: ${id} is already used in scores.${earlier}`];
    places.set(id, i);
    return [];
  });
}

/** Shares must be shares, and what is counted 0 or 1; cross entropy is any number of nats. */
function scoreMistakes({ kind, scorer }: Criterion, scores: Line["scores"]): string[] {
  const problem = (score: number): string | undefined => {
    if (scorer === "cross-entropy") {
      return Math.abs(score) > LARGEST_NATS ? `is no number of nats: beyond ${LARGEST_NATS}` : undefined;
    }
    if (kind === "zero-failures" || kind === "zero-new-failures") {
      return score === 0 || score === 1 ? undefined : "is neither 0 nor 1";
    }
    return score >= 0 && score <= 1
      ? undefined
      : "is not between 0 and 1; scores without bounds need the scorer cross-entropy, where lower is better";
  };
  return scores.flatMap((score, i) =>
    (["base", "tuned"] as const).flatMap((side) => {
      const wrong = problem(score[side]);
      return wrong === undefined ? [] : [`scores.${i}.${side}: ${score[side]} ${wrong}`];
    }),
  );
}
