import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRows, readRows } from "../../src/data/rows.ts";
import { chat as chatKind } from "../../src/kinds/chat/chat.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-rows-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, lines: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `${lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")}\n`,
  );
  return path;
}

const chat = (...turns: [string, string][]) => ({
  messages: turns.map(([role, content]) => ({ role, content })),
});

describe("training rows", () => {
  it("takes the three shapes in one file and keeps unknown keys beside", () => {
    const path = file("good.jsonl", [
      { ...chat(["user", "q"], ["assistant", "a"]), transcript_id: "t1", topic: "fit" },
      { prompt: "q2", completion: "a2", transcript_id: "t1" },
      "",
      { text: "plain", id: 7 },
    ]);
    const rows = readRows(chatKind.rows, [path], { groupKey: "transcript_id" });
    expect(rows.map((row) => row.line)).toEqual([1, 2, 4]);
    expect(rows.map((row) => row.content)).toEqual([
      chat(["user", "q"], ["assistant", "a"]),
      chat(["user", "q2"], ["assistant", "a2"]),
      { text: "plain" },
    ]);
    expect(rows[0]!.raw["topic"]).toBe("fit");
    expect(rows[0]!.group).toBe("t1");
    expect(rows[1]!.group).toBe("t1");
    expect(rows[2]!.group).toBe(rows[2]!.id);
    expect(rows[2]!.id).toBe("7");
  });

  it("a row's id depends on its content alone, and equal rows have their own", () => {
    const [a, b] = [{ text: "a" }, { text: "b" }];
    const first = readRows(chatKind.rows, [file("one.jsonl", [a, b, a])]).map((row) => row.id);
    const second = readRows(chatKind.rows, [file("two.jsonl", [b, a, a])]).map((row) => row.id);
    expect(new Set(first).size).toBe(3);
    expect([...second].sort()).toEqual([...first].sort());
    expect(second[0]).toBe(first[1]);
  });

  it("reports every bad line at once with file:line and the reason", () => {
    const path = file("bad.jsonl", [
      '{"messages": [',
      { question: "x" },
      chat(["user", "q"]),
      chat(["user", "q"], ["assistant", "  "]),
      chat(["user", "q"], ["user", "q"], ["assistant", "a"]),
      chat(["agent", "q"], ["assistant", "a"]),
      chat(["user", "q"], ["system", "s"], ["assistant", "a"]),
      { prompt: "only" },
      { text: "fine", id: "x" },
      { text: "fine too", id: "x" },
      [1],
      { messages: [] },
    ]);
    let message = "";
    try {
      readRows(chatKind.rows, [path]);
    } catch (error) {
      expect(error).toMatchObject({ kind: "data", exitCode: 3 });
      message = (error as Error).message;
    }
    for (const [line, text] of [
      [1, "is not JSON"],
      [2, "has neither messages"],
      [3, "the last turn must be the assistant's"],
      [4, "messages[1].content: is empty"],
      [5, "expected assistant, found user"],
      [6, "messages[0].role: expected system, user or assistant"],
      [7, "expected assistant, found system"],
      [8, "completion"],
      [10, "id x is already in"],
      [11, "expected a JSON object"],
      [12, "messages: is empty"],
    ] as const) {
      expect(message).toMatch(
        new RegExp(`bad\\.jsonl:${line}: .*${text.replaceAll("[", "\\[").replaceAll("]", "\\]")}`),
      );
    }
    expect(message).not.toContain("bad.jsonl:9:");
    expect(parseRows(chatKind.rows, [path]).rows.map((row) => row.line)).toEqual([9]);
  });

  it("says when the grouping field is nowhere, or a file has no row", () => {
    expect(() =>
      readRows(chatKind.rows, [file("a.jsonl", [{ text: "a" }])], { groupKey: "transcript" }),
    ).toThrow("no row has transcript");
    expect(() => readRows(chatKind.rows, [file("empty.jsonl", [])])).toThrow("has no row");
  });
});
