import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readAnswers } from "../evaluate/answer-row.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { reportHtml } from "../report/html.ts";
import { lossPoints } from "../report/metrics.ts";
import type { CurationSummary } from "../report/sections.ts";
import { parsePolicy } from "../task/policy.ts";
import { runFolder } from "../train/run-folder.ts";
import { answersFile, readVerdict, type TrainedRun } from "./judge-run.ts";

/** Writes report.html of a judged run; returns its path. */
export function reportRun({ path, record, task }: TrainedRun): string {
  const curation = join(task.folder, "curation.json");
  const file = join(path, "report.html");
  const page = reportHtml({
    verdict: readVerdict(path),
    answers: readAnswers(answersFile(path)),
    purpose: task.purpose,
    run: basename(path),
    rules: parsePolicy(readFileSync(task.paths.policy, "utf8"), task.paths.policy),
    metrics: lossPoints(readFileSync(runFolder(path).metrics, "utf8")),
    ...(existsSync(curation)
      ? { curation: JSON.parse(readFileSync(curation, "utf8")) as CurationSummary }
      : {}),
    settings: Object.entries(record.settings).map(([key, { value, origin }]) => ({ key, value, origin })),
    hashes: { data: record.data.sha256 },
  });
  writeFileAtomic(file, page);
  return file;
}
