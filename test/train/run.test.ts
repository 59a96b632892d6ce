import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { trainingPoints } from "../../src/report/metrics.ts";
import { loadTask } from "../../src/task/load.ts";
import { applySettings } from "../../src/task/override.ts";
import { type CheckpointState, newestCheckpoint } from "../../src/train/checkpoint.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { trainRun } from "../../src/train/run.ts";
import { findRun, readRun, runFolder } from "../../src/train/run-folder.ts";
import { changeData, smallTask } from "./small-task.ts";

interface How {
  readonly set?: readonly string[];
  readonly resume?: string;
  readonly stopAt?: number;
  readonly engineVersion?: string;
  readonly engine?: Engine;
}

async function train(
  folder: string,
  { set = [], resume, stopAt, engineVersion = "1", engine = referenceEngine }: How = {},
): Promise<TrainEvent[]> {
  const task = applySettings(loadTask(folder), set);
  const base = openModel(join(folder, "base"), { cacheDir: join(folder, "cache") });
  const controller = new AbortController();
  const options = {
    task,
    base,
    engine,
    engineVersion,
    version: "0",
    signal: controller.signal,
  };
  const events: TrainEvent[] = [];
  for await (const event of trainRun({ ...options, ...(resume === undefined ? {} : { resume }) })) {
    events.push(event);
    if (event.event === "step-end" && event.step === stopAt) controller.abort();
  }
  return events;
}

let folder: string;
let run: string;
let events: TrainEvent[];

beforeAll(async () => {
  folder = smallTask();
  events = await train(folder);
  run = findRun(folder);
});

test("a run leaves its record, its losses, its last checkpoints and the adapter of the best step", () => {
  const record = readRun(run);
  expect(record.settings["train.rank"]).toEqual({ value: 2, origin: "task.yaml" });
  expect(record.settings["train.beta1"]).toEqual({ value: 0.9, origin: "default" });
  const { metrics, checkpoints, adapter } = runFolder(run);
  const points = trainingPoints(readFileSync(metrics, "utf8"));
  expect(points.filter(({ train_loss }) => train_loss !== undefined).map(({ step }) => step)).toEqual(
    Array.from({ length: 24 }, (_, i) => i + 1),
  );
  const end = events.at(-1)!;
  expect(end).toMatchObject({ event: "run-end", step: 24, reason: "all steps done", adapter });
  const best = Math.min(...points.slice(1).map(({ valid_loss }) => valid_loss ?? Number.POSITIVE_INFINITY));
  expect(end).toMatchObject({ best: { loss: best } });
  expect(best).toBeLessThan(points[0]!.valid_loss!);
  expect(readdirSync(checkpoints).sort()).toEqual(["step-21", "step-24"]);
  const { tensors, config } = readPeft(adapter);
  expect(config).toMatchObject({ rank: 2, alpha: 4 });
  expect([...tensors.values()].some(({ data }) => data.some((value) => value !== 0))).toBe(true);
});

test("interrupted and resumed, a run leaves the same bytes", async () => {
  const before = new Set(readdirSync(join(folder, "runs")));
  await expect(train(folder, { stopAt: 7 })).rejects.toMatchObject({ kind: "interrupted", exitCode: 130 });
  const id = readdirSync(join(folder, "runs")).find((name) => !before.has(name))!;
  const path = join(folder, "runs", id);
  expect(readdirSync(join(path, "checkpoints"))).toContain("step-7");
  expect(existsSync(join(path, "adapter"))).toBe(false);
  writeFileSync(join(path, "metrics.jsonl"), '{"event":"step-end","st', { flag: "a" });
  const resumed = await train(folder, { resume: path });
  expect(resumed[0]).toMatchObject({ event: "run-start", from: 7 });
  for (const file of ["adapter/adapter_model.safetensors", "checkpoints/step-24/state.safetensors"]) {
    expect(readFileSync(join(path, file)).equals(readFileSync(join(run, file)))).toBe(true);
  }
  const losses = (at: string) => trainingPoints(readFileSync(join(at, "metrics.jsonl"), "utf8"));
  expect(losses(path)).toEqual(losses(run));
  rmSync(path, { recursive: true });
});

