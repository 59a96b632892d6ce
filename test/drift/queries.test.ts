import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { oneOfEach, readQueries, sample } from "../../src/drift/queries.ts";
import { thrown } from "../task/fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-queries-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function file(lines: readonly unknown[]): string {
  const path = join(scratch, "new.jsonl");
  writeFileSync(
    path,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  return path;
}

test("a query is a text, or all that the user says; personal data and secrets are masked", () => {
  const path = file([
    { text: "Order AS-482913, write to kim@example.com", date: "2026-04-30" },
    "",
    {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "my password is hunter22x" },
        { role: "assistant", content: "Please never tell us." },
        { role: "user", content: "ok" },
      ],
      date: "2026-05-01T09:30:00Z",
      channel: "chat",
    },
  ]);
  expect(readQueries(path)).toEqual([
    { line: 1, text: "Order [order], write to [email]", date: "2026-04-30" },
    { line: 3, text: "my password is [secret]\nok", date: "2026-05-01T09:30:00Z" },
  ]);
});

test("a task's own patterns are masked too", () => {
  const path = file([{ text: "my club number is K-77" }]);
  expect(readQueries(path, { club: "K-\\d+" })).toMatchObject([{ text: "my club number is [club]" }]);
});

test("every bad row is named at once", () => {
  const path = file([
    "{",
    { question: "?" },
    { text: " " },
    { text: 5 },
    { messages: [] },
    { messages: [{ role: "assistant", content: "Hello" }] },
    { messages: "hi" },
    { text: "fine", date: "last week" },
    { text: "fine" },
  ]);
  const { message, exitCode } = thrown(() => readQueries(path));
  expect(exitCode).toBe(3);
  const lines = message.split("\n").slice(1);
  expect(lines.map((line) => Number(/:(\d+): /.exec(line)![1]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(lines[1]).toContain("has neither text nor messages");
  expect(lines[2]).toContain("text: is empty");
  expect(lines[5]).toContain("messages: have nothing that a user says");
  expect(lines[7]).toContain("date: expected a date such as 2026-04-30");
});

test("a log without a row, and one that is not there", () => {
  expect(thrown(() => readQueries(file([])))).toMatchObject({ exitCode: 3 });
  expect(thrown(() => readQueries(join(scratch, "nowhere.jsonl")))).toMatchObject({ exitCode: 2 });
});

test("a sample keeps the order, has the wanted size, and depends on its seed only", () => {
  const items = Array.from({ length: 1000 }, (_, i) => i);
  const taken = sample(items, 100, "a");
  expect(taken).toHaveLength(100);
  expect(new Set(taken).size).toBe(100);
  expect(taken).toEqual(taken.toSorted((a, b) => a - b));
  expect(sample(items, 100, "a")).toEqual(taken);
  expect(sample(items, 100, "b")).not.toEqual(taken);
  expect(sample(items, 1000, "a")).toEqual(items);
});

test("one query of each session, else of each repeated text, however short, is compared", () => {
  const query = (text: string, session?: string) => ({ line: 1, text, date: undefined, session });
  const long = "Where do I find my size?";
  const log = [
    query(long),
    query(long),
    query("thanks"),
    query("thanks"),
    ...["Do you ship?", "To Wales?", "When?"].map((text) => query(text, "s1")),
    query(long, "s2"),
    query(long, "s3"),
  ];
  const kept = oneOfEach(log, "a");
  const unsure = kept.filter(({ session }) => session === "s1");
  expect(unsure).toHaveLength(1);
  expect(kept.filter((entry) => !unsure.includes(entry)).map(({ text }) => text)).toEqual([
    long,
    "thanks",
    long,
    long,
  ]);
  expect(oneOfEach(log, "a")).toEqual(kept);
  const chosen = new Set(Array.from({ length: 40 }, (_, i) => oneOfEach(log, `${i}`)[2]!.text));
  expect(chosen.size).toBe(3);
});
