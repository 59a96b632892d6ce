import { mean } from "simple-statistics";
import type { Answered } from "./answer-row.ts";
import type { Case } from "./cases.ts";
import type { Context } from "./checks/check.ts";
import { handsOverBy } from "./checks/conduct.ts";
import { judgeCheck } from "./checks/index.ts";

/** Natural log-likelihood of a text as sum over its tokens, their number, and the bytes of UTF-8 that they stand for. */
export interface Likelihood {
  sum: number;
  count: number;
  bytes: number;
}

/** What one model said and preferred, by case id. */
export interface Heard {
  generated: Map<string, { text: string; tokens: number; finish: "stop" | "length" }>;
  /** By case id, then by text. */
  likelihood: Map<string, Map<string, Likelihood>>;
}

/** Mean score of each kind of check that the case has. */
function meanScores(scores: readonly (readonly [string, number])[]): Record<string, number> {
  const kinds = [...new Set(scores.map(([kind]) => kind))];
  return Object.fromEntries(
    kinds.map((kind) => [kind, mean(scores.flatMap(([name, score]) => (name === kind ? [score] : [])))]),
  );
}

/** What a model's words and likelihoods are worth on a case. */
export function scoreCase({ id, body, row }: Case, heard: Heard, context: Context): Answered {
  const texts: ReadonlyMap<string, Likelihood> = heard.likelihood.get(id) ?? new Map();
  const perToken = new Map([...texts].map(([text, { sum, count }]) => [text, sum / count]));
  const scored = [...texts.values()].reduce((total, { count }) => total + count, 0);
  if (body.kind === "text") {
    const { sum, bytes } = texts.get(body.text)!;
    return { score: -perToken.get(body.text)!, bits_per_byte: -sum / Math.LN2 / bytes, tokens: scored };
  }
  if (body.kind === "pair") {
    // Whole sentences of nearly equal length: their sums are compared, as BLiMP does.
    return { score: texts.get(body.good)!.sum > texts.get(body.bad)!.sum ? 1 : 0, tokens: scored };
  }
  const generated = heard.generated.get(id);
  const preferred = [...perToken].reduce((best, option) => (option[1] > best[1] ? option : best), [
    "",
    Number.NEGATIVE_INFINITY,
  ] as [string, number]);
  const text = generated?.text ?? preferred[0];
  const judged = body.checks.map((check) => ({
    kind: check.kind,
    ...judgeCheck(check, { id, text, options: perToken, row }, context),
  }));
  const failed = judged.flatMap(({ failure }) => failure ?? []);
  const handedOver = handsOverBy(text, context.rules.wording.hands_over);
  return {
    output: text,
    score: failed.length === 0 ? 1 : 0,
    scores: {
      ...meanScores(judged.map(({ kind, score }) => [kind, score])),
      ...(generated && { "no-hand-over": handedOver ? 0 : 1 }),
    },
    tokens: generated?.tokens ?? scored,
    ...(generated && { finish: generated.finish }),
    ...(failed.length > 0 && { failed }),
  };
}
