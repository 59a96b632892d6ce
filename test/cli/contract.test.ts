import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERBS } from "../../src/cli/verbs.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const empty = (): string => mkdtempSync(join(tmpdir(), "lorafit-cli-"));

test.each([
  { args: ["trian"], says: /unknown command 'trian' \(Did you mean train\?\)/ },
  { args: ["train", "--engin", "onnx"], says: /unknown option '--engin' \(Did you mean --engine\?\)/ },
  { args: ["train", "--set"], says: /argument missing/ },
  { args: ["train"], says: /task\.yaml: there is no task here/ },
])("$args exits with 2 and one clear line", async ({ args, says }) => {
  const folder = empty();
  const { code, stdout, stderr } = await lorafit(args, { cwd: folder }).finished;
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(says);
  expect(stderr.trim().split("\n")).toHaveLength(2);
  expect(readdirSync(folder)).toEqual([]);
});

test("without a verb the help is shown and the exit code is 2", async () => {
  const { code, stderr } = await lorafit([]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain("Usage: lorafit");
});

test("every verb has --help, --json and --quiet", async () => {
  const { stdout } = await lorafit(["--help"]).finished;
  const verbs = [...stdout.matchAll(/^ {2}(\w+) .*$/gm)]
    .map((match) => match[1]!)
    .filter((verb) => verb !== "help");
  expect(verbs).toHaveLength(VERBS.length);
  const helps = await Promise.all(verbs.slice(0, 4).map((verb) => lorafit([verb, "--help"]).finished));
  for (const help of helps) {
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/--json|Commands:/);
  }
});

test("with --json a failure is an event too", async () => {
  const finished = await lorafit(["train", "/nowhere", "--json"]).finished;
  expect(jsonLines(finished)).toEqual([
    expect.objectContaining({
      event: "error",
      kind: "usage",
      exit_code: 2,
      message: expect.stringContaining("/nowhere"),
    }),
  ]);
});

test("mistakes of data exit with 3, of the machine with 6, and leave nothing", async () => {
  const folder = smallTask();
  const before = readdirSync(folder);
  writeFileSync(join(folder, "data/train.jsonl"), '{"prompt":"a"}\n{"messages":[]}\n');
  const bad = await lorafit(["train", folder, "--engine", "reference"]).finished;
  expect(bad.code).toBe(3);
  expect(bad.stderr).toMatch(/train\.jsonl:1: .*completion[\s\S]*train\.jsonl:2: messages/);
  expect(readdirSync(folder)).toEqual(before);
  writeFileSync(join(folder, "runs"), "a file where a folder should be");
  writeFileSync(
    join(folder, "data/train.jsonl"),
    '{"prompt":"a","completion":"b"}\n{"prompt":"c","completion":"d"}\n',
  );
  const blocked = await lorafit(["train", folder, "--engine", "reference"]).finished;
  expect(blocked.code).toBe(6);
  expect(blocked.stderr).toMatch(/runs.*cannot be made/);
});

test("a closed pipe disturbs neither the work nor the exit code", async () => {
  const folder = smallTask({ max_steps: 3 });
  const process = lorafit(["train", folder, "--engine", "reference", "--json"]);
  process.closeStdout();
  const { code, stderr } = await process.finished;
  expect(stderr).not.toContain("EPIPE");
  expect(code).toBe(0);
});
