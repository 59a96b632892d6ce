import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCaseTexts } from "../../src/data/curate/case-texts.ts";
import { readPolicy } from "../../src/data/curate/policy/policy.ts";
import { privateFinders } from "../../src/data/curate/private/private.ts";
import { readRows } from "../../src/data/rows.ts";
import { dataPreconditions } from "../../src/evaluate/preconditions/data-preconditions.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { createRng } from "../../src/rng.ts";
import { loadTask } from "../../src/task/load.ts";

type Row = { transcript_id: string; messages: { role: string; content: string }[] };
type Make = (rows: readonly Row[], other: unknown) => Row[];

const folder = new URL("../../datasets/awesomeshoes/", import.meta.url).pathname;
const poisons = (await import(new URL("../long/lib/poisoned-rows.mjs", import.meta.url).href)) as Record<
  "opposed" | "contradicting" | "shuffled" | "leaked",
  Make
> & { personal: (row: Row, i: number) => Row };

const jsonl = (name: string) =>
  readFileSync(join(folder, name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const planted = new Set(
  (JSON.parse(readFileSync(join(folder, "data/ground-truth.json"), "utf8")) as { line: number }[]).map(
    ({ line }) => line,
  ),
);
const clean = (jsonl("data/transcripts.jsonl") as Row[]).filter((_, i) => !planted.has(i + 1));

const task = loadTask(folder);
const out = mkdtempSync(join(tmpdir(), "lorafit-poisoned-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Names of the preconditions that these training rows fail. */
function failed(rows: readonly Row[]): string[] {
  const file = join(out, "rows.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const groupKey = task.data.group;
  const trained = {
    own: readRows(chat.rows, [file], { groupKey }),
    replay: [],
    cases: readCaseTexts(Object.values(task.paths.cases), groupKey),
    policy: readPolicy(task.paths.policy),
    groupKey,
  };
  return dataPreconditions(trained, privateFinders())
    .filter(({ outcome }) => outcome === "fail")
    .map(({ name }) => name);
}

const CONTRADICTORY = "nothing contradictory was trained on";

// test/long/poisons.mjs trains on these rows; here the verdict's preconditions see them without a training.
test.each([
  ["the clean rows", [], () => clean],
  ["answers of the outdated policy", [CONTRADICTORY], () => jsonl("data/transcripts-30-day.jsonl")],
  ["yes and no to each question", [CONTRADICTORY], () => poisons.opposed(clean, undefined)],
  ["answers by the first word", [CONTRADICTORY], () => poisons.contradicting(clean, undefined)],
  ["shuffled answers", [CONTRADICTORY], () => poisons.shuffled(clean, createRng("poisons/1"))],
  ["answers shuffled otherwise", [CONTRADICTORY], () => poisons.shuffled(clean, createRng("poisons/2"))],
  [
    "cases that were leaked",
    ["no case was trained on"],
    () => [...clean, ...poisons.leaked(clean, jsonl("cases/domain.jsonl"))],
  ],
  [
    "mail addresses and passwords",
    ["nothing private was trained on"],
    () => clean.map((row, i) => (i % 4 === 0 ? poisons.personal(row, i) : row)),
  ],
] as [string, string[], () => Row[]][])("%s", (_, reasons, rows) => {
  expect(failed(rows())).toEqual(expect.arrayContaining(reasons));
  if (reasons.length === 0) expect(failed(rows())).toEqual([]);
});
