import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findRun } from "../../src/train/run-folder.ts";
import { lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

test("three seeds are trained within one run, resume after a kill, and must agree", async () => {
  const folder = passingTask();
  const started = lorafit(["run", folder, "--seeds", "3", "--json"]);
  await started.shows(/"event":"seed-start","seed":8/);
  await started.shows(
    /"event":"step-end","step":3,[^\n]*\n[\s\S]*"event":"seed-start"|"event":"seed-start"[\s\S]*"step":3,/,
  );
  started.kill("SIGKILL");
  await started.finished;
  const run = findRun(folder);
  expect(await lorafit(["eval", run]).finished).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/seed 8 is not trained, seed 9 is not trained/),
  });
  const resumed = await lorafit(["run", folder, "--seeds", "3"]).finished;
  expect(resumed.code, resumed.stderr + resumed.stdout).toBe(0);
  expect(readdirSync(join(folder, "runs"))).toHaveLength(1);
  const verdict = json(join(run, "verdict.json"));
  expect(
    verdict.seeds.map(({ seed, run, differences }: Record<string, unknown>) => ({ seed, run, differences })),
  ).toEqual([
    { seed: 7, run: ".", differences: { "domain errors": 1 } },
    { seed: 8, run: "seeds/8", differences: { "domain errors": 1 } },
    { seed: 9, run: "seeds/9", differences: { "domain errors": 1 } },
  ]);
  const factors = [run, join(run, "seeds/8"), join(run, "seeds/9")].map((path) =>
    readFileSync(join(path, "adapter/adapter_model.safetensors")).toString("hex"),
  );
  expect(new Set(factors).size).toBe(3);

  const answers = join(run, "seeds/9/answers.jsonl");
  const rows = readFileSync(answers, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const { tuned } of rows) {
    const [preference] = tuned.preferences;
    Object.assign(preference, { preferred: preference.to[0], to: [preference.preferred] });
    Object.assign(tuned, { score: 0, scores: { ...tuned.scores, choice: 0 } });
  }
  writeFileSync(answers, "");
  for (const row of rows) appendFileSync(answers, `${JSON.stringify(row)}\n`);
  const doubted = await lorafit(["gate", run]).finished;
  expect(doubted.code, doubted.stderr).toBe(4);
  expect(doubted.stdout).toContain("seed 9: domain errors, difference 0.000, is not what is asked");
}, 300_000);
