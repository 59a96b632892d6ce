import type { TrainingRow } from "../../row-format.ts";
import type { CaseText } from "../case-texts.ts";
import { type Place, type Proposal, similarityOf } from "../finding.ts";
import { labelOf } from "../text/exchanges.ts";
import { NEAR, nearPairs } from "../text/shingles.ts";
import { customerSides } from "../text/text.ts";

export interface Leakage {
  readonly findings: Proposal[];
  /** Cases that occur in the training rows: exactly, and otherwise nearly; of both, those whose nearest row has another label. */
  readonly cases: { readonly exact: number; readonly near: number; readonly otherLabel: number };
}

/** Training rows whose customer asks what a case asks, word for word or nearly, or whose group is that of a case. */
export function leakage(
  rows: readonly TrainingRow[],
  cases: readonly CaseText[],
  groupKey: string | undefined,
): Leakage {
  const sides = rows.flatMap((row) => customerSides(row.content).map((side) => ({ row, side })));
  const byPrompt = new Map([...cases].reverse().map((item) => [item.prompt, item]));
  const exact = new Map<TrainingRow, CaseText>();
  for (const { row, side } of sides) {
    const item = byPrompt.get(side);
    if (item !== undefined && !exact.has(row)) exact.set(row, item);
  }
  const exactSides = new Set(sides.map(({ side }) => side));
  const prompts = cases.map((item) => item.prompt);
  const near = new Map<TrainingRow, { item: CaseText; similarity: number }>();
  const nearest = new Map<CaseText, { row: TrainingRow; similarity: number }>();
  for (const pair of nearPairs(
    sides.map(({ side }) => side),
    prompts,
    NEAR,
  )) {
    const [row, item] = [sides[pair.left]!.row, cases[pair.right]!];
    const closest = nearest.get(item);
    if (closest === undefined || closest.similarity < pair.similarity) {
      nearest.set(item, { row, similarity: pair.similarity });
    }
    const best = near.get(row);
    if (!exact.has(row) && (best === undefined || best.similarity < pair.similarity)) {
      near.set(row, { item, similarity: pair.similarity });
    }
  }
  const propose = (
    row: TrainingRow,
    other: Place,
    rest: Pick<Proposal, "kind" | "evidence" | "similarity">,
  ): Proposal => ({
    file: row.file,
    line: row.line,
    other: { file: other.file, line: other.line },
    severity: "error",
    action: "drop",
    ...rest,
  });
  const findings = [
    ...[...exact].map(([row, item]) =>
      propose(row, item, {
        kind: "leakage-exact",
        evidence: `asks what the held-out case ${item.file}:${item.line} asks`,
      }),
    ),
    ...[...near].map(([row, { item, similarity }]) =>
      propose(row, item, {
        kind: "leakage-near",
        similarity: similarityOf(similarity),
        evidence: `asks nearly what the held-out case ${item.file}:${item.line} asks`,
      }),
    ),
    ...sameGroup(rows, cases, groupKey).map(([row, item]) =>
      propose(row, item, {
        kind: "leakage-group",
        evidence: `belongs to ${row.group}, as does the case ${item.file}:${item.line}`,
      }),
    ),
  ];
  const exactCases = cases.filter((item) => exactSides.has(item.prompt)).length;
  const nearCases = [...nearest.keys()].filter((item) => !exactSides.has(item.prompt)).length;
  const otherLabel = [...nearest].filter(
    ([item, { row }]) => item.label !== undefined && labelOf(row.raw) !== item.label,
  ).length;
  return { findings, cases: { exact: exactCases, near: nearCases, otherLabel } };
}

function sameGroup(
  rows: readonly TrainingRow[],
  cases: readonly CaseText[],
  groupKey: string | undefined,
): [TrainingRow, CaseText][] {
  if (groupKey === undefined) return [];
  const byGroup = new Map(cases.flatMap((item) => item.groups.map((group) => [group, item] as const)));
  return rows.flatMap((row) => {
    const item = groupKey in row.raw ? byGroup.get(row.group) : undefined;
    return item === undefined ? [] : [[row, item] as [TrainingRow, CaseText]];
  });
}
