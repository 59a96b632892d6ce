import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readCaseTexts } from "../data/curate/case-texts.ts";
import { readPolicy } from "../data/curate/policy/policy.ts";
import { readRows } from "../data/rows.ts";
import type { TrainedRows } from "../evaluate/preconditions/data-preconditions.ts";
import { sha256File } from "../formats/files.ts";
import { kindOf } from "../kinds/index.ts";
import type { Run } from "./run.ts";

/** Rows that a run was trained on, read again; `lost` when a file has changed since. */
export function trainedRows({ task, record }: Run): TrainedRows {
  const files = record.data.files.map(({ file, sha256 }) => ({
    path: resolve(task.folder, file),
    file,
    sha256,
  }));
  const lost = files.filter(({ path, sha256 }) => !existsSync(path) || sha256File(path) !== sha256);
  if (lost.length > 0) {
    const names = lost.map(({ file }) => file).join(", ");
    return { lost: `${names} changed after the training, so its rows cannot be looked at: train again` };
  }
  const groupKey = task.data.group;
  const format = kindOf(task).rows;
  const isReplay = ({ path }: { path: string }) => path === task.paths.replay;
  return {
    own: readRows(
      format,
      files.filter((file) => !isReplay(file)).map(({ path }) => path),
      { groupKey },
    ),
    replay: files.filter(isReplay).flatMap(({ path }) => readRows(format, [path])),
    cases: readCaseTexts(Object.values(task.paths.cases), groupKey),
    policy: readPolicy(task.paths.policy),
    groupKey,
  };
}
