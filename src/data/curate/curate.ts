import { join, resolve } from "node:path";
import { LorafitError } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import { parseRows, type RowMistake, type TrainingRow } from "../rows.ts";
import { exactDuplicates } from "./duplicates.ts";
import { type Finding, type Proposal, SAFE_KINDS } from "./finding.ts";
import { type Leakage, leakage, readCaseTexts } from "./leakage.ts";
import { unusualLengths } from "./length.ts";
import { masked, type PrivateFinders, privateFinders, privateFindings } from "./private.ts";
import { type Decision, decisionFor, readReview, reviewLine } from "./review.ts";

export interface CurateOptions {
  /** Training rows: JSONL, or CSV with a `text` column. */
  readonly files: readonly string[];
  /** Held-out cases that training must not see. */
  readonly cases: readonly string[];
  /** A person's decisions. */
  readonly review?: string | undefined;
  /** Which proposals are carried out without a person: every one, the safe ones, or none. */
  readonly accept: "all" | "safe" | "none";
  /** Field of a row that names its group. */
  readonly groupKey?: string | undefined;
  /** What counts as personal beside the built-in kinds: a regular expression by the label that replaces it. */
  readonly personal?: Readonly<Record<string, string>> | undefined;
  /** Folder for curation.json, review.jsonl and train.clean.jsonl. */
  readonly out: string;
}

export interface CurateSummary {
  readonly rows: number;
  readonly clean_rows: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Errors that nobody has decided on; they stop a run. */
  readonly unresolvedErrors: readonly Finding[];
  /** How many cases the training rows give away. */
  readonly leakedCases: Leakage["cases"];
  /** Decisions whose row is gone or has changed. */
  readonly staleDecisions: readonly Decision[];
  readonly paths: { readonly curation: string; readonly review: string; readonly clean: string };
}

/**
 * Finds what is wrong with training rows, carries out what is accepted or was decided by a person, and writes the findings
 * (curation.json), the open ones to be decided (review.jsonl) and the clean set (train.clean.jsonl).
 * @throws data error for cases or decisions that cannot be read; environment error when `out` cannot be written
 */
export function curate(options: CurateOptions): CurateSummary {
  const paths = {
    curation: join(options.out, "curation.json"),
    review: join(options.out, "review.jsonl"),
    clean: join(options.out, "train.clean.jsonl"),
  };
  guardInputs(options, Object.values(paths));
  const { rows, mistakes } = parseRows(options.files, { groupKey: options.groupKey });
  const places = new Map<string, TrainingRow | RowMistake>();
  for (const entry of [...rows, ...mistakes]) places.set(placeOf(entry), entry);
  const { decisions, stale } = decide(options, places);
  const dropped = (row: TrainingRow) => decisions.get(placeOf(row))?.decision === "drop";
  const finders = privateFinders(options.personal);
  const leaked = leakage(rows, readCaseTexts(options.cases, options.groupKey), options.groupKey);
  const proposals = [
    ...mistakes.map(formatFinding),
    ...exactDuplicates(rows, dropped).values(),
    ...rows.flatMap((row) => privateFindings(row, finders)),
    ...leaked.findings,
    ...unusualLengths(rows),
  ];
  const findings = proposals.map((proposal) =>
    settle(proposal, decisions.get(placeOf(proposal)), options.accept),
  );
  const clean = cleanRows(rows, findings, dropped, finders);
  const counts: Record<string, number> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  const inOrder = inFileOrder(findings);
  const report = { rows: rows.length + mistakes.length, clean_rows: clean.length, counts, findings: inOrder };
  const record = [...decisions].map(([place, { decision, reason, by }]) => ({ place, decision, reason, by }));
  const open = inOrder.filter((finding) => finding.decided_by === null);
  const lines = open.map((finding) =>
    reviewLine(finding, places.get(placeOf(finding))?.raw, options.groupKey),
  );
  writeFileAtomic(paths.clean, jsonl(clean.map((row) => JSON.stringify(row))));
  writeFileAtomic(paths.review, jsonl(lines));
  writeFileAtomic(paths.curation, `${JSON.stringify({ ...report, decisions: record }, null, 1)}\n`);
  const unresolvedErrors = open.filter((finding) => finding.severity === "error");
  return { ...report, unresolvedErrors, leakedCases: leaked.cases, staleDecisions: stale, paths };
}

function placeOf({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}

function jsonl(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** What is written must not replace what is read. */
function guardInputs({ files, cases, review }: CurateOptions, outputs: readonly string[]): void {
  const inputs = [...files, ...cases, ...(review === undefined ? [] : [review])].map((file) => resolve(file));
  const clash = outputs.find((file) => inputs.includes(resolve(file)));
  if (clash !== undefined) {
    throw new LorafitError("usage", `${clash}: would be overwritten, but is read`, {
      hint: "choose another --out",
    });
  }
}

function decide(
  { review, groupKey }: CurateOptions,
  places: ReadonlyMap<string, { readonly raw?: Readonly<Record<string, unknown>> }>,
): { decisions: Map<string, Decision>; stale: Decision[] } {
  const all = review === undefined ? [] : readReview(review);
  const decisions = new Map<string, Decision>();
  for (const [place, { raw }] of places) {
    const decision = decisionFor(all, raw, groupKey);
    if (decision !== undefined) decisions.set(place, decision);
  }
  const used = new Set(decisions.values());
  return { decisions, stale: all.filter((decision) => !used.has(decision)) };
}

function formatFinding({ file, line, message }: RowMistake): Proposal {
  return { kind: "format", file, line, evidence: message, severity: "error", action: "drop" };
}

/**
 * Who decides on a finding: the person who dropped its row; the person who kept it, except that a row that cannot be read
 * cannot be kept and that private data are masked all the same; else --accept.
 */
function settle(
  proposal: Proposal,
  decision: Decision | undefined,
  accept: CurateOptions["accept"],
): Finding {
  const { kind, action } = proposal;
  if (decision?.decision === "drop") return { ...proposal, action: "drop", decided_by: decision.by };
  if (decision?.decision === "keep" && kind !== "format" && action !== "mask") {
    return { ...proposal, action: "keep", decided_by: decision.by };
  }
  const accepted = action !== "review" && (accept === "all" || (accept === "safe" && SAFE_KINDS.has(kind)));
  return { ...proposal, decided_by: accepted ? accept : null };
}

function cleanRows(
  rows: readonly TrainingRow[],
  findings: readonly Finding[],
  dropped: (row: TrainingRow) => boolean,
  finders: PrivateFinders,
): Record<string, unknown>[] {
  const decided = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.decided_by === null) continue;
    const place = placeOf(finding);
    decided.set(place, [...(decided.get(place) ?? []), finding]);
  }
  return rows.flatMap((row) => {
    const own = decided.get(placeOf(row)) ?? [];
    if (dropped(row) || own.some(({ action }) => action === "drop")) return [];
    const kinds = own
      .filter(({ action }) => action === "mask")
      .map(({ kind }) => kind as "personal-data" | "secret");
    return [masked(row.raw, kinds, finders)];
  });
}

function inFileOrder(findings: readonly Finding[]): Finding[] {
  const files = [...new Set(findings.map(({ file }) => file))];
  const order = new Map(files.map((file, i) => [file, i]));
  return [...findings].sort((a, b) => order.get(a.file)! - order.get(b.file)! || a.line - b.line);
}
