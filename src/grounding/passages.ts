import { readFileSync } from "node:fs";
import { extname } from "node:path";
import * as z from "zod";
import { dataLines } from "../data/lines.ts";
import { parsedBy, type RowFormat, rowText, type TrainingRow } from "../data/row-format.ts";
import { LorafitError, listMistakes } from "../errors.ts";
import { reading } from "../formats/files.ts";
import { parsePolicy } from "../task/policy.ts";

/** Text that may be placed in a prompt. */
export interface Passage {
  readonly id: string;
  readonly text: string;
  /** Text that a query is compared with: the question of a past answer; absent: `text`. */
  readonly question?: string | undefined;
  /** Group of the row that a past answer is from. */
  readonly group?: string | undefined;
}

/** One passage a rule: its id and its text. */
export const policyPassages = (content: string, file: string): Passage[] =>
  parsePolicy(content, file).map(({ id, text }) => ({ id, text: `${id} ${text}` }));

/** One passage an answered question of the rows. Its id is the row's id and the number of the answer, from 1. */
export const transcriptPassages = (format: RowFormat, rows: readonly TrainingRow[]): Passage[] =>
  rows.flatMap((row) =>
    format.questionsOf(row).map(({ question, answer }, i) => ({
      id: `${row.id}#${i + 1}`,
      text: answer,
      question,
      group: row.group,
    })),
  );

const articleRow = z
  .looseObject({ id: z.union([z.string(), z.number()]).optional(), title: rowText.optional(), text: rowText })
  .transform(({ id, title, text }) => ({ id, text: title === undefined ? text : `${title}: ${text}` }));

/**
 * Passages of a file: JSONL with one `{ id?, title?, text }` a line (extension .jsonl), or markdown.
 * @throws data error that lists every bad line, or for a file without a passage
 */
export function articlePassages(path: string): Passage[] {
  const passages: Passage[] = [];
  const mistakes: string[] = [];
  if (extname(path) !== ".jsonl")
    passages.push(...markdownPassages(reading(path, () => readFileSync(path, "utf8"), { kind: "usage" })));
  else
    for (const found of dataLines(path)) {
      const article = "problem" in found ? found.problem : parsedBy(articleRow, found.value);
      if (typeof article === "string") mistakes.push(`${path}:${found.line}: ${article}`);
      else passages.push({ id: String(article.id ?? `line-${found.line}`), text: article.text });
    }
  const ids = passages.map(({ id }) => id);
  mistakes.push(...ids.filter((id, i) => ids.indexOf(id) < i).map((id) => `${path}: id ${id} is taken`));
  if (passages.length === 0 && mistakes.length === 0) mistakes.push(`${path}: has no passage`);
  if (mistakes.length === 0) return passages;
  throw new LorafitError("data", `articles cannot be used:\n${listMistakes(mistakes)}`, {
    hint: "JSONL with { id?, title?, text } a line, or markdown with headings, paragraphs and list items",
  });
}

/** One passage a paragraph or list item, after the headings above it; ids are line numbers. */
function markdownPassages(content: string): Passage[] {
  const passages: Passage[] = [];
  const headings: string[] = [];
  let lines: string[] = [];
  let start = 0;
  const close = (): void => {
    // A skipped level leaves a hole in the list.
    const title = headings.filter((heading) => heading !== undefined).join(", ");
    const text = lines.join(" ");
    if (text !== "") passages.push({ id: `line-${start}`, text: title === "" ? text : `${title}: ${text}` });
    lines = [];
  };
  for (const [i, raw] of content.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const item = /^(?:[-*+]|\d+[.)])\s+(.*)$/.exec(line);
    if (heading !== null || item !== null || line === "") close();
    if (heading !== null) {
      headings.length = Math.min(headings.length, heading[1]!.length - 1);
      headings[heading[1]!.length - 1] = heading[2]!;
    } else if (line !== "") {
      if (lines.length === 0) start = i + 1;
      lines.push(item?.[1] ?? line);
    }
  }
  close();
  return passages;
}
