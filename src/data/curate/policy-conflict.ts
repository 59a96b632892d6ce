import { cosine, type Embedder } from "../../embed/embedder.ts";
import { normalise } from "../../embed/normalise.ts";
import type { TrainingRow } from "../rows.ts";
import { exchangesOf } from "./exchanges.ts";
import type { Place } from "./finding.ts";
import type { PolicyText, RuleText } from "./policy.ts";
import { rulesOf } from "./policy.ts";
import { sameValue, statementsOf } from "./statements.ts";

export interface PolicyContradiction {
  readonly rule: Place;
  readonly evidence: string;
}

/** Numbers that tell of the case at hand, not of a rule. */
const OF_THE_CASE = /^\W*(?:ago|old|left|remaining|late|early|earlier|already|since|overdue|passed|gone)\b/i;
/** How many of the nearest rules an untagged exchange may be about. */
const NEAREST = 3;

/**
 * Rows whose answer gives another number than the rule that it is about: the rules that the row names (in a field `rule`, or by
 * id in the answer), else those among the nearest to question and answer that share a word with them.
 */
export function againstPolicy(
  rows: readonly TrainingRow[],
  policy: PolicyText,
  embedder: Embedder,
): Map<TrainingRow, PolicyContradiction> {
  const found = new Map<TrainingRow, PolicyContradiction>();
  const vectors = new Map(policy.map((rule) => [rule, embedder.embed(rule.text)]));
  const nearest = (text: string): RuleText[] => {
    const vector = embedder.embed(text);
    const words = contentWords(text);
    return [...policy]
      .map((rule) => ({ rule, near: cosine(vector, vectors.get(rule)!) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, NEAREST)
      .filter(({ rule }) => [...contentWords(rule.text)].some((word) => words.has(word)))
      .map(({ rule }) => rule);
  };
  for (const row of rows) {
    for (const { question, answer } of exchangesOf(row)) {
      if (found.has(row) || "text" in row.content) continue;
      const said = statementsOf(answer);
      const tagged = rulesOf(row, policy);
      const rules = tagged.length > 0 ? tagged : nearest(`${question} ${answer}`);
      for (const [unit, values] of said) {
        if (values.some(({ value }) => typeof value === "string") || / or /.test(unit)) continue;
        const ruled = rules.flatMap((rule) =>
          (rule.statements.get(unit) ?? []).map((statement) => ({ rule, ...statement })),
        );
        const right = values.some(({ value }) => ruled.some((rule) => sameValue(rule.value, value)));
        if (ruled.length === 0 || right) continue;
        const wrong = values.find(
          ({ words }) =>
            !echoes(question, words) && !OF_THE_CASE.test(answer.slice(answer.indexOf(words) + words.length)),
        );
        if (wrong === undefined) continue;
        const { rule, words } = ruled[0]!;
        found.set(row, {
          rule,
          evidence: `says ${JSON.stringify(wrong.words)} where ${rule.id} of the policy says ${JSON.stringify(words)}`,
        });
      }
    }
  }
  return found;
}

/** Whether the customer names the number in the same figures or word. */
function echoes(question: string, words: string): boolean {
  const number = normalise(words).trim().split(" ")[0]!;
  return normalise(question).includes(` ${number} `);
}

/** Stems of the words that carry meaning: of five letters or more, cut to five. */
function contentWords(text: string): Set<string> {
  return new Set(
    normalise(text)
      .split(" ")
      .filter((word) => word.length >= 5 && !/\d/.test(word))
      .map((word) => word.slice(0, 5)),
  );
}
