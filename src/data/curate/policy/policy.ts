import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { Embedder } from "../../../embed/embedder.ts";
import { fitNgrams, hashedNgrams } from "../../../embed/hashed-ngrams.ts";
import { type PolicyRule, parsePolicy } from "../../../task/policy.ts";
import type { TrainingRow } from "../../row-format.ts";
import { type Statements, statementsOf } from "../text/statements.ts";
import { dialogue } from "../text/text.ts";

/** A rule of the policy, with its file and its quantities. */
export interface RuleText extends PolicyRule {
  readonly file: string;
  readonly statements: Statements;
}
export type PolicyText = readonly RuleText[];

export function policyText(rules: readonly PolicyRule[], file: string): PolicyText {
  return rules.map((rule) => ({ ...rule, file, statements: statementsOf(rule.text) }));
}

/** The rules of a policy file. */
export function readPolicy(path: string): PolicyText {
  const file = relative(process.cwd(), path);
  return policyText(parsePolicy(readFileSync(path, "utf8"), file), file);
}

/** By what rows and rules are compared: the n-grams of both. */
export function rowEmbedder(rows: readonly TrainingRow[], policy: PolicyText): Embedder {
  const said = [...rows.map(({ content }) => dialogue(content)), ...policy.map(({ text }) => text)];
  return hashedNgrams(fitNgrams(said));
}

/** The rules that a row names: in its field `rule`, a string or a list, or by their id in an answer. */
export function rulesOf({ raw, content }: TrainingRow, policy: PolicyText): RuleText[] {
  const named = new Set([raw["rule"]].flat().map(String));
  const answers = "text" in content ? [] : content.messages.filter(({ role }) => role === "assistant");
  const cited = new Set(answers.flatMap((answer) => answer.content.match(/\b[A-Z]{1,4}\d{1,5}\b/g) ?? []));
  return policy.filter(({ id }) => named.has(id) || cited.has(id));
}
