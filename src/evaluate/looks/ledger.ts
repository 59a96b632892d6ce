import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { exclusively } from "../../formats/exclusive.ts";
import { appendedLines, appendLine } from "../../formats/files.ts";
import { sha256 } from "../../formats/hash.ts";
import type { Task } from "../../task/load.ts";
import { keepLedgerHead, lockedLedger } from "../../task/lock.ts";

const common = {
  /** ISO 8601. */
  at: z.string(),
  /** The lock that holds from here on. */
  lock_sha256: z.string(),
  /** sha256 of the line before; 64 zeros in the first. */
  previous: z.string(),
};

const lookSchema = z.strictObject({
  kind: z.literal("look"),
  ...common,
  look: z.int().min(1),
  alpha: z.number(),
  artifact_sha256: z.string(),
  /** By pack: which look it is at these cases, and the first 12 digits of their hashes. */
  packs: z.record(z.string(), z.strictObject({ look: z.int().min(1), cases: z.array(z.string()) })),
});

const amendmentSchema = z.strictObject({
  kind: z.literal("amendment"),
  ...common,
  reason: z.string(),
  /** Differences of the two locks, a line each. */
  changes: z.array(z.string()),
  /** Looks taken before the change. */
  looks: z.int().min(1),
});

const entrySchema = z.discriminatedUnion("kind", [lookSchema, amendmentSchema]);

export type LookEntry = z.output<typeof lookSchema>;
export type AmendmentEntry = z.output<typeof amendmentSchema>;
export type LedgerEntry = z.output<typeof entrySchema>;
/** An entry with the hash of its line, by which the next entry and a verdict name it. */
export type Recorded<E extends LedgerEntry = LedgerEntry> = E & { readonly sha256: string };

const START = "0".repeat(64);

export const ledgerFile = (task: Task): string => join(task.folder, "looks.jsonl");

/**
 * Every look at a task's cases and every change of its lock after the first look, oldest first.
 * @throws data error when a line is damaged or the chain of hashes is broken: something was changed or taken out; mismatch error
 *   when the entry that the lock names as the last one is not there
 */
export function readLedger(task: Task): Recorded[] {
  const entries = readChain(ledgerFile(task));
  const locked = lockedLedger(task);
  if (locked !== undefined && entries[locked.entries - 1]?.sha256 !== locked.head)
    throw ledgerCut([`task.lock: names entry ${locked.entries} of the ledger, which is not there`]);
  return entries;
}

/** @param lines what names an entry that is not there */
export const ledgerCut = (lines: readonly string[]): LorafitError =>
  new LorafitError("mismatch", `the ledger of looks was cut or replaced:\n${listMistakes(lines)}`, {
    hint: "restore looks.jsonl: it only ever grows",
  });

function readChain(file: string): Recorded[] {
  let previous = START;
  return appendedLines(file).map((line, index) => {
    const damaged = (what: string, cause?: unknown) =>
      new LorafitError("data", `${file}:${index + 1}: ${what}`, {
        hint: "restore the ledger of looks: it only ever grows",
        cause,
      });
    let entry: LedgerEntry;
    try {
      entry = entrySchema.parse(JSON.parse(line));
    } catch (cause) {
      throw damaged("is no entry of the ledger", cause);
    }
    if (entry.previous !== previous) throw damaged("does not follow from the line before it");
    previous = sha256(line);
    return { ...entry, sha256: previous };
  });
}

/**
 * Does what reads the ledger and adds to it while no other process does.
 * @throws environment error when another does not finish; what `work` throws
 */
export const holdingLedger = <T>(task: Task, work: () => T): T => exclusively(ledgerFile(task), work);

/**
 * Adds an entry at the ledger's end, on disk when this returns; within holdingLedger.
 * @throws environment error; data error as readLedger
 */
export function appendToLedger<E extends LedgerEntry>(
  task: Task,
  entry: Omit<E, "at" | "previous">,
): Recorded<E> {
  const before = readLedger(task);
  const previous = before.at(-1)?.sha256 ?? START;
  const whole = { ...entry, at: new Date().toISOString(), previous } as E;
  const line = JSON.stringify(whole);
  appendLine(ledgerFile(task), line);
  keepLedgerHead(task, { entries: before.length + 1, head: sha256(line) });
  return { ...whole, sha256: sha256(line) };
}
