import type { WeightSource } from "../../model/weights.ts";
import { loadTask, type Task } from "../../task/load.ts";
import { applySettings } from "../../task/override.ts";
import { findRun } from "../../train/run-folder.ts";
import { openBase as openBaseAt, Project } from "../../workflow/project.ts";
import { openRun, type Run } from "../../workflow/run.ts";
import type { Context } from "./context.ts";

/** TASK of a command line (a folder or a task.yaml; default: here) with its --set assignments applied. */
export function taskOf(path: string | undefined, assignments: readonly string[] = []): Task {
  return applySettings(loadTask(path), assignments);
}

export const projectOf = (task: Task, { home, signal }: Context): Project =>
  new Project(task, { home, signal });

/** RUN of a command line: a run directory, or a task folder for its newest run (default: here). */
export const runOf = (path: string | undefined, { home, signal }: Context): Run =>
  openRun(findRun(path), { home, signal });

/** Opens a base that a flag names. */
export const openBase = (name: string, { home }: Context): WeightSource => openBaseAt(name, home);
