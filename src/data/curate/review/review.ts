import { existsSync } from "node:fs";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../../errors.ts";
import { writeFileAtomic } from "../../../formats/files.ts";
import { sha256 } from "../../../formats/hash.ts";
import { dataLines } from "../../lines.ts";
import { type Finding, type FindingKind, KINDS, placeOf } from "../finding.ts";

const text = z.string().trim().min(1);
const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
const decisionSchema = z
  .looseObject({
    content_sha256: sha256Schema,
    /** The content of the row that it is compared with, for findings on two rows. */
    other_sha256: sha256Schema.optional(),
    decision: z.enum(["accept", "reject", "edit", "drop", "keep"], {
      error: "expected accept, reject, edit, drop or keep",
    }),
    /** The finding that is accepted or rejected; all of the row's when it is missing. */
    kind: z.enum(Object.keys(KINDS) as [FindingKind, ...FindingKind[]]).optional(),
    transcript_id: text.optional(),
    reason: z.string().trim().default(""),
    by: text,
    at: z
      .string()
      .trim()
      .regex(/^(?:\d{4}-\d{2}-\d{2}.*)?$/, "expected a date such as 2026-03-31")
      .default(""),
  })
  .refine(({ decision, at }) => decision !== "edit" || at !== "", {
    path: ["at"],
    error: "an edit needs its date, such as 2026-03-31",
  });

/** A person's decision on a row, valid while the row's content is unchanged. */
export type Decision = z.output<typeof decisionSchema>;

export type Raw = Readonly<Record<string, unknown>>;

/** The fields that are trained on. */
const CONTENT = ["messages", "text", "prompt", "completion"] as const;

/** Key by which a decision finds its row in any export. */
export function reviewKey(
  raw: Raw,
  groupKey: string | undefined,
): Pick<Decision, "transcript_id" | "content_sha256"> {
  const id = raw[groupKey ?? "transcript_id"];
  const pair = "prompt" in raw ? [raw["prompt"], raw["completion"]] : null;
  const content = raw["messages"] ?? raw["text"] ?? pair;
  return {
    ...(id !== undefined && { transcript_id: String(id) }),
    content_sha256: sha256(JSON.stringify(content)),
  };
}

interface ReviewFile {
  readonly decisions: readonly Decision[];
  /** The lines that hold them, unchanged. */
  readonly lines: readonly string[];
}

/**
 * Fills in what a person left out: a decision that names its row by place, {"row": "transcripts.jsonl:12", "decision": "drop",
 * "by": ...}, gets the row's hash and id, so that it finds the row again wherever an export puts it. The file is written in place.
 * @param rows every row as exported
 * @throws data error for a place that names no row, or rows of several files
 */
export function fillInRows(
  file: string,
  rows: readonly { readonly file: string; readonly line: number; readonly raw?: Raw | undefined }[],
  groupKey: string | undefined,
): void {
  if (!existsSync(file)) return;
  const mistakes: string[] = [];
  let filled = false;
  const lines = [...dataLines(file)].map((found) => {
    if ("problem" in found) return undefined;
    const { value } = found;
    const place = value["row"];
    if (typeof place !== "string" || value["content_sha256"] !== undefined) return JSON.stringify(value);
    const meant = rows.filter((row) => `/${placeOf(row)}`.endsWith(`/${place.replace(/^\.\//, "")}`));
    if (meant.length !== 1 || meant[0]!.raw === undefined) {
      const why =
        meant.length > 1 ? "is in several files: give more of the path" : "is no row that can be read";
      mistakes.push(`${file}:${found.line}: row ${place} ${why}`);
      return undefined;
    }
    filled = true;
    return JSON.stringify({ ...reviewKey(meant[0]!.raw, groupKey), ...value });
  });
  if (mistakes.length > 0)
    throw new LorafitError("data", `review decisions cannot be used:\n${listMistakes(mistakes)}`, {
      hint: 'a row is named by file and line of the export, such as "transcripts.jsonl:12"',
    });
  if (filled && lines.every((line) => line !== undefined))
    writeFileAtomic(file, lines.map((line) => `${line}\n`).join(""));
}

/**
 * The decisions of a review file, none when it does not exist; lines whose decision is still null are open and left out.
 * @throws data error that lists every bad line
 */
export function readReview(file: string): ReviewFile {
  const decisions: Decision[] = [];
  const lines: string[] = [];
  const mistakes: string[] = [];
  for (const found of existsSync(file) ? dataLines(file) : []) {
    if ("value" in found && found.value["decision"] === null) continue;
    const parsed = "problem" in found ? undefined : decisionSchema.safeParse(found.value);
    if (parsed?.success) {
      decisions.push(parsed.data);
      lines.push(JSON.stringify((found as { value: Raw }).value));
    } else {
      const issue = parsed?.error.issues[0];
      const message = "problem" in found ? found.problem : `${issue?.path.join(".")}: ${issue?.message}`;
      mistakes.push(`${file}:${found.line}: ${message}`);
    }
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `review decisions cannot be used:\n${listMistakes(mistakes)}`, {
      hint: 'each needs content_sha256 or row, "decision" (accept, reject, edit, drop or keep) and by; docs/curation.md shows them',
    });
  }
  return { decisions, lines };
}

