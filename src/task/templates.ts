import { readFileSync } from "node:fs";
import type { Task } from "./load.ts";
import { parsePolicy } from "./policy.ts";

/** A part of a task that is still the template's. */
export interface InventedPart {
  /** Key of task.yaml, or file with the number of lines. */
  readonly what: string;
  /** Its replacement. */
  readonly instead: string;
}

const rowsOf = (files: readonly string[]): string[] =>
  files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );

/**
 * Parts of a task that `lorafit init` invented and that are not replaced yet: keys with the template's value, and rules and rows
 * that are in the template word for word. Empty for a task of one's own.
 * @param template the template of the task's kind
 */
export function inventedParts(task: Task, template: Task): InventedPart[] {
  const found: InventedPart[] = [];
  const key = (name: "name" | "purpose" | "in_scope" | "out_of_scope", instead: string) => {
    if (JSON.stringify(task[name]) === JSON.stringify(template[name]))
      found.push({ what: `task.yaml: ${name}`, instead });
  };
  const lines = (what: string, unit: string, mine: string[], invented: string[], instead: string) => {
    const known = new Set(invented);
    const left = mine.filter((line) => known.has(line)).length;
    if (left > 0) found.push({ what: `${what}: ${left} of ${mine.length} ${unit}`, instead });
  };
  const rules = ({ paths }: Task) =>
    parsePolicy(readFileSync(paths.policy, "utf8"), paths.policy).map(({ id, text }) => `${id} ${text}`);
  const replay = ({ paths }: Task) => rowsOf(paths.replay === undefined ? [] : [paths.replay]);

  key("name", "a name for your runs and exports");
  key("purpose", "your own job in one sentence");
  key("in_scope", "the topics that your model answers");
  key("out_of_scope", "the topics that it must hand over");
  lines(task.policy, "rules", rules(task), rules(template), "your own policy, one rule a line");
  lines(
    [task.data.train].flat().join(", "),
    "rows",
    rowsOf(task.paths.train),
    rowsOf(template.paths.train),
    "your own transcripts",
  );
  for (const [pack, file] of Object.entries(task.paths.cases)) {
    lines(task.cases[pack]!, "cases", rowsOf([file]), rowsOf(Object.values(template.paths.cases)), CASES);
  }
  lines(
    task.data.replay?.file ?? "",
    "rows",
    replay(task),
    replay(template),
    "general text in the style of what your base knows",
  );
  if (found.length > 0 && task.base === template.base)
    found.push({
      what: `task.yaml: base ${task.base}`,
      instead: "the model that you will deploy; this one is for trying out",
    });
  return found;
}

const CASES = "questions of your own that training never sees, with checks";
