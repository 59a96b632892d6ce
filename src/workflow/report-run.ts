import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DriftResult } from "../drift/result.ts";
import { powerNotes } from "../evaluate/decision/power.ts";
import { readLedger } from "../evaluate/looks/ledger.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { readJson } from "../formats/json.ts";
import { kindOf } from "../kinds/index.ts";
import type { CurationRecord } from "../report/data.ts";
import type { ReportData } from "../report/html.ts";
import { trainingPoints } from "../report/metrics.ts";
import type { Setting } from "../report/sections/settings.ts";
import { loadTask } from "../task/load.ts";
import { parsePolicy } from "../task/policy.ts";
import { trainSettingsSchema } from "../task/settings.ts";
import { inventedParts } from "../task/templates.ts";
import { type Machine, newestState } from "../train/checkpoint.ts";
import { type RunRecord, runFolder } from "../train/run-folder.ts";
import { usedCuration } from "./curate-task.ts";
import { readDrift } from "./drift-run.ts";
import type { Reported } from "./events.ts";
import { ROLES, standings } from "./release/sign.ts";
import { readRepair } from "./repair/repair.ts";
import type { Run } from "./run.ts";

/** Writes report.html of a judged run. */
export async function* reportRun(run: Run): AsyncGenerator<Reported, void> {
  yield { event: "reported", file: await writeReport(run) };
}

/** Writes report.html of a judged run. @returns its path */
async function writeReport(run: Run): Promise<string> {
  const file = join(run.path, "report.html");
  const state = newestState(runFolder(run.path).checkpoints);
  const drift = readDrift(run.path);
  writeFileAtomic(
    file,
    await reportText(run, { ...(state && { machine: state.machine }), ...(drift && { drift }) }),
  );
  return file;
}

/**
 * The report of a judged run.
 * @param later what a release does not show, because the verdict holds no hash of it
 */
export async function reportText(
  run: Run,
  later: { readonly machine?: Machine; readonly drift?: DriftResult } = {},
): Promise<string> {
  // Loaded here because the chart library takes a third of a second, which other verbs should not pay.
  const { reportHtml } = await import("../report/html.ts");
  return reportHtml(reportData(run, later));
}

function reportData(run: Run, { machine, drift }: Parameters<typeof reportText>[1] & object): ReportData {
  const { path, record, task, verdict } = run;
  const curation = usedCuration(run);
  const repair = readRepair(path);
  return {
    verdict,
    answers: run.answers,
    purpose: task.purpose,
    run: record.id,
    rules: parsePolicy(readFileSync(task.paths.policy, "utf8"), task.paths.policy),
    style: task.style,
    power: powerNotes(task.success, run.project.cases, () => verdict.alpha),
    ledger: readLedger(task),
    metrics: trainingPoints(readFileSync(runFolder(path).metrics, "utf8")),
    ...(curation === undefined
      ? {}
      : { curation: readJson<CurationRecord>(curation, { hint: "curate again" }) }),
    ...(drift && { drift }),
    ...(repair === undefined ? {} : { repair }),
    settings: settingsOf(record),
    signOffs: standings(run).map(({ role, signOff, void: why }) => ({
      role: ROLES[role],
      ...(signOff === undefined ? {} : { name: signOff.name, at: signOff.at }),
      ...(signOff?.note === undefined ? {} : { note: signOff.note }),
      ...(why === undefined ? {} : { void: why }),
    })),
    toReplace: inventedParts(task, loadTask(kindOf(task).template.folder)),
    identity: identityOf(record, machine),
  };
}

function settingsOf(record: RunRecord): Setting[] {
  const defaults: Record<string, unknown> = trainSettingsSchema.parse({});
  return Object.entries(record.settings).map(([key, { value, origin }]) => ({
    key,
    value,
    origin,
    usual: defaults[key.replace(/^train\./, "")],
  }));
}

function identityOf(record: RunRecord, machine: Machine | undefined): Record<string, string> {
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
