import { relative } from "node:path";
import { normalise } from "../../embed/normalise.ts";
import { LorafitError, listMistakes } from "../../errors.ts";
import { dataLines } from "../lines.ts";
import type { Message, TrainingRow } from "../rows.ts";
import { labelOf } from "./exchanges.ts";
import { type Place, type Proposal, similarityOf } from "./finding.ts";
import { NEAR, nearPairs } from "./shingles.ts";
import { customerSides } from "./text.ts";

/** What a held-out case shows to the model. */
export interface CaseText extends Place {
  /** All user turns, or the text; normalised. */
  readonly prompt: string;
  readonly groups: readonly string[];
  /** Its class, where it is a text with a label. */
  readonly label: string | undefined;
}

export interface Leakage {
  readonly findings: Proposal[];
  /** Cases that stand in the training rows: exactly, and otherwise nearly; of both, those whose nearest row has another label. */
  readonly cases: { readonly exact: number; readonly near: number; readonly otherLabel: number };
}

/**
 * The prompts of the case files (JSONL, or CSV with `text`). Rows without one, such as minimal pairs, are left out.
 * @throws data error for lines that are not rows
 */
export function readCaseTexts(files: readonly string[], groupKey: string | undefined): CaseText[] {
  const mistakes: string[] = [];
  const cases: CaseText[] = [];
  for (const path of files) {
    const file = relative(process.cwd(), path) || path;
    for (const found of dataLines(path)) {
      const { line } = found;
      if ("problem" in found) {
        mistakes.push(`${file}:${line}: ${found.problem}`);
        continue;
      }
      const prompt = promptOf(found.value);
      const groups = ["cluster", ...(groupKey === undefined ? [] : [groupKey])]
        .map((key) => found.value[key])
        .filter((group) => typeof group === "string");
      if (prompt !== undefined)
        cases.push({ file, line, prompt: normalise(prompt), groups, label: labelOf(found.value) });
    }
  }
  if (mistakes.length > 0) throw new LorafitError("data", `cases cannot be used:\n${listMistakes(mistakes)}`);
  return cases;
}

function promptOf(row: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(row["messages"])) {
    const users = (row["messages"] as Partial<Message>[]).filter((message) => message?.role === "user");
    return users.map((message) => String(message.content)).join(" ");
  }
  return typeof row["text"] === "string" ? row["text"] : undefined;
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
