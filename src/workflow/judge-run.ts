import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { privateFinders } from "../data/curate/private.ts";
import { fitNgrams, hashedNgrams } from "../embed/hashed-ngrams.ts";
import type { Engine } from "../engines/engine.ts";
import { LorafitError } from "../errors.ts";
import { type AnswerProgress, answerCases } from "../evaluate/answer.ts";
import { type AnswerRow, readAnswers, writeAnswers } from "../evaluate/answer-row.ts";
import { type Case, readCases } from "../evaluate/cases.ts";
import { dataPreconditions } from "../evaluate/data-preconditions.ts";
import { gate, type Verdict } from "../evaluate/gate.ts";
import { holdingLedger, readLedger } from "../evaluate/ledger.ts";
import { takeLook } from "../evaluate/looks.ts";
import { SCORER_VERSION } from "../evaluate/scorers.ts";
import { seedResult } from "../evaluate/seeds.ts";
import { type ExportReport, exportModel } from "../export/export.ts";
import { artifactSha256, REPORT_FILE } from "../export/folder.ts";
import { openExported } from "../export/session.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { adapterSha256 } from "../lora/adapter.ts";
import type { WeightSource } from "../model/weights.ts";
import { loadTask, type Task } from "../task/load.ts";
import { checkLock, type LockIdentity, lockFile, lockSha256, readLock, type TaskLock } from "../task/lock.ts";
import { listRuns, type RunRecord, readRun, runFolder } from "../train/run-folder.ts";
import { missingParts, seedParts } from "./run-parts.ts";
import { trainedRows } from "./trained-rows.ts";

/** A finished run and the task and base that it belongs to. */
export interface TrainedRun {
  readonly path: string;
  readonly record: RunRecord;
  readonly task: Task;
  /** The same training with further seeds; they are judged and do not ship. */
  readonly seeds: readonly TrainedRun[];
}

/** The run at `path` and its task: the folder that holds runs/. */
export function openRun(path: string): TrainedRun {
  const record = readRun(path);
  const missing = missingParts(path, record);
  if (missing.length > 0) {
    throw new LorafitError("usage", `${path}: the run has not ended yet: ${missing.join(", ")}`, {
      hint: `go on with \`lorafit train --resume ${path}\``,
    });
  }
  const beside = join(dirname(dirname(path)), "task.yaml");
  const task = loadTask(existsSync(beside) ? beside : record.task.file);
  const seeds = seedParts(path, record).map((part) => ({
    path: part.path,
    record: readRun(part.path),
    task,
    seeds: [],
  }));
  return { path, record, task, seeds };
}

export const lockIdentity = (base: WeightSource): LockIdentity => ({
  baseSha256: base.sha256,
  scorer: SCORER_VERSION,
  embedder: hashedNgrams(fitNgrams([])).name,
});

/**
 * The lock, after holding the task against it and it against the ledger.
 * @throws as readLock, checkLock and readLedger do; mismatch error for a lock that was moved past the ledger
 */
export function heldLock(task: Task, base: WeightSource): TaskLock {
  const lock = readLock(task);
  checkLock(task, lock, lockIdentity(base));
  const last = readLedger(task).at(-1);
  if (last !== undefined && last.lock_sha256 !== lockSha256(lock)) {
    throw new LorafitError("mismatch", `${lockFile(task)}: is not the lock that was last looked with`, {
      hint: "restore it, or say why the goalposts moved with `lorafit lock --reason TEXT`",
    });
  }
  return lock;
}

/** Where a run's exports for judging lie. */
export const exportFolder = (run: string, side: "base" | "tuned"): string =>
  join(run, "export", "onnx", side);

interface Machine {
  readonly base: WeightSource;
  readonly engine: Engine;
  readonly signal?: AbortSignal;
}

/** When base and tuned were exported; -Infinity for one that was not. */
export const exportTimes = (run: string): number[] =>
  (["base", "tuned"] as const).map((side) => {
    const report = statSync(join(exportFolder(run, side), REPORT_FILE), { throwIfNoEntry: false });
    return report?.mtimeMs ?? Number.NEGATIVE_INFINITY;
  });

/** Whether both sides are exported, the tuned one from the adapter as it is now. */
export function isExportedRun({ path }: TrainedRun): boolean {
  const report = (side: "base" | "tuned"): Partial<ExportReport> => {
    const file = join(exportFolder(path, side), REPORT_FILE);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ExportReport) : {};
  };
  return (
    report("base").adapter_sha256 === null &&
    report("tuned").adapter_sha256 === adapterSha256(runFolder(path).adapter)
  );
}

