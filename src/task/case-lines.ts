import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { sha256 } from "../formats/hash.ts";
import { jsonLines } from "../formats/jsonl.ts";
import { asSeen } from "../formats/visible.ts";
import type { Task } from "./load.ts";

/** One held-out case, not parsed yet. */
export interface CaseLine {
  /** file:line, relative to the working directory. */
  readonly where: string;
  /** sha256 of the line without the white space around it; the lock names it. */
  readonly hash: string;
  /** askedHash of the row; the ledger of looks names it. */
  readonly asked: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Fields that hold a case's question; all others are metadata. */
const ASKED = ["messages", "checks", "text", "good", "bad"];

/**
 * sha256 of the question of a case: messages, checks, or texts, and its label, whatever their case, white space, unseen characters and order of keys. Who
 * has seen the scores of a question has looked at it, however its metadata change afterwards.
 */
export function askedHash(row: Readonly<Record<string, unknown>>): string {
  const label = "label" in row ? [canonical(row["label"])] : [];
  return sha256(JSON.stringify([...ASKED.map((key) => canonical(row[key])), ...label]));
}

function canonical(value: unknown): unknown {
  if (typeof value === "string") return asSeen(value.normalize("NFKC")).toLowerCase();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value ?? null;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, canonical(inner)]);
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
      else {
        const row = found.value;
        lines.push({ where, hash: sha256(found.source.trim()), asked: askedHash(row), row });
      }
    }
    if (lines.length + mistakes.length === 0) mistakes.push(`${name}: has no case`);
    return { pack, file: task.cases[pack]!, sha256: sha256(bytes), lines, mistakes };
  });
}
