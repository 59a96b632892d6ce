import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CurateSummary, curate } from "../../../src/data/curate/curate.ts";
import { policyText } from "../../../src/data/curate/policy/policy.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../../src/task/policy.ts";
import { CASES, CHATS, POLICY, SCOPE } from "./bike-shop.ts";

let folder: string;
let summary: CurateSummary;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-bike-shop-"));
  const write = (name: string, rows: readonly unknown[]) => {
    writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return join(folder, name);
  };
  const rows = CHATS.map(([question, answer]) => ({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
  }));
  summary = await curate({
    format: chat.rows,
    files: [write("train.jsonl", rows)],
    cases: [write("cases.jsonl", CASES)],
    policy: policyText(parsePolicy(POLICY.join("\n"), "policy.md"), "policy.md"),
    scope: SCOPE,
    accept: "safe",
    out: join(folder, "out"),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Recall and precision that are promised, by kind.
it.each([
  ["exact-duplicate", 0.95, 0.9],
  ["near-duplicate", 0.95, 0.9],
  ["conflict", 0.8, 0.8],
  ["out-of-scope", 0.8, 0.8],
  ["language", 0.95, 0.9],
  ["encoding", 0.95, 0.9],
  ["boilerplate", 0.95, 0.9],
] as const)("%s: recall %s, precision %s", (kind, recall, precision) => {
  const planted = CHATS.flatMap(([, , what], i) => (what === kind ? [i + 1] : []));
  const found = summary.findings.filter((finding) => finding.kind === kind).map(({ line }) => line);
  const hits = planted.filter((line) => found.includes(line));
  const seen = `missed ${planted.filter((line) => !found.includes(line))}, wrong ${found.filter((line) => !planted.includes(line))}`;
  expect(hits.length / planted.length, seen).toBeGreaterThanOrEqual(recall);
  expect(hits.length / found.length, seen).toBeGreaterThanOrEqual(precision);
});
