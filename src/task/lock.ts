import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { sha256File, writeFileAtomic } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { type CasePack, readCaseLines } from "./case-lines.ts";
import type { Task } from "./load.ts";
import { scriptsOf } from "./scripts.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected a sha256");

const lockSchema = z.strictObject({
  version: z.literal(1),
  task: z.string(),
  base: z.strictObject({ name: z.string(), sha256: hash }),
  seed: z.int(),
  decoding: z.record(z.string(), z.unknown()),
  criteria: z.array(z.record(z.string(), z.unknown())),
  style: z.array(z.record(z.string(), z.unknown())),
  wording: z.record(z.string(), z.unknown()),
  /** Threshold and costs of a classifier's hand-over. */
  hand_over: z.record(z.string(), z.unknown()).optional(),
  /** Part of the system message of the prompted base. */
  purpose: z.string(),
  /** Settings by which training rows are read for the checks before a verdict: group, personal, replay. */
  rows: z.record(z.string(), z.unknown()),
  policy: hash,
  /** Settings of the index of passages and hashes of its sources; absent in a task without grounding. */
  grounding: z
    .strictObject({ settings: z.record(z.string(), z.unknown()), sources: z.record(z.string(), hash) })
    .optional(),
  scorer: z.string(),
  embedder: z.string(),
  cases: z.record(
    z.string(),
    z.strictObject({ file: z.string(), sha256: hash, cases: z.record(z.string(), hash) }),
  ),
  scripts: z.record(z.string(), hash),
  /** Length and last entry of the ledger of looks; absent before the first one. Not part of lockSha256. */
  ledger: z.strictObject({ entries: z.int().min(1), head: hash }).optional(),
});

/** task.lock: criteria, cases, seed and decoding, fixed before training. The same task gives the same bytes. */
export type TaskLock = z.output<typeof lockSchema>;

/** Identity that the caller provides: hash of the base, versions of scorers and embedder. */
export interface LockIdentity {
  baseSha256: string;
  scorer: string;
  embedder: string;
}

function lockPack({ file, sha256, lines, mistakes: unread }: CasePack): TaskLock["cases"][string] {
  const cases: Record<string, string> = {};
  const mistakes = [...unread];
  for (const { where, hash, row } of lines) {
    const id = String(row["id"] ?? "").trim();
    if (id === "") mistakes.push(`${where}: has no id`);
    else if (Object.hasOwn(cases, id)) mistakes.push(`${where}: id ${id} is taken`);
    cases[id] = hash;
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `cases cannot be locked:\n${listMistakes(mistakes)}`, {
      hint: "one JSON object a line, each with its own id",
    });
  }
  return { file, sha256, cases };
}

/** Hashes of the user functions that the cases call; `readCases` refuses a case that calls a missing one. */
function lockScripts(task: Task, packs: readonly CasePack[]): Record<string, string> {
  const names = packs.flatMap(({ lines }) => lines.flatMap(({ row }) => scriptsOf(row)));
  const present = [...new Set(names)].sort().filter((name) => existsSync(join(task.folder, name)));
  return Object.fromEntries(present.map((name) => [name, sha256(readFileSync(join(task.folder, name)))]));
}

function rowSettings({ data: { group, personal, replay } }: Task): TaskLock["rows"] {
  return {
    ...(group === undefined ? {} : { group }),
    ...(personal === undefined ? {} : { personal }),
    ...(replay === undefined ? {} : { replay: replay.file }),
  };
}

/** Files that the index of passages is made of. */
export function groundingSources({ data: { grounding }, paths }: Pick<Task, "data" | "paths">): string[] {
  if (grounding === undefined) return [];
  if (grounding.from === "policy") return [paths.policy];
  return grounding.from === "articles" ? [paths.articles!] : paths.train;
}

function lockGrounding(task: Task): Pick<TaskLock, "grounding"> {
  const { grounding } = task.data;
  if (grounding === undefined) return {};
  const sources = groundingSources(task).map((path) => [relative(task.folder, path), sha256File(path)]);
  return { grounding: { settings: grounding, sources: Object.fromEntries(sources) } };
}

/** The lock that this task would have now. */
export function makeLock(task: Task, identity: LockIdentity): TaskLock {
  const packs = readCaseLines(task);
  return {
    version: 1,
    task: task.name,
    base: { name: task.base, sha256: identity.baseSha256 },
    seed: task.seed,
    decoding: task.decoding,
    criteria: task.success,
    style: task.style,
    wording: task.wording,
    ...(task.hand_over !== undefined && { hand_over: task.hand_over }),
    purpose: task.purpose,
    rows: rowSettings(task),
    policy: sha256(readFileSync(task.paths.policy)),
    ...lockGrounding(task),
    scorer: identity.scorer,
    embedder: identity.embedder,
    cases: Object.fromEntries(packs.map((pack) => [pack.pack, lockPack(pack)])),
    scripts: lockScripts(task, packs),
  };
}

