import { readFileSync } from "node:fs";
import { relative } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { didYouMean, nearest } from "../../suggest.ts";
import { type CaseLine, readCaseLines } from "../../task/case-lines.ts";
import type { Task } from "../../task/load.ts";
import { parsePolicy } from "../../task/policy.ts";
import type { Message } from "../../tokens/chat-template.ts";
import { type Check, parseCheck } from "../checks/index.ts";
import type { Case, CaseBody } from "./case.ts";
import { groupMistakes } from "./groups.ts";
import { issueTexts } from "./issues.ts";
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
const textRow = z.looseObject({ ...shared, text, rendered: z.boolean().optional() });
const pairRow = z.looseObject({ ...shared, good: text, bad: text });

type Shape = typeof chatRow | typeof textRow | typeof pairRow;

function shapeOf(row: CaseLine["row"]): Shape {
  if ("messages" in row || "checks" in row) return chatRow;
  return "text" in row ? textRow : pairRow;
}

/**
 * Unknown keys that are nearly a key of the row: `critcal` would silently take a case out of the critical ones. Other unknown keys are
 * metadata. Words of fewer than 5 letters are near too many others.
 */
function slips(row: CaseLine["row"], known: readonly string[]): string[] {
  return Object.keys(row).flatMap((key) => {
    const meant = known.includes(key) || key.length < 5 ? undefined : nearest(key, known);
    return meant === undefined || meant in row
      ? []
      : [`unknown key ${key}; did you mean ${meant}? Metadata needs a name less like it`];
  });
}

/** The case of a line, or undefined with its mistakes added to the list. */
function parseCase(
  { where, hash, asked, row }: CaseLine,
  pack: string,
  task: Task,
  mistakes: string[],
): Case | undefined {
  const shape = shapeOf(row);
  const parsed = shape.safeParse(row, { reportInput: true });
  const wrong = slips(row, Object.keys(shape.shape));
  if (!parsed.success) wrong.push(...issueTexts(parsed.error, "", ["role", "content"]));
  const { checks: entries } = row;
  const checks = Array.isArray(entries) ? parseChecks(entries, task, wrong) : [];
  mistakes.push(...wrong.map((text) => `${where}: ${text}`));
  if (!parsed.success) return undefined;
  const { id, cluster, rule, slice, critical } = parsed.data;
  return {
    id,
    pack,
    cluster: cluster ?? id,
    ...(rule !== undefined && { rule }),
    ...(slice !== undefined && { slice }),
    critical,
    hash,
    asked,
    where,
    row: parsed.data,
    body: bodyOf(parsed.data, checks),
  };
}

function parseChecks(entries: readonly unknown[], task: Task, wrong: string[]): Check[] {
  return entries.flatMap((entry, i) => {
    const check = parseCheck(entry, task);
    if ("kind" in check) return [check];
    wrong.push(...check.problems.map((problem) => `checks[${i}]: ${problem}`));
    return [];
  });
}

function bodyOf(row: z.output<Shape>, checks: Check[]): CaseBody {
  if ("messages" in row) return { kind: "chat", messages: row.messages as readonly Message[], checks };
  if ("text" in row) {
    return { kind: "text", text: row.text as string, ...(row["rendered"] === true && { rendered: true }) };
  }
  return { kind: "pair", good: row.good as string, bad: row.bad as string };
}

/**
 * Reads the cases of all packs.
 * @throws data error that lists every mistake with file:line; usage error when the rows are sound but a criterion has no case
 */
export function readCases(task: Task): Case[] {
  const policy = relative(process.cwd(), task.paths.policy);
  const rules = parsePolicy(readFileSync(task.paths.policy, "utf8"), policy).map((rule) => rule.id);
  const packs = readCaseLines(task);
  const mistakes = packs.flatMap((pack) => pack.mistakes);
  const cases = new Map<string, Case>();
  for (const { pack, lines } of packs) {
    for (const line of lines) {
      const item = parseCase(line, pack, task, mistakes);
      if (item === undefined) continue;
      const { id, rule, where } = item;
      const earlier = cases.get(id);
      if (earlier !== undefined) mistakes.push(`${where}: id ${id} is already used in ${earlier.where}`);
      if (rule !== undefined && !rules.includes(rule)) {
        mistakes.push(`${where}: rule ${rule} is not in ${policy}${didYouMean(rule, rules)}`);
      }
      cases.set(id, item);
    }
  }
  const all = [...cases.values()];
  mistakes.push(...groupMistakes(all));
  if (mistakes.length > 0) {
    throw new LorafitError("data", `cases cannot be used:\n${listMistakes(mistakes)}`, {
      hint: "docs/scoring.md shows every check; correct these lines",
    });
  }
  checkCriteria(task.success, all);
  return all;
}
