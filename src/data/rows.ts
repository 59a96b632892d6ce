import { relative } from "node:path";
import { LorafitError, listMistakes } from "../errors.ts";
import { sha256 } from "../formats/hash.ts";
import { asSeen } from "../formats/visible.ts";
import { dataLines } from "./lines.ts";
import type { RawRow, RowFormat, TrainingRow, Unreadable } from "./row-format.ts";

/** Mistake in a line. */
export interface RowMistake {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** The line's object, when it is one. */
  readonly raw?: Readonly<Record<string, unknown>>;
}

/**
 * Reads every line of the files; sound rows and mistakes side by side. Blank lines are skipped.
 * @param options.correct replaces a row, such as a person's correction of it
 */
export function parseRows(
  format: RowFormat,
  files: readonly string[],
  options: {
    readonly groupKey?: string | undefined;
    readonly correct?: (raw: RawRow) => RawRow;
  } = {},
): { rows: TrainingRow[]; mistakes: RowMistake[] } {
  const rows: TrainingRow[] = [];
  const mistakes: RowMistake[] = [];
  const seen = new Map<string, string>();
  for (const path of files) {
    const file = relative(process.cwd(), path) || path;
    const before = rows.length + mistakes.length;
    for (const found of dataLines(path)) {
      const { line } = found;
      if ("problem" in found) {
        mistakes.push({ file, line, message: found.problem });
        continue;
      }
      const own = format.shaped(found.value);
      // A correction may be in any shape too.
      const read = "problem" in own ? own : format.shaped(options.correct?.(own.raw) ?? own.raw);
      if ("problem" in own || "problem" in read) {
        const { problem } = "problem" in own ? own : (read as Unreadable);
        mistakes.push({ file, line, message: problem, raw: found.value });
        continue;
      }
      const { raw } = read;
      const content = format.contentOf(raw);
      if (typeof content === "string") {
        mistakes.push({ file, line, message: content, raw });
        continue;
      }
      const given = ["string", "number"].includes(typeof raw["id"]) ? String(raw["id"]) : undefined;
      if (given !== undefined && seen.has(given)) {
        mistakes.push({ file, line, message: `id ${given} is already in ${seen.get(given)}`, raw });
        continue;
      }
      const id = given ?? contentId(content, seen);
      seen.set(id, `${file}:${line}`);
      const group = options.groupKey === undefined ? undefined : raw[options.groupKey];
      const { shape } = own;
      rows.push({
        id,
        group: group === undefined ? id : asSeen(String(group)),
        file,
        line,
        shape,
        content,
        raw,
      });
    }
    if (rows.length + mistakes.length === before) mistakes.push({ file, line: 1, message: "has no row" });
  }
  return { rows, mistakes };
}

/**
 * The training rows of the files.
 * @throws data error that lists every bad line with file:line
 */
export function readRows(
  format: RowFormat,
  files: readonly string[],
  options: { readonly groupKey?: string | undefined } = {},
): TrainingRow[] {
  const { rows, mistakes } = parseRows(format, files, options);
  const lines = mistakes.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  const { groupKey } = options;
  if (groupKey !== undefined && rows.length > 0 && !rows.some(({ raw }) => groupKey in raw)) {
    lines.push(`${rows[0]!.file}: no row has ${groupKey}, by which data.group keeps rows together`);
  }
  if (lines.length > 0) {
    throw new LorafitError("data", `training rows cannot be used:\n${listMistakes(lines)}`, {
      hint: "correct these lines, or let `lorafit curate` leave them out",
    });
  }
  return rows;
}

/** Equal rows get the same hash and a running number, so that ids are unique. */
function contentId(content: TrainingRow["content"], taken: ReadonlyMap<string, string>): string {
  const { rendered, ...hashed } = { rendered: undefined, ...content };
  const hash = sha256(JSON.stringify(hashed)).slice(0, 12);
  let id = hash;
  for (let copy = 2; taken.has(id); copy++) id = `${hash}-${copy}`;
  return id;
}
