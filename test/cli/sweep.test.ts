import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { SweepResult } from "../../src/workflow/sweep/result.ts";
import { forgetfulTask } from "./forgetful-task.ts";
import { lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const SPACE = ["--rate", "1e-3,1e-2", "--rank", "2,4"];
const resultOf = (folder: string): SweepResult =>
  JSON.parse(readFileSync(join(folder, "sweep/result.json"), "utf8")) as SweepResult;
/** Everything in a result that does not depend on the time and memory of a process. */
const decided = (folder: string) => {
  const { rows, ...rest } = resultOf(folder);
  return { ...rest, rows: rows.map(({ seconds: _, estimated_bytes: __, ...row }) => row) };
};

test("a sweep that is killed and one dealt over processes choose what an uninterrupted one chooses", async () => {
  const whole = passingTask({ max_steps: 9, threads: 1 });
  const text = readFileSync(join(whole, "task.yaml"), "utf8");
  const { code, stdout, stderr } = await lorafit(["sweep", whole, ...SPACE]).finished;
  expect(code, stderr).toBe(0);
  const result = resultOf(whole);
  expect(result.rows.map(({ rung }) => rung)).toEqual([2, 2, 0, 0]);
  expect(result.rows.map(({ loss }) => loss)).toEqual([
    ...result.rows
      .slice(0, 2)
      .map(({ loss }) => loss!)
      .sort((a, b) => a - b),
    ...result.rows
      .slice(2)
      .map(({ loss }) => loss!)
      .sort((a, b) => a - b),
  ]);
  expect(result.settings).toMatchObject({ learning_rate: 0.01 });
  expect(stdout).toMatch(/chosen: learning_rate 0\.01, rank \d; validation loss/);
  const { train } = parse(readFileSync(join(whole, "task.yaml"), "utf8")) as {
    train: Record<string, number>;
  };
  expect(train).toEqual({ ...(parse(text) as { train: object }).train, ...result.settings });
  expect(train["alpha"]).toBe(2 * train["rank"]!);
  expect(readFileSync(join(whole, "sweep/sweep.html"), "utf8")).toContain("chosen: learning_rate");

  const killed = passingTask({ max_steps: 9, threads: 1 });
  const started = lorafit(["sweep", killed, ...SPACE, "--no-apply", "--json"]);
  await started.shows(/"rung":1[\s\S]*"event":"step-end"/);
  started.kill("SIGKILL");
  await started.finished;
  const before = readFileSync(join(killed, "task.yaml"), "utf8");
  expect((await lorafit(["sweep", killed, "--no-apply", "--parallel", "2"]).finished).code).toBe(0);
  expect(readFileSync(join(killed, "task.yaml"), "utf8")).toBe(before);
  expect(decided(killed)).toEqual(decided(whole));

  const dealt = passingTask({ max_steps: 9, threads: 1 });
  expect((await lorafit(["sweep", dealt, ...SPACE, "--plan"]).finished).stdout).toMatch(
    / {2}3 {2}learning_rate 0\.01, rank 4/,
  );
  for (const index of [3, 0]) {
    const part = await lorafit(["sweep", dealt, "--index"], { env: { SLURM_ARRAY_TASK_ID: String(index) } })
      .finished;
    expect(part.code, part.stderr).toBe(0);
  }
  writeFileSync(join(dealt, "sweep/rung-0/part-0.json"), '{"loss":0');
  const merged = await lorafit(["sweep", "collect", dealt, "--no-apply"]).finished;
  expect(merged.code, merged.stderr).toBe(0);
  expect(merged.stdout).toMatch(/configuration 4 of 4: .*kept: validation loss/);
  expect(merged.stdout).toMatch(/configuration 1 of 4: learning_rate 0\.001, rank 2: trains/);
  expect(decided(dealt)).toEqual(decided(whole));
}, 300_000);

test("a claim is respected while its process is alive, and taken over when it is dead", async () => {
  const folder = passingTask({ max_steps: 6 });
  await lorafit(["sweep", folder, "--rank", "2,4", "--plan"]).finished;
  const claim = join(folder, "sweep/rung-0/part-1.claim");
  const held = { host: "another-machine", pid: 1, since: "2026-01-01T00:00:00.000Z" };
  writeFileSync(claim, JSON.stringify(held));
  const open = await lorafit(["sweep", folder]).finished;
  expect(open).toMatchObject({
    code: 4,
    stdout: expect.stringContaining("part 1: process 1 on another-machine"),
  });
  expect(existsSync(join(folder, "sweep/rung-0/part-0.json"))).toBe(true);
  expect((await lorafit(["sweep", folder, "--index", "1"]).finished).code).toBe(2);
  utimesSync(claim, 0, 0);
  const taken = await lorafit(["sweep", folder]).finished;
  expect(taken.code, taken.stderr).toBe(0);
  expect(existsSync(claim)).toBe(false);
}, 120_000);

test("a configuration over the budget for general text is not chosen, however low its loss", async () => {
  const folder = forgetfulTask({ max_steps: 12, validate_every: 6 });
  const { code, stderr, stdout } = await lorafit(["sweep", folder, "--rate", "1e-5,1e-2", "--no-apply"])
    .finished;
  expect(code, stderr).toBe(0);
  const { rows, settings, general_aim } = resultOf(folder);
  const of = (rate: number) => rows.find((row) => row.settings.learning_rate === rate)!;
  expect(of(1e-2).loss).toBeLessThan(of(1e-5).loss!);
  expect(of(1e-2).general_lost).toBeGreaterThan(general_aim!);
  expect(settings.learning_rate).toBe(1e-5);
  expect(stdout).toContain("learning_rate 0.01 exceeds the budget for general text");
}, 120_000);

test("mistakes in a sweep are named in one line", async () => {
  const folder = passingTask({ max_steps: 6 });
  const refused = async (args: string[], pattern: RegExp, code = 2) => {
    const ended = await lorafit(["sweep", folder, ...args]).finished;
    expect(ended.stderr).toMatch(pattern);
    expect(ended.code).toBe(code);
  };
  await refused(["--rate", "1e-3,-2"], /learning_rate/);
  await refused(["--rank", "0"], /rank/);
  await refused(["--index", "x"], /--index: x is no number/);
  await lorafit(["sweep", folder, "--rank", "2,4", "--plan"]).finished;
  await refused(["--index", "7"], /rung 0 has 2 parts/);
  await refused(["--rank", "2,8"], /the space is another one/, 5);
  const train = join(folder, "data/train.jsonl");
  writeFileSync(train, readFileSync(train, "utf8").split("\n").slice(1).join("\n"));
  await refused([], /data has changed/, 5);
  rmSync(join(folder, "sweep"), { recursive: true });
}, 60_000);
