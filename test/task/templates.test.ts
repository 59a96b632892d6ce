import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chat } from "../../src/kinds/chat/chat.ts";
import { loadTask } from "../../src/task/load.ts";
import { inventedParts } from "../../src/task/templates.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-templates-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const TEMPLATE = chat.template.folder;
const partsOf = (folder: string) =>
  inventedParts(loadTask(folder), loadTask(TEMPLATE)).map(({ what }) => what);

test("a fresh task holds every part of the template", () => {
  expect(partsOf(TEMPLATE)).toEqual([
    "task.yaml: name",
    "task.yaml: purpose",
    "task.yaml: in_scope",
    "task.yaml: out_of_scope",
    "policy.md: 8 of 8 rules",
    "data/transcripts.jsonl: 83 of 83 rows",
    "cases/domain.jsonl: 42 of 42 cases",
    "cases/scope.jsonl: 30 of 30 cases",
    "cases/safety.jsonl: 30 of 30 cases",
    "cases/general.jsonl: 60 of 60 cases",
    "data/replay.jsonl: 30 of 30 rows",
    "task.yaml: base lorafit-base-5m",
  ]);
});

test("what has been replaced is not named, and what is left in a file is counted", () => {
  const folder = join(scratch, "half");
  cpSync(TEMPLATE, folder, { recursive: true });
  const edit = (name: string, change: (text: string) => string) =>
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name), "utf8")));
  edit("task.yaml", (text) => text.replace(/^purpose: .*$/m, "purpose: Answer questions on bread."));
  edit("data/transcripts.jsonl", (text) => {
    const rows = text.trim().split("\n");
    return `${rows.slice(0, 3).join("\n")}\n{"prompt": "Is it fresh?", "completion": "Of today."}\n`;
  });
  const parts = partsOf(folder);
  expect(parts).not.toContain("task.yaml: purpose");
  expect(parts).toContain("data/transcripts.jsonl: 3 of 4 rows");
});

test("a task of one's own holds nothing of it, on the bundled base neither", () => {
  expect(partsOf(join(TEMPLATE, "../../awesomeshoes"))).toEqual([]);
});