/** Decisions by the content they were made on. Of several on one row, the last counts. */
export class Review {
  readonly #byContent = new Map<string, Decision[]>();
  readonly #ids = new Map<string, Set<string | undefined>>();
  readonly #used = new Set<Decision>();
  readonly #decisions: readonly Decision[];
  readonly #groupKey: string | undefined;

  /** @param raws every row of the training files */
  constructor(decisions: readonly Decision[], raws: Iterable<Raw>, groupKey: string | undefined) {
    this.#decisions = decisions;
    this.#groupKey = groupKey;
    for (const decision of decisions) {
      const same = this.#byContent.get(decision.content_sha256);
      if (same === undefined) this.#byContent.set(decision.content_sha256, [decision]);
      else same.push(decision);
    }
    for (const raw of decisions.length === 0 ? [] : raws) {
      const { content_sha256: hash, transcript_id: id } = reviewKey(raw, groupKey);
      this.#ids.set(hash, (this.#ids.get(hash) ?? new Set()).add(id));
    }
  }

  /** The row with a person's corrections, and those corrections; an edited row may be edited again. */
  edited(raw: Raw): { raw: Raw; edits: Decision[] } {
    const edits: Decision[] = [];
    for (let now = raw; ; ) {
      const edit = this.#last(now, ({ decision }) => decision === "edit");
      if (edit === undefined || edits.includes(edit)) return { raw: now, edits };
      edits.push(edit);
      const corrected = Object.fromEntries(
        CONTENT.filter((key) => key in edit).map((key) => [key, edit[key]]),
      );
      now = {
        ...Object.fromEntries(
          Object.entries(now).filter(([key]) => !(CONTENT as readonly string[]).includes(key)),
        ),
        ...corrected,
      };
    }
  }

  /** True if the whole row is kept. */
  onRow(raw: Raw | undefined): Decision | undefined {
    return this.#last(raw, ({ decision }) => decision === "drop" || decision === "keep");
  }

  /** True if a finding is right. */
  onFinding(raw: Raw | undefined, kind: FindingKind): Decision | undefined {
    return this.#last(
      raw,
      (decision) =>
        (decision.decision === "accept" || decision.decision === "reject") &&
        (decision.kind === undefined || decision.kind === kind),
    );
  }

  /** The decision on a finding on two rows that was made when the other of them was named. */
  onOther(raw: Raw | undefined, kind: FindingKind, other: Raw | undefined): Decision | undefined {
    if (raw === undefined || other === undefined) return undefined;
    const { content_sha256: own } = reviewKey(raw, this.#groupKey);
    return this.#last(
      other,
      (decision) =>
        (decision.decision === "accept" || decision.decision === "reject") &&
        decision.kind === kind &&
        decision.other_sha256 === own,
    );
  }

  /** Decisions that met no row: theirs is gone, or its content has changed. */
  stale(): Decision[] {
    return this.#decisions.filter((decision) => !this.#used.has(decision));
  }

  /** An id that is given tells apart rows of equal content; when an export has renumbered its rows, the content decides alone. */
  #last(raw: Raw | undefined, wanted: (decision: Decision) => boolean): Decision | undefined {
    if (raw === undefined || this.#decisions.length === 0) return undefined;
    const { content_sha256: hash, transcript_id: id } = reviewKey(raw, this.#groupKey);
    const ids = this.#ids.get(hash);
    const applies = (this.#byContent.get(hash) ?? []).filter(
      ({ transcript_id: meant }) => meant === undefined || meant === id || !ids?.has(meant),
    );
    for (const decision of applies) this.#used.add(decision);
    return applies.filter(wanted).at(-1);
  }
}

/** A line of the review queue: the finding, the row as it would be trained on, and the fields that a person fills in. */
export function reviewLine(
  finding: Finding,
  raw: Raw | undefined,
  shown: Raw,
  { groupKey, other }: { readonly groupKey: string | undefined; readonly other: Raw | undefined },
): string {
  const { decided_by: _, ...rest } = finding;
  const content = Object.fromEntries(CONTENT.filter((key) => key in shown).map((key) => [key, shown[key]]));
  const key = raw === undefined ? {} : reviewKey(raw, groupKey);
  const pair = other === undefined ? {} : { other_sha256: reviewKey(other, groupKey).content_sha256 };
  return JSON.stringify({ ...key, ...pair, ...rest, ...content, decision: null, reason: "", by: "", at: "" });
}
