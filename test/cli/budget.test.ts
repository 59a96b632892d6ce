import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSafetensors, readFloat32 } from "../../src/formats/safetensors.ts";
import { findRun } from "../../src/train/run-folder.ts";
import type { RepairRecord } from "../../src/workflow/repair/repair.ts";
import { expectClose } from "../expect-close.ts";
import { forgetfulTask } from "./forgetful-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const recordOf = (run: string) => JSON.parse(readFileSync(join(run, "repair.json"), "utf8")) as RepairRecord;
const lostOf = ({ base, trials }: RepairRecord) => trials.map(({ general }) => general - base.general);

/** The factors of a run's adapter by name. */
function factorsOf(run: string): Map<string, Float32Array> {
  const file = openSafetensors(join(run, "adapter/adapter_model.safetensors"));
  return new Map([...file.tensors.keys()].map((name) => [name, readFloat32(file, name)]));
}

test("a training that forgets is repaired within its budget, and a kill between trials changes nothing", async () => {
  const folder = forgetfulTask();
  const started = lorafit(["train", folder, "--within-budget", "--json"]);
  await started.shows(/"event":"repair-trial"/);
  started.kill("SIGKILL");
  await started.finished;
  const run = findRun(folder);
  const asTrained = factorsOf(run);
  const open = await lorafit(["eval", folder]).finished;
  expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining("not held against its budget") });

  const resumed = await lorafit(["train", "--resume", run, "--json"]).finished;
  expect(resumed.code, resumed.stderr).toBe(0);
  const record = recordOf(run);
  expect(record).toMatchObject({ outcome: "repaired", budget: 0.05, criterion: "general capability" });
  expectClose([record.aim], [0.04], 1e-12);
  const lost = lostOf(record);
  expect(lost[0]).toBeGreaterThan(0.05);
  expect(lost[record.chosen]).toBeLessThanOrEqual(record.aim);
  const chosen = record.trials[record.chosen]!;
  for (const [i, trial] of record.trials.entries()) {
    if (lost[i]! <= record.aim) expect(trial.domain).toBeGreaterThanOrEqual(chosen.domain);
  }
  expect(record.trials.map(({ remedy }) => remedy)).toEqual(
    expect.arrayContaining(["none", "smaller scale", "earlier checkpoint"]),
  );
  expect(chosen.remedy).toBe("smaller scale");
  for (const [name, factor] of factorsOf(run)) {
    const scale = name.includes("lora_B") ? chosen.scale : 1;
    expect(factor).toEqual(asTrained.get(name)!.map((x) => Math.fround(x * scale)));
  }
  expect(jsonLines(resumed).at(-1)).toMatchObject({ event: "repair-end", outcome: "repaired" });
  const again = await lorafit(["train", "--resume", run, "--json"]).finished;
  expect(again.code).toBe(0);
  expect(recordOf(run)).toEqual(record);
}, 300_000);

test("where no scale keeps half of what was learned, more replay is trained on", async () => {
  // Trained so far that a tenth of the scale still exceeds the budget.
  const folder = forgetfulTask({ alpha: 160 });
  const { code, stdout, stderr } = await lorafit(["train", folder, "--within-budget"]).finished;
  expect(code, stderr).toBe(0);
  const run = findRun(folder);
  const record = recordOf(run);
  const shares = record.trials.filter(({ remedy }) => remedy === "more replay").map((t) => t.replay_share);
  expect(new Set(shares)).toEqual(new Set([0.5, 0.7]));
  expect(readdirSync(join(run, "repair"))).toEqual(["replay-0.5", "replay-0.7"]);
  expect(stdout).toMatch(/more replay: 50\.0 % general text, step \d+/);
}, 300_000);

test("a budget needs a criterion and general text, and both are requested at once", async () => {
  const folder = passingTask();
  const { code, stderr } = await lorafit(["train", folder, "--within-budget"]).finished;
  expect(code).toBe(2);
  expect(stderr).toMatch(/success: .*cross-entropy\n.*data\.replay: /);
  expect(readdirSync(folder)).not.toContain("runs");
});
