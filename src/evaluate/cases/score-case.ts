import { mean } from "simple-statistics";
import { defectOf } from "../answers/answer-defect.ts";
import type { Answered } from "../answers/answer-row.ts";
import type { Context } from "../checks/check.ts";
import { preferenceOf } from "../checks/choice.ts";
import { handsOverBy } from "../checks/conduct.ts";
import { judgeCheck } from "../checks/index.ts";
import type { Case } from "./case.ts";

/** Natural log-likelihood of a text: sum over its tokens, number of tokens, and length in bytes of UTF-8. */
export interface Likelihood {
  sum: number;
  count: number;
  bytes: number;
}

/** Generated text of one answer. */
export interface Generated {
  text: string;
  tokens: number;
  finish: "stop" | "length";
}

/** Everything one model returned, by case id. */
export interface ModelOutputs {
  generated: Map<string, Generated>;
  /** By case id, then by text. */
  likelihood: Map<string, Map<string, Likelihood>>;
}

/** Mean score of each kind of check. */
function meanScores(scores: readonly (readonly [string, number])[]): Record<string, number> {
  const kinds = [...new Set(scores.map(([kind]) => kind))];
  return Object.fromEntries(
    kinds.map((kind) => [kind, mean(scores.flatMap(([name, score]) => (name === kind ? [score] : [])))]),
  );
}

/** Scores one model's outputs on a case. */
export function scoreCase(item: Case, outputs: ModelOutputs, context: Context): Answered {
  const { id, body } = item;
  const texts: ReadonlyMap<string, Likelihood> = outputs.likelihood.get(id) ?? new Map();
  const tokens = [...texts.values()].reduce((total, { count }) => total + count, 0);
  if (body.kind === "text") {
    const { sum, count, bytes } = texts.get(body.text)!;
    return { score: -sum / count, bits_per_byte: -sum / Math.LN2 / bytes, tokens };
  }
  if (body.kind === "pair") {
    // Whole sentences of nearly equal length: their sums are compared, as BLiMP does.
    const sums = new Map([...texts].map(([text, { sum }]) => [text, sum]));
    const passed = sums.get(body.good)! > sums.get(body.bad)!;
    return { preferences: [preferenceOf(sums)], score: passed ? 1 : 0, tokens };
  }
  const perToken = new Map([...texts].map(([text, { sum, count }]) => [text, sum / count]));
  return scoreAnswer(item, outputs.generated.get(id), perToken, tokens, context);
}

/**
 * Scores a chat case by its checks.
 * @param options preference score of each text of the case's choices
 * @param scored tokens whose likelihood was computed; reported where nothing was generated
 */
export function scoreAnswer(
  { id, body, row }: Case,
  generated: Generated | undefined,
  options: ReadonlyMap<string, number>,
  scored: number,
  context: Context,
): Answered {
  const checks = body.kind === "chat" ? body.checks : [];
  const text = generated?.text ?? "";
  const results = checks.map((check) => ({
    kind: check.kind,
    ...judgeCheck(check, { id, text, finish: generated?.finish, options, row }, context),
  }));
  const reasons = (passed: boolean) =>
    results.filter((result) => result.passed === passed).map(({ reason }) => reason);
  const [passed, failed] = [reasons(true), [...new Set(reasons(false))]];
  const preferences = checks.flatMap((check) => {
    if (check.kind !== "choice") return [];
    const own = [check.value.good, ...check.value.bad];
    return [preferenceOf(new Map(own.map((option) => [option, options.get(option)!])))];
  });
  return {
    ...(generated && { output: text }),
    ...(preferences.length > 0 && { preferences }),
    score: failed.length === 0 ? 1 : 0,
    scores: {
      ...meanScores(results.map(({ kind, score }) => [kind, score])),
      ...(generated && { "no-hand-over": keepsTheCustomer(generated, context) ? 1 : 0 }),
    },
    tokens: generated?.tokens ?? scored,
    ...(generated && { finish: generated.finish }),
    ...(passed.length > 0 && { passed }),
    ...(failed.length > 0 && { failed }),
  };
}

/** True if a complete answer does not hand over. */
const keepsTheCustomer = ({ text, finish }: Generated, { rules }: Context): boolean =>
  finish === "stop" && defectOf(text) === undefined && !handsOverBy(text, rules.wording.hands_over);
