import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "../../src/cli/main.ts";
import { createContext } from "../../src/cli/terminal/context.ts";
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

test("every verb says what it does, and has --json and --quiet", () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  const verbs = leaves(createProgram(createContext()));
  expect(verbs.map((verb) => verb.name())).toEqual(
    expect.arrayContaining(["quickstart", "train", "gate", "doctor", "step"]),
  );
  for (const verb of verbs) {
    expect(verb.description(), verb.name()).not.toBe("");
    expect(verb.options.map((option) => option.long)).toEqual(expect.arrayContaining(["--json", "--quiet"]));
  }
});

test("the help of a verb is printed on stdout", async () => {
  const { code, stdout, stderr } = await lorafit(["train", "--help"]).finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("--resume <run>");
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

test("data errors exit with 3, environment errors with 6, and leave nothing behind", async () => {
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
  expect(blocked.stderr).toMatch(/runs.*cannot be written/);
});

test("a closed pipe changes neither the result nor the exit code", async () => {
  const folder = smallTask({ max_steps: 3 });
  const process = lorafit(["train", folder, "--engine", "reference", "--json"]);
  process.closeStdout();
  const { code, stderr } = await process.finished;
  expect(stderr).not.toContain("EPIPE");
  expect(code).toBe(0);
});
