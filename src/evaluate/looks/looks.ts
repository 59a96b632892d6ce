import type { Task } from "../../task/load.ts";
import { lockSha256, type TaskLock } from "../../task/lock.ts";
import {
  type AmendmentEntry,
  appendToLedger,
  type LedgerEntry,
  type LookEntry,
  ledgerCut,
  type Recorded,
  readLedger,
} from "./ledger.ts";

/** One-sided level of all looks together. */
export const ALPHA = 0.05;

/**
 * One-sided level of look number `look`: alpha / (k (k + 1)), which sums to alpha over any number of looks, and decreases
 * slowly enough that the tenth look can still show something.
 */
export const levelOf = (look: number): number => ALPHA / (look * (look + 1));

/** A change of the lock after results had been seen, as in verdict.json. */
export type Amendment = Pick<AmendmentEntry, "at" | "reason" | "changes" | "looks">;

/** A look at the locked cases. */
export interface Look {
  /** From 1 on; of several packs that were looked at unequally often, the largest. */
  look: number;
  /** One-sided level of that look. */
  alpha: number;
  /** The number of the look at each pack's cases. */
  packs: Readonly<Record<string, number>>;
  /** True if this artefact was evaluated or gated with this lock before: the same look again costs nothing. */
  again: boolean;
  /** Hash of the ledger's entry. */
  ledger_sha256: string;
  amendments: readonly Amendment[];
}

const SHORT = 12;

/** Hashes of the questions by pack: of the same question they are the same, whatever its metadata. */
export type Asked = Readonly<Record<string, readonly string[]>>;

export function askedByPack(cases: readonly { readonly pack: string; readonly asked: string }[]): Asked {
  const packs: Record<string, string[]> = {};
  for (const { pack, asked } of cases) packs[pack] = [...(packs[pack] ?? []), asked];
  return packs;
}

/**
 * Takes a look: writes it to the ledger beside the lock before anything is scored or decided, so that no look is
 * hidden. A pack's looks are those that saw any of its present questions: a new lock over the same questions continues
 * the count, one changed question resets nothing, and a fresh pack starts at 1. The same artefact with the same lock again
 * is the same look.
 * @param seen hashes of entries that earlier verdicts name; the ledger must still hold them
 * @throws mismatch error when it does not; data and environment errors as the ledger has them
 */
export function takeLook(
  task: Task,
  lock: TaskLock,
  asked: Asked,
  artifactSha256: string,
  seen: readonly NamedLook[] = [],
): Look {
  const ledger = readLedger(task);
  checkNamedLooks(ledger, seen);
  const amendments = ledger
    .filter((entry) => entry.kind === "amendment")
    .map(({ at, reason, changes, looks }) => ({ at, reason, changes, looks }));
  const sha256 = lockSha256(lock);
  const same = ledger
    .filter((entry) => entry.kind === "look")
    .find((entry) => entry.artifact_sha256 === artifactSha256 && entry.lock_sha256 === sha256);
  const entry = same ?? appendToLedger<LookEntry>(task, nextLook(ledger, lock, asked, artifactSha256));
  return {
    look: entry.look,
    alpha: entry.alpha,
    packs: Object.fromEntries(Object.entries(entry.packs).map(([pack, { look }]) => [pack, look])),
    again: same !== undefined,
    ledger_sha256: entry.sha256,
    amendments,
  };
}

/** An entry of the ledger that a verdict names. */
export interface NamedLook {
  readonly where: string;
  readonly sha256: string;
}

/** @throws mismatch error that lists the verdicts whose look the ledger does not hold */
export function checkNamedLooks(ledger: readonly Recorded[], seen: readonly NamedLook[]): void {
  const present = new Set(ledger.map((entry) => entry.sha256));
  const lost = seen.filter(({ sha256 }) => !present.has(sha256));
  if (lost.length > 0) throw ledgerCut(lost.map(({ where }) => `${where}: its look is not there`));
}

/** Number of the next look at each pack's questions, and the beginnings of their hashes. */
export function lookAt(ledger: readonly LedgerEntry[], packs: Asked): LookEntry["packs"] {
  const looks = ledger.filter((entry) => entry.kind === "look");
  return Object.fromEntries(
    Object.entries(packs).map(([pack, hashes]) => {
      const cases = hashes.map((hash) => hash.slice(0, SHORT));
      const own = new Set(cases);
      const earlier = looks.filter((entry) =>
        Object.values(entry.packs).some((then) => then.cases.some((hash) => own.has(hash))),
      );
      return [pack, { look: earlier.length + 1, cases }];
    }),
  );
}

function nextLook(
  ledger: readonly LedgerEntry[],
  lock: TaskLock,
  asked: Asked,
  artifactSha256: string,
): Omit<LookEntry, "at" | "previous"> {
  const packs = lookAt(ledger, asked);
  const look = Math.max(...Object.values(packs).map((pack) => pack.look));
  return {
    kind: "look",
    look,
    alpha: levelOf(look),
    lock_sha256: lockSha256(lock),
    artifact_sha256: artifactSha256,
    packs,
  };
}
