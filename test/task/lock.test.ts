import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTask } from "../../src/task/load.ts";
import { checkLock, lockChanges, lockSha256, makeLock, readLock, writeLock } from "../../src/task/lock.ts";
import { parsePolicy } from "../../src/task/policy.ts";
import { TASK_YAML, taskFolder, thrown } from "./fixture.ts";

const identity = { baseSha256: "a".repeat(64), scorer: "1", embedder: "e1" };

test("an unchanged task matches its lock, and the lock is deterministic", () => {
  const folder = taskFolder();
  const lock = writeLock(loadTask(folder), identity);
  const task = loadTask(folder);
  expect(() => checkLock(task, readLock(task), identity)).not.toThrow();
  expect(lockSha256(readLock(task))).toBe(lockSha256(lock));
});

test("ids are locked without the blanks around them, and one that is repeated is refused", () => {
  const folder = taskFolder();
  writeFileSync(
    join(folder, "cases/general.jsonl"),
    '{"id":" g1","text":"A"}\n{"id":"constructor","text":"B"}\n',
  );
  const { cases } = makeLock(loadTask(folder), identity);
  expect(Object.keys(cases["general"]!.cases)).toEqual(["g1", "constructor"]);
  appendFileSync(join(folder, "cases/general.jsonl"), '{"id":"g1 ","text":"C"}\n');
  expect(thrown(() => makeLock(loadTask(folder), identity)).message).toMatch(
    /general\.jsonl:3: id g1 is taken/,
  );
});

test("everything that changed is named, with exit code 5", () => {
  const folder = taskFolder();
  writeLock(loadTask(folder), identity);
  appendFileSync(join(folder, "cases/domain.jsonl"), '{"id":"d3","text":"x"}\n');
  writeFileSync(join(folder, "cases/general.jsonl"), '{"id":"g1","text":"Another."}\n');
  appendFileSync(join(folder, "policy.md"), "R3 New.\n");
  writeFileSync(
    join(folder, "task.yaml"),
    TASK_YAML.replace("effect: 0.2", "effect: 0.1")
      .replace("max_words: 60", "max_words: 90")
      .replace(/^purpose: .*/m, "purpose: Another.")
      .replace(/^data:$/m, "data:\n  personal: { order: 'AS-[0-9]+' }"),
  );
  const task = loadTask(folder);
  const { message, exitCode, hint } = thrown(() =>
    checkLock(task, readLock(task), { baseSha256: "b".repeat(64), scorer: "2", embedder: "e2" }),
  );
  expect(exitCode).toBe(5);
  expect(hint).toContain("pull it, or delete it");
  for (const part of [
    "base:",
    "scorer:",
    "embedder:",
    "style:",
    "purpose:",
    "rows:",
    "policy:",
    "criterion domain errors:",
    "d3 added",
    "g1 changed",
  ]) {
    expect(message).toContain(part);
  }
});

test("white space at the ends of lines and training settings are not locked", () => {
  const folder = taskFolder();
  const lock = makeLock(loadTask(folder), identity);
  appendFileSync(join(folder, "cases/domain.jsonl"), "\n\n");
  writeFileSync(join(folder, "task.yaml"), TASK_YAML.replace("rank: 8", "rank: 4"));
  expect(lockChanges(lock, makeLock(loadTask(folder), identity))).toEqual([]);
});

test("no lock is a usage error, a damaged one a data error", () => {
  const folder = taskFolder();
  const task = loadTask(folder);
  expect(thrown(() => readLock(task)).exitCode).toBe(2);
  writeFileSync(join(folder, "task.lock"), "{");
  expect(thrown(() => readLock(task)).exitCode).toBe(3);
});

test("cases that cannot be told apart cannot be locked", () => {
  const folder = taskFolder({ "cases/domain.jsonl": '{"id":"a"}\n{"id":"a"}\nnonsense\n{}\n' });
  const { message, exitCode } = thrown(() => makeLock(loadTask(folder), identity));
  expect(exitCode).toBe(3);
  expect(message).toMatch(/domain\.jsonl:2: id a is taken/);
  expect(message).toMatch(/domain\.jsonl:3: /);
  expect(message).toMatch(/domain\.jsonl:4: has no id/);
});

test("policy rules have numbers, and a number only once", () => {
  expect(parsePolicy("Prose.\n\nR1 (critical) A.\n- R22 B b.\n", "policy.md")).toEqual([
    { id: "R1", critical: true, text: "A.", line: 3 },
    { id: "R22", critical: false, text: "B b.", line: 4 },
  ]);
  expect(thrown(() => parsePolicy("R1 A.\nR1 B.\n", "policy.md")).message).toMatch(
    /policy\.md:2: rule R1 is already in line 1/,
  );
  expect(thrown(() => parsePolicy("Nothing here.", "policy.md")).exitCode).toBe(3);
});
