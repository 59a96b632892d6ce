import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import { sha256 } from "../../formats/hash.ts";
import { jsonText, readJson } from "../../formats/json.ts";
import { dataIdentity } from "../../train/prepare.ts";
import { runIdentity } from "../../train/run.ts";
import { trainingFiles } from "../curate-task.ts";
import type { Project } from "../project.ts";
import { type Configuration, configurationsOf, type Space, SWEPT } from "./space.ts";

/**
 * Shares of its steps that a configuration trains in each rung; a third of the configurations goes on to the next one (successive halving
 * with eta 3, arXiv 1502.07943). A rung resumes the training of the rung before it.
 */
export const SHARES: readonly number[] = [1 / 9, 1 / 3, 1];

/** Number of configurations that go on; two at least, so that the last rung has a comparison. */
export const survivors = (n: number): number => Math.min(n, Math.max(2, Math.ceil(n / 3)));

const configuration = z.record(z.string(), z.unknown());
const planSchema = z.strictObject({
  format_version: z.literal(1),
  /** Of base, data, seed and every setting that the sweep does not vary. */
  inputs: z.strictObject({ base: z.string(), data: z.string(), settings: z.string() }),
  space: z.record(z.string(), z.array(z.unknown())),
  configurations: z.array(configuration),
  rung: z.int().min(0),
  share: z.number(),
  /** Indices of the configurations that this rung trains; --index counts them. */
  parts: z.array(z.int().min(0)),
});

/** sweep/rung-N/plan.json: what one rung trains. */
export type SweepPlan = z.output<typeof planSchema>;

export const sweepFolder = (project: Project): string => join(project.task.folder, "sweep");

/** Paths of a rung's files. */
export function rungFiles(folder: string, rung: number) {
  const at = (name: string): string => join(folder, `rung-${rung}`, name);
  return {
    plan: at("plan.json"),
    result: (index: number): string => at(`part-${index}.json`),
    claim: (index: number): string => at(`part-${index}.claim`),
  };
}

/** Run folder of a configuration, the same in all rungs. */
export const runOf = (folder: string, index: number): string => join(folder, "runs", String(index));

export const planHash = (plan: SweepPlan): string => sha256(JSON.stringify(plan));

/** Identity of everything that a sweep does not vary. */
function inputsOf({ task, base }: Project): SweepPlan["inputs"] {
  const data = dataIdentity(task, trainingFiles(task).files).sha256;
  const swept = new Set<string>([...SWEPT, "alpha", "threads", "seeds"].map((key) => `train.${key}`));
  const { settings } = runIdentity(task, base, { sha256: data, files: [] });
  const kept = Object.entries(settings)
    .filter(([key]) => !swept.has(key) && key !== "base")
    .map(([key, { value }]) => [key, value]);
  const { rank, alpha } = task.train;
  return { base: base.sha256, data, settings: sha256(JSON.stringify([kept, alpha / rank])) };
}

/** Writes the plan of the first rung. */
export function planSweep(project: Project, space: Space): SweepPlan {
  const configurations = configurationsOf(project.task, space);
  const plan: SweepPlan = {
    format_version: 1,
    inputs: inputsOf(project),
    space: space as SweepPlan["space"],
    configurations: configurations as SweepPlan["configurations"],
    rung: 0,
    share: SHARES[0]!,
    parts: configurations.map((_, i) => i),
  };
  return writePlan(sweepFolder(project), plan);
}

/** Writes the plan of the next rung with the configurations that go on. */
export const planNext = (folder: string, plan: SweepPlan, parts: readonly number[]): SweepPlan =>
  writePlan(folder, { ...plan, rung: plan.rung + 1, share: SHARES[plan.rung + 1]!, parts: [...parts] });

function writePlan(folder: string, plan: SweepPlan): SweepPlan {
  writeFileAtomic(rungFiles(folder, plan.rung).plan, jsonText(plan));
  return plan;
}

/** Plan of a rung that was written. */
export const readRung = (folder: string, rung: number): SweepPlan =>
  readJson(rungFiles(folder, rung).plan, { schema: planSchema, hint: "begin again with --fresh" });

/**
 * Plan of the newest rung; undefined before the first.
 * @throws mismatch error when base, data, settings or an explicitly given space are not those of the plan
 */
export function readPlan(project: Project, space?: Space): SweepPlan | undefined {
  const folder = sweepFolder(project);
  if (!existsSync(folder)) return undefined;
  const rungs = readdirSync(folder)
    .flatMap((name) => /^rung-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);
  const written = rungs.filter((rung) => existsSync(rungFiles(folder, rung).plan));
  if (written.length === 0) return undefined;
  const plan = readRung(folder, Math.max(...written));
  const now = inputsOf(project);
  const changes = [
    ...(Object.keys(now) as (keyof typeof now)[])
      .filter((key) => now[key] !== plan.inputs[key])
      .map((key) => `${key === "settings" ? "a setting of train, or the seed," : key} has changed`),
    ...(space !== undefined && JSON.stringify(space) !== JSON.stringify(plan.space)
      ? ["the space is another one"]
      : []),
  ];
  if (changes.length > 0)
    throw new LorafitError(
      "mismatch",
      `${folder}: the sweep cannot be continued:\n${listMistakes(changes)}`,
      {
        hint: "put these back, or begin again with --fresh",
      },
    );
  return plan;
}

export const configurationOf = (plan: SweepPlan, index: number): Configuration => plan.configurations[index]!;
