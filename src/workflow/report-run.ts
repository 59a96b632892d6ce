import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readAnswers } from "../evaluate/answer-row.ts";
import { readCases } from "../evaluate/cases.ts";
import { readLedger } from "../evaluate/ledger.ts";
import { powerNotes } from "../evaluate/power.ts";
import { writeFileAtomic } from "../formats/files.ts";
import type { CurationRecord } from "../report/data.ts";
import type { ReportData } from "../report/html.ts";
import { trainingPoints } from "../report/metrics.ts";
import type { Setting } from "../report/settings.ts";
import { parsePolicy } from "../task/policy.ts";
import { trainSettingsSchema } from "../task/settings.ts";
import { inventedParts } from "../task/templates.ts";
import { newestState } from "../train/checkpoint.ts";
import { type RunRecord, runFolder } from "../train/run-folder.ts";
import { usedCuration } from "./curate-task.ts";
import { readDrift } from "./drift-run.ts";
import { answersFile, readVerdict, type TrainedRun } from "./judge-run.ts";
import { readRepair } from "./repair.ts";
import { ROLES, standings } from "./sign.ts";

/** Writes report.html of a judged run; returns its path. */
export async function reportRun(run: TrainedRun): Promise<string> {
  // The chart library takes a third of a second to load, which no other verb should pay.
  const { reportHtml } = await import("../report/html.ts");
  const file = join(run.path, "report.html");
  writeFileAtomic(file, reportHtml(reportData(run)));
  return file;
}

function reportData(run: TrainedRun): ReportData {
  const { path, record, task } = run;
  const verdict = readVerdict(path);
  const curation = usedCuration(run);
  const drift = readDrift(path);
  const repair = readRepair(path);
  return {
    verdict,
    answers: readAnswers(answersFile(path)),
    purpose: task.purpose,
    run: basename(path),
    rules: parsePolicy(readFileSync(task.paths.policy, "utf8"), task.paths.policy),
    style: task.style,
    power: powerNotes(task.success, readCases(task), () => verdict.alpha),
    ledger: readLedger(task),
    metrics: trainingPoints(readFileSync(runFolder(path).metrics, "utf8")),
    ...(curation === undefined ? {} : { curation: readJson<CurationRecord>(curation) }),
    ...(drift === null ? {} : { drift }),
    ...(repair === undefined ? {} : { repair }),
    settings: settingsOf(record),
    signOffs: standings(path).map(({ role, signOff, void: why }) => ({
      role: ROLES[role],
      ...(signOff === undefined ? {} : { name: signOff.name, at: signOff.at }),
      ...(signOff?.note === undefined ? {} : { note: signOff.note }),
      ...(why === undefined ? {} : { void: why }),
    })),
    toReplace: inventedParts(task),
    identity: identityOf(path, record),
  };
}

const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;

function settingsOf(record: RunRecord): Setting[] {
  const defaults: Record<string, unknown> = trainSettingsSchema.parse({});
  return Object.entries(record.settings).map(([key, { value, origin }]) => ({
    key,
    value,
    origin,
    usual: defaults[key.replace(/^train\./, "")],
  }));
}

function identityOf(path: string, record: RunRecord): Record<string, string> {
  const machine = newestState(runFolder(path).checkpoints)?.machine;
  return {
    ...Object.fromEntries(record.data.files.map(({ file, sha256 }) => [`data, ${file}`, sha256])),
    "training rows": `${record.data.train_rows}, and ${record.data.validation_rows} for validation; ${record.data.sha256}`,
    ...(machine === undefined
      ? {}
      : {
          machine: `${machine.device}; ${machine.engine} ${machine.version}; ${machine.threads === 0 ? "threads as the engine chooses" : `${machine.threads} threads`}`,
        }),
    lorafit: record.lorafit,
    trained: record.created,
  };
}
