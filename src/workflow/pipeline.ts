import { LorafitError } from "../errors.ts";
import { curateTask } from "./curate-task.ts";
import { answersAreCurrent, evaluateRun } from "./eval-run.ts";
import type { PipelineEvent, StageName } from "./events.ts";
import { exportForJudging, isExportedRun } from "./export-run.ts";
import { gateRun } from "./gate-run.ts";
import { isLocked, lockProject, verifyLock } from "./lock-task.ts";
import type { Project } from "./project.ts";
import { reportRun } from "./report-run.ts";
import { Run } from "./run.ts";
import { matchingRun, trainTask } from "./train-task.ts";

export interface PipelineOptions {
  /** Engine to train on, by name; default: auto. */
  readonly engine?: string | undefined;
}

/** State shared by the stages. */
interface State extends PipelineOptions {
  readonly project: Project;
  /** Path of the unfinished run that the train stage resumes. */
  resume?: string | undefined;
  /** Set by the train stage. */
  run?: Run;
}

/** One step from raw rows to a report. */
export interface Stage {
  readonly name: StageName;
  /** True if the stage's result exists and would be the same now. */
  isDone(state: State): boolean;
  run(state: State): AsyncGenerator<PipelineEvent, void>;
}

const everyRun = ({ run }: State): readonly Run[] => [run!, ...run!.seeds];

/** In the order in which they run; curate, gate and report take seconds and run each time. */
export const STAGES: readonly Stage[] = [
  {
    name: "curate",
    isDone: () => false,
    async *run({ project }) {
      const summary = await curateTask(project.task, "safe", project.base);
      yield { event: "curated", summary };
      const open = summary.unresolvedErrors.length;
      if (open === 0) return;
      throw new LorafitError("data", `${open} errors in the training rows wait for a decision`, {
        hint: `decide on them in ${summary.paths.review} (docs/curation.md says how), and run again`,
      });
    },
  },
  {
    name: "lock",
    isDone({ project }) {
      if (!isLocked(project)) return false;
      verifyLock(project);
      return true;
    },
    run: ({ project }) => lockProject(project),
  },
  {
    name: "train",
    isDone(state) {
      const { path, finished } = matchingRun(state.project) ?? {};
      if (path !== undefined && finished) state.run = new Run(state.project, path);
      else state.resume = path;
      return state.run !== undefined;
    },
    async *run(state) {
      const path = yield* trainTask(state.project, state);
      state.run = new Run(state.project, path);
    },
  },
  {
    name: "export",
    isDone: (state) => everyRun(state).every(isExportedRun),
    async *run(state) {
      for (const run of everyRun(state)) if (!isExportedRun(run)) yield* exportForJudging(run);
    },
  },
  {
    name: "eval",
    isDone: (state) => everyRun(state).every(answersAreCurrent),
    async *run(state) {
      for (const run of everyRun(state))
        if (!answersAreCurrent(run)) yield* evaluateRun(run, { seed: run !== state.run });
    },
  },
  {
    name: "gate",
    isDone: () => false,
    run: ({ run }) => gateRun(run!),
  },
  {
    name: "report",
    isDone: () => false,
    run: ({ run }) => reportRun(run!),
  },
];

/**
 * Runs every stage that is not done yet, from raw rows to a judged run with its report.
 * @returns the judged run
 * @throws as the stages do; the signal's reason when aborted; data error when curation left errors that a person has to decide on
 */
export async function* runPipeline(
  project: Project,
  options: PipelineOptions = {},
): AsyncGenerator<PipelineEvent, Run> {
  const state: State = { project, ...options };
  for (const stage of STAGES) {
    project.signal?.throwIfAborted();
    const done = stage.isDone(state);
    yield { event: "stage", stage: stage.name, state: done ? "skipped" : "started" };
    if (!done) yield* stage.run(state);
  }
  return state.run!;
}
