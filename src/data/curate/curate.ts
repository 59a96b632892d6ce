import { join, resolve } from "node:path";
import { LorafitError } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import type { RowFormat, TrainingRow } from "../row-format.ts";
import { parseRows, type RowMistake } from "../rows.ts";
import { readCaseTexts } from "./case-texts.ts";
import { findAll } from "./find.ts";
import { type Accept, type Finding, type Place, placeOf } from "./finding.ts";
import type { Leakage } from "./findings/leakage.ts";
import type { TokenLimit } from "./findings/truncation.ts";
import type { PolicyText } from "./policy/policy.ts";
import { masked, privateFinders } from "./private/private.ts";
import { cleanRow, type DroppedRow, decidedByPlace, whyDropped } from "./review/clean.ts";
import { type Decision, fillInRows, type Raw, Review, readReview, reviewLine } from "./review/review.ts";
import { settle } from "./review/settle.ts";
import type { Scope } from "./scope/scope.ts";
import { spoken } from "./text/text.ts";

export interface CurateOptions {
  /** Rows of the task's kind. */
  readonly format: RowFormat;
  /** Training rows: JSONL, or CSV with a `text` column. */
  readonly files: readonly string[];
  /** Held-out cases that training must not see. */
  readonly cases: readonly string[];
  /** A person's decisions, beside those in the queue itself. */
  readonly review?: string | undefined;
  readonly accept: Accept;
  /** Field of a row that names its group. */
  readonly groupKey?: string | undefined;
  /** Further patterns of personal data: a regular expression by the label that replaces a match. */
  readonly personal?: Readonly<Record<string, string>> | undefined;
  /** Text whose contact data is the shop's own and not personal: the policy file. */
  readonly published?: string | undefined;
  /** The rules that answers must not contradict. */
  readonly policy?: PolicyText;
  /** The task's boundaries; without them no row is out of scope. */
  readonly scope?: Scope;
  /** Tokenizer and limit; without it no row is too long. */
  readonly tokens?: TokenLimit | undefined;
  /** Folder for curation.json, review.jsonl and train.clean.jsonl. */
  readonly out: string;
}

export interface CurateSummary {
  readonly rows: number;
  readonly clean_rows: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Rows that are not in the clean set. */
  readonly dropped: readonly DroppedRow[];
  /** Errors without a decision; they stop a run. */
  readonly unresolvedErrors: readonly Finding[];
  /** Number of cases that occur in the training rows. */
  readonly leakedCases: Leakage["cases"];
  /** Masked text of the rows, cases and rules that findings name: by "file:line", of a rule also by its id. */
  readonly texts: ReadonlyMap<string, string>;
  /** Decisions whose row is gone or has changed. */
  readonly staleDecisions: readonly Decision[];
  readonly paths: { readonly curation: string; readonly review: string; readonly clean: string };
}

/**
 * Finds what is wrong with training rows, carries out what is accepted or was decided by a person, and writes the findings
 * (curation.json), the queue of what is to be decided and was (review.jsonl), and the clean set (train.clean.jsonl).
 * The same input gives the same bytes.
 * @throws data error for cases or decisions that cannot be read; environment error when `out` cannot be written
 */