/** Exports base and tuned with the same exporter, each read back and compared with the training engine. */
export async function exportForJudging(run: TrainedRun, { base, engine, signal }: Machine): Promise<void> {
  checkBase(run, base);
  const common = {
    base,
    engine,
    format: "onnx",
    threads: run.task.train.threads,
    ...(signal === undefined ? {} : { signal }),
  };
  await exportModel({ ...common, out: exportFolder(run.path, "base") });
  await exportModel({
    ...common,
    adapter: runFolder(run.path).adapter,
    out: exportFolder(run.path, "tuned"),
  });
}

function checkBase({ path, record }: TrainedRun, base: WeightSource): void {
  if (record.base.sha256 === base.sha256) return;
  throw new LorafitError("mismatch", `${path}: was trained on another base than ${base.path} is now`, {
    hint: "put the base back, or train again",
  });
}

/** Both exports answer the locked cases; leaves answers.jsonl. */
export async function evaluateRun(
  run: TrainedRun,
  machine: Machine,
  onProgress: (event: AnswerProgress) => void,
): Promise<readonly AnswerRow[]> {
  const { task, path } = run;
  const { signal } = machine;
  heldLock(task, machine.base);
  const cases: Case[] = readCases(task);
  if (!isExportedRun(run)) await exportForJudging(run, machine);
  const threads = { threads: task.train.threads };
  const [left, right] = [
    await openExported(exportFolder(path, "base"), threads),
    await openExported(exportFolder(path, "tuned"), threads),
  ];
  try {
    const answers = await answerCases({
      base: left,
      tuned: right,
      cases,
      task,
      onProgress,
      ...(signal === undefined ? {} : { signal }),
    });
    writeAnswers(answersFile(path), answers);
    return answers;
  } finally {
    await left.close();
    await right.close();
  }
}

export const answersFile = (run: string): string => join(run, "answers.jsonl");
export const verdictFile = (run: string): string => join(run, "verdict.json");

/** Decides on the answers, after one more look at the cases is in the ledger. The same answers give the same verdict. */
export function decideRun(run: TrainedRun, base: WeightSource): Verdict {
  const { task, path } = run;
  const { lock, cases, own, look } = holdingLedger(task, () => {
    const lock = heldLock(task, base);
    const cases = readCases(task);
    const own = answered(path);
    return { lock, cases, own, look: takeLook(task, lock, own.artifactSha256, namedLooks(task)) };
  });
  const common = {
    task,
    lock,
    cases,
    look,
    dataPreconditions: dataPreconditions(trainedRows(run), privateFinders(task.data.personal)),
    policy: readFileSync(task.paths.policy, "utf8"),
  };
  const others = run.seeds.map((other) => {
    const { criteria } = gate({ ...common, ...answered(other.path) });
    return seedResult(seedOf(other), relative(path, other.path), criteria);
  });
  return gate({ ...common, ...own, ...(others.length > 0 && { seeds: { own: seedOf(run), others } }) });
}

const seedOf = ({ record }: TrainedRun): number => Number(record.settings["seed"]?.value);

/** The answers of a run and the artefact that lies there now. */
function answered(path: string): { answers: AnswerRow[]; artifactSha256: string } {
  if (!existsSync(answersFile(path))) {
    throw new LorafitError("usage", `${path}: no case was answered yet`, {
      hint: `run \`lorafit eval\` first`,
    });
  }
  return {
    answers: readAnswers(answersFile(path)),
    artifactSha256: artifactSha256(exportFolder(path, "tuned")),
  };
}

/** The ledger's entries that the verdicts of the task's runs name. */
function namedLooks(task: Task): { where: string; sha256: string }[] {
  return listRuns(task.folder)
    .filter((path) => existsSync(verdictFile(path)))
    .map((path) => ({ where: path, sha256: readVerdict(path).ledger_sha256 }));
}

/** decideRun, kept as verdict.json. */
export function gateRun(run: TrainedRun, base: WeightSource): Verdict {
  const verdict = decideRun(run, base);
  writeFileAtomic(verdictFile(run.path), verdictText(verdict));
  return verdict;
}

/** The bytes of verdict.json. */
export const verdictText = (verdict: Verdict): string => `${JSON.stringify(verdict, null, 2)}\n`;

/** verdict.json of a run. */
export function readVerdict(path: string): Verdict {
  if (!existsSync(verdictFile(path))) {
    throw new LorafitError("usage", `${path}: there is no verdict yet`, {
      hint: `run \`lorafit gate ${path}\` first`,
    });
  }
  try {
    return JSON.parse(readFileSync(verdictFile(path), "utf8")) as Verdict;
  } catch (cause) {
    throw new LorafitError("data", `${verdictFile(path)}: is damaged`, {
      hint: `run \`lorafit gate ${path}\` again`,
      cause,
    });
  }
}
