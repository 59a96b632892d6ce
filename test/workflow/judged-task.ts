import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTask } from "../../src/task/load.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { runPipeline } from "../../src/workflow/pipeline.ts";
import { Project } from "../../src/workflow/project.ts";
import { releaseRun } from "../../src/workflow/release/release.ts";
import { ROLES, type Role, signRun } from "../../src/workflow/release/sign.ts";
import { openRun } from "../../src/workflow/run.ts";
import { passingTask } from "../cli/passing-task.ts";

export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "lorafit-judged-"));

/** Runs a stage to its end. @returns its result */
export async function finish<T>(events: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value as T;
  }
}

export async function sign(run: string): Promise<void> {
  for (const role of Object.keys(ROLES) as Role[]) await signRun(openRun(run), { role, name: "Ada" });
}

const made = (async () => {
  const task = passingTask();
  const { path } = await finish(runPipeline(new Project(loadTask(task))));
  await sign(path);
  return { task, run: path };
})();

/** A task with a passing run that all roles have signed; the same one in each call. */
export const signedTask = (): Promise<{ task: string; run: string }> => made;

/** A copy of signedTask. */
export async function signed(): Promise<{ task: string; run: string }> {
  const task = emptyFolder();
  cpSync((await made).task, task, { recursive: true });
  return { task, run: findRun(task) };
}

export const release = (run: string, override?: string) =>
  releaseRun(openRun(run), { out: join(emptyFolder(), "out"), ...(override && { override }) });
