import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ground, openGrounding } from "../../src/index.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { type Finished, lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const cli = (...args: string[]): Promise<Finished> => lorafit(args).finished;

function groundedTask(grounding: string): string {
  const folder = passingTask({ sequence_length: 128 });
  const file = join(folder, "task.yaml");
  const before = "data: { train: data/train.jsonl }";
  const text = readFileSync(file, "utf8");
  expect(text).toContain(before);
  writeFileSync(file, text.replace(before, `data: { train: data/train.jsonl, grounding: ${grounding} }`));
  return folder;
}

test("a grounded task is trained, judged and released with grounding.json; the package builds its prompts", async () => {
  const task = groundedTask("{ from: policy, top: 1 }");
  const dry = await cli("train", task, "--dry-run");
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stdout).toMatch(/1\. R\d/);
  const ran = await cli("run", task);
  expect([0, 1], ran.stderr).toContain(ran.code);
  const run = findRun(task);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8"));
  expect(Object.keys(verdict.files)).toContain("grounding.json");
  for (const [role, name] of Object.entries({ lead: "Ada", content: "Ben", qa: "Cleo" })) {
    const signed = await cli("sign", run, "--role", role, "--name", name);
    expect(signed.code, signed.stderr).toBe(0);
  }
  const out = join(mkdtempSync(join(tmpdir(), "lorafit-grounded-")), "small-1");
  const released = await cli("release", run, "--out", out, "--override", "--reason", "a test of the files");
  expect(released.code, released.stderr).toBe(0);
  const [system] = ground([{ role: "user", content: "May I return my boots?" }], openGrounding(out)).messages;
  expect(system!.content).toMatch(/^1\. R\d/);
  const lock = JSON.parse(readFileSync(join(out, "task.lock"), "utf8"));
  expect(lock.grounding.settings).toEqual({ from: "policy", top: 1, where: "system" });
  const said = await cli("generate", "--model", join(out, "model"), "--grounding", out, "--prompt", "boots?");
  expect(said.code, said.stderr).toBe(0);
  writeFileSync(
    join(run, "grounding.json"),
    readFileSync(join(run, "grounding.json"), "utf8").replace("R1", "R9"),
  );
  const refused = await cli("release", run, "--out", `${out}-2`, "--override", "--reason", "x");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("grounding.json: has changed");
});

test("grounding that does not fit the task is refused with its key", async () => {
  const task = groundedTask("{ from: articles }");
  const refused = await cli("train", task, "--dry-run");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("from: articles needs the file of the articles");
});
