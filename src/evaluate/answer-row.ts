import { readFileSync } from "node:fs";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";

const answered = z.strictObject({
  /** The answer's text; for a choice alone, the preferred option. Absent for text and pairs. */
  output: z.string().optional(),
  /** 1 passed or 0 failed; for text nats per token. */
  score: z.number(),
  /** Scores from 0 to 1 beside it: of each kind of check that the case has, and no-hand-over. */
  scores: z.record(z.string(), z.number()).optional(),
  /** Of a text: -log2 of its likelihood over its bytes of UTF-8, comparable between tokenizers. */
  bits_per_byte: z.number().optional(),
  /** Tokens generated; for text and pairs tokens scored. */
  tokens: z.int(),
  finish: z.enum(["stop", "length"]).optional(),
  /** Why it failed, check by check. */
  failed: z.array(z.string()).optional(),
});

const row = z.strictObject({
  id: z.string(),
  pack: z.string(),
  kind: z.enum(["chat", "text", "pair"]),
  cluster: z.string(),
  rule: z.string().optional(),
  slice: z.string().optional(),
  critical: z.boolean(),
  /** sha256 of the case. */
  hash: z.string(),
  /** What was asked: the user's last message, the text, or the pair's good text. */
  prompt: z.string(),
  base: answered,
  tuned: answered,
  base_sha256: z.string(),
  artifact_sha256: z.string(),
});

/** What one model made of one case. */
export type Answered = z.output<typeof answered>;
/** A line of answers.jsonl: one case, both models. */
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
