import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { sha256 } from "../formats/hash.ts";
import { jsonLines } from "../formats/jsonl.ts";
import type { Task } from "./load.ts";

/** One held-out case as it is written. */
export interface CaseLine {
  /** file:line, relative to the working directory. */
  readonly where: string;
  /** sha256 of the line without the white space around it; the lock names it. */
  readonly hash: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A pack's file. */
export interface CasePack {
  readonly pack: string;
  /** As in task.yaml. */
  readonly file: string;
  /** sha256 of the file. */
  readonly sha256: string;
  readonly lines: readonly CaseLine[];
  /** Lines that hold no object, each with file:line. */
  readonly mistakes: readonly string[];
}

/** Reads the case files of a task: the only place where they become objects. */
export function readCaseLines(task: Task): CasePack[] {
  return Object.entries(task.paths.cases).map(([pack, path]) => {
    const bytes = readFileSync(path);
    const name = relative(process.cwd(), path);
    const lines: CaseLine[] = [];
    const mistakes: string[] = [];
    for (const found of jsonLines(bytes)) {
      const where = `${name}:${found.line}`;
      if ("problem" in found) mistakes.push(`${where}: ${found.problem}`);
      else lines.push({ where, hash: sha256(found.source.trim()), row: found.value });
    }
    if (lines.length + mistakes.length === 0) mistakes.push(`${name}: has no case`);
    return { pack, file: task.cases[pack]!, sha256: sha256(bytes), lines, mistakes };
  });
}
