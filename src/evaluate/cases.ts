import { readFileSync } from "node:fs";
import { relative } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import type { Task } from "../task/load.ts";
import { caseHash } from "../task/lock.ts";
import { parsePolicy } from "../task/policy.ts";
import { didYouMean } from "../task/suggest.ts";
import type { Message } from "./model.ts";
import { type Check, parseCheck } from "./scorers.ts";
import { checkCriteria } from "./select.ts";

const text = z.string().trim().min(1);

const shared = {
  id: text,
  cluster: text.optional(),
  rule: text.optional(),
  slice: text.optional(),
  critical: z.boolean().default(false),
};

const message = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: text });

const chatRow = z.looseObject({
  ...shared,
  messages: z
    .array(message)
    .min(1)
    .refine((messages) => messages.at(-1)?.role === "user", { error: "must end with the user's message" }),
  checks: z.array(z.unknown()).min(1),
});
const textRow = z.looseObject({ ...shared, text });
const pairRow = z.looseObject({ ...shared, good: text, bad: text });

/** What a case asks: an answer to be checked, a text to be predicted, or a preference between two texts. */
export type CaseBody =
  | { kind: "chat"; messages: Message[]; checks: Check[] }
  | { kind: "text"; text: string }
  | { kind: "pair"; good: string; bad: string };

/** One held-out case. */
export interface Case {
  id: string;
  pack: string;
  /** Cases of one cluster (transcript, paraphrase group) are never independent; alone, the id. */
  cluster: string;
  rule?: string;
  slice?: string;
  critical: boolean;
  /** sha256 of the row, as in the lock. */
  hash: string;
  /** file:line */
  where: string;
  /** The whole row, for `where` filters and slices. */
  row: Readonly<Record<string, unknown>>;
  body: CaseBody;
}

interface Found {
  mistakes: string[];
  later: string[];
}

function shapeOf(row: object): z.ZodType<z.output<typeof chatRow | typeof textRow | typeof pairRow>> {
  if ("messages" in row || "checks" in row) return chatRow;
  return "text" in row ? textRow : pairRow;
}

function parseCase(line: string, pack: string, where: string, task: Task, found: Found): Case | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (error) {
    found.mistakes.push(`${where}: ${(error as Error).message}`);
    return undefined;
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    found.mistakes.push(`${where}: a case is a JSON object`);
    return undefined;
  }
  const parsed = shapeOf(row).safeParse(row);
  if (!parsed.success) {
    found.mistakes.push(
      ...parsed.error.issues.map(({ path, message }) => `${where}: ${path.join(".")}: ${message}`),
    );
    return undefined;
  }
  const { id, cluster, rule, slice, critical } = parsed.data;
  const body = bodyOf(parsed.data as Record<string, unknown>, where, task, found);
  return {
    id,
    pack,
    cluster: cluster ?? id,
    ...(rule !== undefined && { rule }),
    ...(slice !== undefined && { slice }),
    critical,
    hash: caseHash(line),
    where,
    row: parsed.data,
    body,
  };
}

function bodyOf(row: Record<string, unknown>, where: string, task: Task, found: Found): CaseBody {
  if ("text" in row && !("messages" in row)) return { kind: "text", text: row["text"] as string };
  if (!("messages" in row)) return { kind: "pair", good: row["good"] as string, bad: row["bad"] as string };
  const checks: Check[] = [];
  for (const [i, entry] of (row["checks"] as unknown[]).entries()) {
    const check = parseCheck(entry, task.style);
    if ("kind" in check) checks.push(check);
    else (check.later ? found.later : found.mistakes).push(`${where}: checks[${i}]: ${check.problem}`);
  }
  return { kind: "chat", messages: row["messages"] as Message[], checks };
}

/**
 * Reads all packs of a task.
 * @throws data error that lists every bad row with file:line; usage error when rows are sound but name checks that are not there yet,
 * or when a criterion has no case
 */
export function readCases(task: Task): Case[] {
  const found: Found = { mistakes: [], later: [] };
  const policy = relative(process.cwd(), task.paths.policy);
  const rules = parsePolicy(readFileSync(task.paths.policy, "utf8"), policy).map((rule) => rule.id);
  const cases = new Map<string, Case>();
  for (const [pack, file] of Object.entries(task.paths.cases)) {
    const name = relative(process.cwd(), file);
    const lines = readFileSync(file, "utf8")
      .replace(/^\ufeff/, "")
      .split("\n");
    let count = 0;
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue;
      count++;
      const item = parseCase(line, pack, `${name}:${index + 1}`, task, found);
      if (item === undefined) continue;
      const earlier = cases.get(item.id);
      if (earlier !== undefined)
        found.mistakes.push(`${item.where}: id ${item.id} already stands in ${earlier.where}`);
      if (item.rule !== undefined && !rules.includes(item.rule)) {
        found.mistakes.push(
          `${item.where}: rule ${item.rule} is not in ${policy}${didYouMean(item.rule, rules)}`,
        );
      }
      cases.set(item.id, item);
    }
    if (count === 0) found.mistakes.push(`${name}: has no case`);
  }
  if (found.mistakes.length > 0) {
    throw new LorafitError("data", `cases cannot be used:\n${listMistakes(found.mistakes)}`, {
      hint: "docs/formats.md shows the rows; correct these lines",
    });
  }
  if (found.later.length > 0) {
    throw new LorafitError("usage", `cases ask for what is not there yet:\n${listMistakes(found.later)}`, {
      hint: "use contains, not_contains, regex, equals, choice or style",
    });
  }
  const all = [...cases.values()];
  checkCriteria(task.success, all);
  return all;
}
