import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

/** Output of a run in the middle of each stage, in order. */
const STAGES = [
  ["curate", /"event":"curated"/],
  ["lock", /"event":"locked"/],
  ["train", /"step-end","step":9,/],
  ["export", /export: base and tuned/],
  ["eval", /"event":"answer-progress"/],
  ["gate", /"event":"evaluated"/],
  ["report", /"event":"judged"/],
] as const;

const run = (folder: string): string => join(folder, "runs", readdirSync(join(folder, "runs"))[0]!);
const adapterOf = (folder: string): Buffer =>
  readFileSync(join(run(folder), "adapter/adapter_model.safetensors"));
function verdictOf(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(run(folder), "verdict.json"), "utf8")) as Record<string, unknown>;
}

test("`run`, killed in every stage and started again, equals an uninterrupted one: same adapter, one look, one report", async () => {
  const alone = smallTask();
  const killed = `${alone}-killed`;
  cpSync(alone, killed, { recursive: true });
  const whole = await lorafit(["run", alone, "--engine", "onnx", "--json"]).finished;
  // Two cases are inconclusive, and so short a training may change no answer.
  expect([1, 4], whole.stderr).toContain(whole.code);

  for (const [stage, shows] of STAGES) {
    const started = lorafit(["run", killed, "--engine", "onnx", "--json"]);
    await started.shows(shows);
    started.kill("SIGKILL");
    expect((await started.finished).signal, `killed in ${stage}`).toBe("SIGKILL");
  }
  const last = await lorafit(["run", killed, "--engine", "onnx", "--json"]).finished;
  expect(last.code, last.stderr).toBe(whole.code);
  expect(readdirSync(join(killed, "runs"))).toHaveLength(1);
  expect(adapterOf(killed).equals(adapterOf(alone))).toBe(true);
  const [expected, actual] = [verdictOf(alone), verdictOf(killed)];
  expect(actual["look"]).toBe(1);
  expect(actual["criteria"]).toEqual(expected["criteria"]);
  expect(existsSync(join(run(killed), "report.html"))).toBe(true);
  const stages = jsonLines(last).map((line) => line["event"]);
  expect(stages).not.toContain("step-end");
  expect(stages).not.toContain("answer-progress");
  const left = (readdirSync(killed, { recursive: true }) as string[]).filter((name) => name.endsWith(".tmp"));
  expect(left).toEqual([]);
}, 300_000);

test("`run`, asked to stop in any stage, says so in one line and ends with 130; what it had finished is kept", async () => {
  for (const [i, [stage, shows]] of STAGES.entries()) {
    const folder = smallTask();
    const started = lorafit(["run", folder, "--engine", "onnx", "--json"]);
    await started.shows(shows);
    started.kill(i % 2 === 0 ? "SIGTERM" : "SIGINT");
    const { code, stderr } = await started.finished;
    expect(stderr, stage).not.toMatch(/this is a bug|abort/i);
    // The last stages may have ended before the signal arrived.
    expect(i < 4 ? [130] : [130, 1, 4], `${stage}: ${stderr}`).toContain(code);
    if (stage !== "train") continue;
    expect([1, 4]).toContain((await lorafit(["run", folder, "--engine", "onnx"]).finished).code);
    expect(readdirSync(join(folder, "runs"))).toHaveLength(1);
  }
}, 120_000);