/** SHA-256 of the lock without the ledger's head; verdict.json names it. */
export function lockSha256({ ledger: _, ...locked }: TaskLock): string {
  return sha256(jsonText(locked));
}

export function lockFile({ folder }: Pick<Task, "folder">): string {
  return join(folder, "task.lock");
}

/** Freezes the task: writes task.lock beside task.yaml. */
export function writeLock(task: Task, identity: LockIdentity): TaskLock {
  const lock = makeLock(task, identity);
  writeFileAtomic(lockFile(task), jsonText(lock));
  return lock;
}

/** The ledger's length and last entry, as the lock has them; undefined without a sound lock or before the first look. */
export function lockedLedger(task: Task): TaskLock["ledger"] {
  try {
    return readLock(task).ledger;
  } catch (error) {
    if (LorafitError.is(error)) return undefined;
    throw error;
  }
}

/** Keeps the ledger's length and last entry in the lock, so that a ledger that was cut or removed is noticed. */
export function keepLedgerHead(task: Task, ledger: NonNullable<TaskLock["ledger"]>): void {
  if (existsSync(lockFile(task))) writeFileAtomic(lockFile(task), jsonText({ ...readLock(task), ledger }));
}

/**
 * @param task the task, or a release of it
 * @throws usage error when there is no lock, data error when it is damaged
 */
export function readLock(task: Pick<Task, "folder">): TaskLock {
  const file = lockFile(task);
  return readJson(file, {
    schema: lockSchema,
    hint: "restore it, or lock anew",
    absent: () =>
      new LorafitError("usage", `${file}: the task is not locked`, { hint: "run `lorafit lock` first" }),
  });
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Differences of two locks, one line each. */
export function lockChanges(locked: TaskLock, now: TaskLock): string[] {
  const changes: string[] = [];
  const compare = (what: string, a: unknown, b: unknown) => {
    if (!same(a, b)) changes.push(`${what}: locked ${JSON.stringify(a)}, now ${JSON.stringify(b)}`);
  };
  for (const key of [
    "task",
    "base",
    "seed",
    "decoding",
    "scorer",
    "embedder",
    "style",
    "wording",
    "purpose",
    "rows",
    "grounding",
  ] as const)
    compare(key, locked[key], now[key]);
  compare("hand_over", locked.hand_over ?? null, now.hand_over ?? null);
  if (locked.policy !== now.policy) changes.push("policy: the file has changed");
  for (const name of new Set([...Object.keys(locked.scripts), ...Object.keys(now.scripts)])) {
    if (locked.scripts[name] !== now.scripts[name]) changes.push(`script ${name}: the file has changed`);
  }
  const byName = (lock: TaskLock) =>
    new Map(lock.criteria.map((criterion) => [String(criterion["name"]), criterion]));
  const [before, after] = [byName(locked), byName(now)];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    compare(`criterion ${name}`, before.get(name) ?? null, after.get(name) ?? null);
  }
  for (const pack of new Set([...Object.keys(locked.cases), ...Object.keys(now.cases)])) {
    const a = locked.cases[pack]?.cases ?? {};
    const b = now.cases[pack]?.cases ?? {};
    const ids = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((id) => a[id] !== b[id]);
    const how = (id: string) => (!(id in a) ? "added" : !(id in b) ? "removed" : "changed");
    if (ids.length > 0) changes.push(`cases ${pack}: ${listIds(ids.map((id) => `${id} ${how(id)}`))}`);
  }
  return changes;
}

function listIds(ids: readonly string[]): string {
  return ids.length <= 8 ? ids.join(", ") : `${ids.slice(0, 8).join(", ")} and ${ids.length - 8} more`;
}

/** @throws mismatch error that names everything that is not as locked */
export function checkLock(task: Task, lock: TaskLock, identity: LockIdentity): void {
  const changes = lockChanges(lock, makeLock(task, identity));
  if (changes.length === 0) return;
  const embedder =
    lock.embedder === identity.embedder
      ? ""
      : "; the embedder is all-minilm-l6-v2 where it has been pulled, so pull it, or delete it from LORAFIT_HOME/models";
  throw new LorafitError("mismatch", `the task is not what was locked:\n${listMistakes(changes)}`, {
    hint: `put it back, or run \`lorafit lock\` again; after a look that needs a --reason${embedder}`,
  });
}
