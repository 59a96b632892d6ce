import { CONTESTANTS, type Contestant, type Criterion, GRADED, type StyleRule } from "../task/schema.ts";
import type { Answered, AnswerRow } from "./answers/answer-row.ts";
import type { Case } from "./cases/case.ts";
import { scoreOf } from "./cases/scorers.ts";
import { selectCases } from "./cases/select.ts";

/** Cases that each model gets right, as whole numbers: cases are counted, not clusters. */
export interface RightCount extends Partial<Record<Contestant, number>> {
  /** Pack, with the condition of `where`: "safety, critical". */
  readonly of: string;
  /** Criteria that are judged on these scores. */
  readonly criteria: readonly string[];
  /** Scorer, or the style rule. */
  readonly scorer: string;
  readonly n: number;
  readonly base: number;
  readonly tuned: number;
}

const placeOf = ({ cases, where = {} }: Criterion): string =>
  [
    cases,
    ...Object.entries(where).map(([field, value]) => (value === true ? field : `${field} ${value}`)),
  ].join(", ");

const scorerOf = ({ scorer, style }: Criterion): string => (style === undefined ? scorer : `style: ${style}`);

/** One count for each set of cases and scorer that a criterion is judged on; scorers with scores between 0 and 1 are left out. */
export function rightCounts(
  { success, style }: { readonly success: readonly Criterion[]; readonly style: readonly StyleRule[] },
  cases: readonly Case[],
  answers: ReadonlyMap<string, AnswerRow>,
): RightCount[] {
  const groups = new Map<string, Criterion[]>();
  for (const criterion of success.filter(({ scorer, style }) => style !== undefined || !GRADED.has(scorer))) {
    const key = `${placeOf(criterion)} ${scorerOf(criterion)}`;
    groups.set(key, [...(groups.get(key) ?? []), criterion]);
  }
  return [...groups.values()].map((criteria) => {
    const [first] = criteria as [Criterion];
    const selected = selectCases(first, cases);
    const rows = selected.map(({ id }) => answers.get(id));
    const right = (of: (row: AnswerRow) => Answered | undefined) => {
      const answered = rows.flatMap((row) => (row === undefined ? [] : (of(row) ?? [])));
      return { answered, count: answered.filter((answer) => scoreOf(first, answer, style) === 1).length };
    };
    const contestants = CONTESTANTS.flatMap((name) => {
      const { answered, count } = right((row) => row.contestants?.[name]);
      return answered.length === 0 ? [] : [[name, count] as const];
    });
    return {
      of: placeOf(first),
      criteria: criteria.map(({ name }) => name),
      scorer: scorerOf(first),
      n: selected.length,
      base: right(({ base }) => base).count,
      tuned: right(({ tuned }) => tuned).count,
      ...Object.fromEntries(contestants),
    };
  });
}

/** Wording of a count by its scorer. */
function achievement({ scorer, n }: RightCount, count: number): string {
  if (scorer === "checks") return `${count} of ${n} questions answered right`;
  if (scorer === "accuracy") return `${count} of ${n} labels right`;
  if (scorer === "minimal-pairs") return `${count} of ${n} pairs judged right`;
  if (scorer === "no-hand-over") return `${n - count} of ${n} answers hand over`;
  if (scorer.startsWith("style: ")) return `${count} of ${n} answers keep the rule ${scorer.slice(7)}`;
  return `${count} of ${n} answers pass ${scorer}`;
}

/** Names of the models that answer besides the tuned one. */
export const WHO: Readonly<Record<"base" | Contestant, string>> = {
  base: "the base",
  lookup: "a lookup in the transcripts",
  prompted: "the base prompted with the policy",
  tfidf: "a logistic regression on the words",
};

/** A count in words: "domain: 30 of 100 questions answered right; the base 12, a lookup in the transcripts 75". */
export const rightText = (count: RightCount): string => `${count.of}: ${rightWords(count)}`;

/** The same without the pack. */
export function rightWords(count: RightCount): string {
  const shown = (right: number) => (count.scorer === "no-hand-over" ? count.n - right : right);
  const others = (["base", ...CONTESTANTS] as const).flatMap((name) => {
    const right = count[name];
    return right === undefined ? [] : [`${WHO[name]} ${shown(right)}`];
  });
  return `${achievement(count, count.tuned)}; ${others.join(", ")}`;
}