export async function curate(options: CurateOptions): Promise<CurateSummary> {
  const { groupKey, accept, policy = [] } = options;
  const paths = {
    curation: join(options.out, "curation.json"),
    review: join(options.out, "review.jsonl"),
    clean: join(options.out, "train.clean.jsonl"),
  };
  guardInputs(options, Object.values(paths));
  const asExported = parseRows(options.format, options.files, { groupKey });
  for (const file of [paths.review, ...(options.review === undefined ? [] : [options.review])])
    fillInRows(file, [...asExported.rows, ...asExported.mistakes], groupKey);
  const queue = readReview(paths.review);
  const elsewhere =
    options.review === undefined || resolve(options.review) === resolve(paths.review)
      ? []
      : readReview(options.review).decisions;
  const { rows, mistakes, review, edits } = readReviewed(options, asExported, [
    ...elsewhere,
    ...queue.decisions,
  ]);

  const raws = new Map<string, Raw | undefined>([
    ...policy.map((rule) => [placeOf(rule), { text: rule.text }] as const),
    ...[...rows, ...mistakes].map((entry) => [placeOf(entry), entry.raw] as const),
  ]);
  const otherOf = ({ other }: { readonly other?: Place }): Raw | undefined =>
    other === undefined ? undefined : raws.get(placeOf(other));
  const finders = privateFinders(options.personal, options.published);
  const cases = readCaseTexts(options.cases, groupKey);
  const dropped = (row: TrainingRow) => review.onRow(row.raw)?.decision === "drop";
  const { proposals, leakedCases } = await findAll(rows, mistakes, {
    format: options.format,
    cases,
    groupKey,
    policy,
    scope: options.scope,
    tokens: options.tokens,
    finders,
    dropped,
  });
  const findings = inFileOrder(
    proposals.map((proposal) =>
      settle(proposal, { raw: raws.get(placeOf(proposal)), other: otherOf(proposal) }, review, accept),
    ),
  );

  const decided = decidedByPlace(findings);
  const gone: DroppedRow[] = [];
  const clean: Record<string, unknown>[] = [];
  for (const row of [...rows, ...mistakes]) {
    const own = decided.get(placeOf(row)) ?? [];
    const why = whyDropped(own, review.onRow(row.raw));
    if (why.length > 0) gone.push({ file: row.file, line: row.line, why });
    else if ("content" in row) {
      clean.push(cleanRow(row, own, edits.get(row.raw) ?? [], { finders, folder: options.out }));
    }
  }

  const open = findings.filter((finding) => finding.decided_by === null);
  const lines = open.map((finding) => {
    const raw = raws.get(placeOf(finding));
    const shown = raw === undefined ? {} : masked(raw, ["personal-data", "secret"], finders);
    return reviewLine(finding, raw, shown, { groupKey, other: otherOf(finding) });
  });
  const counts: Record<string, number> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  const report = {
    rows: rows.length + mistakes.length,
    clean_rows: clean.length,
    counts,
    findings,
    dropped: inFileOrder(gone),
  };
  const staleDecisions = review.stale();
  const record = {
    ...report,
    leaked_cases: { exact: leakedCases.exact, near: leakedCases.near, other_label: leakedCases.otherLabel },
    stale_decisions: staleDecisions.map(({ content_sha256, decision, kind, by, at }) => ({
      content_sha256,
      decision,
      kind,
      by,
      at,
    })),
  };
  writeFileAtomic(paths.curation, `${JSON.stringify(record, null, 1)}\n`);
  writeFileAtomic(paths.review, jsonl([...queue.lines, ...lines]));
  writeFileAtomic(paths.clean, jsonl(clean.map((row) => JSON.stringify(row))));
  const unresolvedErrors = open.filter((finding) => finding.severity === "error");
  const texts = new Map<string, string>();
  const show = (key: string, raw: Raw | undefined): void => {
    if (raw !== undefined) texts.set(key, spoken(masked(raw, ["personal-data", "secret"], finders)));
  };
  for (const finding of findings) {
    for (const place of [finding, finding.other])
      if (place !== undefined) show(placeOf(place), raws.get(placeOf(place)));
  }
  for (const { id, text } of policy) show(id, { text });
  return { ...report, texts, unresolvedErrors, leakedCases, staleDecisions, paths };
}

/** The rows with a person's corrections in place of what they correct. */
function readReviewed(
  { format, files, groupKey }: CurateOptions,
  asExported: ReturnType<typeof parseRows>,
  decisions: readonly Decision[],
): { rows: TrainingRow[]; mistakes: RowMistake[]; review: Review; edits: Map<Raw, Decision[]> } {
  const raws = [...asExported.rows, ...asExported.mistakes].flatMap(({ raw }): Raw[] =>
    raw === undefined ? [] : [raw],
  );
  const review = new Review(decisions, raws, groupKey);
  const edits = new Map<Raw, Decision[]>();
  if (!decisions.some(({ decision }) => decision === "edit")) return { ...asExported, review, edits };
  const correct = (raw: Raw): Raw => {
    const edited = review.edited(raw);
    if (edited.edits.length > 0) edits.set(edited.raw, edited.edits);
    return edited.raw;
  };
  return { ...parseRows(format, files, { groupKey, correct }), review, edits };
}

function jsonl(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** Refuses outputs that would overwrite inputs, except the queue, which is read and extended. */
function guardInputs({ files, cases }: CurateOptions, outputs: readonly string[]): void {
  const inputs = [...files, ...cases].map((file) => resolve(file));
  const clash = outputs.find((file) => inputs.includes(resolve(file)));
  if (clash !== undefined) {
    throw new LorafitError("usage", `${clash}: would be overwritten, but is read`, {
      hint: "choose another --out",
    });
  }
}

function inFileOrder<T extends { readonly file: string; readonly line: number }>(entries: readonly T[]): T[] {
  const files = [...new Set(entries.map(({ file }) => file))];
  const order = new Map(files.map((file, i) => [file, i]));
  return [...entries].sort((a, b) => order.get(a.file)! - order.get(b.file)! || a.line - b.line);
}
