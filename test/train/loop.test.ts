import { expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import type { LoopEvent } from "../../src/train/events.ts";
import { trainLoop } from "../../src/train/loop.ts";
import { type Progress, START } from "../../src/train/progress.ts";
import type { Stepper } from "../../src/train/stepper.ts";
import { finish, looping, openRun, parametersOf, plan, poisoned, type Run } from "./looping.ts";

test("the loss falls, validation chooses the best step, and events come in order", async () => {
  const { seen, progress } = await finish(trainLoop(looping(await openRun()), START));
  const losses = seen.flatMap((event) => (event.event === "validation-end" ? [event.loss] : []));
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.01);
  expect(progress.best!.loss).toBe(Math.min(...losses.slice(1)));
  expect(seen[0]).toMatchObject({ event: "validation-end", step: 0, best: false });
  expect(seen.filter(({ event }) => event === "step-end").map(({ step }) => step)).toEqual(
    Array.from({ length: progress.step }, (_, i) => i + 1),
  );
  expect(seen.at(-1)).toMatchObject({ event: "checkpoint-written", step: progress.step });
});

test("several micro-batches give the update of one batch", async () => {
  const [whole, parts] = [await openRun(), await openRun()];
  const short = { length: { steps: 3 } } as const;
  const { seen } = await finish(trainLoop(looping(whole, { batchPlan: plan(short) }), START));
  const other = await finish(
    trainLoop(looping(parts, { batchPlan: plan({ ...short, microBatchTokens: 16 }) }), START),
  );
  const counts = (events: LoopEvent[]) =>
    events.flatMap((e) => (e.event === "step-end" ? [e.supervisedTokens] : []));
  expect(plan({ ...short, microBatchTokens: 16 }).step(0)).toHaveLength(4);
  expect(counts(other.seen)).toEqual(counts(seen));
  const [a, b] = [await parametersOf(whole), await parametersOf(parts)];
  const worst = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
  expect(worst).toBeLessThan(1e-9);
});

test.each([0, 0.3])(
  "stopped at any step and gone on with, a run ends bit for bit the same (dropout %d)",
  async (dropout) => {
    const alone = await openRun(dropout);
    const reference = await finish(trainLoop(looping(alone), START));
    const expected = await parametersOf(alone);
    for (const stopAt of [1, 4]) {
      const first = await openRun(dropout);
      const controller = new AbortController();
      let saved: { progress: Progress; state: Awaited<ReturnType<Run["session"]["readState"]>> } | undefined;
      const save = async (progress: Progress): Promise<string> => {
        const state = await first.session.readState(["parameters", "moment1", "moment2"]);
        saved = { progress, state: structuredClone(state) };
        return "";
      };
      const stopped = async (): Promise<void> => {
        const options = looping(first, { save, signal: controller.signal });
        for await (const event of trainLoop(options, START)) {
          if (event.event === "step-end" && event.step === stopAt) controller.abort();
        }
      };
      await expect(stopped()).rejects.toMatchObject({ kind: "interrupted" });
      expect(saved!.progress.step).toBe(stopAt);
      const second = await openRun(dropout);
      await second.session.writeState(saved!.state);
      const { progress } = await finish(trainLoop(looping(second), saved!.progress));
      expect(progress).toEqual(reference.progress);
      expect(await parametersOf(second)).toEqual(expected);
    }
  },
);

test("a step for which the machine fails ends in a checkpoint of the step before; a lost device in none", async () => {
  const failure = new LorafitError("environment", "the GPU was lost in step");
  for (const lost of [false, true]) {
    const run = await openRun();
    const { stepper } = looping(run);
    const failing: Stepper = {
      ...stepper,
      step: (batches, place) => (place.index === 2 ? Promise.reject(failure) : stepper.step(batches, place)),
    };
    const saved: number[] = [];
    const save = async ({ step }: Progress): Promise<string> => {
      if (lost) throw new Error("the state cannot be read");
      saved.push(step);
      return "";
    };
    const options = looping(run, { stepper: failing, save, checkpointEvery: 100, validateEvery: 100 });
    await expect(finish(trainLoop(options, START))).rejects.toBe(failure);
    expect(saved).toEqual(lost ? [] : [2]);
  }
});

test.each([64, 16])(
  "a step that is not finite is skipped and leaves no trace (micro-batches of %d)",
  async (microBatchTokens) => {
    const run = await openRun();
    const before = await parametersOf(run);
    const steps = { length: { steps: 1 }, microBatchTokens };
    const events = trainLoop(looping(run, { batchPlan: poisoned(() => true, steps) }), START);
    const seen: LoopEvent[] = [];
    const all = async (): Promise<void> => {
      for await (const event of events) seen.push(event);
    };
    await expect(all()).rejects.toMatchObject({ kind: "failed" });
    expect(seen.at(-1)).toMatchObject({ event: "step-skipped", step: 1, inARow: 1 });
    expect(await parametersOf(run)).toEqual(before);
    const { gradient } = await run.session.readState(["gradient"]);
    expect(gradient!.data.every((value) => Number(value) === 0)).toBe(true);
  },
);

test("a run without one good step fails", async () => {
  const run = await openRun();
  const batchPlan = poisoned(() => true, { length: { steps: 2 } });
  await expect(
    finish(trainLoop(looping(run, { batchPlan, maxNonfiniteSteps: 5 }), START)),
  ).rejects.toMatchObject({
    kind: "failed",
    message: expect.stringContaining("not finite 2 times in a row"),
  });
});

test("too many such steps in a row fail the run and name the rows", async () => {
  const run = await openRun();
  await expect(
    finish(trainLoop(looping(run, { batchPlan: poisoned((step) => step >= 1) }), START)),
  ).rejects.toMatchObject({
    kind: "failed",
    message: expect.stringMatching(/^step 3: .* 2 times in a row; last with rows r\d+/),
  });
});

test("training stops when validation no longer improves, and the best step is kept", async () => {
  const run = await openRun();
  const options = looping(run, {
    patience: 2,
    validateEvery: 1,
    batchPlan: plan({ length: { epochs: 40 } }),
    schedule: { peak: 2, kind: "constant", warmupSteps: 0, totalSteps: 100 },
  });
  const { seen, progress } = await finish(trainLoop(options, START));
  expect(progress.validationsSinceBest).toBe(2);
  expect(progress.step).toBe(progress.best!.step + 2);
  expect(seen.filter(({ event }) => event === "checkpoint-written").map(({ step }) => step)).toContain(
    progress.best!.step,
  );
});