/** Copies the task and its finished run. */
function copy(): { task: string; resume: string } {
  const task = join(mkdtempSync(join(tmpdir(), "lorafit-task-")), "task");
  cpSync(folder, task, { recursive: true, preserveTimestamps: true });
  return { task, resume: findRun(task) };
}

test("resume refuses changed data, base and settings, and names them all at once", async () => {
  const { task, resume } = copy();
  changeData(task);
  const other = JSON.parse(readFileSync(join(task, "base/config.json"), "utf8")) as object;
  writeFileSync(join(task, "base/config.json"), JSON.stringify({ ...other, rope_theta: 5000 }));
  const refused = train(task, { resume, set: ["rank=4", "seed=9", "threads=2"] });
  await expect(refused).rejects.toMatchObject({ kind: "mismatch", exitCode: 5 });
  const message = await refused.catch((error: Error) => error.message);
  expect(message).toMatch(/base: trained on base [0-9a-f]{12}, now base [0-9a-f]{12}/);
  expect(message).toContain("data: data/train.jsonl has changed");
  expect(message).toContain("train.rank: was 2, is 4");
  expect(message).toContain("seed: was 7, is 9");
  expect(message).not.toContain("threads");
});

test("another engine version or thread count causes a warning only", async () => {
  const { task, resume } = copy();
  const seen = await train(task, { resume, engineVersion: "2", set: ["threads=2"] });
  const warnings = seen.flatMap((event) => (event.event === "warning" ? [event.message] : []));
  expect(warnings).toEqual([
    "version was 1, is 2: the result may differ in its last bits",
    "threads was 1, is 2: the result may differ in its last bits",
  ]);
});

test("a checkpoint of another CPU is only warned of, where the engine's results depend on the CPU", async () => {
  const { task, resume } = copy();
  const file = join(runFolder(resume).checkpoints, "step-24/state.json");
  const state = JSON.parse(readFileSync(file, "utf8")) as CheckpointState;
  const machine = { ...state.machine, cpu: "Another CPU, avx2" };
  writeFileSync(file, JSON.stringify({ ...state, machine }));
  const warnings = async (engine: Engine): Promise<string[]> =>
    (await train(task, { resume, engine })).flatMap((event) =>
      event.event === "warning" ? [event.message] : [],
    );
  const onThisCpu: Engine = {
    ...referenceEngine,
    open: async (...args) => Object.assign(await referenceEngine.open(...args), { cpu: "This CPU, avx512f" }),
  };
  expect(await warnings(referenceEngine)).toEqual([]);
  expect(await warnings(onThisCpu)).toEqual([
    "cpu was Another CPU, avx2, is This CPU, avx512f: the result may differ in its last bits",
  ]);
});

test("a damaged checkpoint is refused, and an unfinished one is ignored", async () => {
  const { resume } = copy();
  const { checkpoints } = runFolder(resume);
  cpSync(join(checkpoints, "step-24"), join(checkpoints, "step-30.123.tmp"), { recursive: true });
  expect(newestCheckpoint(checkpoints)!.state.progress.step).toBe(24);
  expect(readdirSync(checkpoints).sort()).toEqual(["step-21", "step-24"]);
  writeFileSync(join(checkpoints, "step-24/state.json"), "{");
  expect(() => newestCheckpoint(checkpoints)).toThrow(/step-24.*is not JSON/);
});

test("recomputed activations change nothing", async () => {
  const { task } = copy();
  rmSync(join(task, "runs"), { recursive: true });
  await train(task, { set: ["recompute=true"] });
  const file = "adapter/adapter_model.safetensors";
  expect(readFileSync(join(findRun(task), file)).equals(readFileSync(join(run, file)))).toBe(true);
});
