import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nearPairs } from "../../src/data/curate/text/shingles.ts";
import { normalise } from "../../src/embed/normalise.ts";

const folder = join(import.meta.dirname, "../../datasets/awesomeshoes");
const LOGS = ["reference.jsonl", "queries-april.jsonl", "queries-may.jsonl"];

interface Row {
  text: string;
  date: string;
  messages?: { role: string; content: string }[];
}
const rowsOf = (path: string): Row[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const log = (name: string): Row[] => rowsOf(join(folder, "data", name));
const turns = (row: Row): string[] =>
  (row.messages ?? []).filter(({ role }) => role === "user").map(({ content }) => content);
const about = (name: string, pattern: RegExp): number =>
  log(name).filter(({ text }) => pattern.test(text)).length;

test("the generator reproduces the reference and the logs byte for byte", () => {
  const out = mkdtempSync(join(tmpdir(), "queries-"));
  try {
    execFileSync(process.execPath, [join(folder, "make/queries.mjs"), out]);
    for (const name of LOGS) {
      const made = readFileSync(join(out, name), "utf8");
      expect(made === readFileSync(join(folder, "data", name), "utf8"), name).toBe(true);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);

test("a log covers its month, in order, and the counts are those of the card", () => {
  const card = readFileSync(join(folder, "README.md"), "utf8");
  const months = ["2026-03", "2026-04", "2026-05"];
  for (const [i, name] of LOGS.entries()) {
    const dates = log(name).map(({ date }) => date);
    expect(dates).toEqual(dates.toSorted());
    expect(new Set(dates.map((date) => date.slice(0, 7)))).toEqual(new Set([months[i]]));
    expect(new Set(dates).size).toBeGreaterThanOrEqual(30);
    expect(card).toMatch(new RegExp(`\`data/${name}\` \\| ${dates.length} raw`));
  }
});

test("no query is nearly one of the transcripts' or the cases'", () => {
  const cases = readdirSync(join(folder, "cases")).filter((name) => name.endsWith(".jsonl"));
  const known = [
    ...log("transcripts.jsonl").flatMap(turns),
    ...cases.flatMap((name) => rowsOf(join(folder, "cases", name)).map((row) => turns(row).at(-1) ?? "")),
  ].map(normalise);
  expect(known.length).toBeGreaterThan(1200);
  for (const name of LOGS) {
    const texts = log(name).map(({ text }) => normalise(text));
    expect(nearPairs(texts, known, 0.8).filter(({ left }) => texts[left]!.trim() !== "")).toEqual([]);
  }
});

test("the new boots and the changed rule occur in May only", () => {
  const boots = /fjord|tundra|glacier|polar|crampon|felt liner|snow boots/i;
  const rule = /restocking|90 days|\bfee\b|return terms/i;
  for (const name of LOGS.slice(0, 2)) expect([about(name, boots), about(name, rule)]).toEqual([0, 0]);
  expect(about("queries-may.jsonl", boots)).toBeGreaterThan(140);
  expect(about("queries-may.jsonl", rule)).toBeGreaterThan(60);
});
