import { readFileSync } from "node:fs";
import { parse, parseDocument } from "yaml";
import { LorafitError, listMistakes } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { didYouMean } from "../suggest.ts";
import type { Origin, Task } from "./load.ts";
import { mistakeLines, mistakesOf } from "./mistakes.ts";
import { taskFields } from "./schema.ts";
import { type TrainSettings, trainSettingsSchema } from "./settings.ts";

/** One resolved setting, for printing. */
export interface ResolvedSetting {
  key: string;
  value: unknown;
  origin: Origin;
  description: string;
}

/** `[q_proj, v_proj]`, `q_proj,v_proj`, `1e-3`, `true`, `cosine`: a value as task.yaml would read it. */
export function parseValue(text: string): unknown {
  const value: unknown = parse(text);
  return typeof value === "string" && value.includes(",")
    ? value.split(",").map((part) => part.trim())
    : value;
}

/**
 * The task with `--set key=value` applied: any field of `train` (with or without `train.`), `seed` or `base`.
 * Cases, criteria and decoding, which the gate judges by, are set in task.yaml only.
 * @throws usage error that lists every mistake at once
 */
export function applySettings<T extends Pick<Task, "train" | "seed" | "base" | "origins">>(
  task: T,
  assignments: readonly string[],
): T {
  const known = Object.keys(trainSettingsSchema.shape);
  const train: Record<string, unknown> = { ...task.train };
  const top: Record<string, unknown> = { seed: task.seed, base: task.base };
  const origins = { ...task.origins };
  const lines: string[] = [];
  for (const assignment of assignments) {
    const [, name, text] = /^\s*([\w.]+)\s*=(.*)$/s.exec(assignment) ?? [];
    if (name === undefined || text === undefined) {
      lines.push(`--set ${assignment}: expected key=value`);
      continue;
    }
    const key = name.replace(/^train\./, "");
    try {
      if (known.includes(key)) train[key] = parseValue(text);
      else if (key in top) top[key] = parseValue(text);
      else {
        lines.push(`--set ${name}: unknown setting${didYouMean(key, [...known, "seed", "base"])}`);
        continue;
      }
      origins[key in top ? key : `train.${key}`] = "--set";
    } catch {
      lines.push(`--set ${name}: ${text} is not a value that YAML can read`);
    }
  }
  const shape = taskFields.pick({ seed: true, base: true, train: true });
  const parsed = shape.safeParse({ ...top, train }, { reportInput: true });
  if (!parsed.success)
    lines.push(
      ...mistakeLines(
        mistakesOf(parsed.error, () => undefined),
        "",
      ),
    );
  if (lines.length > 0 || !parsed.success) {
    throw new LorafitError("usage", `settings cannot be used:\n${listMistakes(lines)}`, {
      hint: "`lorafit train --dry-run` prints every setting with its value",
    });
  }
  return { ...task, ...parsed.data, origins };
}

/** Defaults with `--set key=value` applied, without a task. @throws as applySettings */
export function parseSettings(assignments: readonly string[]): TrainSettings {
  const none = { train: trainSettingsSchema.parse({}), seed: 0, base: "none", origins: {} };
  return applySettings(none, assignments).train;
}

/** Every training setting with its value and origin, in the schema's order; unset optional ones are left out. */
export function resolvedSettings(task: Task): ResolvedSetting[] {
  return Object.entries(trainSettingsSchema.shape)
    .map(([key, schema]) => ({
      key,
      value: task.train[key as keyof Task["train"]],
      origin: task.origins[`train.${key}`] ?? "default",
      description: schema.description ?? "",
    }))
    .filter(({ value }) => value !== undefined);
}

/** Sets keys of `train` in a task.yaml and keeps everything else, comments included. */
export function writeTrainSettings(file: string, settings: Readonly<Record<string, unknown>>): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  for (const [key, value] of Object.entries(settings)) document.setIn(["train", key], value);
  writeFileAtomic(file, document.toString({ lineWidth: 0 }));
}
