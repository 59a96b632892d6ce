import { readFileSync } from "node:fs";
import { relative } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { asSeen } from "../../formats/visible.ts";
import { didYouMean, nearest } from "../../suggest.ts";
import { type CaseLine, readCaseLines } from "../../task/case-lines.ts";
import type { Task } from "../../task/load.ts";
import { parsePolicy } from "../../task/policy.ts";
import type { Case } from "./case.ts";
import { groupMistakes } from "./groups.ts";
import { issueTexts } from "./issues.ts";
import { caseText as text } from "./kinds/case-kind.ts";
import { caseKindOfRow } from "./kinds/index.ts";
import { checkCriteria } from "./select.ts";

/** Names that look the same are the same. */
const name = text.transform(asSeen).pipe(z.string().min(1));
const shared = {
  id: name,
  cluster: name.optional(),
  rule: text.optional(),
  slice: text.optional(),
  critical: z.boolean().default(false),
};

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
  const kind = caseKindOfRow(task, row);
  const shape = z.looseObject({ ...shared, ...kind.row });
  const parsed = shape.safeParse(row, { reportInput: true });
  const wrong = slips(row, Object.keys(shape.shape));
  if (!parsed.success) wrong.push(...issueTexts(parsed.error, "", ["role", "content"]));
  const body = kind.bodyOf(parsed.success ? parsed.data : row, task, wrong);
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
    body,
  };
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
