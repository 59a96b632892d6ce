import { fitNgrams, hashedNgrams } from "../../embed/hashed-ngrams.ts";
import type { RowMistake, TrainingRow } from "../rows.ts";
import { conflicts } from "./conflict.ts";
import { exactDuplicates, nearDuplicates } from "./duplicates.ts";
import { encodingFindings } from "./encoding.ts";
import { type Proposal, placeOf } from "./finding.ts";
import { type CaseText, type Leakage, leakage } from "./leakage.ts";
import { unusualLengths } from "./length.ts";
import type { PolicyText } from "./policy.ts";
import { againstPolicy } from "./policy-conflict.ts";
import { type PrivateFinders, privateFindings } from "./private.ts";
import { dialogue } from "./text.ts";

/** All that rows are held against. */
export interface Measures {
  readonly cases: readonly CaseText[];
  readonly groupKey: string | undefined;
  readonly policy: PolicyText;
  readonly finders: PrivateFinders;
  /** Rows that a person has dropped as a whole. */
  readonly dropped: (row: TrainingRow) => boolean;
}

/** Everything that is wrong with the rows, and how many cases they give away. */
export function findAll(
  rows: readonly TrainingRow[],
  mistakes: readonly RowMistake[],
  { cases, groupKey, policy, finders, dropped }: Measures,
): { proposals: Proposal[]; leakedCases: Leakage["cases"] } {
  const embedder = hashedNgrams(
    fitNgrams([...rows.map(({ content }) => dialogue(content)), ...policy.map(({ text }) => text)]),
  );
  const leaked = leakage(rows, cases, groupKey);
  const exact = exactDuplicates(rows, dropped);
  const wrong = conflicts(rows, againstPolicy(rows, policy, embedder));
  const conflicting = new Set(wrong.map(placeOf));
  const proposals = [
    ...mistakes.map(formatFinding),
    ...leaked.findings,
    ...rows.flatMap((row) => privateFindings(row, finders)),
    ...wrong,
    ...exact.values(),
    ...nearDuplicates(rows, exact, conflicting, dropped),
    ...rows.flatMap(encodingFindings),
    ...unusualLengths(rows),
  ];
  return { proposals, leakedCases: leaked.cases };
}

function formatFinding({ file, line, message }: RowMistake): Proposal {
  return { kind: "format", file, line, evidence: message, severity: "error", action: "drop" };
}
