import { resolveModel } from "../model/catalog.ts";
import { openModel } from "../model/open.ts";
import type { WeightSource } from "../model/weights.ts";
import { loadTask, type Task } from "../task/load.ts";
import { applySettings } from "../task/override.ts";
import type { Context } from "./context.ts";

/** TASK of a command line (a folder or a task.yaml; default: here) with its --set assignments applied. */
export function taskOf(path: string | undefined, assignments: readonly string[] = []): Task {
  return applySettings(loadTask(path), assignments);
}

/** The base that a task names. */
export function baseOf(task: Task, context: Context): WeightSource {
  return openBase(task.base, context, task.folder);
}

/** Opens a base by path (relative to `folder`), by a name of the catalog, or by hf:org/name[@rev]. */
export function openBase(name: string, context: Context, folder = "."): WeightSource {
  return openModel(resolveModel(name, { home: context.home, folder }), { cacheDir: context.home });
}
