import type { PolicyRule } from "../../task/policy.ts";
import type { TrainingRow } from "../rows.ts";
import { type Statements, statementsOf } from "./statements.ts";

/** A rule of the policy, where it stands and what it states. */
export interface RuleText extends PolicyRule {
  readonly file: string;
  readonly statements: Statements;
}
export type PolicyText = readonly RuleText[];

export function policyText(rules: readonly PolicyRule[], file: string): PolicyText {
  return rules.map((rule) => ({ ...rule, file, statements: statementsOf(rule.text) }));
}

/** The rules that a row names: in its field `rule`, a string or a list, or by their id in an answer. */
export function rulesOf({ raw, content }: TrainingRow, policy: PolicyText): RuleText[] {
  const named = new Set([raw["rule"]].flat().map(String));
  const answers = "text" in content ? [] : content.messages.filter(({ role }) => role === "assistant");
  const cited = new Set(answers.flatMap((answer) => answer.content.match(/\b[A-Z]{1,4}\d{1,5}\b/g) ?? []));
  return policy.filter(({ id }) => named.has(id) || cited.has(id));
}
