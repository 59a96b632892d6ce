import { readFileSync } from "node:fs";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import { CONTESTANTS } from "../../task/schema.ts";

const answered = z.strictObject({
  /** Generated text, looked-up answer, or label. Absent where nothing was generated: choices alone, texts and pairs. */
  output: z.string().optional(),
  /** For choices and pairs: the text of highest likelihood, and the others. The case's author wrote these, not the model. */
  preferences: z.array(z.strictObject({ preferred: z.string(), to: z.array(z.string()) })).optional(),
  /** For a lookup: file:line of the training row that holds the answer. */
  source: z.string().optional(),
  /** Of a classifier: probability of the label that it chose. */
  confidence: z.number().optional(),
  /** 1 passed or 0 failed; for text nats per token. */
  score: z.number(),
  /** Further scores from 0 to 1: of each kind of check of the case, and no-hand-over. */
  scores: z.record(z.string(), z.number()).optional(),
  /** For a text: -log2 of its likelihood per byte of UTF-8; comparable between tokenizers. */
  bits_per_byte: z.number().optional(),
  /** Tokens generated; for text and pairs tokens scored. */
  tokens: z.int(),
  finish: z.enum(["stop", "length"]).optional(),
  /** Evidence of each check that passed, then of each that failed. */
  passed: z.array(z.string()).optional(),
  failed: z.array(z.string()).optional(),
});

const row = z.strictObject({
  id: z.string(),
  pack: z.string(),
  /** Of the case. */
  kind: z.string(),
  cluster: z.string(),
  rule: z.string().optional(),
  slice: z.string().optional(),
  critical: z.boolean(),
  /** sha256 of the case. */
  hash: z.string(),
  /** The user's last message, the text, or the pair's good text. */
  prompt: z.string(),
  /** The right label, of a case that asks for one. */
  label: z.string().optional(),
  base: answered,
  tuned: answered,
  /** Answers of the models that a user would otherwise deploy, where they were asked. */
  contestants: z.partialRecord(z.enum(CONTESTANTS), answered).optional(),
  base_sha256: z.string(),
  artifact_sha256: z.string(),
});

/** One model's result on one case. */
export type Answered = z.output<typeof answered>;
/** A line of answers.jsonl: one case, both models and the contestants. */
export type AnswerRow = z.output<typeof row>;

export function writeAnswers(file: string, rows: readonly AnswerRow[]): void {
  writeFileAtomic(file, rows.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
}

/** @throws usage error when there are none yet, data error that lists every damaged line */
export function readAnswers(file: string): AnswerRow[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new LorafitError("usage", `${file}: there are no answers yet`, {
      hint: "run `lorafit eval` first",
      cause,
    });
  }
  const mistakes: string[] = [];
  const rows = content.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [row.parse(JSON.parse(line))];
    } catch {
      mistakes.push(`${file}:${index + 1}: is not an answer`);
      return [];
    }
  });
  if (mistakes.length > 0) {
    throw new LorafitError("data", `answers cannot be read:\n${listMistakes(mistakes)}`, {
      hint: "run `lorafit eval` again",
    });
  }
  return rows;
}
