import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { readLedger } from "../../src/evaluate/looks/ledger.ts";
import { loadTask } from "../../src/task/load.ts";
import { applySettings } from "../../src/task/override.ts";
import { listRuns } from "../../src/train/run-folder.ts";
import { eventsOf, type PipelineEvent } from "../../src/workflow/events.ts";
import { runPipeline, STAGES } from "../../src/workflow/pipeline.ts";
import { Project } from "../../src/workflow/project.ts";
import type { Run } from "../../src/workflow/run.ts";
import { smallTask } from "../train/small-task.ts";

/** Runs the pipeline on a task. @returns its events, the looks taken when scores and verdict were there, and the run */
async function walk(
  folder: string,
  settings: readonly string[] = [],
): Promise<{ events: PipelineEvent[]; looks: number[]; run: Run }> {
  const project = new Project(applySettings(loadTask(folder), settings));
  const events: PipelineEvent[] = [];
  const looks: number[] = [];
  const pipeline = runPipeline(project, { engine: "reference" });
  for (;;) {
    const { done, value } = await pipeline.next();
    if (done) return { events, looks, run: value };
    events.push(value);
    if (value.event === "evaluated" || value.event === "judged") looks.push(readLedger(project.task).length);
  }
}

const started = (events: readonly PipelineEvent[]): string[] =>
  events.flatMap((event) => (event.event === "stage" && event.state === "started" ? [event.stage] : []));

test("a task goes through every stage once; then only what has changed is done again", async () => {
  const folder = smallTask({ max_steps: 2 });
  const first = await walk(folder);
  expect(started(first.events)).toEqual(STAGES.map(({ name }) => name));
  expect(first.events.at(-1)).toMatchObject({ event: "reported" });
  expect(first.run.path).toBe(listRuns(folder)[0]);
  expect(first.run.verdict.counts.answered).toBe(first.run.answers.length);

  // Reading scores is a look, and the gate of the same export is the same one.
  expect(first.looks).toEqual([1, 1]);

  const second = await walk(folder);
  expect(second.looks).toEqual([1]);
  expect(started(second.events)).toEqual(["curate", "gate", "report"]);
  expect(second.run.path).toBe(first.run.path);
  expect(second.run.verdict).toEqual(first.run.verdict);

  const third = await walk(folder, ["max_steps=3"]);
  expect(started(third.events)).toEqual(["curate", "train", "export", "eval", "gate", "report"]);
  expect(third.looks).toEqual([2, 2]);
  expect(listRuns(folder)).toEqual([first.run.path, third.run.path]);
  expect(existsSync(third.run.path)).toBe(true);
}, 240_000);

test("callbacks become events in order, before the result", async () => {
  const events = eventsOf<number, string>(async (emit) => {
    emit(1);
    await Promise.resolve();
    emit(2);
    emit(3);
    return "done";
  });
  const seen: unknown[] = [];
  for (;;) {
    const { done, value } = await events.next();
    seen.push(value);
    if (done) break;
  }
  expect(seen).toEqual([1, 2, 3, "done"]);
});

test("an error of the work reaches the consumer after its events", async () => {
  const events = eventsOf<number, void>(async (emit) => {
    emit(1);
    throw new Error("stop");
  });
  expect(await events.next()).toEqual({ done: false, value: 1 });
  await expect(events.next()).rejects.toThrow("stop");
});
