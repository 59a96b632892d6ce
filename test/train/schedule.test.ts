import { expect, test } from "vitest";
import { learningRate, learningRateSchedule, type Schedule } from "../../src/train/schedule.ts";

const rates = (changes: Partial<Schedule>): number[] => {
  const schedule: Schedule = { peak: 1, kind: "linear", warmupSteps: 0, totalSteps: 4, ...changes };
  return Array.from({ length: schedule.totalSteps }, (_, step) => learningRate(schedule, step));
};

test("linear falls to 0 after the last step", () => {
  expect(rates({})).toEqual([1, 0.75, 0.5, 0.25]);
});

test("warm-up reaches the peak in its last step and starts above 0", () => {
  expect(rates({ warmupSteps: 2, totalSteps: 6 })).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
  expect(rates({ kind: "constant", warmupSteps: 2 })).toEqual([0.5, 1, 1, 1]);
});

test("cosine is at half in the middle", () => {
  const [first, , half, last] = rates({ kind: "cosine", peak: 2 });
  expect(first).toBe(2);
  expect(half).toBeCloseTo(1, 12);
  expect(last).toBeCloseTo(1 + Math.cos((3 / 4) * Math.PI), 12);
});

test("a run that is all warm-up stays finite", () => {
  expect(rates({ warmupSteps: 4 })).toEqual([0.25, 0.5, 0.75, 1]);
});

test("warm-up is a number of steps, or a share rounded up, and never longer than the run", () => {
  const steps = (changes: { warmup_steps?: number; warmup_share: number }, total: number): number =>
    learningRateSchedule({ learning_rate: 1, schedule: "cosine", ...changes }, total).warmupSteps;
  expect(steps({ warmup_share: 0.03 }, 100)).toBe(3);
  expect(steps({ warmup_share: 0.03 }, 101)).toBe(4);
  expect(steps({ warmup_share: 0.5, warmup_steps: 7 }, 100)).toBe(7);
  expect(steps({ warmup_share: 0, warmup_steps: 7 }, 5)).toBe(5);
});
