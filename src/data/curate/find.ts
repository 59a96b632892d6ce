import type { RowFormat, TrainingRow } from "../row-format.ts";
import type { RowMistake } from "../rows.ts";
import type { CaseText } from "./case-texts.ts";
import { type Proposal, placeOf } from "./finding.ts";
import { boilerplate } from "./findings/boilerplate.ts";
import { imbalance, uncoveredRules } from "./findings/coverage.ts";
import { cutOffAnswers } from "./findings/cut-off.ts";
import { exactDuplicates, nearDuplicates } from "./findings/duplicates.ts";
import { encodingFindings } from "./findings/encoding.ts";
import { foreignLanguages } from "./findings/language.ts";
import { type Leakage, leakage } from "./findings/leakage.ts";
import { unusualLengths } from "./findings/length.ts";
import { type TokenLimit, truncations } from "./findings/truncation.ts";
import { conflicts } from "./policy/conflict.ts";
import { type PolicyText, rowEmbedder } from "./policy/policy.ts";
import { type PrivateFinders, privateFindings } from "./private/private.ts";
import { outOfScope, type Scope } from "./scope/scope.ts";

/** Data that rows are compared with. */
export interface Measures {
  readonly format: RowFormat;
  readonly cases: readonly CaseText[];
  readonly groupKey: string | undefined;
  readonly policy: PolicyText;
  readonly scope: Scope | undefined;
  readonly tokens: TokenLimit | undefined;
  readonly finders: PrivateFinders;
  /** Rows that a person has dropped as a whole. */
  readonly dropped: (row: TrainingRow) => boolean;
}

/** All findings in the rows, and the number of cases that occur in them. */
export async function findAll(
  rows: readonly TrainingRow[],
  mistakes: readonly RowMistake[],
  { format, cases, groupKey, policy, scope, tokens, finders, dropped }: Measures,
): Promise<{ proposals: Proposal[]; leakedCases: Leakage["cases"] }> {
  const embedder = rowEmbedder(rows, policy);
  const leaked = leakage(rows, cases, groupKey);
  const exact = exactDuplicates(rows, dropped);
  const foreign = await foreignLanguages(rows);
  const translated = new Set(foreign.map(placeOf));
  // Rows in another language are excluded from the statistics below.
  const own = rows.filter((row) => !translated.has(placeOf(row)));
  const outside = scope === undefined ? [] : outOfScope(own, cases, policy, scope);
  const beyond = new Set(outside.map(placeOf));
  const tooLong = tokens === undefined ? [] : truncations(format, rows, tokens);
  const cut = new Set(tooLong.map(placeOf));
  const truncated = [...tooLong, ...cutOffAnswers(own).filter((finding) => !cut.has(placeOf(finding)))];
  const broken = new Set(truncated.map(placeOf));
  // A row about another matter contradicts no rule of this one, and half a sentence says nothing for certain.
  const wrong = conflicts(rows, policy).filter(
    (finding) => finding.sure || !(beyond.has(placeOf(finding)) || broken.has(placeOf(finding))),
  );
  const conflicting = new Set(wrong.map(placeOf));
  const staying = rows.filter((row) => !dropped(row));
  const proposals = [
    ...mistakes.map(formatFinding),
    ...leaked.findings,
    ...rows.flatMap((row) => privateFindings(row, finders)),
    ...wrong,
    ...outside,
    ...truncated,
    ...exact.values(),
    ...nearDuplicates(rows, exact, conflicting, dropped),
    ...foreign,
    ...rows.flatMap(encodingFindings),
    ...boilerplate(rows),
    ...unusualLengths(rows),
    ...imbalance(staying, policy),
    ...uncoveredRules(staying, policy, embedder),
  ];
  return { proposals, leakedCases: leaked.cases };
}

function formatFinding({ file, line, message }: RowMistake): Proposal {
  return { kind: "format", file, line, evidence: message, severity: "error", action: "drop" };
}
