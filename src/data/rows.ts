import { relative } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { sha256 } from "../formats/hash.ts";
import type { Message } from "../tokens/chat-template.ts";
import { LONE_SURROGATE } from "../tokens/unicode.ts";
import { dataLines } from "./lines.ts";
import { shaped, type Unreadable } from "./shapes.ts";

/** A turn of a training row; `trained: false` is an answer with weight 0, which is context only. */
export type TrainingMessage = Message & { readonly trained?: false };

/** One training row. A prompt with its completion is a conversation of two turns. */
export interface TrainingRow {
  /** The row's own `id`, or the hash of its content: independent of its place in the file. */
  readonly id: string;
  /** Rows of a group never part; alone, the id. */
  readonly group: string;
  readonly file: string;
  readonly line: number;
  readonly content:
    | { readonly messages: readonly TrainingMessage[] }
    /** `rendered`: a conversation as the chat template writes it, so its control tokens are recognised. */
    | { readonly text: string; readonly rendered?: true };
  /** The name of the shape that the row has in the file. */
  readonly shape: string;
  /** The row in lorafit's own shape, with every key that is not trained on. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What is wrong with a line. */
export interface RowMistake {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** The line's object, when it is one. */
  readonly raw?: Readonly<Record<string, unknown>>;
}

const content = z
  .string()
  .refine((text) => text.trim() !== "", { error: "is empty" })
  .refine((text) => !LONE_SURROGATE.test(text), {
    error: "holds half of a surrogate pair, which is no character; repair the text where it was cut",
  })
  .refine((text) => !/[\0\ufdd0]/.test(text), {
    error: "holds U+0000 or U+FDD0, which are no characters of a text; remove them",
  });
const message = z
  .looseObject({
    role: z.enum(["system", "user", "assistant"], {
      error: ({ input }) =>
        input === "tool" || input === "function"
          ? `${input} turns are not supported; leave out rows that call tools`
          : "expected system, user or assistant",
    }),
    content,
    weight: z.literal([0, 1], { error: "weights other than 0 and 1 are not supported" }).nullish(),
  })
  .refine(({ role, weight }) => role === "assistant" || !weight, {
    error: "only an assistant's turn can be trained on",
    path: ["weight"],
  });
const conversation = (answered: boolean) =>
  z
    .looseObject({
      messages: z
        .array(message)
        .min(1, { error: "is empty" })
        .check((context) => checkTurns(context, answered)),
    })
    .transform(({ messages }) => ({
      messages: messages.map(
        ({ role, content, weight }): TrainingMessage =>
          role === "assistant" && weight === 0 ? { role, content, trained: false } : { role, content },
      ),
    }));
const [answeredRow, openRow] = [conversation(true), conversation(false)];
const promptRow = z
  .looseObject({ prompt: content, completion: content })
  .transform(({ prompt, completion }) => ({
    messages: [
      { role: "user" as const, content: prompt },
      { role: "assistant" as const, content: completion },
    ],
  }));
const textRow = z
  .looseObject({ text: content, rendered: z.boolean().optional() })
  .transform(({ text, rendered }) => (rendered === true ? { text, rendered } : { text }));

/** system? (user assistant)+, or where nothing need be answered also a last turn of the user's. */
function checkTurns(context: z.core.ParsePayload<readonly Message[]>, answered: boolean): void {
  const roles = context.value.map(({ role }) => role);
  const start = roles[0] === "system" ? 1 : 0;
  const say = (at: number, text: string) =>
    context.issues.push({ code: "custom", message: text, path: [at, "role"], input: roles[at] });
  for (let at = start; at < roles.length; at++) {
    const expected = (at - start) % 2 === 0 ? "user" : "assistant";
    if (roles[at] !== expected) return void say(at, `expected ${expected}, found ${roles[at]}`);
  }
  if (answered && roles.at(-1) !== "assistant") {
    context.issues.push({ code: "custom", message: "the last turn must be the assistant's", input: roles });
  }
}

/**
 * What a row is trained on, or what is wrong with it. `answered: false` lets a conversation end with the user's turn.
 * @param raw a row in lorafit's own shape, as `shaped` makes it
 */
export function contentOf(
  raw: TrainingRow["raw"],
  { answered }: { readonly answered: boolean } = { answered: true },
): TrainingRow["content"] | string {
  const schema = "messages" in raw ? (answered ? answeredRow : openRow) : "text" in raw ? textRow : promptRow;
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`).join("; ");
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

/**
 * Reads every line of the files; sound rows and mistakes side by side. Blank lines are skipped.
 * @param options.correct replaces a row, such as a person's correction of it
 */
export function parseRows(
  files: readonly string[],
  options: {
    readonly groupKey?: string | undefined;
    readonly correct?: (raw: TrainingRow["raw"]) => TrainingRow["raw"];
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
      const own = shaped(found.value);
      // A correction may be in any shape too.
      const read = "problem" in own ? own : shaped(options.correct?.(own.raw) ?? own.raw);
      if ("problem" in own || "problem" in read) {
        const { problem } = "problem" in own ? own : (read as Unreadable);
        mistakes.push({ file, line, message: problem, raw: found.value });
        continue;
      }
      const { raw } = read;
      const content = contentOf(raw);
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
      rows.push({ id, group: group === undefined ? id : String(group), file, line, shape, content, raw });
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
  files: readonly string[],
  options: { readonly groupKey?: string | undefined } = {},
): TrainingRow[] {
  const { rows, mistakes } = parseRows(files, options);
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

/** Equal rows get the same hash and a running number, so that each has an id of its own. */
function contentId(content: TrainingRow["content"], taken: ReadonlyMap<string, string>): string {
  const { rendered, ...hashed } = { rendered: undefined, ...content };
  const hash = sha256(JSON.stringify(hashed)).slice(0, 12);
  let id = hash;
  for (let copy = 2; taken.has(id); copy++) id = `${hash}-${copy}`;
  return id;
}
