import { cosine, type Embedder } from "../../../embed/embedder.ts";
import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";
import { type PolicyText, rulesOf } from "../policy/policy.ts";
import { exchangesOf, labelOf } from "../text/exchanges.ts";

/** A class this many times smaller than the largest will hardly be learnt. */
const RATIO = 10;
/** Minimum cosine at which an answer is an example of a rule, for rows that do not name their rules. */
const EXAMPLE = 0.5;

/** Rules of the policy that no row shows. */
export function uncoveredRules(
  rows: readonly TrainingRow[],
  policy: PolicyText,
  embedder: Embedder,
): Proposal[] {
  if (policy.length === 0 || rows.length === 0) return [];
  // A label has no wording that could be compared with a rule's.
  if (rows.every(({ content }) => "text" in content && content.label !== undefined)) return [];
  const named = new Map(rows.map((row) => [row, rulesOf(row, policy)]));
  const tagged = rows.filter((row) => named.get(row)!.length > 0).length >= rows.length / 2;
  const shown = new Set([...named.values()].flat());
  const answers = tagged ? [] : rows.flatMap(exchangesOf).map(({ answer }) => embedder.embed(answer));
  return policy
    .filter((rule) => {
      if (shown.has(rule)) return false;
      const vector = embedder.embed(rule.text);
      return !answers.some((answer) => cosine(answer, vector) >= EXAMPLE);
    })
    .map(({ id, file, line }) => ({
      kind: "uncovered-rule",
      file,
      line,
      evidence: `no training row shows ${id}${tagged ? "" : ", as far as wordings tell"}`,
      severity: "warning",
      action: "review",
    }));
}

/** Labels, or rules of the policy, with far fewer rows than the most frequent one; each at its first row. */
export function imbalance(rows: readonly TrainingRow[], policy: PolicyText): Proposal[] {
  const classes = new Map<string, TrainingRow[]>();
  for (const row of rows) {
    const label = labelOf(row.raw);
    const names = label !== undefined ? [label] : rulesOf(row, policy).map(({ id }) => id);
    for (const name of names) classes.set(name, [...(classes.get(name) ?? []), row]);
  }
  const largest = [...classes].reduce<readonly [string, number]>(
    (best, [name, { length }]) => (length > best[1] ? [name, length] : best),
    ["", 0],
  );
  const found = new Map<TrainingRow, Proposal>();
  for (const [name, members] of classes) {
    const first = members.find((row) => !found.has(row));
    if (members.length * RATIO > largest[1] || first === undefined) continue;
    found.set(first, {
      kind: "balance",
      file: first.file,
      line: first.line,
      evidence: `${name} has ${members.length} rows, ${largest[0]} has ${largest[1]}`,
      severity: "warning",
      action: "review",
    });
  }
  return [...found.values()];
}
