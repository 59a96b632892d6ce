import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { sha256 } from "../hash.ts";
import { dataLines } from "../lines.ts";
import type { Finding } from "./finding.ts";

const text = z.string().trim().min(1);
const decisionSchema = z.looseObject({
  transcript_id: text.optional(),
  content_sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
  decision: z.enum(["drop", "keep"]),
  reason: text,
  by: text,
});

/** What a person decided on a row, valid as long as the row's content stays what it was. */
export type Decision = z.output<typeof decisionSchema>;

type Raw = Readonly<Record<string, unknown>>;

/** By what a decision finds its row again, wherever it stands. */
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

/**
 * The decisions of a review file; lines whose decision is still null are open and left out.
 * @throws data error that lists every bad line
 */
export function readReview(file: string): Decision[] {
  const decisions: Decision[] = [];
  const mistakes: string[] = [];
  for (const found of dataLines(file)) {
    if ("value" in found && found.value["decision"] === null) continue;
    const parsed = "problem" in found ? undefined : decisionSchema.safeParse(found.value);
    if (parsed?.success) decisions.push(parsed.data);
    else {
      const issue = parsed?.error.issues[0];
      const message = "problem" in found ? found.problem : `${issue?.path.join(".")}: ${issue?.message}`;
      mistakes.push(`${file}:${found.line}: ${message}`);
    }
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `review decisions cannot be used:\n${listMistakes(mistakes)}`, {
      hint: 'each needs transcript_id, content_sha256, "decision": "drop" or "keep", reason and by',
    });
  }
  return decisions;
}

/** The decision on a row, if its content is still what was decided on. */
export function decisionFor(
  decisions: readonly Decision[],
  raw: Raw | undefined,
  groupKey: string | undefined,
): Decision | undefined {
  if (raw === undefined) return undefined;
  const key = reviewKey(raw, groupKey);
  return decisions.find(
    (decision) =>
      decision.content_sha256 === key.content_sha256 &&
      (decision.transcript_id === undefined || decision.transcript_id === key.transcript_id),
  );
}

/** A line of the review queue: the finding, and the fields that a person fills in. */
export function reviewLine(finding: Finding, raw: Raw | undefined, groupKey: string | undefined): string {
  const { decided_by: _, ...rest } = finding;
  const key = raw === undefined ? {} : reviewKey(raw, groupKey);
  return JSON.stringify({ ...key, ...rest, decision: null, reason: "", by: "" });
}
