import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LorafitError } from "../errors.ts";
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

/** Opens a base by path (relative to `folder`), by the name of a bundled or of a pulled model. */
export function openBase(name: string, context: Context, folder = "."): WeightSource {
  return openModel(modelPath(name, context, folder), { cacheDir: context.home });
}

/** Where the model of this name lies: a path (relative to `folder`), a bundled or a pulled model. */
export function modelPath(name: string, context: Context, folder = "."): string {
  const places = [
    resolve(folder, name),
    join(fileURLToPath(new URL("../../models", import.meta.url)), name),
    join(context.home, "models", name),
  ];
  const path = places.find((place) => existsSync(place));
  if (path === undefined) {
    throw new LorafitError("data", `${name}: there is no such base`, {
      hint: "name a folder or a GGUF file, or fetch one that `lorafit models` lists with `lorafit pull NAME`",
    });
  }
  return path;
}
