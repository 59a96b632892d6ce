import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { ledgerFile, readLedger } from "../../src/evaluate/looks/ledger.ts";
import { askedByPack, takeLook } from "../../src/evaluate/looks/looks.ts";
import { loadTask } from "../../src/task/load.ts";
import { lockFile, readLock } from "../../src/task/lock.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const run = (...args: string[]) => lorafit(args).finished;
const change = (folder: string, from: string, to: string): void => {
  const file = join(folder, "task.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
};
const look = (folder: string, artifact: string) => {
  const task = loadTask(folder);
  return takeLook(task, readLock(task), askedByPack(readCases(task)), artifact.repeat(64));
};

test("before a look the lock changes freely; the power of the cases is printed", async () => {
  const folder = smallTask();
  const first = await run("lock", folder);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(
    /domain errors {2}2 cases in 2 clusters show no difference that can be; 20\.0 points needs \d+ clusters/,
  );
  change(folder, "effect: 0.2", "effect: 0.3");
  const again = await run("lock", folder, "--json", "--quiet");
  expect(again.code).toBe(0);
  expect(jsonLines(again)).toEqual([
    expect.objectContaining({
      event: "locked",
      amended: [],
      power: [expect.objectContaining({ name: "domain errors", planned: 0.3, clusters: 2 })],
    }),
  ]);
  expect(readLedger(loadTask(folder))).toEqual([]);
});

test("after a look they need a reason, which the ledger keeps and later looks show", async () => {
  const folder = smallTask();
  await run("lock", folder);
  look(folder, "a");
  expect((await run("lock", folder)).code).toBe(0);
  const before = readFileSync(lockFile(loadTask(folder)), "utf8");
  change(folder, "effect: 0.2", "effect: 0.1");
  const train = await run("train", folder, "--engine", "reference");
  expect(train.code).toBe(5);
  expect(train.stderr).toContain("criterion domain errors: locked");
  const refused = await run("lock", folder);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toMatch(/criterion domain errors: locked .*0\.2.*now .*0\.1/);
  expect(refused.stderr).toContain("--reason");
  expect(readFileSync(lockFile(loadTask(folder)), "utf8")).toBe(before);

  const committed = await run("lock", folder, "--reason", "An effect of 0.1 pays for itself.");
  expect(committed.code).toBe(0);
  expect(committed.stdout).toContain("changed after a look");
  expect(look(folder, "b").amendments).toEqual([
    {
      at: expect.any(String),
      reason: "An effect of 0.1 pays for itself.",
      changes: [expect.stringContaining("criterion domain errors")],
      looks: 1,
    },
  ]);
});

test("a lock that was edited or removed is refused by the ledger", async () => {
  const folder = smallTask();
  await run("lock", folder);
  look(folder, "a");
  const file = lockFile(loadTask(folder));
  change(folder, "effect: 0.2", "effect: 0.1");
  writeFileSync(file, readFileSync(file, "utf8").replace('"effect": 0.2', '"effect": 0.1'));
  const train = await run("train", folder, "--engine", "reference");
  expect(train.code).toBe(5);
  expect(train.stderr).toContain("is not the lock that was last looked with");
  rmSync(file);
  const refused = await run("lock", folder);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("the list of changes is incomplete");
  writeFileSync(ledgerFile(loadTask(folder)), "{}\n");
  expect((await run("lock", folder)).code).toBe(3);
});
